"""How the bot itself stands: its sources, its parts, its prices, and what waits to be sent."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.core.portfolio import WalletState
from bot.core.stock import account_of
from bot.core.vitals import Part

LATE_AFTER = timedelta(seconds=30)
"""What is due is looked for every second; so much later it is worth a word."""


@dataclass(frozen=True, slots=True)
class Source:
    """One wallet, or the list of sub-accounts of an account."""

    state: WalletState
    stale: bool
    """Not read any more, although no reading has failed."""
    next_at: datetime | None
    """When it is read next; None: nobody knows."""
    lag: timedelta
    """For how long it should have been read; 0 where it is not late."""

    @property
    def is_well(self) -> bool:
        """Whether there is nothing to be said of it."""
        return self.state.readable and not self.stale and self.lag <= LATE_AFTER


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """All that is known of it at one instant."""

    at: datetime
    began_at: datetime
    version: str
    ailing: Mapping[Part, datetime]
    """The parts that are not as they should be, and since when."""
    sources: tuple[Source, ...]
    """What is not well comes first."""
    waiting: int
    """Messages that are to be sent."""
    waiting_since: datetime | None
    """Since when the oldest waits that could be sent; None: none does."""
    prices: Mapping[str, datetime | None]
    """By market, when its newest price was told; None: there is none."""

    @property
    def problems(self) -> tuple[Source, ...]:
        """The sources that are not well."""
        return tuple(source for source in self.sources if not source.is_well)


def sources_of(
    states: Iterable[WalletState],
    *,
    stale: Iterable[str],
    due: Mapping[str, datetime],
    now: datetime,
) -> tuple[Source, ...]:
    """Tell of each source how it stands, what is not well first.

    Args:
        states: What is known of all.
        stale: The paths of those that are not read any more, without a failure.
        due: By account, when it is to be read.
        now: The present instant.
    """
    old = frozenset(stale)
    found = [_source(state, state.path in old, due, now) for state in states]
    return tuple(sorted(found, key=_order))


def _source(state: WalletState, stale: bool, due: Mapping[str, datetime], now: datetime) -> Source:
    due_at, rests_until = due.get(account_of(state.path)), state.health.retry_at
    rests = rests_until is not None and rests_until > now
    next_at = rests_until if rests else due_at
    late = now - next_at if next_at is not None else timedelta(0)
    return Source(state, stale, next_at, max(late, timedelta(0)))


def _order(source: Source) -> tuple[bool, bool, bool, str]:
    return source.is_well, source.state.readable, not source.stale, source.state.path
