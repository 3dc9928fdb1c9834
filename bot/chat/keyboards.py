"""Rows of buttons under a message."""

from collections.abc import Callable, Iterable
from typing import Literal

from telegram import CopyTextButton, InlineKeyboardButton, InlineKeyboardMarkup

from bot.chat.callbacks import AlertAction, AlertPress, PagePress
from bot.chat.i18n import _
from bot.chat.numbers import amount_text, amounts_are_hidden
from bot.chat.views.figures import ORDER, shortfall
from bot.core.events import Alert
from bot.core.faces import Face

MOST_COPIED = 256


def _turns(
    data_of: Callable[[int], str | None], page: int, pages: int
) -> list[InlineKeyboardButton | None]:
    """Offer the page before and the page after, where there are such."""
    return [
        _button(_("‹ Back"), data_of(page - 1)) if page > 0 else None,
        _button(f"{page + 2}/{pages} ›", data_of(page + 1)) if page + 1 < pages else None,
    ]


def _button(label: str, data: str | None) -> InlineKeyboardButton | None:
    return InlineKeyboardButton(label, callback_data=data) if data else None


def alerts_keyboard(
    alerts: Iterable[tuple[Alert, Face]], *, page: int, pages: int
) -> InlineKeyboardMarkup | None:
    """Offer what can be done about one alert in an answer to `/alerts`, and to turn pages."""
    about = alert_keyboard(alerts, "answer")
    turns = _turns(lambda page: PagePress(page).encode(), page, pages)
    rows = [*(about.inline_keyboard if about else ()), [button for button in turns if button]]
    rows = [row for row in rows if row]
    return InlineKeyboardMarkup(rows) if rows else None


STATUS_PATTERN = r"^t:\d{1,4}$"


def decode_status(data: str) -> int:
    """Read which page of the status a button is for; the caller has matched `STATUS_PATTERN`."""
    return int(data.removeprefix("t:"))


def status_keyboard(*, page: int, pages: int) -> InlineKeyboardMarkup:
    """Offer to look again, and to turn pages."""
    turns = [button for button in _turns(lambda n: f"t:{n}", page, pages) if button]
    again = InlineKeyboardButton(_("🔄 Refresh"), callback_data=f"t:{page}")
    return InlineKeyboardMarkup([row for row in (turns, [again]) if row])


def alert_keyboard(
    alerts: Iterable[tuple[Alert, Face]], place: Literal["news", "answer"] = "news"
) -> InlineKeyboardMarkup | None:
    """Offer what can be done about the alerts of a message; None where all of it is over."""
    firing = [(alert, face) for alert, face in alerts if face.over is None]
    if not firing:
        return None
    firing.sort(key=lambda pair: ORDER[pair[0].severity])
    worst, face = firing[0]
    silent = all(face.silent for _, face in firing)

    def button(label: str, action: AlertAction) -> InlineKeyboardButton:
        data = AlertPress(action, worst.incident, place).encode()
        return InlineKeyboardButton(label, callback_data=data)

    seen = button(_("🔔 Unmute"), "unmute") if silent else button(_("👁 Seen"), "seen")
    rows = [
        [seen, button(_("🔕 1h"), "hour"), button(_("🔕 8h"), "eight_hours")],
        [button(_("🔕 Until recovered"), "recovered"), button(_("🔄 Check now"), "check")],
        _copy_shortfall(worst, face),
    ]
    return InlineKeyboardMarkup([row for row in rows if row])


def _copy_shortfall(alert: Alert, face: Face) -> list[InlineKeyboardButton]:
    """Offer to copy how much of the coin is missing; nothing where it is not coins that are."""
    if amounts_are_hidden():
        return []
    if alert.comparison != "<" or alert.measure != "amount" or face.amount >= alert.limit:
        return []
    short = shortfall(alert, face.amount)
    copied = CopyTextButton(f"{short:f}"[:MOST_COPIED])
    return [InlineKeyboardButton(f"📋 {amount_text(short)} {alert.asset}", copy_text=copied)]
