"""Report balances: what the database knows; reading anew is the business of `check_accounts`."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.core.alerts import AlertState
from bot.core.errors import UnknownName
from bot.core.overview import By, Overview, overview_of
from bot.core.past_prices import MONEY, NEAR, KeptPrices, PastPrices, hour_of
from bot.core.portfolio import (
    Account,
    Amount,
    WalletState,
    matches,
    nearest,
    staked_only,
    totals_by_coin,
)
from bot.core.scope import Asker
from bot.core.stock import Stock, account_of
from bot.core.valuation import Currency, PriceBook, Worth
from bot.core.value_change import Books, Past, change_of, past_of
from bot.core.watches import MISSED_ROUNDS, blind_rules
from bot.services.keep_prices import KeepPrices
from bot.services.narrowed import narrowed
from bot.services.ports import Clock, OpenUnit, Unit
from bot.services.watched import Watched

A_DAY = timedelta(hours=24)
"""The time over which a change is told."""
FRESH_PAST, STALE_PAST = timedelta(minutes=5), timedelta(minutes=30)
"""How long what there was a day ago is good enough, for an answer and for one at once."""
_CLOCKS_APART = timedelta(minutes=1)
"""How far in the future a reading may lie before the clock must have been put back."""


@dataclass(frozen=True, slots=True)
class BalanceReport:
    """What was asked for, and what is known of it."""

    at: datetime
    wallets: tuple[WalletState, ...]
    """In the order of the settings."""
    totals: Mapping[str, Amount]
    worth: Worth
    staked: Mapping[str, Amount]
    """How much of a staked coin lies in no other wallet of its account."""
    coin: str | None = None
    """Show this coin only; None means all."""


@dataclass(frozen=True, slots=True)
class _Meant:
    """The wallets that a query means, or those where a coin is or may be."""

    wallets: tuple[WalletState, ...]
    coin: str | None = None


@dataclass(frozen=True, slots=True)
class AlertReport:
    """Is anything wrong now?"""

    at: datetime
    firing: tuple[AlertState, ...]
    """Silenced or not."""
    unreadable: tuple[WalletState, ...]
    wallets: tuple[WalletState, ...]
    stale: tuple[WalletState, ...] = ()
    """Not read any more, although no reading has failed: too old, or of a time to come."""
    blind: Mapping[str, int] = field(default_factory=dict)
    """How many rules cannot be judged because of each that is unreadable or stale, by path."""


@dataclass(slots=True)
class _Before:
    """What there was a day ago, and the prices of then: the same for all chats."""

    past: Past | None = None
    prices: KeptPrices | None = None
    books: dict[Currency, PriceBook] = field(default_factory=dict)

    def book(self, currency: Currency) -> PriceBook | None:
        """Return the prices in a currency; None where none are kept."""
        if self.past is None or self.prices is None:
            return None
        if currency not in self.books:
            self.books[currency] = PastPrices(self.prices, currency).book(self.past.at)
        return self.books[currency]


class ReportBalances:
    """Answers what there is and what is wrong."""

    def __init__(
        self,
        *,
        watched: Watched,
        prices: KeepPrices,
        open_unit: OpenUnit,
        clock: Clock,
        kept_as: Mapping[str, str] | None = None,
    ) -> None:
        """`kept_as` names by account what its prices are kept as; None: they are not kept."""
        self._watched = self._all = watched
        self._prices = prices
        self._kept_as = kept_as
        self._before = _Before()
        self._open_unit = open_unit
        self._clock = clock

    def within(self, asker: Asker) -> "ReportBalances":
        """Return what tells what may be known of where `asker` is."""
        return narrowed(
            self,
            watched=self._all.within(asker.scope),
            prices=self._prices.told_in(asker.currency),
        )

    @property
    def currency(self) -> Currency:
        """In which values are told."""
        return self._prices.currency

    @property
    def paths(self) -> tuple[str, ...]:
        """All wallets that are watched now."""
        return self._watched.paths

    @property
    def names(self) -> tuple[str, ...]:
        """All accounts and wallets."""
        return (*(account.name for account in self._watched.accounts), *self.paths)

    async def knows(self, query: str) -> bool:
        """Whether a path, a glob or a coin means anything now."""
        if any(account.is_meant_by(query) for account in self._watched.accounts):
            return True
        states = await self._states()
        return any(_holds(state, query.upper()) for state in states)

    def accounts_of(self, query: str) -> tuple[str, ...]:
        """Name the accounts that an answer to `query` needs: for a coin, all of them."""
        accounts = self._watched.accounts
        meant = [account for account in accounts if account.is_meant_by(query)]
        return tuple(account.name for account in meant or accounts)

    async def balances(self, query: str = "*") -> BalanceReport:
        """Report what a path, a glob or a coin means, in every detail.

        Raises:
            UnknownName: it is no path here, and no coin that any wallet holds.
        """
        states = await self._states()
        meant = self._meant(query, states)
        return self._report(meant.wallets, states, coin=meant.coin)

    async def overview(
        self, query: str = "*", *, by: By = "places", at_once: bool = False
    ) -> Overview:
        """Sum up what a path, a glob or a coin means.

        Args:
            query: What is meant.
            by: How the answer is parted.
            at_once: Tell of the past only what is at hand: somebody waits, and will hear more.

        Raises:
            UnknownName: it is no path here, and no coin that any wallet holds.
        """
        now = self._clock()
        async with self._open_unit() as unit:
            known = await unit.wallets.load()
            states = self._watched.states_in(known)
            meant = self._meant(query, states)
            if not at_once:
                await self._look_back(unit, self._all.states_in(known), now)
        books = Books(
            self._prices.book(self._prices.currency),
            self._before.book(self._prices.currency),
            self._prices.markets,
            self._kept_as or {},
        )
        stock = Stock(states, books.now, markets=books.markets, now=now, coin=meant.coin)
        past = self._before.past if self._is_past_at_hand(now, STALE_PAST) else None
        change = change_of(stock, meant.wallets, past, books) if past is not None else None
        return overview_of(stock, meant.wallets, query=query, by=by, change=change)

    async def _look_back(self, unit: Unit, states: Sequence[WalletState], now: datetime) -> None:
        """Load what there was a day ago, and the prices of then, unless that was done just now."""
        if self._is_past_at_hand(now, FRESH_PAST):
            return
        since = now - A_DAY
        holdings = await unit.wallets.holdings_at(since)
        self._before.past = past_of(holdings, self._all.snapshots(states), at=since)
        if self._kept_as is not None:
            coins = {b.asset for held in holdings.values() for b in held} | MONEY
            kept = await unit.past.prices(since=hour_of(since) - NEAR, every_h=1, coins=coins)
            self._before.prices = kept
            self._before.books = {}

    def _is_past_at_hand(self, now: datetime, within: timedelta) -> bool:
        past = self._before.past
        return past is not None and timedelta(0) <= now - A_DAY - past.at <= within

    def _meant(self, query: str, states: Sequence[WalletState]) -> _Meant:
        if any(account.is_meant_by(query) for account in self._watched.accounts):
            return _Meant(tuple(state for state in states if matches(query, state.path)))
        coin = query.upper()
        held = {b.asset for state in states for b in state.balances or ()}
        if coin not in held:
            raise UnknownName(query, nearest(query, [*self.names, *sorted(held)]))
        return _Meant(tuple(s for s in states if not s.readable or _holds(s, coin)), coin)

    def _report(
        self,
        shown: Sequence[WalletState],
        states: Sequence[WalletState],
        *,
        coin: str | None = None,
    ) -> BalanceReport:
        return BalanceReport(
            at=self._clock(),
            wallets=tuple(shown),
            totals=_only(coin, totals_by_coin(shown)),
            worth=self._prices.appraise(shown, coin=coin),
            staked=_only(coin, staked_only(_staking_accounts(shown, states))),
            coin=coin,
        )

    async def alerts(self) -> AlertReport:
        """Report what is firing, what cannot be read, and what is not read any more."""
        states = await self._states()
        async with self._open_unit() as unit:
            firing = await unit.alerts.firing()
        seen = {watch.key for watch in self._watched.watches}
        now, watches = self._clock(), self._watched.watches
        unreadable = tuple(state for state in states if not state.readable)
        stale = tuple(
            state
            for state in states
            if state.readable
            and is_stale(state, self._watched.account(account_of(state.path)), now)
        )
        return AlertReport(
            at=now,
            firing=tuple(state for state in firing if state.key in seen),
            unreadable=unreadable,
            wallets=states,
            stale=stale,
            blind={s.path: blind_rules(watches, s.path) for s in (*unreadable, *stale)},
        )

    async def _states(self) -> tuple[WalletState, ...]:
        async with self._open_unit() as unit:
            known = await unit.wallets.load()
        return self._watched.states_in(known)


def _only(coin: str | None, amounts: Mapping[str, Amount]) -> Mapping[str, Amount]:
    return {asset: amount for asset, amount in amounts.items() if coin in {None, asset}}


def _staking_accounts(
    shown: Iterable[WalletState], states: Iterable[WalletState]
) -> Iterator[WalletState]:
    """Choose all wallets of the accounts of which a snapshot of staked coins is shown."""
    staking = {account_of(s.path) for s in shown if any(b.staking for b in s.balances or ())}
    return (state for state in states if account_of(state.path) in staking)


def is_stale(state: WalletState, account: Account, now: datetime) -> bool:
    """Whether a wallet has missed several rounds, or was read at a time that is still to come.

    One that cannot be read is told as that.
    """
    if not state.readable or state.read_at is None:
        return False
    return not -_CLOCKS_APART <= now - state.read_at <= MISSED_ROUNDS * account.round


def _holds(state: WalletState, coin: str) -> bool:
    return any(balance.asset == coin for balance in state.balances or ())
