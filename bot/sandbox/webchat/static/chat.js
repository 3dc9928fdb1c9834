// The page: state from the event stream, one open chat, what the visitor does.

import { element } from "./text.js";
import { clock, dayName, excerpt, messageElement } from "./message.js";

const byId = (id) => document.getElementById(id);
const query = new URLSearchParams(location.search); // as: who sits here · start: what a link brings along
const state = { chats: new Map(), open: null, visitor: null, bot: {}, replyTo: null, seen: new Map(), online: false };
const pressed = new Map();        // press id → the button that waits for its answer
const early = new Map();          // answers that came before the response of the press
const PRESS_GIVES_UP_MS = 15_000; // like the real apps: the progress bar ends without an answer
const TYPING_LASTS_MS = 5_000;
const JOINED_WITHIN_MS = 5 * 60_000;
let typingTimer, toastTimer, belowCount = 0, wasAtEnd = true, lastTop = 0;

// What happens, as the server tells it.

function listen() {
  const stream = new EventSource(`/page/events?as=${encodeURIComponent(query.get("as") ?? "")}`);
  const on = (name, handle) => stream.addEventListener(name, (e) => handle(JSON.parse(e.data)));
  on("state", takeState);
  on("message", ({ chat, message }) => takeMessage(chat, message));
  on("deleted", ({ chat, message }) => takeDeletion(chat, message.id));
  on("typing", ({ chat }) => showTyping(chat));
  on("answer", takeAnswer);
  stream.addEventListener("open", () => setOnline(true));
  stream.addEventListener("error", () => {
    setOnline(false);
    // The browser reconnects by itself, unless the server answered with an error.
    if (stream.readyState === EventSource.CLOSED) setTimeout(listen, 1000);
  });
}

function takeState(told) {
  const first = state.chats.size === 0;
  state.visitor = told.visitor;
  state.bot = told.bot;
  state.chats = new Map(told.chats.map((chat) => [chat.id, { ...chat, messages: new Map(chat.messages.map((m) => [m.id, m])) }]));
  for (const chat of state.chats.values()) {
    if (first && !state.seen.has(chat.id)) state.seen.set(chat.id, newestId(chat));
  }
  if (!state.chats.has(state.open)) state.open = state.chats.keys().next().value ?? null;
  showHint(told.hint);
  showPeople(told.people);
  showChat();
  document.documentElement.dataset.ready = "yes";
}

function takeMessage(chatId, message) {
  const chat = state.chats.get(chatId);
  if (!chat) return;
  const known = chat.messages.has(message.id);
  chat.messages.set(message.id, message);
  if (chatId === state.open) {
    const stay = !following();
    if (message.from.bot && !known) hideTyping();
    if (known) replaceElement(chat, message); else appendElement(chat, message, "fresh");
    if (!stay || (message.from.id === state.visitor && !known)) scrollToEnd(known ? "instant" : "smooth");
    else if (!known) { belowCount += 1; showToEnd(); }
    markSeen(chat);
  }
  showList();
}

function takeDeletion(chatId, messageId) {
  const chat = state.chats.get(chatId);
  if (!chat?.messages.delete(messageId)) return;
  if (chatId === state.open) showMessages(chat, { keepPlace: true });
  showList();
}

function takeAnswer({ press, text, alert }) {
  const key = pressed.get(press);
  if (!key) { early.set(press, { press, text, alert }); return; }
  stopWaiting(press);
  if (!text) return;
  if (alert) showAlert(text); else toast(text);
}

// What the visitor does.

async function post(path, body) {
  const answer = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(answer.status < 500 ? await answer.text() : "The sandbox has a problem");
  return answer.json();
}

async function send(text) {
  if (!text.trim() || state.open === null) return false;
  const replyTo = state.replyTo?.id;
  reply(null);
  try {
    await post("/page/say", { as: state.visitor, chat: state.open, text, reply_to: replyTo });
    return true;
  } catch (e) {
    toast(e instanceof TypeError ? "Not sent: no connection" : e.message);
    return false;
  }
}

