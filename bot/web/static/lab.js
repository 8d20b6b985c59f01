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
let ahead = 0;

function turnTo(slug) {
  for (const [name, tab] of tabs) {
    tab.setAttribute("aria-selected", String(name === slug));
    panes.get(name).classList.toggle("shown", name === slug);
  }
  tabs.get(slug).querySelector(".dot").hidden = true;
  panes.get(slug).scrollIntoView({ inline: "nearest", block: "nearest" });
}

function news(source) {
  for (const [slug, pane] of panes) {
    if (pane.querySelector("iframe").contentWindow !== source) continue;
    pane.classList.remove("news");
    void pane.offsetWidth;
    pane.classList.add("news");
    if (!pane.classList.contains("shown")) tabs.get(slug).querySelector(".dot").hidden = false;
  }
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
for (const button of document.querySelectorAll(".clock button")) {
  button.onclick = () => moveClock(Number(button.dataset.seconds));
}
for (const hint of document.querySelectorAll(".try button")) {
  hint.onclick = () => {
    const pane = panes.get(hint.dataset.slug);
    if (!pane) return;
    turnTo(hint.dataset.slug);
    news(pane.querySelector("iframe").contentWindow);
    const words = hint.dataset.say;
    if (words) pane.querySelector("iframe").contentWindow.postMessage({ say: words }, location.origin);
  };
}
window.addEventListener("message", (event) => {
  if (event.origin === location.origin && event.data.ownerline === "news") news(event.source);
});
setInterval(tick, 1000);
setInterval(readClock, 20000);
readClock();
