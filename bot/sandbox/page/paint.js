// Painting over a photo, as in Telegram's own editor: this is how people on a phone make a mask.

import { dialog } from "./overlays.js";
import { el, icon, iconButton } from "./dom.js";

const COLOURS = { Red: "#f5222d", Green: "#19c15f", White: "#ffffff" };
const THINNEST = 0.01; // brush widths as shares of the photo's longer side
const THICKEST = 0.16;
const QUALITY = 0.92;

/** The picture with strokes on it, at the picture's own size. */
class Painting {
  constructor(image) {
    this.image = image;
    this.canvas = el("canvas", { width: image.naturalWidth, height: image.naturalHeight, "aria-label": "The photo, paint on it" });
    this.context = this.canvas.getContext("2d");
    this.strokes = [];
    this.redraw();
  }

  redraw() {
    this.context.drawImage(this.image, 0, 0);
    for (const stroke of this.strokes) this.draw(stroke, 0);
  }

  /** Draw a stroke from its n-th point on; one point alone is a dot. */
  draw({ colour, width, points }, from) {
    const pen = this.context;
    pen.strokeStyle = colour;
    pen.lineWidth = width;
    pen.lineCap = pen.lineJoin = "round";
    pen.beginPath();
    pen.moveTo(points[from].x, points[from].y);
    for (const point of points.slice(from)) pen.lineTo(point.x, point.y);
    pen.stroke();
  }

  undo() {
    this.strokes.pop();
    this.redraw();
  }

  /** Paint with a pointer; `brush()` gives `{colour, share}`, `onChange()` follows each stroke. */
  listen(brush, onChange) {
    const { canvas } = this;
    const place = (event) => {
      const box = canvas.getBoundingClientRect();
      return { x: (event.clientX - box.left) * canvas.width / box.width, y: (event.clientY - box.top) * canvas.height / box.height };
    };
    let stroke = null;
    canvas.addEventListener("pointerdown", (event) => {
      if (!event.isPrimary || event.button !== 0) return;
      event.preventDefault();
      canvas.setPointerCapture(event.pointerId);
      const { colour, share } = brush();
      stroke = { colour, width: share * Math.max(canvas.width, canvas.height), points: [place(event)] };
      this.strokes.push(stroke);
      this.draw(stroke, 0);
      onChange();
    });
    canvas.addEventListener("pointermove", (event) => {
      if (!stroke || !event.isPrimary) return;
      const from = stroke.points.length - 1;
      const passed = event.getCoalescedEvents?.() ?? [];
      stroke.points.push(...(passed.length ? passed : [event]).map(place));
      this.draw(stroke, from);
    });
    for (const name of ["pointerup", "pointercancel"]) canvas.addEventListener(name, () => { stroke = null; });
  }

  /** The painted picture as a JPEG file. */
  file() {
    return new Promise((resolve) => {
      this.canvas.toBlob((blob) => resolve(new File([blob], "painted.jpg", { type: "image/jpeg" })), "image/jpeg", QUALITY);
    });
  }
}

function palette() {
  const set = el("div", { class: "palette", role: "radiogroup", "aria-label": "Brush colour" });
  for (const [name, colour] of Object.entries(COLOURS)) {
    const input = el("input", { type: "radio", name: "colour", value: colour, checked: name === "Red", "aria-label": name });
    input.style.setProperty("--colour", colour);
    set.append(input);
  }
  return set;
}

async function load(url) {
  const image = new Image();
  image.src = url;
  await image.decode();
  return image;
}

/** Open the editor on a picture. `onSend(file, caption)` resolves with whether it was sent; if not, the editor stays open. */
export async function paintOver(url, onSend) {
  const painting = new Painting(await load(url));
  const colours = palette();
  const size = el("input", { type: "range", min: THINNEST, max: THICKEST, step: 0.005, value: 0.05, "aria-label": "Brush size" });
  const caption = el("input", { type: "text", class: "field", placeholder: "What to change there?", "aria-label": "Caption", maxlength: 1024, enterkeyhint: "send" });
  const send = el("button", { type: "submit", class: "icon-button filled", "aria-label": "Send the painted photo", disabled: true }, icon("send"));
  const undo = iconButton("undo", "Undo", () => { painting.undo(); refresh(); }, { disabled: true });
  const refresh = () => { send.disabled = undo.disabled = painting.strokes.length === 0; };
  const submit = async (event) => {
    event.preventDefault();
    if (send.disabled) return;
    send.disabled = true;
    if (await onSend(await painting.file(), caption.value.trim())) box.close();
    refresh();
  };
  painting.listen(() => ({ colour: colours.querySelector(":checked").value, share: Number(size.value) }), refresh);
  const box = dialog("paint", "Paint over the photo",
    el("header", {}, iconButton("close", "Cancel", () => box.close()), el("h2", {}, "Paint what to change"), undo),
    el("div", { class: "stage" }, painting.canvas),
    el("form", { onsubmit: submit },
      el("div", { class: "brushes" }, colours, el("span", { class: "dot small" }), size, el("span", { class: "dot" })),
      el("div", { class: "row" }, caption, send)));
}
