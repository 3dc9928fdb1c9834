"""The state machine of one alert: its table, and the laws that hold for any run of readings."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from bot.core.alerts import MIN_GAP, AlertState, Hush, Observation, end, step, still_meant
from bot.core.events import AlertCleared, AlertEnded, AlertRaised, AlertReminded, Event
from bot.core.portfolio import Amount, Part
from bot.core.rules import Rule, parse_rule

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR, DAY = 60, 1440  # minutes
FRESH = AlertState("low", "main/funding", "USDT")


def at(minute: int) -> datetime:
    return START + timedelta(minutes=minute)


def seen(amount: str | Decimal, minute: int, *, oldest: int | None = None) -> Observation:
    return Observation(
        Amount(Decimal(amount)),
        oldest_at=at(minute if oldest is None else oldest),
        newest_at=at(minute),
    )


def run(
    rule: Rule, observations: Iterable[Observation | None], state: AlertState = FRESH
) -> tuple[AlertState, list[Event]]:
    told: list[Event] = []
    for observation in observations:
        now = observation.newest_at if observation else START
        state, events = step(state, rule, observation, now=now)
        told += events
    return state, told


def after(amounts: Sequence[str], rule: Rule) -> AlertState:
    return run(rule, [seen(amount, minute) for minute, amount in enumerate(amounts)])[0]


LOW = "main/funding USDT < 500 · clear 550"
HIGH = "main/funding USDT > 500 · clear 450"


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


rules = st.builds(
    lambda sign, reads, margin: parse_rule(
        f"main/funding USDT {sign} 500 · for {reads} reads"
        f" · clear {500 + margin if sign == '<' else 500 - margin}"
    ),
    st.sampled_from("<>"),
    st.integers(1, 4),
    st.integers(0, 60),
)
# Around the limit and the clear levels, where it matters, and far off.
amounts = st.one_of(st.integers(430, 570), st.sampled_from([0, 499, 500, 501, 10**30])).map(
    Decimal
)
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


# Beyond one reading: what time, silence and restarts do. A story is a list of steps:
# ("600", 3) is a reading of 600 after 3 minutes, (None, 3) a failed one, a Hush a press.
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


def test_an_episode_is_as_severe_as_its_rule() -> None:
    """A rule that is made critical while it fires is so from the next word on."""
    state, (raised,) = step(FRESH, parse_rule(LOW), seen("400", 0), now=START)
    edited = parse_rule(LOW + ' · critical · "Top up"')
    state, (reminded,) = step(state, edited, seen("400", 4 * HOUR), now=at(4 * HOUR))
    assert isinstance(raised, AlertRaised)
    assert isinstance(reminded, AlertReminded)
    assert reminded.alert == replace(raised.alert, severity="critical", note="Top up")
    assert state.alert == reminded.alert


def test_an_episode_that_nobody_was_told_of_ends_without_a_word() -> None:
    """What began in silence has no end to tell, of its rule or wallet, either."""
    state = replace(FRESH, hush=silent(60))
    state, told = run(parse_rule(LOW), [seen("1", 0)], state)
    assert (state.phase, state.was_told, told) == ("firing", False, [])
    assert end(state, at=at(1)) == ()
    assert run(parse_rule(LOW), [seen("600", 1)], state)[1] == []


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
STATE = TypeAdapter(AlertState)


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
