"""The digest: what there was and is, what moved and what prices did, what is low, what is unread.

What moved is told at present prices; what prices did is what they have made of that which was
there before. Both add up to the difference, exactly (`core/value_change.py`).
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal, DivisionByZero, InvalidOperation

from bot.core.alerts import AlertState
from bot.core.portfolio import WalletState
from bot.core.stock import Stock, account_of
from bot.core.timing import Period
from bot.core.valuation import Valuation
from bot.core.value_change import Books, Past, ValueChange, change_of, pairs_of
from bot.fetchers.model import exact_sum

_NONE = Decimal(0)
_WIDE = Context(prec=60, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[InvalidOperation, DivisionByZero])


@dataclass(frozen=True, slots=True)
class Sheet:
    """Some wallets from the opening to the close."""

    name: str
    """Of the account; empty for all there is."""
    worth: Valuation
    """What is known of them now."""
    change: ValueChange | None
    """What has become of those that can be compared; None: none can."""


@dataclass(frozen=True, slots=True)
class Moved:
    """A coin of one wallet of which there is more, or less, than there was."""

    path: str
    coin: str
    before: Decimal
    difference: Decimal
    worth: Decimal | None
    """Of the difference, at present prices; None: there is no price."""


@dataclass(frozen=True, slots=True)
class Turned:
    """A coin whose price has changed."""

    coin: str
    percent: Decimal
    """By how much, where most of it lies."""
    effect: Decimal
    """What that has made of all that was there before."""


@dataclass(frozen=True, slots=True)
class Interest:
    """What a coin that is staked or lent has earned."""

    path: str
    coin: str
    latest: Decimal | None
    """What has come last; None: the exchange does not tell."""
    total: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """All that a chat's digest tells."""

    local_date: date
    period: Period
    late: bool
    at: datetime
    since: datetime | None
    """The opening; None: nothing is known of the time before."""
    total: Sheet
    accounts: tuple[Sheet, ...]
    """What is worth most comes first."""
    moved: tuple[Moved, ...]
    """What is worth most comes first, and what has no price last."""
    turned: tuple[Turned, ...]
    """What has done most comes first."""
    interest: tuple[Interest, ...]
    wallets: tuple[WalletState, ...]
    stale: tuple[WalletState, ...]
    """What is not read any more, although no reading has failed."""
    firing: tuple[AlertState, ...]
    course: tuple[Decimal | None, ...] = ()
    """What all was worth from then to now, at even distances; None: not known. () is not known at
    all."""

    @property
    def unreadable(self) -> tuple[WalletState, ...]:
        """The wallets whose present balances nobody knows."""
        return tuple(wallet for wallet in self.wallets if not wallet.readable)

    @property
    def currency(self) -> str:
        """In which values are told."""
        return self.total.worth.currency


def build_digest(
    *,
    local_date: date,
    period: Period = "daily",
    late: bool,
    stock: Stock,
    wallets: Sequence[WalletState],
    past: Past | None,
    books: Books,
    stale: Sequence[WalletState] = (),
    firing: Sequence[AlertState] = (),
    course: Sequence[Decimal | None] = (),
) -> Digest:
    """Put a digest together.

    Args:
        local_date: Whose digest it is.
        period: What it is about.
        late: Whether its time had passed while the bot was down.
        stock: All that is watched.
        wallets: Those of it that are meant.
        past: What they held at the opening; None where nothing is known of it.
        books: The prices of now, and of the opening.
        stale: Which of them are not read any more, without a failure.
        firing: The alerts to be told.
        course: What they were worth meanwhile.
    """
    known = past if past is not None and past.lots else None
    return Digest(
        local_date=local_date,
        period=period,
        late=late,
        at=stock.at,
        since=known.at if known else None,
        total=Sheet("", stock.worth(wallets), _change(stock, wallets, known, books)),
        accounts=tuple(
            Sheet(part.name, part.worth, _change(stock, part.states, known, books))
            for part in stock.accounts(wallets)
        ),
        moved=tuple(sorted(_moved(stock, wallets, known, books), key=_by_worth)),
        turned=tuple(sorted(_turned(stock, wallets, known, books), key=_by_effect)),
        interest=tuple(_interest(wallets)),
        wallets=tuple(wallets),
        stale=tuple(stale),
        firing=tuple(firing),
        course=tuple(course),
    )


