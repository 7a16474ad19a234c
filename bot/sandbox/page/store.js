// What is known of one chat, and the loop that keeps it so.

import * as api from "./api.js";
import { pause } from "./dom.js";

const WAIT_SECONDS = 25;
const LONGEST_PAUSE = 8000; // between retries while the server is away, in milliseconds

/** One chat's messages by id. `apply` merges an answer of the server. */
export class Store {
  constructor(chatId) {
    this.chatId = chatId;
    this.messages = new Map();
    this.version = 0;
    this.loaded = false;
  }

  /** Merge a change; `whole` replaces everything. Returns the messages that are new. */
  apply(change, whole = false) {
    const known = new Set(this.messages.keys());
    if (whole) this.messages.clear();
    for (const id of change.deleted ?? []) this.messages.delete(id);
    for (const message of change.messages) this.messages.set(message.message_id, message);
    if (change.version !== undefined) this.version = change.version;
    this.loaded = true;
    return change.messages.filter((message) => !known.has(message.message_id));
  }

  /** All messages, oldest first. */
  list() {
    return [...this.messages.values()].sort((a, b) => a.message_id - b.message_id);
  }

  /** Fetch what changed, or everything the first time and after the server began anew. */
  async refresh({ whole = !this.loaded, wait, signal } = {}) {
    if (whole) return this.apply(await api.messages(this.chatId, { signal }), true);
    const change = await api.messages(this.chatId, { after: this.version, wait, signal });
    if (change.version < this.version) return this.refresh({ whole: true, signal });
    return this.apply(change);
  }
}

/**
 * Follow a chat until the signal aborts: `onChange(added)` after each change, `onState(connected)`.
 * While the server is away it asks again calmly, and then takes everything anew.
 */
export async function follow(store, signal, onChange, onState) {
  let whole = true;
  let delay = 500;
  while (!signal.aborted) {
    const began = performance.now();
    try {
      const before = store.version;
      const added = await store.refresh({ whole, wait: WAIT_SECONDS, signal });
      onState(true);
      onChange(added);
      // A server that does not wait must not make this a busy loop.
      if (!whole && store.version === before && performance.now() - began < 100) await pause(1000, signal);
      whole = false;
      delay = 500;
    } catch (error) {
      if (signal.aborted) return;
      onState(false, error);
      whole = true;
      await pause(delay, signal);
      delay = Math.min(delay * 1.6, LONGEST_PAUSE);
    }
  }
}
