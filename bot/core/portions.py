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
MOST_UNITS = 4096
"""Telegram takes so many, after the marks of HTML are taken out."""
ROOM = MOST_UNITS - 300
"""The rest is for what is said of the whole message."""
_WORDS = {AlertRaised: 400, AlertReminded: 230, AlertTested: 330}
"""What we say around names and amounts, what is edited in later included."""
_OTHER_WORDS = 260
_LINE_WORDS = 160
"""What we say of something that is over already."""
_AMOUNT = 24
"""What an amount takes at least: it may have another one's length when the message is edited."""
_LONGEST_AMOUNT = 60
_PATH = LONGEST_NAME + 2


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
    standing, passed = settled(events)
    taken = sum(_line(begun, over) for begun, over in passed)
    for _, group in groupby(sorted(standing, key=_place), key=_place):
        taken += sum(map(_room, _blocks(list(group))))
    return taken <= ROOM


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
        case _:
            return _WORDS.get(type(first), _OTHER_WORDS) + sum(_rooms(first))


def _line(begun: Begun, over: Over) -> int:
    about = (begun.path,) if isinstance(begun, SourceLost) else (begun.alert, over)
    return _LINE_WORDS + sum(_rooms(about))


def _rooms(value: object) -> Iterator[int]:
    match value:
        case str():
            yield min(len(value.encode("utf-16-le", "replace")) // 2, LONGEST_LINE)
        case Decimal():
            yield min(max(len(f"{value:,f}"), _AMOUNT), _LONGEST_AMOUNT)
        case tuple():
            for part in value:
                yield from _rooms(part)
        case _ if is_dataclass(value):
            for field in fields(value):
                yield from _rooms(getattr(value, field.name))


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
