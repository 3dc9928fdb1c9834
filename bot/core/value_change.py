"""By how much a value has changed, and whether that was amounts or prices.

What is there now is told at present prices, so what amounts have added is told at them, too; the
rest is what prices have made of that which was there before. Both add up to the change.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal, DivisionByZero, InvalidOperation

from bot.core.digest import Holdings
from bot.core.portfolio import Amount, WalletState
from bot.core.stock import Lot, account_of, lots_of
from bot.core.valuation import PriceBook, Rate
from bot.fetchers.model import Staking, exact_sum

_NONE = Decimal(0)
_NOTHING = Amount(_NONE)
_Pair = tuple[Amount, Amount]
_WIDE = Context(prec=60, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[InvalidOperation, DivisionByZero])
_SNAPSHOT = Staking(None, _NONE, _NONE)


@dataclass(frozen=True, slots=True)
class ValueChange:
    """What has become of a value since an instant."""

    since: datetime
    by_amounts: Decimal
    """What has come or gone, at present prices."""
    by_prices: Decimal | None
    """What prices have made of what was there before; None: nobody knows what it was worth."""
    before: Decimal | None
    """What it was worth then."""
    without: tuple[str, ...] = ()
    """The paths of which there is nothing to compare: not read now, or not then."""

    @property
    def difference(self) -> Decimal | None:
        """The whole change."""
        return None if self.by_prices is None else _WIDE.add(self.by_amounts, self.by_prices)

    @property
    def percent(self) -> Decimal | None:
        """The whole change, in percent of what there was."""
        if self.difference is None or self.before is None or self.before <= 0:
            return None
        return _WIDE.divide(_WIDE.multiply(self.difference, Decimal(100)), self.before)


@dataclass(frozen=True, slots=True)
class Books:
    """What coins are worth, and what they were worth."""

    now: PriceBook
    then: PriceBook | None
    """None where no prices were kept."""
    markets: Mapping[str, str]
    """By the name of each account, the market where its coins are priced now."""
    kept_as: Mapping[str, str] = field(default_factory=dict)
    """By the name of each account, the market that its prices were kept as."""

    def rates(
        self, account: str, coin: str, *, since: datetime, now: datetime
    ) -> tuple[Rate | None, Rate | None]:
        """Tell what a coin that lies in an account was worth, and what it is."""
        then = None
        if self.then is not None:
            then = self.then.rate(self.kept_as.get(account, account), coin, now=since)
        return then, self.now.rate(self.markets.get(account, account), coin, now=now)


@dataclass(frozen=True, slots=True)
class Past:
    """What there was at an instant."""

    at: datetime
    holdings: Holdings
    snapshots: Collection[tuple[str, str]] = ()
    """The paths and coins of which a snapshot spans other wallets; the history tells it not."""


def change_of(
    wallets: Iterable[WalletState],
    past: Past,
    books: Books,
    *,
    now: datetime,
    coin: str | None = None,
) -> ValueChange | None:
    """Compare wallets with what they held; None where there is nothing to compare.

    A coin that has no price now adds nothing: it is named where the value is told.
    """
    states = list(wallets)
    after = [state for state in states if state.readable and state.path in past.holdings]
    if not after:
        return None
    was = [_as_it_was(state, past) for state in after]
    change = _Change(books, past.at, now)
    pairs = _pairs(lots_of(was, coin=coin), lots_of(after, coin=coin))
    unlike = {path for (path, _), pair in pairs.items() if not _alike(*pair)}
    for (path, asset), (old, new) in pairs.items():
        if path not in unlike:
            change.add(account_of(path), asset, old=old.value, new=new.value)
    compared = {state.path for state in after} - unlike
    without = tuple(state.path for state in states if state.path not in compared)
    return change.told(without) if compared else None


class _Change:
    """Adds up what has become of each coin."""

    def __init__(self, books: Books, since: datetime, now: datetime) -> None:
        self._books, self._since, self._now = books, since, now
        self._by_amounts = self._by_prices = self._before = _NONE
        self._known = True

    def add(self, account: str, coin: str, *, old: Decimal, new: Decimal) -> None:
        """Take in one coin that lies in an account."""
        then, rate = self._books.rates(account, coin, since=self._since, now=self._now)
        if rate is None:
            return
        if old != new:
            gained = exact_sum([new, old.copy_negate()])
            self._by_amounts = _WIDE.fma(gained, rate.factor, self._by_amounts)
        if not old:
            return
        if then is None:
            self._known = False
            return
        self._before = _WIDE.fma(old, then.factor, self._before)
        if then.factor != rate.factor:
            risen = _WIDE.subtract(rate.factor, then.factor)
            self._by_prices = _WIDE.fma(old, risen, self._by_prices)

    def told(self, without: tuple[str, ...]) -> ValueChange:
        """Tell what has come out."""
        prices, before = (self._by_prices, self._before) if self._known else (None, None)
        return ValueChange(self._since, self._by_amounts, prices, before, without)


def _as_it_was(state: WalletState, past: Past) -> WalletState:
    """Put together what a wallet held; that a coin is a snapshot is not kept."""
    staked = {b.asset for b in state.balances or () if b.staking}
    balances = (
        replace(b, staking=_SNAPSHOT)
        if b.asset in staked or (state.path, b.asset) in past.snapshots
        else b
        for b in past.holdings[state.path]
    )
    return replace(state, balances=tuple(balances), read_at=past.at)


def _pairs(was: Iterable[Lot], now: Iterable[Lot]) -> Mapping[tuple[str, str], _Pair]:
    """Set beside each other what there was and what there is; what is not told is nothing."""
    old = {(lot.path, lot.coin): lot.amount for lot in was}
    new = {(lot.path, lot.coin): lot.amount for lot in now}
    return {key: (old.get(key, _NOTHING), new.get(key, _NOTHING)) for key in {**old, **new}}


def _alike(old: Amount, new: Amount) -> bool:
    """Whether two amounts are told in the same way, so that they can be compared."""
    if not (old.value or old.part == "available") or not (new.value or new.part == "available"):
        told = new if new.value else old
        return told.complete or told.part == "available"
    return old.part == new.part and (old.complete or old.part == "available")
