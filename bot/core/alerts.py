"""The alert of one rule for one subject, as a state machine.

                  bad, but fewer than `for` in a row, or within the gap
        ┌────┐ ───────────────────────────────────▶ ┌─────────┐
        │ ok │ ◀─────────────────────────────────── │ pending │ ─┐ bad again: count
        └────┘   not bad                            └─────────┘ ◀┘
          │ ▲                                            │
          │ │ cleared: AlertCleared                      │ bad, `for` in a row: AlertRaised
          │ └──────────────── ┌────────┐ ◀───────────────┘
          └─────────────────▶ │ firing │ ─┐ not cleared, and due: AlertReminded
            bad, `for` is 1   └────────┘ ◀┘

Only a good reading moves it: for a wallet that could not be read there is no observation. Between
the limit and the clear level a firing alert stays firing. Between the end of an episode and the
next one lies a gap; what is bad meanwhile is raised when it is over.

An episode that begins while the subject is silenced fires without a word (`reminded_at` is None);
it is raised when the silence ends, or ends as it began. Silence holds back nothing else: recovery
from what was told is told. Timers go by the clock that is handed in; where that was put back, they
begin again, so that nothing waits longer than it would have.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from hashlib import blake2s
from typing import Literal

from bot.core.events import (
    Alert,
    AlertCleared,
    AlertEnded,
    AlertRaised,
    AlertReminded,
    Event,
    Measure,
)
from bot.core.portfolio import Amount
from bot.core.rules import Rule

Phase = Literal["ok", "pending", "firing"]
AlertKey = tuple[str, str, str]
"""The rule's name, the subject and the coin."""

MIN_GAP = timedelta(minutes=5)
"""From the end of an episode to the beginning of the next one of the same subject."""
REMIND = timedelta(hours=4)
"""From the first message to the first reminder; each later one takes twice as long."""
MAX_REMIND = timedelta(days=1)
"""The longest that takes, unless the rule begins with more."""


@dataclass(frozen=True, slots=True)
class Observation:
    """A good reading of what a rule is about."""

    amount: Amount
    """In the unit of the rule's limit."""
    oldest_at: datetime
    """When the first of the wallets in it was read; a single wallet has one instant."""
    newest_at: datetime
    """When the last of them was read."""
    counts: bool = True
    """Whether it may break the rule; a fall of less than the rule's `least` may not."""
    held: Decimal | None = None
    """How much of the coin there is; None where just that is measured, and for a value."""
    by_amounts: Decimal | None = None
    """For a value: what of its change against the reading before is due to amounts, at present
    prices; the rest is due to prices. None: unknown, or no value."""

    def breaks(self, rule: Rule) -> bool:
        """Whether the rule is broken by what is seen here."""
        return self.counts and rule.is_broken_by(self.amount.value)


@dataclass(frozen=True, slots=True)
class Hush:
    """What somebody has pressed: seen, or silence for a while."""

    kind: Literal["seen", "until", "recovery"]
    """`seen` silences nothing; `until` outlasts the episode, the others end with it."""
    until: datetime | None
    """The end of the silence; for `until` only."""
    by: str
    """Who it was."""
    at: datetime

    def silences(self, now: datetime) -> bool:
        """Whether reminders are held back at `now`."""
        return self.kind == "recovery" or (self.until is not None and now < self.until)

    def is_over(self, now: datetime) -> bool:
        """Whether it was for a while that has passed."""
        return self.until is not None and now >= self.until

    def in_time(self, now: datetime) -> "Hush":
        """Let what was pressed ahead of now last as long as it was meant to, from now on."""
        ahead = max(self.at - now, timedelta(0))
        return replace(self, at=self.at - ahead, until=self.until and self.until - ahead)


