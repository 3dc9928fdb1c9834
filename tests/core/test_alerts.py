"""The state machine of one alert: its table, and the laws that hold for any run of readings."""

from collections.abc import Sequence
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.alerts import AlertState, end, step
from bot.core.events import AlertCleared, AlertEnded, AlertRaised, Event
from bot.core.rules import Rule, parse_rule
from tests.core.alert_runs import (
    FRESH,
    HIGH,
    HOUR,
    LOW,
    START,
    after,
    amounts,
    at,
    rules,
    run,
    seen,
)


@pytest.mark.parametrize(
    ("line", "before", "amount", "phase", "event"),
    [
        (LOW, [], "500", "ok", None),  # at the limit nothing is broken
        (LOW, [], "499.99", "firing", AlertRaised),
        (LOW, [], None, "ok", None),
        (LOW, ["600"], "499.99", "firing", AlertRaised),
        (LOW, ["400"], "300", "firing", None),  # worse, but told already
        (LOW, ["400"], None, "firing", None),
        (LOW, ["400"], "500", "firing", None),  # between limit and clear level
        (LOW, ["400"], "549.99", "firing", None),
        (LOW, ["400"], "550", "ok", AlertCleared),
        (LOW, ["400", "550"], "499", "firing", AlertRaised),  # long after the gap
        (LOW + " · for 2 reads", [], "499", "pending", None),
        (LOW + " · for 2 reads", ["499"], None, "pending", None),
        (LOW + " · for 2 reads", ["499"], "500", "ok", None),  # pending ends at the limit
        (LOW + " · for 2 reads", ["499"], "498", "firing", AlertRaised),
        (LOW + " · for 3 reads", ["499", "498"], "500", "ok", None),
        (LOW + " · for 3 reads", ["499", "500", "498"], "498", "pending", None),
        (LOW + " · for 2 reads", ["499", "499", "550"], "499", "pending", None),
        (HIGH, [], "500", "ok", None),
        (HIGH, [], "500.01", "firing", AlertRaised),
        (HIGH, ["501"], "450.01", "firing", None),
        (HIGH, ["501"], "450", "ok", AlertCleared),
        ("main/funding USDT < 500", ["0"], "524.99", "firing", None),  # 5 % by default
        ("main/funding USDT < 500", ["0"], "525", "ok", AlertCleared),
    ],
)
def test_transitions(
    line: str, before: list[str], amount: str | None, phase: str, event: type[Event] | None
) -> None:
    """One reading leads from this state to that, and tells this or nothing."""
    rule = parse_rule(line)
    start = after(before, rule)
    state, events = step(start, rule, seen(amount, 100) if amount else None, now=at(100))
    assert state.phase == phase
    assert [type(e) for e in events] == ([event] if event else [])


def test_an_episode_is_told_whole() -> None:
    """Raised and cleared carry the same alert, with its beginning, and the amounts seen."""
    rule = parse_rule(LOW + ' · for 2 reads · critical · "Top up"')
    state, told = run(
        rule,
        [seen("600", 0), seen("499", 1), seen("498", 2), None, seen("497", 3), seen("551", 9)],
    )
    raised, cleared = told
    assert isinstance(raised, AlertRaised)
    assert isinstance(cleared, AlertCleared)
    alert = raised.alert
    assert cleared.alert == alert
    assert (raised.amount, raised.before, raised.at) == (Decimal(498), Decimal(499), at(2))
    assert (cleared.amount, cleared.at, alert.since) == (Decimal(551), at(9), at(1))
    assert (alert.rule, alert.subject, alert.asset) == ("low", "main/funding", "USDT")
    assert (alert.limit, alert.clear, alert.comparison) == (Decimal(500), Decimal(550), "<")
    assert (alert.severity, alert.note, alert.part) == ("critical", "Top up", "total")
    rest = AlertState("low", "main/funding", "USDT", amount=Decimal(551), ended_at=at(9))
    assert state == rest


def test_the_first_reading_knows_no_reading_before() -> None:
    """An alert of the very first reading does not claim that something has changed."""
    _, (raised,) = step(FRESH, parse_rule(LOW), seen("1", 0), now=START)
    assert isinstance(raised, AlertRaised)
    assert raised.before is None


def test_only_a_firing_alert_ends_with_a_word() -> None:
    """A rule or wallet that goes away ends its alert, which is not called recovered."""
    firing = after(["600", "400"], parse_rule(LOW))
    (ended,) = end(firing, at=at(5))
    assert ended == AlertEnded(alert=firing.alert, amount=Decimal(400), at=at(5))  # type: ignore[arg-type]
    assert end(after(["600"], parse_rule(LOW)), at=at(5)) == ()
    assert end(after(["400"], parse_rule(LOW + " · for 2 reads")), at=at(5)) == ()
    assert end(FRESH, at=at(5)) == ()


readings = st.lists(st.one_of(st.none(), amounts), max_size=40)