async function press(message, row, column, key) {
  if (key.dataset.waiting) return;
  key.dataset.waiting = "yes";
  key.setAttribute("aria-busy", "true");
  try {
    const { press: id } = await post("/page/press", { as: state.visitor, chat: state.open, message: message.id, row, column });
    pressed.set(id, { message: message.id, row, column, key });
    setTimeout(() => stopWaiting(id), PRESS_GIVES_UP_MS);
    if (early.has(id)) { takeAnswer(early.get(id)); early.delete(id); }
  } catch (e) {
    release(key);
    toast(e instanceof TypeError ? "No connection" : e.message);
  }
}

function stopWaiting(id) {
  const waiting = pressed.get(id);
  pressed.delete(id);
  if (!waiting) return;
  release(waiting.key);
  const now = elementOf(waiting.message)?.querySelector(`.key[data-row="${waiting.row}"][data-column="${waiting.column}"]`);
  if (now) release(now);
}

function release(key) {
  delete key.dataset.waiting;
  key.removeAttribute("aria-busy");
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    toast("Copied");
  } catch {
    toast("The browser does not allow copying");
  }
}

function reply(message) {
  state.replyTo = message;
  byId("replying").hidden = !message;
  if (!message) return;
  byId("replying-to").replaceChildren(element("b", {}, message.from.name), element("span", {}, excerpt(message)));
  byId("input").focus();
}

function goTo(id) {
  const target = elementOf(id);
  if (!target) { toast("The message is gone"); return; }
  target.scrollIntoView({ block: "center", behavior: calm() ? "instant" : "smooth" });
  target.classList.remove("found");
  requestAnimationFrame(() => target.classList.add("found"));
}

function showPhoto(url, text) {
  byId("viewer-photo").src = url;
  byId("viewer-photo").alt = text || "Photo";
  byId("viewer").showModal();
}

const act = { send, copy, press, reply, goTo, show: showPhoto };

// What is shown.

function showChat() {
  const chat = state.chats.get(state.open);
  byId("chat").classList.toggle("empty", !chat);
  if (!chat) { showList(); return; }
  byId("title").textContent = chat.title;
  byId("avatar").textContent = initial(chat.title);
  byId("avatar").className = `avatar ${chat.private ? "of-bot" : "of-group"}`;
  byId("input").setAttribute("aria-label", `Message to ${chat.title}`);
  showSubtitle();
  showMessages(chat, { keepPlace: byId("messages").dataset.chat === chat.id && !following() });
  showMenuButton(chat);
  markSeen(chat);
  showList();
}

function showMessages(chat, { keepPlace }) {
  const list = byId("messages"), scroll = byId("scroll"), place = scroll.scrollTop;
  list.dataset.chat = chat.id;
  list.replaceChildren();
  for (const message of chat.messages.values()) appendElement(chat, message);
  if (chat.messages.size === 0) list.append(emptyChat());
  if (keepPlace) scroll.scrollTop = place; else scrollToEnd("instant");
}

function emptyChat() {
  return element("div", { class: "nothing" },
    element("p", {}, "Nothing here yet."),
    element("button", { type: "button", class: "plain", "data-testid": "start", onclick: () => send(`/start ${query.get("start") ?? ""}`) }, "Start"));
}

function appendElement(chat, message, extra) {
  const list = byId("messages");
  list.querySelector(".nothing")?.remove();
  const before = previous(chat, message);
  if (!before || dayName(before.at_ms) !== dayName(message.at_ms)) {
    list.append(element("p", { class: "day" }, element("span", {}, dayName(message.at_ms))));
  }
  const made = messageElement(message, lookOf(chat, message, before), act);
  if (extra) made.classList.add(extra);
  list.append(made);
}

function replaceElement(chat, message) {
  const old = elementOf(message.id);
  const made = messageElement(message, lookOf(chat, message, previous(chat, message)), act);
  for (const waiting of pressed.values()) {
    if (waiting.message !== message.id) continue;
    const key = made.querySelector(`.key[data-row="${waiting.row}"][data-column="${waiting.column}"]`);
    if (key) { key.dataset.waiting = "yes"; key.setAttribute("aria-busy", "true"); }
  }
  old?.replaceWith(made);
}

function lookOf(chat, message, before) {
  const joined = Boolean(before) && !before.service && before.from.id === message.from.id
    && message.at_ms - before.at_ms < JOINED_WITHIN_MS && dayName(before.at_ms) === dayName(message.at_ms);
  const mine = message.from.id === state.visitor;
  return { mine, joined, named: !chat.private && !mine && !joined };
}

