"""The steps that change how a chat is spoken to: language, clock, money, quiet, loudness."""

from collections.abc import Mapping
from zoneinfo import available_timezones

from telegram import Message

from bot.chat.handlers import UseCases
from bot.chat.handlers.room_cards import Shown, Step, ask, card
from bot.chat.i18n import _, languages, speaking
from bot.chat.room_buttons import (
    KIND_NAMES,
    MARKS,
    RoomPress,
    currencies_keyboard,
    dust_keyboard,
    language_names,
    languages_keyboard,
    loudness_keyboard,
    quiet_keyboard,
    regions_keyboard,
    zones_keyboard,
)
from bot.chat.views import rooms as words
from bot.core.access import Person
from bot.core.quiet import parse_quiet
from bot.core.zones import COMMON


async def _percent(use: UseCases, wanted: RoomPress, message: Message, by: Person) -> Shown:
    await use.rooms.prefer(wanted.chat_id, percent_only=wanted.chosen == "1", by=by)
    return await card(use, message, wanted.chat_id)


async def _loudness(use: UseCases, wanted: RoomPress, _message: Message, by: Person) -> Shown:
    said, _colon, how = wanted.chosen.partition(":")
    kind = next((kind for kind in KIND_NAMES if kind == said), None)
    loudness = next((loudness for loudness in MARKS if loudness == how), None)
    if kind is not None and loudness is not None:
        await use.rooms.set_loudness(wanted.chat_id, kind, loudness, by=by)
    chat = use.chats.known(wanted.chat_id)
    return _(words.WHICH_LOUDNESS), loudness_keyboard(chat)


async def _languages(_use: UseCases, wanted: RoomPress, _message: Message, _by: Person) -> Shown:
    return _(words.WHICH_LANGUAGE), languages_keyboard(wanted.chat_id, language_names())


async def _set_language(use: UseCases, wanted: RoomPress, message: Message, by: Person) -> Shown:
    code = wanted.chosen if wanted.chosen in languages() else None
    await use.rooms.prefer(wanted.chat_id, language=code, by=by)
    with speaking(use.language_of(message.chat_id)):
        return await card(use, message, wanted.chat_id)


async def _zones(_use: UseCases, wanted: RoomPress, _message: Message, _by: Person) -> Shown:
    if wanted.verb == "z":
        return _(words.WHICH_ZONE), regions_keyboard(wanted.chat_id)
    found = COMMON.get(wanted.chosen, ())
    return _(words.WHICH_ZONE), zones_keyboard(wanted.chat_id, found)


async def _set_zone(use: UseCases, wanted: RoomPress, message: Message, by: Person) -> Shown:
    zone = wanted.chosen if wanted.chosen in available_timezones() else None
    await use.rooms.prefer(wanted.chat_id, zone=zone, by=by)
    return await card(use, message, wanted.chat_id)


async def _type_zone(use: UseCases, wanted: RoomPress, message: Message, by: Person) -> None:
    await ask(use, message, wanted, by, "zone", words.TYPE_ZONE)


async def _currency(use: UseCases, wanted: RoomPress, message: Message, by: Person) -> Shown:
    if wanted.verb == "u":
        return _(words.WHICH_CURRENCY), currencies_keyboard(wanted.chat_id)
    await use.rooms.prefer(wanted.chat_id, currency=wanted.chosen or None, dust=None, by=by)
    return await card(use, message, wanted.chat_id)


async def _dust(use: UseCases, wanted: RoomPress, message: Message, by: Person) -> Shown | None:
    if wanted.verb == "w":
        chat = use.chats.known(wanted.chat_id)
        currency = chat.preferences.currency or use.balances.currency
        return _(words.WHICH_DUST), dust_keyboard(wanted.chat_id, currency)
    if wanted.chosen == "?":
        await ask(use, message, wanted, by, "dust", words.TYPE_DUST)
        return None
    await use.rooms.prefer(wanted.chat_id, dust=words.dust_of(wanted.chosen), by=by)
    return await card(use, message, wanted.chat_id)


async def _quiet(use: UseCases, wanted: RoomPress, message: Message, by: Person) -> Shown | None:
    if wanted.verb == "q":
        return _(words.WHICH_QUIET), quiet_keyboard(wanted.chat_id)
    if wanted.chosen == "?":
        await ask(use, message, wanted, by, "quiet", words.TYPE_QUIET)
        return None
    await keep_quiet(use, wanted.chat_id, wanted.chosen, by)
    return await card(use, message, wanted.chat_id)


async def keep_quiet(use: UseCases, chat_id: int, hours: str, by: Person) -> None:
    """Keep quiet hours as they were typed or chosen."""
    title = use.chats.known(chat_id).title
    await use.chats.set_quiet(chat_id, parse_quiet(hours), title=title, by=by)


SETTINGS_STEPS: Mapping[str, Step] = {
    "p": _percent, "k": _loudness, "K": _loudness, "g": _languages, "G": _set_language,
    "z": _zones, "Z": _zones, "t": _set_zone, "T": _type_zone,
    "u": _currency, "U": _currency, "w": _dust, "W": _dust, "q": _quiet, "Q": _quiet,
}  # fmt: skip
