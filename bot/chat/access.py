"""Who is answered: the one rule, applied to raw updates at the poll and to each that is handled.

A press counts only where its data is on a button of the very message: any client can send any
bytes for a message that it sees.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from telegram import CallbackQuery, Chat, ChatMember, ChatMemberRestricted, Message, Update
from telegram.constants import ChatType
from telegram.ext import ApplicationHandlerStop, ContextTypes, TypeHandler

from bot.chat.callbacks import ALERT_CHANGE
from bot.chat.handlers import acknowledge, person_of
from bot.chat.i18n import _
from bot.chat.room_buttons import ROOM_CHANGE, ROOM_PATTERN, decode_room, least_role
from bot.chat.rule_buttons import RULE_CHANGE
from bot.chat.trying import until_done
from bot.chat.views.words import (
    FORWARDED,
    OLD_BUTTON,
    ONLY_OWNERS,
    ONLY_OWNERS_ROOMS,
    ONLY_OWNERS_SETTINGS,
    ONLY_OWNERS_SILENCE,
    stranger_group_text,
    whoami_text,
)
from bot.core.access import reaches
from bot.services.admit_chats import AdmitChats
from bot.services.lead import NoLongerLeading
from bot.services.manage_chats import ManageChats
from bot.services.ports import NotKept

log = structlog.get_logger(__name__)

KINDS = ["message", "callback_query", "my_chat_member"]
"""What we ask Telegram for: no edited messages, no channels, nothing inline."""
OPEN_TO_ALL = {"/start", "/whoami"}
_THERE = {ChatMember.MEMBER, ChatMember.ADMINISTRATOR}
_FOR_MANAGERS = {
    re.compile(ALERT_CHANGE): ONLY_OWNERS_SILENCE,
    re.compile(RULE_CHANGE): ONLY_OWNERS,
}
"""Presses that change something, and what viewers are told."""
_ROOM_SHOWS = re.compile(r"^c:[oelskgzZuwqmfTP]:")
"""Presses about chats that change nothing: they show, or they ask."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is behind a raw update, and where."""

    chat_id: int | None
    """The group's old id where it says that it has become a supergroup."""
    user_id: int | None
    message_id: int | None = None
    text: str = ""
    title: str = ""
    """What the chat is called; in private that is the name of the user."""
    name: str = ""
    joined: bool = False
    """Whether this is the news that we were put into a group."""


def caller_of(raw: Mapping[str, Any]) -> Caller | None:
    """Say who is behind a raw update; None where it does not have the shape that tells."""
    try:
        for kind in KINDS:
            if kind in raw:
                return _caller(kind, raw[kind])
    except (LookupError, TypeError, AttributeError):
        return None
    return Caller(None, None)


def _caller(kind: str, body: Mapping[str, Any]) -> Caller | None:
    place = body.get("message") if kind == "callback_query" else body
    chat_id = place["chat"]["id"] if place is not None else None
    user_id = body["from"]["id"] if "from" in body else None
    text = body.get("text") if kind == "message" else None
    if kind == "message":
        chat_id = body.get("migrate_from_chat_id") or chat_id
    if not all(isinstance(number, int | None) for number in (chat_id, user_id)):
        return None
    message_id = body.get("message_id") if kind == "message" else None
    chat = place["chat"] if place is not None else {}
    name = _name_in(body["from"]) if "from" in body else ""
    now = body.get("new_chat_member", {}).get("status")
    return Caller(
        chat_id,
        user_id,
        message_id,
        text if isinstance(text, str) else "",
        title=_name_in(chat),
        name=name,
        joined=now in _THERE and chat.get("type") != ChatType.PRIVATE,
    )


def _name_in(raw: Mapping[str, Any]) -> str:
    """Return what a chat or a user is called, without what no database takes."""
    parts = (raw.get(part) for part in ("title", "first_name", "last_name"))
    name = " ".join(part for part in parts if isinstance(part, str))
    return name.encode("utf-8", "replace").decode().replace("\0", "")


def changes_something(raw: Mapping[str, Any]) -> bool:
    """Whether handling an update late could undo what came after it."""
    press, message = raw.get("callback_query"), raw.get("message")
    if isinstance(press, Mapping):
        data = str(press.get("data"))
        about_chats = ROOM_CHANGE.match(data) and not _ROOM_SHOWS.match(data)
        return bool(about_chats) or _notice_for(data) is not None
    if isinstance(message, Mapping):
        command, *words = str(message.get("text")).lower().split()[:2] or [""]
        named = command.partition("@")[0] in {"/quiet", "/digest"} and bool(words)
        return named or _may_be_an_answer(message)
    return "my_chat_member" in raw


