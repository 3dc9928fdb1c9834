"""What a rule measures: one observation of a subject, from all that is known of it.

| measure | what is observed | of what |
|---|---|---|
| amount | units of the coin | the last good readings |
| value | money, at fresh prices | the same, and prices |
| drop | percent below the highest good reading of the window | the same, and the past |
| runway | seconds until it is empty, at the present rate of spending | the same, and the past |

There is none while a wallet in it is not readable now, is stale or does not tell. A value that is
only the least that there is can break a `>`, and nothing else follows from it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Context, Decimal

from bot.core.alerts import Observation
from bot.core.forecast import rate_of_spending, time_left
from bot.core.health import Health
from bot.core.history import History, Stretch, summed, with_present
from bot.core.portfolio import Amount, WalletState, amount_in, is_listing, total_of
from bot.core.rules import Rule
from bot.core.valuation import PriceBook, Valuation, appraise
from bot.core.watches import MISSED_ROUNDS, Watch
from bot.fetchers.model import exact_sum

Span = tuple[datetime, datetime]
"""When the first and the last of some wallets were read."""

_NONE = Decimal(0)
_HUNDRED = Decimal(100)
_WIDE = Context(prec=60)


@dataclass(frozen=True, slots=True)
class Facts:
    """All that is known at an instant."""

    wallets: Mapping[str, WalletState]
    """By path, as they are now."""
    before: Mapping[str, WalletState] = field(default_factory=dict)
    """As they were before the last reading."""
    history: History = field(default_factory=History)
    books: Mapping[str, PriceBook] = field(default_factory=dict)
    """Prices, by the currency that they are told in."""
    markets: Mapping[str, str] = field(default_factory=dict)
    """By account, where its coins are priced."""

    def states(self, watch: Watch) -> list[WalletState]:
        """Return what is known of a subject."""
        return [self.wallets.get(path) or WalletState(path) for path in watch.paths]


def observe(watch: Watch, facts: Facts, *, now: datetime) -> Observation | None:
    """Observe a subject; None: it cannot be judged."""
    states = facts.states(watch)
    instants = [state.read_at for state in states if state.readable and state.read_at]
    if len(instants) < len(states):
        return None
    oldest, newest = min(instants), max(instants)
    if max(newest, now) - oldest > watch.most_apart:
        return None
    match watch.rule.measure:
        case "value":
            return _value(watch, states, facts, (oldest, newest), now)
        case "drop":
            return _drop(watch, states, facts, (oldest, newest), now)
        case "runway":
            return _runway(watch, states, facts, (oldest, newest), now)
    amount = coins_in(watch, states)
    return Observation(amount, oldest, newest) if amount is not None else None


def coins_in(watch: Watch, states: Sequence[WalletState]) -> Amount | None:
    """Return how much of the coin a subject has, all of it readable; None: it is not told."""
    rule = watch.rule
    if rule.summed:
        return total_of(states, rule.asset, rule.part)
    return amount_in(states[0].balances or (), rule.asset, rule.part)


def _value(
    watch: Watch, states: Sequence[WalletState], facts: Facts, span: Span, now: datetime
) -> Observation | None:
    book = facts.books.get(watch.rule.asset)
    if book is None:
        return None
    worth = worth_of(states, book, facts, now)
    value = money_in(worth)
    if value is None or worth.is_stale(now):
        return None
    is_whole = worth.complete and not worth.unpriced
    broken = watch.rule.is_broken_by(value)
    beyond = broken and watch.rule.comparison == ">" and not worth.may_be_less
    if not is_whole and not beyond:
        return None
    return Observation(
        Amount(value, complete=is_whole),
        *span,
        by_amounts=_by_amounts(watch, value, book, facts, now) if broken else None,
    )


def money_in(worth: Valuation) -> Decimal | None:
    """Return a value that is right, or the least that there is; None where nobody knows."""
    if worth.owed or (worth.value is None and (worth.unpriced or not worth.complete)):
        return None
    return worth.value or _NONE


def worth_of(
    states: Sequence[WalletState], book: PriceBook, facts: Facts, now: datetime
) -> Valuation:
    """Value wallets at present prices."""
    wallets = [state for state in states if not is_listing(state.path)]
    return appraise(wallets, book, markets=facts.markets, now=now).total


def _by_amounts(
    watch: Watch, value: Decimal, book: PriceBook, facts: Facts, now: datetime
) -> Decimal | None:
    """Tell how a value differs from that of what was there before, at the same prices."""
    before = [facts.before.get(path) or WalletState(path) for path in watch.paths]
    if any(state.balances is None for state in before):
        return None
    was = money_in(worth_of([replace(s, health=Health()) for s in before], book, facts, now))
    return None if was is None else exact_sum([value, was.copy_negate()])


def _drop(
    watch: Watch, states: Sequence[WalletState], facts: Facts, span: Span, now: datetime
) -> Observation | None:
    amount = coins_in(watch, states)
    if amount is None:
        return None
    past = past_of(watch, states, amount, facts.history, since=_since(watch, now), now=now)
    return fall_from(max(s.amount.value for s in past), amount, watch.rule, span)


def fall_from(highest: Decimal, amount: Amount, rule: Rule, span: Span) -> Observation:
    """Observe how far an amount lies below the highest before it, in percent."""
    fallen = exact_sum([highest, amount.value.copy_negate()])
    percent = _WIDE.divide(fallen * _HUNDRED, highest) if highest > 0 else _NONE
    counts = rule.least is None or fallen >= rule.least
    fall = Amount(min(percent, _HUNDRED), amount.part)
    return Observation(fall, *span, counts=counts, held=amount.value)


def _runway(
    watch: Watch, states: Sequence[WalletState], facts: Facts, span: Span, now: datetime
) -> Observation | None:
    amount = coins_in(watch, states)
    if amount is None:
        return None
    past = past_of(watch, states, amount, facts.history, since=_since(watch, now), now=now)
    return runway_of(amount, past, span)


def runway_of(amount: Amount, past: Sequence[Stretch], span: Span) -> Observation | None:
    """Observe how many seconds an amount lasts; None: not enough is known of its past."""
    left = time_left(amount.value, rate_of_spending(past))
    if left is None:
        return None
    seconds = Decimal(left.days * 86400 + left.seconds)
    return Observation(Amount(seconds, amount.part), *span, held=amount.value)


def _since(watch: Watch, now: datetime) -> datetime:
    return now - watch.look_back if watch.look_back is not None else now


def past_of(
    watch: Watch,
    states: Sequence[WalletState],
    amount: Amount,
    history: History,
    *,
    since: datetime,
    now: datetime,
) -> Sequence[Stretch]:
    """Tell how much of its coin a subject has had, up to the present reading."""
    wallets = [state for state in states if not is_listing(state.path)]
    parts = {s.path: _past_of_wallet(watch, s, history, since=since, now=now) for s in wallets}
    if not watch.rule.summed:
        return parts[watch.subject]
    asset = watch.rule.asset
    spanning = {
        s.path for s in wallets for b in s.balances or () if b.staking and b.asset == asset
    }
    sweep = watch.most_apart / MISSED_ROUNDS
    past = summed(parts, spanning=spanning, sweep=sweep, most_apart=watch.most_apart)
    newest = max(state.read_at or now for state in wallets)
    return with_present(past, amount, read_at=newest)


def _past_of_wallet(
    watch: Watch, state: WalletState, history: History, *, since: datetime, now: datetime
) -> Sequence[Stretch]:
    rule = watch.rule
    past = history.stretches((state.path, rule.asset), rule.part, since=since, now=now)
    amount = amount_in(state.balances or (), rule.asset, rule.part)
    return with_present(past, amount, read_at=state.read_at or now) if amount else past
