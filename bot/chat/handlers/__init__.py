"""One module a command: a handler parses, calls one service, and sends what a view made of it."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from telegram import CallbackQuery, InlineKeyboardMarkup, Message, Update, User
from telegram.constants import ChatAction, ParseMode
from telegram.error import BadRequest, TelegramError
from telegram.ext import CallbackContext, CallbackQueryHandler, CommandHandler, ExtBot

from bot.chat.i18n import LanguageOf, english
from bot.chat.views.layout import one_line
from bot.chat.views.mistakes import name_mistake
from bot.chat.views.words import usage_text
from bot.core.access import Person, reaches
from bot.core.errors import UnknownName
from bot.core.scope import Asker
from bot.core.stock import account_of
from bot.services.admit_chats import AdmitChats
from bot.services.build_digests import BuildDigests
from bot.services.check_accounts import CheckAccounts
from bot.services.draft_rules import DraftRules
from bot.services.export_history import ExportHistory
from bot.services.manage_alerts import ManageAlerts
from bot.services.manage_chats import ManageChats
from bot.services.manage_rooms import ManageRooms
from bot.services.manage_rules import ManageRules
from bot.services.preview_rule import PreviewRule
from bot.services.report_balances import ReportBalances
from bot.services.report_status import ReportStatus
from bot.services.show_history import ShowHistory

LONGEST_NAME, MOST_NAMES = 40, 3
TYPING_WITHIN_S = 2.0
"""For what is only a courtesy."""
Context = CallbackContext[ExtBot[None], dict[Any, Any], dict[Any, Any], dict[Any, Any]]
Command = CommandHandler[Context, None]
Button = CallbackQueryHandler[Context, None]


@dataclass(frozen=True, slots=True)
class UseCases:
    """What handlers may call."""

    checks: CheckAccounts
    balances: ReportBalances
    rules: ManageRules
    drafts: DraftRules
    previews: PreviewRule
    alerts: ManageAlerts
    digests: BuildDigests
    history: ShowHistory
    exports: ExportHistory
    status: ReportStatus
    chats: ManageChats
    admission: AdmitChats
    rooms: ManageRooms
    zone: ZoneInfo
    """In which instants are shown."""
    language_of: LanguageOf = english
    dust: Decimal | None = None
    """Coins worth less are told in one line; None: as usual for the currency."""

    def here(self, message: Message, user: User | None = None) -> "UseCases":
        """Return them as they are where a message is: they know of nothing else."""
        chat = self.chats.known(message.chat_id)
        asker = Asker(
            chat_id=message.chat_id,
            by=person_of(user) if user is not None else None,
            scope=chat.scope,
            currency=chat.preferences.currency,
            percent_only=chat.preferences.percent_only,
        )
        return replace(
            self,
            balances=self.balances.within(asker),
            rules=self.rules.within(asker),
            drafts=self.drafts.within(asker),
            previews=self.previews.within(asker),
            alerts=self.alerts.within(asker),
            digests=self.digests.within(asker),
            history=self.history.within(asker),
            exports=self.exports.within(asker),
            status=self.status.within(asker),
            zone=self.chats.zone_of(chat),
            dust=chat.preferences.dust,
        )

    def may_manage(self, user_id: int, chat_id: int) -> bool:
        """Whether somebody may set rules, silence alerts and change settings in a chat."""
        return reaches(self.chats.role_of(user_id, chat_id), "manager")


def person_of(user: User) -> Person:
    """Tell who somebody is; a name is whatever they call themselves."""
    return Person(user.id, user.full_name[:LONGEST_NAME])


def names_there(use: UseCases) -> tuple[str, ...]:
    """Name a few accounts that can be asked for, for who has named none."""
    accounts = dict.fromkeys(map(account_of, use.balances.paths))
    return tuple(accounts)[:MOST_NAMES]


def unknown_name(use: UseCases, error: UnknownName, command: str) -> str:
    """Say that nothing is called so, what is, and how a command is used."""
    return f"{one_line(name_mistake(error, names_there(use)))}\n\n{usage_text(command)}"


def plain_command(name: str, answer: Callable[[Message], Awaitable[None]]) -> Command:
    """Make a command that takes nothing behind it; with something, it says how it is used."""

    async def run(update: Update, context: Context) -> None:
        if update.message is None:
            return
        if context.args:
            await update.message.reply_html(usage_text(name))
        else:
            await answer(update.message)

    return CommandHandler(name, run)


def button(
    pattern: str, pressed: Callable[[CallbackQuery, Message, str], Awaitable[None]]
) -> Button:
    """Make what a press with such data is for; it gets the message and the data, too.

    The gate has seen to it that the message has a button with just this data.
    """

    async def run(update: Update, _context: Context) -> None:
        press = update.callback_query
        if press is not None and press.data and isinstance(press.message, Message):
            await pressed(press, press.message, press.data)

    return CallbackQueryHandler(run, pattern=pattern)


async def show_typing(message: Message) -> None:
    """Show at once that an answer is coming; where that cannot be shown, it comes all the same."""
    with suppress(TelegramError):
        await message.reply_chat_action(ChatAction.TYPING, read_timeout=TYPING_WITHIN_S)


async def acknowledge(press: CallbackQuery, text: str) -> None:
    """Stop the button's spinner; one that was pressed long ago has none any more."""
    try:
        await press.answer(text or None)
    except BadRequest as e:
        if "too old" not in str(e):
            raise


async def show(message: Message, text: str, keyboard: InlineKeyboardMarkup | None = None) -> None:
    """Edit a message of ours; that it says so already is no failure."""
    try:
        await message.edit_text(text, parse_mode=ParseMode.HTML, reply_markup=keyboard)
    except BadRequest as e:
        if "not modified" not in str(e):
            raise
