"""The buttons under a chart: another time, other bands. What they carry outlives a restart."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import get_args

from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from bot.chat.callbacks import MOST_BYTES
from bot.chat.i18n import _
from bot.chat.views.history import by_text
from bot.services.show_history import By, HistoryReport, Question, Span

_PLACES: dict[By, str] = {"coin": "c", "place": "p"}
_BY = {short: by for by, short in _PLACES.items()}
_SPANS: tuple[Span, ...] = get_args(Span)

HISTORY_PATTERN = r"^h:(1d|7d|30d|90d):[cp]:"


@dataclass(frozen=True, slots=True)
class HistoryPress:
    """A button under a chart."""

    span: Span
    by: By
    query: str
    """What is asked for, or what stands for that where it is too long."""

    def encode(self) -> str | None:
        """Return the data for the button; None where it would be too long for one."""
        data = f"h:{self.span}:{_PLACES[self.by]}:{self.query}"
        return data if len(data.encode()) <= MOST_BYTES else None


def decode_history(data: str) -> HistoryPress:
    """Read what `encode` wrote; the caller has matched `HISTORY_PATTERN`."""
    _h, told, short, query = data.split(":", 3)
    return HistoryPress(next(span for span in _SPANS if span == told), _BY[short], query)


def history_keyboard(
    report: HistoryReport, *, shortened: Callable[[str], str | None]
) -> InlineKeyboardMarkup | None:
    """Offer other times and other bands; None where the query is too long for a button."""
    question = report.question
    query = _fitting(question, shortened)
    if query is None:
        return None
    spans = [
        _button(f"· {span} ·" if span == question.span else span, span, question.by, query)
        for span in _SPANS
    ]
    rows = [spans]
    if report.may_turn:
        other: By = "place" if report.bands == "coin" else "coin"
        rows.append([_button(by_text(report, other), question.span, other, query)])
    return InlineKeyboardMarkup(rows)


def _fitting(question: Question, shortened: Callable[[str], str | None]) -> str | None:
    fits = HistoryPress("90d", question.by, question.query).encode() is not None
    return question.query if fits else shortened(question.query)


def _button(label: str, span: Span, by: By, query: str) -> InlineKeyboardButton:
    return InlineKeyboardButton(_(label), callback_data=HistoryPress(span, by, query).encode())