def by_the_book(rule: Rule, amounts: Sequence[Decimal | None]) -> list[tuple[int, str]]:
    """Say again, in the simplest words, at which minute what is told."""
    told: list[tuple[int, str]] = []
    run_of_bad, firing, ended = 0, False, -5
    for n, amount in enumerate(amounts):
        if amount is None:
            continue
        bad = amount < rule.limit if rule.comparison == "<" else amount > rule.limit
        level = rule.clear_level
        good = amount >= level if rule.comparison == "<" else amount <= level
        run_of_bad = run_of_bad + 1 if bad else 0
        if not firing and run_of_bad >= rule.for_reads and n - ended >= 5:
            told.append((n, "alert_raised"))
            firing = True
        elif firing and good:
            told.append((n, "alert_cleared"))
            firing, run_of_bad, ended = False, 0, n
    return told


@given(rules, readings)
def test_what_is_told_and_when(rule: Rule, amounts: list[Decimal | None]) -> None:
    """For any run of readings and failures exactly the events of the book are told."""
    _, told = run(rule, [seen(a, n) if a is not None else None for n, a in enumerate(amounts)])
    assert [(event.at, event.kind) for event in told] == [
        (at(n), kind) for n, kind in by_the_book(rule, amounts)
    ]


@given(rules, readings)
def test_raised_and_cleared_alternate(rule: Rule, amounts: list[Decimal | None]) -> None:
    """One alert at a time; each clearing names the incident raised before it, each anew."""
    _, told = run(rule, [seen(a, n) if a is not None else None for n, a in enumerate(amounts)])
    raised, cleared = told[::2], told[1::2]
    assert all(isinstance(event, AlertRaised) for event in raised)
    assert all(isinstance(event, AlertCleared) for event in cleared)
    opened = [e.alert.incident for e in raised if isinstance(e, AlertRaised)]
    closed = [e.alert.incident for e in cleared if isinstance(e, AlertCleared)]
    assert opened[: len(closed)] == closed
    assert len(set(opened)) == len(opened)


@given(rules, readings)
def test_each_step_keeps_the_state_whole(rule: Rule, amounts: list[Decimal | None]) -> None:
    """No failure changes anything, no step is undecided, and only firing has an alert."""
    state = FRESH
    for n, amount in enumerate(amounts):
        observation = None if amount is None else seen(amount, n)
        before = state
        state, events = step(before, rule, observation, now=at(n))
        assert (state, events) == step(before, rule, observation, now=at(n))
        assert len(events) <= 1
        assert observation is not None or (state is before and events == ())
        assert (state.alert is not None) == (state.phase == "firing")
        assert (state.since is None) == (state.phase == "ok")
        assert state.bad_reads <= rule.for_reads


WALLETS = frozenset("abc")
GAP = 5
sweeps = st.lists(st.tuples(st.frozensets(st.sampled_from("abc"), min_size=1), st.booleans()))


@given(st.integers(1, 4), sweeps)
def test_a_sum_counts_whole_sweeps(reads: int, checks: list[tuple[frozenset[str], bool]]) -> None:
    """A sum is bad `N` times only when each wallet was read anew between one and the next.

    Each check reads some of the wallets; the sum is judged after each, with old parts in it.
    """
    rule = parse_rule(f"sum * USDT < 500 · for {reads} reads · clear 500")
    read_at = dict.fromkeys(WALLETS, -1)
    state, waiting, counted, firing = FRESH, WALLETS, 0, False
    for minute, (wallets, bad) in enumerate(checks):
        read_at |= dict.fromkeys(wallets, minute)
        oldest = min(read_at.values())
        observation = seen("1" if bad else "500", minute * GAP, oldest=oldest * GAP)
        state, _ = step(state, rule, observation, now=at(minute * GAP))
        if not bad:
            waiting, counted, firing = WALLETS, 0, False
        elif counted == 0 or not waiting - wallets:
            waiting, counted = WALLETS, counted + 1
        else:
            waiting -= wallets
        firing = firing or counted >= reads
        assert (state.phase == "firing") == firing


def test_jitter_around_the_limit_is_one_episode() -> None:
    """What sways by 3 % around the limit for a month alerts once; a plain threshold, every day."""
    dice = Random(7)  # noqa: S311 - the same sway in each run
    sway = [500 * Decimal(dice.randint(970, 1030)) / 1000 for _ in range(30 * 24)]
    observations = [seen(amount, n * HOUR) for n, amount in enumerate(sway)]
    _, told = run(parse_rule("main/funding USDT < 500"), observations)
    _, plain = run(parse_rule("main/funding USDT < 500 · clear 500"), observations)
    assert sum(isinstance(event, AlertRaised) for event in told) == 1
    assert not any(isinstance(event, AlertCleared) for event in told)
    assert sum(isinstance(event, AlertRaised) for event in plain) > 100


def test_subjects_and_rules_have_their_own_incidents() -> None:
    """Alerts that begin in the same instant are told apart by their ids."""
    states = [
        AlertState(rule, path, coin)
        for rule in ("low", "lower")
        for path in ("main/funding", "main/spot")
        for coin in ("USDT", "ETH")
    ]
    events = [step(state, parse_rule(LOW), seen("1", 0), now=START)[1][0] for state in states]
    incidents = {event.alert.incident for event in events if isinstance(event, AlertRaised)}
    assert len(incidents) == len(states)
    assert all(len(incident) == 10 for incident in incidents)
