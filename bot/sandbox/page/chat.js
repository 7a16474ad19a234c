// The chat page: ties the list of chats, the conversation and the composer to the server.
// Where one is stands in the address, as #<person>/<chat>: two tabs can be two people.

import * as api from "./api.js";
import { Composer } from "./composer.js";
import { fileOf, doing, service } from "./describe.js";
import { avatar, byId, el, icon, nameOf, pause } from "./dom.js";
import { fullPhoto, isPictureFile } from "./media.js";
import { alertDialog, lightbox, menu, toast } from "./overlays.js";
import { paintOver } from "./paint.js";
import { chatName, chatsOf, Sidebar } from "./sidebar.js";
import { follow } from "./store.js";
import { Timeline } from "./timeline.js";

const FRESH = 5000; // milliseconds a chat action is shown; Telegram's own limit
const ACTIONS_EVERY = 1500; // milliseconds
const OTHERS_EVERY = 4000;
const ANSWER_WITHIN = 30_000; // milliseconds a pressed button waits for its answer

const wide = matchMedia("(min-width: 800px)"); // list and chat side by side, as in style.css
const here = { world: null, person: null, chat: null, following: null, connected: true, action: null };

const bubbleActions = { open, jump, menu: openMenu, reply, press, command };
const timeline = new Timeline(bubbleActions);
const sidebar = new Sidebar({ go, changed: loadWorld });
const composer = new Composer({ send, edit: editMessage, command });

const store = () => sidebar.store(here.chat.id);
const isGroup = () => here.chat.id < 0;
const photoOf = (message) => (message.photo ? fullPhoto(message) : null);

// ---- where we are

/** Move to a person and one of their chats; without a chat, the one with the bot. */
function go(person, chat = person) {
  location.hash = `${person}/${chat}`;
}

/** Read the address and show what it names; anything unknown becomes the first person's own chat. */
function route() {
  const [person, chat] = location.hash.slice(1).split("/").map(Number);
  const known = here.world.people.some((each) => each.id === person);
  const me = known ? person : here.world.people[0]?.id;
  if (me === undefined) return void sidebar.newPerson();
  const chats = chatsOf(here.world, me);
  const found = chats.find((each) => each.id === chat);
  document.body.dataset.view = known && !found ? "list" : "chat";
  enter(me, found ?? chats[0]);
}

function enter(person, chat) {
  const same = here.person === person && here.chat?.id === chat.id;
  Object.assign(here, { person, chat });
  sidebar.show(here.world, person, chat.id);
  showHeader();
  showCommands();
  if (same) return;
  here.following?.abort();
  here.following = new AbortController();
  here.action = here.seenAction = null;
  composer.enter(`${person}/${chat.id}`);
  timeline.clear();
  if (store().loaded) showMessages();
  const { signal } = here.following;
  follow(store(), signal, changed, connection);
  watchActions(signal);
  othersNow();
}

async function loadWorld() {
  here.world = await api.world();
  showCommands();
}

/** The commands that the bot has set for the chat one looks at. */
function showCommands() {
  const chat = here.world.chats.find((each) => each.id === here.chat?.id);
  composer.setCommands(chat?.bot_commands ?? here.world.bot_commands ?? []);
}

// ---- what is shown

function showHeader() {
  const { world, chat } = here;
  byId("title").textContent = chatName(world, chat);
  byId("chat-avatar").replaceChildren(avatar(chat, !isGroup()));
  const usual = isGroup() ? `${(chat.members?.length ?? 0) + 1} members` : "bot";
  byId("subtitle").textContent = here.connected ? here.action ?? usual : "connecting…";
  byId("subtitle").classList.toggle("active", Boolean(here.action) || !here.connected);
}

function showMessages() {
  const messages = store().list();
  timeline.show(messages, here.person, isGroup());
  showEmpty(messages.every(service));
  if (!document.hidden && (wide.matches || document.body.dataset.view === "chat")) sidebar.read.set(here.person, here.chat.id, messages);
  sidebar.showChats();
}

function showEmpty(empty) {
  byId("empty").hidden = !empty;
  if (!empty) return;
  const edit = `/edit@${here.world.bot.username}`;
  const [words, button] = isGroup()
    ? [`In a group the bot acts only when it is addressed: begin a photo's caption with ${edit}, or reply to one of its messages.`,
      el("button", { type: "button", class: "start", onclick: () => composer.write(`${edit} `) }, "Write to the bot")]
    : ["Send a photo and write as its caption what to change. The edited picture comes back.",
      el("button", { type: "button", class: "start", onclick: () => command("/start") }, "Start")];
  byId("empty").replaceChildren(avatar(here.chat, !isGroup()), el("h2", {}, chatName(here.world, here.chat)), el("p", {}, words), button,
    el("small", {}, "This is a demo: prices are as they would be, but nothing is paid, and no picture leaves this machine."));
}

function changed(added) {
  const fromOthers = added.filter((message) => message.from?.id !== here.person);
  if (fromOthers.length) lookAtActions(false).catch(() => {}); // what the bot was doing is done
  showMessages();
}

function connection(connected) {
  const back = connected && !here.connected;
  here.connected = connected;
  showHeader();
  if (back) loadWorld().then(route, () => {});
}

