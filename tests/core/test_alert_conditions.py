"""To which condition an alert belongs: rules that are edited, parts, and what is less known."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from bot.core.alerts import Observation, step, still_meant
from bot.core.events import AlertCleared, AlertRaised, AlertReminded
from bot.core.portfolio import Amount, Part
from bot.core.rules import parse_rule
from tests.core.alert_runs import FRESH, HIGH, HOUR, LOW, START, STATE, after, at, run, seen


def test_an_episode_is_as_severe_as_its_rule() -> None:
    """A rule that is made critical while it fires is so from the next word on."""
    state, (raised,) = step(FRESH, parse_rule(LOW), seen("400", 0), now=START)
    edited = parse_rule(LOW + ' · critical · "Top up"')
    state, (reminded,) = step(state, edited, seen("400", 4 * HOUR), now=at(4 * HOUR))
    assert isinstance(raised, AlertRaised)
    assert isinstance(reminded, AlertReminded)
    assert reminded.alert == replace(raised.alert, severity="critical", note="Top up")
    assert state.alert == reminded.alert


def test_a_small_fall_does_not_count() -> None:
    """A fall that is large in percent only is not bad, whatever the percent."""
    fall = parse_rule("main/funding USDT drops 30% and 500 in 1h")
    small = replace(seen("90", 0), counts=False)
    assert step(FRESH, fall, small, now=START)[1] == ()
    state, (raised,) = step(FRESH, fall, seen("90", 0), now=START)
    assert isinstance(raised, AlertRaised)
    assert (raised.alert.least, raised.alert.window) == (Decimal(500), timedelta(hours=1))
    smaller = replace(seen("40", 1), counts=False)
    assert step(state, fall, smaller, now=at(1))[0].phase == "firing"  # percents end it


def test_another_measure_is_not_compared() -> None:
    """What was measured before a rule was changed is no amount that anything differs from."""
    state, _ = step(FRESH, parse_rule(LOW), seen("600", 0), now=START)
    fall = parse_rule("main/funding USDT drops 30% in 1h")
    _, (raised,) = step(state, fall, seen("31", 1), now=at(1))
    assert isinstance(raised, AlertRaised)
    assert raised.before is None


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ("main/funding USDT drops 30% and 5 in 1h", True),
        ("main/funding USDT drops 30% and 5 in 1h · for 3 reads · critical · remind 1h", True),
        ("main/funding USDT drops 31% and 5 in 1h", False),
        ("main/funding USDT drops 30% and 6 in 1h", False),
        ("main/funding USDT drops 30% in 1h", False),
        ("main/funding USDT drops 30% and 5 in 2h", False),
        ("main/funding USDT drops 30% and 5 in 1h · clear 10%", False),
        ("main/funding USDT > 30 · clear 28.5", False),
    ],
)
def test_an_alert_belongs_to_a_condition(line: str, meant: object) -> None:
    """Only a rule that is broken and ends by the same goes on with the episode of another."""
    state, _ = step(
        FRESH, parse_rule("main/funding USDT drops 30% and 5 in 1h"), seen("50", 0), now=START
    )
    assert still_meant(state, parse_rule(line)) is meant
    assert not still_meant(state, None)


@pytest.mark.parametrize(
    ("edited", "phase", "since"),
    [
        ("main/funding USDT < 500 · for 3 reads · critical · clear 600", "firing", 0),
        ("main/funding USDT < 500 · for 2 reads", "firing", 0),
        ("main/funding USDT > 100 · for 3 reads", "pending", 2),
        ("main/funding USDT < 450 · for 3 reads", "pending", 2),
        ("main/funding USDT available < 500 · for 3 reads", "pending", 2),
        ("main/funding USDT drops 5% in 1h · for 3 reads", "pending", 2),
        ("main/funding USDT > 100", "firing", 2),
    ],
)
def test_a_count_belongs_to_a_condition(edited: str, phase: str, since: int) -> None:
    """What was bad by another condition is not counted; other options and restarts go on."""
    state = after(["400", "400"], parse_rule("main/funding USDT < 500 · for 3 reads"))
    kept = STATE.validate_json(STATE.dump_json(state))
    state, _ = step(kept, parse_rule(edited), seen("400", 2), now=at(2))
    assert (state.phase, state.since) == (phase, at(since))


@pytest.mark.parametrize(("line", "other"), [("available ", ""), ("", "available ")])
@pytest.mark.parametrize("part", ["total", "available"])
def test_an_alert_belongs_to_a_part(line: str, other: str, part: Part) -> None:
    """Whichever part was seen: recovery of the total is none of what is available."""
    rule, edited = (parse_rule(f"main/funding USDT {word}< 500") for word in (line, other))
    reading = replace(seen("100", 0), amount=Amount(Decimal(100), part))
    state, _ = step(FRESH, rule, reading, now=START)
    assert still_meant(state, rule)
    assert not still_meant(state, edited)


def test_an_alert_of_an_unknown_part_goes_on() -> None:
    """One that was kept before its part was known is no other; the next reading tells it."""
    rule = parse_rule(LOW)
    known, _ = step(FRESH, rule, seen("100", 0), now=START)
    assert known.alert is not None
    kept = replace(known, alert=replace(known.alert, asked=None))
    assert still_meant(kept, rule)
    after, _ = step(kept, rule, seen("100", 1), now=at(1))
    assert after.alert == known.alert


PARTLY = Amount(Decimal(100), "available", complete=False)
AT_LEAST = Amount(Decimal(100), complete=False)


@pytest.mark.parametrize(
    ("line", "first", "later", "cleared"),
    [
        (HIGH, Amount(Decimal(900)), PARTLY, False),  # the rest may be on orders
        (HIGH, Amount(Decimal(900)), AT_LEAST, False),
        (HIGH, Amount(Decimal(900)), Amount(Decimal(100)), True),
        (HIGH, Amount(Decimal(900), "available", complete=False), PARTLY, True),
        (HIGH, Amount(Decimal(900), complete=False), AT_LEAST, True),
        (LOW, Amount(Decimal(100)), Amount(Decimal(900), complete=False), True),
    ],
)
def test_too_much_is_not_over_by_knowing_less(
    line: str, first: Amount, later: Amount, *, cleared: bool
) -> None:
    """What was told whole ends by a whole amount; at least enough is enough where it was low."""
    rule = parse_rule(line)
    amounts = [Observation(amount, at(n), at(n)) for n, amount in enumerate((first, later))]
    state, told = run(rule, amounts)
    assert isinstance(told[0], AlertRaised)
    assert any(isinstance(event, AlertCleared) for event in told) is cleared
    assert (state.alert is None) is cleared
