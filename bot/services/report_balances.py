"""Report balances: what the database knows; reading anew is the business of `check_accounts`."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.core.alerts import AlertState
from bot.core.digest import Holdings
from bot.core.errors import UnknownName
from bot.core.overview import By, Overview, overview_of
from bot.core.past_prices import MONEY, NEAR, PastPrices, hour_of
from bot.core.portfolio import (
    Account,
    Amount,
    WalletState,
    matches,
    nearest,
    staked_only,
    totals_by_coin,
)
from bot.core.stock import Stock, account_of
from bot.core.valuation import PriceBook, Worth
from bot.core.value_change import Books, Past, change_of
from bot.core.watches import MISSED_ROUNDS, blind_rules
from bot.services.keep_prices import KeepPrices
from bot.services.ports import Clock, OpenUnit, Unit
from bot.services.watched import Watched

A_DAY = timedelta(hours=24)
"""The time over which a change is told."""
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
        self._watched = watched
        self._prices = prices
        self._kept_as = kept_as
        self._past: tuple[datetime, PriceBook] | None = None
        self._open_unit = open_unit
        self._clock = clock

    @property
    def paths(self) -> tuple[str, ...]:
        """All wallets that are watched now."""
        return self._watched.paths

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

    async def overview(self, query: str = "*", *, by: By = "places") -> Overview:
        """Sum up what a path, a glob or a coin means.

        Raises:
            UnknownName: it is no path here, and no coin that any wallet holds.
        """
        now = self._clock()
        since = now - A_DAY
        async with self._open_unit() as unit:
            states = self._watched.states_in(await unit.wallets.load())
            meant = self._meant(query, states)
            before = await unit.wallets.holdings_at(since)
            books = await self._books(unit, before, since)
        change = change_of(
            meant.wallets,
            Past(since, before, self._snapshots()),
            books,
            now=now,
            coin=meant.coin,
        )
        stock = Stock(states, books.now, markets=books.markets, now=now, coin=meant.coin)
        return overview_of(stock, meant.wallets, query=query, by=by, change=change)

    async def _books(self, unit: Unit, before: Holdings, since: datetime) -> Books:
        """Take the prices of now and of then; those of then are loaded once an hour."""
        markets, currency = self._prices.markets, self._prices.currency
        if self._kept_as is None:
            return Books(self._prices.book(currency), None, markets)
        hour = hour_of(since)
        if self._past is None or self._past[0] != hour:
            coins = {b.asset for held in before.values() for b in held} | MONEY
            kept = await unit.past.prices(since=hour - NEAR, every_h=1, coins=coins)
            self._past = hour, PastPrices(kept, currency).book(since)
        return Books(self._prices.book(currency), self._past[1], markets, self._kept_as)

    def _snapshots(self) -> frozenset[tuple[str, str]]:
        """Name the wallets that are made for staked coins, whose snapshots span others."""
        return frozenset(
            (f"{account.name}/{wallet}", coin)
            for account in self._watched.accounts
            for wallet, coins in account.coins.items()
            for coin in coins
        )

    def _meant(self, query: str, states: Sequence[WalletState]) -> _Meant:
        if any(account.is_meant_by(query) for account in self._watched.accounts):
            return _Meant(tuple(state for state in states if matches(query, state.path)))
        coin = query.upper()
        held = {b.asset for state in states for b in state.balances or ()}
        if coin not in held:
            raise UnknownName(query, nearest(query, [*self._names(), *sorted(held)]))
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
        now, watches = self._clock(), self._watched.watches
        unreadable = tuple(state for state in states if not state.readable)
        stale = tuple(
            state
            for state in states
            if state.readable
            and _is_stale(state, self._watched.account(account_of(state.path)), now)
        )
        return AlertReport(
            at=now,
            firing=tuple(firing),
            unreadable=unreadable,
            wallets=states,
            stale=stale,
            blind={s.path: blind_rules(watches, s.path) for s in (*unreadable, *stale)},
        )

    def _names(self) -> list[str]:
        return [*(account.name for account in self._watched.accounts), *self.paths]

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


def _is_stale(state: WalletState, account: Account, now: datetime) -> bool:
    """Whether a wallet has missed several rounds, or was read at a time that is still to come.

    One that cannot be read is told as that.
    """
    if not state.readable or state.read_at is None:
        return False
    return not -_CLOCKS_APART <= now - state.read_at <= MISSED_ROUNDS * account.round


def _holds(state: WalletState, coin: str) -> bool:
    return any(balance.asset == coin for balance in state.balances or ())
