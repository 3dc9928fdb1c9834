"""A time of the past: what there was at each instant, band by band, and when nobody read it.

A band is what is drawn on top of another: an account, a wallet or a coin.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal

from bot.core.history import Coin, History
from bot.core.portfolio import Account
from bot.core.watches import MISSED_ROUNDS
from bot.fetchers.model import exact_sum

MOST_APART = timedelta(minutes=5)
"""Readings as near as that leave no gap between them, however often a wallet is read."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A time in which a wallet was not read."""

    begins_at: datetime
    """The last good reading before it."""
    ends_at: datetime
    """The first good reading after it."""


def gap_after(account: Account) -> timedelta:
    """Tell how far apart good readings may lie without a gap between them."""
    return max(MOST_APART, MISSED_ROUNDS * account.round)


@dataclass(frozen=True, slots=True)
class Past:
    """What is known of some wallets."""

    history: History
    gaps: Mapping[str, Sequence[Gap]] = field(default_factory=dict)
    """By path, in the order of time; with the one that goes on now."""
    spanning: Collection[Coin] = ()
    """Where a snapshot of a coin counts what lies in other wallets of its account, too."""


@dataclass(frozen=True, slots=True)
class Figure:
    """What there was at an instant, and how well that is known."""

    at: datetime
    value: Decimal | None
    """None: nothing of it is known, or nothing of it has a price."""
    unread: bool = False
    """Whether something was not read then that is read otherwise."""
    partly: bool = False
    """Whether something is missing in any case: not watched yet, not told, or without a price."""
    may_be_less: bool = False
    """Whether what is missing may be debts."""

    @property
    def complete(self) -> bool:
        """Whether it is all that there was."""
        return not (self.unread or self.partly or self.may_be_less)


@dataclass(frozen=True, slots=True)
class Band:
    """What one account, wallet or coin had of the total, instant by instant."""

    name: str
    """Empty: all that have no band of their own."""
    values: tuple[Decimal | None, ...]


@dataclass(frozen=True, slots=True)
class Series:
    """A time of the past."""

    totals: tuple[Figure, ...] = ()
    """In the order of time; () where nothing was ever read."""
    bands: tuple[Band, ...] = ()
    """With as many values each as there are totals, the largest first."""
    unread: Mapping[str, timedelta] = field(default_factory=dict)
    """By path, how long it was not read."""
    unwatched: Mapping[str, datetime | None] = field(default_factory=dict)
    """By path, when the first reading was of what was not watched from the beginning; None: not
    yet."""
    unpriced: tuple[str, ...] = ()
    """Coins that had no price at some instant, in the order of their names."""

    @property
    def known(self) -> Sequence[Figure]:
        """The totals of which something is known."""
        return [figure for figure in self.totals if figure.value is not None]

    @property
    def opening(self) -> Figure | None:
        """The first that is known."""
        return next(iter(self.known), None)

    @property
    def closing(self) -> Figure | None:
        """The last that is known."""
        return next(reversed(self.known), None)

    @property
    def lowest(self) -> Figure | None:
        """The least; of those that are complete, if any is."""
        return min(self._comparable, key=_value, default=None)

    @property
    def highest(self) -> Figure | None:
        """The most; of those that are complete, if any is."""
        return max(self._comparable, key=_value, default=None)

    @property
    def _comparable(self) -> Sequence[Figure]:
        return [figure for figure in self.known if figure.complete] or self.known

    def folded(self, most: int) -> "Series":
        """Return it with so many bands at the most, the last of which is all the others."""
        if len(self.bands) <= most:
            return self
        kept, others = self.bands[: most - 1], self.bands[most - 1 :]
        columns = zip(*(band.values for band in others), strict=True)
        rest = Band("", tuple(sum_of_known(column) for column in columns))
        return replace(self, bands=(*kept, rest))


def _value(figure: Figure) -> Decimal:
    return figure.value or Decimal(0)


def sum_of_known(values: Iterable[Decimal | None]) -> Decimal | None:
    """Add up what is known; None where nothing is."""
    known = [value for value in values if value is not None]
    return exact_sum(known) if known else None
