"""The health of a source: when a wallet counts as lost, and when as found again.

A single failure is noise. A wallet is lost after three failures in a row or five minutes without
a good reading, and at once where only a person can mend it (a refused key). Each is told once.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.core.events import Event, SourceFound, SourceLost
from bot.fetchers.errors import FetchError, RateLimited
from bot.fetchers.model import Reading

LOST_AFTER_FAILURES = 3
LOST_AFTER = timedelta(minutes=5)
LONGEST_PAUSE = timedelta(hours=1)
"""The fetchers take no exchange at its word for longer."""

_LASTING = {kind.__name__ for kind in FetchError.__subclasses__() if kind.lasting}


@dataclass(frozen=True, slots=True)
class Health:
    """How reading a wallet has gone since its last good reading."""

    failures: int = 0
    failing_since: datetime | None = None
    error: str | None = None
    """The class of the last error; None after a good reading."""
    message: str | None = None
    retry_at: datetime | None = None
    """Before when the exchange does not want to be asked; None: at any time."""
    lost_for: str | None = None
    """The class of the error that was told as `SourceLost`; None while the source is not lost."""


def observe(
    health: Health, reading: Reading, *, path: str, last_good_at: datetime | None
) -> tuple[Health, tuple[Event, ...]]:
    """Take one reading into account; return the new health and what is worth telling."""
    if reading.error is None:
        return Health(), _found(health, path, reading.read_at)
    failing = _failed(health, reading.error, reading.read_at)
    if not _is_news(failing, reading.error, reading.read_at):
        return failing, ()
    event = SourceLost(
        path=path,
        error=type(reading.error).__name__,
        message=str(reading.error),
        since=failing.failing_since or reading.read_at,
        last_good_at=last_good_at,
        at=reading.read_at,
    )
    return replace(failing, lost_for=event.error), (event,)


def _found(health: Health, path: str, at: datetime) -> tuple[Event, ...]:
    if health.lost_for is None:
        return ()
    return (SourceFound(path=path, since=health.failing_since or at, at=at),)


def _failed(health: Health, error: FetchError, at: datetime) -> Health:
    return replace(
        health,
        failures=health.failures + 1,
        failing_since=min(health.failing_since or at, at),  # the clock may have been put back
        error=type(error).__name__,
        message=str(error),
        retry_at=_rests_until(health, error, at),
    )


def _rests_until(health: Health, error: FetchError, at: datetime) -> datetime | None:
    """Say how long to leave it alone; a failure of another kind ends no pause that goes on."""
    if isinstance(error, RateLimited):
        return error.retry_at
    return health.retry_at if health.retry_at is not None and health.retry_at > at else None


def paused(health: Health, wallet: str, *, now: datetime) -> Reading | None:
    """Return what asking now would bring without asking: the pause that goes on; None: ask.

    A pause outlives the program: asking into it would make some locks longer. One that is further
    off than any can be was written by a clock that has been put back since.
    """
    if health.retry_at is None or not now < health.retry_at <= now + LONGEST_PAUSE:
        return None
    error = RateLimited(health.message or "a pause is wanted", retry_at=health.retry_at)
    return Reading(wallet, now, None, error)


def _is_news(health: Health, error: FetchError, at: datetime) -> bool:
    """A lost source is told again only when it turns out that a person must mend it."""
    if health.lost_for is not None:
        return error.lasting and health.lost_for not in _LASTING
    patience_over = at - (health.failing_since or at) >= LOST_AFTER
    return error.lasting or health.failures >= LOST_AFTER_FAILURES or patience_over
