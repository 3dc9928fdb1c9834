"""What of the past goes into a file: which time, and the rows of it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal

from bot.core.errors import CoreError

ExportSpan = Literal["7d", "30d", "90d", "1y"]
SPANS: Mapping[ExportSpan, timedelta] = {
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
    "90d": timedelta(days=90),
    "1y": timedelta(days=365),
}
USUAL: ExportSpan = "30d"
_TIME = re.compile(r"[0-9]+\s*(h|hours?|d|days?|w|weeks?|m|mo|months?|y|years?)", re.IGNORECASE)


class UnknownExportSpan(CoreError):
    """A time that there is no file of; the message is the word."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants to have in a file."""

    words: tuple[str, ...] = ()
    """A path, a coin, or both; none means everything."""
    span: ExportSpan = USUAL


@dataclass(frozen=True, slots=True)
class Changed:
    """What one coin of one wallet was from an instant on."""

    id: int
    at: datetime
    path: str
    coin: str
    total: Decimal | None
    available: Decimal | None
    held: Decimal | None


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the file."""

    changed: Changed
    value: Decimal | None
    """Of the total, at that time; None: it was not told, or no price was kept."""


def wish_of(words: Sequence[str]) -> Wish:
    """Read what stands behind the command, in any order.

    Raises:
        UnknownExportSpan: a word is a time, but none that there are files of; or there are two.
    """
    found = [span for word in words for span in SPANS if word.lower() == span]
    others = tuple(word for word in words if word.lower() not in SPANS)
    wrong = [word for word in others if _TIME.fullmatch(word)]
    if wrong or len(found) > 1:
        raise UnknownExportSpan((wrong or found[1:])[0])
    return Wish(others, found[0] if found else USUAL)


def narrower(counts: Mapping[ExportSpan, int], *, most: int) -> ExportSpan | None:
    """Return the longest time of which there is not too much; None: there is none."""
    fitting = [span for span in SPANS if counts.get(span, most + 1) <= most]
    return fitting[-1] if fitting else None
