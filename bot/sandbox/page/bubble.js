// One message, or one album, as an element of the conversation.

import { fileUrl } from "./api.js";
import { fileOf, service, summary } from "./describe.js";
import { clock, colourOf, el, icon, iconButton, nameOf } from "./dom.js";
import { rich, safeUrl } from "./entities.js";
import { album, fileCard, photo, sticker } from "./media.js";

/**
 * Build the list item of a unit.
 *
 * `unit`: `{messages, mine, first, last, showName}`; `on`: what to do with
 * `open(message)`, `jump(id)`, `menu(message, x, y)`, `reply(message)`, `press(message, button, element)`
 * and `command(text)`.
 */
export function bubble(unit, on) {
  const [message] = unit.messages;
  const said = service(message);
  if (said) return el("li", { class: "service", "data-message": message.message_id }, el("span", {}, said));
  const body = el("div", { class: bodyClass(unit) }, [
    unit.showName && el("div", { class: "sender", "data-colour": colourOf(sender(message).id) }, nameOf(sender(message))),
    forwarded(message),
    quote(message, on),
    media(unit.messages, on),
    words(unit.messages, on),
  ]);
  const stack = el("div", { class: "stack" }, body, keyboard(unit.messages, on));
  const item = el("li", {
    class: ["message", unit.mine ? "mine" : "theirs", unit.first && "first", unit.last && "last"].filter(Boolean).join(" "),
    "data-message": message.message_id,
  }, stack, tools(unit, on));
  watchMenu(stack, unit, on);
  return item;
}

const sender = (message) => message.sender_chat ?? message.from ?? message.chat;

const worded = (messages) => messages.find((message) => message.text ?? message.caption);

function bodyClass({ messages }) {
  const [message] = messages;
  const visual = message.photo || message.sticker;
  const wordless = visual && !worded(messages) && !reacted(messages).length;
  return ["bubble", visual && "visual", message.sticker && "bare", wordless && "wordless"].filter(Boolean).join(" ");
}

function forwarded({ forward_origin: origin }) {
  if (!origin) return null;
  const from = origin.sender_user ?? origin.sender_chat ?? origin.chat;
  return el("div", { class: "forwarded" }, `Forwarded from ${from ? nameOf(from) : origin.sender_user_name ?? "somebody"}`);
}

function quote({ reply_to_message: original, quote: part }, on) {
  if (!original || original.forum_topic_created) return null;
  const thumbnail = original.photo?.[0] ?? fileOf(original)?.thumbnail;
  return el("button", {
    type: "button", class: "quote", "data-colour": colourOf(sender(original).id),
    "aria-label": `In reply to ${nameOf(sender(original))}: ${summary(original)}. Go there`,
    onclick: () => on.jump(original.message_id),
  },
  thumbnail && el("img", { src: fileUrl(original, thumbnail.file_id), alt: "", width: 34, height: 34 }),
  el("span", { class: "quote-words" },
    el("span", { class: "quote-name" }, nameOf(sender(original))),
    el("span", { class: "quote-text" }, part?.text ?? summary(original))));
}

function media(messages, on) {
  const [message] = messages;
  if (message.photo) return messages.length > 1 ? album(messages, on.open) : photo(message, on.open);
  if (message.sticker) return sticker(message);
  return messages.filter(fileOf).map(fileCard);
}

function words(messages, on) {
  const told = worded(messages);
  const text = told && rich(told.text ?? told.caption, told.entities ?? told.caption_entities, on.command);
  const below = reactions(messages);
  // The time flows around the last line, or stands beside the reactions.
  return el("div", { class: text || below ? "text" : "text only-meta", dir: "auto" },
    below && text ? el("div", {}, text) : text, below, meta(messages));
}

function meta(messages) {
  const last = messages[messages.length - 1];
  const edited = messages.some((message) => message.edit_date);
  return el("span", { class: "meta" },
    edited && el("span", { class: "edited" }, "edited "),
    el("time", { datetime: new Date(last.date * 1000).toISOString() }, clock(last.date)));
}

const reacted = (messages) => messages.flatMap((message) => message.sandbox_reactions ?? []);

function reactions(messages) {
  const all = reacted(messages);
  if (!all.length) return null;
  return el("div", { class: "reactions", "aria-label": `Reactions: ${all.join(" ")}` },
    all.map((emoji) => el("span", { class: "reaction" }, emoji)));
}

function keyboard(messages, on) {
  const message = messages.find((each) => each.reply_markup?.inline_keyboard);
  const rows = message?.reply_markup.inline_keyboard.filter((row) => row.length) ?? [];
  if (!rows.length) return null;
  return el("div", { class: "keyboard" },
    rows.map((row) => el("div", { class: "keyboard-row" }, row.map((button) => key(message, button, on)))));
}

function key(message, button, on) {
  const look = { class: "key", "data-style": button.style };
  if (button.url && safeUrl(button.url)) {
    const away = { href: safeUrl(button.url), target: "_blank", rel: "noopener noreferrer" };
    return el("a", { ...look, ...away }, button.text, icon("link"));
  }
  const works = button.callback_data !== undefined || button.copy_text !== undefined;
  return el("button", {
    type: "button", ...look, disabled: !works,
    onclick: ({ currentTarget }) => on.press(message, button, currentTarget),
  }, button.text);
}

function tools(unit, on) {
  const message = unit.messages[0];
  return el("div", { class: "tools" },
    iconButton("reply", "Reply", () => on.reply(message)),
    iconButton("more", "More", ({ currentTarget }) => {
      const box = currentTarget.getBoundingClientRect();
      on.menu(message, box.left, box.bottom);
    }, { "aria-haspopup": "menu" }));
}

const LONG_PRESS = 450; // milliseconds

/** A right click, or a long press of a finger, opens the menu of the part it is on. */
function watchMenu(stack, unit, on) {
  let timer = 0;
  let opened = false;
  const open = (event) => {
    const id = Number(event.target.closest("[data-message]")?.dataset.message);
    on.menu(unit.messages.find((each) => each.message_id === id) ?? unit.messages[0], event.clientX, event.clientY);
  };
  const stop = () => clearTimeout(timer);
  stack.addEventListener("contextmenu", (event) => {
    if (event.target.closest("a[href^='http']")) return;
    event.preventDefault();
    stop();
    if (!opened) open(event);
    opened = false;
  });
  stack.addEventListener("pointerdown", (event) => {
    opened = false;
    if (event.pointerType === "mouse" || event.target.closest(".keyboard")) return;
    timer = setTimeout(() => { opened = true; open(event); }, LONG_PRESS);
  });
  for (const name of ["pointerup", "pointercancel", "pointerleave"]) stack.addEventListener(name, stop);
  stack.addEventListener("pointermove", (event) => { if (Math.abs(event.movementX) + Math.abs(event.movementY) > 8) stop(); });
  // The finger that opened the menu must not also press what is under it when it lifts.
  stack.addEventListener("click", (event) => {
    if (!opened) return;
    opened = false;
    event.preventDefault();
    event.stopPropagation();
  }, true);
}