def _may_be_an_answer(message: Mapping[str, Any]) -> bool:
    """Whether it is words that a question of ours may wait for."""
    text, chat, author = message.get("text"), message.get("chat"), message.get("from")
    if not isinstance(text, str) or text.startswith("/"):
        return False
    is_private = isinstance(chat, Mapping) and chat.get("type") == ChatType.PRIVATE
    return isinstance(author, Mapping) and (is_private or "reply_to_message" in message)


class Gate:
    """Lets nobody past who is not allowed; strangers get silence, but for their own ids."""

    def __init__(self, chats: ManageChats, admission: AdmitChats) -> None:
        self._chats = chats
        self._admission = admission

    def handler(self) -> TypeHandler[Update, ContextTypes.DEFAULT_TYPE, None]:
        """Return the gate as a handler, to be put before all others."""
        return TypeHandler(Update, self.check)

    def knows(self, chat_id: int | None, user_id: int | None) -> bool:
        """Whether somebody is no stranger: in an allowed chat, or an owner anywhere."""
        allowed = chat_id is not None and self._chats.may_look(chat_id)
        return allowed or (user_id is not None and self._chats.is_owner(user_id))

    def lets_in(self, caller: Caller) -> bool:
        """Whether a raw update is to be handled: of somebody known, or with a code for pairing."""
        if self.knows(caller.chat_id, caller.user_id):
            return True
        is_private = caller.chat_id is not None and caller.chat_id == caller.user_id
        return is_private and bool(_code_in(caller.text)) and self._admission.is_open

    def chat_changed_by(self, raw: Mapping[str, Any]) -> int | None:
        """Name the chat in which an update changes something; None where it changes nothing.

        Who may change nothing is told so at once, whatever else is being changed.
        """
        caller = caller_of(raw)
        if caller is None or caller.chat_id is None or not changes_something(raw):
            return None
        press = raw.get("callback_query")
        data = str(press.get("data")) if isinstance(press, Mapping) else ""
        least = least_role(data, place=caller.chat_id) or "manager"
        role = self._chats.role_of(caller.user_id or 0, caller.chat_id)
        if "my_chat_member" not in raw and not reaches(role, least):
            return None
        if re.match(ROOM_PATTERN, data):
            return decode_room(data).chat_id
        if data or caller.text.startswith("/") or caller.user_id is None:
            return caller.chat_id
        return self._chats.asked_about(caller.chat_id, caller.user_id)

    async def check(self, update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        """Stop an update that must not be answered.

        So does an error: the library would go on to the handlers behind the gate. What is not kept
        is tried on instead: whoever is allowed gets no silence for it, and meanwhile, or where we
        have to stop, the update is in the inbox.
        """
        passes = False

        async def ask() -> None:
            nonlocal passes
            passes = await self._let_by(update, bot_name=context.bot.username)

        await until_done("admit", ask, clock=self._admission.clock)
        if not passes:
            raise ApplicationHandlerStop

    async def _let_by(self, update: Update, *, bot_name: str) -> bool:
        try:
            return await self._passes(update, bot_name=bot_name)
        except (NotKept, NoLongerLeading):
            raise
        except Exception:
            log.exception("The gate broke off; nobody passes", action="refuse")
            return False

    async def _passes(self, update: Update, *, bot_name: str) -> bool:
        chat, user = update.effective_chat, update.effective_user
        await self._follow(update.message)
        if chat is None or not (self._chats.may_look(chat.id) or await self._pairs(update)):
            if self.knows(None, user.id if user else None):
                await self._explain(update, bot_name=bot_name)
            return False
        title = chat.effective_name or ""
        if _may_not_write(update):
            await self._chats.mark_gone(chat.id, reason=_reason(update, chat), title=title)
            return False
        back = self._chats.heard if update.my_chat_member is None else self._chats.greet
        await back(chat.id, title=title)
        await self._meet(update, bot_name=bot_name)
        if update.callback_query is not None:
            return await self._takes(update.callback_query)
        return update.message is None or await _is_own_words(update.message)

    async def _takes(self, press: CallbackQuery) -> bool:
        """Whether a press counts; who pressed in vain is told so on the button."""
        notice = _notice_for(press.data or "")
        if not _is_on_its_message(press):
            await acknowledge(press, _(OLD_BUTTON))
            return False
        place = press.message.chat.id if press.message is not None else 0
        role = self._chats.role_of(press.from_user.id, place)
        if notice is not None and not reaches(role, "manager"):
            await acknowledge(press, _(notice))
            return False
        least = least_role(press.data or "", place=place)
        if least is not None and not reaches(role, least):
            told = ONLY_OWNERS_SETTINGS if least == "manager" else ONLY_OWNERS_ROOMS
            await acknowledge(press, _(told))
            return False
        return True

    async def _pairs(self, update: Update) -> bool:
        """Whether somebody has just become an owner."""
        message, user = update.message, update.effective_user
        code = _code_in(message.text or "") if message is not None else ""
        if message is None or user is None or not code or message.chat_id != user.id:
            return False
        return await self._admission.pair(code, person_of(user))

    async def _meet(self, update: Update, *, bot_name: str) -> None:
        """Take note of who speaks to us in a group: owners may give them a role."""
        chat, user = update.effective_chat, update.effective_user
        if chat is None or user is None or user.is_bot or chat.type == ChatType.PRIVATE:
            return
        text = (update.message.text or "") if update.message is not None else ""
        if update.callback_query is not None or command_of(text, bot_name):
            await self._chats.meet(chat.id, person_of(user))

    async def _explain(self, update: Update, *, bot_name: str) -> None:
        """Tell an owner, who may wonder; there is nothing in it that a stranger must not know."""
        if update.callback_query is not None:
            await acknowledge(update.callback_query, _(OLD_BUTTON))
        caller = caller_of(update.to_dict())
        if caller is None or caller.chat_id is None or caller.chat_id == caller.user_id:
            return
        message, user = update.message, update.effective_user
        command = command_of(caller.text, bot_name)
        if (caller.joined or command == "/start") and user is not None:
            await self._admission.ask(caller.chat_id, title=caller.title, by=person_of(user))
        if message is None or message.from_user is None or not command:
            return
        if command in OPEN_TO_ALL:
            ids = whoami_text(user_id=message.from_user.id, chat_id=message.chat_id)
            await message.reply_html(ids)
        else:
            await message.reply_html(stranger_group_text(message.chat_id))

    async def _follow(self, message: Message | None) -> None:
        """Go with an allowed group that tells, by its old id or its new one, that it moved."""
        if message is None:
            return
        old = message.migrate_from_chat_id or message.chat.id
        new = message.migrate_to_chat_id or message.chat.id
        if old != new and self._chats.may_look(old):
            await self._chats.follow(old, to=new)


def _code_in(text: str) -> str:
    """Return what a private `/start` carries, if it may be a code."""
    words = text.split()
    return words[1] if len(words) == 2 and words[0].lower() == "/start" else ""


async def _is_own_words(message: Message) -> bool:
    """Whether a message may be a command: one that is passed on is somebody else's."""
    if message.forward_origin is None or not (message.text or "").startswith("/"):
        return True
    if message.chat.type == ChatType.PRIVATE:
        await message.reply_text(_(FORWARDED))
    return False


def _is_on_its_message(press: CallbackQuery) -> bool:
    """Whether the data is on a button of the message, which we can still see."""
    if not press.data or not isinstance(press.message, Message):
        return False
    markup = press.message.reply_markup
    rows = markup.inline_keyboard if markup is not None else ()
    return any(button.callback_data == press.data for row in rows for button in row)


def _notice_for(data: str) -> str | None:
    """Say what viewers are told of such a press; None where anybody may."""
    return next((notice for what, notice in _FOR_MANAGERS.items() if what.match(data)), None)


def _may_not_write(update: Update) -> bool:
    """Whether this is the news that we were blocked, put out or silenced."""
    if update.my_chat_member is None:
        return False
    now = update.my_chat_member.new_chat_member
    silenced = isinstance(now, ChatMemberRestricted) and not now.can_send_messages
    return now.status in {ChatMember.LEFT, ChatMember.BANNED} or silenced


def _reason(update: Update, chat: Chat) -> str:
    """Say so as Telegram says it when something is sent."""
    status = update.my_chat_member.new_chat_member.status if update.my_chat_member else ""
    if status == ChatMember.RESTRICTED:
        return "not enough rights to send messages"
    if chat.type == ChatType.PRIVATE:
        return "bot was blocked by the user"
    return "bot was kicked" if status == ChatMember.BANNED else "bot is not a member"


def command_of(text: str, bot_name: str) -> str:
    """Return the command without the bot's name; empty when it is none, or for another bot."""
    first = text.split(maxsplit=1)[0] if text.startswith("/") else ""
    command, _, addressee = first.lower().partition("@")
    return command if addressee in {"", bot_name.lower()} else ""
