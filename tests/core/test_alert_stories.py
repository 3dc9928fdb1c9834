"""Alerts beyond one reading: what time, reminders, silence, restarts and wrong clocks do.

A story is a list of steps: ("600", 3) is a reading of 600 after 3 minutes, (None, 3) a failed one,
a `Hush` a press.
"""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.alerts import MIN_GAP, Hush, end, step
from bot.core.events import AlertCleared, AlertRaised, AlertReminded
from bot.core.rules import Rule, parse_rule
from tests.core.alert_runs import (
    DAY,
    FRESH,
    HOUR,
    LOW,
    START,
    STATE,
    amounts,
    at,
    rules,
    run,
    seen,
)

ASKED = Hush("seen", None, "Ada", START)


def silent(minutes: int) -> Hush:
    """Press for silence of so many minutes, as long as that is after `START`."""
    return Hush("until", START + timedelta(minutes=minutes), "Ada", START)


AHEAD = Hush("until", START + timedelta(days=30, hours=1), "Ada", START + timedelta(days=30))
UNTIL_RECOVERED = Hush("recovery", None, "Ada", START)
Story = list[tuple[str | None, int] | Hush]


def told_in(line: str, story: Story) -> list[str]:
    """Live through a story; return what was told, and at which minute."""
    rule, state, minute, told = parse_rule(line), FRESH, 0, []
    for happens in story:
        if isinstance(happens, Hush):
            state = replace(state, hush=happens)
            continue
        amount, minutes = happens
        minute += minutes
        observation = seen(amount, minute) if amount else None
        state, events = step(state, rule, observation, now=at(minute))
        told += [f"{event.kind.removeprefix('alert_')} {minute}" for event in events]
    return told


@pytest.mark.parametrize(
    ("line", "story", "told"),
    [
        # The gap: from the end of an episode to the next one.
        (LOW, [("1", 0), ("600", 1), ("1", 4)], ["raised 0", "cleared 1"]),
        (LOW, [("1", 0), ("600", 1), ("1", 4), ("1", 1)], ["raised 0", "cleared 1", "raised 6"]),
        (LOW, [("1", 0), ("600", 1), ("1", 4), ("510", 1)], ["raised 0", "cleared 1"]),
        (LOW, [("1", 0), ("600", 1), ("1", 4), (None, 1)], ["raised 0", "cleared 1"]),
        # Reminders: after 4 h, 8 h, 16 h, then each day; only with a good reading.
        (LOW, [("1", 0), ("1", 4 * HOUR - 1)], ["raised 0"]),
        (LOW, [("1", 0), ("1", 4 * HOUR)], ["raised 0", "reminded 240"]),
        (LOW, [("1", 0), (None, 4 * HOUR), ("1", 1)], ["raised 0", "reminded 241"]),
        (LOW, [("1", 0), ("520", 4 * HOUR)], ["raised 0", "reminded 240"]),  # not cleared yet
        (LOW, [("1", 0), ("550", 4 * HOUR)], ["raised 0", "cleared 240"]),
        (
            LOW,
            [("1", 0)] + [("1", HOUR)] * 100,
            ["raised 0"] + [f"reminded {n * HOUR}" for n in (4, 12, 28, 52, 76, 100)],
        ),
        (
            LOW + " · remind 30m",
            [("1", 0)] + [("1", 30)] * 8,
            ["raised 0", "reminded 30", "reminded 90", "reminded 210"],
        ),
        (
            LOW + " · remind 2d",
            [("1", 0)] + [("1", DAY)] * 6,
            ["raised 0", f"reminded {2 * DAY}", f"reminded {4 * DAY}", f"reminded {6 * DAY}"],
        ),
        # A new episode begins with short waits again.
        (
            LOW,
            [("1", 0), ("1", 4 * HOUR), ("600", 1), ("1", 9), ("1", 4 * HOUR)],
            ["raised 0", "reminded 240", "cleared 241", "raised 250", "reminded 490"],
        ),
        # Seen silences nothing.
        (LOW, [("1", 0), ASKED, ("1", 4 * HOUR)], ["raised 0", "reminded 240"]),
        # Silence until an instant: no reminder before, one behind it, then as usual.
        (
            LOW,
            [("1", 0), silent(300), ("1", 4 * HOUR), ("1", 59), ("1", 1), ("1", 479), ("1", 1)],
            ["raised 0", "reminded 300", "reminded 780"],
        ),
        (LOW, [("1", 0), silent(60), (None, 60), ("1", 5)], ["raised 0", "reminded 65"]),
        (LOW, [("1", 0), silent(60), ("600", 30)], ["raised 0", "cleared 30"]),
        # It outlasts the episode: the next one fires without a word, until it is over.
        (
            LOW,
            [("1", 0), silent(60), ("600", 10), ("1", 10), ("1", 39), ("1", 1)],
            ["raised 0", "cleared 10", "raised 60"],
        ),
        (
            LOW,
            [("1", 0), silent(60), ("600", 10), ("1", 10), ("600", 10), ("600", 60), ("1", 1)],
            ["raised 0", "cleared 10", "raised 91"],
        ),
        # Silence until recovery ends with the episode.
        (
            LOW,
            [("1", 0), UNTIL_RECOVERED, ("1", 30 * DAY), ("600", 1), ("1", 9)],
            ["raised 0", f"cleared {30 * DAY + 1}", f"raised {30 * DAY + 10}"],
        ),
        # A clock that was put back makes nothing wait longer than it would have.
        (
            LOW,
            [("1", 0), ("600", 60), ("1", -50), ("1", 5)],
            ["raised 0", "cleared 60", "raised 15"],
        ),
        (LOW, [("1", 600), ("1", -600), ("1", 4 * HOUR)], ["raised 600", "reminded 240"]),
        (
            LOW,
            [("1", 0), AHEAD, ("1", 239), ("1", 59), ("1", 1)],
            ["raised 0", "reminded 299"],
        ),
        (LOW + " · for 2 reads", [("1", 600), ("1", -600)], ["raised 0"]),
    ],
)
def test_stories(line: str, story: Story, told: list[str]) -> None:
    """What is told, and when, of time that passes, silence that is wanted, and clocks put back."""
    assert told_in(line, story) == told


