"""`/chats`, `/audit`, `/settings`: who may talk to us, what chats see and how they are told."""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from zoneinfo import available_timezones

import structlog
from telegram import CallbackQuery, InlineKeyboardMarkup, Message, Update
from telegram.constants import ParseMode
from telegram.error import TelegramError
from telegram.ext import ApplicationHandlerStop, BaseHandler, MessageHandler, filters

from bot.chat.balance_buttons import name_for
from bot.chat.handlers import (
    Context,
    UseCases,
    acknowledge,
    button,
    person_of,
    plain_command,
    show,
)
from bot.chat.i18n import _, language, languages, speaking
from bot.chat.room_buttons import (
    AUDIT_PATTERN,
    KIND_NAMES,
    MARKS,
    ROOM_PATTERN,
    RoomPress,
    audit_keyboard,
    cancel_keyboard,
    card_keyboard,
    chats_keyboard,
    currencies_keyboard,
    decode_room,
    depose_keyboard,
    dust_keyboard,
    forget_keyboard,
    language_names,
    languages_keyboard,
    loudness_keyboard,
    members_keyboard,
    quiet_keyboard,
    regions_keyboard,
    scope_keyboard,
    settings_keyboard,
    welcome_rule_keyboard,
    zones_keyboard,
)
from bot.chat.views import rooms as words
from bot.chat.views.layout import pages
from bot.chat.views.notices import decided_text
from bot.chat.views.words import ONLY_OWNERS_ROOMS, ONLY_OWNERS_SETTINGS, scope_text
from bot.core.access import Person, Role
from bot.core.errors import UnknownName
from bot.core.quiet import parse_quiet
from bot.core.zones import COMMON, find_zone, nearest_zones
from bot.services.admit_chats import Decided
from bot.services.manage_rooms import TooMany
from bot.services.ports import Asked, Topic

log = structlog.get_logger(__name__)

DEEDS_A_PAGE = 10
Shown = tuple[str, InlineKeyboardMarkup | None]
Step = Callable[[UseCases, RoomPress, Message, Person], Awaitable[Shown | None]]


def handlers(use: UseCases) -> list[BaseHandler[Update, Context, None]]:
    """Return the commands and what their buttons do."""

    async def chats(message: Message) -> None:
        if not _is_owner_alone(use, message):
            await message.reply_text(_(ONLY_OWNERS_ROOMS))
            return
        text, keyboard = _list(use, 0)
        await message.reply_html(text, reply_markup=keyboard)

    async def audit(message: Message) -> None:
        if not _is_owner_alone(use, message):
            await message.reply_text(_(ONLY_OWNERS_ROOMS))
            return
        text, keyboard = await _deeds(use, message, None)
        await message.reply_html(text, reply_markup=keyboard)

    async def settings(message: Message) -> None:
        user = message.from_user
        if user is None or not use.may_manage(user.id, message.chat_id):
            await message.reply_text(_(ONLY_OWNERS_SETTINGS))
            return
        text, keyboard = await _card(use, message, message.chat_id)
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
        await _take(use, message, asked, person_of(user))
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


def _list(use: UseCases, page: int) -> Shown:
    found = [
        (chat.chat_id, words.chat_label(chat, is_owner=use.chats.is_owner(chat.chat_id)))
        for chat in sorted(use.chats.all(), key=lambda c: (not c.is_waiting, c.blocked))
    ]
    heading = words.CHATS_HEADING if len(found) > 1 else words.NO_CHATS
    return _(heading), chats_keyboard(found, page)


async def _card(use: UseCases, message: Message, chat_id: int) -> Shown:
    """Show a chat: to itself its settings, to owners elsewhere all of it."""
    chat = use.chats.known(chat_id)
    zone = use.chats.zone_of(chat)
    if chat_id == message.chat_id:
        currency = chat.preferences.currency or use.balances.currency
        names = dict(language_names())
        spoken = chat.preferences.language or language()
        text = words.settings_text(
            chat, language=names.get(spoken, spoken), zone=zone, currency=currency
        )
        return text, settings_keyboard(chat_id)
    if chat_id not in {known.chat_id for known in use.chats.all()}:
        return _(words.NOT_THERE), None
    is_owner = use.chats.is_owner(chat_id)
    members = len(use.chats.members(chat_id))
    text = words.card_text(chat, is_owner=is_owner, members=members, zone=zone)
    fixed = use.chats.is_fixed(chat_id)
    return text, card_keyboard(chat, fixed=fixed, is_owner=is_owner)


async def _deeds(use: UseCases, message: Message, before: int | None) -> Shown:
    found = await use.rooms.deeds(before=before, most=DEEDS_A_PAGE + 1)
    if not found:
        return _(words.NO_DEEDS), None
    titles = {chat.chat_id: chat.title for chat in use.chats.all()}
    zone, told = use.chats.zone_of(message.chat_id), found[:DEEDS_A_PAGE]
    text = pages(words.audit_text(told, titles, zone).split("\n\n"))[0]
    return text, audit_keyboard(told, more=len(found) > DEEDS_A_PAGE)