def _change(
    stock: Stock, wallets: Iterable[WalletState], past: Past | None, books: Books
) -> ValueChange | None:
    return change_of(stock, wallets, past, books) if past is not None else None


_Pair = tuple[str, str, Decimal, Decimal]


def _compared(stock: Stock, wallets: Iterable[WalletState], past: Past | None) -> Iterator[_Pair]:
    """Tell by path and coin what was and what is, of all that can be compared."""
    for state in wallets:
        old = past.lots.get(state.path) if past is not None else None
        if old is None or not state.readable:
            continue
        for coin, (was, now) in (pairs_of(old, stock.lots(state)) or {}).items():
            yield state.path, coin, was.value, now.value


def _moved(
    stock: Stock, wallets: Iterable[WalletState], past: Past | None, books: Books
) -> Iterator[Moved]:
    for path, coin, was, now in _compared(stock, wallets, past):
        if was == now:
            continue
        difference = exact_sum([now, was.copy_negate()])
        place = books.place(account_of(path), coin)
        rate = books.rates(place, since=stock.at, now=stock.at)[1]
        worth = None if rate is None else _WIDE.multiply(difference, rate.factor)
        yield Moved(path, coin, was, difference, worth)


def _turned(
    stock: Stock, wallets: Iterable[WalletState], past: Past | None, books: Books
) -> Iterator[Turned]:
    """Tell what prices have made of each coin; one that had none then, or has none, is left."""
    found: dict[str, list[tuple[Decimal, Decimal]]] = defaultdict(list)
    for path, coin, was, _now in _compared(stock, wallets, past):
        if past is None or not was:
            continue
        place = books.place(account_of(path), coin)
        then, rate = books.rates(place, since=past.at, now=stock.at)
        if then is None or rate is None or then.factor == rate.factor:
            continue
        rise = _WIDE.subtract(rate.factor, then.factor)
        percent = _WIDE.divide(_WIDE.multiply(rise, Decimal(100)), then.factor)
        found[coin].append((_WIDE.multiply(was, rise), percent))
    for coin, effects in found.items():
        effect = _NONE
        for each, _percent in effects:
            effect = _WIDE.add(effect, each)
        yield Turned(coin, max(effects, key=lambda told: abs(told[0]))[1], effect)


def _interest(wallets: Iterable[WalletState]) -> Iterator[Interest]:
    """Tell what is earned where it can be read: what was earned before says nothing of now."""
    for state in wallets:
        for balance in state.balances or () if state.readable else ():
            if (staking := balance.staking) is not None:
                told = staking.interest_latest, staking.interest_total
                yield Interest(state.path, balance.asset, *told)
            elif balance.earned:
                yield Interest(state.path, balance.asset, None, balance.earned)


def _by_worth(moved: Moved) -> tuple[bool, Decimal, str, str]:
    return moved.worth is None, -abs(moved.worth or _NONE), moved.path, moved.coin


def _by_effect(turned: Turned) -> tuple[Decimal, str]:
    return -abs(turned.effect), turned.coin


def evenly(
    values: Sequence[tuple[datetime, Decimal | None]], *, steps: int
) -> tuple[Decimal | None, ...]:
    """Choose of a course what it was at even distances from its first instant to its last."""
    if len(values) < 2:
        return ()
    first, last = values[0][0], values[-1][0]
    chosen: list[Decimal | None] = []
    position = 0
    for n in range(steps):
        at = first + (last - first) * n / (steps - 1)
        while position + 1 < len(values) and values[position + 1][0] <= at:
            position += 1
        chosen.append(values[position][1])
    return tuple(chosen)