def test_a_reminder_says_how_it_stands() -> None:
    """It has the alert of the episode, the present amount and its own number."""
    rule = parse_rule(LOW)
    state, (raised,) = step(FRESH, rule, seen("400", 0), now=START)
    later = at(4 * HOUR)
    state, (reminded,) = step(state, rule, seen("300", 4 * HOUR), now=later)
    assert isinstance(raised, AlertRaised)
    assert reminded == AlertReminded(alert=raised.alert, amount=Decimal(300), at=later, number=1)
    assert (state.reminders, state.reminded_at) == (1, later)


def test_an_episode_that_nobody_was_told_of_ends_without_a_word() -> None:
    """What began in silence has no end to tell, of its rule or wallet, either."""
    state = replace(FRESH, hush=silent(60))
    state, told = run(parse_rule(LOW), [seen("1", 0)], state)
    assert (state.phase, state.was_told, told) == ("firing", False, [])
    assert end(state, at=at(1)) == ()
    assert run(parse_rule(LOW), [seen("600", 1)], state)[1] == []


hushes = st.one_of(
    st.none(),
    st.just(ASKED),
    st.just(UNTIL_RECOVERED),
    st.integers(1, 900).map(lambda minutes: timedelta(minutes=minutes)),
)
happenings = st.lists(
    st.tuples(
        st.one_of(st.none(), amounts),
        # Minutes that pass; the clock may be put back, or be wrong by days.
        st.one_of(st.integers(0, 10), st.integers(-600, 600), st.sampled_from([-DAY, 3 * DAY])),
        st.one_of(st.just("nothing"), st.just("restart"), hushes),
    ),
    max_size=40,
)


@given(rules, happenings)
def test_the_laws_of_the_machine(rule: Rule, story: list[tuple[Any, int, Any]]) -> None:
    """For any readings, failures, restarts, presses and clocks the promises hold.

    Raised and cleared alternate, a reminder comes between them only, no failure tells or changes
    anything, a restart changes nothing, in silence nothing but recovery is told, and between two
    episodes that are told lies the gap, as far as the clock was let run.
    """
    state, minute, open_incident, passed = FRESH, 0, "", timedelta(days=99)
    for amount, minutes, pressed in story:
        minute += minutes
        passed += timedelta(minutes=max(minutes, 0))
        if pressed == "restart":
            state = STATE.validate_json(STATE.dump_json(state))
        elif isinstance(pressed, timedelta):
            state = replace(state, hush=Hush("until", at(minute) + pressed, "Ada", at(minute)))
        elif pressed != "nothing":
            state = replace(state, hush=pressed)
        before, silenced = state, state.is_silenced(at(minute))
        observation = None if amount is None else seen(amount, minute)
        state, events = step(before, rule, observation, now=at(minute))
        assert (state, events) == step(before, rule, observation, now=at(minute))
        assert observation is not None or (state is before and events == ())
        assert len(events) <= 1
        for event in events:
            if isinstance(event, AlertRaised):
                assert not open_incident
                assert not silenced
                assert passed >= MIN_GAP
                open_incident = event.alert.incident
            elif isinstance(event, AlertReminded):
                assert open_incident == event.alert.incident
                assert not silenced
            else:
                assert isinstance(event, AlertCleared)
                assert open_incident == event.alert.incident
                open_incident, passed = "", timedelta(0)
        assert bool(open_incident) == state.was_told
        assert (state.alert is not None) == (state.phase == "firing")


@given(rules, st.lists(amounts, min_size=1, max_size=20))
def test_nothing_bad_is_kept_back_for_long(rule: Rule, before: list[Decimal]) -> None:
    """After whatever, bad readings for the gap and the rule's count are told at last."""
    state, _ = run(rule, [seen(amount, n) for n, amount in enumerate(before)])
    bad = rule.limit + (-1 if rule.comparison == "<" else 1)
    minute = len(before)
    for n in range(minute, minute + 5 + rule.for_reads):
        state, _ = step(state, rule, seen(bad, n), now=at(n))
    assert state.was_told
