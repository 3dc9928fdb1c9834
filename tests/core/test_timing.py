"""Digest times: one digest for each local date, whatever the clocks of a country do."""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Literal
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.zones import behaviours, counted, dates_of, sent_by_ticks, ticks
from bot.core.timing import LATE_FOR, DigestPlan, digest_date, instant_of

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


@cache
def zones_and_changes() -> list[tuple[str, datetime]]:
    """Pick one zone and one instant for each different change of clocks of 2025 to 2028.

    What matters is what the clock on the wall showed before and after: zones that agree in that,
    and in their distance from UTC, are one case.
    """
    cases: dict[tuple[object, ...], tuple[str, datetime]] = {}
    for which in behaviours():
        for change in which.changes:
            before = (change - timedelta(minutes=1)).astimezone(which.zone)
            after = change.astimezone(which.zone)
            key = (before.utcoffset(), before.time(), after.utcoffset(), after.time())
            cases.setdefault(key, (which.names[0], change))
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


ANY_CASE = st.deferred(lambda: st.sampled_from(zones_and_changes()))


def test_there_are_changes_of_clocks() -> None:
    """The cases have what they are meant to have: changes at, before and after midnight."""
    cases = zones_and_changes()
    names = {name for name, _ in cases}
    shown = {
        (change - timedelta(minutes=1)).astimezone(ZoneInfo(name)).strftime("%H:%M")
        for name, change in cases
    }
    assert len(names) > 20
    assert {"23:59", "01:59", "02:59", "22:59"} <= shown


@pytest.mark.parametrize("at", TIMES, ids=str)
def test_each_date_gets_one_digest_when_clocks_change(at: time) -> None:
    """Around every change of clocks in the world, each date gets its digest, and only one."""
    for name, change in zones_and_changes():
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


def test_every_zone_over_one_change() -> None:
    """All zones, from days before a change of their clocks to days after, without a gap."""
    names: list[str] = []
    for which in behaviours():
        names += which.names
        middle = next(iter(which.changes), datetime(2026, 6, 1, tzinfo=UTC))
        begin, end = middle - 4 * DAY, middle + 4 * DAY
        dates = dates_of(which.zone, begin, end)
        for at in (time(0, 15), time(2, 30), time(23, 45)):
            found = counted(sent_by_ticks(which.zone, at, ticks(which, at, begin, end)), dates)
            assert (found.missed, found.doubled) == (0, 0), (which.names, at)
    assert set(names) == available_timezones()


@given(
    case=ANY_CASE,
    before=st.sampled_from(TIMES),
    after=st.sampled_from(TIMES),
    moved=st.integers(-24 * 60, 24 * 60),
)
def test_the_time_may_be_changed_while_clocks_change(
    case: tuple[str, datetime], before: time, after: time, moved: int
) -> None:
    """Whatever the time was and becomes, and whenever: no date is left out, and none comes twice.

    The date of the day on which it is changed may come late, if its new time has passed.
    """
    name, change = case
    zone, changed_at = ZoneInfo(name), change + moved * timedelta(minutes=1)
    start, end = change - 50 * HOUR, change + 50 * HOUR
    sent: dict[date, datetime] = {}
    now = start
    while now < end:
        day = digest_date(now, at=before if now < changed_at else after, zone=zone)
        if day is not None:
            sent.setdefault(day, now)
        now += timedelta(minutes=1) if abs(now - changed_at) < HOUR else timedelta(minutes=15)
    assert list(sent) == sorted(sent)
    assert not set(dates_that_exist(zone, start, end)) - sent.keys()


@pytest.mark.parametrize(
    ("zone", "at", "now", "expected"),
    [
        # The machine was down from 23:58 to 00:05.
        ("Europe/Berlin", "23:59", "2026-06-10T22:05", date(2026, 6, 10)),
        ("Europe/Berlin", "23:59", "2026-06-11T03:58", date(2026, 6, 10)),  # 05:58
        ("Europe/Berlin", "23:59", "2026-06-11T03:59", None),  # six hours are too late
        ("Europe/Berlin", "20:00", "2026-06-10T22:30", date(2026, 6, 10)),
        ("Europe/Berlin", "09:00", "2026-06-10T22:30", None),
        # The night is an hour shorter, and six hours are six hours.
        ("Europe/Berlin", "23:30", "2026-03-29T04:29", date(2026, 3, 28)),  # 06:29
        ("Europe/Berlin", "23:30", "2026-03-29T04:30", None),
        # There was no 30 December: what is late at the beginning of the 31st is of the 29th.
        ("Pacific/Apia", "23:59", "2011-12-30T10:05", date(2011, 12, 29)),
        ("Pacific/Apia", "00:01", "2011-12-30T10:05", date(2011, 12, 31)),  # the next one is due
    ],
)
def test_late_though_the_date_is_over(zone: str, at: str, now: str, expected: date | None) -> None:
    """What was due shortly before midnight comes after it, as what it is, for six hours."""
    instant = datetime.fromisoformat(now).replace(tzinfo=UTC)
    found = digest_date(instant, at=time.fromisoformat(at), zone=ZoneInfo(zone))
    assert found == expected


@given(
    case=ANY_CASE,
    at=st.times(),
    moved=st.integers(-60 * 60, 60 * 60),
    down=st.integers(0, 72 * 60),
)
def test_nothing_older_is_sent_than_what_is_due(
    case: tuple[str, datetime], at: time, moved: int, down: int
) -> None:
    """After any absence, what is sent is the newest that has been due, and it is not too old."""
    zone = ZoneInfo(case[0])
    now = case[1] + (moved + down) * timedelta(minutes=1)
    at = at.replace(tzinfo=None)
    day = digest_date(now, at=at, zone=zone)
    today = now.astimezone(zone).date()
    due = {d: instant_of(d, at, zone) for d in (today - n * DAY for n in range(3))}
    newest = max((instant for instant in due.values() if instant <= now), default=None)
    if day is not None:
        assert due[day] == newest
        assert now - due[day] < LATE_FOR or due[day].astimezone(zone).date() == today
    elif newest is not None:
        assert now - newest >= LATE_FOR


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


@given(
    case=ANY_CASE,
    at=st.sampled_from(TIMES),
    weekday=st.integers(0, 6),
    day=st.integers(1, 31),
    period=st.sampled_from(["weekly", "monthly"]),
)
def test_each_week_and_month_has_one_digest_when_clocks_change(
    case: tuple[str, datetime], at: time, weekday: int, day: int, period: Literal["weekly"]
) -> None:
    """On its day and on no other, once, over any change of clocks."""
    zone = ZoneInfo(case[0])
    plan = DigestPlan(at=at, period=period, weekday=weekday, day=day)
    start, end = case[1] - 9 * DAY, case[1] + 9 * DAY
    sent: list[date] = []
    now = start.replace(minute=at.minute % 15)
    while now < end:
        due = plan.due_date(now, zone)
        if due is not None and due not in sent:
            sent.append(due)
        now += timedelta(minutes=15) if abs(now - case[1]) < 2 * DAY else HOUR
    assert sent == sorted(sent)
    assert all(map(plan.falls_on, sent))
    expected = {d for d in dates_that_exist(zone, start, end) if plan.falls_on(d)}
    assert not expected - set(sent)
    assert len(set(sent) - expected) <= 2  # what began before, or ends behind, the time looked at
