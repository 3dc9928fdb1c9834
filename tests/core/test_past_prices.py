"""Prices of the past: what is kept, and what an instant is valued by."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from bot.core.past_prices import PastPrices, hour_of, prices_to_keep
from bot.core.valuation import Currency, PriceBook
from bot.fetchers.model import Price

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def kept(**hours: str) -> PastPrices:
    """Say what BTC cost how many hours after noon."""
    told = [(NOON + int(name[1:]) * HOUR, Decimal(price)) for name, price in hours.items()]
    return PastPrices({("okx", "BTC"): told}, "USD")


def btc(prices: PastPrices, hours: float) -> Decimal | None:
    at = NOON + hours * HOUR
    rate = prices.book(at).rate("okx", "BTC", now=at)
    return rate.factor if rate else None


def test_the_nearest_price_counts_and_none_that_is_far() -> None:
    """Before or after; where none is within twelve hours there is none, and that is not 0."""
    prices = kept(h0="100", h1="200", h30="300")
    found = [btc(prices, at) for at in (0, 0.4, 0.6, 1, 12, 25, 40)]
    assert found == [100, 100, 200, 200, 200, 300, 300]
    assert btc(prices, 15) is None
    assert btc(prices, -13) is None
    assert btc(kept(), 0) is None


@pytest.mark.parametrize(
    ("currency", "worth"), [("USDT", 100), ("USD", 99), ("CNY", 693), ("BTC", 2), ("EUR", 90)]
)
def test_a_book_of_the_past_knows_every_currency(currency: Currency, worth: int) -> None:
    """All that is kept is in USDT; the others are reached over it."""
    told = {
        "ABC": "100",
        "USD": str(Decimal(100) / 99),
        "CNY": str(Decimal(100) / 693),
        "BTC": "50",
        "EUR": str(Decimal(10) / 9),
    }
    prices = PastPrices(
        {("okx", coin): [(NOON, Decimal(price))] for coin, price in told.items()}, currency
    )
    rate = prices.book(NOON).rate("okx", "ABC", now=NOON)
    assert rate is not None
    assert round(rate.factor, 9) == worth


def test_what_is_kept_is_young_and_short() -> None:
    """A price of more than an hour is not taken for one of this hour, nor one at par for any."""
    at = NOON + timedelta(minutes=5)
    told = [
        Price("BTC", "USDT", Decimal("60000.123456789"), at),
        Price("ETH", "BTC", Decimal("0.03"), at),
        Price("OLD", "USDT", Decimal(1), at - 2 * HOUR),
    ]
    book = PriceBook({"m": told}, "USDT", now=at)
    wanted = {("okx", coin): "m" for coin in ("BTC", "ETH", "OLD", "USD", "NONE")}
    found = prices_to_keep(wanted, book, now=at)
    assert found == {
        ("okx", "BTC"): Decimal("60000.12346"),
        ("okx", "ETH"): Decimal("1800.003704"),
    }
    assert hour_of(at) == NOON
