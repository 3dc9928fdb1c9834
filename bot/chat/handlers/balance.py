"""`/balance [path or coin]`: a line at once, the answer edited into it, and its buttons."""

from functools import partial

from telegram import CallbackQuery, Message, Update
from telegram.ext import BaseHandler, CommandHandler

from bot.chat.callbacks import BALANCE_PATTERN, decode_balance
from bot.chat.handlers import Context, UseCases, acknowledge, button, show
from bot.chat.i18n import _
from bot.chat.keyboards import balance_keyboard
from bot.chat.views.balances import balance_blocks, reading_text
from bot.chat.views.layout import one_line, pages
from bot.chat.views.mistakes import name_mistake
from bot.chat.views.words import READING, usage_text
from bot.core.errors import UnknownName

EVERYTHING = "*"
LONGEST_QUERY = 200
"""No path is longer; the answer to a name that is not known repeats it."""


def handlers(use: UseCases) -> list[BaseHandler[Update, Context, None]]:
    """Return the command and what its buttons do."""

    async def balance(update: Update, context: Context) -> None:
        if update.message is None:
            return
        query = " ".join(context.args or ()) or EVERYTHING
        if " " in query or len(query) > LONGEST_QUERY:
            await update.message.reply_html(usage_text("balance"))
            return
        if mistake := await _mistake(use, query):
            await update.message.reply_html(mistake)
            return
        accounts = use.balances.accounts_of(query)
        answer = await update.message.reply_html(reading_text(accounts))
        await use.checks.read_now(accounts)
        await _show(use, answer, query, page=0)

    return [
        CommandHandler("balance", balance),
        button(BALANCE_PATTERN, partial(_pressed, use)),
    ]


async def _pressed(use: UseCases, press: CallbackQuery, message: Message, data: str) -> None:
    """Read again, or turn the page."""
    wanted = decode_balance(data)
    await acknowledge(press, _(READING) if wanted.action == "refresh" else "")
    if wanted.action == "refresh":
        await use.checks.read_now(use.balances.accounts_of(wanted.query))
    await _show(use, message, wanted.query, page=wanted.page)


async def _mistake(use: UseCases, query: str) -> str | None:
    """Say at once that nothing is called so; before the first round nobody can know."""
    if not use.checks.all_attempted:
        return None
    try:
        await use.balances.balances(query)
    except UnknownName as e:
        return _unknown(e)
    return None


def _unknown(error: UnknownName) -> str:
    return f"{one_line(name_mistake(error))}\n\n{usage_text('balance')}"


async def _show(use: UseCases, answer: Message, query: str, *, page: int) -> None:
    """Edit what is known now into the answer."""
    try:
        report = await use.balances.balances(query)
    except UnknownName as e:
        await show(answer, _unknown(e))
        return
    laid = pages(balance_blocks(report, use.zone))
    page = min(page, len(laid) - 1)
    keyboard = balance_keyboard(query, page=page, pages=len(laid))
    await show(answer, laid[page], keyboard)
