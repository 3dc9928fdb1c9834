"""Accounts, their wallets and what is known of them; totals in which no coin counts twice."""

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from difflib import get_close_matches
from functools import lru_cache
from typing import Literal

from bot.core.health import Health
from bot.fetchers.model import Balance, SubAccount, exact_sum

Part = Literal["total", "available"]

SUB = "sub:"
LISTING = "sub:*"
"""Stands for the list of an account's sub-accounts, which is read like a wallet."""


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
    sub_wallets: tuple[str, ...] = ()
    """What each sub-account has, as `sub:*` and `sub:*/trading`; () where none is discovered."""
    subs: tuple[SubAccount, ...] = ()
    """Those discovered so far, in the order of their names."""
    floor: timedelta = timedelta(0)
    """How often the limits of the exchange let all of it be read, at the most."""

    @property
    def round(self) -> timedelta:
        """How long it takes until all of it is read anew."""
        return max(self.check_every, self.floor)

    @property
    def paths(self) -> tuple[str, ...]:
        return tuple(f"{self.name}/{wallet}" for wallet in self.wallets)

    @property
    def listing(self) -> str | None:
        """The path of the list of sub-accounts; None where they are not discovered."""
        return f"{self.name}/{LISTING}" if self.sub_wallets else None

    @property
    def sources(self) -> tuple[str, ...]:
        """All that is read: the wallets, and the list of sub-accounts."""
        return (*self.paths, self.listing) if self.listing else self.paths

    @property
    def frozen(self) -> frozenset[str]:
        """The paths of sub-accounts that are out of use."""
        names = {sub.name for sub in self.subs if sub.frozen}
        return frozenset(path for path in self.paths if sub_of(path) in names)

    def with_subs(self, subs: Iterable[SubAccount]) -> "Account":
        """Return the account with these sub-accounts, and no others, discovered."""
        found = tuple(sorted(subs, key=lambda sub: sub.name))
        own = [wallet for wallet in self.wallets if not wallet.startswith(SUB)]
        theirs = [w.replace("*", sub.name, 1) for sub in found for w in self.sub_wallets]
        return replace(self, wallets=(*own, *theirs), subs=found)

    def only(self, has: Callable[[str], bool]) -> "Account":
        """Return the account as one knows it who may know of some of its paths only."""
        wallets = tuple(w for w in self.wallets if has(f"{self.name}/{w}"))
        listed = self.listing is not None and has(self.listing)
        subs = {sub_of(f"{self.name}/{wallet}") for wallet in wallets}
        return replace(
            self,
            wallets=wallets,
            sub_wallets=tuple(w for w in self.sub_wallets if listed and has(f"{self.name}/{w}")),
            subs=tuple(sub for sub in self.subs if sub.name in subs),
        )

    def is_meant_by(self, pattern: str) -> bool:
        """Whether `pattern` covers wallets, or sub-accounts of which there happen to be none."""
        wallets = (*self.wallets, *self.sub_wallets)
        return any(matches(pattern, f"{self.name}/{wallet}") for wallet in wallets)

    def may_come_under(self, pattern: str) -> bool:
        """Whether `pattern` may mean sub-accounts that are not discovered yet."""
        return any(may_match(pattern, f"{self.name}/{wallet}") for wallet in self.sub_wallets)

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
    frozen: bool = False
    """Whether it belongs to a sub-account that is out of use."""

    @property
    def readable(self) -> bool:
        """Whether the last attempt was a good reading: only then may a rule be judged by it."""
        return self.balances is not None and self.health.failures == 0


Holdings = Mapping[str, Sequence[Balance]]
"""Balances by path."""


@dataclass(frozen=True, slots=True)
class Amount:
    """How much of a coin, and how well that is known."""

    value: Decimal
    part: Part = "total"
    """`available` where the exchange does not tell the total."""
    complete: bool = True
    """False: at least this much; something could not be read, or only in part."""
    may_be_less: bool = False
    """Whether what could not be read owed some when it was last read: then it is not even that."""

    @property
    def at_least(self) -> bool:
        """Whether it must be told with "at least": as the available part it says so itself."""
        return self.part == "total" and not self.complete and not self.may_be_less


_UNKNOWN = Amount(Decimal(0), complete=False)


def matches(pattern: str, path: str) -> bool:
    """Whether `path` is meant by `pattern`, which goes segment by segment.

    A pattern of one segment names whole accounts. A last segment that is just `*` means all that
    is below: `main/*` has the trading accounts of sub-accounts, `main/sub:*` has them not.
    """
    return _fits(pattern, path, _is_like)


def may_match(pattern: str, template: str) -> bool:
    """Whether `pattern` means any path of a template, in which one segment may end with `*`."""
    return _fits(pattern, template, _overlap)


