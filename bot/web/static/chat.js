// A chat page, or the demo's plain phone: the log, the composer, and the line between them and the service.

import { Composer } from "./composer.js";
import { Line } from "./line.js";
import { Log } from "./log.js";

const settings = JSON.parse(document.body.dataset.settings);
const say = settings.words;
const state = document.getElementById("state");
const toast = document.getElementById("toast");
const earlier = document.getElementById("earlier");
let welcomed = false;
let hiding;

const line = new Line("/chat/ws" + settings.query, settings.page, {
  state: showState,
  frame: hear,
  taken: () => undefined,
  refused: (id) => log.complain(id, "failed", "page.chat.refused"),
  busy: () => notice("page.chat.busy"),
});

const log = new Log(settings, { tap: (tap, message) => line.send({ tap: tap, message: message }) });

const composer = new Composer(settings, {
  send: (frame, media) => log.wait(line.send(frame), media),
  notice: notice,
});

function hear(frame) {
  if (frame.earlier) {
    log.showEarlier(frame.earlier);
    earlier.hidden = !frame.more;
  } else if (frame.toast) {
    show(frame.toast, frame.alert);
  } else if (frame.messages) {
    take(frame);
  }
}

function take(frame) {
  const whole = frame.more !== undefined;
  if (whole && !welcomed) earlier.hidden = !frame.more;
  const first = log.first();
  const known = frame.messages.filter((one) => !first || one.id >= Number(first.dataset.id));
  log.show(known, welcomed);
  for (const message of known) if (message.keyboard) keyboard(message.keyboard);
  if (whole && !welcomed) welcome(frame.messages.length === 0);
  else if (known.some((one) => !one.mine)) tellLab("news");
}

// A code that was scanned, or a page that nobody has spoken on yet, begins the conversation by itself.
function welcome(fresh) {
  welcomed = true;
  document.body.classList.add("ready");
  for (const frame of line.queue) log.wait(frame);
  changeLanguage(fresh);
  if (settings.kind === "phone") return;
  if (settings.start || (fresh && !line.queue.length)) line.send({ start: settings.start });
  if (settings.start) history.replaceState(null, "", location.pathname + settings.query);
}

// Whoever turns the page into another language wants to be answered in it, too.
function changeLanguage(fresh) {
  const before = recall("language." + settings.page);
  remember("language." + settings.page, settings.language);
  if (fresh || !before || before === settings.language || settings.kind === "phone") return;
  log.wait(line.send({ text: "/language " + settings.language.replace("-", "_") }));
}

function keyboard(labels) {
  composer.keyboard(labels);
  remember("menu." + settings.page, JSON.stringify(labels));
}

function showState(name) {
  state.textContent = say["page.chat." + name];
  state.classList.toggle("on", name === "online");
  state.classList.toggle("off", name === "offline");
  state.parentElement.parentElement.classList.toggle("troubled", name !== "online");
}

function notice(key) {
  show(say[key], false);
  return null;
}

function show(text, alert) {
  clearTimeout(hiding);
  toast.textContent = text;
  toast.classList.toggle("alert", Boolean(alert));
  toast.setAttribute("role", alert ? "alert" : "status");
  toast.hidden = false;
  hiding = setTimeout(() => (toast.hidden = true), alert ? 9000 : 1200 + 80 * text.length);
}

function tellLab(what) {
  if (window.parent !== window) window.parent.postMessage({ ownerline: what }, location.origin);
}

function remember(name, value) {
  try {
    localStorage.setItem("ownerline." + name, value);
  } catch (error) {
    return;
  }
}

function recall(name) {
  try {
    return localStorage.getItem("ownerline." + name);
  } catch (error) {
    return null;
  }
}

function large(on) {
  document.documentElement.classList.toggle("large", on);
  document.getElementById("large").setAttribute("aria-pressed", String(on));
  composer.refresh();
  log.settle();
}

function prepareChat() {
  const zoom = document.getElementById("zoom");
  const letters = document.getElementById("large");
  const close = () => (zoom.hidden = true);
  zoom.onclick = close;
  document.addEventListener("keydown", (event) => event.key === "Escape" && close());
  document.getElementById("log").addEventListener("click", (event) => {
    if (event.target.tagName !== "IMG") return;
    zoom.querySelector("img").src = event.target.src;
    zoom.hidden = false;
    zoom.querySelector("button").focus();
  });
  letters.onclick = () => {
    const on = letters.getAttribute("aria-pressed") !== "true";
    large(on);
    remember("large", on ? "yes" : "");
  };
  if (recall("large") && !settings.query) large(true);
  keyboard(JSON.parse(recall("menu." + settings.page) || "null"));
}

function preparePhone() {
  document.getElementById("clear").onclick = () => composer.replace(composer.field.value.slice(0, -1));
  document.getElementById("keys").onclick = (event) => {
    const key = event.target.closest("button");
    if (key) composer.write(key.dataset.key);
  };
}

if (settings.kind === "phone") preparePhone();
else prepareChat();
earlier.onclick = () => log.first() && line.ask({ before: Number(log.first().dataset.id) });
window.addEventListener("message", (event) => {
  if (event.origin === location.origin && event.data.say) composer.replace(event.data.say);
});
window.addEventListener("focus", () => tellLab("here"));
line.open();