// ---- the server, again and again

async function watchActions(signal) {
  while (!signal.aborted) {
    if (!document.hidden && here.connected) await lookAtActions(here.seenAction !== null).catch(() => {}); // the open chat's loop says it
    await pause(ACTIONS_EVERY, signal);
  }
}

/** See whether the bot did something since the last look; the first look only notes what there was. */
async function lookAtActions(show) {
  const chat = here.chat.id;
  const last = await api.lastAction(chat);
  if (chat !== here.chat.id) return;
  const seen = last?.at ?? 0;
  const isNew = seen !== here.seenAction;
  here.seenAction = seen;
  if (show && isNew && last) {
    here.action = doing(last.action);
    here.actionUntil = performance.now() + FRESH;
  } else if (!show || performance.now() > here.actionUntil) {
    here.action = null;
  }
  showHeader();
}

async function othersNow() {
  await sidebar.refreshOthers(here.chat.id).catch(() => {}); // away for a moment: the next round asks again
  sidebar.showChats();
}

async function watchOthers() {
  for (;;) {
    await pause(OTHERS_EVERY);
    if (!here.connected) continue;
    try {
      await loadWorld();
      route();
    } catch {
      continue; // the open chat's own loop says that the server is away
    }
    await othersNow();
  }
}

// ---- what a person does

async function send(message) {
  const { chat, person } = here;
  const sent = await api.send(chat.id, { from: person, ...message });
  sidebar.store(chat.id).apply({ messages: sent.messages });
  if (chat.id !== here.chat.id) return;
  showMessages();
  timeline.toEnd();
}

/** Send a command; in a group it is addressed to the bot. */
async function command(text) {
  const addressed = isGroup() && !text.includes("@") && here.world.bot.username ? `${text}@${here.world.bot.username}` : text;
  await orSay(send({ text: addressed }));
}

async function editMessage(message, text) {
  await api.edit(here.chat.id, message.message_id, here.person, text);
}

function reply(message) {
  composer.setContext({ reply: message });
}

function jump(id) {
  if (!timeline.jump(id)) toast("That message was deleted.");
}

function open(message) {
  lightbox(photoOf(message), { caption: message.caption, name: `photo-${message.message_id}.jpg`, onPaint: () => paint(message) });
}

async function paint(message) {
  const url = photoOf(message)?.url ?? api.fileUrl(message, fileOf(message).file_id);
  const onSend = (file, caption) =>
    orSay(send({ caption, photos: [file], replyTo: message.message_id, thread: message.message_thread_id }));
  await paintOver(url, onSend).catch(() => toast("This picture can't be opened here."));
}

/** Wait for a call; if it is refused, show why. Returns whether it was taken. */
async function orSay(promise) {
  try {
    await promise;
    return true;
  } catch (error) {
    toast(error.message);
    return false;
  }
}

function openMenu(message, x, y) {
  const words = message.text ?? message.caption;
  const file = fileOf(message);
  const mine = message.from?.id === here.person && !service(message);
  const items = [
    { label: "Reply", icon: "reply", run: () => reply(message) },
    (message.photo || (file && isPictureFile(file))) && { label: "Paint over and send as reply", icon: "brush", run: () => paint(message) },
    words && { label: "Copy text", icon: "copy", run: () => copy(words) },
    mine && (words || message.photo || file) && { label: "Edit", icon: "edit", run: () => composer.setContext({ editing: message }) },
    mine && { label: "Delete", icon: "trash", danger: true, run: () => orSay(api.remove(here.chat.id, message.message_id, here.person)) },
  ];
  menu(items.filter(Boolean), { x, y }, "Message");
}

async function copy(text) {
  // The clipboard is there on https and on this machine only.
  const copied = await navigator.clipboard?.writeText(text).then(() => true, () => false);
  toast(copied ? "Copied." : "Copying is not possible here.");
}

/** Press an inline button, and show the bot's answer when it comes. */
async function press(message, button, element) {
  if (button.copy_text) return copy(button.copy_text.text);
  element.classList.add("waiting");
  try {
    const { query } = await api.press(here.chat.id, message.message_id, here.person, button.callback_data);
    const answer = await answered(query);
    if (answer?.text && answer.alert) alertDialog(answer.text, nameOf(here.world.bot));
    else if (answer?.text) toast(answer.text);
  } catch (error) {
    toast(error.message);
  } finally {
    element.classList.remove("waiting");
  }
}

async function answered(query) {
  const until = performance.now() + ANSWER_WITHIN;
  while (performance.now() < until) {
    const answer = await api.query(query, 10);
    if (answer.answered) return answer;
    await pause(250);
  }
  return null;
}

// ---- beginning

async function begin() {
  byId("back").append(icon("back"));
  byId("down").append(icon("down"));
  byId("back").addEventListener("click", () => { location.hash = String(here.person); });
  while (!here.world) await loadWorld().catch(() => pause(1000));
  window.addEventListener("hashchange", () => { route(); if (store().loaded) showMessages(); });
  document.addEventListener("visibilitychange", () => { if (store().loaded) showMessages(); });
  route();
  watchOthers();
}

begin();
