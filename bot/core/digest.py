"""The digest: what there is and is worth, what has changed, what is low, what is unread."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from bot.core.alerts import AlertState
from bot.core.portfolio import Amount, WalletState, amount_in, totals_by_coin
from bot.core.valuation import Valuation
from bot.fetchers.model import Balance, exact_sum

Holdings = Mapping[str, Sequence[Balance]]
"""Balances by path."""


@dataclass(frozen=True, slots=True)
class Change:
    """One coin of one wallet that is not what it was."""

    path: str
    asset: str
    before: Decimal
    after: Decimal

    @property
    def difference(self) -> Decimal:
        """Positive when there is more now."""
        return exact_sum([self.after, self.before.copy_negate()])  # a minus would round


@dataclass(frozen=True, slots=True)
class Digest:
    """All that a chat's digest tells."""

    local_date: date
    late: bool
    at: datetime
    since: datetime | None
    """The instant that `changes` are counted from; None for the first digest of a chat."""
    totals: Mapping[str, Amount]
    value: Valuation
    wallets: tuple[WalletState, ...]
    changes: tuple[Change, ...] | None
    """None where there is nothing to compare with."""
    firing: tuple[AlertState, ...]

    @property
    def unreadable(self) -> tuple[WalletState, ...]:
        """The wallets whose present balances nobody knows."""
        return tuple(wallet for wallet in self.wallets if not wallet.readable)


def build_digest(
    *,
    local_date: date,
    late: bool,
    at: datetime,
    since: datetime | None,
    wallets: Sequence[WalletState],
    value: Valuation,
    before: Holdings,
    firing: Sequence[AlertState],
) -> Digest:
    """Put a digest together.

    `value` is what the wallets are worth now; what they were worth at `since` nobody knows any
    more, as prices are not kept. `before` holds what was known of the wallets then.
    """
    return Digest(
        local_date=local_date,
        late=late,
        at=at,
        since=since,
        totals=totals_by_coin(wallets),
        value=value,
        wallets=tuple(wallets),
        changes=tuple(_changes(wallets, before)) if before else None,
        firing=tuple(firing),
    )


def _changes(wallets: Sequence[WalletState], before: Holdings) -> list[Change]:
    """Compare wallets that can be read now and were known then; the rest would be guesses."""
    return [
        Change(wallet.path, asset, was, now)
        for wallet in wallets
        if wallet.readable and wallet.path in before
        for asset, was, now in _pairs(before[wallet.path], wallet.balances or ())
        if was != now
    ]


def _pairs(
    before: Sequence[Balance], after: Sequence[Balance]
) -> list[tuple[str, Decimal, Decimal]]:
    coins = sorted({balance.asset for balance in (*before, *after)})
    both = ((coin, amount_in(before, coin), amount_in(after, coin)) for coin in coins)
    return [(coin, was.value, now.value) for coin, was, now in both if was and now]