async def _turned(use: UseCases, press: CallbackQuery, message: Message, data: str) -> None:
    """Show older deeds."""
    await acknowledge(press, "")
    await show(message, *await _deeds(use, message, int(data.removeprefix("j:"))))


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
        try:
            await press.get_bot().edit_message_text(
                text, question.chat_id, question.message_id, parse_mode=ParseMode.HTML
            )
        except TelegramError as e:
            log.debug("A question still shows its buttons", action="decide", reason=str(e))
    here = {(question.chat_id, question.message_id) for question in asked}
    if (message.chat_id, message.message_id) not in here:
        await show(message, *await _card(use, message, decided.chat.chat_id))


async def _ask(
    use: UseCases, message: Message, wanted: RoomPress, by: Person, topic: Topic, text: str
) -> None:
    """Ask for words."""
    keyboard = cancel_keyboard(wanted.chat_id)
    question = await message.reply_html(_(text), reply_markup=keyboard)
    await use.rooms.ask(
        message.chat_id, by.user_id, topic, about=wanted.chat_id, question=question.message_id
    )


async def _open(use: UseCases, wanted: RoomPress, message: Message, _by: Person) -> Shown:
    return await _card(use, message, wanted.chat_id)


async def _chats(use: UseCases, wanted: RoomPress, _message: Message, _by: Person) -> Shown:
    return _list(use, int(wanted.chosen or 0))


async def _role(use: UseCases, wanted: RoomPress, message: Message, by: Person) -> Shown:
    role: Role = "manager" if wanted.chosen == "manager" else "viewer"
    if not use.chats.is_owner(wanted.chat_id):
        await use.rooms.set_role(wanted.chat_id, role, by=by)
    return await _card(use, message, wanted.chat_id)


async def _scope(use: UseCases, wanted: RoomPress, _message: Message, _by: Person) -> Shown:
    return await _scope_page(use, wanted.chat_id, int(wanted.chosen or 0))


def _choice(wanted: RoomPress) -> tuple[bool, int, str]:
    """Read whether something is wanted, on which page that was, and what."""
    wish, _colon, rest = wanted.chosen.partition(":")
    page, _colon, what = rest.partition(":")
    return wish == "1", int(page) if page.isdigit() else 0, what


async def _scope_page(use: UseCases, chat_id: int, page: int) -> Shown:
    chat = use.chats.known(chat_id)
    lines = [_(words.WHICH_SCOPE), scope_text(chat.scope)]
    if not chat.scope.is_all:
        lines.append(_(words.LATER_ACCOUNTS))
    return "\n".join(lines), scope_keyboard(chat, use.rooms.accounts, page)


async def _show_account(use: UseCases, wanted: RoomPress, _message: Message, by: Person) -> Shown:
    seen, page, mark = _choice(wanted)
    name = name_for(mark, use.rooms.accounts)
    if name is not None and mark:
        await use.rooms.show_account(wanted.chat_id, name, seen=seen, by=by)
    return await _scope_page(use, wanted.chat_id, page)


async def _see_all(use: UseCases, wanted: RoomPress, _message: Message, by: Person) -> Shown:
    await use.rooms.see_all(wanted.chat_id, by=by)
    return await _scope_page(use, wanted.chat_id, 0)


async def _type_scope(use: UseCases, wanted: RoomPress, message: Message, by: Person) -> None:
    await _ask(use, message, wanted, by, "scope", words.TYPE_SCOPE)


async def _percent(use: UseCases, wanted: RoomPress, message: Message, by: Person) -> Shown:
    await use.rooms.prefer(wanted.chat_id, percent_only=wanted.chosen == "1", by=by)
    return await _card(use, message, wanted.chat_id)


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
    here = wanted.chat_id == message.chat_id and code is not None
    with speaking(code if here and code is not None else language()):
        return await _card(use, message, wanted.chat_id)


async def _zones(_use: UseCases, wanted: RoomPress, _message: Message, _by: Person) -> Shown:
    if wanted.verb == "z":
        return _(words.WHICH_ZONE), regions_keyboard(wanted.chat_id)
    found = COMMON.get(wanted.chosen, ())
    return _(words.WHICH_ZONE), zones_keyboard(wanted.chat_id, found)


async def _set_zone(use: UseCases, wanted: RoomPress, message: Message, by: Person) -> Shown:
    zone = wanted.chosen if wanted.chosen in available_timezones() else None
    await use.rooms.prefer(wanted.chat_id, zone=zone, by=by)
    return await _card(use, message, wanted.chat_id)


