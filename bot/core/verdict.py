"""What one check of an account means: new states and events, from the states before and readings.

One balance on its way from the wire to the phone passes here: readings → health of each wallet →
what is now known of it → alerts. Nothing is written; the caller keeps it all or nothing.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from bot.core.alerts import AlertState, Observation, step
from bot.core.events import Event
from bot.core.health import observe
from bot.core.portfolio import Account, WalletState, amount_in, matches, total_of
from bot.core.rules import Rule
from bot.fetchers.model import Reading

AlertKey = tuple[str, str, str]

MISSED_ROUNDS = 3
"""A reading that has missed so many rounds of its account is stale."""


@dataclass(frozen=True, slots=True)
class Watch:
    """One rule for one subject: what an alert state belongs to."""

    rule_name: str
    rule: Rule
    subject: str
    """The path, or `sum PATTERN`."""
    paths: tuple[str, ...]
    """What has to be known to judge it."""
    most_apart: timedelta
    """How far apart its readings may lie: after a night's pause half a sum is old news."""

    @property
    def key(self) -> AlertKey:
        """The key of its alert state."""
        return (self.rule_name, self.subject, self.rule.asset)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check has changed."""

    wallets: tuple[WalletState, ...]
    alerts: tuple[AlertState, ...]
    events: tuple[Event, ...]
    """Sources first, then alerts, in the order of the rules."""


def watches_of(name: str, rule: Rule, accounts: Collection[Account]) -> tuple[Watch, ...]:
    """List what a rule is about among the wallets that can hold its coin; () if it covers none."""
    found = [
        (path, account.check_every)
        for account in accounts
        for path in account.paths_for(rule.asset)
        if matches(rule.pattern, path)
    ]
    if not found:
        return ()
    paths = tuple(path for path, _ in found)
    most_apart = MISSED_ROUNDS * max(check_every for _, check_every in found)
    if rule.summed:
        paths += _listings(rule, accounts)
        return (Watch(name, rule, f"sum {rule.pattern}", paths, most_apart),)
    return tuple(Watch(name, rule, path, (path,), most_apart) for path in paths)


def _listings(rule: Rule, accounts: Iterable[Account]) -> tuple[str, ...]:
    """Name the lists without which nobody knows whether a sum has all its parts."""
    concerned = (account for account in accounts if account.may_come_under(rule.pattern))
    return tuple(account.listing for account in concerned if account.listing)


def reach_verdict(
    readings: Mapping[str, Reading],
    *,
    watches: Iterable[Watch],
    known: Mapping[str, WalletState],
    alerts: Mapping[AlertKey, AlertState],
) -> Verdict:
    """Judge the readings of one check, by path, against what was known before it.

    Args:
        readings: One for each wallet that was read.
        watches: Those that one of the readings concerns.
        known: The wallets that were read and all that the watches need, as they stood before.
        alerts: The alert states by key; a missing one is `ok`.
    """
    events: list[Event] = []
    wallets = dict(known)
    for path, reading in readings.items():
        wallets[path], told = _learned(wallets.get(path, WalletState(path)), reading)
        events += told
    judged: list[AlertState] = []
    for watch in watches:
        before = alerts.get(watch.key, AlertState(*watch.key))
        after, told = step(before, watch.rule, _seen(watch, wallets))
        judged.append(after)
        events += told
    return Verdict(tuple(wallets[path] for path in readings), tuple(judged), tuple(events))


def _learned(state: WalletState, reading: Reading) -> tuple[WalletState, tuple[Event, ...]]:
    health, events = observe(state.health, reading, path=state.path, last_good_at=state.read_at)
    if reading.balances is None:
        return replace(state, health=health), events
    read = replace(state, balances=reading.balances, read_at=reading.read_at, health=health)
    return read, events


def _seen(watch: Watch, wallets: Mapping[str, WalletState]) -> Observation | None:
    """Observe a subject; None when a wallet in it is not readable now, stale, or does not tell."""
    rule = watch.rule
    states = [wallets.get(path, WalletState(path)) for path in watch.paths]
    instants = [state.read_at for state in states if state.readable and state.read_at]
    if len(instants) < len(states) or max(instants) - min(instants) > watch.most_apart:
        return None
    amount = (
        total_of(states, rule.asset, rule.part)
        if rule.summed
        else amount_in(states[0].balances or (), rule.asset, rule.part)
    )
    return Observation(amount, min(instants), max(instants)) if amount is not None else None
