"""How far time has come: never further than it has, and all of it in the end."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from bot.core.elapsed import BELIEVED_AFTER, certainly, read_lately
from bot.core.series import MOST_APART, Gap

NOW = datetime(2026, 1, 15, 9, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
LONG_AGO = NOW - timedelta(days=30)


def gaps_between(instants: list[datetime]) -> list[Gap]:
    """Find them as they are kept with the readings."""
    return [Gap(a, b) for a, b in pairwise(instants) if b - a > MOST_APART]


def test_what_is_read_all_the_time() -> None:
    assert certainly({"a": NOW, "b": NOW - MINUTE}, {}) == NOW - MINUTE


def test_nothing_was_read() -> None:
    assert certainly({}, {}) is None
    assert read_lately({}, now=NOW) == {}


def test_who_knows_of_the_longest_gap_counts() -> None:
    """A wallet that came after it knows nothing of it."""
    gaps = {"old": [Gap(LONG_AGO, NOW - HOUR)]}
    assert certainly({"old": NOW, "new": NOW}, gaps) == LONG_AGO + HOUR


def test_what_was_read_lately() -> None:
    """Not what has been unreadable for days, and nothing of a clock that was put back."""
    read_at = {"a": NOW, "b": NOW - HOUR, "lost": NOW - 2 * DAY, "ahead": NOW + DAY}
    assert read_lately(read_at, now=NOW) == {"a": NOW, "b": NOW - HOUR}
    assert read_lately(read_at, now=NOW - DAY) == {"lost": NOW - 2 * DAY}


FORWARD = st.timedeltas(timedelta(0), timedelta(days=4000))
JUMPS = st.lists(
    st.tuples(st.integers(1, 20), st.timedeltas(timedelta(0), DAY), st.booleans()), max_size=6
)


@given(FORWARD, JUMPS)
def test_no_clock_puts_it_ahead(
    forward: timedelta, jumps: list[tuple[int, timedelta, bool]]
) -> None:
    """Put forward by years, and within a week by days, and back to what is right."""
    right, ahead = NOW, forward
    read: list[datetime] = [NOW]
    for minutes, by, back in jumps:
        for _ in range(minutes):
            right += MINUTE
            read.append(right + ahead)
            told = certainly({"a": read[-1]}, {"a": gaps_between(read)})
            assert told is not None
            # A jump that is no longer than a gap must be is not known of.
            assert told <= right + (1 + len(jumps)) * MOST_APART
        ahead = timedelta(0) if back else ahead + by


@given(st.timedeltas(MOST_APART, timedelta(days=4000)))
def test_an_absence_is_believed_in_the_end(absent: timedelta) -> None:
    """A week later nothing is kept for longer."""
    back = NOW + absent
    gaps = {"a": [Gap(NOW, back)]}
    just_before = back + BELIEVED_AFTER - MINUTE
    assert certainly({"a": just_before}, gaps) == just_before - absent
    later = back + BELIEVED_AFTER
    assert certainly({"a": later}, gaps) == later
