"""The talk that leads a new owner: language, time zone, first rule; all of it may be skipped.

Each message carries in its buttons what comes next, so that it goes on after a restart.
"""

from functools import partial
from zoneinfo import available_timezones

from telegram import CallbackQuery, InlineKeyboardMarkup, Message, Update
from telegram.ext import BaseHandler

from bot.chat.handlers import Context, UseCases, acknowledge, button, person_of, show
from bot.chat.handlers.rule import begin
from bot.chat.i18n import _, language, languages, speaking
from bot.chat.menu import show_menu
from bot.chat.room_buttons import (
    WELCOME_PATTERN,
    language_names,
    welcome_language_keyboard,
    welcome_rule_keyboard,
    welcome_zone_keyboard,
)
from bot.chat.views.rooms import WELCOME_DONE, WELCOME_RULE, WELCOME_ZONE, WHICH_LANGUAGE
from bot.core.access import Person
from bot.core.zones import COMMON

Shown = tuple[str, InlineKeyboardMarkup | None]


def handlers(use: UseCases) -> list[BaseHandler[Update, Context, None]]:
    """Return what the buttons of the talk do."""
    return [button(WELCOME_PATTERN, partial(_pressed, use))]


async def lead(message: Message) -> None:
    """Begin the talk."""
    keyboard = welcome_language_keyboard(language_names())
    await message.reply_html(_(WHICH_LANGUAGE), reply_markup=keyboard)


async def _pressed(use: UseCases, press: CallbackQuery, message: Message, data: str) -> None:
    """Go on from one step to the next."""
    _kind, step, chosen = data.split(":", 2)
    by = person_of(press.from_user)
    await acknowledge(press, "")
    spoken = chosen if step == "l" and chosen in languages() else language()
    with speaking(spoken):
        text, keyboard = await _after(use, message, step, chosen, by)
        await show(message, text, keyboard)
    if step == "l":
        chosen_language = use.chats.preferences(message.chat_id).language
        await show_menu(press.get_bot(), message.chat_id, chosen_language)
    if step == "r" and chosen:
        await begin(use.here(message, press.from_user), message, by.user_id)


async def _after(use: UseCases, message: Message, step: str, chosen: str, by: Person) -> Shown:
    chat_id = message.chat_id
    if step == "l" and chosen in languages():
        await use.rooms.prefer(chat_id, language=chosen, by=by)
    if step in {"l", "z", "Z"}:
        await use.rooms.ask(
            chat_id, by.user_id, "welcome", about=chat_id, question=message.message_id
        )
        zones = COMMON.get(chosen, ()) if step == "Z" else ()
        return _(WELCOME_ZONE), welcome_zone_keyboard(zones)
    if step == "t" and chosen in available_timezones():
        await use.rooms.prefer(chat_id, zone=chosen, by=by)
    await use.rooms.forget_question(chat_id, by.user_id)
    if step == "x" or chosen == "make":
        return _(WELCOME_DONE), None
    return _(WELCOME_RULE), welcome_rule_keyboard()
