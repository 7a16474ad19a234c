// Text with MessageEntity marks as DOM. Offsets are UTF-16 units, which JavaScript's strings are too.

import { el } from "./dom.js";

const SAFE = new Set(["http:", "https:", "mailto:", "tel:", "tg:"]);

/** A link's address if its scheme is harmless, else null. */
export function safeUrl(address) {
  const withScheme = /^[a-z][a-z0-9+.-]*:/i.test(address) ? address : `https://${address}`;
  try {
    return SAFE.has(new URL(withScheme).protocol) ? withScheme : null;
  } catch {
    return null;
  }
}

function link(address, inner) {
  const href = safeUrl(address);
  return href ? el("a", { href, target: "_blank", rel: "noopener noreferrer" }, inner) : inner;
}

const spoiler = (inner) =>
  el("button", {
    type: "button",
    class: "spoiler",
    "aria-label": "Hidden text, show it",
    onclick: ({ currentTarget }) => {
      currentTarget.classList.add("shown");
      currentTarget.removeAttribute("aria-label");
    },
  }, inner);

const WRAP = {
  bold: (inner) => el("b", {}, inner),
  italic: (inner) => el("i", {}, inner),
  underline: (inner) => el("u", {}, inner),
  strikethrough: (inner) => el("s", {}, inner),
  spoiler,
  code: (inner) => el("code", {}, inner),
  pre: (inner, entity) => el("pre", { "data-language": entity.language }, el("code", {}, inner)),
  blockquote: (inner) => el("blockquote", {}, inner),
  expandable_blockquote: (inner) => el("blockquote", {}, inner),
  text_link: (inner, entity) => link(entity.url, inner),
  url: (inner, entity, said) => link(said, inner),
  email: (inner, entity, said) => link(`mailto:${said}`, inner),
  phone_number: (inner, entity, said) => link(`tel:${said}`, inner),
  mention: (inner) => el("span", { class: "mention" }, inner),
  text_mention: (inner) => el("span", { class: "mention" }, inner),
  hashtag: (inner) => el("span", { class: "mention" }, inner),
  cashtag: (inner) => el("span", { class: "mention" }, inner),
  bot_command: (inner, entity, said, onCommand) =>
    // A link and not a button: lines break around buttons, also between a quotation mark and its word.
    el("a", { href: "", role: "button", class: "command", onclick: (event) => { event.preventDefault(); onCommand(said); } }, inner),
};

function build(text, from, to, queue, onCommand) {
  const out = document.createDocumentFragment();
  let position = from;
  while (queue.length && queue[0].offset < to) {
    const entity = queue.shift();
    const end = Math.min(entity.offset + entity.length, to);
    if (entity.offset < position || end <= entity.offset) continue;
    out.append(text.slice(position, entity.offset));
    const inner = build(text, entity.offset, end, queue, onCommand);
    const wrap = WRAP[entity.type];
    out.append(wrap ? wrap(inner, entity, text.slice(entity.offset, end), onCommand) : inner);
    position = end;
  }
  out.append(text.slice(position, to));
  return out;
}

/** Render text with its entities; a pressed bot command calls `onCommand("/name")`. */
export function rich(text, entities = [], onCommand = () => {}) {
  const queue = [...entities].sort((a, b) => a.offset - b.offset || b.length - a.length);
  return build(text, 0, text.length, queue, onCommand);
}
