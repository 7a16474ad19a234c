// The calls of the stand-in's people side; each is described in bot/sandbox/telegram/people.py.

/** A refused call. `message` is the server's one sentence. */
export class ApiError extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

async function call(path, options = {}) {
  const response = await fetch(`sandbox/${path}`, { cache: "no-store", ...options });
  const body = await response.json().catch(() => null);
  if (!response.ok) throw new ApiError(body?.error ?? `The server answered ${response.status}.`, response.status);
  if (body === null) throw new ApiError("The server's answer could not be read.", response.status);
  return body;
}

const get = (path, signal) => call(path, { signal });

const post = (path, json) =>
  call(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(json) });

export const world = () => get("world");

export const newPerson = (firstName) => post("people", { first_name: firstName });

/** All messages of a chat, or with `after` only what changed since that version. */
export function messages(chat, { after, wait, signal } = {}) {
  const query = new URLSearchParams();
  if (after !== undefined) query.set("after", after);
  if (wait !== undefined) query.set("wait", wait);
  return get(`chats/${chat}/messages${query.size ? "?" + query : ""}`, signal);
}

/** Send one message or album. `photos` and `documents` are Files; `caption` belongs to them. */
export function send(chat, { from, text, caption, photos = [], documents = [], replyTo, thread }) {
  const body = new FormData();
  for (const [name, value] of Object.entries({ from, text, caption, reply_to: replyTo, thread })) if (value) body.append(name, value);
  for (const file of photos) body.append("photo", file);
  for (const file of documents) body.append("document", file);
  return call(`chats/${chat}/messages`, { method: "POST", body });
}

export const edit = (chat, id, from, text) => post(`chats/${chat}/messages/${id}/edit`, { from, text });

export const remove = (chat, id, from) => post(`chats/${chat}/messages/${id}/delete`, { from });

export const press = (chat, id, from, data) => post(`chats/${chat}/messages/${id}/press`, { from, data });

export const query = (id, wait, signal) => get(`queries/${encodeURIComponent(id)}?wait=${wait}`, signal);

/** The newest chat action, `{action, at}`, or null. `at` is of a clock of the server's own. */
export async function lastAction(chat) {
  return (await get(`chats/${chat}/actions`)).actions.at(-1) ?? null;
}

/** Where a file's bytes are: as the message says, else the documented path. */
export function fileUrl(message, fileId) {
  const url = message.sandbox_files?.[fileId] ?? `/sandbox/files/${encodeURIComponent(fileId)}`;
  return url.replace(/^\/(?!\/)/, "");
}
