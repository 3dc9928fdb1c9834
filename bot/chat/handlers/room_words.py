"""Typed words as answers to questions about chats: a time zone, hours, an amount, paths."""

from collections.abc import Awaitable, Callable, Mapping
from zoneinfo import available_timezones

from telegram import Message

from bot.chat.handlers import UseCases
from bot.chat.handlers.room_cards import card
from bot.chat.handlers.room_settings import keep_quiet
from bot.chat.i18n import _
from bot.chat.room_buttons import cancel_keyboard, welcome_rule_keyboard
from bot.chat.views import rooms as words
from bot.core.access import Person
from bot.core.errors import UnknownName
from bot.core.quiet import parse_quiet
from bot.core.zones import find_zone, nearest_zones
from bot.services.manage_rooms import TooMany
from bot.services.ports import Asked, Topic


async def take(use: UseCases, message: Message, asked: Asked, by: Person) -> None:
    """Take words as an answer; where they are none, say what would be, and wait on."""
    typed = message.text or ""
    mistake = await _TAKES[asked.topic](use, asked, typed, by)
    if mistake is not None:
        told = await message.reply_html(mistake, reply_markup=cancel_keyboard(asked.about))
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


async def _take_zone(use: UseCases, asked: Asked, typed: str, by: Person) -> str | None:
    """Keep a time zone; return what is wrong with it, if anything is."""
    known = available_timezones()
    zone = find_zone(typed, known)
    if zone is None:
        return words.zone_mistake(typed, nearest_zones(typed, known))
    await use.rooms.prefer(asked.about, zone=zone, by=by)
    return None


async def _take_quiet(use: UseCases, asked: Asked, typed: str, by: Person) -> str | None:
    if parse_quiet(typed) is None:
        return _(words.NO_HOURS)
    await keep_quiet(use, asked.about, typed, by)
    return None


async def _take_dust(use: UseCases, asked: Asked, typed: str, by: Person) -> str | None:
    dust = words.dust_of(typed)
    if dust is None:
        return _(words.NO_DUST)
    await use.rooms.prefer(asked.about, dust=dust, by=by)
    return None


async def _take_scope(use: UseCases, asked: Asked, typed: str, by: Person) -> str | None:
    patterns = typed.replace(",", " ").split()
    if not patterns:
        return _(words.TYPE_SCOPE)
    try:
        await use.rooms.set_scope(asked.about, patterns, by=by)
    except UnknownName as e:
        return words.scope_mistake(e)
    except TooMany as e:
        return words.too_many(e)
    return None


_TAKES: Mapping[Topic, Callable[[UseCases, Asked, str, Person], Awaitable[str | None]]] = {
    "zone": _take_zone,
    "welcome": _take_zone,
    "quiet": _take_quiet,
    "dust": _take_dust,
    "scope": _take_scope,
}