@dataclass(frozen=True, slots=True)
class AlertState:
    """Where the machine stands for one rule and one subject."""

    rule: str
    """The rule's name."""
    subject: str
    """A path, or `sum PATTERN`."""
    asset: str
    bad_reads: int = 0
    """Bad readings in a row, up to the rule's `for`."""
    condition: str = ""
    """What they are bad by; a count does not go on under another condition."""
    since: datetime | None = None
    """The first of them; None while ok."""
    counted_at: datetime | None = None
    """The newest reading that was counted; a sum counts again only when all of it is newer."""
    amount: Decimal | None = None
    """What was measured in the last reading that was judged; None before the first."""
    measure: Measure = "amount"
    """What that is."""
    at_least: bool = False
    """Whether there may be more than `amount`: a part of it is not told."""
    alert: Alert | None = None
    """While firing, never otherwise."""
    reminded_at: datetime | None = None
    """When the episode was told last; None: it was not told, because of silence."""
    reminders: int = 0
    """How often it was told again."""
    ended_at: datetime | None = None
    """The end of the last episode."""
    hush: Hush | None = None

    @property
    def key(self) -> AlertKey:
        """What tells it from all others."""
        return (self.rule, self.subject, self.asset)

    @property
    def phase(self) -> Phase:
        """The state's name."""
        if self.alert is not None:
            return "firing"
        return "pending" if self.bad_reads else "ok"

    @property
    def was_told(self) -> bool:
        """Whether an episode goes on that was told."""
        return self.alert is not None and self.reminded_at is not None

    def is_silenced(self, now: datetime) -> bool:
        """Whether reminders are held back at `now`."""
        return self.hush is not None and self.hush.silences(now)


def step(
    state: AlertState, rule: Rule, seen: Observation | None, *, now: datetime
) -> tuple[AlertState, tuple[Event, ...]]:
    """Let one reading act on the machine; None (nothing could be judged) changes nothing."""
    if seen is None:
        return state, ()
    before = state.amount if state.measure == rule.measure else None
    state = replace(
        _in_time(state, now),
        amount=seen.amount.value,
        measure=rule.measure,
        at_least=seen.amount.at_least,
        alert=state.alert and _as_ruled(state.alert, rule),
    )
    if state.alert is None:
        state = _while_calm(state, rule, seen, now)
        return _told_first(state, seen, before, now)
    if rule.is_cleared_by(seen.amount.value) and not _knows_less(seen.amount, state.alert):
        return _cleared(state, state.alert, seen, now)
    if state.reminded_at is None:
        return _told_first(state, seen, before, now)
    return _told_again(state, state.alert, rule, seen, now)


def _knows_less(amount: Amount, alert: Alert) -> bool:
    """Whether there may be more than is told now, in an alert of too much that was told whole."""
    told_whole = alert.part == "total" and not alert.at_least
    return alert.comparison == ">" and told_whole and not amount.complete


def still_meant(state: AlertState, rule: Rule | None) -> bool:
    """Whether a state belongs to the rule as it is now: recovery from another limit is none."""
    if rule is None or state.alert is None:
        return rule is not None
    alert = state.alert
    if alert.asked not in {None, rule.part}:
        return False
    told = (alert.measure, alert.comparison, alert.limit, alert.clear, alert.window, alert.least)
    meant = (rule.measure, rule.comparison, rule.limit, rule.clear_level, rule.window, rule.least)
    return told == meant


def end(state: AlertState, *, at: datetime) -> tuple[Event, ...]:
    """Tell that a firing alert is over because its rule or wallet is gone."""
    if state.alert is None or state.amount is None or not state.was_told:
        return ()
    return (AlertEnded(alert=state.alert, amount=state.amount, at=at),)


def _as_ruled(alert: Alert, rule: Rule) -> Alert:
    """Say of an episode that goes on what its rule says now, where that is told with it only."""
    return replace(alert, asked=rule.part, severity=rule.severity, note=rule.note)


def _in_time(state: AlertState, now: datetime) -> AlertState:
    """Let timers that lie ahead begin again: the clock was put back."""
    return replace(
        state,
        counted_at=_passed(state.counted_at, now),
        reminded_at=state.reminded_at and min(state.reminded_at, now),
        ended_at=state.ended_at and min(state.ended_at, now),
        hush=state.hush and state.hush.in_time(now),
    )


def _passed(at: datetime | None, now: datetime) -> datetime | None:
    return at if at is not None and at <= now else None


