"""Whether each local date gets exactly one digest, whatever the clocks of a country do.

    python -m bench.zones

Every zone of the tz database goes through 2025 to 2028, with a digest at nine times of day. Ticks
decide as the bot does: `digest_date` says what is due, and what (chat, date) was sent before is
not sent again. Around a change of clocks there is a tick every quarter of an hour, else one a day.
Beside it, over 2026 and 2027, the dates on which a daily job of APScheduler's CronTrigger fires.
Ends with 1 where a digest was missed or doubled. Zones that behave alike are counted one by one,
and gone through once.
"""

import argparse
import sys
import time as stop_watch
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from importlib.metadata import version
from zoneinfo import ZoneInfo, available_timezones

from apscheduler.triggers.cron import CronTrigger

from bot.core.timing import digest_date, instant_of

DAY, HOUR, TICK = timedelta(days=1), timedelta(hours=1), timedelta(minutes=15)
AROUND = timedelta(days=3)
TIMES = tuple(
    time.fromisoformat(text)
    for text in ["00:00", "00:15", "00:30", "01:30", "02:00", "02:30", "03:00", "12:00", "23:45"]
)
BEGIN, END = datetime(2025, 1, 1, tzinfo=UTC), datetime(2029, 1, 1, tzinfo=UTC)
CRON_BEGIN, CRON_END = datetime(2026, 1, 1, tzinfo=UTC), datetime(2028, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What the clocks of some zones do, all alike, within a span of time."""

    zone: ZoneInfo
    """One of them."""
    names: tuple[str, ...]
    changes: tuple[datetime, ...]
    """The instants at which the distance from UTC changes."""


@dataclass(frozen=True, slots=True)
class Count:
    """What became of the local dates of a span of time."""

    dates: int = 0
    missed: int = 0
    doubled: int = 0

    def __add__(self, other: "Count") -> "Count":
        return Count(
            self.dates + other.dates, self.missed + other.missed, self.doubled + other.doubled
        )

    def times(self, factor: int) -> "Count":
        """Count the same for so many zones."""
        return Count(self.dates * factor, self.missed * factor, self.doubled * factor)


def behaviours(begin: datetime = BEGIN, end: datetime = END) -> list[Behaviour]:
    """Sort all zones by what their clocks do."""
    alike: dict[object, list[str]] = {}
    for name in sorted(available_timezones()):
        zone = ZoneInfo(name)
        found = tuple(changes_of_clocks(zone, begin, end))
        shown = tuple(at.astimezone(zone).utcoffset() for at in (begin, *found))
        alike.setdefault((found, shown), []).append(name)
    return [
        Behaviour(zone, tuple(names), tuple(changes_of_clocks(zone, begin, end)))
        for names in alike.values()
        for zone in [ZoneInfo(names[0])]
    ]


def changes_of_clocks(zone: ZoneInfo, begin: datetime, end: datetime) -> Iterator[datetime]:
    """Find the instants at which the zone's distance from UTC changes, to the minute."""
    while begin < end:
        low, high = begin, begin + DAY
        if low.astimezone(zone).utcoffset() != high.astimezone(zone).utcoffset():
            while high - low > timedelta(minutes=1):
                middle = (low + (high - low) / 2).replace(second=0, microsecond=0)
                same = middle.astimezone(zone).utcoffset() == low.astimezone(zone).utcoffset()
                low, high = (middle, high) if same else (low, middle)
            yield high
        begin += DAY


def ticks(
    which: Behaviour, at: time, begin: datetime = BEGIN, end: datetime = END
) -> Iterator[datetime]:
    """Tick around each change as often as it takes to meet every due time, else once a day."""
    now = instant_of(begin.date(), at, which.zone)
    around = [(change - AROUND, change + AROUND) for change in which.changes]
    while now < end:
        around = [span for span in around if span[1] > now]
        if around and around[0][0] <= now:
            yield now
            now += TICK
        else:
            due = instant_of(now.astimezone(which.zone).date(), at, which.zone)
            yield max(now, due)
            now = max(now, due) + DAY
            now = min(now, around[0][0]) if around else now


def sent_by_ticks(zone: ZoneInfo, at: time, instants: Iterable[datetime]) -> list[date]:
    """Return the local dates of the digests that are sent, in order: each has a key of its own."""
    keys: dict[date, None] = {}
    for now in instants:
        day = digest_date(now, at=at, zone=zone)
        if day is not None:
            keys.setdefault(day)
    return list(keys)


def sent_by_cron(zone: ZoneInfo, at: time) -> list[date]:
    """Return the local dates on which a daily job fires."""
    trigger = CronTrigger(hour=at.hour, minute=at.minute, timezone=zone)
    dates: list[date] = []
    now, before = CRON_BEGIN, None
    while now < CRON_END:
        before = trigger.get_next_fire_time(before, now.astimezone(zone))
        dates.append(before.date())
        now = before.astimezone(UTC) + timedelta(milliseconds=1)
    return dates


def dates_of(zone: ZoneInfo, begin: datetime, end: datetime) -> set[date]:
    """List the local dates that begin and end within a span."""
    hours = int((end - begin) / HOUR)
    seen = {(begin + n * HOUR).astimezone(zone).date() for n in range(hours + 1)}
    return seen - {min(seen), max(seen)}


def counted(sent: Sequence[date], dates: set[date]) -> Count:
    """Compare what was sent with the dates that there are; one that is none is one too many."""
    times = Counter(day for day in sent if min(dates) <= day <= max(dates))
    extra = sum(count - (day in dates) for day, count in times.items())
    return Count(len(dates), len(dates - times.keys()), extra)


def measure(zones: Sequence[Behaviour]) -> Mapping[str, Mapping[time, Count]]:
    """Count for ourselves and for CronTrigger, by the time of day."""
    ours = dict.fromkeys(TIMES, Count())
    cron = dict.fromkeys(TIMES, Count())
    for which in zones:
        zone, factor = which.zone, len(which.names)
        all_dates, cron_dates = dates_of(zone, BEGIN, END), dates_of(zone, CRON_BEGIN, CRON_END)
        for at in TIMES:
            sent = sent_by_ticks(zone, at, ticks(which, at))
            ours[at] += counted(sent, all_dates).times(factor)
            cron[at] += counted(sent_by_cron(zone, at), cron_dates).times(factor)
    return {"balance-bot": ours, "CronTrigger": cron}


def main() -> int:
    """Measure and print one table; 1 where a digest of ours was missed or doubled."""
    began = stop_watch.monotonic()
    zones = behaviours()
    found = measure(zones)
    changes = sum(len(which.changes) * len(which.names) for which in zones)
    names = sum(len(which.names) for which in zones)
    ours, cron = found["balance-bot"], found["CronTrigger"]
    print(
        f"{names} zones ({len(zones)} behaviours), {changes} changes of clocks in "
        f"{BEGIN.year}–{END.year - 1}, tzdata {version('tzdata')}, "
        f"APScheduler {version('apscheduler')} over {CRON_BEGIN.year}–{CRON_END.year - 1}, "
        f"{stop_watch.monotonic() - began:.0f} s\n"
    )
    ours_and_cron = "local dates | missed | doubled | CronTrigger: dates | missed | doubled"
    print(f"| digest at | {ours_and_cron} |")
    print("|---|--:|--:|--:|--:|--:|--:|")
    for at in TIMES:
        print(_row(f"{at:%H:%M}", ours[at], cron[at]))
    total, of_cron = sum(ours.values(), Count()), sum(cron.values(), Count())
    print(_row("**all**", total, of_cron))
    return 1 if total.missed or total.doubled else 0


def _row(name: str, ours: Count, cron: Count) -> str:
    cells = (ours.dates, ours.missed, ours.doubled, cron.dates, cron.missed, cron.doubled)
    return " | ".join([f"| {name}", *(f"{cell:,}" for cell in cells)]) + " |"


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()
    sys.exit(main())
