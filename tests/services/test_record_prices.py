"""What is kept of prices: an hour's first, of what is held, whatever goes wrong."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from bot.core.past_prices import KeptPrices
from bot.fetchers.model import Price
from bot.services.record_prices import RecordPrices
from tests.services.conftest import START, House


def tell(house: House, market: str, **prices: str) -> None:
    house.exchange.prices[market] = [
        Price(coin, "USDT", Decimal(price), house.clock()) for coin, price in prices.items()
    ]


def recorder(house: House, **other: Any) -> RecordPrices:
    markets = {"main": "okx", "xt": "xt"}
    given = {"open_unit": house.open_unit, **other}
    return RecordPrices(prices=house.prices, markets=markets, clock=house.clock, **given)


async def kept(house: House) -> KeptPrices:
    async with house.open_unit() as unit:
        coins = ["BTC", "ETH", "USDT", "EUR", "XYZ"]
        return await unit.past.prices(since=START - timedelta(1), every_h=1, coins=coins)


async def test_each_hour_what_is_held_is_kept_once(house: House) -> None:
    """Of a coin by the market where it lies; what nobody has is not kept, but for money."""
    house.exchange.answers = {"main/funding": {"ETH": "2", "USDT": "5"}, "xt/spot": {"XYZ": "1"}}
    await house.check(await house.start())
    record = recorder(house)
    tell(house, "okx", ETH="1800", XYZ="9", SOL="150", BTC="60000")
    tell(house, "xt", ETH="1801", XYZ="10")
    await record.refresh()
    expected = {
        ("okx", "ETH"): [(START, Decimal(1800))],
        ("okx", "BTC"): [(START, Decimal(60000))],
        ("xt", "XYZ"): [(START, Decimal(10))],
    }
    assert await kept(house) == expected
    tell(house, "okx", ETH="1900", EUR="1.1")
    house.clock.advance(minutes=30)
    await record.refresh()
    assert await kept(house) == {**expected, ("okx", "EUR"): [(START, Decimal("1.1"))]}
    house.clock.advance(minutes=30)
    tell(house, "okx", ETH="2000")
    await record.refresh()
    after = (await kept(house))["okx", "ETH"]
    assert after == [(START, Decimal(1800)), (START + timedelta(hours=1), Decimal(2000))]


async def test_what_cannot_be_kept_ends_nothing(house: House) -> None:
    """The prices are there all the same, and the next minute tries again."""
    house.exchange.answers = {"main/funding": {"ETH": "2"}}
    await house.check(await house.start())
    tell(house, "okx", ETH="1800")

    def broken() -> Any:
        raise OSError("disk full")

    record = recorder(house, open_unit=broken)
    await record.refresh()
    rate = house.prices.book("USDT").rate("okx", "ETH", now=house.clock())
    assert rate is not None
    assert await kept(house) == {}
    record._open_unit = house.open_unit
    await record.refresh()
    assert set(await kept(house)) == {("okx", "ETH")}