function previous(chat, message) {
  let before = null;
  for (const one of chat.messages.values()) {
    if (one.id === message.id) return before;
    before = one;
  }
  return before;
}

function showList() {
  const chats = [...state.chats.values()].sort((a, b) => lastAt(b) - lastAt(a));
  byId("chat-list").replaceChildren(...chats.map(listItem));
  const others = chats.filter((chat) => chat.id !== state.open).reduce((sum, chat) => sum + unread(chat), 0);
  showBadge(byId("others-unread"), others);
  document.title = (others ? `(${others}) ` : "") + "balance-bot demo";
}

function listItem(chat) {
  const last = [...chat.messages.values()].pop();
  const count = unread(chat);
  const badge = element("span", { class: "badge", "data-testid": "unread", "aria-label": `${count} unread`, hidden: count === 0 }, String(count));
  return element("li", {},
    element("button", {
      type: "button", class: "chat-item", "data-testid": "chat-list-item", "data-chat-id": chat.id,
      "aria-current": chat.id === state.open ? "true" : null, onclick: () => openChat(chat.id),
    },
      element("span", { class: `avatar ${chat.private ? "of-bot" : "of-group"}`, "aria-hidden": "true" }, initial(chat.title)),
      element("span", { class: "chat-title" }, chat.title),
      element("time", { class: "chat-time" }, last ? clock(last.at_ms) : ""),
      element("span", { class: "chat-last" }, last ? lastWords(chat, last) : "No messages yet"),
      badge));
}

function lastWords(chat, last) {
  if (last.from.id === state.visitor) return `You: ${excerpt(last)}`;
  return chat.private || last.service ? excerpt(last) : `${last.from.name}: ${excerpt(last)}`;
}

function openChat(id) {
  state.open = id;
  reply(null);
  closeMenu();
  hideTyping();
  byId("app").dataset.view = "chat";
  byId("messages").dataset.chat = "";
  showChat();
  if (matchMedia("(min-width: 760px)").matches) byId("input").focus();
}

function showSubtitle(text) {
  const chat = state.chats.get(state.open);
  if (!chat) return;
  byId("subtitle").textContent = !state.online ? "connecting…" : text ?? (chat.private ? "bot" : `${chat.members} members`);
  byId("subtitle").classList.toggle("busy", Boolean(text) && state.online);
}

function showTyping(chatId) {
  if (chatId !== state.open) return;
  const follow = following();
  byId("typing").hidden = false;
  showSubtitle("typing…");
  if (follow) scrollToEnd("smooth");
  clearTimeout(typingTimer);
  typingTimer = setTimeout(hideTyping, TYPING_LASTS_MS);
}

function hideTyping() {
  clearTimeout(typingTimer);
  byId("typing").hidden = true;
  showSubtitle();
}

function showHint(hint) {
  const line = byId("hint");
  line.hidden = !hint;
  const parts = (hint ?? "").split(/((?<![\w/])\/[a-z0-9_]+)/i);
  line.replaceChildren(...parts.map((part, i) => i % 2 === 0 ? part
    : element("button", { type: "button", class: "hint-command", onclick: () => send(part) }, part)));
}

function showPeople(people) {
  byId("people").hidden = people.length < 2;
  byId("people").replaceChildren("You are", ...people.map((one) => one.id === state.visitor
    ? element("b", {}, one.name) : element("a", { href: `/?as=${one.id}` }, one.name)));
}

function toast(text) {
  const shown = byId("toast");
  shown.textContent = text;
  shown.hidden = false;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => { shown.hidden = true; }, Math.max(3000, text.length * 60));
}

function showAlert(text) {
  byId("alert-text").textContent = text;
  if (!byId("alert").open) byId("alert").showModal();
}

function setOnline(online) {
  state.online = online;
  showSubtitle();
}

// Places in the scroll, and what is unread.

function atEnd() {
  const scroll = byId("scroll");
  return scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 60;
}

// Whether new messages are to scroll into view: yes at the end and on the way there, until the
// reader goes up.
function following() {
  const top = byId("scroll").scrollTop;
  if (top < lastTop || atEnd()) wasAtEnd = atEnd();
  lastTop = top;
  return wasAtEnd;
}

function scrollToEnd(behavior) {
  const scroll = byId("scroll");
  wasAtEnd = true; // also while a smooth scroll is still on its way
  scroll.scrollTo({ top: scroll.scrollHeight, behavior: calm() ? "instant" : behavior });
  belowCount = 0;
  showToEnd();
}

