"""By how much a value has changed, and whether that was amounts or prices.

What is there now is told at present prices, so what amounts have added is told at them, too; the
rest is what prices have made of that which was there before. Both add up to the change.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal, DivisionByZero, InvalidOperation

from bot.core.portfolio import Amount, Holdings, WalletState
from bot.core.stock import Lot, Stock, account_of, lots_of
from bot.core.valuation import PriceBook, Rate
from bot.fetchers.model import Balance, Staking, exact_sum

_NONE = Decimal(0)
_NOTHING = Amount(_NONE)
_Place = tuple[str, str, str]
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
    def after(self) -> Decimal | None:
        """What that is worth now which was worth `before` then, and what has come to it."""
        if self.before is None or self.by_prices is None:
            return None
        return exact_sum([self.before, self.by_amounts, self.by_prices])

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

    def place(self, account: str, coin: str) -> "_Place":
        """Name where a coin of an account is priced: then, now, and as what."""
        return *self.priced_at(account), coin

    def priced_at(self, account: str) -> tuple[str, str]:
        """Name where all coins of an account are priced: then, and now."""
        return self.kept_as.get(account, account), self.markets.get(account, account)

    def rates(
        self, place: "_Place", *, since: datetime, now: datetime
    ) -> tuple[Rate | None, Rate | None]:
        """Tell what a coin was worth, and what it is."""
        kept_as, market, coin = place
        then = self.then.rate(kept_as, coin, now=since) if self.then is not None else None
        return then, self.now.rate(market, coin, now=now)


@dataclass(frozen=True, slots=True)
class Past:
    """What there was at an instant."""

    at: datetime
    lots: Mapping[str, Mapping[str, Amount]]
    """By path and coin, for wallets that had been read by then."""


def past_of(holdings: Holdings, snapshots: Collection[tuple[str, str]], *, at: datetime) -> Past:
    """Put together what wallets held at an instant.

    Args:
        holdings: What was known then.
        snapshots: The paths and coins where what was told spans other wallets; it is not kept.
        at: The instant.
    """
    states = [
        WalletState(path, tuple(_as_it_was(path, held, snapshots)), at)
        for path, held in holdings.items()
    ]
    lots: dict[str, dict[str, Amount]] = {path: {} for path in holdings}
    for lot in lots_of(states):
        lots[lot.path][lot.coin] = lot.amount
    return Past(at, lots)


def _as_it_was(
    path: str, held: Iterable[Balance], snapshots: Collection[tuple[str, str]]
) -> Iterator[Balance]:
    for balance in held:
        is_snapshot = (path, balance.asset) in snapshots
        yield replace(balance, staking=_SNAPSHOT) if is_snapshot else balance


def change_of(
    stock: Stock, wallets: Iterable[WalletState], past: Past, books: Books
) -> ValueChange | None:
    """Compare what wallets hold with what they held; None where there is nothing to compare.

    A coin that has no price now adds nothing: it is named where the value is told.
    """
    tally = _Tally(books, stock.coin)
    compared, without = 0, []
    for state in wallets:
        old = past.lots.get(state.path)
        if state.readable and old is not None and tally.add(state.path, old, stock.lots(state)):
            compared += 1
        else:
            without.append(state.path)
    return tally.told(past.at, stock.at, tuple(without)) if compared else None


class _Tally:
    """Adds up what there was and what has come or gone, all that is priced alike together."""

    def __init__(self, books: Books, coin: str | None) -> None:
        self._books = books
        self._coin = coin
        self._old: dict[_Place, list[Decimal]] = defaultdict(list)
        self._new: dict[_Place, list[Decimal]] = defaultdict(list)

    def add(self, path: str, old: Mapping[str, Amount], lots: Iterable[Lot]) -> bool:
        """Take in a wallet; False, and it is left out, where two readings tell it differently."""
        pairs = pairs_of(old, lots, self._coin)
        if pairs is None:
            return False
        kept_as, market = self._books.priced_at(account_of(path))
        for coin, (was, now) in pairs.items():
            place = kept_as, market, coin
            self._old[place].append(was.value)
            self._new[place].append(now.value)
        return True

    def told(self, since: datetime, now: datetime, without: tuple[str, ...]) -> ValueChange:
        """Value what has come out."""
        by_amounts, by_prices, before = _NONE, _NONE, _NONE
        known = True
        for place, amounts in self._old.items():
            then, rate = self._books.rates(place, since=since, now=now)
            if rate is None:
                continue
            old = exact_sum(amounts)
            gained = exact_sum([*self._new[place], old.copy_negate()])
            by_amounts = _WIDE.fma(gained, rate.factor, by_amounts)
            if not old:
                continue
            if then is None:
                known = False
                continue
            before = _WIDE.fma(old, then.factor, before)
            by_prices = _WIDE.fma(old, _WIDE.subtract(rate.factor, then.factor), by_prices)
        if not known:
            return ValueChange(since, by_amounts, None, None, without)
        return ValueChange(since, by_amounts, by_prices, before, without)


def pairs_of(
    old: Mapping[str, Amount], lots: Iterable[Lot], coin: str | None = None
) -> Mapping[str, tuple[Amount, Amount]] | None:
    """Set by coin what was in a wallet beside what is; None where they cannot be compared."""
    new = {lot.coin: lot.amount for lot in lots}
    pairs = {}
    for each in {**old, **new} if coin is None else (coin,):
        was, now = old.get(each, _NOTHING), new.get(each, _NOTHING)
        if not ((was.complete and now.complete) or _told_alike(was, now)):
            return None
        pairs[each] = was, now
    return pairs


def _told_alike(old: Amount, new: Amount) -> bool:
    """Whether two amounts of which not all is told can be compared."""
    told = [amount for amount in (old, new) if amount is not _NOTHING]
    return all(amount.part == "available" for amount in told)
