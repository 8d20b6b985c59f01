// From a message to what stands on the page. Text is built node by node: only <b> means anything in it.

const ENTITIES = { "&lt;": "<", "&gt;": ">", "&amp;": "&", "&quot;": '"', "&#x27;": "'", "&#39;": "'" };
const NUMBERS = /\+\d{1,3}[ -]?\d[\d -]{6,14}\d|\b0\d{2,3}[ -]\d{4} ?\d{3,4}\b|\b1[3-9]\d{9}\b|\b400-?\d{3}-?\d{4}\b/g;

export function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

export function icon(name) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  made.setAttribute("class", "icon");
  made.setAttribute("aria-hidden", "true");
  use.setAttribute("href", "#i-" + name);
  made.append(use);
  return made;
}

export function words(markup) {
  const text = element("div", "text");
  let place = text;
  for (const part of markup.split(/(<\/?b>)/)) {
    if (part === "<b>") {
      place = element("b");
      text.append(place);
    } else if (part === "</b>") {
      place = text;
    } else {
      place.append(...withNumbers(part.replace(/&[a-z#0-9]+;/g, (entity) => ENTITIES[entity] || entity)));
    }
  }
  return text;
}

// Telephone numbers can be tapped.
function withNumbers(text) {
  const parts = [];
  let from = 0;
  for (const match of text.matchAll(NUMBERS)) {
    const link = element("a", "", match[0]);
    link.href = "tel:" + match[0].replace(/[^\d+]/g, "");
    parts.push(text.slice(from, match.index), link);
    from = match.index + match[0].length;
  }
  parts.push(text.slice(from));
  return parts;
}

export function files(media, say, query) {
  const made = element("div", media.length > 1 ? "files many" : "files");
  for (const one of media) made.append(file(one, say, query));
  return made;
}

function file(one, say, query) {
  const url = one.url.startsWith("blob:") ? one.url : one.url + query;
  if (one.kind === "photo") {
    const picture = element("img");
    picture.src = url;
    picture.alt = say["page.chat.picture"];
    return picture;
  }
  if (one.kind === "voice") {
    const sound = element("audio");
    sound.controls = true;
    sound.preload = "metadata";
    sound.src = url;
    sound.setAttribute("aria-label", say["page.chat.audio"]);
    return sound;
  }
  const link = element("a", "", one.name || say["page.chat.document"]);
  link.href = url;
  return link;
}

export function choices(rows, tapped) {
  const made = element("div", "choices");
  for (const row of rows) {
    const line = element("div", "row");
    for (const button of row) line.append(choice(button, tapped));
    made.append(line);
  }
  return made;
}

function choice(button, tapped) {
  if (button.url) {
    const link = element("a", "choice", button.label);
    link.href = button.url;
    if (button.url.startsWith("http")) {
      link.target = "_blank"; // the chat stays where it is
      link.rel = "noopener";
    }
    return link;
  }
  const made = element("button", "choice", button.label);
  made.type = "button";
  made.onclick = () => tapped(button, made);
  return made;
}

export function mark(choicesShown, label) {
  choicesShown.classList.add("answered");
  for (const one of choicesShown.querySelectorAll("button.choice")) {
    one.classList.toggle("chosen", one.textContent === label);
  }
}
