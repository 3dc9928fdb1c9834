"""What amounts were before: kept as changes, told as stretches in which an amount stayed.

Between two readings nobody looked: a stretch ends with the last reading that still showed the
amount, and the next one begins with the first that showed another. A night in which the bot did
not run lies in no stretch.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise

from bot.core.portfolio import SUB, Amount, Part, amount_of
from bot.fetchers.model import Balance, exact_sum

Coin = tuple[str, str]
"""A path and a coin that lies there."""

_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Point:
    """An amount that was not what it had been in the reading before."""

    at: datetime
    before_at: datetime | None
    """When the amount before was read last; None: this was the first reading of the wallet."""
    total: Decimal | None
    available: Decimal | None


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time in which all readings showed the same amount."""

    begins_at: datetime
    ends_at: datetime
    amount: Amount


@dataclass(frozen=True, slots=True)
class History:
    """The changes of some coins; of each the last one before the time asked for comes first."""

    points: Mapping[Coin, Sequence[Point]] = field(default_factory=dict)
    """In the order of their instants."""
    first_read_at: Mapping[str, datetime] = field(default_factory=dict)
    """By path; before that nothing is known."""
    read_at: Mapping[str, datetime] = field(default_factory=dict)
    """By path, the last good reading that the points tell of."""

    def stretches(
        self, coin: Coin, part: Part, *, since: datetime, now: datetime
    ) -> Sequence[Stretch]:
        """Tell how much there was from `since` to `now`, as far as it is known."""
        kept = self.points.get(coin, ())
        points = kept[: bisect_right(kept, now, key=lambda point: point.at)]
        last_read_at = min(self.read_at.get(coin[0], now), now)
        ends = [min(_ends_at(point), now) for point in kept[1 : len(points) + 1]]
        ends += [last_read_at] * (len(points) - len(ends))
        absent = self._absent(coin, part, points, last_read_at)
        told = [absent] if absent is not None and absent.ends_at >= since else []
        for point, ends_at in zip(points, ends, strict=True):
            amount = amount_of(Balance(coin[1], point.total, point.available, None), part)
            if amount is not None and max(point.at, ends_at) >= since:
                told.append(Stretch(point.at, max(point.at, ends_at), amount))
        if told:
            told[0] = replace(told[0], begins_at=max(told[0].begins_at, since))
        return told

    def _absent(
        self, coin: Coin, part: Part, points: Sequence[Point], last_read_at: datetime
    ) -> Stretch | None:
        """Tell of the time when the wallet was read, and the coin was not there yet."""
        first_read_at = self.first_read_at.get(coin[0])
        ends_at = _ends_at(points[0]) if points else last_read_at
        is_first = bool(points) and points[0].before_at is None
        if first_read_at is None or is_first or ends_at < first_read_at:
            return None
        return Stretch(first_read_at, ends_at, Amount(_ZERO, part))


def _ends_at(point: Point) -> datetime:
    """Tell when the amount before was read last; no later than the next, for clocks put back."""
    return min(point.before_at or point.at, point.at)


def with_present(
    stretches: Sequence[Stretch], amount: Amount, *, read_at: datetime
) -> Sequence[Stretch]:
    """Go on to the present reading; what was told as another part before is not comparable."""
    alike = [stretch for stretch in stretches if stretch.amount.part == amount.part]
    if alike and alike[-1].amount.value == amount.value:
        last = alike.pop()
        return [*alike, replace(last, ends_at=max(last.ends_at, read_at))]
    return [*alike, Stretch(read_at, read_at, amount)]


def summed(
    parts: Mapping[str, Sequence[Stretch]],
    *,
    spanning: Collection[str],
    sweep: timedelta,
    most_apart: timedelta,
) -> Sequence[Stretch]:
    """Add up what lay in several wallets, from each change to the next, where all was known.

    A fall counts from one sweep earlier on: what moves from wallet to wallet and is read where it
    arrives before it is read where it leaves was never there twice.

    Args:
        parts: The stretches of each wallet, by path.
        spanning: The paths whose snapshots count what lies in other wallets of their account, too:
            of the two the account has the larger.
        sweep: How long a whole reading takes to come round.
        most_apart: A reading that is older does not tell what there is.
    """
    steps = sorted(
        (
            (s.begins_at, path, s)
            for path, told in parts.items()
            for s in _falling_early(told, sweep)
        ),
        key=lambda step: step[0],
    )
    sums = _Sums(spanning)
    ends: dict[str, datetime] = {}
    told: list[Stretch] = []
    for (at, path, stretch), following in zip(steps, [*steps[1:], None], strict=True):
        sums.put(path, stretch.amount.value)
        ends[path] = stretch.ends_at
        if len(ends) < len(parts) or (following is not None and following[0] == at):
            continue
        known_until = min(ends.values()) + most_apart
        if at <= known_until:
            ends_at = min(known_until, following[0] if following else max(ends.values()))
            told.append(Stretch(at, ends_at, Amount(sums.total, stretch.amount.part)))
    return told


def _falling_early(stretches: Sequence[Stretch], sweep: timedelta) -> Iterator[Stretch]:
    yield from stretches[:1]
    for before, after in pairwise(stretches):
        falls = after.amount.value < before.amount.value
        if falls and after.begins_at - before.ends_at <= 2 * sweep:
            begins_at = max(before.begins_at, after.begins_at - sweep)
            yield replace(after, begins_at=begins_at)
        else:
            yield after


class _Sums:
    """The sum over wallets, kept up to date as one after the other changes."""

    def __init__(self, spanning: Collection[str]) -> None:
        self._spanning = spanning
        self._values: dict[str, Decimal] = {}
        self._own: dict[str, Decimal] = defaultdict(Decimal)
        self._spans: dict[str, Decimal] = {}
        self._apart = _ZERO

    def put(self, path: str, value: Decimal) -> None:
        """Take the present amount of one wallet."""
        account, _, wallet = path.partition("/")
        change = exact_sum([value, self._values.get(path, _ZERO).copy_negate()])
        self._values[path] = value
        if path in self._spanning:
            self._spans[account] = value
        elif wallet.startswith(SUB):
            self._apart = exact_sum([self._apart, change])
        else:
            self._own[account] = exact_sum([self._own[account], change])

    @property
    def total(self) -> Decimal:
        """What there is in all."""
        accounts = {*self._own, *self._spans}
        return exact_sum(
            [
                self._apart,
                *(
                    max(found[a] for found in (self._own, self._spans) if a in found)
                    for a in accounts
                ),
            ]
        )
