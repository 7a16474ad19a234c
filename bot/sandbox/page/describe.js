// A message in a few words: for the chat list, quotes and service lines.

import { nameOf } from "./dom.js";

const names = (users) => users.map(nameOf).join(", ");

const SERVICE = {
  new_chat_members: (m) =>
    m.new_chat_members.length === 1 && m.new_chat_members[0].id === m.from?.id
      ? `${nameOf(m.from)} joined the group`
      : `${nameOf(m.from ?? m.chat)} added ${names(m.new_chat_members)}`,
  left_chat_member: (m) =>
    m.left_chat_member.id === m.from?.id
      ? `${nameOf(m.from)} left the group`
      : `${nameOf(m.from ?? m.chat)} removed ${nameOf(m.left_chat_member)}`,
  new_chat_title: (m) => `The group is now called “${m.new_chat_title}”`,
  group_chat_created: (m) => `${nameOf(m.from ?? m.chat)} created the group`,
  supergroup_chat_created: () => "The group was created",
  migrate_to_chat_id: () => "The group became a supergroup",
  migrate_from_chat_id: () => "The group became a supergroup",
  pinned_message: (m) => `${nameOf(m.from ?? m.chat)} pinned “${summary(m.pinned_message)}”`,
  forum_topic_created: (m) => `Topic “${m.forum_topic_created.name}” was created`,
};

/** The centred line of a service message, or null for an ordinary one. */
export function service(message) {
  const key = Object.keys(SERVICE).find((name) => message[name] !== undefined);
  return key ? SERVICE[key](message) : null;
}

/** The file a message carries that is not a photo, if any: a Document or what is shown like one. */
export function fileOf(message) {
  const { document, animation, video, audio, voice, video_note: note } = message;
  return document ?? animation ?? video ?? audio ?? voice ?? note ?? null;
}

/** One line that stands for a message. */
export function summary(message) {
  const words = message.text ?? message.caption;
  if (words) return words.replace(/\s+/g, " ");
  if (message.photo) return "Photo";
  if (message.sticker) return `${message.sticker.emoji ?? ""} Sticker`.trim();
  const file = fileOf(message);
  if (file) return file.file_name ?? "File";
  return service(message) ?? "Message";
}

const DOING = {
  typing: "typing…",
  upload_photo: "sending a photo…",
  upload_document: "sending a file…",
  upload_video: "sending a video…",
  choose_sticker: "choosing a sticker…",
};

/** A chat action as the header says it. */
export const doing = (action) => DOING[action] ?? "busy…";
