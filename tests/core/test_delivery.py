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


def in_(seconds: float, *, attempts: int, maybe_sent: bool = False) -> Postponed:
    return Postponed(NOW + timedelta(seconds=seconds), maybe_sent=maybe_sent, attempts=attempts)


@pytest.mark.parametrize(
    ("outcome", "events", "attempts", "decision"),
    [
        (Sent(42), ALERT, 1, Delivered(42)),
        (Sent(42), DIGEST, 9, Delivered(42)),
        (NotSent("no network"), ALERT, 1, in_(1, attempts=1)),
        (NotSent("no network"), ALERT, 4, in_(8, attempts=4)),
        (NotSent("no network"), ALERT, 5000, in_(60, attempts=5000)),  # for days, if need be
        (NotSent("no network"), DIGEST, 1, in_(1, attempts=1)),  # surely not sent: no repeat
        (NotSent("wait", timedelta(seconds=37)), ALERT, 5, in_(37, attempts=5)),
        (NotSent("wait", timedelta(0)), ALERT, 3, in_(4, attempts=3)),
        (NotSent("wait", timedelta(days=1)), ALERT, 1, in_(3600, attempts=1)),
        # The first doubt begins a count of its own, however long nothing could be sent before.
        (MaybeSent("time-out"), ALERT, 1, in_(10, attempts=1, maybe_sent=True)),
        (MaybeSent("time-out"), ALERT, 5000, in_(10, attempts=1, maybe_sent=True)),
        (NotSent("502", doubtful=True), ALERT, 7, in_(1, attempts=1, maybe_sent=True)),
        (MaybeSent("time-out"), DIGEST, 1, Dropped("not repeated: time-out")),
        (Refused("too long"), ALERT, 1, Dropped("too long")),
        (ChatGone("blocked"), ALERT, 1, Dropped("blocked")),
        (ChatMoved(-100), ALERT, 1, in_(0, attempts=0)),
    ],
)
def test_after_an_attempt(
    outcome: Outcome, events: tuple[Event, ...], attempts: int, decision: Decision
) -> None:
    """An alert is never given up while it can arrive; a digest is never sent twice."""
    assert decide(outcome, events, attempts=attempts, maybe_sent=False, now=NOW) == decision


@pytest.mark.parametrize(
    ("outcome", "attempts", "decision"),
    [
        (MaybeSent("?"), 2, in_(60, attempts=2, maybe_sent=True)),
        (MaybeSent("?"), 3, in_(300, attempts=3, maybe_sent=True)),
        (MaybeSent("?"), 4, in_(900, attempts=4, maybe_sent=True)),
        (MaybeSent("?"), 5, in_(3600, attempts=5, maybe_sent=True)),
        (MaybeSent("?"), 5000, in_(3600, attempts=5000, maybe_sent=True)),
        # What an error in between refuses has seldom been passed on.
        (NotSent("502", doubtful=True), 2, in_(2, attempts=2, maybe_sent=True)),
        (NotSent("502", doubtful=True), 5000, in_(300, attempts=5000, maybe_sent=True)),
        # What surely was not sent is no doubt more, and is tried again soon.
        (NotSent("no network"), 2, in_(10, attempts=1)),
        (NotSent("no network"), 5000, in_(10, attempts=4999)),
        (Sent(42), 9, Delivered(42)),
    ],
)
def test_after_a_doubt(outcome: Outcome, attempts: int, decision: Decision) -> None:
    """Once a message may have arrived only doubts count, and each makes the next one rarer."""
    assert decide(outcome, ALERT, attempts=attempts, maybe_sent=True, now=NOW) == decision


def test_nobody_is_flooded() -> None:
    """Where every answer gets lost a message comes five times in the first hour, then hourly."""
    at, attempts, sent = NOW, 0, []
    while at < NOW + timedelta(days=1):
        sent.append(at)
        doubt = MaybeSent("lost")
        decision = decide(doubt, ALERT, attempts=attempts + 1, maybe_sent=attempts > 0, now=at)
        assert isinstance(decision, Postponed)
        at, attempts = decision.until, decision.attempts
    assert len([one for one in sent if one < NOW + timedelta(hours=1)]) == 5
    assert len(sent) == 28


@pytest.mark.parametrize(
    ("attempts", "maybe_sent", "pause_s", "doubts"), [(9, False, 10, 1), (2, True, 60, 2)]
)
def test_after_a_death(attempts: int, maybe_sent: bool, pause_s: int, doubts: int) -> None:
    """Nobody knows whether it has left: an alert goes again, marked; a digest does not."""
    decision = interrupted(ALERT, attempts=attempts, maybe_sent=maybe_sent, now=NOW)
    assert decision == in_(pause_s, attempts=doubts, maybe_sent=True)
    dropped = Dropped("not repeated: interrupted while it was being sent")
    decision = interrupted(DIGEST, attempts=attempts, maybe_sent=maybe_sent, now=NOW)
    assert decision == dropped


def test_pauses_double_up_to_a_minute() -> None:
    """Trying again is quick at first, and never rarer than once a minute."""
    pauses = [pause_after(n).total_seconds() for n in (0, 1, 2, 3, 4, 5, 6, 7, 8, 10**6)]
    assert pauses == [1, 1, 2, 4, 8, 16, 32, 60, 60, 60]
