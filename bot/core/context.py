"""What helps to judge an alert: told with it once, when it is raised."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from bot.core.alerts import AlertKey
from bot.core.events import AlertRaised, Event, Places
from bot.core.forecast import LONGEST, LOOK_BACK, rate_of_spending, time_left
from bot.core.measures import Facts, coins_in, money_in, past_of, worth_of
from bot.core.portfolio import WalletState, amount_in, is_listing
from bot.core.watches import Watch
from bot.fetchers.model import Balance, exact_sum

DAY = timedelta(days=1)
LOOKS_BACK = max(DAY, LOOK_BACK)
"""How much of the past is needed."""
MOST_ELSEWHERE = 3


def with_context(
    events: Iterable[Event], watches: Mapping[AlertKey, Watch], facts: Facts, *, now: datetime
) -> tuple[Event, ...]:
    """Complete the alerts among the events.

    Args:
        events: What a check has found.
        watches: Those of the alerts, by key.
        facts: All wallets as they are now, with the past of the coins that the alerts are about.
        now: The present instant.
    """
    return tuple(
        _completed(event, watches.get(event.alert.key), facts, now)
        if isinstance(event, AlertRaised)
        else event
        for event in events
    )


def elsewhere(wallets: Iterable[WalletState], asset: str, *, but: Sequence[str]) -> Places:
    """Say in which other wallets a coin is available, the most first."""
    found = [
        (state.path, amount.value)
        for state in wallets
        if state.readable and state.path not in but
        for amount in [amount_in(state.balances or (), asset, "available")]
        if amount is not None and amount.value > 0
    ]
    return tuple(sorted(found, key=lambda row: (-row[1], row[0]))[:MOST_ELSEWHERE])


def _completed(
    event: AlertRaised, watch: Watch | None, facts: Facts, now: datetime
) -> AlertRaised:
    if watch is None:
        return event
    event = replace(event, change_24h=_change(watch, facts, now))
    if event.alert.measure == "value" or not event.alert.is_about_too_little:
        return event  # nobody knows what prices will do
    event = replace(event, empty_in=_empty_in(watch, facts, now))
    if event.alert.is_summed:
        return event
    found = elsewhere(facts.wallets.values(), watch.rule.asset, but=watch.paths)
    return replace(event, elsewhere=found)


def _empty_in(watch: Watch, facts: Facts, now: datetime) -> timedelta | None:
    states = facts.states(watch)
    amount = coins_in(watch, states)
    if amount is None:
        return None
    past = past_of(watch, states, amount, facts.history, since=now - LOOK_BACK, now=now)
    left = time_left(amount.value, rate_of_spending(past))
    return None if left == LONGEST else left


def _change(watch: Watch, facts: Facts, now: datetime) -> Decimal | None:
    """Compare with what was there a day before; None where a wallet was not known then."""
    then = [_wallet_at(state, facts, now - DAY) for state in facts.states(watch)]
    known = [state for state in then if state is not None]
    if len(known) < len(then):
        return None
    was, now_there = (
        _measured(watch, states, facts, now) for states in (known, facts.states(watch))
    )
    if was is None or now_there is None:
        return None
    return exact_sum([now_there, was.copy_negate()])


def _measured(
    watch: Watch, states: Sequence[WalletState], facts: Facts, now: datetime
) -> Decimal | None:
    """Return the coins of a subject, or for a value their worth at present prices."""
    if watch.rule.measure != "value":
        amount = coins_in(watch, states)
        return amount.value if amount is not None else None
    book = facts.books.get(watch.rule.asset)
    return money_in(worth_of(states, book, facts, now)) if book is not None else None


def _wallet_at(state: WalletState, facts: Facts, at: datetime) -> WalletState | None:
    """Return a wallet as it was; what is staked now was a snapshot then, too."""
    history = facts.history
    first_read_at = history.first_read_at.get(state.path)
    if is_listing(state.path):
        return state
    if first_read_at is None or first_read_at > at:
        return None
    staking = {balance.asset: balance.staking for balance in state.balances or ()}
    balances = [
        Balance(asset, point.total, point.available, None, staking.get(asset))
        for (path, asset), points in history.points.items()
        if path == state.path
        for point in [next((p for p in reversed(points) if p.at <= at), None)]
        if point is not None
    ]
    return WalletState(state.path, tuple(balances), at)
