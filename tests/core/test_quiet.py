"""Quiet hours: over midnight, over changes of clocks, and who may break them."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.events import (
    Alert,
    AlertCleared,
    AlertRaised,
    AlertReminded,
    DigestDue,
    Event,
    SourceFound,
    SourceLost,
)
from bot.core.quiet import QuietHours, disturbs, mergeable, parse_quiet, settled

BERLIN = ZoneInfo("Europe/Berlin")
TIMES = st.times().map(lambda t: t.replace(second=0, microsecond=0))
HOURS = st.lists(TIMES, min_size=2, max_size=2, unique=True).map(lambda pair: QuietHours(*pair))
NIGHT = QuietHours(time(22), time(7))


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("22:00-07:00", NIGHT),
        (" 22:00 – 7:00 ", NIGHT),  # as phones put it
        ("13:00-14:30", QuietHours(time(13), time(14, 30))),
        ("22:00-24:00", None),
        ("22-7", None),
        ("07:00-07:00", None),  # all day long, or never?
        ("22:00", None),
        ("", None),
        ("٢٢:٠٠-٠٧:٠٠", None),
    ],
)
def test_parsing(text: str, hours: QuietHours | None) -> None:
    """Hours and minutes, twice, with something between."""
    assert parse_quiet(text) == hours


@given(HOURS)
def test_printed_and_parsed_again(hours: QuietHours) -> None:
    """What is printed parses to the same hours."""
    assert parse_quiet(str(hours)) == hours


@pytest.mark.parametrize(
    ("local", "ends"),
    [
        ("2026-01-15T21:59:59", None),
        ("2026-01-15T22:00", "2026-01-16T07:00"),
        ("2026-01-16T00:30", "2026-01-16T07:00"),
        ("2026-01-16T06:59:59", "2026-01-16T07:00"),
        ("2026-01-16T07:00", None),
        # the night in which clocks are put forward is an hour shorter, and ends as it should
        ("2026-03-28T23:00", "2026-03-29T07:00"),
    ],
)
def test_over_midnight(local: str, ends: str | None) -> None:
    """From the first time to just before the second, by the wall clock."""
    assert NIGHT.end_at(_berlin(local), BERLIN) == (_berlin(ends) if ends else None)


def _berlin(local: str) -> datetime:
    return datetime.fromisoformat(local).replace(tzinfo=BERLIN).astimezone(UTC)


MOMENTS = st.integers(0, 1000 * 86400).map(
    lambda s: datetime(2025, 1, 1, tzinfo=UTC) + timedelta(seconds=s)
)


@given(HOURS, MOMENTS)
def test_quiet_is_what_the_clock_says(hours: QuietHours, now: datetime) -> None:
    """Where clocks are never changed, the time of the day alone decides."""
    shown, start, end = now.time(), hours.start, hours.end
    over_midnight = start > end
    within = shown >= start or shown < end if over_midnight else start <= shown < end
    ends = hours.end_at(now, ZoneInfo("UTC"))
    assert (ends is not None) == within
    assert ends is None or (ends.time() == end and now < ends <= now + timedelta(days=1))


@given(HOURS, MOMENTS, st.timezones())
def test_quiet_hours_end(hours: QuietHours, now: datetime, zone: ZoneInfo) -> None:
    """In every zone they end within a day or so, whatever is done to the clocks meanwhile."""
    ends = hours.end_at(now, zone)
    assert ends is None or now < ends < now + timedelta(hours=50)  # a date may be left out


def test_who_may_break_them(critical: AlertCleared, warning: AlertCleared) -> None:
    """All about a critical alert; a wallet that cannot be read waits, and so does a digest."""
    at = datetime(2026, 1, 15, tzinfo=UTC)
    digest = DigestDue(local_date=date(2026, 1, 15), since=None, late=False, at=at)
    quiet: list[Event] = [warning, SourceFound(path="a/b", since=at, at=at), digest]
    assert disturbs(critical)
    assert not any(disturbs(event) for event in quiet)
    assert mergeable([critical, warning])
    assert not mergeable([warning, digest])


def lost(at: datetime, path: str = "a/b", message: str = "HTTP 502") -> SourceLost:
    return SourceLost(path=path, error="E", message=message, since=at, last_good_at=None, at=at)


def test_what_is_told_together(warning: AlertCleared, critical: AlertCleared) -> None:
    """What began and ended meanwhile is told as one; what stands is told once."""
    at = datetime(2026, 1, 15, tzinfo=UTC)
    alert, other = warning.alert, replace(critical.alert, incident="D4E5F6")
    raised = AlertRaised(alert=alert, amount=Decimal(400), before=None, at=at)
    stands = AlertRaised(alert=other, amount=Decimal(300), before=None, at=at)
    reminded = [
        AlertReminded(alert=which, amount=Decimal(n), at=at, number=n)
        for n in (1, 2)
        for which in (alert, other, replace(other, incident="0A0B0C"))
    ]
    found = SourceFound(path="a/b", since=at, at=at)
    again = lost(at, message="the key is refused")
    events: list[Event] = [
        raised,
        stands,
        lost(at),
        again,
        lost(at, "c/d"),
        *reminded,
        warning,
        found,
    ]
    assert settled(events) == (
        (stands, lost(at, "c/d"), reminded[-1]),
        ((raised, warning), (again, found)),
    )


def test_two_with_one_id(warning: AlertCleared) -> None:
    """Ids are short: the end of one episode is not told as that of another."""
    at = datetime(2026, 1, 15, tzinfo=UTC)
    other = replace(warning.alert, subject="main/trading")
    first, second = (
        AlertRaised(alert=alert, amount=Decimal(1), before=None, at=at)
        for alert in (other, warning.alert)
    )
    assert settled([first, second, warning]) == ((first,), ((second, warning),))


def test_the_end_of_what_was_told_before(warning: AlertCleared) -> None:
    """It is told as it would be alone, without the reminders before it."""
    at = datetime(2026, 1, 15, tzinfo=UTC)
    reminded = AlertReminded(alert=warning.alert, amount=Decimal(1), at=at, number=1)
    found = SourceFound(path="a/b", since=at, at=at)
    assert settled([reminded, warning, found]) == ((warning, found), ())


def test_nothing_is_lost(warning: AlertCleared) -> None:
    """A second beginning after an end is told, too."""
    at = datetime(2026, 1, 15, tzinfo=UTC)
    found = SourceFound(path="a/b", since=at, at=at)
    later = lost(at + timedelta(hours=1))
    assert settled([lost(at), found, later]) == ((later,), ((lost(at), found),))


def test_the_last_word_is_what_stands(warning: AlertCleared) -> None:
    """The end of what was told before is left out where the same has begun anew since."""
    at = datetime(2026, 1, 15, tzinfo=UTC)
    anew = AlertRaised(
        alert=replace(warning.alert, incident="D4E5F6"), amount=Decimal(400), before=None, at=at
    )
    elsewhere = replace(warning, alert=replace(warning.alert, subject="main/trading"))
    found = SourceFound(path="a/b", since=at, at=at)
    events: list[Event] = [warning, elsewhere, found, anew, lost(at)]
    assert settled(events) == ((elsewhere, anew, lost(at)), ())
    over = AlertCleared(alert=anew.alert, amount=Decimal(600), at=at)
    assert settled([warning, anew, over]) == ((warning,), ((anew, over),))


@given(st.booleans(), st.integers(1, 9))
def test_what_comes_and_goes(begins_lost: bool, count: int) -> None:
    """However often it was lost and found: at most one word stands, and it is how things are."""
    at = datetime(2026, 1, 15, tzinfo=UTC)
    instants = [at + timedelta(minutes=n) for n in range(count)]
    events: list[Event] = [
        lost(instant)
        if (n % 2 == 0) == begins_lost
        else SourceFound(path="a/b", since=at, at=instant)
        for n, instant in enumerate(instants)
    ]
    standing, passed = settled(events)
    ends_lost = isinstance(events[-1], SourceLost)
    assert all(isinstance(event, SourceLost) == ends_lost for event in standing)
    assert len(standing) <= 1
    assert bool(standing) >= ends_lost
    assert len(passed) == sum(isinstance(e, SourceFound) for e in events) - (not begins_lost)


@pytest.fixture
def warning() -> AlertCleared:
    at = datetime(2026, 1, 15, tzinfo=UTC)
    alert = Alert(
        incident="A1B2C3",
        rule="low",
        subject="main/funding",
        asset="USDT",
        part="total",
        comparison="<",
        limit=Decimal(500),
        clear=Decimal(525),
        severity="warning",
        since=at,
    )
    return AlertCleared(alert=alert, amount=Decimal(600), at=at)


@pytest.fixture
def critical(warning: AlertCleared) -> AlertCleared:
    return replace(warning, alert=replace(warning.alert, severity="critical"))
