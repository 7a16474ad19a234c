// The field at the bottom: text, what is attached, what is replied to or edited.

import { Attachments } from "./attachments.js";
import { summary } from "./describe.js";
import { byId, el, icon, iconButton, nameOf } from "./dom.js";
import { menu, toast } from "./overlays.js";

const TALLEST = 160; // pixels the field grows to

/**
 * `on.send({text, photos, documents, replyTo, thread})`, `on.edit(message, text)` return promises and
 * throw an Error whose message can be shown.
 */
export class Composer {
  constructor(on) {
    this.on = on;
    this.text = byId("text");
    this.button = byId("send");
    this.context = byId("context");
    this.drafts = new Map();
    this.reply = null;
    this.editing = null;
    this.commands = [];
    this.attachments = new Attachments(() => this.refresh());
    this.button.append(icon("send"));
    byId("commands").append(icon("commands"));
    byId("commands").addEventListener("click", () => this.openCommands());
    byId("composer").addEventListener("submit", (event) => { event.preventDefault(); this.submit(); });
    this.text.addEventListener("input", () => this.refresh());
    this.text.addEventListener("keydown", (event) => this.key(event));
    this.refresh();
  }

  key(event) {
    if (event.key === "Escape" && (this.reply || this.editing)) this.setContext();
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    this.submit();
  }

  /** Keep the draft of the chat that is left, and bring back the one of the chat that is entered. */
  enter(chat) {
    if (this.chat !== undefined) this.drafts.set(this.chat, this.editing ? "" : this.text.value);
    this.chat = chat;
    this.attachments.clear();
    this.setContext();
    this.text.value = this.drafts.get(chat) ?? "";
    this.refresh();
  }

  /** The bot's commands; with none the button is hidden. */
  setCommands(list) {
    this.commands = list;
    byId("commands").hidden = list.length === 0;
  }

  openCommands() {
    menu(this.commands.map(({ command, description }) => ({
      label: `/${command}`, detail: description, run: () => this.on.command(`/${command}`),
    })), byId("commands"), "Commands");
  }

  /** Say what the next message is: a reply, an edit of one's own message, or neither. */
  setContext({ reply = null, editing = null } = {}) {
    if (this.editing && !editing) this.text.value = "";
    this.reply = reply;
    this.editing = editing;
    const about = reply ?? editing;
    this.context.hidden = !about;
    if (about) this.context.replaceChildren(...this.contextBar(about));
    if (editing) this.text.value = editing.text ?? editing.caption ?? "";
    this.refresh();
    if (about) this.text.focus();
  }

  /** Put words into the field, to be gone on with. */
  write(words) {
    this.text.value = words;
    this.refresh();
    this.text.focus();
  }

  contextBar(about) {
    const who = this.editing ? "Edit message" : `Reply to ${nameOf(about.from ?? about.chat)}`;
    return [
      icon(this.editing ? "edit" : "reply"),
      el("span", { class: "quote-words" }, el("span", { class: "quote-name" }, who), el("span", { class: "quote-text" }, summary(about))),
      iconButton("close", this.editing ? "Stop editing" : "Don't reply", () => this.setContext()),
    ];
  }

  /** Fit the field to its text, and the button to whether there is anything to send. */
  refresh() {
    this.text.style.height = "auto";
    this.text.style.height = `${Math.min(TALLEST, this.text.scrollHeight)}px`;
    const empty = !this.text.value.trim() && !this.attachments?.list.length;
    this.button.disabled = empty || Boolean(this.sending);
    this.text.placeholder = this.attachments?.list.length ? "Say what to change…" : "Message";
  }

  async submit() {
    if (this.button.disabled) return;
    const [text, chat] = [this.text.value.trim(), this.chat];
    this.setSending(true);
    try {
      if (this.editing) await this.on.edit(this.editing, text);
      else await this.sendAll(text);
      // Who went to another chat meanwhile keeps what is in its field.
      if (this.chat === chat) this.clear();
      else this.drafts.delete(chat);
    } catch (error) {
      toast(error.message);
    } finally {
      this.setSending(false);
    }
  }

  /** Photos and files can't share an album, so they go one after the other; the text goes with the first. */
  async sendAll(text) {
    const { photos, documents } = this.attachments;
    const replying = { replyTo: this.reply?.message_id, thread: this.reply?.message_thread_id };
    if (!photos.length && !documents.length) {
      await this.on.send({ text, ...replying });
      return;
    }
    if (photos.length) {
      await this.on.send({ caption: text, photos, ...replying });
      if (!documents.length) return;
      // If the files are refused now, a second try must not send the photos again.
      this.attachments.clear("photo");
      this.text.value = text = "";
    }
    await this.on.send({ caption: text, documents, ...replying });
  }

  clear() {
    this.text.value = "";
    this.attachments.clear();
    this.setContext();
  }

  setSending(sending) {
    this.sending = sending;
    this.button.setAttribute("aria-busy", String(sending));
    this.refresh();
  }
}
