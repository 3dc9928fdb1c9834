// Formatted text to elements. Text becomes text nodes only, so nothing in it can become markup.

const TAGS = {
  bold: "strong", italic: "em", underline: "u", strikethrough: "s", code: "code", pre: "pre",
  blockquote: "blockquote", expandable_blockquote: "blockquote", date_time: "time",
};
const BLOCKS = new Set(["pre", "blockquote", "expandable_blockquote"]);
const SAFE_ADDRESS = /^(https?|mailto|tg):/i;

export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

// `act` holds what a click may do: send(text), copy(text).
export function formatted(text, entities, act) {
  const root = document.createDocumentFragment();
  fill(root, text, 0, text.length, [...entities], act);
  return root;
}

function fill(parent, text, from, to, entities, act) {
  let at = from;
  while (entities.length > 0) {
    const entity = entities.shift();
    const start = Math.max(entity.offset, at);
    const end = Math.min(entity.offset + entity.length, to);
    if (start >= end) continue;
    const inner = [];
    while (entities.length > 0 && entities[0].offset < end) inner.push(entities.shift());
    const made = entityElement(entity, text.slice(start, end), act);
    fill(made, text, start, end, made.dataset.filled ? [] : inner, act);
    parent.append(text.slice(at, start), made);
    // The line ends with the block: the break behind it would make an empty line.
    at = BLOCKS.has(entity.type) && text[end] === "\n" ? end + 1 : end;
  }
  if (!parent.dataset?.filled) parent.append(text.slice(at, to));
}

function entityElement(entity, text, act) {
  switch (entity.type) {
    case "text_link": return link(entity.url);
    case "url": return link(text);
    case "bot_command":
      return element("a", { href: "#", class: "command", onclick: (e) => { e.preventDefault(); act.send(text); } });
    case "mention": case "text_mention": return element("span", { class: "mention" });
    case "spoiler": return spoiler();
    case "code": return element("code", { title: "Click to copy", onclick: () => act.copy(text) });
    case "expandable_blockquote": return expandable();
    case "date_time": return time(entity, text);
    default: return document.createElement(TAGS[entity.type] ?? "span");
  }
}

function link(address) {
  if (!SAFE_ADDRESS.test(address)) return document.createElement("span");
  return element("a", { href: address, target: "_blank", rel: "noopener noreferrer", title: address });
}

function spoiler() {
  const made = element("span", { class: "spoiler", role: "button", tabindex: "0", "aria-label": "Hidden text, press to show" });
  const show = () => { made.classList.add("shown"); made.removeAttribute("role"); made.removeAttribute("aria-label"); };
  made.addEventListener("click", show);
  made.addEventListener("keydown", (e) => { if (e.key === "Enter" || e.key === " ") { e.preventDefault(); show(); } });
  return made;
}

function expandable() {
  const made = element("blockquote", { class: "expandable", tabindex: "0", title: "Click to open or close" });
  made.addEventListener("click", (e) => { if (!e.target.closest("a")) made.classList.toggle("open"); });
  made.addEventListener("keydown", (e) => { if (e.key === "Enter") made.classList.toggle("open"); });
  return made;
}

// Shown in the reader's own time zone: that is what the entity is for.
function time(entity, text) {
  const at = new Date(entity.unix_time * 1000);
  const made = element("time", { datetime: at.toISOString(), title: at.toLocaleString() });
  const shown = inWords(at, entity.date_time_format ?? "");
  if (shown) { made.textContent = shown; made.dataset.filled = "yes"; }
  return made;
}

function inWords(at, format) {
  if (format === "r") return relative(at);
  const options = {};
  if (format.includes("w")) options.weekday = "short";
  if (format.includes("d")) options.dateStyle = "short";
  if (format.includes("D")) options.dateStyle = "long";
  if (format.includes("t")) options.timeStyle = "short";
  if (format.includes("T")) options.timeStyle = "medium";
  if (options.weekday) {
    const { weekday, ...rest } = options;
    const day = at.toLocaleDateString(undefined, { weekday });
    return Object.keys(rest).length ? `${day}, ${at.toLocaleString(undefined, rest)}` : day;
  }
  return Object.keys(options).length ? at.toLocaleString(undefined, options) : "";
}

function relative(at) {
  const seconds = (at - Date.now()) / 1000;
  const words = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });
  for (const [unit, length] of [["day", 86400], ["hour", 3600], ["minute", 60]]) {
    if (Math.abs(seconds) >= length) return words.format(Math.round(seconds / length), unit);
  }
  return words.format(Math.round(seconds), "second");
}
