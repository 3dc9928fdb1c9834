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

    async def add(self, names: Collection[str], *, now: datetime) -> None:
        """Have these accounts, due at once, and be `free`."""

    async def add_missing(self, names: Collection[str], *, now: datetime) -> None:
        """Have these accounts; those that were not there are due at once."""

    async def retain(self, names: Collection[str]) -> None:
        """Forget all others than these."""

    async def free(self, *, now: datetime) -> None:
        """Make all accounts due at once, and end their leases.

        Nothing where other processes may be at work: their leases are theirs.
        """

    async def hasten(self, names: Collection[str], *, beyond: datetime, now: datetime) -> None:
        """Make due at once those of these accounts that would wait beyond an instant."""

    async def claim_due(
        self, *, now: datetime, until: datetime, busy: Collection[str], most: int
    ) -> Sequence[Claim]:
        """Lease accounts that are due and free, but for those that we are busy with.

        What is due for longest comes first; what another process is just leasing is passed over.
        """

    async def claim(self, name: str, *, now: datetime, until: datetime) -> Claim | None:
        """Lease one account, due or not; None while somebody else has it."""

    async def leased(self, names: Collection[str], *, now: datetime) -> Collection[str]:
        """Choose of these accounts those that somebody is checking."""

    async def renew(self, claims: Collection[Claim], *, until: datetime) -> None:
        """Prolong leases; those that have passed to somebody else stay as they are."""

    async def oldest_due(self, *, now: datetime) -> tuple[str, datetime] | None:
        """Name the account that is due for longest, and since when it is.

        One that is being checked does not wait, unless that takes so long that it hangs.
        """

    async def due(self) -> Mapping[str, datetime]:
        """Return by name when each account is due."""

    async def finish(self, due_at: Mapping[Claim, datetime]) -> Collection[Claim]:
        """End leases and say when each account is due again; what has ended is nobody's.

        Returns:
            Those that have not passed to somebody else; of the others nothing is changed.
        """


@dataclass(frozen=True, slots=True)
class WalletOutline:
    """How the reading of a wallet goes, without what lies in it."""

    path: str
    read_at: datetime | None
    """Of the last good reading; None: there was none."""
    failures: int
    """Since then."""


@dataclass(frozen=True, slots=True)
class Step:
    """What is known of a wallet, before and after a check."""

    before: WalletState
    after: WalletState
    most_apart: timedelta
    """Between good readings that lie further apart a gap is kept."""


class WalletRepository(Protocol):
    """What is known of the wallets, now and before."""

    async def retain(self, paths: Collection[str]) -> None:
        """Forget the present state of all others; their history stays."""

    async def forget(self, paths: Collection[str]) -> None:
        """Forget the present state of these; their history stays."""

    async def load(self, paths: Collection[str] | None = None) -> Mapping[str, WalletState]:
        """Return the states by path; None means all. One that was never read is left out."""

    async def outlines(self) -> Sequence[WalletOutline]:
        """Return how the reading of all goes; what lies in ten thousand takes long to load."""

    async def save(
        self, states: Iterable[WalletState], *, most_apart: timedelta = MOST_APART
    ) -> None:
        """Keep the states, and in the history each coin that has changed.

        Between good readings that lie further apart than that a gap is kept.
        """

    async def advance(self, steps: Sequence[Step]) -> None:
        """Keep the states as `save` does, without looking up what they were before."""

    async def richest(self, asset: str, *, most: int) -> Collection[str]:
        """Return the paths of those wallets, readable now, in which most of a coin is available.

        It is compared as floating point; nothing below or at zero is among them.
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


Mark = tuple[str, str, datetime | None]
"""A path, a coin, and the instant up to which its changes were looked at; None: none yet."""

Turn = AlertRaised | AlertCleared | AlertEnded
"""The beginning or the end of an episode."""


class PastRepository(Protocol):
    """What a picture of the past needs beside the changes of amounts."""

    async def keep_prices(self, prices: Mapping[Pair, Decimal], *, hour: datetime) -> None:
        """Keep prices of a full hour; one that is there already stays as it is."""

    async def thin_changes(
        self, mark: Mark | None, *, since: datetime | None, until: datetime, now: datetime
    ) -> Mark | None:
        """Thin out the changes of one coin by `core.thinning`, a few of them.

        Args:
            mark: Where the step before ended; None: begin with the first coin.
            since: What is older was thinned out already; None: nothing was.
            until: What is newer is left alone.
            now: The present instant.

        Returns:
            Where the next step begins, or None behind the last coin.
        """

    async def thin_prices(self, after: Pair | None, *, now: datetime) -> Pair | None:
        """Delete most of the prices of what is long past, of the next pair behind `after`.

        Returns:
            That pair, or None behind the last.
        """

    async def forget_gaps(self, after: str | None, *, before: datetime) -> str | None:
        """Delete the gaps that were over before an instant, of the next path behind `after`.

        Returns:
            That path, or None behind the last.
        """

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

    async def lock(self, keys: Collection[AlertKey]) -> None:
        """Keep out those who are about to judge the same, until this unit ends."""

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


class LeaseRepository(Protocol):
    """What one process does alone while others share the checks, and what they must take up."""

    async def take(self, holder: str, *, now: datetime, until: datetime) -> int | None:
        """Lead until then; the fence of this lease, or None while somebody else leads."""

    async def renew(self, holder: str, fence: int, *, until: datetime) -> bool:
        """Prolong a lease; False when it has passed to somebody else."""

    async def is_held(self, holder: str, fence: int) -> bool:
        """Whether a lease is still its holder's: then nobody else can take it in this unit."""

    async def is_led(self, *, now: datetime) -> bool:
        """Whether anybody leads, by the clock of all."""

    async def release(self, holder: str, fence: int) -> None:
        """Let somebody else lead at once."""

    async def clock(self) -> datetime | None:
        """What time it is for all of them; None: there is only one process, with its own clock.

        Raises:
            Outdated: a newer version has changed the database.
        """

    async def news(self) -> int:
        """Count what was changed of the rules and of the sub-accounts that are watched."""

    async def add_news(self) -> int:
        """Let the other processes know of such a change; the new count."""
