"""Report balances: what the database knows; reading anew is the business of `check_accounts`."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.core.alerts import AlertState
from bot.core.errors import UnknownName
from bot.core.portfolio import (
    Amount,
    WalletState,
    matches,
    nearest,
    totals_by_coin,
)
from bot.services.ports import Clock, OpenUnit
from bot.services.watched import Watched


@dataclass(frozen=True, slots=True)
class BalanceReport:
    """What was asked for, and what is known of it."""

    at: datetime
    wallets: tuple[WalletState, ...]
    """In the order of the settings."""
    totals: Mapping[str, Amount]
    coin: str | None = None
    """Show this coin only; None means all."""


@dataclass(frozen=True, slots=True)
class AlertReport:
    """Is anything wrong now?"""

    at: datetime
    firing: tuple[AlertState, ...]
    unreadable: tuple[WalletState, ...]
    wallets: tuple[WalletState, ...]


class ReportBalances:
    """Answers what there is and what is wrong."""

    def __init__(self, *, watched: Watched, open_unit: OpenUnit, clock: Clock) -> None:
        self._watched = watched
        self._open_unit = open_unit
        self._clock = clock

    @property
    def paths(self) -> tuple[str, ...]:
        """All wallets that are watched now."""
        return self._watched.paths

    def accounts_of(self, query: str) -> tuple[str, ...]:
        """Name the accounts that an answer to `query` needs: for a coin, all of them."""
        chosen = [
            account.name
            for account in self._watched.accounts
            if any(matches(query, path) for path in account.sources)
        ]
        return tuple(chosen) or tuple(account.name for account in self._watched.accounts)

    async def balances(self, query: str = "*") -> BalanceReport:
        """Report what a path, a glob or a coin means.

        Raises:
            UnknownName: it is no path here, and no coin that any wallet holds.
        """
        states = await self._states()
        chosen = tuple(state for state in states if matches(query, state.path))
        if any(matches(query, path) for path in self._watched.sources):
            return BalanceReport(self._clock(), chosen, totals_by_coin(chosen))
        totals = totals_by_coin(states)
        coin = query.upper()
        held = {b.asset for state in states for b in state.balances or ()}
        if coin not in held:
            raise UnknownName(query, nearest(query, [*self._names(), *sorted(held)]))
        only = {coin: totals[coin]} if coin in totals else {}
        holders = tuple(s for s in states if not s.readable or _holds(s, coin))
        return BalanceReport(self._clock(), holders, only, coin)

    async def alerts(self) -> AlertReport:
        """Report what is firing and what cannot be read."""
        states = await self._states()
        async with self._open_unit() as unit:
            alerts = await unit.alerts.load()
        return AlertReport(
            at=self._clock(),
            firing=tuple(state for state in alerts.values() if state.alert is not None),
            unreadable=tuple(state for state in states if not state.readable),
            wallets=states,
        )

    def _names(self) -> list[str]:
        return [*(account.name for account in self._watched.accounts), *self.paths]

    async def _states(self) -> tuple[WalletState, ...]:
        async with self._open_unit() as unit:
            known = await unit.wallets.load()
        return self._watched.states_in(known)


def _holds(state: WalletState, coin: str) -> bool:
    return any(balance.asset == coin for balance in state.balances or ())
