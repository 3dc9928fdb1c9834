"""Accounts, their wallets and what is known of them; totals in which no coin counts twice."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Literal

from bot.core.errors import UnknownName
from bot.core.health import Health
from bot.fetchers.model import Balance, exact_sum

Part = Literal["total", "available"]


@dataclass(frozen=True, slots=True)
class Account:
    """One API key of one exchange, as the settings name it."""

    name: str
    exchange: str
    wallets: tuple[str, ...]
    """In the order in which they are shown."""
    check_every: timedelta
    coins: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """The wallets that can hold certain coins only, and which."""

    @property
    def paths(self) -> tuple[str, ...]:
        return tuple(f"{self.name}/{wallet}" for wallet in self.wallets)

    def paths_for(self, asset: str) -> tuple[str, ...]:
        """Return the paths of those wallets that can hold `asset` at all."""
        return tuple(
            f"{self.name}/{wallet}"
            for wallet in self.wallets
            if asset in self.coins.get(wallet, (asset,))
        )


@dataclass(frozen=True, slots=True)
class WalletState:
    """What is known of one wallet: its last good reading, and whether it can be read now."""

    path: str
    balances: tuple[Balance, ...] | None = None
    """Of the last good reading; None when there was none yet."""
    read_at: datetime | None = None
    """When that was."""
    health: Health = field(default_factory=Health)

    @property
    def readable(self) -> bool:
        """Whether the last attempt was a good reading: only then may a rule be judged by it."""
        return self.balances is not None and self.health.failures == 0


@dataclass(frozen=True, slots=True)
class Amount:
    """How much of a coin, and how well that is known."""

    value: Decimal
    part: Part = "total"
    """`available` where the exchange does not tell the total."""
    complete: bool = True
    """False: at least this much; something could not be read, or only in part."""

    @property
    def at_least(self) -> bool:
        """Whether it must be told with "at least": as the available part it says so itself."""
        return self.part == "total" and not self.complete


_UNKNOWN = Amount(Decimal(0), complete=False)


def matches(pattern: str, path: str) -> bool:
    """Whether `path` is meant by `pattern`; without a slash a pattern names whole accounts."""
    account, _, wallet = pattern.lower().partition("/")
    own_account, _, own_wallet = path.lower().partition("/")
    return fnmatchcase(own_account, account) and (
        "/" not in pattern or fnmatchcase(own_wallet, wallet)
    )


def select_paths(pattern: str, paths: Iterable[str]) -> tuple[str, ...]:
    """Choose the paths that `pattern` covers, in their order.

    Raises:
        UnknownName: it covers none.
    """
    known = tuple(paths)
    chosen = tuple(path for path in known if matches(pattern, path))
    if not chosen:
        raise UnknownName(pattern, nearest(pattern, known))
    return chosen


def nearest(name: str, known: Iterable[str]) -> tuple[str, ...]:
    """Return up to three names that look like `name`, the likeliest first."""
    by_lower = {candidate.lower(): candidate for candidate in known}
    return tuple(by_lower[low] for low in get_close_matches(name.lower(), by_lower, 3))


def amount_of(balance: Balance, part: Part = "total") -> Amount | None:
    """Return one part of a balance; None where the exchange does not tell it.

    Where it does not tell the total, what is available stands in for it, and says so.
    """
    if part == "total" and balance.total is not None:
        return Amount(balance.total)
    if balance.available is not None:
        return Amount(balance.available, "available", complete=part == "available")
    return None


def amount_in(balances: Iterable[Balance], asset: str, part: Part = "total") -> Amount | None:
    """Return how much of `asset` a good reading holds: a coin that it leaves out is zero.

    Where the others are told by their available part only, nothing more is known of it, either.
    """
    held = list(balances)
    for balance in held:
        if balance.asset == asset:
            return amount_of(balance, part)
    if part == "total" and any(b.total is None and b.available is not None for b in held):
        return Amount(Decimal(0), "available", complete=False)
    return Amount(Decimal(0), part)


def total_of(wallets: Iterable[WalletState], asset: str, part: Part = "total") -> Amount | None:
    """Add up one coin over wallets; None as long as one of them cannot be read."""
    states = list(wallets)
    if not states or not all(state.readable for state in states):
        return None
    found = {state.path: amount_in(state.balances or (), asset, part) for state in states}
    known = {path: amount for path, amount in found.items() if amount is not None}
    return _added(known, _overlapping(states, asset)) if len(known) == len(found) else None


def totals_by_coin(wallets: Iterable[WalletState]) -> Mapping[str, Amount]:
    """Add up every coin over those wallets that can be read now, in the order of the names.

    An amount is marked incomplete when a wallet cannot be read, or does not tell all of the coin;
    coins of which nothing is known to be there are left out.
    """
    states = list(wallets)
    good = [state for state in states if state.readable]
    held: dict[str, dict[str, Amount]] = defaultdict(dict)
    for state in good:
        for balance in state.balances or ():
            held[balance.asset][state.path] = amount_of(balance) or _UNKNOWN
    blind = len(good) < len(states)
    totals = {
        asset: _marked(_added(held[asset], _overlapping(good, asset)), incomplete=blind)
        for asset in sorted(held)
    }
    return {asset: amount for asset, amount in totals.items() if amount.value}


def _marked(amount: Amount, *, incomplete: bool) -> Amount:
    return Amount(amount.value, amount.part, complete=amount.complete and not incomplete)


def _overlapping(states: Iterable[WalletState], asset: str) -> frozenset[str]:
    """Name the wallets whose snapshot of `asset` spans the other wallets of their account."""
    return frozenset(
        state.path
        for state in states
        for balance in state.balances or ()
        if balance.asset == asset and balance.staking is not None
    )


def _added(amounts: Mapping[str, Amount], overlapping: frozenset[str]) -> Amount:
    """Add up amounts by path, each account's overlapping snapshot counted once.

    The snapshot of ETH staking is all BETH of the account, also what lies in its other wallets, so
    the account has the larger of the two; sub-accounts stake for themselves and are added.
    """
    own: dict[str, list[Decimal]] = defaultdict(list)
    spans: dict[str, Decimal] = {}
    apart: list[Decimal] = []
    for path, amount in amounts.items():
        account, _, wallet = path.partition("/")
        if path in overlapping:
            spans[account] = amount.value
        elif wallet.startswith("sub:"):
            apart.append(amount.value)
        else:
            own[account].append(amount.value)
    per_account = [
        max(exact_sum(own[account]), spans.get(account, Decimal(0))) for account in {*own, *spans}
    ]
    parts = {amount.part for amount in amounts.values()}
    return Amount(
        exact_sum([*per_account, *apart]),
        part="available" if parts == {"available"} else "total",
        complete=all(amount.complete for amount in amounts.values()),
    )
