// What lies over the chat for a moment: menus, toasts, dialogs, the lightbox.

import { byId, el, icon, iconButton } from "./dom.js";

let closeOpenMenu = null;

/**
 * Open a menu at a point or at an element's edge. `items`: `{label, detail?, icon?, face?, danger?, current?, run}`.
 */
export function menu(items, place, label = "Menu") {
  closeOpenMenu?.();
  const before = document.activeElement;
  const box = el("div", { class: "menu", role: "menu", "aria-label": label });
  const close = () => {
    box.remove();
    cover.remove();
    closeOpenMenu = null;
    if (before?.isConnected) before.focus({ preventScroll: true });
  };
  closeOpenMenu = close;
  const cover = el("div", { class: "cover", onpointerdown: close, oncontextmenu: (event) => { event.preventDefault(); close(); } });
  for (const item of items) box.append(menuItem(item, close));
  box.addEventListener("keydown", (event) => menuKeys(event, box, close));
  document.body.append(cover, box);
  position(box, place);
  box.querySelector("button")?.focus({ preventScroll: true });
}

function menuItem(item, close) {
  return el("button", {
    type: "button", role: "menuitem", class: item.danger ? "danger" : null,
    "aria-current": item.current ? "true" : null, onclick: () => { close(); item.run(); },
  },
  item.face ?? (item.icon && icon(item.icon)),
  el("span", { class: "menu-label" }, item.label, item.detail && el("small", {}, item.detail)),
  item.current && icon("check"));
}

function menuKeys(event, box, close) {
  const buttons = [...box.querySelectorAll("button")];
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) buttons.at((buttons.indexOf(document.activeElement) + step) % buttons.length).focus();
  else if (event.key === "Escape" || event.key === "Tab") close();
  else return;
  event.preventDefault();
}

function position(box, place) {
  const { width, height } = box.getBoundingClientRect();
  let { x, y } = place;
  if (place instanceof Element) {
    const anchor = place.getBoundingClientRect();
    x = anchor.left;
    y = anchor.top > window.innerHeight / 2 ? anchor.top - height - 8 : anchor.bottom + 6;
  }
  box.style.left = `${Math.max(8, Math.min(x, window.innerWidth - width - 8))}px`;
  box.style.top = `${Math.max(8, Math.min(y, window.innerHeight - height - 8))}px`;
}

const toastBox = byId("toast");
const toastHome = toastBox.parentElement;
let toastTimer = 0;

/** Say something for a few seconds, over the composer or the dialog that is open. */
export function toast(words) {
  const box = toastBox;
  clearTimeout(toastTimer);
  const host = [...document.querySelectorAll("dialog[open]")].at(-1) ?? toastHome;
  if (box.parentElement !== host) host.append(box);
  box.textContent = words;
  box.classList.add("shown");
  toastTimer = setTimeout(() => box.classList.remove("shown"), Math.min(9000, 3000 + words.length * 40));
}

/** Open a modal dialog with these children; it removes itself. Returns the `<dialog>`. */
export function dialog(className, label, ...children) {
  const box = el("dialog", { class: className, "aria-label": label, onclose: () => box.remove() }, ...children);
  document.body.append(box);
  box.showModal();
  return box;
}

/** A callback answer with `show_alert`: stays until it is closed. */
export function alertDialog(words, title) {
  const box = dialog("alert", title,
    el("h2", {}, title), el("p", {}, words),
    el("div", { class: "row" }, el("button", { type: "button", class: "plain", onclick: () => box.close() }, "OK")));
}

/** Ask for one line. Resolves with it, or with null. */
export function ask(title, label, action) {
  return new Promise((resolve) => {
    const input = el("input", { type: "text", required: true, maxlength: 64, autocomplete: "off", "aria-label": label, placeholder: label });
    let answer = null;
    const submit = (event) => {
      event.preventDefault();
      answer = input.value.trim() || null;
      if (answer) box.close();
    };
    const box = dialog("alert", title, el("form", { onsubmit: submit },
      el("h2", {}, title), input,
      el("div", { class: "row" },
        el("button", { type: "button", class: "plain", onclick: () => box.close() }, "Cancel"),
        el("button", { type: "submit", class: "plain" }, action))));
    box.addEventListener("close", () => resolve(answer));
    input.focus();
  });
}

/** Show a picture in full size. `picture`: `{url, width, height}`; a press on it zooms to its own pixels. */
export function lightbox(picture, { caption, name, onPaint }) {
  const image = el("img", { src: picture.url, alt: caption ? `Photo: ${caption}` : "Photo", width: picture.width, height: picture.height });
  const zoom = el("button", { type: "button", class: "zoom", "aria-label": "Zoom to natural size", "aria-pressed": "false" }, image);
  const stage = el("div", { class: "stage" }, zoom);
  const paint = onPaint && iconButton("brush", "Paint over and send as reply", () => { box.close(); onPaint(); });
  const box = dialog("lightbox", "Photo", el("header", {},
    el("span", { class: "size" }, `${picture.width} × ${picture.height}`), paint,
    el("a", { class: "icon-button", href: picture.url, download: name, "aria-label": "Download", title: "Download" }, icon("download")),
    iconButton("close", "Close", () => box.close())),
  stage, caption && el("p", { class: "caption" }, caption));
  zoom.addEventListener("click", (event) => toggleZoom(event, box, zoom, stage, image));
  stage.addEventListener("click", (event) => { if (event.target === stage) box.close(); });
  zoom.focus();
}

function toggleZoom(event, box, zoom, stage, image) {
  const from = image.getBoundingClientRect();
  const at = { x: (event.clientX - from.left) / from.width, y: (event.clientY - from.top) / from.height };
  const zoomed = box.classList.toggle("natural");
  zoom.setAttribute("aria-pressed", String(zoomed));
  if (!zoomed) return;
  stage.scrollLeft = at.x * image.width - stage.clientWidth / 2;
  stage.scrollTop = at.y * image.height - stage.clientHeight / 2;
}