async def _type_zone(use: UseCases, wanted: RoomPress, message: Message, by: Person) -> None:
    await _ask(use, message, wanted, by, "zone", words.TYPE_ZONE)


async def _currency(use: UseCases, wanted: RoomPress, message: Message, by: Person) -> Shown:
    if wanted.verb == "u":
        return _(words.WHICH_CURRENCY), currencies_keyboard(wanted.chat_id)
    await use.rooms.prefer(wanted.chat_id, currency=wanted.chosen or None, dust=None, by=by)
    return await _card(use, message, wanted.chat_id)


async def _dust(use: UseCases, wanted: RoomPress, message: Message, by: Person) -> Shown | None:
    if wanted.verb == "w":
        chat = use.chats.known(wanted.chat_id)
        currency = chat.preferences.currency or use.balances.currency
        return _(words.WHICH_DUST), dust_keyboard(wanted.chat_id, currency)
    if wanted.chosen == "?":
        await _ask(use, message, wanted, by, "dust", words.TYPE_DUST)
        return None
    await use.rooms.prefer(wanted.chat_id, dust=words.dust_of(wanted.chosen), by=by)
    return await _card(use, message, wanted.chat_id)


async def _quiet(use: UseCases, wanted: RoomPress, message: Message, by: Person) -> Shown | None:
    if wanted.verb == "q":
        return _(words.WHICH_QUIET), quiet_keyboard(wanted.chat_id)
    if wanted.chosen == "?":
        await _ask(use, message, wanted, by, "quiet", words.TYPE_QUIET)
        return None
    await _keep_quiet(use, wanted.chat_id, wanted.chosen, by)
    return await _card(use, message, wanted.chat_id)


async def _keep_quiet(use: UseCases, chat_id: int, hours: str, by: Person) -> None:
    title = use.chats.known(chat_id).title
    await use.chats.set_quiet(chat_id, parse_quiet(hours), title=title, by=by)


async def _members(use: UseCases, wanted: RoomPress, _message: Message, by: Person) -> Shown:
    page = int(wanted.chosen) if wanted.chosen.isdigit() else 0
    if wanted.verb == "M":
        is_manager, page, who = _choice(wanted)
        role: Role | None = "manager" if is_manager else None
        if who.isdigit():
            await use.rooms.set_member(wanted.chat_id, int(who), role, by=by)
    found = use.chats.members(wanted.chat_id)
    text = words.WHICH_MEMBERS if found else words.NO_MEMBERS
    return _(text), members_keyboard(wanted.chat_id, found, page)


async def _topic(use: UseCases, wanted: RoomPress, message: Message, by: Person) -> Shown:
    await use.rooms.leave_topic(wanted.chat_id, by=by)
    return await _card(use, message, wanted.chat_id)


async def _block(use: UseCases, wanted: RoomPress, message: Message, by: Person) -> Shown:
    if wanted.verb == "b":
        await use.admission.block(wanted.chat_id, by=by)
    else:
        await use.admission.unblock(wanted.chat_id, by=by)
    return await _card(use, message, wanted.chat_id)


async def _forget(use: UseCases, wanted: RoomPress, _message: Message, by: Person) -> Shown:
    if wanted.verb == "f":
        return _(words.REALLY_FORGET), forget_keyboard(wanted.chat_id)
    await use.chats.forget(wanted.chat_id, by=by)
    return _list(use, 0)


async def _depose(use: UseCases, wanted: RoomPress, message: Message, by: Person) -> Shown:
    if wanted.verb == "n":
        return _(words.REALLY_DEPOSE), depose_keyboard(wanted.chat_id)
    await use.rooms.depose(wanted.chat_id, by=by)
    return await _card(use, message, wanted.chat_id)


async def _cancel(use: UseCases, _wanted: RoomPress, message: Message, by: Person) -> Shown:
    await use.rooms.forget_question(message.chat_id, by.user_id)
    return _(words.CANCELLED), None


_STEPS: Mapping[str, Step] = {
    "o": _open, "e": _open, "l": _chats, "r": _role,
    "s": _scope, "S": _show_account, "A": _see_all, "P": _type_scope, "p": _percent,
    "k": _loudness, "K": _loudness, "g": _languages, "G": _set_language,
    "z": _zones, "Z": _zones, "t": _set_zone, "T": _type_zone,
    "u": _currency, "U": _currency, "w": _dust, "W": _dust, "q": _quiet, "Q": _quiet,
    "m": _members, "M": _members, "h": _topic, "b": _block, "B": _block,
    "f": _forget, "F": _forget, "n": _depose, "N": _depose, "x": _cancel,
}  # fmt: skip


async def _take(use: UseCases, message: Message, asked: Asked, by: Person) -> None:
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
    text, keyboard = await _card(use, message, asked.about)
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
    await _keep_quiet(use, asked.about, typed, by)
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
