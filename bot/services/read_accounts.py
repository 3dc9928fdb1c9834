"""Read accounts: which sub-accounts there are, then every wallet, in the order of need."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

import structlog

from bot.core.alerts import AlertKey, AlertState
from bot.core.belief import believed, newly_empty
from bot.core.health import paused
from bot.core.portfolio import LISTING, Account, WalletState
from bot.core.sweep import by_need, resting
from bot.fetchers.model import Reading
from bot.services.list_sub_accounts import list_sub_accounts
from bot.services.ports import Clock, SubAccountLister, SweepFloor, Unit, WalletReader
from bot.services.read_wallets import read_wallets
from bot.services.watched import Watched

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Sweep:
    """What reading an account has brought."""

    account: Account
    """With the sub-accounts that it has now."""
    readings: Mapping[str, Reading]
    """By path, in the order in which they are shown; the list of sub-accounts is one of them."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of accounts before they are read."""

    wallets: Mapping[str, WalletState]
    """By path; a list of sub-accounts is one of them."""
    alerts: Mapping[AlertKey, AlertState]
    """Of those that have several wallets."""


class ReadAccounts:
    """Asks the exchanges what may be asked, and remembers nothing but what it has told."""

    def __init__(
        self,
        *,
        watched: Watched,
        reader: WalletReader,
        lister: SubAccountLister,
        floor: SweepFloor,
        clock: Clock,
    ) -> None:
        self._watched = watched
        self._reader = reader
        self._lister = lister
        self._floor = floor
        self._knows_floors = False
        self._clock = clock
        self._told_floors: dict[str, timedelta] = {}

    async def recall(self, unit: Unit, names: Collection[str]) -> Known:
        """Look up what is known of some accounts, before they are read."""
        self._settle_floors()
        accounts = [self._watched.account(name) for name in names]
        sources = [path for account in accounts for path in account.sources]
        # What stands alone needs no order.
        many = [account for account in accounts if len(account.sources) > 1]
        keys = {watch.key for account in many for watch in self._watched.watches_about(account)}
        return Known(
            await unit.wallets.load(sources) if sources else {},
            await unit.alerts.load(keys) if keys else {},
        )

    async def read(self, account: Account, known: Known) -> Sweep:
        """Read all of an account that may be asked; nothing is kept."""
        watches = self._watched.watches_about(account)
        account, listed = await self._discover(account, known.wallets)
        account = self._with_floor(account)
        self._tell_floor(account)
        order = by_need(account.paths, known=known.wallets, watches=watches, alerts=known.alerts)
        readings = listed | await self._read_wallets(order, known.wallets)
        return Sweep(account, {path: readings[path] for path in account.sources})

    def _settle_floors(self) -> None:
        """Take up how fast all can be read: one by one, each would have all rules settled anew."""
        if not self._knows_floors:
            self._watched.adopt(*map(self._with_floor, self._watched.accounts))
            self._knows_floors = True

    def _with_floor(self, account: Account) -> Account:
        return replace(account, floor=self._floor(account.name, account.wallets))

    async def _discover(
        self, account: Account, known: Mapping[str, WalletState]
    ) -> tuple[Account, dict[str, Reading]]:
        """List the sub-accounts where they are wanted, unless the exchange wants a pause."""
        path = account.listing
        if path is None:
            return account, {}
        health = known.get(path, WalletState(path)).health
        if pause := paused(health, LISTING, now=self._clock()):
            return account, {path: pause}
        listing = await list_sub_accounts(self._lister, account, clock=self._clock)
        return listing.account, {path: listing.reading}

    async def _read_wallets(
        self, paths: tuple[str, ...], known: Mapping[str, WalletState]
    ) -> dict[str, Reading]:
        """Read all wallets that need not rest; once more those that are suddenly empty."""
        readings = resting(paths, known, now=self._clock())
        asked = [path for path in paths if path not in readings]
        readings |= await read_wallets(self._reader, asked, clock=self._clock)
        emptied = [path for path in asked if newly_empty(known.get(path), readings[path])]
        for path in emptied:
            log.warning("All is gone: reading again", action="confirm_empty", path=path)
        readings |= await read_wallets(self._reader, emptied, clock=self._clock)
        return {path: believed(known.get(path), reading) for path, reading in readings.items()}

    def _tell_floor(self, account: Account) -> None:
        """Say once that an account cannot be read as often as is wanted, and when that changes."""
        if account.floor <= account.check_every:
            self._told_floors.pop(account.name, None)
        elif self._told_floors.get(account.name) != account.floor:
            self._told_floors[account.name] = account.floor
            log.warning(
                _floor_text(account),
                action="sweep_floor",
                account=account.name,
                wanted_s=account.check_every.total_seconds(),
                floor_s=account.floor.total_seconds(),
            )


def _floor_text(account: Account) -> str:
    return (
        f"{account.name}: {len(account.wallets)} wallets cannot be read every "
        f"{account.check_every.total_seconds():g} s; the exchange's limit allows every "
        f"{account.floor.total_seconds():g} s"
    )
