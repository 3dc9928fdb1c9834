"""Typed words as answers to questions about chats: a time zone, hours, an amount, paths."""

import re
from collections.abc import Awaitable, Callable, Mapping
from zoneinfo import available_timezones

from telegram import Message

from bot.chat.handlers import UseCases
from bot.chat.handlers.room_cards import card
from bot.chat.handlers.room_settings import keep_quiet
from bot.chat.i18n import _
from bot.chat.places import zone_called
from bot.chat.room_buttons import cancel_keyboard, welcome_rule_keyboard
from bot.chat.views import rooms as words
from bot.core.access import Person
from bot.core.errors import UnknownName
from bot.core.quiet import parse_quiet
from bot.core.zones import nearest_zones
from bot.services.manage_rooms import TooMany
from bot.services.ports import Asked, Topic

_BETWEEN_PATHS = re.compile("[,，、;；]")
"""As keyboards in different languages have it."""


async def take(use: UseCases, message: Message, asked: Asked, by: Person) -> None:
    """Take words as an answer; where they are none, say what would be, and wait on."""
    mistake = await _TAKES[asked.topic](use, asked, message, by)
    if mistake is not None:
        cancel = cancel_keyboard(asked.about, asked.user_id)
        told = await message.reply_html(mistake, reply_markup=cancel)
        await use.rooms.ask(
            asked.chat_id, by.user_id, asked.topic, about=asked.about, question=told.message_id
        )
        return
    await use.rooms.forget_question(asked.chat_id, asked.user_id)
    if asked.topic == "welcome":
        await message.reply_html(_(words.WELCOME_RULE), reply_markup=welcome_rule_keyboard())
        return
    text, keyboard = await card(use, message, asked.about)
    await message.reply_html(f"{_(words.KEPT)}\n\n{text}", reply_markup=keyboard)


async def _take_zone(use: UseCases, asked: Asked, message: Message, by: Person) -> str | None:
    """Keep a time zone; return what is wrong with it, if anything is."""
    typed = message.text or ""
    zone = zone_called(typed)
    if zone is None:
        near = nearest_zones(typed, available_timezones(), at=message.date)
        return words.zone_mistake(typed, near)
    await use.rooms.prefer(asked.about, zone=zone, by=by)
    return None


async def _take_quiet(use: UseCases, asked: Asked, message: Message, by: Person) -> str | None:
    typed = message.text or ""
    if parse_quiet(typed) is None:
        return _(words.NO_HOURS)
    await keep_quiet(use, asked.about, typed, by)
    return None


async def _take_dust(use: UseCases, asked: Asked, message: Message, by: Person) -> str | None:
    dust = words.dust_of(message.text or "")
    if dust is None:
        return _(words.NO_DUST)
    await use.rooms.prefer(asked.about, dust=dust, by=by)
    return None


async def _take_scope(use: UseCases, asked: Asked, message: Message, by: Person) -> str | None:
    patterns = _BETWEEN_PATHS.sub(" ", message.text or "").split()
    if not patterns:
        return _(words.TYPE_SCOPE)
    try:
        await use.rooms.set_scope(asked.about, patterns, by=by)
    except UnknownName as e:
        return words.scope_mistake(e)
    except TooMany as e:
        return words.too_many(e)
    return None


_TAKES: Mapping[Topic, Callable[[UseCases, Asked, Message, Person], Awaitable[str | None]]] = {
    "zone": _take_zone,
    "welcome": _take_zone,
    "quiet": _take_quiet,
    "dust": _take_dust,
    "scope": _take_scope,
}
