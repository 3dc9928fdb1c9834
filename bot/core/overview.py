"""An answer to "what is there?": a total, its parts by worth, its coins, what has changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

from bot.core.portfolio import WalletState
from bot.core.stock import Held, Part, Stock, account_of, spendable
from bot.core.valuation import Rate, Valuation
from bot.core.value_change import ValueChange

By = Literal["places", "coins", "full"]
"""How an answer is parted: by account or wallet, by coin, or in every detail."""
Level = Literal["accounts", "wallets", "wallet"]
"""What its parts are; a single wallet has none but coins."""


@dataclass(frozen=True, slots=True)
class Overview:
    """What was asked for, and what is known of it."""

    at: datetime
    query: str
    level: Level
    states: tuple[WalletState, ...]
    """The wallets that it is about."""
    total: Valuation
    whole: Valuation
    """What all is worth that is watched."""
    parts: tuple[Part, ...]
    """What is worth most comes first."""
    coins: tuple[Held, ...] = ()
    """What is worth most comes first; only where coins are shown."""
    coin: str | None = None
    """The only coin that it is about; None: all are meant."""
    rates: tuple[Rate, ...] = ()
    """What one unit of that coin is worth, by all markets where it lies."""
    spendable: tuple[Decimal, Decimal] | None = None
    """How much of that coin is free, and how much is held; None where that is not told."""
    change: ValueChange | None = None
    """None: nothing is known of the time before."""
    is_alone: bool = False
    """Whether it is the only wallet of its account."""

    @property
    def blind(self) -> tuple[WalletState, ...]:
        """What cannot be read now."""
        return tuple(state for state in self.states if not state.readable)

    @property
    def oldest(self) -> datetime | None:
        """When the oldest good reading was that the total rests on; None: it rests on none."""
        read = (state.read_at for state in self.states if state.readable)
        return min((at for at in read if at is not None), default=None)

    @property
    def was_read(self) -> bool:
        """Whether anything of it was ever read."""
        return any(state.read_at is not None for state in self.states)


def overview_of(
    stock: Stock,
    shown: Sequence[WalletState],
    *,
    query: str,
    by: By,
    change: ValueChange | None = None,
) -> Overview:
    """Set apart what was asked for.

    Args:
        stock: All that is watched, or of that one coin.
        shown: The wallets that are meant.
        query: What they were called.
        by: Whether coins are to be shown; of a single wallet they are in any case.
        change: What has become of them.
    """
    level = _level(shown)
    wants_coins = stock.coin is not None or by == "coins" or level == "wallet"
    return Overview(
        at=stock.at,
        query=query,
        level=level,
        states=tuple(shown),
        total=stock.worth(shown),
        whole=stock.whole,
        parts=stock.accounts(shown) if level == "accounts" else stock.parts(shown),
        coins=stock.coins(shown) if wants_coins else (),
        coin=stock.coin,
        rates=stock.rates(shown),
        spendable=spendable(shown, stock.coin) if stock.coin else None,
        change=change,
        is_alone=level == "wallet" and stock.is_alone(shown),
    )


def _level(shown: Sequence[WalletState]) -> Level:
    if len({account_of(state.path) for state in shown}) > 1:
        return "accounts"
    return "wallets" if len(shown) > 1 else "wallet"
