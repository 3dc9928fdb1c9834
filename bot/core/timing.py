"""When something is due, by the wall clock of a chat.

A day may lack the hour of the digest, have it twice, or not exist at all (a country that crosses
the date line). Each local date gets exactly one digest all the same.
"""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

LATE_FOR = timedelta(hours=6)
"""How long a digest may come after its time although its date is over by then."""

_DAY = timedelta(days=1)


def instant_of(day: date, at: time, zone: ZoneInfo) -> datetime:
    """Return the instant (UTC) at which the wall clock in `zone` first shows `at` on `day`.

    Where clocks are put forward over `at`, it is as long after the change as `at` lies after the
    hour that was left out.
    """
    return datetime.combine(day, at, tzinfo=zone).astimezone(UTC)


def digest_date(now: datetime, *, at: time, zone: ZoneInfo) -> date | None:
    """Return the local date whose digest is due at `now` and not too late; None: there is none.

    It may be sent until its date is over, or its time a while ago: what is due shortly before
    midnight is not lost by a short absence. From the next digest's time on, only that is due. A
    time that a change of clocks moves past midnight still belongs to the date it was meant for. A
    date that a country leaves out moves by a whole day onto the next, which is asked first.
    """
    today = now.astimezone(zone).date()
    for day in (today, today - _DAY, today - 2 * _DAY):
        due = instant_of(day, at, zone)
        lands_on = due.astimezone(zone).date()
        if due <= now and (lands_on == today or now - due < LATE_FOR):
            return day
    return None