def _fits(pattern: str, path: str, fits: Callable[[str, str], bool]) -> bool:
    globs, segments = pattern.lower().split("/"), path.lower().split("/")
    deep = len(globs) == 1 or globs[-1] == "*"
    if len(segments) < len(globs) or (len(segments) > len(globs) and not deep):
        return False
    return all(fits(segment, glob) for segment, glob in zip(segments, globs, strict=False))


def _overlap(segment: str, glob: str) -> bool:
    """Whether some text fits both; a `*` at the end of `segment` stands for anything."""
    if not segment.endswith("*"):
        return _is_like(segment, glob)
    begun = segment.removesuffix("*")
    return any(_is_like(begun, glob[:end]) for end in range(1, len(glob) + 1))


def _is_like(segment: str, glob: str) -> bool:
    """Whether a segment fits a glob, in which `*` stands for anything and all else for itself."""
    return _regex(glob).fullmatch(segment) is not None


@lru_cache(maxsize=4096)
def _regex(glob: str) -> re.Pattern[str]:
    return re.compile(".*".join(map(re.escape, glob.split("*"))), re.DOTALL)


def is_listing(path: str) -> bool:
    """Whether a path is that of a list of sub-accounts, and not of a wallet."""
    return path.partition("/")[2] == LISTING


def sub_of(path: str) -> str | None:
    """Name the sub-account that a wallet belongs to; None: to none."""
    segment = path.split("/")[1]
    return segment.removeprefix(SUB) if segment.startswith(SUB) else None


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
    return _added(known, _overlapping(states).get(asset, ())) if len(known) == len(found) else None


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
    blind, owed = len(good) < len(states), owed_unread(states)
    spans = _overlapping(good)
    totals = {
        asset: _marked(
            _added(held[asset], spans.get(asset, ())), blind=blind, may_be_less=asset in owed
        )
        for asset in sorted(held)
    }
    return {asset: amount for asset, amount in totals.items() if amount.value}


def owed_unread(wallets: Iterable[WalletState]) -> frozenset[str]:
    """Name the coins that wallets which cannot be read now owed when they were last read."""
    return frozenset(
        balance.asset
        for state in wallets
        if not state.readable
        for balance in state.balances or ()
        if balance.total is not None and balance.total < 0
    )


def staked_only(wallets: Iterable[WalletState]) -> Mapping[str, Amount]:
    """Tell of each staked coin how much lies in no other wallet: it is staked or being redeemed.

    Incomplete where a wallet of an account that stakes cannot be read, or tells a part only: what
    it holds may be all of the snapshot.
    """
    states = list(wallets)
    told = {coin: _staked_only(states, coin) for coin in sorted(_overlapping(states))}
    return {coin: amount for coin, amount in told.items() if amount.value}


def _staked_only(states: list[WalletState], asset: str) -> Amount:
    apart: list[Decimal] = []
    complete = True
    for path in _overlapping(states).get(asset, ()):
        own = [state for state in states if _is_spanned(state.path, path)]
        snapshot = total_of([state for state in states if state.path == path], asset)
        others = total_of(own, asset) if own else Amount(Decimal(0))
        if snapshot is None or others is None or not others.complete:
            complete = False
        else:
            rest = exact_sum([snapshot.value, others.value.copy_negate()])
            apart.append(max(rest, Decimal(0)))
    return Amount(exact_sum(apart), complete=complete)


def _is_spanned(path: str, by: str) -> bool:
    """Whether the snapshot of a wallet has what lies in another; sub-accounts stake themselves."""
    account, _, wallet = path.partition("/")
    return path != by and account == by.partition("/")[0] and not wallet.startswith("sub:")


def _marked(amount: Amount, *, blind: bool, may_be_less: bool) -> Amount:
    return replace(amount, complete=amount.complete and not blind, may_be_less=may_be_less)


def _overlapping(states: Iterable[WalletState]) -> Mapping[str, set[str]]:
    """Name by coin the wallets whose snapshot of it spans the other wallets of their account."""
    found: dict[str, set[str]] = defaultdict(set)
    for state in states:
        for balance in state.balances or ():
            if balance.staking is not None:
                found[balance.asset].add(state.path)
    return found


def _added(amounts: Mapping[str, Amount], overlapping: Collection[str]) -> Amount:
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
        elif wallet.startswith(SUB):
            apart.append(amount.value)
        else:
            own[account].append(amount.value)
    sums = {account: exact_sum(held) for account, held in own.items()}  # debts are below 0
    per_account = [
        max(found[account] for found in (sums, spans) if account in found)
        for account in {*sums, *spans}
    ]
    parts = {amount.part for amount in amounts.values()}
    return Amount(
        exact_sum([*per_account, *apart]),
        part="available" if parts == {"available"} else "total",
        complete=all(amount.complete for amount in amounts.values()),
    )
