"""What coins were worth before: prices of full hours that were kept, and books made of them.

Every kept price is in USDT, which all exchanges quote; what USD, EUR and CNY were in USDT is kept
as well, so that a book tells the past in any currency.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal

from bot.core.valuation import COMMON, Currency, Pair, PriceBook
from bot.fetchers.model import Price

KEPT_IN: Currency = "USDT"
MONEY = COMMON - {KEPT_IN}
"""What is kept of one market even if nobody holds it: other currencies are reached by it."""
NEAR = timedelta(hours=12)
"""How far a kept price may be from an instant that is valued by it; beyond, there is none."""

KeptPrices = Mapping[Pair, Sequence[tuple[datetime, Decimal]]]
"""By market and coin, in the order of the hours."""

_HOUR = timedelta(hours=1)
_ZERO_HOUR = datetime(1970, 1, 1, tzinfo=UTC)
# A value is an approximation, and each digit is kept thousands of times.
_SHORT = Context(prec=10, rounding=ROUND_HALF_EVEN)


def hour_of(at: datetime) -> datetime:
    """Return the full hour in which an instant lies."""
    return at - (at - _ZERO_HOUR) % _HOUR


def prices_to_keep(
    wanted: Mapping[Pair, str], book: PriceBook, *, now: datetime
) -> Mapping[Pair, Decimal]:
    """Find what there is to be kept of an hour: no price that is older than that.

    Args:
        wanted: By what a price is kept as, the market that is asked for it now.
        book: The present prices, in `KEPT_IN`.
        now: The present instant.
    """
    found = {}
    for (kept_as, coin), market in wanted.items():
        rate = book.rate(market, coin, now=now)
        if rate is not None and not rate.at_par and not rate.is_older(_HOUR, now):
            found[kept_as, coin] = _SHORT.plus(rate.factor)
    return found


class PastPrices:
    """Price books as of instants; each is made once an hour of the past."""

    def __init__(self, kept: KeptPrices, currency: Currency) -> None:
        self._kept = kept
        self._currency: Currency = currency
        self._books: dict[datetime, PriceBook] = {}

    def book(self, at: datetime) -> PriceBook:
        """Return the prices that were kept nearest to an instant, as far as any is near."""
        hour = hour_of(at + _HOUR / 2)
        if hour not in self._books:
            self._books[hour] = self._book(hour)
        return self._books[hour]

    def _book(self, hour: datetime) -> PriceBook:
        prices: dict[str, list[Price]] = {}
        for (market, coin), kept in self._kept.items():
            nearest = _nearest(kept, hour)
            if nearest is not None:
                prices.setdefault(market, []).append(Price(coin, KEPT_IN, nearest, hour))
        return PriceBook(prices, self._currency, now=hour)


def _nearest(kept: Sequence[tuple[datetime, Decimal]], at: datetime) -> Decimal | None:
    behind = bisect_left(kept, at, key=lambda dated: dated[0])
    near = [
        (abs(hour - at), price)
        for hour, price in kept[max(behind - 1, 0) : behind + 1]
        if abs(hour - at) <= NEAR
    ]
    return min(near, key=lambda found: found[0], default=(None, None))[1]
