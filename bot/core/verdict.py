"""What one check of an account means: new states and events, from the states before and readings.

One balance on its way from the wire to the phone passes here: readings → health of each wallet →
what is now known of it → alerts. Nothing is written; the caller keeps it all or nothing.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from bot.core import health
from bot.core.alerts import AlertKey, AlertState, step
from bot.core.events import Event, SourceLost
from bot.core.measures import Facts, observe
from bot.core.portfolio import WalletState
from bot.core.watches import Watch, blind_rules
from bot.fetchers.model import Reading


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check has changed."""

    wallets: tuple[WalletState, ...]
    alerts: tuple[AlertState, ...]
    events: tuple[Event, ...]
    """Sources first, then alerts, in the order of the rules."""


def reach_verdict(
    readings: Mapping[str, Reading],
    *,
    watches: Collection[Watch],
    facts: Facts,
    alerts: Mapping[AlertKey, AlertState],
    now: datetime,
    before: Mapping[str, WalletState] | None = None,
    later: Collection[AlertKey] = (),
) -> Verdict:
    """Judge the readings of one check, by path, against what was known before it.

    Args:
        readings: One for each wallet that was read.
        watches: Those that one of the readings concerns.
        facts: The wallets that were read and all that the watches need, as they stood before.
        alerts: The alert states by key; a missing one is `ok`.
        now: The present instant.
        before: The wallets as they stood when all was judged last; None: as in `facts`.
        later: The watches that are judged with a check that is kept together with this one.
    """
    events: list[Event] = []
    wallets = dict(facts.wallets)
    for path, reading in readings.items():
        wallets[path], told = learned(wallets.get(path, WalletState(path)), reading)
        events += (_with_blind(event, watches) for event in told)
    after = replace(facts, wallets=wallets, before=facts.wallets if before is None else before)
    judged: list[AlertState] = []
    for watch in watches:
        if watch.key in later:
            continue
        state = alerts.get(watch.key) or AlertState(*watch.key)
        state, told = step(state, watch.rule, observe(watch, after, now=now), now=now)
        judged.append(state)
        events += told
    return Verdict(tuple(wallets[path] for path in readings), tuple(judged), tuple(events))


def _with_blind(event: Event, watches: Iterable[Watch]) -> Event:
    if not isinstance(event, SourceLost):
        return event
    return replace(event, blind=blind_rules(watches, event.path))


def learned(state: WalletState, reading: Reading) -> tuple[WalletState, tuple[Event, ...]]:
    """Return what is known of a wallet after one more reading, and what is worth telling."""
    how, events = health.observe(
        state.health, reading, path=state.path, last_good_at=state.read_at
    )
    if reading.balances is None:
        return replace(state, health=how), events
    read = replace(state, balances=reading.balances, read_at=reading.read_at, health=how)
    return read, events
