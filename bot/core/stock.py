"""What there is: by account, by wallet and by coin, each with its value, and all of it adds up.

A snapshot of staked coins spans other wallets of its account. As a lot it is only what lies in
none of those; so the lots add up to the totals of `portfolio`, in which no coin counts twice.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal, InvalidOperation
from functools import lru_cache

from bot.core.portfolio import SUB, Amount, WalletState, amount_of, owed_unread
from bot.core.valuation import Currency, PriceBook, Rate, Valuation, value_of
from bot.fetchers.model import Balance, exact_sum

SMALL: Mapping[Currency, Decimal] = {
    "USD": Decimal(1),
    "USDT": Decimal(1),
    "EUR": Decimal(1),
    "CNY": Decimal(5),
    "BTC": Decimal("0.00001"),
}
"""What is worth less is small, unless somebody says otherwise."""

_NONE = Decimal(0)
_UNTOLD = Amount(_NONE, complete=False)
_WIDE = Context(prec=60, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[InvalidOperation])


@dataclass(frozen=True, slots=True)
class Lot:
    """How much of a coin lies in a wallet that can be read, and in no other."""

    path: str
    coin: str
    amount: Amount

    @property
    def account(self) -> str:
        """Name the account of the wallet."""
        return account_of(self.path)


@dataclass(frozen=True, slots=True)
class Part:
    """One account, or one wallet, of what was asked for."""

    name: str
    """The name of the account, or the path of the wallet."""
    states: tuple[WalletState, ...]
    worth: Valuation
    amount: Amount | None = None
    """How much of the coin lies there, where one coin was asked for."""

    @property
    def blind(self) -> tuple[WalletState, ...]:
        """What cannot be read now."""
        return tuple(state for state in self.states if not state.readable)


@dataclass(frozen=True, slots=True)
class Held:
    """One coin, in all that was asked for."""

    coin: str
    amount: Amount
    worth: Valuation


@dataclass(frozen=True, slots=True)
class Dust:
    """Coins that are worth little, each for itself."""

    count: int
    limit: Decimal
    """Each is worth less than this."""
    worth: Valuation
    """All of them together."""


def account_of(path: str) -> str:
    """Name the account that a wallet belongs to."""
    return path.partition("/")[0]


def lots_of(wallets: Iterable[WalletState], *, coin: str | None = None) -> list[Lot]:
    """Tell what lies where; what cannot be read now is left out.

    Args:
        wallets: All of an account whose staked coins are meant, so that nothing counts twice.
        coin: Look at this one only; None means all.
    """
    told = [
        (lot, balance)
        for state in wallets
        if state.readable and state.balances
        for lot, balance in zip(_told(state.path, state.balances), state.balances, strict=True)
        if coin is None or coin == lot.coin
    ]
    if not any(balance.staking for _, balance in told):
        return [lot for lot, _ in told]
    elsewhere: dict[tuple[str, str], list[Decimal]] = defaultdict(list)
    for lot, balance in told:
        if balance.staking is None and not lot.path.partition("/")[2].startswith(SUB):
            elsewhere[lot.account, lot.coin].append(lot.amount.value)
    return [
        lot if balance.staking is None else _without(lot, elsewhere.get((lot.account, lot.coin)))
        for lot, balance in told
    ]


@lru_cache(maxsize=1024)
def _told(path: str, balances: tuple[Balance, ...]) -> tuple[Lot, ...]:
    """Take a wallet for the only one there is; of most, nothing changes from look to look."""
    return tuple(Lot(path, b.asset, amount_of(b) or _UNTOLD) for b in balances)


def _without(lot: Lot, spanned: Sequence[Decimal] | None) -> Lot:
    """Leave of a snapshot what lies in none of the wallets that it spans."""
    if spanned is None:
        return lot
    rest = exact_sum([lot.amount.value, exact_sum(spanned).copy_negate()])
    return replace(lot, amount=replace(lot.amount, value=max(rest, _NONE)))


def sum_of(lots: Iterable[Lot], *, complete: bool, may_be_less: bool) -> Amount:
    """Add up lots of one coin; see `Amount` for the marks."""
    amounts = [lot.amount for lot in lots]
    return Amount(
        exact_sum(amount.value for amount in amounts),
        part="available" if {a.part for a in amounts} == {"available"} else "total",
        complete=complete and all(amount.complete for amount in amounts),
        may_be_less=may_be_less,
    )


def together(valuations: Iterable[Valuation], currency: Currency) -> Valuation:
    """Add up what several things are worth, with all that is not known of any of them."""
    found = list(valuations)
    if len(found) == 1:
        return found[0]
    known = [each.value for each in found if each.value is not None]
    total = _NONE
    for value in known:
        total = _WIDE.add(total, value)
    return Valuation(
        currency=currency,
        value=total if known else None,
        unpriced=tuple(sorted({coin for each in found for coin in each.unpriced})),
        owed=tuple(sorted({coin for each in found for coin in each.owed})),
        complete=all(each.complete for each in found),
        may_be_less=any(each.may_be_less for each in found),
        oldest=min((each.oldest for each in found if each.oldest), default=None),
        at_par=any(each.at_par for each in found),
    )


class Stock:
    """Lots of all that is watched, valued as they are asked for by one book of prices."""

    def __init__(
        self,
        wallets: Iterable[WalletState],
        book: PriceBook,
        *,
        markets: Mapping[str, str],
        now: datetime,
        coin: str | None = None,
    ) -> None:
        """Take in all wallets.

        Args:
            wallets: What is known of them.
            book: The prices.
            markets: By the name of each account, the market where its coins are priced.
            now: Gives prices their age.
            coin: Tell of this one only, but for `whole`; None means all.
        """
        self.at = now
        self.coin = coin
        self._book = book
        self._states = tuple(wallets)
        self._markets = {s.path: _market_of(s.path, markets) for s in self._states}
        self._lots: dict[str, list[Lot]] = defaultdict(list)
        for lot in lots_of(self._states):
            self._lots[lot.path].append(lot)
        self._worth: dict[tuple[str, str | None], Valuation] = {}

    @property
    def whole(self) -> Valuation:
        """Tell what all is worth that is watched, whatever coin is meant."""
        return self._together(self._states, None)

    def worth(self, wallets: Iterable[WalletState]) -> Valuation:
        """Tell what some of the wallets are worth."""
        return self._together(wallets, self.coin)

    def is_alone(self, wallets: Iterable[WalletState]) -> bool:
        """Whether there are no other wallets in the accounts of these."""
        paths = {state.path for state in wallets}
        accounts = set(map(account_of, paths))
        return all(s.path in paths for s in self._states if account_of(s.path) in accounts)

    def rates(self, wallets: Iterable[WalletState]) -> tuple[Rate, ...]:
        """Tell what one unit of the one coin is worth wherever it lies; () for all coins."""
        if self.coin is None:
            return ()
        lots = [lot for state in wallets for lot in self.lots(state)]
        markets = {self._markets[lot.path] for lot in lots}
        rates = (self._book.rate(m, self.coin, now=self.at) for m in sorted(markets))
        return tuple(rate for rate in rates if rate is not None)

    def accounts(self, wallets: Iterable[WalletState]) -> tuple[Part, ...]:
        """Part wallets by account, what is worth most first."""
        by_account: dict[str, list[WalletState]] = defaultdict(list)
        for state in wallets:
            by_account[account_of(state.path)].append(state)
        parts = (self._part(name, states) for name, states in by_account.items())
        return tuple(sorted(parts, key=_by_value))

    def parts(self, wallets: Iterable[WalletState]) -> tuple[Part, ...]:
        """Tell of each wallet, what is worth most first."""
        return tuple(sorted((self._part(s.path, [s]) for s in wallets), key=_by_value))

    def coins(self, wallets: Sequence[WalletState]) -> tuple[Held, ...]:
        """Tell of each coin, what is worth most first; those that are not there are left out."""
        by_coin: dict[str, list[Lot]] = defaultdict(list)
        for state in wallets:
            for lot in self.lots(state):
                by_coin[lot.coin].append(lot)
        complete, owed = all(state.readable for state in wallets), owed_unread(wallets)
        found = [
            self._held(coin, lots, complete=complete, may_be_less=coin in owed)
            for coin, lots in by_coin.items()
        ]
        there = (held for held in found if held.amount.value or not held.amount.complete)
        return tuple(sorted(there, key=_order))

    def lots(self, state: WalletState) -> Sequence[Lot]:
        """Tell what lies in a wallet and in no other."""
        lots = self._lots[state.path]
        return lots if self.coin is None else [lot for lot in lots if lot.coin == self.coin]

    def _held(self, coin: str, lots: Sequence[Lot], *, complete: bool, may_be_less: bool) -> Held:
        worth = self._value(lots, complete=complete, may_be_less=may_be_less)
        return Held(coin, sum_of(lots, complete=complete, may_be_less=may_be_less), worth)

    def _part(self, name: str, states: Sequence[WalletState]) -> Part:
        return Part(name, tuple(states), self.worth(states), self._amount(states))

    def _amount(self, states: Sequence[WalletState]) -> Amount | None:
        """Tell how much of the one coin there is; None: all coins are meant, or nobody knows."""
        if self.coin is None:
            return None
        readable = all(state.readable for state in states)
        lots = [lot for state in states for lot in self.lots(state)]
        if not (lots or readable):
            return None
        return sum_of(lots, complete=readable, may_be_less=self.coin in owed_unread(states))

    def _together(self, wallets: Iterable[WalletState], coin: str | None) -> Valuation:
        found = (self._worth_of(state, coin) for state in wallets)
        return together(found, self._book.currency)

    def _worth_of(self, state: WalletState, coin: str | None) -> Valuation:
        key = state.path, coin
        if key not in self._worth:
            owed = owed_unread([state])
            lots = [lot for lot in self._lots[state.path] if coin is None or coin == lot.coin]
            may_be_less = bool(owed) if coin is None else coin in owed
            self._worth[key] = self._value(lots, complete=state.readable, may_be_less=may_be_less)
        return self._worth[key]

    def _value(self, lots: Iterable[Lot], *, complete: bool, may_be_less: bool) -> Valuation:
        holdings = ((self._markets[lot.path], lot.coin, lot.amount) for lot in lots)
        return value_of(
            holdings, self._book, now=self.at, complete=complete, may_be_less=may_be_less
        )


def _market_of(path: str, markets: Mapping[str, str]) -> str:
    account = account_of(path)
    return markets.get(account, account)


def _by_value(part: Part) -> tuple[bool, Decimal, str]:
    value = part.worth.value
    return value is None, -(value or _NONE), part.name


def _order(held: Held) -> tuple[bool, Decimal, str]:
    value = held.worth.value
    return value is None, -(value or _NONE), held.coin


def without_dust(coins: Sequence[Held], limit: Decimal) -> tuple[tuple[Held, ...], Dust | None]:
    """Set apart what is worth little, if that is more than one coin.

    What has no price is never small, nor is what is owed.
    """
    small = [held for held in coins if _is_small(held, limit)]
    if len(small) < 2:
        return tuple(coins), None
    kept = tuple(held for held in coins if not _is_small(held, limit))
    worth = together((held.worth for held in small), small[0].worth.currency)
    return kept, Dust(len(small), limit, worth)


def _is_small(held: Held, limit: Decimal) -> bool:
    value = held.worth.value
    return value is not None and held.amount.value > 0 and value < limit


def share_of(part: Valuation, whole: Valuation) -> Decimal | None:
    """Tell the share of a whole in percent; None where nothing can be said of it."""
    if part.value is None or not whole.value or whole.value < 0 or part.value < 0:
        return None
    return _WIDE.divide(_WIDE.multiply(part.value, Decimal(100)), whole.value)


def spendable(wallets: Iterable[WalletState], coin: str) -> tuple[Decimal, Decimal] | None:
    """Tell how much of a coin is free and how much is held; None where that is not told."""
    told: list[Balance] = [
        balance
        for state in wallets
        if state.readable
        for balance in state.balances or ()
        if balance.asset == coin
    ]
    free = [balance.available for balance in told if balance.available is not None]
    held = [balance.held for balance in told if balance.held is not None]
    if not told or len(free) < len(told) or len(held) < len(told):
        return None
    return exact_sum(free), exact_sum(held)
