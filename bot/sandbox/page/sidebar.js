// Who one is, and the list of that person's chats.

import * as api from "./api.js";
import { service, summary } from "./describe.js";
import { avatar, byId, clock, el, icon, nameOf } from "./dom.js";
import { ask, menu, toast } from "./overlays.js";
import { Store } from "./store.js";

const READ = "wavebrush.read"; // localStorage: "<person>/<chat>" → the last message id that was seen

/** How far each person has read each chat, kept over reloads. */
export class ReadMarks {
  constructor() {
    try {
      this.marks = JSON.parse(localStorage.getItem(READ)) ?? {};
    } catch {
      this.marks = {};
    }
  }

  set(person, chat, messages) {
    const key = `${person}/${chat}`;
    const last = messages.at(-1)?.message_id ?? 0;
    if (this.marks[key] === last) return;
    this.marks[key] = last;
    localStorage.setItem(READ, JSON.stringify(this.marks));
  }

  /** How many messages of others came since. */
  unread(person, chat, messages) {
    if (!messages.length) return 0;
    // A mark beyond the last message is from before the server began anew.
    if (this.marks[`${person}/${chat}`] > messages.at(-1).message_id) this.set(person, chat, messages);
    const seen = this.marks[`${person}/${chat}`] ?? 0;
    return messages.filter((message) => message.message_id > seen && message.from?.id !== person && !service(message)).length;
  }
}

/** The chats a person has: their own with the bot first, then their groups. */
export function chatsOf(world, person) {
  const groups = world.chats.filter((chat) => chat.id < 0 && chat.members?.includes(person));
  const own = world.chats.find((chat) => chat.id === person) ?? { id: person, type: "private" };
  return [own, ...groups];
}

/** The name a chat goes by: a private chat is called after the bot. */
export const chatName = (world, chat) => (chat.id > 0 ? nameOf(world.bot) : nameOf(chat));

/** The left pane. `on.go(person, chat)` and `on.changed()` (the world has somebody new). */
export class Sidebar {
  constructor(on) {
    this.on = on;
    this.read = new ReadMarks();
    this.stores = new Map();
    for (const id of ["people", "me"]) byId(id).addEventListener("click", () => this.openPeople(byId(id)));
  }

  /** The messages known of a chat. */
  store(chat) {
    if (!this.stores.has(chat)) this.stores.set(chat, new Store(chat));
    return this.stores.get(chat);
  }

  /** Fetch what is new in the chats that are not open. */
  async refreshOthers(open) {
    for (const chat of chatsOf(this.world, this.person)) {
      if (chat.id !== open) await this.store(chat.id).refresh();
    }
  }

  /** Show the world as one person sees it. */
  show(world, person, open) {
    Object.assign(this, { world, person, open });
    const me = world.people.find((each) => each.id === person);
    byId("people").replaceChildren(avatar(me), el("span", { class: "titles" }, el("small", {}, "You are"), el("b", {}, nameOf(me))), icon("down"));
    byId("people").setAttribute("aria-label", `You are ${nameOf(me)}. Be somebody else`);
    byId("me").replaceChildren(avatar(me));
    byId("me").setAttribute("aria-label", `You are ${nameOf(me)}. Be somebody else`);
    byId("me").title = `You are ${nameOf(me)}`;
    this.showChats();
  }

  /** Redraw the list of chats, unless nothing in it changed. */
  showChats() {
    const rows = chatsOf(this.world, this.person).map((chat) => this.facts(chat));
    const signature = JSON.stringify(rows);
    const total = rows.reduce((sum, row) => sum + row.unread, 0);
    document.title = total ? `(${total}) Wavebrush demo` : "Wavebrush demo";
    if (signature === this.signature) return;
    this.signature = signature;
    const focused = document.activeElement?.closest?.("#chats a")?.getAttribute("href");
    byId("chats").replaceChildren(...rows.map((row) => this.row(row)));
    if (focused) byId("chats").querySelector(`a[href="${focused}"]`)?.focus();
  }

  facts(chat) {
    const messages = this.store(chat.id).list();
    const last = messages.at(-1);
    return {
      chat, last: last && { words: this.preview(last, chat), date: last.date }, here: chat.id === this.open,
      unread: this.read.unread(this.person, chat.id, messages), person: this.person,
    };
  }

  preview(message, chat) {
    const own = message.from?.id === this.person;
    const who = service(message) ? "" : own ? "You: " : chat.id < 0 && message.from ? `${message.from.first_name}: ` : "";
    return who + summary(message).slice(0, 120);
  }

  row({ chat, last, unread, here }) {
    const name = chatName(this.world, chat);
    return el("a", { class: "chat-row", href: `#${this.person}/${chat.id}`, "aria-current": here ? "page" : null },
      avatar(chat, chat.id > 0),
      el("span", { class: "chat-about" },
        el("span", { class: "chat-line" }, el("b", {}, name), last && el("time", {}, clock(last.date))),
        el("span", { class: "chat-line" },
          el("span", { class: "chat-last" }, last?.words ?? "No messages yet"),
          unread > 0 && el("span", { class: "badge", "aria-label": `${unread} unread` }, String(unread)))));
  }

  openPeople(anchor) {
    const people = this.world.people.map((person) => ({
      label: nameOf(person), detail: person.username ? `@${person.username}` : `id ${person.id}`, face: avatar(person),
      current: person.id === this.person, run: () => this.on.go(person.id),
    }));
    menu([...people, { label: "New person…", icon: "add", run: () => this.newPerson() }], anchor, "Who you are");
  }

  async newPerson() {
    const name = await ask("A new person", "First name", "Create");
    if (!name) return;
    try {
      const person = await api.newPerson(name);
      await this.on.changed();
      this.on.go(person.id);
    } catch (error) {
      toast(error.message);
    }
  }
}
