"""When something is due, by the wall clock of a chat.

A day may lack the hour of the digest, have it twice, or not exist at all (a country that crosses
the date line). Each local date gets exactly one digest all the same, and so does each week, and
each month, where a chat wants one of those.
"""

from calendar import monthrange
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

LATE_FOR = timedelta(hours=6)
"""How long a digest may come after its time although its date is over by then."""
_LONG_LATE_FOR = timedelta(days=2)
"""The same for one that comes seldom: the next is far away."""

_DAY = timedelta(days=1)

Period = Literal["daily", "weekly", "monthly"]
"""How often a digest comes, and the time that it is about."""
PERIODS: Mapping[Period, timedelta] = {
    "daily": _DAY,
    "weekly": 7 * _DAY,
    "monthly": 30 * _DAY,
}
"""About how long each is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestPlan:
    """When a chat gets its digest, by its own clock."""

    at: time | None
    """None: never."""
    period: Period = "daily"
    weekday: int = 0
    """Of a weekly one: 0 is Monday."""
    day: int = 1
    """Of a monthly one; a month that is too short has it on its last day."""
    since: datetime | None = None
    """What was due before that is of another plan; None: nothing is."""

    def falls_on(self, day: date) -> bool:
        """Whether a local date has a digest."""
        match self.period:
            case "daily":
                return True
            case "weekly":
                return day.weekday() == self.weekday
            case "monthly":
                return day.day == min(self.day, _last_of(day))

    def before(self, day: date) -> date:
        """Return the local date of the digest before that of a date."""
        match self.period:
            case "daily":
                return day - _DAY
            case "weekly":
                return day - 7 * _DAY
            case "monthly":
                last = day.replace(day=1) - _DAY
                return last.replace(day=min(self.day, last.day))

    @property
    def late_for(self) -> timedelta:
        """Tell how long it may come after its time although its date is over by then."""
        return LATE_FOR if self.period == "daily" else _LONG_LATE_FOR

    def due_date(self, now: datetime, zone: ZoneInfo) -> date | None:
        """Return the local date whose digest is due at `now` and not too late."""
        if self.at is None:
            return None
        return digest_date(
            now, at=self.at, zone=zone, falls_on=self.falls_on, late_for=self.late_for
        )

    def next_at(
        self, now: datetime, zone: ZoneInfo, *, done: Collection[date] = ()
    ) -> datetime | None:
        """Return when the next digest will be due; None: never.

        `done` are the dates that have had one already.
        """
        if self.at is None:
            return None
        today = now.astimezone(zone).date()
        for day in (today + n * _DAY for n in range(-1, 64)):
            if self.falls_on(day) and day not in done and instant_of(day, self.at, zone) > now:
                return instant_of(day, self.at, zone)
        return None


def _last_of(day: date) -> int:
    return monthrange(day.year, day.month)[1]


def instant_of(day: date, at: time, zone: ZoneInfo) -> datetime:
    """Return the instant (UTC) at which the wall clock in `zone` first shows `at` on `day`.

    Where clocks are put forward over `at`, it is as long after the change as `at` lies after the
    hour that was left out.
    """
    return datetime.combine(day, at, tzinfo=zone).astimezone(UTC)


def _any_day(_day: date) -> bool:
    return True


def digest_date(
    now: datetime,
    *,
    at: time,
    zone: ZoneInfo,
    falls_on: Callable[[date], bool] = _any_day,
    late_for: timedelta = LATE_FOR,
) -> date | None:
    """Return the local date whose digest is due at `now` and not too late; None: there is none.

    It may be sent until its date is over, or its time a while ago: what is due shortly before
    midnight is not lost by a short absence. From the next digest's time on, only that is due. A
    time that a change of clocks moves past midnight still belongs to the date it was meant for. A
    date that a country leaves out moves by a whole day onto the next, which is asked first.

    Args:
        now: The present instant.
        at: The time of day.
        zone: Whose clock that is.
        falls_on: Which dates have a digest at all.
        late_for: How long it may come after its time although its date is over by then.
    """
    today = now.astimezone(zone).date()
    for day in (today - n * _DAY for n in range(4)):
        if not falls_on(day):
            continue
        due = instant_of(day, at, zone)
        lands_on = due.astimezone(zone).date()
        if due <= now and (lands_on == today or now - due < late_for):
            return day
    return None
