// What a person writes with: words, photos, his voice, the menu of six.

import { element, icon } from "./paint.js";
import { Recorder } from "./recorder.js";

const LONG_SIDE = 2048;
const SMALL_ENOUGH = 1200000;
const MOST_FILES = 9;

export class Composer {
  constructor(settings, on) {
    this.settings = settings;
    this.say = settings.words;
    this.on = on;
    this.form = document.getElementById("composer");
    this.field = document.getElementById("words");
    this.button = document.getElementById("send");
    this.voice = document.getElementById("voice");
    this.menu = document.getElementById("menu");
    this.fold = document.getElementById("fold");
    this.strip = document.getElementById("strip");
    this.files = [];
    this.listen();
    this.refresh();
  }

  listen() {
    this.form.onsubmit = (event) => {
      event.preventDefault();
      this.submit();
    };
    this.field.addEventListener("input", () => this.refresh());
    this.field.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
      event.preventDefault();
      this.submit();
    });
    const chooser = document.getElementById("files");
    if (!chooser) return;
    chooser.onchange = () => {
      this.add(Array.from(chooser.files));
      chooser.value = "";
    };
    this.field.addEventListener("paste", (event) => {
      if (event.clipboardData) this.add(Array.from(event.clipboardData.files));
    });
    this.fold.onclick = () => this.unfold(this.menu.hidden);
    this.recorder = new Recorder(this.form, this.say, {
      done: (sound) => this.speak(sound),
      refused: () => this.on.notice("page.chat.voice.refused"),
    });
  }

  write(text) {
    this.field.value += text;
    this.refresh();
    this.field.focus();
  }

  replace(text) {
    this.field.value = "";
    this.write(text);
  }

  refresh() {
    this.field.style.height = "auto";
    this.field.style.height = this.field.scrollHeight + 2 + "px";
    const empty = !this.field.value.trim() && !this.files.length;
    const speaks = Boolean(this.recorder && this.recorder.works);
    if (this.voice) this.voice.hidden = !(empty && speaks);
    if (this.voice) this.button.hidden = empty && speaks;
    this.button.disabled = empty || this.files.some((one) => !one.sent);
  }

  submit() {
    if (this.button.disabled) return;
    const text = this.field.value.trim();
    const media = this.files.map((one) => one.sent);
    const shown = this.files.map((one) => ({ kind: one.sent.kind, url: one.url, name: one.sent.name }));
    this.field.value = "";
    this.files = [];
    this.redraw();
    this.on.send(media.length ? { text: text, media: media } : { text: text }, shown);
  }

  async speak(sound) {
    const kept = await this.upload(sound, "voice");
    if (kept) this.on.send({ text: "", media: [kept] }, [{ kind: kept.kind, url: URL.createObjectURL(sound) }]);
  }

  add(chosen) {
    for (const file of chosen.slice(0, MOST_FILES - this.files.length)) {
      if (/^image\//.test(file.type)) this.addOne(file);
      else this.on.notice("page.chat.wrong_type");
    }
  }

  async addOne(file) {
    const one = { url: URL.createObjectURL(file), sent: null };
    this.files.push(one);
    this.redraw();
    one.sent = await this.upload(await smaller(file), file.name);
    if (!one.sent) this.files = this.files.filter((other) => other !== one);
    this.redraw();
  }

  async upload(blob, name) {
    if (blob.size > this.settings.most_bytes) return this.on.notice("page.chat.too_big");
    const form = new FormData();
    form.append("file", blob, name);
    try {
      const answer = await fetch("/chat/media" + this.settings.query, { method: "POST", body: form });
      if (answer.ok) return await answer.json();
      const reasons = { 413: "page.chat.too_big", 415: "page.chat.wrong_type", 429: "page.chat.busy" };
      return this.on.notice(reasons[answer.status] || "page.chat.failed");
    } catch (error) {
      return this.on.notice("page.chat.failed");
    }
  }

  redraw() {
    this.refresh();
    if (!this.strip) return;
    this.strip.hidden = !this.files.length;
    this.strip.textContent = "";
    for (const one of this.files) this.strip.append(this.thumb(one));
  }

  thumb(one) {
    const made = element("div", one.sent ? "thumb" : "thumb coming");
    const picture = element("img");
    picture.src = one.url;
    picture.alt = this.say["page.chat.picture"];
    const off = element("button");
    off.type = "button";
    off.setAttribute("aria-label", this.say["page.chat.remove"]);
    off.append(icon("close"));
    off.onclick = () => {
      this.files = this.files.filter((other) => other !== one);
      this.redraw();
    };
    made.append(picture, off);
    return made;
  }

  // The keyboard of six stays until another one comes.
  keyboard(labels) {
    if (!this.menu || !Array.isArray(labels)) return;
    this.menu.textContent = "";
    for (const label of labels) this.menu.append(this.key(label));
    if (this.fold.hidden) this.unfold(true);
    this.fold.hidden = false;
  }

  key(label) {
    const made = element("button");
    made.type = "button";
    const parts = label.match(/^(\p{Extended_Pictographic}\S*)\s+(.+)$/u);
    if (parts) {
      const sign = element("span", "sign", parts[1]);
      sign.setAttribute("aria-hidden", "true");
      made.append(sign);
    }
    made.append(element("span", "", parts ? parts[2] : label));
    made.onclick = () => this.on.send({ text: label }, []);
    return made;
  }

  unfold(open) {
    this.menu.hidden = !open;
    this.fold.setAttribute("aria-expanded", String(open));
  }
}

// Phones take photos of many megabytes; what a repair needs is smaller. Drawing it anew also drops its GPS.
async function smaller(file) {
  if (file.size < SMALL_ENOUGH) return file;
  const picture = new Image();
  picture.src = URL.createObjectURL(file);
  try {
    await picture.decode();
  } catch (error) {
    return file;
  }
  const scale = Math.min(1, LONG_SIDE / Math.max(picture.naturalWidth, picture.naturalHeight));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(picture.naturalWidth * scale);
  canvas.height = Math.round(picture.naturalHeight * scale);
  canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
  const drawn = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.85));
  return drawn && drawn.size < file.size ? drawn : file;
}
