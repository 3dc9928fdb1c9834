"""The health of a source: lost after patience, at once where only a person helps, told once."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.events import Event, SourceFound, SourceLost
from bot.core.health import Health, observe, paused
from bot.fetchers.errors import (
    ClockSkewed,
    CredentialsRejected,
    ExchangeUnavailable,
    FetchError,
    PermissionMissing,
    RateLimited,
    UnexpectedAnswer,
)
from bot.fetchers.model import Reading

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
DOWN, REJECTED = ExchangeUnavailable("it is down"), CredentialsRejected("the key is not known")
FORBIDDEN, ODD, SKEWED = PermissionMissing("no"), UnexpectedAnswer("odd"), ClockSkewed("clock")
BUSY = RateLimited("slow down", retry_at=START)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def reading(error: FetchError | None, seconds: float) -> Reading:
    return Reading("funding", at(seconds), None if error else (), error)


def told(*story: tuple[FetchError | None, float]) -> list[Event]:
    health, good_at = Health(), None
    events: list[Event] = []
    for error, seconds in story:
        health, news = observe(
            health, reading(error, seconds), path="main/funding", last_good_at=good_at
        )
        good_at = at(seconds) if error is None else good_at
        events += news
    return events


@pytest.mark.parametrize(
    ("story", "kinds"),
    [
        ([(None, 0), (None, 60)], []),
        ([(DOWN, 0), (DOWN, 60), (None, 120)], []),  # two failures are noise
        ([(DOWN, 0), (DOWN, 60), (DOWN, 120)], ["lost"]),
        ([(DOWN, 0), (ODD, 60), (BUSY, 120)], ["lost"]),  # whatever they are
        ([(DOWN, 0), (DOWN, 60), (None, 90), (DOWN, 120), (DOWN, 180)], []),
        ([(DOWN, 0), (DOWN, 299)], []),
        ([(DOWN, 0), (DOWN, 300)], ["lost"]),  # five minutes, with a slow timetable
        ([(DOWN, n) for n in range(10)], ["lost"]),  # told once
        ([(REJECTED, 0)], ["lost"]),
        ([(FORBIDDEN, 0)], ["lost"]),
        ([(REJECTED, 0), (FORBIDDEN, 60), (REJECTED, 120)], ["lost"]),  # a person knows already
        ([(SKEWED, 0)], []),
        ([(REJECTED, n) for n in range(5)], ["lost"]),
        ([(REJECTED, 0), (None, 60)], ["lost", "found"]),
        ([(DOWN, 0), (DOWN, 1), (DOWN, 2), (None, 3), (None, 4)], ["lost", "found"]),
        # It turns out that somebody must mend the key: told again, once.
        ([(DOWN, 0), (DOWN, 1), (DOWN, 2), (REJECTED, 3), (REJECTED, 4)], ["lost", "lost"]),
        ([(REJECTED, 0), (DOWN, 1), (DOWN, 2), (DOWN, 3), (REJECTED, 4)], ["lost"]),
        ([(REJECTED, 0), (None, 1), (REJECTED, 2)], ["lost", "found", "lost"]),
    ],
)
def test_stories(story: list[tuple[FetchError | None, float]], kinds: list[str]) -> None:
    """A run of readings tells this, in this order."""
    assert [event.kind.removeprefix("source_") for event in told(*story)] == kinds


def test_lost_says_why_and_since_when() -> None:
    """The message has all that a person needs to judge it days later."""
    (lost,) = told((None, 0), (DOWN, 60), (BUSY, 120), (ODD, 180))
    assert lost == SourceLost(
        path="main/funding",
        error="UnexpectedAnswer",
        message="odd",
        since=at(60),
        last_good_at=at(0),
        at=at(180),
    )
    (never_read,) = told((REJECTED, 0))
    assert isinstance(never_read, SourceLost)
    assert never_read.last_good_at is None


def test_found_says_for_how_long() -> None:
    """The duration is counted from the first failure, not from when it was told."""
    _, found = told((DOWN, 10), (DOWN, 20), (DOWN, 30), (None, 400))
    assert found == SourceFound(path="main/funding", since=at(10), at=at(400))


def test_health_knows_the_last_error() -> None:
    """What `/alerts` shows is the newest reason; a good reading forgets all."""
    health, _ = observe(Health(), reading(DOWN, 0), path="m/f", last_good_at=None)
    health, _ = observe(health, reading(BUSY, 1), path="m/f", last_good_at=None)
    assert (health.failures, health.failing_since) == (2, at(0))
    assert (health.error, health.message) == ("RateLimited", "slow down")
    assert observe(health, reading(None, 2), path="m/f", last_good_at=None)[0] == Health()


errors = st.sampled_from([None, DOWN, BUSY, ODD, SKEWED, REJECTED, FORBIDDEN])
stories = st.lists(st.tuples(errors, st.integers(1, 200)), max_size=40)


@given(stories)
def test_lost_and_found_alternate(steps: list[tuple[FetchError | None, int]]) -> None:
    """Found comes once after lost; lost comes again before it only for what a person must mend."""
    now, story = 0, []
    for error, pause in steps:
        now += pause
        story.append((error, float(now)))
    lost: SourceLost | None = None
    for event in told(*story):
        if isinstance(event, SourceFound):
            assert lost is not None
            assert event.since == lost.since
            lost = None
        else:
            assert isinstance(event, SourceLost)
            again = event.error in {"CredentialsRejected", "PermissionMissing"}
            assert lost is None or (again and event.error != lost.error)
            lost = event


@given(stories)
def test_no_loss_is_kept_quiet(steps: list[tuple[FetchError | None, int]]) -> None:
    """After any story whose end is three failures in a row, the loss was told."""
    now, story = 0, []
    for error, pause in steps:
        now += pause
        story.append((error, float(now)))
    ending = [(DOWN, now + 1.0), (DOWN, now + 2.0), (DOWN, now + 3.0)]
    assert told(*story, *ending)[-1:] != []
    assert isinstance(told(*story, *ending)[-1], SourceLost)


@pytest.mark.parametrize(
    ("ahead", "rests"),
    [
        (timedelta(0), False),
        (timedelta(seconds=1), True),
        (timedelta(hours=1), True),
        (timedelta(hours=2), False),  # the clock has been put back: nobody asked for that
    ],
)
def test_a_pause_goes_on_for_an_hour_at_most(ahead: timedelta, *, rests: bool) -> None:
    """A wallet rests as long as it was asked to, and not as long as a clock was ahead."""
    now = datetime(2026, 3, 1, 12, tzinfo=UTC)
    health = Health(failures=1, retry_at=now + ahead)
    assert (paused(health, "spot", now=now) is not None) is rests


def test_another_failure_ends_no_pause() -> None:
    """What broke for a reason of ours must not let us ask into a lock; a good reading does."""
    now = datetime(2026, 3, 1, 12, tzinfo=UTC)
    lock = RateLimited("locked", retry_at=now + timedelta(minutes=10))
    health, _ = observe(Health(), Reading("w", now, None, lock), path="m/w", last_good_at=None)
    for minute, rests in [(1, True), (9, True), (10, False)]:
        at = now + timedelta(minutes=minute)
        broken = Reading("w", at, None, UnexpectedAnswer("broken"))
        after, _ = observe(health, broken, path="m/w", last_good_at=None)
        assert (paused(after, "w", now=at) is not None) is rests
    good = Reading("w", now + timedelta(minutes=1), ())
    after, _ = observe(health, good, path="m/w", last_good_at=None)
    assert after == Health()
