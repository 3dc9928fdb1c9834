"""`/chats`, `/audit`, `/settings`: who may talk to us, what chats see and how they are told."""

from functools import partial

import structlog
from telegram import CallbackQuery, Message, Update
from telegram.constants import ParseMode
from telegram.error import TelegramError
from telegram.ext import ApplicationHandlerStop, BaseHandler, MessageHandler, filters

from bot.chat.handlers import (
    Context,
    UseCases,
    acknowledge,
    button,
    person_of,
    plain_command,
    show,
)
from bot.chat.handlers.room_cards import card, chat_list, deeds
from bot.chat.handlers.room_settings import SETTINGS_STEPS
from bot.chat.handlers.room_steps import ROOM_STEPS
from bot.chat.handlers.room_words import take
from bot.chat.i18n import _, language, speaking
from bot.chat.menu import show_menu
from bot.chat.room_buttons import (
    AUDIT_PATTERN,
    ROOM_PATTERN,
    RoomPress,
    decided_keyboard,
    decode_room,
)
from bot.chat.views import rooms as words
from bot.chat.views.notices import decided_text
from bot.chat.views.words import ONLY_OWNERS_ROOMS, ONLY_OWNERS_SETTINGS
from bot.core.access import Person, Role
from bot.services.admit_chats import Decided
from bot.services.ports import Asked

log = structlog.get_logger(__name__)

LANGUAGE_VERBS = "GF"
"""Presses after which a chat may speak another language: one is chosen, or all is forgotten."""
_STEPS = {**ROOM_STEPS, **SETTINGS_STEPS}


def handlers(use: UseCases) -> list[BaseHandler[Update, Context, None]]:
    """Return the commands and what their buttons do."""

    async def chats(message: Message) -> None:
        if not _is_owner_alone(use, message):
            await message.reply_text(_(ONLY_OWNERS_ROOMS))
            return
        text, keyboard = chat_list(use, 0)
        await message.reply_html(text, reply_markup=keyboard)

    async def audit(message: Message) -> None:
        if not _is_owner_alone(use, message):
            await message.reply_text(_(ONLY_OWNERS_ROOMS))
            return
        text, keyboard = await deeds(use, message, None)
        await message.reply_html(text, reply_markup=keyboard)

    async def settings(message: Message) -> None:
        user = message.from_user
        if user is None or not use.may_manage(user.id, message.chat_id):
            await message.reply_text(_(ONLY_OWNERS_SETTINGS))
            return
        text, keyboard = await card(use, message, message.chat_id)
        await message.reply_html(text, reply_markup=keyboard)

    return [
        plain_command("chats", chats),
        plain_command("audit", audit),
        plain_command("settings", settings),
        button(ROOM_PATTERN, partial(_pressed, use)),
        button(AUDIT_PATTERN, partial(_turned, use)),
    ]


def answers(use: UseCases) -> list[BaseHandler[Update, Context, None]]:
    """Return what takes the words that a question waits for, and lets all others pass."""

    async def answered(update: Update, _context: Context) -> None:
        message, user = update.message, update.effective_user
        if message is None or user is None:
            return
        reply_to = message.reply_to_message.message_id if message.reply_to_message else None
        asked = await use.rooms.awaited(message.chat_id, user.id, reply_to=reply_to)
        if asked is None or not _may(use, asked, user.id):
            return
        await take(use, message, asked, person_of(user))
        raise ApplicationHandlerStop

    return [MessageHandler(filters.TEXT & ~filters.COMMAND, answered)]


def _may(use: UseCases, asked: Asked, user_id: int) -> bool:
    """Whether somebody may still change what they were asked about."""
    if asked.topic == "scope" or asked.about != asked.chat_id:
        return use.chats.is_owner(user_id)
    return use.may_manage(user_id, asked.about)


def _is_owner_alone(use: UseCases, message: Message) -> bool:
    """Whether an owner asks where nobody else reads."""
    user = message.from_user
    return user is not None and message.chat_id == user.id and use.chats.is_owner(user.id)


async def _turned(use: UseCases, press: CallbackQuery, message: Message, data: str) -> None:
    """Show older deeds."""
    await acknowledge(press, "")
    await show(message, *await deeds(use, message, int(data.removeprefix("j:"))))


async def _pressed(use: UseCases, press: CallbackQuery, message: Message, data: str) -> None:
    """Do what a button about a chat is for; the gate has seen to who may press it."""
    wanted, by = decode_room(data), person_of(press.from_user)
    if wanted.verb == "d":
        await _decide(use, press, message, wanted, by)
        return
    step = _STEPS.get(wanted.verb)
    shown = await step(use, wanted, message, by) if step is not None else None
    await acknowledge(press, "")
    if shown is not None:
        await show(message, *shown)
    if wanted.verb in LANGUAGE_VERBS:
        chosen = use.chats.preferences(wanted.chat_id).language
        await show_menu(press.get_bot(), wanted.chat_id, chosen)


async def _decide(
    use: UseCases, press: CallbackQuery, message: Message, wanted: RoomPress, by: Person
) -> None:
    """Let a chat in or not, and show that wherever it was asked; decided twice it stays so."""
    if wanted.chosen == "block":
        decided = await use.admission.block(wanted.chat_id, by=by)
    else:
        role: Role = "manager" if wanted.chosen == "manager" else "viewer"
        decided = await use.admission.approve(wanted.chat_id, role, by=by)
    if decided is None:
        await acknowledge(press, _(words.NOT_THERE))
        return
    await acknowledge(press, "")
    await _show_decided(use, press, message, decided)


async def _show_decided(
    use: UseCases, press: CallbackQuery, message: Message, decided: Decided
) -> None:
    """Edit the questions about a chat; and the card, where it was decided there."""
    asked = await use.admission.questions(decided.chat.chat_id)
    for question in asked:
        if question.message_id is None:
            continue
        code = use.chats.preferences(question.chat_id).language or language()
        with speaking(code):
            text = decided_text(question.event, decided)
            keyboard = decided_keyboard(decided.chat)
        try:
            await press.get_bot().edit_message_text(
                text,
                question.chat_id,
                question.message_id,
                parse_mode=ParseMode.HTML,
                reply_markup=keyboard,
            )
        except TelegramError as e:
            log.debug("A question still shows its buttons", action="decide", reason=str(e))
    here = {(question.chat_id, question.message_id) for question in asked}
    if (message.chat_id, message.message_id) not in here:
        await show(message, *await card(use, message, decided.chat.chat_id))
