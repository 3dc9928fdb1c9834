"""`/alerts`, `/test`, and the buttons under alerts: who has seen what, what is silent."""

from functools import partial

from telegram import CallbackQuery, InlineKeyboardMarkup, Message, Update
from telegram.ext import BaseHandler

from bot.chat.callbacks import ALERT_PATTERN, PAGE_PATTERN, AlertAction, decode_alert, decode_page
from bot.chat.handlers import (
    Context,
    UseCases,
    acknowledge,
    button,
    person_of,
    plain_command,
    show,
)
from bot.chat.i18n import _
from bot.chat.keyboards import alerts_keyboard
from bot.chat.views.standing import alert_pages, hush_text
from bot.chat.views.words import ALERT_OVER, NOT_SILENT, NOT_TOLD_HERE, ONLY_A_TEST, READING
from bot.core.alerts import AlertState
from bot.core.faces import Face
from bot.core.rehearsal import INCIDENT
from bot.services.manage_alerts import Press


def handlers(use: UseCases) -> list[BaseHandler[Update, Context, None]]:
    """Return the buttons and the command."""

    async def alerts(message: Message) -> None:
        text, keyboard = await _report(use.here(message))
        await message.reply_html(text, reply_markup=keyboard)

    async def test(message: Message) -> None:
        if not await use.here(message).alerts.test(message.chat_id):
            await message.reply_text(_(NOT_TOLD_HERE))

    return [
        plain_command("alerts", alerts),
        plain_command("test", test),
        button(ALERT_PATTERN, partial(_pressed, use)),
        button(PAGE_PATTERN, partial(_turned, use)),
    ]


async def _pressed(use: UseCases, press: CallbackQuery, message: Message, data: str) -> None:
    """Do what a button under an alert is for.

    Its own incident is meant under an answer to `/alerts`, and under a message that was sent and
    never confirmed: those are not in the outbox.
    """
    wanted, use = decode_alert(data), use.here(message, press.from_user)
    if wanted.incident == INCIDENT:
        await acknowledge(press, _(ONLY_A_TEST))
        return
    told = await use.alerts.told_in(message.chat_id, message.message_id)
    await _do(use, press, wanted.action, told or (wanted.incident,))
    if wanted.place == "answer":
        await show(message, *await _report(use))


async def _turned(use: UseCases, press: CallbackQuery, message: Message, data: str) -> None:
    """Show another page of what is wrong now."""
    await acknowledge(press, "")
    use = use.here(message)
    await show(message, *await _report(use, decode_page(data).page))


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
    else:
        await _keep(use, press, action, incidents)


async def _check(use: UseCases, press: CallbackQuery, incidents: tuple[str, ...]) -> None:
    """Read anew what the alerts are about; what was read is shown where they were told."""
    firing = await use.alerts.firing(incidents)
    if not firing:
        await acknowledge(press, _(ALERT_OVER))
        return
    await acknowledge(press, _(READING))
    accounts = {name for state in firing for name in use.balances.accounts_of(_pattern(state))}
    await use.checks.read_now(accounts)
    use.alerts.show(firing)


def _pattern(state: AlertState) -> str:
    return state.subject.removeprefix("sum ")


async def _keep(
    use: UseCases, press: CallbackQuery, action: Press, incidents: tuple[str, ...]
) -> None:
    by = person_of(press.from_user).name
    states = await use.alerts.press(incidents, action, by=by)
    hush = next((state.hush for state in states), None)
    if hush is None:
        text = _(ALERT_OVER)
    elif action == "unmute":
        text = _(NOT_SILENT)
    else:
        text = hush_text(hush, use.zone, now=hush.at)
    await acknowledge(press, text)
