"""`/alerts`, `/test`, and the buttons under alerts: who has seen what, what is silent."""

from telegram import CallbackQuery, InlineKeyboardMarkup, Message, Update
from telegram.ext import BaseHandler, CallbackQueryHandler

from bot.chat.callbacks import ALERT_PATTERN, PAGE_PATTERN, AlertAction, decode_alert, decode_page
from bot.chat.handlers import Context, UseCases, acknowledge, plain_command, show
from bot.chat.keyboards import alerts_keyboard
from bot.chat.views.alerts import alert_pages, hush_text
from bot.chat.views.words import (
    ALERT_OVER,
    NOT_TOLD_HERE,
    OLD_BUTTON,
    ONLY_A_TEST,
    ONLY_OWNERS_SILENCE,
    READING,
)
from bot.core.alerts import AlertState
from bot.core.faces import Face
from bot.core.rehearsal import INCIDENT
from bot.services.manage_alerts import Press

LONGEST_NAME = 40


def handlers(use: UseCases) -> list[BaseHandler[Update, Context, None]]:
    """Return the buttons and the command."""

    async def pressed(update: Update, _context: Context) -> None:
        if update.callback_query is not None:
            await _pressed(use, update.callback_query)

    async def turned(update: Update, _context: Context) -> None:
        if update.callback_query is not None:
            await _turned(use, update.callback_query)

    async def alerts(message: Message) -> None:
        text, keyboard = await _report(use)
        await message.reply_html(text, reply_markup=keyboard)

    async def test(message: Message) -> None:
        if not await use.alerts.test(message.chat_id):
            await message.reply_text(NOT_TOLD_HERE)

    return [
        plain_command("alerts", alerts),
        plain_command("test", test),
        CallbackQueryHandler(pressed, pattern=ALERT_PATTERN),
        CallbackQueryHandler(turned, pattern=PAGE_PATTERN),
    ]


async def _pressed(use: UseCases, press: CallbackQuery) -> None:
    """Do what a button under an alert is for."""
    if not press.data or not isinstance(press.message, Message):
        await press.answer(OLD_BUTTON)
        return
    wanted = decode_alert(press.data)
    if wanted.incident == INCIDENT:
        await acknowledge(press, ONLY_A_TEST)
        return
    told = await use.alerts.told_in(press.message.chat_id, press.message.message_id)
    await _do(use, press, wanted.action, told or (wanted.incident,))
    if wanted.place == "answer":
        await show(press.message, *await _report(use))


async def _turned(use: UseCases, press: CallbackQuery) -> None:
    """Show another page of what is wrong now."""
    if not press.data or not isinstance(press.message, Message):
        await press.answer(OLD_BUTTON)
        return
    await acknowledge(press, "")
    await show(press.message, *await _report(use, decode_page(press.data).page))


async def _report(use: UseCases, page: int = 0) -> tuple[str, InlineKeyboardMarkup | None]:
    """Say what is wrong now, a page of it; where it is one alert, its buttons are there, too."""
    report = await use.balances.alerts()
    one = report.firing if len(report.firing) == 1 else ()
    faces = [
        (state.alert, Face(state.amount, state.hush, state.is_silenced(report.at)))
        for state in one
        if state.alert is not None and state.amount is not None
    ]
    laid = alert_pages(report, use.zone)
    page = min(page, len(laid) - 1)
    return laid[page], alerts_keyboard(faces, page=page, pages=len(laid))


async def _do(
    use: UseCases, press: CallbackQuery, action: AlertAction, incidents: tuple[str, ...]
) -> None:
    if action == "check":
        await _check(use, press, incidents)
    elif use.chats.is_owner(press.from_user.id):
        await _keep(use, press, action, incidents)
    else:
        await acknowledge(press, ONLY_OWNERS_SILENCE)


async def _check(use: UseCases, press: CallbackQuery, incidents: tuple[str, ...]) -> None:
    """Read anew what the alerts are about; what was read is shown where they were told."""
    firing = await use.alerts.firing(incidents)
    if not firing:
        await acknowledge(press, ALERT_OVER)
        return
    await acknowledge(press, READING)
    accounts = {name for state in firing for name in use.balances.accounts_of(_pattern(state))}
    await use.checks.read_now(accounts)
    use.alerts.show(firing)


def _pattern(state: AlertState) -> str:
    return state.subject.removeprefix("sum ")


async def _keep(
    use: UseCases, press: CallbackQuery, action: Press, incidents: tuple[str, ...]
) -> None:
    by = press.from_user.full_name[:LONGEST_NAME]
    states = await use.alerts.press(incidents, action, by=by)
    hush = next((state.hush for state in states), None)
    text = hush_text(hush, use.zone, now=hush.at) if hush else ALERT_OVER
    await acknowledge(press, text)
