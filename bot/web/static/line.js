// The socket of a page: frames are kept until they are acknowledged, and sent again after every reconnection.

const ACK_SECONDS = 15;
const LONGEST_PAUSE = 10;
const KEPT_MOST = 50;

export class Line {
  constructor(path, name, on) {
    this.url = location.origin.replace(/^http/, "ws") + path;
    this.name = "ownerline.queue." + name;
    this.on = on;
    this.queue = this.kept();
    this.pause = 0.5;
    this.sent = null;
    document.addEventListener("visibilitychange", () => document.hidden || this.hurry());
    window.addEventListener("online", () => this.hurry());
    window.addEventListener("pageshow", () => this.hurry());
  }

  open() {
    clearTimeout(this.reopening);
    const socket = new WebSocket(this.url);
    this.socket = socket;
    socket.onopen = () => {
      this.pause = 0.5;
      this.on.state("online");
      this.flush();
    };
    socket.onmessage = (event) => this.hear(JSON.parse(event.data));
    socket.onclose = () => socket === this.socket && this.lost();
  }

  // Put a frame at the end of the queue; returns it with its id.
  send(frame) {
    const kept = Object.assign({ id: freshId() }, frame);
    this.queue.push(kept);
    this.keep();
    this.flush();
    return kept;
  }

  ask(frame) {
    if (this.isOpen()) this.socket.send(JSON.stringify(frame));
  }

  isOpen() {
    return Boolean(this.socket) && this.socket.readyState === WebSocket.OPEN;
  }

  // One frame at a time is on its way, so that they arrive in the order in which they were written.
  flush() {
    const next = this.queue[0];
    if (!next || this.sent || !this.isOpen()) return;
    this.sent = next.id;
    this.socket.send(JSON.stringify(next));
    this.waiting = setTimeout(() => this.socket.close(), ACK_SECONDS * 1000);
  }

  hear(frame) {
    if (frame.ack) this.settle(frame.ack, true);
    else if (frame.refused !== undefined) this.settle(frame.refused, false);
    else if (frame.retry) this.later(frame);
    else this.on.frame(frame);
  }

  settle(id, taken) {
    clearTimeout(this.waiting);
    this.sent = null;
    this.queue = this.queue.filter((frame) => frame.id !== id);
    this.keep();
    if (taken) this.on.taken(id);
    else this.on.refused(id);
    this.flush();
  }

  later(frame) {
    clearTimeout(this.waiting);
    if (frame.busy) this.on.busy();
    setTimeout(() => {
      this.sent = null;
      this.flush();
    }, frame.retry * 1000);
  }

  lost() {
    clearTimeout(this.waiting);
    this.sent = null;
    this.on.state("offline");
    this.reopening = setTimeout(() => this.open(), this.pause * (0.7 + 0.6 * Math.random()) * 1000);
    this.pause = Math.min(this.pause * 2, LONGEST_PAUSE);
  }

  hurry() {
    if (this.socket && this.socket.readyState === WebSocket.CLOSED) this.open();
  }

  // Browsers that keep nothing between visits still work: the queue then lives as long as the page.
  kept() {
    try {
      return JSON.parse(localStorage.getItem(this.name)) || [];
    } catch (error) {
      return [];
    }
  }

  keep() {
    try {
      localStorage.setItem(this.name, JSON.stringify(this.queue.slice(-KEPT_MOST)));
    } catch (error) {
      return;
    }
  }
}

export function freshId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
