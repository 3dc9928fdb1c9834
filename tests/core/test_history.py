"""The past: changes told as stretches, and the sums of many wallets."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.history import History, Point, Stretch, summed, with_present
from bot.core.portfolio import Amount

START = datetime(2026, 3, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
COIN = ("main/funding", "USDT")


def at(minute: float) -> datetime:
    return START + minute * MINUTE


def point(minute: int, before: int | None, total: str | None, available: str = "0") -> Point:
    return Point(
        at(minute),
        None if before is None else at(before),
        None if total is None else Decimal(total),
        Decimal(available),
    )


def history(*points: Point, first: int = 0, last: int = 100) -> History:
    return History({COIN: points}, {COIN[0]: at(first)}, {COIN[0]: at(last)})


def stretch(begins: float, ends: float, amount: str) -> Stretch:
    return Stretch(at(begins), at(ends), Amount(Decimal(amount)))


def told(past: Sequence[Stretch]) -> list[tuple[float, float, str]]:
    return [
        ((s.begins_at - START) / MINUTE, (s.ends_at - START) / MINUTE, f"{s.amount.value:f}")
        for s in past
    ]


@pytest.mark.parametrize(
    ("known", "since", "now", "stretches"),
    [
        (history(point(0, None, "5")), 0, 100, [(0, 100, "5")]),
        (history(point(0, None, "5")), 40, 60, [(40, 60, "5")]),  # nothing beyond what is asked
        (
            history(point(0, None, "5"), point(10, 9, "7")),
            0, 100, [(0, 9, "5"), (10, 100, "7")],
        ),
        (history(point(0, None, "5"), point(10, 9, "7")), 0, 9.5, [(0, 9, "5")]),
        # The bot did not run from minute 20 to 80: what was there before is no recent reading.
        (history(point(0, None, "5"), point(80, 20, "7")), 30, 100, [(80, 100, "7")]),
        # A coin that came later was not there before, from the first reading on.
        (history(point(50, 49, "7"), first=30), 0, 100, [(30, 49, "0"), (50, 100, "7")]),
        (History({}, {COIN[0]: at(30)}, {COIN[0]: at(100)}), 0, 100, [(30, 100, "0")]),
        (History(), 0, 100, []),  # a wallet that was never read
        # An amount that was not told is unknown.
        (
            history(point(0, None, "5"), point(10, 9, None), point(20, 19, "6")),
            0, 100, [(0, 9, "5"), (10, 19, "0"), (20, 100, "6")],
        ),
        # The clock was ahead when 5 was read last, and was put back before 4 was.
        (
            history(point(0, None, "5"), point(10, 900, "4"), last=60),
            0, 60, [(0, 10, "5"), (10, 60, "4")],
        ),
        (history(point(0, None, "5"), point(90, 80, "4"), last=900), 0, 60, [(0, 60, "5")]),
        (history(point(10, 900, "4"), last=60), 0, 60, [(0, 10, "0"), (10, 60, "4")]),
    ],
)  # fmt: skip
def test_stretches(
    known: History, since: float, now: float, stretches: list[tuple[float, float, str]]
) -> None:
    """Between the last reading of an amount and the first of the next nothing is claimed."""
    found = known.stretches(COIN, "total", since=at(since), now=at(now))
    assert told(found) == stretches


@given(
    st.lists(st.tuples(st.integers(0, 99), st.integers(0, 99) | st.none()), max_size=9),
    st.integers(0, 99),
)
def test_no_stretch_ends_in_the_future(read: list[tuple[int, int | None]], now: int) -> None:
    """Whatever the clocks were, what is told is past, and each begins behind the one before."""
    known = history(*(point(n, before, str(n)) for n, before in sorted(read, key=lambda r: r[0])))
    past = known.stretches(COIN, "total", since=START, now=at(now))
    assert all(s.begins_at <= s.ends_at <= at(now) for s in past)
    assert all(a.ends_at <= b.begins_at for a, b in pairwise(past))


def test_another_part_is_not_compared() -> None:
    """Where once the total was told and now what is available, nothing has fallen."""
    known = history(point(0, None, "5"), point(10, 9, None, "3"))
    past = known.stretches(COIN, "total", since=at(0), now=at(100))
    assert [s.amount.part for s in past] == ["total", "available"]
    present = Amount(Decimal(3), "available", complete=False)
    assert told(with_present(past, present, read_at=at(101))) == [(10, 101, "3")]
    assert told(with_present(past, Amount(Decimal(3)), read_at=at(101))) == [
        (0, 9, "5"),
        (101, 101, "3"),
    ]


def sums(
    parts: dict[str, list[Stretch]], *, spanning: Sequence[str] = (), apart: int = 3
) -> list[tuple[float, float, str]]:
    return told(
        summed(parts, spanning=spanning, sweep=MINUTE, most_apart=timedelta(minutes=apart))
    )


def test_a_sum_goes_from_change_to_change() -> None:
    """It begins when all parts are known, and ends when one of them is not read any more."""
    parts = {
        "a/x": [stretch(0, 50, "5"), stretch(51, 90, "7")],
        "b/x": [stretch(10, 20, "1"), stretch(21, 60, "2")],
    }
    assert sums(parts) == [(10, 21, "6"), (21, 51, "7"), (51, 63, "9")]
    assert sums({"a/x": [stretch(0, 1, "5")], "b/x": []}) == []
    assert sums({"a/x": [stretch(0, 1, "5")], "b/x": [stretch(9, 10, "5")]}) == []


def test_what_moves_is_never_there_twice() -> None:
    """1,000 that arrive in one wallet are read before they are read to be gone from the other."""
    parts = {
        "m/a": [stretch(0, 9.1, "1000"), stretch(10.1, 50, "0")],
        "m/b": [stretch(0, 9.0, "0"), stretch(10.0, 50, "1000")],
    }
    assert max(Decimal(amount) for *_, amount in sums(parts)) == 1000


def test_a_snapshot_that_spans_is_counted_once() -> None:
    """The account has the larger of its staking snapshot and its other wallets."""
    parts = {
        "m/eth-staking": [stretch(0, 50, "5")],
        "m/funding": [stretch(0, 9, "2"), stretch(10, 50, "7")],
        "m/sub:a": [stretch(0, 50, "1")],
    }
    found = sums(parts, spanning=["m/eth-staking"])
    assert [amount for *_, amount in found] == ["6", "8"]
    assert [amount for *_, amount in sums(parts)] == ["8", "13"]


@given(st.lists(st.lists(st.integers(0, 9), min_size=1, max_size=8), min_size=1, max_size=3))
def test_sums_of_wallets_that_are_read_together(rows: list[list[int]]) -> None:
    """Where all are read each minute, no sum is above what was there in a minute, or the next."""
    length = min(len(row) for row in rows)
    parts = {
        f"a{n}/x": [stretch(minute, minute, str(row[minute])) for minute in range(length)]
        for n, row in enumerate(rows)
    }
    found = [Decimal(amount) for *_, amount in sums(parts)]
    assert max(found) <= max(sum(row[minute] for row in rows) for minute in range(length))
    assert found[-1] == sum(row[length - 1] for row in rows)
