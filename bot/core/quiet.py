"""Quiet hours: when a chat wants to hear only what is critical, and what is told when they end.

They are wall-clock times of the bot's zone, from the first to just before the second; where the
first is the later one they go over midnight.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from typing_extensions import override

from bot.core.events import (
    AlertTested,
    DigestDue,
    Event,
    SourceFound,
    SourceLost,
    SubAccountsChanged,
)
from bot.core.timing import instant_of

_TIME = r"([01]?[0-9]|2[0-3]):([0-5][0-9])"
_HOURS = re.compile(rf"{_TIME}\s*[-–]\s*{_TIME}")
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class QuietHours:
    """Hours of each day; `str()` gives the text that parses to the same hours."""

    start: time
    end: time

    @override
    def __str__(self) -> str:
        return f"{self.start:%H:%M}-{self.end:%H:%M}"

    def end_at(self, now: datetime, zone: ZoneInfo) -> datetime | None:
        """Return the instant (UTC) at which the quiet hours end; None: it is none of them now."""
        today = now.astimezone(zone).date()
        for day in (today - _DAY, today):
            last = day if self.start < self.end else day + _DAY
            ends = instant_of(last, self.end, zone)
            if instant_of(day, self.start, zone) <= now < ends:
                return ends
        return None


def parse_quiet(text: str) -> QuietHours | None:
    """Read `22:00-07:00`; None where it is not that, or both are the same time."""
    found = _HOURS.fullmatch(text.strip())
    if found is None:
        return None
    hour, minute, last_hour, last_minute = map(int, found.groups())
    start, end = time(hour, minute), time(last_hour, last_minute)
    return None if start == end else QuietHours(start, end)


def disturbs(event: Event) -> bool:
    """Whether an event is told in quiet hours, too: all about a critical alert is, and a test."""
    match event:
        case AlertTested():
            return True
        case DigestDue() | SourceLost() | SourceFound() | SubAccountsChanged():
            return False
        case _:
            return event.alert.severity == "critical"


def mergeable(events: Iterable[Event]) -> bool:
    """Whether a message that waits may be told together with others: a digest stands alone."""
    return not any(isinstance(event, DigestDue) for event in events)
