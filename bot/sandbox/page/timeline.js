// The conversation: messages become units, units become bubbles, and only what changed is rebuilt.

import { bubble } from "./bubble.js";
import { service } from "./describe.js";
import { byId, day, el } from "./dom.js";

const NEAR = 60; // pixels from the end that still count as being there
const SAME_BREATH = 300; // seconds within which one sender's messages stand close together

/** Albums become one unit each; all others stand alone. */
function units(messages, me, isGroup) {
  const list = [];
  for (const message of messages) {
    const previous = list[list.length - 1];
    if (message.media_group_id && previous?.album === message.media_group_id) previous.messages.push(message);
    else list.push({ messages: [message], album: message.media_group_id, mine: message.from?.id === me });
  }
  list.forEach((unit, index) => {
    unit.first = !together(list[index - 1], unit);
    unit.last = !together(unit, list[index + 1]);
    unit.showName = isGroup && !unit.mine && unit.first;
  });
  return list;
}

function together(a, b) {
  if (!a || !b) return false;
  const [x, y] = [a.messages[0], b.messages[0]];
  if (service(x) || service(y) || day(x.date) !== day(y.date)) return false;
  const author = (message) => message.sender_chat?.id ?? message.from?.id;
  return author(x) === author(y) && y.date - x.date < SAME_BREATH;
}

/** The scrolling list of one chat. `on` is what bubbles call; see `bubble`. */
export class Timeline {
  constructor(on) {
    this.on = on;
    this.scroller = byId("scroller");
    this.list = byId("messages");
    this.down = byId("down");
    this.items = new Map(); // key → {signature, element}
    this.down.addEventListener("click", () => this.toEnd(true));
    this.scroller.addEventListener("scroll", () => { this.atEnd = this.isAtEnd(); this.showDown(); }, { passive: true });
    this.atEnd = true;
    // The end stays in sight when the keyboard opens or the composer grows.
    new ResizeObserver(() => { if (this.atEnd) this.toEnd(); }).observe(this.scroller);
    new ResizeObserver(() => { if (this.atEnd) this.toEnd(); }).observe(this.list);
  }

  isAtEnd() {
    return this.scroller.scrollHeight - this.scroller.scrollTop - this.scroller.clientHeight < NEAR;
  }

  showDown() {
    this.down.hidden = this.atEnd;
  }

  /** Scroll to the newest message. */
  toEnd(smooth = false) {
    this.scroller.scrollTo({ top: this.scroller.scrollHeight, behavior: smooth ? "smooth" : "instant" });
    this.atEnd = true;
    this.showDown();
  }

  /** Forget everything: another chat is shown. */
  clear() {
    this.items.clear();
    this.list.replaceChildren();
    this.atEnd = true;
    this.showDown();
  }

  /** Show these messages; stay at the end if we were there, else stay where we are. */
  show(messages, me, isGroup) {
    const stay = this.atEnd;
    const wanted = [];
    let lastDay = null;
    for (const unit of units(messages, me, isGroup)) {
      const today = day(unit.messages[0].date);
      if (today !== lastDay) wanted.push(this.item(`day ${today}`, today, () => el("li", { class: "service day" }, el("span", {}, today))));
      lastDay = today;
      const signature = JSON.stringify(unit);
      wanted.push(this.item(`message ${unit.messages[0].message_id}`, signature, () => bubble(unit, this.on)));
    }
    this.reconcile(wanted);
    if (stay) this.toEnd();
  }

  item(key, signature, make) {
    const known = this.items.get(key);
    if (known?.signature === signature) return { key, ...known };
    return { key, signature, element: make() };
  }

  reconcile(wanted) {
    const keep = new Set(wanted.map((each) => each.element));
    for (const child of [...this.list.children]) if (!keep.has(child)) child.remove();
    wanted.forEach(({ element }, index) => {
      if (this.list.children[index] !== element) this.list.insertBefore(element, this.list.children[index] ?? null);
    });
    this.items = new Map(wanted.map(({ key, signature, element }) => [key, { signature, element }]));
  }

  /** Scroll to a message and light it up for a moment. */
  jump(id) {
    const target = this.list.querySelector(`[data-message="${Number(id)}"]`);
    if (!target) return false;
    target.scrollIntoView({ block: "center", behavior: "smooth" });
    const item = target.closest("li");
    item.classList.remove("flash");
    void item.offsetWidth; // restarts the animation
    item.classList.add("flash");
    return true;
  }
}
