"""Thinning out the past: fewer changes, and the same answers at each full hour or midnight."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.core.history import History, Point
from bot.core.thinning import (
    HOURLY,
    WHOLE,
    Change,
    thinned,
    thinned_to_days_until,
    thinned_until,
)

NOW = datetime(2026, 6, 1, 10, 20, 30, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MINUTE = timedelta(minutes=1)
COIN = ("main/funding", "USDT")
NOON = datetime(2026, 1, 10, 12, tzinfo=UTC)
LONG_AGO = NOON - 400 * DAY


def change(number: int, at: datetime, before: datetime | None) -> Change:
    return Change(number, at, before)


def each(*minutes: float, since: datetime) -> list[Change]:
    """Change at these minutes, each time a minute after the amount before was read last."""
    instants = [since + minute * MINUTE for minute in minutes]
    return [change(n, at, at - MINUTE) for n, at in enumerate(instants)]


@pytest.mark.parametrize(
    ("minutes", "since", "stay"),
    [
        ([1, 2, 3], NOON, [(3, 0)]),  # one of an hour; before it, what the first had before it
        ([1, 2, 60, 61, 62], NOON, [(60, 0), (62, 60)]),  # a full hour belongs to what was before
        ([0, 1], NOON, [(0, -1), (1, 0)]),
        ([1, 200, 700], LONG_AGO, [(700, 0)]),  # one of a day
        ([1, 720, 721], LONG_AGO, [(720, 0), (721, 720)]),  # which ends at midnight
        ([], NOON, []),
    ],
)
def test_what_stays(minutes: list[float], since: datetime, stay: list[tuple[int, int]]) -> None:
    """The last change of each hour stays, and of each day of long ago."""
    found = thinned(each(*minutes, since=since), now=NOW)
    assert [
        ((c.at - since) // MINUTE, (c.before_at - since) // MINUTE) for c in found if c.before_at
    ] == stay


def test_the_first_reading_stays() -> None:
    """Nothing is joined over the beginning of a life of the wallet."""
    first, second, third = each(1, 2, 3, since=NOON)
    begun = Change(second.id, second.at, None)
    assert thinned([first, begun, third], now=NOW) == [first, begun, third]


def test_what_was_kept_later_stays() -> None:
    """After the clock was put back, an earlier instant may be the later news."""
    first, second = each(1, 2, since=NOON)
    late = Change(9, first.at, first.before_at)
    assert thinned([late, second], now=NOW) == [late, second]


def test_until_when() -> None:
    """Only what is older than anything that is looked at whole, up to a full hour."""
    assert thinned_until(NOW) == NOW.replace(minute=0, second=0) - WHOLE
    assert thinned_to_days_until(NOW) == NOW.replace(hour=0, minute=0, second=0) - HOURLY


Step = Sequence[tuple[timedelta, float, int]]
STEPS = st.lists(
    st.tuples(
        # From one change to the next, how long before it somebody looked last, and the amount.
        st.sampled_from([MINUTE, 7 * MINUTE, 20 * MINUTE, HOUR, 9 * HOUR, DAY, 30 * DAY]),
        st.floats(0.1, 1.0),
        st.integers(0, 4),
    ),
    max_size=40,
)


def life(steps: Step) -> tuple[list[Change], dict[int, Decimal]]:
    """Let amounts change, the first of them being what was read first."""
    at = NOON - 2 * HOURLY
    changes = [Change(0, at, None)]
    amounts = {0: Decimal(3)}
    for number, (apart, looked, amount) in enumerate(steps, start=1):
        before_at = at + apart * looked * 0.99
        at += apart
        if at <= thinned_until(NOW):
            changes.append(Change(number, at, before_at))
            amounts[number] = Decimal(amount)
    return changes, amounts


def held_at(changes: Sequence[Change], amounts: dict[int, Decimal], at: datetime) -> Decimal:
    return amounts[max(c.id for c in changes if c.at <= at)]


@given(STEPS)
@example([(MINUTE, 0.5, 1), (HOUR - MINUTE, 0.5, 2), (MINUTE, 0.5, 0)])
def test_full_hours_are_told_as_before(steps: Step) -> None:
    """Of a year each full hour, and of all time each midnight; doing it again changes nothing."""
    changes, amounts = life(steps)
    stay = thinned(changes, now=NOW)
    first = changes[0].at
    for c in changes:
        midnight = c.at.replace(hour=0, minute=0, second=0, microsecond=0)
        hour = c.at.replace(minute=0, second=0, microsecond=0)
        hours = [hour, hour + HOUR] if c.at > NOW - HOURLY + DAY else []
        for at in (midnight, midnight + DAY, *hours):
            if at >= first:
                assert held_at(stay, amounts, at) == held_at(changes, amounts, at)
    assert thinned(stay, now=NOW) == stay


@given(STEPS, st.integers(1, 5))
def test_piece_by_piece(steps: Step, size: int) -> None:
    """It comes to the same when only some changes are looked at in one go."""
    changes, _ = life(steps)
    stay: list[Change] = []
    for begin in range(0, len(changes), size):
        *done, last = thinned([*stay[-1:], *changes[begin : begin + size]], now=NOW)
        stay = [*stay[:-1], *done, last]
    assert stay == thinned(changes, now=NOW)


@given(STEPS)
def test_nothing_lasted_longer_than_it_was_read(steps: Step) -> None:
    """Each stretch that is told lies within one that was told before, with the same amount."""
    changes, amounts = life(steps)

    def told(some: Sequence[Change]) -> list[tuple[datetime, datetime, Decimal]]:
        points = [Point(c.at, c.before_at, amounts[c.id], amounts[c.id]) for c in some]
        history = History({COIN: points}, {COIN[0]: changes[0].at}, {COIN[0]: NOW})
        stretches = history.stretches(COIN, "total", since=changes[0].at, now=NOW)
        return [(s.begins_at, s.ends_at, s.amount.value) for s in stretches]

    whole = told(changes)
    for begins_at, ends_at, value in told(thinned(changes, now=NOW)):
        assert any(b <= begins_at and ends_at <= e and value == v for b, e, v in whole)
