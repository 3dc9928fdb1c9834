"""The alert of one rule for one subject, as a state machine.

                  bad, but fewer than `for` in a row
        ┌────┐ ───────────────────────────────────▶ ┌─────────┐
        │ ok │ ◀─────────────────────────────────── │ pending │ ─┐ bad again: count
        └────┘   not bad                            └─────────┘ ◀┘
          │ ▲                                            │
          │ │ cleared: AlertCleared                      │ bad, `for` in a row: AlertRaised
          │ └──────────────── ┌────────┐ ◀───────────────┘
          └─────────────────▶ │ firing │
            bad, `for` is 1   └────────┘

Only a good reading moves it: for a wallet that could not be read there is no observation. Between
the limit and the clear level a firing alert stays firing.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from hashlib import blake2s
from typing import Literal

from bot.core.events import Alert, AlertCleared, AlertEnded, AlertRaised, Event
from bot.core.portfolio import Amount
from bot.core.rules import Rule

Phase = Literal["ok", "pending", "firing"]


@dataclass(frozen=True, slots=True)
class Observation:
    """A good reading of what a rule is about."""

    amount: Amount
    oldest_at: datetime
    """When the first of the wallets in it was read; a single wallet has one instant."""
    newest_at: datetime
    """When the last of them was read."""


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
    since: datetime | None = None
    """The first of them; None while ok."""
    counted_at: datetime | None = None
    """The newest reading that was counted; a sum counts again only when all of it is newer."""
    amount: Decimal | None = None
    """In the last reading that was judged; None before the first."""
    at_least: bool = False
    """Whether there may be more than `amount`: a part of it is not told."""
    alert: Alert | None = None
    """While firing, never otherwise."""

    @property
    def key(self) -> tuple[str, str, str]:
        """What tells it from all others."""
        return (self.rule, self.subject, self.asset)

    @property
    def phase(self) -> Phase:
        """The state's name."""
        if self.alert is not None:
            return "firing"
        return "pending" if self.bad_reads else "ok"


def step(
    state: AlertState, rule: Rule, seen: Observation | None
) -> tuple[AlertState, tuple[Event, ...]]:
    """Let one reading act on the machine; None (nothing could be judged) changes nothing."""
    if seen is None:
        return state, ()
    before = state.amount
    state = replace(state, amount=seen.amount.value, at_least=seen.amount.at_least)
    if state.alert is not None:
        return _while_firing(state, state.alert, rule, seen)
    if not rule.is_broken_by(seen.amount.value):
        return _ok(state), ()
    worse = _counted(state, seen)
    if worse.bad_reads < rule.for_reads:
        return worse, ()
    alert = _alert(worse, rule, seen)
    raised = AlertRaised(alert=alert, amount=seen.amount.value, before=before, at=seen.newest_at)
    return replace(worse, alert=alert), (raised,)


def still_meant(state: AlertState, rule: Rule | None) -> bool:
    """Whether a state belongs to the rule as it is now: recovery from another limit is none."""
    if rule is None or state.alert is None:
        return rule is not None
    if rule.part == "available" and state.alert.part == "total":
        return False
    told = (state.alert.comparison, state.alert.limit, state.alert.clear)
    return told == (rule.comparison, rule.limit, rule.clear_level)


def end(state: AlertState, *, at: datetime) -> tuple[Event, ...]:
    """Tell that a firing alert is over because its rule or wallet is gone."""
    if state.alert is None or state.amount is None:
        return ()
    return (AlertEnded(alert=state.alert, amount=state.amount, at=at),)


def _ok(state: AlertState) -> AlertState:
    return replace(state, bad_reads=0, since=None, counted_at=None, alert=None)


def _counted(state: AlertState, seen: Observation) -> AlertState:
    if state.counted_at is not None and seen.oldest_at <= state.counted_at:
        return state
    return replace(
        state,
        bad_reads=state.bad_reads + 1,
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
        part=seen.amount.part,
        comparison=rule.comparison,
        limit=rule.limit,
        clear=rule.clear_level,
        severity=rule.severity,
        since=since,
        note=rule.note,
        at_least=seen.amount.at_least,
    )


def _while_firing(
    state: AlertState, alert: Alert, rule: Rule, seen: Observation
) -> tuple[AlertState, tuple[Event, ...]]:
    amount = seen.amount.value
    if not rule.is_cleared_by(amount):
        return state, ()
    return _ok(state), (AlertCleared(alert=alert, amount=amount, at=seen.newest_at),)


def _incident(state: AlertState, since: datetime) -> str:
    """Name the episode: short enough to be read out, and the same if it is derived again."""
    text = "\n".join([*state.key, since.isoformat()])
    return blake2s(text.encode(), digest_size=3).hexdigest().upper()
