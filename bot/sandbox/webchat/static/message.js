// One message as an element: bubble, quote, file, text, time, buttons.

import { element, formatted } from "./text.js";

export function clock(atMs) {
  return new Date(atMs).toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit" });
}

export function dayName(atMs) {
  const day = new Date(atMs), today = new Date();
  const yesterday = new Date(today); yesterday.setDate(today.getDate() - 1);
  if (day.toDateString() === today.toDateString()) return "Today";
  if (day.toDateString() === yesterday.toDateString()) return "Yesterday";
  const year = day.getFullYear() === today.getFullYear() ? undefined : "numeric";
  return day.toLocaleDateString(undefined, { day: "numeric", month: "long", year });
}

export function excerpt(message) {
  if (message.service) return message.service;
  const words = message.text.replace(/\s+/g, " ").trim();
  if (!message.file) return words;
  return words || (message.file.kind === "photo" ? "Photo" : message.file.name);
}

// `look`: { mine, named, joined } · `act`: send, copy, press, reply, goTo, show
export function messageElement(message, look, act) {
  if (message.service) {
    return element("p", { class: "service", "data-testid": "message", "data-message-id": message.id }, message.service);
  }
  const bubble = element("div", { class: "bubble" },
    look.named ? element("p", { class: `name tint-${message.from.id % 6}` }, message.from.name) : null,
    message.topic ? element("p", { class: "topic" }, message.topic) : null,
    message.reply_to ? quote(message.reply_to, act) : null,
    message.file ? file(message, act) : null,
    element("div", { class: "text", dir: "auto", "data-testid": "message-text" },
      formatted(message.text, message.entities, act)),
    meta(message, look));
  if (message.entities.some((e) => e.type === "pre")) bubble.classList.add("wide");
  if (!message.text) bubble.classList.add("textless");
  const side = look.mine ? "mine" : message.from.bot ? "bot" : "other";
  return element("article", {
    class: `message ${side}${look.joined ? " joined" : ""}`, "data-testid": "message", "data-message-id": message.id,
    "aria-label": `${look.mine ? "You" : message.from.name}, ${clock(message.at_ms)}`,
    ondblclick: (e) => { if (!e.target.closest("button, a, code, .spoiler")) act.reply(message); },
  }, element("div", { class: "stack" }, bubble, keyboard(message, act)), replyButton(message, act));
}

function quote(replied, act) {
  return element("button", {
    class: "quote", type: "button", "data-testid": "reply-quote", "aria-label": `Answer to ${replied.name}: ${replied.text}`,
    onclick: () => act.goTo(replied.id),
  }, element("b", {}, replied.name), element("span", {}, replied.text));
}

function file(message, act) {
  const { kind, url, name, bytes, size } = message.file;
  if (kind === "photo") {
    const picture = element("img", {
      src: url, alt: message.text || "Photo", width: size?.[0], height: size?.[1], "data-testid": "photo",
    });
    return element("button", { class: "photo", type: "button", "aria-label": "Open the photo", onclick: () => act.show(url, message.text) }, picture);
  }
  return element("a", { class: "document", href: url, download: name, "data-testid": "document" },
    element("span", { class: "document-icon", "aria-hidden": "true" }, (name.split(".").pop() || "file").slice(0, 4)),
    element("span", { class: "document-name" }, element("b", {}, name), element("small", {}, sizeInWords(bytes))));
}

function sizeInWords(bytes) {
  if (bytes < 1024) return `${bytes} bytes`;
  return bytes < 1024 ** 2 ? `${(bytes / 1024).toFixed(1)} KB` : `${(bytes / 1024 ** 2).toFixed(1)} MB`;
}

function meta(message, look) {
  return element("p", { class: "meta" },
    message.edited ? element("span", { class: "edited", "data-testid": "edited" }, "edited ") : null,
    element("time", { datetime: new Date(message.at_ms).toISOString(), title: new Date(message.at_ms).toLocaleString() }, clock(message.at_ms)),
    look.mine ? element("span", { class: "tick", "aria-hidden": "true" }, " ✓") : null);
}

function keyboard(message, act) {
  if (message.keyboard.length === 0) return null;
  return element("div", { class: "keyboard", role: "group", "aria-label": "Buttons" },
    ...message.keyboard.map((row, r) => element("div", { class: "keys" },
      ...row.map((button, c) => key(message, button, r, c, act)))));
}

function key(message, button, row, column, act) {
  const look = { class: `key ${button.style ?? ""}`, "data-testid": "inline-button", "data-row": row, "data-column": column };
  if (button.url) {
    const address = /^(https?|tg):/i.test(button.url) ? button.url : null;
    return element("a", { ...look, href: address, target: "_blank", rel: "noopener noreferrer" }, button.text, element("i", { "aria-hidden": "true" }, "↗"));
  }
  const press = button.copy ? () => act.copy(button.copy) : (e) => act.press(message, row, column, e.currentTarget);
  return element("button", { ...look, type: "button", onclick: press }, button.text,
    button.copy ? icon("copy-icon") : null);
}

function icon(id) {
  return document.getElementById(id).content.cloneNode(true);
}

function replyButton(message, act) {
  return element("button", {
    class: "icon-button reply", type: "button", "aria-label": "Reply", title: "Reply", "data-testid": "reply", onclick: () => act.reply(message),
  }, icon("reply-icon"));
}
