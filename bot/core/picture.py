"""The past put together as a picture needs it: points in time, and what there was at each.

At each instant the bands add up to the total, in which no coin counts twice (see `portfolio`).
What nobody read is in no band: a gap stays a gap, and nothing is drawn over it. What has no price
is named and never 0.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal, InvalidOperation
from typing import Literal

from bot.core.history import Coin, Point
from bot.core.portfolio import SUB, Amount, amount_of, is_listing
from bot.core.series import Band, Figure, Gap, Past, Series, sum_of_known
from bot.fetchers.model import Balance, exact_sum

POINTS = 200
"""On the grid; where something changed or was not read there are more."""
_MOST_EXTRA = 400
_MOMENT = timedelta(microseconds=1)
_ZERO = Decimal(0)
_WIDE = Context(prec=60, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[InvalidOperation])

RateAt = Callable[[str, str, datetime], Decimal | None]
"""What one unit of a coin that lay in an account was worth at an instant; None: no price."""

State = Literal["unwatched", "unread", "read"]


@dataclass(frozen=True, slots=True)
class _Cell:
    """One coin of one wallet, instant by instant, whether it was read or not."""

    values: list[Decimal | None]
    """None: not told."""
    partly: list[bool]
    """Where it is the available part only."""


def build_series(
    past: Past,
    paths: Collection[str],
    *,
    coin: str | None,
    band_of: Callable[[str, str], str],
    rate_at: RateAt | None,
    since: datetime,
    now: datetime,
) -> Series:
    """Tell what there was from `since` to `now`.

    Args:
        past: What is known.
        paths: Of what; a list of sub-accounts among them holds nothing, but can be unread.
        coin: Look at this one only; None means all.
        band_of: Names the band of a path and a coin.
        rate_at: What coins were worth; None: tell amounts, of one coin.
        since: The series begins then, or with the first reading if that is later.
        now: The present instant.
    """
    first = past.history.first_read_at
    begins = [first[path] for path in paths if path in first and not is_listing(path)]
    if not begins:
        return Series()
    start = min(max(since, min(begins)), now)
    points, here = past.history.points, set(paths)
    chosen = [key for key in points if key[0] in here and coin in {None, key[1]}]
    instants = _instants(past, paths, chosen, start=start, now=now)
    states = {path: _states(past, path, instants) for path in paths}
    cells = {key: _cell(points[key], instants) for key in chosen}
    cells = {key: cell for key, cell in cells.items() if any(cell.values) or None in cell.values}
    unsure = _unsure(cells, states)
    shown = _counted_once(_read_only(cells, states), past.spanning)
    groups = _groups(shown, band_of)
    summing = _Summing(instants, groups, rate_at)
    return Series(
        totals=tuple(summing.totals(list(states.values()), unsure)),
        bands=tuple(summing.bands()),
        unread=dict(_unread(past, paths, start=start, now=now)),
        unwatched={p: first.get(p) for p in paths if p not in first or first[p] > start},
        unpriced=tuple(sorted(summing.unpriced)),
    )


def _instants(
    past: Past,
    paths: Iterable[str],
    coins: Iterable[Coin],
    *,
    start: datetime,
    now: datetime,
) -> list[datetime]:
    """Choose the instants: a grid, and the edges of what is to be seen sharply."""
    grid = {start + n * (now - start) / POINTS for n in range(POINTS + 1)}
    gaps = sorted(
        (gap for path in paths for gap in past.gaps.get(path, ())),
        key=lambda gap: gap.ends_at - gap.begins_at,
        reverse=True,
    )
    edges = {at for gap in gaps[: _MOST_EXTRA // 2] for at in _edges(gap)}
    changes = {point.at for key in coins for point in past.history.points[key]}
    extra = [at for at in edges if start <= at <= now]
    sharp = [at for at in changes if start <= at <= now]
    if len(sharp) <= _MOST_EXTRA:
        extra += sharp
    return sorted(grid.union(extra))


def _edges(gap: Gap) -> Iterator[datetime]:
    """Give the last instant before a gap, the first within it, and the first after it."""
    yield gap.begins_at
    yield gap.begins_at + _MOMENT
    yield gap.ends_at


def _states(past: Past, path: str, instants: Sequence[datetime]) -> list[State]:
    """Tell at which instants a wallet was read; a single gap lies between two good readings."""
    first = past.history.first_read_at.get(path)
    gaps = past.gaps.get(path, ())
    states: list[State] = []
    for at in instants:
        if first is None or at < first:
            states.append("unwatched")
            continue
        n = bisect_right(gaps, at, key=lambda gap: gap.begins_at)
        inside = any(gap.begins_at < at < gap.ends_at for gap in gaps[max(n - 2, 0) : n])
        states.append("unread" if inside else "read")
    return states


def _cell(points: Sequence[Point], instants: Sequence[datetime]) -> _Cell:
    """Tell at each instant what was read last; a coin that had not come yet was not there."""
    told = [amount_of(Balance("", point.total, point.available, None)) for point in points]
    steps = [Amount(_ZERO), *told]
    values: list[Decimal | None] = []
    partly: list[bool] = []
    n = 0
    for at in instants:
        while n < len(points) and points[n].at <= at:
            n += 1
        amount = steps[n]
        values.append(amount.value if amount else None)
        partly.append(amount is None or not amount.complete)
    return _Cell(values, partly)


def _read_only(
    cells: Mapping[Coin, _Cell], states: Mapping[str, Sequence[State]]
) -> dict[Coin, list[Decimal | None]]:
    """Leave out what was not read."""
    return {
        key: [
            value if state == "read" else None
            for value, state in zip(cell.values, states[key[0]], strict=True)
        ]
        for key, cell in cells.items()
    }


@dataclass(frozen=True, slots=True)
class _Unsure:
    """Where totals are not all, for another reason than that something was not read."""

    partly: list[bool]
    may_be_less: list[bool]


def _unsure(cells: Mapping[Coin, _Cell], states: Mapping[str, Sequence[State]]) -> _Unsure:
    length = max((len(found) for found in states.values()), default=0)
    partly, less = [False] * length, [False] * length
    for key, cell in cells.items():
        for n, state in enumerate(states[key[0]]):
            value = cell.values[n]
            partly[n] |= state == "read" and cell.partly[n]
            less[n] |= state == "unread" and value is not None and value < 0
    return _Unsure(partly, less)


def _counted_once(
    cells: Mapping[Coin, list[Decimal | None]], spanning: Collection[Coin]
) -> Mapping[Coin, list[Decimal | None]]:
    """Take off a snapshot what lies in the other wallets of its account, and is counted there."""
    spans = {key for key in cells if key in spanning}
    counted = dict(cells)
    for path, coin in spans:
        account = path.partition("/")[0]
        own = [
            values
            for (other, held), values in cells.items()
            if held == coin and (other, held) not in spans and _is_own(other, account)
        ]
        counted[path, coin] = [
            None if snapshot is None else _beyond(snapshot, [values[n] for values in own])
            for n, snapshot in enumerate(cells[path, coin])
        ]
    return counted


def _is_own(path: str, account: str) -> bool:
    """Whether a wallet is one of the account itself; sub-accounts stake for themselves."""
    owner, _, wallet = path.partition("/")
    return owner == account and not wallet.startswith(SUB)


def _beyond(snapshot: Decimal, own: Iterable[Decimal | None]) -> Decimal:
    held = sum_of_known(own)
    if held is None:
        return snapshot
    return max(exact_sum([snapshot, held.copy_negate()]), _ZERO)


Group = tuple[str, str, str]
"""A band, an account and a coin."""


def _groups(
    cells: Mapping[Coin, list[Decimal | None]], band_of: Callable[[str, str], str]
) -> Mapping[Group, list[list[Decimal | None]]]:
    groups: dict[Group, list[list[Decimal | None]]] = defaultdict(list)
    for (path, coin), values in cells.items():
        groups[band_of(path, coin), path.partition("/")[0], coin].append(values)
    return groups


@dataclass(frozen=True, slots=True)
class _Sum:
    """What is known of a part, and what of it has no price."""

    known: Decimal | None = None
    unpriced: bool = False
    owed: bool = False
    """Whether what has no price is a debt."""

    @property
    def value(self) -> Decimal | None:
        """Nothing known beside something without a price is not nothing."""
        return None if self.unpriced and not self.known else self.known


def _added(parts: Iterable[_Sum]) -> _Sum:
    found = list(parts)
    return _Sum(
        sum_of_known(part.known for part in found),
        any(part.unpriced for part in found),
        any(part.owed for part in found),
    )


class _Summing:
    """Adds up what is known and has a price, and notes what has none."""

    def __init__(
        self,
        instants: Sequence[datetime],
        groups: Mapping[Group, list[list[Decimal | None]]],
        rate_at: RateAt | None,
    ) -> None:
        self._instants = instants
        self._rate_at = rate_at
        self.unpriced: set[str] = set()
        found: dict[str, list[Iterator[_Sum]]] = defaultdict(list)
        for (band, account, coin), cells in groups.items():
            found[band].append(self._worths(account, coin, cells))
        # Instant by instant: all coins at all instants at once would take megabytes.
        self._bands = {
            band: [_added(parts) for parts in zip(*rows, strict=True)]
            for band, rows in found.items()
        }

    def _worths(
        self, account: str, coin: str, cells: Iterable[Sequence[Decimal | None]]
    ) -> Iterator[_Sum]:
        for at, *parts in zip(self._instants, *cells, strict=True):
            yield self._worth(account, coin, at, parts)

    def _worth(
        self, account: str, coin: str, at: datetime, parts: Iterable[Decimal | None]
    ) -> _Sum:
        amount = sum_of_known(parts)
        if not amount or self._rate_at is None:
            return _Sum(amount)
        rate = self._rate_at(account, coin, at)
        if rate is not None:
            return _Sum(_WIDE.multiply(amount, rate))
        self.unpriced.add(coin)
        return _Sum(unpriced=True, owed=amount < 0)

    def bands(self) -> Sequence[Band]:
        """Return those of which there ever was some, the largest first."""
        told = [
            Band(name, tuple(part.value for part in parts)) for name, parts in self._bands.items()
        ]
        return sorted((band for band in told if any(band.values)), key=_size)

    def totals(self, states: Sequence[Sequence[State]], unsure: _Unsure) -> Iterator[Figure]:
        """Tell at each instant how much there was in all, and whether that is all."""
        for n, at in enumerate(self._instants):
            now = {found[n] for found in states}
            nothing = _Sum(_ZERO if "read" in now else None)
            total = _added([nothing, *(parts[n] for parts in self._bands.values())])
            yield Figure(
                at,
                total.value,
                unread="unread" in now,
                partly="unwatched" in now or unsure.partly[n] or total.unpriced,
                may_be_less=unsure.may_be_less[n] or total.owed,
            )


def _size(band: Band) -> tuple[Decimal, str]:
    """Put the largest first; what is alike, by name."""
    held = exact_sum(value.copy_abs() for value in band.values if value is not None)
    return held.copy_negate(), band.name


def _unread(
    past: Past, paths: Iterable[str], *, start: datetime, now: datetime
) -> Iterator[tuple[str, timedelta]]:
    """Tell of each wallet how long it was not read, if it was not."""
    for path in paths:
        lengths = [
            min(gap.ends_at, now) - max(gap.begins_at, start)
            for gap in past.gaps.get(path, ())
            if gap.ends_at > start and gap.begins_at < now
        ]
        if lengths:
            yield path, sum(lengths, timedelta(0))
