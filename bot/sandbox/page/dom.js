// Small helpers every other module stands on. Strings from outside only ever become text nodes.

/** Make an element: attributes by name, `on…` as listeners, empty ones left out; strings become text. */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

export const byId = (id) => document.getElementById(id);

const ICONS = {
  back: "M15 5l-7 7 7 7",
  down: "M6 9l6 6 6-6",
  attach: "M20 11.5l-8.2 8.2a5.2 5.2 0 0 1-7.4-7.4l8.6-8.6a3.5 3.5 0 0 1 5 5l-8.5 8.5a1.7 1.7 0 0 1-2.5-2.5L14.5 7",
  send: "M4 12L20 4l-4 16-4.5-6.5zM11.5 13.5L20 4",
  close: "M6 6l12 12M18 6L6 18",
  commands: "M5 7h14M5 12h14M5 17h9",
  reply: "M10 7L4 12l6 5M4 12h9a7 7 0 0 1 7 6",
  edit: "M4 20l1-4L16 5l3 3L8 19zM14 7l3 3",
  copy: "M9 9h10v11H9zM15 9V4H5v11h4",
  trash: "M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13",
  brush: "M20 4L10.5 13.5l2 2L21 5.5zM9 14.5c-3 0-2.5 4-5.5 5 3.5 1.5 8 .5 7.5-3",
  more: "M5 12h.01M12 12h.01M19 12h.01",
  file: "M7 3h7l5 5v13H7zM14 3v5h5",
  photo: "M4 5h16v14H4zM4 16l5-5 4 4 3-3 4 4M15.5 9h.01",
  download: "M12 4v11M7 11l5 5 5-5M5 20h14",
  undo: "M9 6L4 11l5 5M4 11h10a5 5 0 0 1 0 10h-3",
  person: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8M4.5 20.5a7.5 7.5 0 0 1 15 0",
  add: "M12 5v14M5 12h14",
  check: "M5 12.5l5 5 9-11",
  link: "M8 16L17 7M10 7h7v7",
};

/** One of our line drawings, hidden from screen readers: the button around it has the name. */
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

/** A round button with an icon and a name for those who can't see it. */
export function iconButton(name, label, onclick, extra = {}) {
  return el("button", { type: "button", class: "icon-button", "aria-label": label, title: label, onclick, ...extra }, icon(name));
}

/** A circle with initials; the bot has its own picture. `who` is a User or a Chat. */
export function avatar(who, isBot = false) {
  if (isBot) return el("img", { class: "avatar", src: "icon.svg", alt: "", width: 42, height: 42 });
  const initials = nameOf(who).split(/\s+/).slice(0, 2).map((word) => [...word][0] ?? "").join("");
  return el("span", { class: "avatar", "data-colour": colourOf(who.id), "aria-hidden": "true" }, initials);
}

/** The name people see: a group's title, or first and last name. */
export function nameOf(who) {
  return who.title ?? ([who.first_name, who.last_name].filter(Boolean).join(" ") || "Deleted account");
}

/** One of seven name colours, the same for the same id. */
export const colourOf = (id) => String(Math.abs(id) % 7);

/** Bytes as people read them: `640 B`, `12.3 KB`, `4.0 MB`. */
export function fileSize(bytes) {
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < 1024 * 1024) return `${(bytes / 1024).toFixed(1)} KB`;
  return `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}

/** Unix seconds as `14:05`. */
export const clock = (seconds) =>
  new Date(seconds * 1000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hour12: false });

/** Unix seconds as `Today`, `Yesterday` or a date. */
export function day(seconds) {
  const date = new Date(seconds * 1000);
  const midnight = (d) => new Date(d.getFullYear(), d.getMonth(), d.getDate()).getTime();
  const ago = Math.round((midnight(new Date()) - midnight(date)) / 86_400_000);
  if (ago === 0) return "Today";
  if (ago === 1) return "Yesterday";
  const year = date.getFullYear() === new Date().getFullYear() ? undefined : "numeric";
  return date.toLocaleDateString([], { day: "numeric", month: "long", year });
}

/** Wait, or stop waiting when the signal says so. */
export function pause(milliseconds, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal?.addEventListener("abort", () => { clearTimeout(timer); resolve(); }, { once: true });
  });
}
