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
    AlertCleared,
    AlertEnded,
    AlertRaised,
    AlertReminded,
    AlertTested,
    ChatApproved,
    ChatAsked,
    ChatFound,
    ChatLost,
    DigestDue,
    Event,
    PollContested,
    PollRegained,
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
        case ChatLost() | ChatFound() | ChatAsked() | ChatApproved():
            return False
        case PollContested() | PollRegained():
            return False
        case _:
            return event.alert.severity == "critical"


Begun = AlertRaised | SourceLost
Over = AlertCleared | AlertEnded | SourceFound


def settled(events: Iterable[Event]) -> tuple[tuple[Event, ...], tuple[tuple[Begun, Over], ...]]:
    """Sort what is told together into what stands, and what has begun and ended meanwhile.

    A reminder of what is told as new is left out, and all but the last of what is told again; so
    is the end of what has begun anew since: the last word is what stands.
    """
    standing: list[Event] = []
    passed: list[tuple[Begun, Over]] = []
    for event in events:
        match event:
            case AlertReminded() if _begun(standing, event) is not None:
                continue
            case AlertReminded() | SourceLost():
                _take_back(standing, type(event), event)
            case AlertCleared() | AlertEnded() | SourceFound():
                _take_back(standing, AlertReminded, event)
                begun = _begun(standing, event)
                if begun is not None:
                    standing.remove(begun)
                    passed.append((begun, event))
                    continue
        standing.append(event)
    return tuple(_without_old_ends(standing)), tuple(passed)


def _without_old_ends(standing: Iterable[Event]) -> list[Event]:
    left: list[Event] = []
    for event in standing:
        if isinstance(event, AlertRaised | SourceLost):
            place = place_of(event)
            left = [e for e in left if not (isinstance(e, Over) and place_of(e) == place)]
        left.append(event)
    return left


def place_of(event: Begun | Over) -> tuple[str, ...]:
    """Tell what an event is about, whichever time it is that it begins there or ends."""
    match event:
        case SourceLost() | SourceFound():
            return (event.path,)
        case _:
            return (event.alert.rule, event.alert.subject, event.alert.asset)


def _begun(standing: Iterable[Event], later: Over | AlertReminded) -> Begun | None:
    """Find what an event is the end of, or a reminder."""
    begun = (event for event in standing if isinstance(event, AlertRaised | SourceLost))
    return next((event for event in begun if _subject(event) == _subject(later)), None)


def _take_back(
    standing: list[Event], kind: type[AlertReminded | SourceLost], by: Begun | Over | AlertReminded
) -> None:
    """Leave out what need not be told any more."""
    told = [e for e in standing if isinstance(e, AlertReminded | SourceLost)]
    for event in told:
        if isinstance(event, kind) and _subject(event) == _subject(by):
            standing.remove(event)


def _subject(event: Begun | Over | AlertReminded) -> tuple[str, ...]:
    """Name what begins and ends; two episodes may share an id, by chance."""
    match event:
        case SourceLost() | SourceFound():
            return (event.path,)
        case _:
            return (event.alert.incident, *event.alert.key)


def mergeable(events: Iterable[Event]) -> bool:
    """Whether a message that waits may be told together with others: what is asked stands alone.

    So does a digest.
    """
    return not any(isinstance(event, DigestDue | ChatAsked) for event in events)