def _while_calm(state: AlertState, rule: Rule, seen: Observation, now: datetime) -> AlertState:
    """Count a bad reading, and let the episode begin when there are enough."""
    if not seen.breaks(rule):
        return _calm(state)
    condition = _condition(rule)
    counted = state if state.condition == condition else _calm(state)
    worse = _counted(replace(counted, condition=condition), rule, seen)
    in_gap = state.ended_at is not None and now - state.ended_at < MIN_GAP
    if worse.bad_reads < rule.for_reads or in_gap:
        return worse
    return replace(worse, alert=_alert(worse, rule, seen))


def _told_first(
    state: AlertState, seen: Observation, before: Decimal | None, now: datetime
) -> tuple[AlertState, tuple[Event, ...]]:
    """Tell that an episode has begun, if one has and nobody wants silence."""
    if state.alert is None:
        return _without_over(state, now), ()
    if state.is_silenced(now):
        return state, ()
    raised = AlertRaised(
        alert=state.alert,
        amount=seen.amount.value,
        before=before,
        held=seen.held,
        by_amounts=seen.by_amounts,
        at=seen.newest_at,
    )
    return replace(_without_over(state, now), reminded_at=now), (raised,)


def _told_again(
    state: AlertState, alert: Alert, rule: Rule, seen: Observation, now: datetime
) -> tuple[AlertState, tuple[Event, ...]]:
    """Remind when it is time, and when a silence has ended."""
    if state.is_silenced(now) or not (_silence_ended(state, now) or _is_due(state, rule, now)):
        return state, ()
    number = state.reminders + 1
    told = AlertReminded(alert=alert, amount=seen.amount.value, at=seen.newest_at, number=number)
    return replace(_without_over(state, now), reminded_at=now, reminders=number), (told,)


def _is_due(state: AlertState, rule: Rule, now: datetime) -> bool:
    first = rule.remind or REMIND
    # Seventeen doublings take a second beyond a day; many more would overflow.
    wait = min(first * 2 ** min(state.reminders, 20), max(first, MAX_REMIND))
    return state.reminded_at is not None and now - state.reminded_at >= wait


def _silence_ended(state: AlertState, now: datetime) -> bool:
    return state.hush is not None and state.hush.is_over(now)


def _without_over(state: AlertState, now: datetime) -> AlertState:
    return replace(state, hush=None) if _silence_ended(state, now) else state


def _cleared(
    state: AlertState, alert: Alert, seen: Observation, now: datetime
) -> tuple[AlertState, tuple[Event, ...]]:
    told = AlertCleared(alert=alert, amount=seen.amount.value, at=seen.newest_at)
    lasting = state.hush if state.hush is not None and state.hush.kind == "until" else None
    after = replace(_calm(state), ended_at=now, hush=lasting)
    return _without_over(after, now), (told,) if state.was_told else ()


def _calm(state: AlertState) -> AlertState:
    return replace(
        state,
        bad_reads=0,
        condition="",
        since=None,
        counted_at=None,
        alert=None,
        reminded_at=None,
        reminders=0,
    )


def _condition(rule: Rule) -> str:
    """Name what makes a reading bad."""
    parts = (rule.measure, rule.part, rule.comparison, rule.limit, rule.window, rule.least)
    return " ".join(str(part) for part in parts if part is not None)


def _counted(state: AlertState, rule: Rule, seen: Observation) -> AlertState:
    if state.counted_at is not None and seen.oldest_at <= state.counted_at:
        return state
    return replace(
        state,
        bad_reads=min(state.bad_reads + 1, rule.for_reads),
        since=state.since or seen.newest_at,
        counted_at=seen.newest_at,
    )


def _alert(state: AlertState, rule: Rule, seen: Observation) -> Alert:
    since = state.since or seen.newest_at
    return Alert(
        incident=_incident(state, since),
        rule=state.rule,
        subject=state.subject,
        asset=state.asset,
        measure=rule.measure,
        part=seen.amount.part,
        asked=rule.part,
        comparison=rule.comparison,
        limit=rule.limit,
        clear=rule.clear_level,
        window=rule.window,
        least=rule.least,
        severity=rule.severity,
        since=since,
        note=rule.note,
        at_least=seen.amount.at_least,
    )


def _incident(state: AlertState, since: datetime) -> str:
    """Name the episode: short enough to be read out, and the same if it is derived again."""
    text = "\n".join([*state.key, since.isoformat()])
    return blake2s(text.encode(), digest_size=5).hexdigest().upper()
