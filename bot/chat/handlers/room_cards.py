"""What chats look like to owners and to themselves, and the questions that wait for words."""

from collections.abc import Awaitable, Callable

from telegram import InlineKeyboardMarkup, Message

from bot.chat.handlers import UseCases
from bot.chat.i18n import _, language
from bot.chat.room_buttons import (
    RoomPress,
    audit_keyboard,
    cancel_keyboard,
    card_keyboard,
    chats_keyboard,
    language_names,
    settings_keyboard,
)
from bot.chat.views import rooms as words
from bot.chat.views.audit import NO_DEEDS, audit_text
from bot.chat.views.layout import pages
from bot.core.access import Person
from bot.services.ports import Topic

DEEDS_A_PAGE = 10
Shown = tuple[str, InlineKeyboardMarkup | None]
Step = Callable[[UseCases, RoomPress, Message, Person], Awaitable[Shown | None]]


def chat_list(use: UseCases, page: int) -> Shown:
    """List all chats, those first that wait to be let in."""
    found = [
        (chat.chat_id, words.chat_label(chat, is_owner=use.chats.is_owner(chat.chat_id)))
        for chat in sorted(use.chats.all(), key=lambda c: (not c.is_waiting, c.blocked))
    ]
    heading = words.CHATS_HEADING if len(found) > 1 else words.NO_CHATS
    return _(heading), chats_keyboard(found, page)


async def card(use: UseCases, message: Message, chat_id: int) -> Shown:
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


async def deeds(use: UseCases, message: Message, before: int | None) -> Shown:
    """Show what was done, a page of it."""
    found = await use.rooms.deeds(before=before, most=DEEDS_A_PAGE + 1)
    if not found:
        return _(NO_DEEDS), None
    titles = {chat.chat_id: chat.title for chat in use.chats.all()}
    zone, told = use.chats.zone_of(message.chat_id), found[:DEEDS_A_PAGE]
    text = pages(audit_text(told, titles, zone).split("\n\n"))[0]
    return text, audit_keyboard(told, more=len(found) > DEEDS_A_PAGE)


async def ask(
    use: UseCases, message: Message, wanted: RoomPress, by: Person, topic: Topic, text: str
) -> None:
    """Ask for words."""
    keyboard = cancel_keyboard(wanted.chat_id, by.user_id)
    question = await message.reply_html(_(text), reply_markup=keyboard)
    await use.rooms.ask(
        message.chat_id, by.user_id, topic, about=wanted.chat_id, question=question.message_id
    )


def choice(wanted: RoomPress) -> tuple[bool, int, str]:
    """Read whether something is wanted, on which page that was, and what."""
    wish, _colon, rest = wanted.chosen.partition(":")
    page, _colon, what = rest.partition(":")
    return wish == "1", int(page) if page.isdigit() else 0, what
