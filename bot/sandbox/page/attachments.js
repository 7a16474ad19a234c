// The strip of pictures and files that wait to be sent, and the ways they get there.

import { byId, el, fileSize, icon, iconButton } from "./dom.js";
import { menu } from "./overlays.js";

const MOST = 10; // an album takes no more
const isPicture = (file) => file.type.startsWith("image/");

/** Files to be sent: `photos` are compressed on their way, `documents` stay as they are. */
export class Attachments {
  constructor(onChange) {
    this.list = []; // {file, kind, url}
    this.onChange = onChange;
    this.strip = byId("attachments");
    this.listen();
  }

  get photos() {
    return this.list.filter((each) => each.kind === "photo").map((each) => each.file);
  }

  get documents() {
    return this.list.filter((each) => each.kind === "document").map((each) => each.file);
  }

  /** Add files. What is no picture can only be a document. */
  add(files, kind) {
    for (const file of [...files].slice(0, MOST - this.list.length)) {
      const url = isPicture(file) ? URL.createObjectURL(file) : null;
      this.list.push({ file, kind: isPicture(file) ? kind : "document", url });
    }
    this.show();
  }

  /** Forget all, or all of one kind. */
  clear(kind) {
    const going = this.list.filter((each) => !kind || each.kind === kind);
    for (const { url } of going) if (url) URL.revokeObjectURL(url);
    this.list = this.list.filter((each) => !going.includes(each));
    this.show();
  }

  remove(item) {
    if (item.url) URL.revokeObjectURL(item.url);
    this.list = this.list.filter((each) => each !== item);
    this.show();
  }

  show() {
    this.strip.hidden = this.list.length === 0;
    this.strip.replaceChildren(...this.list.map((item) => this.preview(item)));
    this.onChange();
  }

  preview(item) {
    const { file, kind, url } = item;
    const name = file.name || "picture";
    const face = el("span", { class: "preview-face" }, icon("file"));
    if (url) {
      const image = el("img", { src: url, alt: name, onerror: () => image.replaceWith(icon("photo")) });
      face.replaceChildren(image);
    }
    const change = () => { item.kind = kind === "photo" ? "document" : "photo"; this.show(); };
    const says = kind === "photo" ? "Photo" : "File";
    return el("li", { class: "preview", title: `${name}, ${fileSize(file.size)}` }, face,
      url
        ? el("button", { type: "button", class: "kind", "aria-label": `${name} goes as a ${says.toLowerCase()}; change`, onclick: change }, says)
        : el("span", { class: "kind" }, name),
      iconButton("close", `Remove ${name}`, () => this.remove(item)));
  }

  listen() {
    const [photos, files, attach] = [byId("photos"), byId("files"), byId("attach")];
    attach.append(icon("attach"));
    attach.addEventListener("click", () => menu([
      { label: "Photo", detail: "compressed, as Telegram does", icon: "photo", run: () => photos.click() },
      { label: "File", detail: "as it is, with every pixel", icon: "file", run: () => files.click() },
    ], attach, "Attach"));
    const taken = (input, kind) => input.addEventListener("change", () => { this.add(input.files, kind); input.value = ""; });
    taken(photos, "photo");
    taken(files, "document");
    byId("text").addEventListener("paste", (event) => {
      if (!event.clipboardData.files.length) return;
      event.preventDefault();
      this.add(event.clipboardData.files, "photo");
    });
    this.listenToDrops();
  }

  listenToDrops() {
    const [chat, zones] = [byId("chat"), byId("drop")];
    const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
    const light = (zone) => [...zones.children].forEach((each) => each.classList.toggle("over", each === zone));
    const hide = () => { zones.hidden = true; };
    chat.addEventListener("dragenter", (event) => { if (hasFiles(event)) zones.hidden = false; });
    zones.addEventListener("dragover", (event) => { event.preventDefault(); light(event.target.closest("[data-kind]")); });
    zones.addEventListener("dragleave", (event) => { if (!zones.contains(event.relatedTarget)) hide(); });
    zones.addEventListener("drop", (event) => {
      event.preventDefault();
      hide();
      this.add(event.dataTransfer.files, event.target.closest("[data-kind]")?.dataset.kind ?? "photo");
      byId("text").focus();
    });
    // A picture dropped beside the zones must not replace the page.
    for (const name of ["dragover", "drop"]) window.addEventListener(name, (event) => event.preventDefault());
  }
}
