"""What is kept of accounts, wallets, alerts, and of their past."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Protocol

from bot.core.alerts import AlertKey, AlertState
from bot.core.events import AlertCleared, AlertEnded, AlertRaised
from bot.core.exports import Changed
from bot.core.history import History
from bot.core.past_prices import KeptPrices
from bot.core.portfolio import Holdings, WalletState
from bot.core.series import MOST_APART, Gap
from bot.core.valuation import Pair


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to check an account while a lease lasts; the fence tells an old one from a new."""

    account: str
    fence: int


class AccountRepository(Protocol):
    """When each account is due, and who is checking it."""

    async def retain(self, names: Collection[str], *, now: datetime) -> None:
        """Make these accounts due at once, free of leases that died, and forget all others."""

    async def claim_due(
        self, *, now: datetime, until: datetime, busy: Collection[str]
    ) -> Sequence[Claim]:
        """Lease all accounts that are due and free, but for those that we are busy with."""

    async def claim(self, name: str, *, now: datetime, until: datetime) -> Claim | None:
        """Lease one account, due or not; None while somebody else has it."""

    async def renew(self, claim: Claim, *, until: datetime) -> bool:
        """Prolong a lease; False when it has passed to somebody else."""

    async def oldest_due(self, *, now: datetime) -> tuple[str, datetime] | None:
        """Name the account that is due for longest, checked or not, and since when it is."""

    async def due(self) -> Mapping[str, datetime]:
        """Return by name when each account is due."""

    async def finish(self, claim: Claim, *, due_at: datetime) -> bool:
        """End a lease and say when the account is due again.

        False, and nothing is changed, when the lease has passed to somebody else.
        """


class WalletRepository(Protocol):
    """What is known of the wallets, now and before."""

    async def retain(self, paths: Collection[str]) -> None:
        """Forget the present state of all others; their history stays."""

    async def forget(self, paths: Collection[str]) -> None:
        """Forget the present state of these; their history stays."""

    async def load(self, paths: Collection[str] | None = None) -> Mapping[str, WalletState]:
        """Return the states by path; None means all. One that was never read is left out."""

    async def save(
        self, states: Iterable[WalletState], *, most_apart: timedelta = MOST_APART
    ) -> None:
        """Keep the states, and in the history each coin that has changed.

        Between good readings that lie further apart than that a gap is kept.
        """

    async def holdings_at(self, at: datetime) -> Holdings:
        """Return the balances that were known at an instant, for wallets already read by then."""

    async def history(
        self,
        paths: Collection[str],
        assets: Collection[str] | None,
        *,
        since: datetime,
        every: timedelta | None = None,
    ) -> History:
        """Return what is kept of some coins from an instant on, and what there was at it.

        Nothing is told of a wallet that was never read.

        Args:
            paths: Of the wallets.
            assets: The coins; None means all.
            since: The instant.
            every: Of each coin the last change in each such time only; None: all changes.
        """

    async def count_changes(self, paths: Collection[str], asset: str, *, since: datetime) -> int:
        """Return how many changes of one coin are kept from an instant on."""


Turn = AlertRaised | AlertCleared | AlertEnded
"""The beginning or the end of an episode."""


class PastRepository(Protocol):
    """What a picture of the past needs beside the changes of amounts."""

    async def keep_prices(self, prices: Mapping[Pair, Decimal], *, hour: datetime) -> None:
        """Keep prices of a full hour; one that is there already stays as it is."""

    async def thin_prices(self, *, now: datetime) -> None:
        """Delete most of the prices of what is long past; doing it again deletes nothing more."""

    async def prices(self, *, since: datetime, every_h: int, coins: Collection[str]) -> KeptPrices:
        """Return what is kept of some coins: of each `every_h`-th hour of the day."""

    async def gaps(
        self, paths: Collection[str], *, since: datetime
    ) -> Mapping[str, Sequence[Gap]]:
        """Return by path when wallets were not read; a gap that goes on is not among them."""

    async def count_changes(
        self, paths: Collection[str], assets: Collection[str] | None, *, since: datetime
    ) -> int:
        """Return how many changes are kept from an instant on; `assets` None means all coins."""

    async def coins(self, paths: Collection[str]) -> Sequence[tuple[str, str]]:
        """Return the paths and the coins of which anything is kept, in their order."""

    async def changed(
        self, path: str, coin: str, *, since: datetime, after: int, most: int
    ) -> Sequence[Changed]:
        """Return in order what a coin of a wallet was from an instant on, a piece of it.

        Args:
            path: Of the wallet.
            coin: The one that is meant.
            since: The instant; what there was at it comes first.
            after: The id of the last one of the piece before; 0 for the first piece.
            most: How many at the most.
        """

    async def was_held(self, paths: Collection[str], coin: str) -> bool:
        """Say whether a coin ever was in one of these wallets."""

    async def turns(self, *, since: datetime) -> Sequence[Turn]:
        """Return which episodes began and ended, in order, as far as it is kept."""


class AlertRepository(Protocol):
    """Where each alert stands."""

    async def load(
        self, keys: Collection[AlertKey] | None = None
    ) -> Mapping[AlertKey, AlertState]:
        """Return the states by key; None means all."""

    async def firing(self) -> Sequence[AlertState]:
        """Return the states of all alerts that fire."""

    async def save(self, states: Iterable[AlertState]) -> None:
        """Keep the states."""

    async def remove(self, keys: Collection[AlertKey]) -> None:
        """Forget the states."""
