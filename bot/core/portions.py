"""How many events one message has room for, so that none is ever left out of what is told.

What events take is estimated from above, in units of UTF-16 as Telegram counts them. The views
keep their side of it: no name is shown longer than `LONGEST_NAME`, no line than `LONGEST_LINE`,
no more paths than `MOST_PATHS` of those that are told together.
"""

from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass
from decimal import Decimal
from itertools import groupby

from bot.core.events import (
    Alert,
    AlertCleared,
    AlertEnded,
    AlertRaised,
    AlertReminded,
    AlertTested,
    Event,
    SourceFound,
    SourceLost,
    SubAccountsChanged,
)
from bot.core.quiet import Begun, Over, settled

LONGEST_NAME = 80
LONGEST_LINE = 300
MOST_PATHS = 5
MOST_UNITS = 3900
"""Telegram takes 4,096, after the marks of HTML are taken out; the rest is for a heading."""
ROOM = MOST_UNITS - 300
"""The rest is for what is said of all events together: that they are late, or told again."""
_WORDS = {AlertRaised: 430, AlertReminded: 200, AlertTested: 260}
"""What we say around names and amounts, what is edited in later included."""
_VALUE_WORDS = 500
_OTHER_WORDS = 240
_LINE_WORDS = 120
"""What we say of something that is over already."""
_AMOUNTS = (8, 110)
"""What an amount takes at least and at most."""
_TABLE_ROWS = 4
_PATH = LONGEST_NAME + 2
_CHOSEN = {"kind", "measure", "part", "asked", "comparison", "severity"}
"""What is one of few words, and counts among ours."""
_NAMES = {"subject", "asset", "elsewhere"}


def portions(events: Sequence[Event]) -> list[tuple[Event, ...]]:
    """Part what is told together into messages that each have room for all of theirs.

    The worst is told first; what fits one message stays as it came.
    """
    if fits(events):
        return [tuple(events)]
    laid: list[list[Event]] = []
    for _, group in groupby(sorted(events, key=_place), key=_place):
        for block in _blocks(list(group)):
            if not laid or not fits([*laid[-1], *block]):
                laid.append([])
            laid[-1] += block
    return [tuple(portion) for portion in laid]


def fits(events: Sequence[Event]) -> bool:
    """Whether one message has room for all of them."""
    return room_of(events) <= ROOM


def room_of(events: Sequence[Event]) -> int:
    """Estimate from above how many units a message takes that tells these."""
    standing, passed = settled(events)
    taken = sum(_line(begun, over) for begun, over in passed)
    for _, group in groupby(sorted(standing, key=_place), key=_place):
        taken += sum(map(_room, _blocks(list(group))))
    return taken


def _blocks(group: list[Event]) -> list[list[Event]]:
    """Set apart what is told apart: only sources are told together."""
    return [group] if isinstance(group[0], SourceLost | SourceFound) else [[e] for e in group]


def _room(block: Sequence[Event]) -> int:
    """Estimate from above how many units a block takes."""
    first = block[0]
    match first:
        case SourceLost() | SourceFound():
            return _OTHER_WORDS + sum(_rooms(first)) + min(len(block), MOST_PATHS) * _PATH
        case SubAccountsChanged():
            names = (first.added, first.gone, first.frozen, first.thawed)
            return _OTHER_WORDS + _PATH * (1 + sum(min(len(n), MOST_PATHS) for n in names))
        case AlertRaised(alert=Alert(measure="value")):
            return _VALUE_WORDS + sum(_rooms(first)) + _differences(first)
        case _:
            words = _WORDS.get(type(first), _OTHER_WORDS)
            return words + sum(_rooms(first)) + _differences(first)


def _differences(event: Event) -> int:
    """Estimate what amounts take beside themselves.

    Each row of a table is as wide as the widest, and how far two amounts lie apart is as long as
    the longer one.
    """
    alert = getattr(event, "alert", None)
    amounts = [getattr(event, name, None) for name in ("amount", "before")]
    amounts += [alert.limit, alert.clear] if alert else []
    longest = max((n for a in amounts if a is not None for n in _rooms(a)), default=0)
    return _TABLE_ROWS * max(longest - _AMOUNTS[0], 0)


def _line(begun: Begun, over: Over) -> int:
    about = (begun.path,) if isinstance(begun, SourceLost) else (begun.alert, over)
    return _LINE_WORDS + sum(_rooms(about))


def _rooms(value: object, *, longest: int = LONGEST_LINE) -> Iterator[int]:
    """Measure all names and amounts there are within."""
    match value:
        case str():
            yield min(len(value.encode("utf-16-le", "replace")) // 2, longest)
        case Decimal():
            least, most = _AMOUNTS
            yield min(max(len(f"{value:,f}"), least), most)
        case tuple():
            for part in value:
                yield from _rooms(part, longest=longest)
        case _ if is_dataclass(value):
            for field in fields(value):
                if field.name not in _CHOSEN:
                    cap = LONGEST_NAME if field.name in _NAMES else longest
                    yield from _rooms(getattr(value, field.name), longest=cap)


def _place(event: Event) -> tuple[int, str, str]:
    """Put what is wrong before what is well again, the worst of it first; sources by reason."""
    match event:
        case AlertTested():
            return (0, "", "")
        case AlertRaised() | AlertReminded():
            return (1 if event.alert.severity == "critical" else 2, "", "")
        case SourceLost():
            return (3, event.error, event.message)
        case AlertCleared() | AlertEnded():
            return (4, "", "")
        case SourceFound():
            return (5, "", "")
        case _:
            return (6, "", "")
