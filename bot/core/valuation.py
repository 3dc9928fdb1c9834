"""What coins are worth: an approximation by the last prices, and how much of it is known.

A coin is priced by the exchange where it lies: elsewhere the same symbol may be another coin. Only
the coins that everybody means alike (`COMMON`) may be priced by any exchange.

At most two hops lead from a coin to the currency: none between is best, then over USDT, then over
the other hubs; pairs may be used in both directions. What money is in other money counts as one
hop: USDT → USD, and USDT → USD → CNY, for which OKX tells USD in CNY. Where nobody quotes USDT in
USD, one counts as one, and the valuation says so.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal, DivisionByZero, InvalidOperation
from typing import Literal

from bot.core.portfolio import Amount, WalletState, amount_of, owed_unread, totals_by_coin
from bot.fetchers.model import Price

Currency = Literal["USD", "USDT", "BTC", "EUR", "CNY"]

HUBS = ("USDT", "BTC", "USDC", "ETH", "USD", "EUR")
"""Over which a coin may be priced, the best first."""
COMMON = frozenset({*HUBS, "CNY"})
"""The coins and currencies that are the same on every exchange."""

STALE_AFTER = timedelta(minutes=5)
NO_PRICE_AFTER = timedelta(hours=24)

_ONE = Decimal(1)
# Amounts of 36 digits by prices of 20; what is worth little must not become nothing.
_WIDE = Context(prec=60, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[InvalidOperation, DivisionByZero])

Pair = tuple[str, str]
Holding = tuple[str, str, Amount]
"""A market, a coin and how much of it lies there."""


@dataclass(frozen=True, slots=True)
class Rate:
    """What one unit of a coin is in another."""

    factor: Decimal
    at: datetime | None = None
    """The oldest instant that it rests on; None: it rests on no price."""
    at_par: bool = False
    """Whether one USDT was counted as one USD."""

    def then(self, other: "Rate") -> "Rate":
        """Go on from what this one leads to."""
        return Rate(
            _WIDE.multiply(self.factor, other.factor),
            _older(self.at, other.at),
            self.at_par or other.at_par,
        )

    def is_older(self, age: timedelta, now: datetime) -> bool:
        """Say whether it rests on a price of more than this age."""
        return self.at is not None and now - self.at > age


_SAME = Rate(_ONE)
_PAR = Rate(_ONE, at_par=True)


class PriceBook:
    """What coins are worth in one currency, by the last prices of each market.

    A market is an exchange under one address. The book is made once for many valuations: it looks
    for the way of each coin when that is first asked for, and remembers it.
    """

    def __init__(
        self, prices: Mapping[str, Iterable[Price]], currency: Currency, *, now: datetime
    ) -> None:
        """Take in all prices that still are some at `now`, which is when fresh ones are chosen."""
        self.currency: Currency = currency
        self._now = now
        usable = {
            market: [p for p in found if now - p.at <= NO_PRICE_AFTER and p.last > 0]
            for market, found in prices.items()
        }
        self._pairs = {market: _newest(found) for market, found in usable.items()}
        self._common = _newest(
            price
            for found in usable.values()
            for price in found
            if price.base in COMMON and price.quote in COMMON
        )
        self._known: dict[Pair, Rate | None] = {}

    def rate(self, market: str, coin: str, *, now: datetime) -> Rate | None:
        """Return what one `coin` that lies in `market` is in the currency; None: no price."""
        key = market, coin
        if key not in self._known:
            self._known[key] = self._best(self._ways(market, coin))
        rate = self._known[key]
        return None if rate is None or rate.is_older(NO_PRICE_AFTER, now) else rate

    def _ways(self, market: str, coin: str) -> Iterator[Rate]:
        """Go every way of at most two hops, the best first."""
        if coin == self.currency:
            yield _SAME
        if direct := self._hop(market, coin, self.currency):
            yield direct
        for hub in HUBS:
            if hub in {coin, self.currency}:
                continue
            first = self._hop(market, coin, hub)
            second = first and self._hop(market, hub, self.currency)
            if first and second:
                yield first.then(second)

    def _hop(self, market: str, coin: str, other: str) -> Rate | None:
        return self._best(self._hops(market, coin, other))

    def _hops(self, market: str, coin: str, other: str) -> Iterator[Rate]:
        """Find one hop: by the market's own pair, by anybody's, or from money to money."""
        yield from _by_pair(self._pairs.get(market, {}), coin, other)
        if coin in COMMON and other in COMMON:
            yield from _by_pair(self._common, coin, other)
            yield from self._money_hop(market, coin, other)

    def _money_hop(self, market: str, coin: str, other: str) -> Iterator[Rate]:
        if {coin, other} == {"USDT", "USD"} and not self._quotes_usdt_in_usd:
            yield _PAR
        if {coin, other} == {"USDT", "CNY"}:
            first, second = self._hop(market, coin, "USD"), self._hop(market, "USD", other)
            if first and second:
                yield first.then(second)

    @property
    def _quotes_usdt_in_usd(self) -> bool:
        return ("USDT", "USD") in self._common or ("USD", "USDT") in self._common

    def _best(self, rates: Iterable[Rate]) -> Rate | None:
        """Choose the first that is fresh; where none is, the youngest."""
        stale: list[tuple[datetime, Rate]] = []
        for rate in rates:
            if rate.at is None or not rate.is_older(STALE_AFTER, self._now):
                return rate
            stale.append((rate.at, rate))
        return max(stale, key=lambda dated: dated[0], default=(None, None))[1]


def _newest(prices: Iterable[Price]) -> dict[Pair, Price]:
    pairs: dict[Pair, Price] = {}
    for price in prices:
        pair = price.base, price.quote
        other = pairs.get(pair)
        if other is None or other.at < price.at:
            pairs[pair] = price
    return pairs


def _by_pair(pairs: Mapping[Pair, Price], coin: str, other: str) -> Iterator[Rate]:
    if price := pairs.get((coin, other)):
        yield Rate(price.last, price.at)
    if price := pairs.get((other, coin)):
        yield Rate(_WIDE.divide(_ONE, price.last), price.at)


def _older(one: datetime | None, other: datetime | None) -> datetime | None:
    return min((at for at in (one, other) if at is not None), default=None)


@dataclass(frozen=True, slots=True)
class Valuation:
    """What amounts are worth in a currency, and how well that is known."""

    currency: Currency
    value: Decimal | None
    """Of everything that has a price, to be rounded when it is shown; None: nothing has one."""
    unpriced: tuple[str, ...] = ()
    """Coins that are there and have no price, in the order of their names."""
    owed: tuple[str, ...] = ()
    """Coins that are owed and have no price: the true value is less by what nobody knows."""
    complete: bool = True
    """False: there may be more coins than were counted."""
    may_be_less: bool = False
    """Whether there may be debts that were not counted."""
    oldest: datetime | None = None
    """When the oldest price was told that the value rests on; None: it rests on none."""
    at_par: bool = False
    """Whether one USDT was counted as one USD."""

    @property
    def at_least(self) -> bool:
        """Whether the value is the least that there is: more may come, and nothing goes off."""
        unsure = self.owed or self.may_be_less
        return not unsure and (bool(self.unpriced) or not self.complete)

    def is_stale(self, now: datetime) -> bool:
        """Say whether a price that it rests on is too old to be told without its age."""
        return self.oldest is not None and now - self.oldest > STALE_AFTER


def value_of(
    holdings: Iterable[Holding],
    book: PriceBook,
    *,
    now: datetime,
    complete: bool = True,
    may_be_less: bool = False,
) -> Valuation:
    """Add up what amounts are worth; a coin without a price adds nothing and is named.

    Args:
        holdings: Amounts below zero are debts and go off; zeros need no price.
        book: The prices.
        now: Prices of more than a day before that are none.
        complete: Whether the holdings are all that there is.
        may_be_less: Whether there may be debts besides.
    """
    total, used = Decimal(0), []
    unpriced, owed = set(), set()
    for market, coin, amount in holdings:
        complete = complete and amount.complete
        rate = book.rate(market, coin, now=now) if amount.value else None
        if rate is not None:
            total = _WIDE.fma(amount.value, rate.factor, total)
            used.append(rate)
        elif amount.value > 0:
            unpriced.add(coin)
        elif amount.value < 0:
            owed.add(coin)
    return Valuation(
        currency=book.currency,
        value=total if used else None,
        unpriced=tuple(sorted(unpriced)),
        owed=tuple(sorted(owed)),
        complete=complete,
        may_be_less=may_be_less,
        oldest=min((rate.at for rate in used if rate.at is not None), default=None),
        at_par=any(rate.at_par for rate in used),
    )


@dataclass(frozen=True, slots=True)
class Worth:
    """What a choice of wallets is worth: in all, coin by coin, and wallet by wallet."""

    total: Valuation
    coins: Mapping[str, Valuation]
    wallets: Mapping[str, Valuation]
    """By path; each as it tells itself, so that those of staked coins may overlap others."""


def appraise(
    wallets: Iterable[WalletState],
    book: PriceBook,
    *,
    markets: Mapping[str, str],
    now: datetime,
    coin: str | None = None,
) -> Worth:
    """Tell what wallets are worth; those that cannot be read now count for nothing.

    Args:
        wallets: What is known of them.
        book: The prices.
        markets: By the name of each account, the market where its coins are priced.
        now: Gives prices their age.
        coin: Look at this one only; None means all.
    """
    states = list(wallets)
    by_market = _by_market(states, markets)
    holdings = [
        (market, asset, amount)
        for market, found in by_market.items()
        for asset, amount in totals_by_coin(found).items()
        if coin in {None, asset}
    ]
    by_coin: dict[str, list[Holding]] = defaultdict(list)
    for holding in holdings:
        by_coin[holding[1]].append(holding)
    readable = [state for state in states if state.readable]
    all_read = len(readable) == len(states)
    untold = {
        balance.asset
        for state in readable
        for balance in state.balances or ()
        if balance.total is None and coin in {None, balance.asset}
    }
    owed = {asset for asset in owed_unread(states) if coin in {None, asset}}

    def valued(found: Iterable[Holding], coins: set[str]) -> Valuation:
        complete = all_read and not untold & coins
        return value_of(found, book, now=now, complete=complete, may_be_less=bool(owed & coins))

    return Worth(
        total=valued(holdings, untold | owed),
        coins={asset: valued(found, {asset}) for asset, found in by_coin.items()},
        wallets={
            state.path: _value_of_wallet(state, market, book, now=now, coin=coin)
            for market, found in by_market.items()
            for state in found
            if state.readable
        },
    )


def _by_market(
    states: Sequence[WalletState], markets: Mapping[str, str]
) -> Mapping[str, Sequence[WalletState]]:
    found: dict[str, list[WalletState]] = defaultdict(list)
    for state in states:
        account = state.path.partition("/")[0]
        found[markets.get(account, account)].append(state)
    return found


def _value_of_wallet(
    state: WalletState, market: str, book: PriceBook, *, now: datetime, coin: str | None
) -> Valuation:
    told = [
        (balance.asset, amount_of(balance))
        for balance in state.balances or ()
        if coin in {None, balance.asset}
    ]
    return value_of(
        [(market, asset, amount) for asset, amount in told if amount is not None],
        book,
        now=now,
        complete=all(amount is not None for _, amount in told),
    )
