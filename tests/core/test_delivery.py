"""What becomes of a message after an attempt: one table, and the pauses between attempts."""

from datetime import UTC, date, datetime, timedelta

import pytest

from bot.core.delivery import (
    ChatGone,
    ChatMoved,
    Decision,
    Delivered,
    Dropped,
    MaybeSent,
    NotSent,
    Outcome,
    Postponed,
    Refused,
    Sent,
    decide,
    interrupted,
    pause_after,
)
from bot.core.events import DigestDue, Event, SourceFound

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ALERT: tuple[Event, ...] = (SourceFound(path="main/funding", since=NOW, at=NOW),)
DIGEST: tuple[Event, ...] = (
    DigestDue(local_date=date(2026, 3, 1), since=None, late=False, at=NOW),
)


def in_(seconds: float, *, maybe_sent: bool = False) -> Postponed:
    return Postponed(NOW + timedelta(seconds=seconds), maybe_sent=maybe_sent)


@pytest.mark.parametrize(
    ("outcome", "events", "attempts", "decision"),
    [
        (Sent(42), ALERT, 1, Delivered(42)),
        (Sent(42), DIGEST, 9, Delivered(42)),
        (NotSent("no network"), ALERT, 1, in_(1)),
        (NotSent("no network"), ALERT, 4, in_(8)),
        (NotSent("no network"), ALERT, 5000, in_(60)),  # for days, if need be
        (NotSent("no network"), DIGEST, 1, in_(1)),  # surely not sent: no repeat
        (NotSent("wait", timedelta(seconds=37)), ALERT, 5, in_(37)),
        (MaybeSent("time-out"), ALERT, 1, in_(1, maybe_sent=True)),
        (MaybeSent("time-out"), ALERT, 3, in_(4, maybe_sent=True)),
        (MaybeSent("time-out"), DIGEST, 1, Dropped("not repeated: time-out")),
        (Refused("too long"), ALERT, 1, Dropped("too long")),
        (ChatGone("blocked"), ALERT, 1, Dropped("blocked")),
        (ChatMoved(-100), ALERT, 1, in_(0)),
    ],
)
def test_after_an_attempt(
    outcome: Outcome, events: tuple[Event, ...], attempts: int, decision: Decision
) -> None:
    """An alert is never given up while it can arrive; a digest is never sent twice."""
    assert decide(outcome, events, attempts=attempts, now=NOW) == decision


def test_after_a_death() -> None:
    """Nobody knows whether it has left: an alert goes again, marked; a digest does not."""
    assert interrupted(ALERT, now=NOW) == in_(1, maybe_sent=True)
    decision = interrupted(DIGEST, now=NOW)
    assert decision == Dropped("not repeated: interrupted while it was being sent")


def test_pauses_double_up_to_a_minute() -> None:
    """Trying again is quick at first, and never rarer than once a minute."""
    pauses = [pause_after(n).total_seconds() for n in (0, 1, 2, 3, 4, 5, 6, 7, 8, 10**6)]
    assert pauses == [1, 1, 2, 4, 8, 16, 32, 60, 60, 60]
