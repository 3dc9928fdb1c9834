"""What is told by other channels, and when: decided from who knows of it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.elsewhere import (
    LONGEST_PAUSE,
    PATIENCE,
    Critical,
    beginning_of,
    is_late,
    is_settled,
    name_of,
    pause_after,
    to_tell,
)
from bot.core.events import (
    Alert,
    AlertCleared,
    AlertEnded,
    AlertRaised,
    AlertReminded,
    AlertTested,
    Event,
)

NOW = datetime(2026, 1, 15, 9, tzinfo=UTC)
SECOND = timedelta(seconds=1)
ALERT = Alert(
    incident="K7Q2",
    rule="low",
    subject="main/funding",
    asset="USDT",
    part="total",
    comparison="<",
    limit=Decimal(500),
    clear=Decimal(525),
    severity="critical",
    since=NOW,
)
AMOUNT = Decimal(499)
RAISED = AlertRaised(alert=ALERT, amount=AMOUNT, before=None, at=NOW)


def critical(
    name: str = "a", *, age: timedelta = PATIENCE, reached: bool = False, waits: bool = True
) -> Critical:
    return Critical(name, RAISED, NOW - age, reached=reached, waits=waits)


def test_an_event_has_one_name_wherever_it_is_told() -> None:
    """What a chat is told later, as it stands then, is the same event; the next one is another."""
    later = replace(RAISED, at=NOW + PATIENCE, amount=Decimal(3))
    assert name_of(later) == name_of(RAISED)
    events: list[Event] = [
        RAISED,
        replace(RAISED, alert=replace(ALERT, incident="ZZZZ")),
        AlertReminded(alert=ALERT, amount=AMOUNT, at=NOW, number=1),
        AlertReminded(alert=ALERT, amount=AMOUNT, at=NOW, number=2),
        AlertCleared(alert=ALERT, amount=AMOUNT, at=NOW),
        AlertEnded(alert=ALERT, amount=AMOUNT, at=NOW),
        AlertTested(alert=ALERT, amount=AMOUNT, at=NOW),
        AlertTested(alert=ALERT, amount=AMOUNT, at=NOW + SECOND),
    ]
    assert len({name_of(event) for event in events}) == len(events)
    ends = [event for event in events if beginning_of(event) is not None]
    assert [event.kind for event in ends] == ["alert_cleared", "alert_ended"]
    assert {beginning_of(event) for event in ends} == {name_of(RAISED)}


@pytest.mark.parametrize(
    ("age", "told"),
    [
        (timedelta(0), False),
        (PATIENCE - SECOND, False),
        (PATIENCE, True),
        (timedelta(days=9), True),
        (-SECOND, False),  # the clock was corrected
        (-PATIENCE, True),  # it was ahead: nobody waits until it is there again
    ],
)
def test_patience(age: timedelta, told: bool) -> None:
    """Five minutes are given to Telegram, and not more for a clock that was ahead."""
    waiting = critical(age=age)
    assert to_tell([waiting], "one", now=NOW) == ((waiting,) if told else ())


def test_what_is_overdue_takes_along_what_is_new() -> None:
    """What has begun and ended is told together."""
    old, new = critical("old"), critical("new", age=SECOND)
    assert to_tell([old, new], "one", now=NOW) == (old, new)


def test_while_telegram_is_away_all_is_told_at_once() -> None:
    """What was told elsewhere waits still: what comes then needs no five minutes of its own."""
    told, new = replace(critical("old"), told_to=frozenset({"one"})), critical("new", age=SECOND)
    assert to_tell([told, new], "one", now=NOW) == (new,)
    arrived = replace(told, waits=False, reached=True)
    assert to_tell([arrived, new], "one", now=NOW) == ()


def test_who_has_it_is_not_told_again() -> None:
    """Each channel for itself: one that fails repeats nothing at the others."""
    told = replace(critical(), told_to=frozenset({"one"}))
    assert to_tell([told], "one", now=NOW) == ()
    assert to_tell([told], "two", now=NOW) == (told,)


@pytest.mark.parametrize(
    ("reached", "waits", "told_to", "over"),
    [
        (True, False, "", True),  # as ever
        (True, True, "", False),  # another chat waits
        (True, True, "12", False),  # the end is told at once while it does
        (False, True, "", False),
        (False, False, "", False),  # every chat is gone
        (False, False, "1", False),
        (False, False, "12", True),
    ],
)
def test_when_it_is_over(reached: bool, waits: bool, told_to: str, over: bool) -> None:
    """Nobody is left to be told when all chats have it, or the channels where there is no chat."""
    told = replace(critical(reached=reached, waits=waits), told_to=frozenset(told_to))
    assert is_settled(told, ["1", "2"]) is over


def test_late() -> None:
    """The same patience for all."""
    assert not is_late(NOW, now=NOW + PATIENCE - SECOND)
    assert is_late(NOW, now=NOW + PATIENCE)


@given(st.integers(1, 10**6))
def test_pauses_grow_up_to_a_limit(failures: int) -> None:
    """Never shorter than before, never longer than ten minutes."""
    assert timedelta(0) < pause_after(failures) <= pause_after(failures + 1) <= LONGEST_PAUSE