function showToEnd() {
  byId("to-end").hidden = atEnd() || belowCount === 0 && byId("scroll").scrollHeight - byId("scroll").scrollTop - byId("scroll").clientHeight < 300;
  showBadge(byId("new-below"), belowCount);
}

function showBadge(badge, count) {
  badge.hidden = count === 0;
  badge.textContent = count > 99 ? "99+" : String(count);
}

function isLookedAt() {
  const phone = matchMedia("(max-width: 759px)").matches;
  return document.visibilityState === "visible" && (!phone || byId("app").dataset.view === "chat");
}

function markSeen(chat) {
  if (isLookedAt()) state.seen.set(chat.id, newestId(chat));
}

function unread(chat) {
  const seen = state.seen.get(chat.id) ?? 0;
  return [...chat.messages.values()].filter((m) => m.id > seen && m.from.id !== state.visitor).length;
}

const newestId = (chat) => Math.max(0, ...chat.messages.keys());
const lastAt = (chat) => [...chat.messages.values()].pop()?.at_ms ?? 0;
const initial = (title) => ([...title.trim()][0] ?? "?").toUpperCase();
const elementOf = (id) => byId("messages").querySelector(`[data-message-id="${Number(id)}"]`);
const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

// The menu of commands.

function showMenuButton(chat) {
  byId("menu-button").hidden = chat.commands.length === 0;
}

function openMenu(beginning = "") {
  const commands = (state.chats.get(state.open)?.commands ?? []).filter((c) => `/${c.command}`.startsWith(beginning));
  if (commands.length === 0) { closeMenu(); return; }
  byId("menu").replaceChildren(...commands.map((c) => element("li", {},
    element("button", { type: "button", "data-testid": "menu-item", onclick: () => { closeMenu(); clearInput(); send(`/${c.command}`); } },
      element("b", {}, `/${c.command}`), element("span", {}, c.description)))));
  byId("menu").hidden = false;
  byId("menu-button").setAttribute("aria-expanded", "true");
}

function closeMenu() {
  byId("menu").hidden = true;
  byId("menu-button").setAttribute("aria-expanded", "false");
}

// The field to write in.

function clearInput() {
  byId("input").value = "";
  fitInput();
}

function fitInput() {
  const input = byId("input");
  input.style.height = "auto";
  input.style.height = `${Math.min(input.scrollHeight, 140)}px`;
  byId("send").classList.toggle("ready", input.value.trim() !== "");
}

async function submit() {
  const text = byId("input").value;
  closeMenu();
  clearInput();
  if (!await send(text) && byId("input").value === "") { byId("input").value = text; fitInput(); }
}

byId("compose").addEventListener("submit", (e) => { e.preventDefault(); submit(); });
byId("input").addEventListener("input", (e) => {
  fitInput();
  if (/^\/[a-z0-9_]*$/i.test(e.target.value)) openMenu(e.target.value); else closeMenu();
});
byId("input").addEventListener("keydown", (e) => {
  if (e.key === "Enter" && !e.shiftKey && !e.isComposing) { e.preventDefault(); submit(); }
  if (e.key === "Escape") { closeMenu(); reply(null); }
});
byId("menu-button").addEventListener("click", () => { if (byId("menu").hidden) openMenu(); else closeMenu(); });
byId("stop-replying").addEventListener("click", () => reply(null));
byId("back").addEventListener("click", () => { byId("app").dataset.view = "list"; });
byId("to-end").addEventListener("click", () => scrollToEnd("smooth"));
byId("scroll").addEventListener("scroll", () => { if (atEnd()) belowCount = 0; showToEnd(); }, { passive: true });
byId("viewer").addEventListener("click", (e) => { if (e.target.id !== "viewer-photo") e.currentTarget.close(); });
document.addEventListener("visibilitychange", () => { const chat = state.chats.get(state.open); if (chat) { markSeen(chat); showList(); } });
document.addEventListener("click", (e) => { if (!e.target.closest(".composer")) closeMenu(); });
// A picture that has loaded late must not push the newest message out of sight.
new ResizeObserver(() => { if (wasAtEnd) scrollToEnd("instant"); }).observe(byId("messages"));
byId("scroll").addEventListener("scroll", following, { passive: true });

listen();
