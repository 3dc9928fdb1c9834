"""When accounts are due again."""

from collections import Counter
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.core.spread import IN_STEP, MOST_PORTIONS, PORTION_EVERY_S, next_due, portion_of

NOW = datetime(2026, 3, 1, 9, 0, 7, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def test_few_stay_in_step() -> None:
    """What was read together is read together the next time, too."""
    for name in ("main", "xt"):
        assert next_due(name, begun_at=NOW, every=MINUTE, among=IN_STEP) == NOW + MINUTE


def test_many_are_spread() -> None:
    """Of 6,000 accounts that began at once some hundred are due in each second of the minute."""
    due = [next_due(f"a{n}", begun_at=NOW, every=MINUTE, among=6000) for n in range(6000)]
    seconds = Counter(int((at - NOW).total_seconds()) for at in due)
    assert len(seconds) in {60, 61}
    assert max(seconds.values()) < 150


@given(
    name=st.text(min_size=1),
    every=st.timedeltas(timedelta(seconds=1), timedelta(days=1)),
    late=st.timedeltas(timedelta(0), timedelta(seconds=5)),
)
def test_one_that_is_spread_keeps_its_instant(
    name: str, every: timedelta, late: timedelta
) -> None:
    """It is due within the interval, and again after each, however late it was begun."""
    due = next_due(name, begun_at=NOW, every=every, among=10_000)
    assert NOW < due <= NOW + every
    again = next_due(name, begun_at=due + min(late, every / 2), every=every, among=10_000)
    assert again == due + every


@given(count=st.integers(1, IN_STEP))
def test_what_is_due_at_once_is_begun_within_a_second(count: int) -> None:
    """Few at once, and never more portions than a look after the next has time for."""
    portions = -(-count // portion_of(count, among=IN_STEP))
    assert portions * PORTION_EVERY_S < 1
    assert portions <= MOST_PORTIONS
    assert (portions == 1) is (count <= 10)
    assert portion_of(count, among=IN_STEP + 1) == count
