// The lab: tabs on a small screen, hints, and the clock of the demo.

const settings = JSON.parse(document.body.dataset.settings);
const say = settings.words;
const shown = document.getElementById("now");
const notice = document.getElementById("notice");
const panes = new Map(Array.from(document.querySelectorAll(".pane"), (pane) => [pane.dataset.slug, pane]));
const tabs = new Map(Array.from(document.querySelectorAll(".tabs button"), (tab) => [tab.dataset.slug, tab]));
const format = new Intl.DateTimeFormat(settings.language, {
  timeZone: settings.zone,
  month: "short",
  day: "numeric",
  weekday: "short",
  hour: "2-digit",
  minute: "2-digit",
  hourCycle: "h23",
});
const small = window.matchMedia("(max-width: 760px)");
let ahead = 0;
let begun = false;
let latest = "";

function turnTo(slug) {
  for (const [name, tab] of tabs) {
    tab.setAttribute("aria-selected", String(name === slug));
    panes.get(name).classList.toggle("shown", name === slug);
  }
  mark(slug, false);
  panes.get(slug).scrollIntoView({ inline: "nearest", block: "nearest" });
}

function point(pane) {
  pane.classList.remove("news");
  void pane.offsetWidth;
  pane.classList.add("news");
}

// What happens in a pane: "here" when somebody turns to it, "news" when something arrives. News stay marked until
// then; what everybody is greeted with is none.
function hear(what, source) {
  const pane = Array.from(panes.values()).find((one) => one.querySelector("iframe").contentWindow === source);
  if (!pane) return;
  const slug = pane.dataset.slug;
  if (what === "here") {
    begun = true;
    latest = slug;
    mark(slug, false);
  } else if (begun) {
    point(pane);
    mark(slug, small.matches ? !pane.classList.contains("shown") : slug !== latest);
  }
}

function mark(slug, isNew) {
  panes.get(slug).classList.toggle("unread", isNew);
  for (const dot of [panes.get(slug), tabs.get(slug)]) dot.querySelector(".dot").hidden = !isNew;
}

function tick() {
  shown.textContent = format.format(new Date(Date.now() + ahead));
}

function setClock(answer) {
  ahead = new Date(answer.at) - Date.now();
  tick();
}

function tell(key) {
  notice.textContent = key ? say[key] : "";
  notice.hidden = !key;
}

async function readClock() {
  try {
    const answer = await fetch("/lab/clock");
    if (answer.ok) setClock(await answer.json());
  } catch (error) {
    return;
  }
}

async function moveClock(seconds) {
  begun = true;
  latest = "";
  const buttons = document.querySelectorAll(".clock button");
  for (const button of buttons) button.disabled = true;
  tell("lab.clock.moving");
  try {
    const body = JSON.stringify({ seconds: seconds });
    const answer = await fetch("/lab/clock", { method: "POST", body: body });
    if (!answer.ok) throw new Error(answer.status);
    setClock(await answer.json());
    tell("");
  } catch (error) {
    tell("lab.clock.failed");
  }
  for (const button of buttons) button.disabled = false;
}

for (const [slug, tab] of tabs) tab.onclick = () => turnTo(slug);
for (const [slug, pane] of panes) pane.addEventListener("pointerenter", () => mark(slug, false));
for (const button of document.querySelectorAll(".clock button")) {
  button.onclick = () => moveClock(Number(button.dataset.seconds));
}
for (const hint of document.querySelectorAll(".try button")) {
  hint.onclick = () => {
    const pane = panes.get(hint.dataset.slug);
    if (!pane) return;
    turnTo(hint.dataset.slug);
    point(pane);
    const words = hint.dataset.say;
    if (words) pane.querySelector("iframe").contentWindow.postMessage({ say: words }, location.origin);
  };
}
window.addEventListener("message", (event) => {
  if (event.origin === location.origin && event.data.ownerline) hear(event.data.ownerline, event.source);
});
setInterval(tick, 1000);
setInterval(readClock, 20000);
readClock();
