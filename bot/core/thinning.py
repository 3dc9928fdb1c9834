"""What stays of changes that are long past: the last of each hour, and later of each day.

A change that goes is joined with the one after it. What there was at a full hour (and later, at
midnight UTC) is told as before, and no amount is said to have stayed longer than it was read.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

WHOLE = timedelta(days=90)
"""For so long all changes stay; pictures and rules look no further back, files that do say so."""
HOURLY = timedelta(days=365)
"""For so long the last one of each hour stays: any local midnight of a year can be told."""

_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
_FIRST = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Change:
    """A change as it is kept; `before_at` as in `history.Point`."""

    id: int
    at: datetime
    before_at: datetime | None


def thinned_until(now: datetime) -> datetime:
    """Return the full hour up to which changes are to be thinned."""
    return _floor(now - WHOLE, _HOUR)


def thinned_to_days_until(now: datetime) -> datetime:
    """Return the midnight UTC up to which only the last of each day is to stay."""
    return _floor(now - HOURLY, _DAY)


def thinned(changes: Iterable[Change], *, now: datetime) -> Sequence[Change]:
    """Choose what stays of the changes of one coin, joined with what goes.

    May be done piece by piece: what stays of one is the beginning of the next.

    Args:
        changes: In the order of their instants and ids, none later than `thinned_until(now)`.
        now: The present instant.
    """
    daily_until = thinned_to_days_until(now)
    stay: list[Change] = []
    for change in changes:
        if stay and _is_joined(stay[-1], change, daily_until):
            before = stay.pop()
            stay.append(replace(change, before_at=before.before_at))
        else:
            stay.append(change)
    return stay


def _is_joined(change: Change, after: Change, daily_until: datetime) -> bool:
    """Whether a change goes for the next one's sake.

    The first reading of a wallet stays: nothing is told of the time before it. What was kept later
    stays, too, where the clock was put back in between.
    """
    is_first = change.before_at is None or after.before_at is None
    together = _group(change.at, daily_until) == _group(after.at, daily_until)
    return together and not is_first and change.id < after.id


def _group(at: datetime, daily_until: datetime) -> tuple[timedelta, int]:
    """Number the hours and the days, each with its last instant: what was at noon is of 12:00."""
    span = _DAY if at <= daily_until else _HOUR
    return span, -((_FIRST - at) // span)


def _floor(at: datetime, span: timedelta) -> datetime:
    return at - (at - _FIRST) % span
