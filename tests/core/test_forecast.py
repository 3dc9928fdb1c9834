"""The forecast: how fast it goes, what is left out, and when nobody can tell."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.forecast import LONGEST, rate_of_spending, time_left
from bot.core.history import Stretch
from bot.core.portfolio import Amount

START = datetime(2026, 3, 1, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def readings(amounts: Sequence[object], *, every: timedelta = 10 * MINUTE) -> list[Stretch]:
    """Tell the stretches of amounts that were read one after the other."""
    told: list[Stretch] = []
    for n, amount in enumerate(amounts):
        at, value = START + n * every, Amount(Decimal(str(amount)))
        if told and told[-1].amount == value:
            told[-1] = Stretch(told[-1].begins_at, at, value)
        else:
            told.append(Stretch(at, at, value))
    return told


def per_hour(past: Sequence[Stretch]) -> Decimal | None:
    rate = rate_of_spending(past)
    return None if rate is None else round(rate * 3600, 6)


def spent_by(*steps: int, start: int = 10_000) -> list[int]:
    left = [start]
    for step in steps:
        left.append(left[-1] - step)
    return left


@pytest.mark.parametrize(
    ("amounts", "rate"),
    [
        (spent_by(*[10] * 12), "60"),
        (spent_by(*[10] * 6), "60"),  # an hour, seven readings
        (spent_by(*[10] * 5), None),  # 50 minutes
        (spent_by(*[0] * 12), None),  # two readings that differ in nothing, and two hours
        (spent_by(*[0] * 40), "0"),  # long enough
        (spent_by(*[0] * 40, 5000), None),  # one outflow: who knows whether it is usual?
        (spent_by(*[0] * 40, 5000, 5000), None),
        (spent_by(*[10] * 6, -9000, *[10] * 6), "60"),  # a top-up is left out, with its time
        (spent_by(*[10] * 6, 5000, *[10] * 6), "60"),  # so is a single large transfer
        (spent_by(5000, *[10] * 11), "60"),  # at the edge, too
        (spent_by(*[10, 0, 0] * 10, 10), "20"),  # spending in lumps counts with its pauses
        (spent_by(*[0] * 40, *[10] * 6), "60"),  # it has begun only now
        (spent_by(*[10] * 6, *[0] * 5), "30"),  # it has come to an end
        (spent_by(*[10] * 6, *[0] * 30, start=60), "60"),  # there was nothing left
        (spent_by(*[12, 8] * 10, 12), "60"),
    ],
)
def test_rate(amounts: list[int], rate: str | None) -> None:
    """What is spent in an hour; None: data is being collected."""
    assert per_hour(readings(amounts)) == (None if rate is None else Decimal(rate))


def test_few_readings_are_not_enough() -> None:
    """Five readings in five hours say nothing, six say something."""
    amounts = spent_by(*[10] * 5)
    assert per_hour(readings(amounts[:5], every=HOUR)) is None
    assert per_hour(readings(amounts, every=HOUR)) == 10
    assert rate_of_spending([]) is None


@pytest.mark.parametrize(("seconds", "rate"), [(5, None), (89, None), (90, 400)])
def test_what_has_only_begun_says_nothing_yet(seconds: int, rate: int | None) -> None:
    """However long nothing was spent before, and however many outflows there were."""
    calm = readings(spent_by(*[0] * 40))
    hasty = readings(spent_by(*[10] * 11), every=timedelta(seconds=seconds))
    since = calm[-1].ends_at - START + timedelta(seconds=seconds)
    past = [*calm, *(Stretch(s.begins_at + since, s.ends_at + since, s.amount) for s in hasty)]
    assert per_hour(past) == rate


def test_a_night_without_readings_is_left_out() -> None:
    """What went while nobody looked is no usual outflow, and its time is not counted."""
    evening = readings(spent_by(*[10] * 12))
    morning = [
        Stretch(s.begins_at + 9 * HOUR, s.ends_at + 9 * HOUR, s.amount)
        for s in readings(spent_by(*[10] * 12, start=8000))
    ]
    assert per_hour([*evening, *morning]) == 60


def test_noise_and_jumps() -> None:
    """Irregular spending, with jumps of a hundred times as much, is told within a tenth."""
    dice = Random(7)  # noqa: S311 - the same in each run
    steps = [dice.randint(0, 20) for _ in range(144)]
    for n in (20, 60, 100):
        steps[n] = 1000
    rate = per_hour(readings(spent_by(*steps, start=10**6)))
    assert rate is not None
    assert 54 <= rate <= 66


@pytest.mark.parametrize(
    ("amount", "rate", "left"),
    [
        ("100", "1", timedelta(seconds=100)),
        ("0", "1", timedelta(0)),
        ("-5", "1", timedelta(0)),
        ("100", "0", LONGEST),
        ("1e30", "0.00000001", LONGEST),
        ("0", "0", None),  # nothing there, nothing spent: that is not running out
        ("100", None, None),
    ],
)
def test_time_left(amount: str, rate: str | None, left: timedelta | None) -> None:
    """What there is lasts so long at a rate."""
    assert time_left(Decimal(amount), None if rate is None else Decimal(rate)) == left


@given(
    st.lists(st.integers(8, 12), min_size=12, max_size=40),
    st.integers(0, 11),
    st.integers(100, 10**9),
)
def test_one_jump_changes_nothing(steps: list[int], place: int, jump: int) -> None:
    """A single outflow that is far out of line leaves the rate as it would be without it."""
    without = readings(spent_by(*steps, start=10**12))
    steps.insert(place, jump * sum(steps))
    jumped = readings(spent_by(*steps, start=10**12))
    before, after = rate_of_spending(without), rate_of_spending(jumped)
    assert before is not None
    assert after is not None
    assert abs(after - before) <= before / 5


@given(st.lists(st.integers(-1000, 1000), max_size=60))
def test_any_past_has_a_rate_or_none(steps: list[int]) -> None:
    """A rate is never negative, and nothing breaks the sums."""
    rate = rate_of_spending(readings(spent_by(*steps)))
    assert rate is None or rate >= 0
