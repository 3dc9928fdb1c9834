"""Digest times: one digest for each local date, whatever the clocks of a country do."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest

from bot.core.timing import digest_date, instant_of

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
TIMES = [
    time(0),
    time(0, 15),
    time(0, 30),
    time(1),
    time(2),
    time(2, 30),
    time(3),
    time(9),
    time(23, 30),
    time(23, 59),
]


def changes_of_clocks(zone: ZoneInfo, start: datetime, end: datetime) -> Iterator[datetime]:
    """Find the instants at which the zone's distance from UTC changes, to the minute."""
    while start < end:
        low, high = start, start + DAY
        if low.astimezone(zone).utcoffset() != high.astimezone(zone).utcoffset():
            while high - low > timedelta(minutes=1):
                middle = low + (high - low) / 2
                middle = middle.replace(second=0, microsecond=0)
                same = middle.astimezone(zone).utcoffset() == low.astimezone(zone).utcoffset()
                low, high = (middle, high) if same else (low, middle)
            yield high
        start += DAY


def zones_and_changes() -> list[tuple[str, datetime]]:
    """Pick one zone and one instant for each different change of clocks of 2026 to 2028.

    What matters is what the clock on the wall showed before and after: zones that agree in that,
    and in their distance from UTC, are one case.
    """
    start, end = datetime(2026, 1, 1, tzinfo=UTC), datetime(2029, 1, 1, tzinfo=UTC)
    cases: dict[tuple[object, ...], tuple[str, datetime]] = {}
    for name in sorted(available_timezones()):
        zone = ZoneInfo(name)
        for change in changes_of_clocks(zone, start, end):
            before = (change - timedelta(minutes=1)).astimezone(zone)
            after = change.astimezone(zone)
            key = (before.utcoffset(), before.time(), after.utcoffset(), after.time())
            cases.setdefault(key, (name, change))
    return list(cases.values())


def digests(zone: ZoneInfo, at: time, start: datetime, end: datetime) -> list[date]:
    """Tick from `start` to `end` as the bot does, and return the dates that got a digest.

    A tick a quarter of an hour is enough where it meets each due time to the minute.
    """
    sent: list[date] = []
    now = start.replace(minute=at.minute % 15)
    while now < end:
        day = digest_date(now, at=at, zone=zone)
        if day is not None and day not in sent:
            sent.append(day)
        now += timedelta(minutes=15)
    return sent


def dates_that_exist(zone: ZoneInfo, start: datetime, end: datetime) -> list[date]:
    """List the local dates that begin and end within a span."""
    hours = int((end - start) / HOUR)
    seen = [(start + n * HOUR).astimezone(zone).date() for n in range(hours + 1)]
    return sorted(set(seen) - {seen[0], seen[-1]})


def assert_one_digest_a_date(name: str, change: datetime, at: time) -> None:
    zone = ZoneInfo(name)
    start, end = change - 50 * HOUR, change + 50 * HOUR
    sent = digests(zone, at, start, end)
    assert len(sent) == len(set(sent)), (name, change, at, sent)
    missing = set(dates_that_exist(zone, start, end)) - set(sent)
    assert not missing, (name, change, at, missing)
    assert sent == sorted(sent), (name, change, at, sent)
    existing = {(start + n * HOUR).astimezone(zone).date() for n in range(-24, 125)}
    assert set(sent) <= existing, (name, change, at, sent)


CASES = zones_and_changes()


def test_there_are_changes_of_clocks() -> None:
    """The cases have what they are meant to have: changes at, before and after midnight."""
    names = {name for name, _ in CASES}
    shown = {
        (change - timedelta(minutes=1)).astimezone(ZoneInfo(name)).strftime("%H:%M")
        for name, change in CASES
    }
    assert len(names) > 20
    assert {"23:59", "01:59", "02:59", "22:59"} <= shown


@pytest.mark.parametrize("at", TIMES, ids=str)
def test_each_date_gets_one_digest_when_clocks_change(at: time) -> None:
    """Around every change of clocks in the world, each date gets its digest, and only one."""
    for name, change in CASES:
        assert_one_digest_a_date(name, change, at)


@pytest.mark.parametrize("at", TIMES, ids=str)
@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("Pacific/Apia", datetime(2011, 12, 30, 10, tzinfo=UTC)),  # there was no 30 December
        ("Pacific/Kwajalein", datetime(1993, 8, 21, 12, tzinfo=UTC)),  # nor a 21 August
        ("Africa/Cairo", datetime(2014, 5, 15, 22, tzinfo=UTC)),
        ("America/Sao_Paulo", datetime(2018, 11, 4, 3, tzinfo=UTC)),  # 00:00 was left out
        ("America/St_Johns", datetime(2010, 11, 7, 2, 31, tzinfo=UTC)),  # 00:01 back to 23:01
        ("Asia/Pyongyang", datetime(2018, 5, 4, 15, tzinfo=UTC)),  # half an hour, at 23:30
        ("Antarctica/Troll", datetime(2026, 3, 29, 1, tzinfo=UTC)),  # two hours
    ],
)
def test_odd_days_of_the_past(name: str, change: datetime, at: time) -> None:
    """A date that was left out has no digest, and its neighbours have one each."""
    assert_one_digest_a_date(name, change, at)


def test_a_day_that_does_not_exist_has_no_digest() -> None:
    """Samoa went from 29 to 31 December 2011."""
    start = datetime(2011, 12, 28, 20, tzinfo=UTC)
    sent = digests(ZoneInfo("Pacific/Apia"), time(9), start, start + 3 * DAY)
    assert [day.day for day in sent] == [28, 29, 31, 1]


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-06-10T06:59:59", None),  # 08:59:59 in Berlin
        ("2026-06-10T07:00:00", date(2026, 6, 10)),
        ("2026-06-10T21:59:59", date(2026, 6, 10)),  # late, but the date is not yet over
        ("2026-06-10T22:00:00", None),  # midnight in Berlin
    ],
)
def test_what_is_due(now: str, expected: date | None) -> None:
    """A digest is due from its time on until its date is over."""
    instant = datetime.fromisoformat(now).replace(tzinfo=UTC)
    assert digest_date(instant, at=time(9), zone=ZoneInfo("Europe/Berlin")) == expected


@pytest.mark.parametrize(
    ("day", "at", "expected"),
    [
        (date(2026, 3, 29), time(2, 30), "2026-03-29T01:30:00+00:00"),  # left out: 03:30
        (date(2026, 10, 25), time(2, 30), "2026-10-25T00:30:00+00:00"),  # twice: the first
        (date(2026, 10, 25), time(9), "2026-10-25T08:00:00+00:00"),
    ],
)
def test_the_instant_of_a_clock_time(day: date, at: time, expected: str) -> None:
    """A time that occurs twice is meant the first time; one that is left out comes after it."""
    assert instant_of(day, at, ZoneInfo("Europe/Berlin")).isoformat() == expected
