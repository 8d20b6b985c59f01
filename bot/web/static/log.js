// The log: messages in order, what waits to be sent below them, days and hours between.

import { choices, element, files, mark, words } from "./paint.js";

const GAP_SECONDS = 5 * 60;
const NEAR_THE_END = 120;

export class Log {
  constructor(settings, on) {
    this.say = settings.words;
    this.settings = settings;
    this.on = on;
    this.place = document.getElementById("log");
    this.list = document.getElementById("messages");
    this.pending = document.getElementById("pending");
    this.newer = document.getElementById("newer");
    this.shown = new Map();
    this.chosen = new Map();
    this.revisions = new Map();
    this.echoes = new Map();
    this.began = false;
    const format = (options) =>
      new Intl.DateTimeFormat(settings.language, Object.assign({ timeZone: settings.zone }, options));
    this.clock = format({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
    this.date = format({ month: "long", day: "numeric" });
    this.newer.onclick = () => this.toEnd();
    this.place.addEventListener("scroll", () => {
      this.stuck = this.isAtEnd();
      if (this.stuck) this.newer.hidden = true;
    });
    this.stuck = true;
    this.list.addEventListener("load", () => this.settle(), true);
    if (window.ResizeObserver) new ResizeObserver(() => this.settle()).observe(this.place);
    else window.addEventListener("resize", () => this.settle());
  }

  first() {
    return this.list.querySelector(".message");
  }

  // Show messages that are new or changed; `arriving` when they came after the page was opened.
  show(messages, arriving) {
    const stay = this.isAtEnd() || !this.began;
    for (const message of messages) this.put(message, arriving);
    this.began = true;
    this.days();
    this.stuck = stay || messages.some((message) => message.mine);
    if (this.stuck) this.toEnd();
    else this.newer.hidden = false;
  }

  showEarlier(messages) {
    const height = this.place.scrollHeight - this.place.scrollTop;
    for (const message of messages) this.put(message, false);
    this.days();
    this.place.scrollTop = this.place.scrollHeight - height;
  }

  put(message, arriving) {
    if (message.frame) this.settled(message.frame);
    const known = this.shown.get(message.id);
    const made = this.message(message);
    if (known) {
      known.replaceWith(made);
      made.classList.add("changed");
    } else {
      if (arriving) made.classList.add("fresh");
      this.list.insertBefore(made, this.after(message.id));
    }
    this.shown.set(message.id, made);
    this.revisions.set(message.id, message.revision);
    if (message.tapped) this.chosen.set(message.tapped.of, message.tapped);
    if (message.tapped) this.echoes.set(made, message.tapped);
    this.choose(message.tapped ? message.tapped.of : message.id);
    this.thin();
  }

  // A tap is repeated among the messages until what was tapped has itself changed: then that says it better, and
  // the card stays in sight.
  thin() {
    for (const [echo, tapped] of this.echoes) {
      const now = this.revisions.get(tapped.of);
      echo.hidden = now !== undefined && now > tapped.revision;
    }
  }

  after(id) {
    const last = this.list.lastElementChild;
    if (!last || Number(last.dataset.id) < id) return null;
    return Array.from(this.list.children).find((one) => Number(one.dataset.id) > id) || null;
  }

  message(message) {
    const made = this.bubble(message);
    made.dataset.id = message.id;
    made.dataset.at = message.at;
    if (message.rows && this.settings.kind !== "phone") {
      made.append(choices(message.rows, (button, pressed) => this.tapped(message, button, pressed)));
    }
    return made;
  }

  bubble(message) {
    const made = element("article", message.mine ? "message mine" : "message");
    const bubble = element("div", "bubble");
    const whose = this.say[message.mine ? "page.chat.mine" : "page.chat.theirs"];
    bubble.append(element("span", "unseen", whose + " "));
    if (message.media && message.media.length) {
      bubble.append(files(message.media, this.say, this.settings.query));
      if (!message.text) bubble.classList.add("bare");
    }
    if (message.text) bubble.append(words(message.text));
    made.append(bubble);
    return made;
  }

  tapped(message, button, pressed) {
    const shown = pressed.closest(".choices");
    if (shown.dataset.resting) return;
    shown.dataset.resting = "yes";
    setTimeout(() => delete shown.dataset.resting, 1200);
    mark(shown, button.label);
    this.on.tap(button.tap, message.id);
  }

  // A choice stays marked until its message changes.
  choose(id) {
    const tapped = this.chosen.get(id);
    if (!tapped || tapped.revision !== this.revisions.get(id)) return;
    const shown = this.shown.get(id).querySelector(".choices");
    if (shown) mark(shown, tapped.label);
  }

  // What was written but not acknowledged yet.
  wait(frame, media) {
    if (frame.tap || frame.start !== undefined) return;
    const text = (frame.text || "").replace(/&/g, "&amp;").replace(/</g, "&lt;");
    const made = this.bubble({ mine: true, text: text, media: media || [] });
    made.dataset.frame = frame.id;
    made.append(element("p", "trouble"));
    this.pending.append(made);
    setTimeout(() => this.complain(frame.id, "waiting", "page.chat.waiting"), 2500);
    this.stuck = true;
    this.toEnd();
  }

  complain(id, state, key) {
    const made = this.waiting(id);
    if (!made || made.classList.contains("failed")) return;
    made.classList.add(state);
    made.querySelector(".trouble").textContent = this.say[key];
    this.settle();
  }

  settled(id) {
    const made = this.waiting(id);
    if (made) made.remove();
  }

  waiting(id) {
    return Array.from(this.pending.children).find((one) => one.dataset.frame === id);
  }

  days() {
    for (const old of this.list.querySelectorAll(".day")) old.remove();
    let last = null;
    for (const made of Array.from(this.list.children)) {
      const at = new Date(made.dataset.at);
      if (!last || at - last > GAP_SECONDS * 1000 || at < last) {
        const line = element("p", "day", this.moment(at));
        line.dataset.id = Number(made.dataset.id) - 0.5;
        this.list.insertBefore(line, made);
      }
      last = at;
    }
  }

  moment(at) {
    const now = this.list.lastElementChild ? new Date(this.list.lastElementChild.dataset.at) : new Date();
    const day = this.date.format(at);
    const clock = this.clock.format(at);
    return day === this.date.format(now) ? clock : day + " " + clock;
  }

  isAtEnd() {
    return this.place.scrollHeight - this.place.scrollTop - this.place.clientHeight < NEAR_THE_END;
  }

  // Whoever was reading the newest goes on reading the newest when sizes change.
  settle() {
    if (this.stuck) this.toEnd();
  }

  toEnd() {
    this.newer.hidden = true;
    this.place.scrollTop = this.place.scrollHeight;
  }
}
