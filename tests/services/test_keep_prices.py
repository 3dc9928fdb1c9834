"""Prices: each market asked once, kept over failures with their age, and nothing escapes."""

import asyncio
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import structlog.testing

from bot.core.portfolio import WalletState
from bot.core.valuation import Currency, Valuation
from bot.fetchers.errors import ExchangeUnavailable, RateLimited
from bot.fetchers.model import Balance, Price
from bot.services.keep_prices import KeepPrices


def price(house: Any, pair: str, last: str) -> Price:
    base, quote = pair.split("-")
    return Price(base, quote, Decimal(last), house.clock())


def value(house: Any, account: str = "main", coin: str = "X") -> Valuation:
    """Value one coin of an account."""
    balance = Balance(coin, Decimal(1), None, None)
    wallet = WalletState(f"{account}/spot", (balance,), house.clock())
    found: Valuation = house.prices.appraise([wallet]).total
    return found


async def test_each_market_is_asked_once(house: Any) -> None:
    """Whatever accounts there are at a market, it is asked once, and values all of them."""
    house.exchange.prices = {"okx": [price(house, "X-USDT", "2")], "xt": []}
    assert value(house).unpriced == ("X",)
    await house.prices.refresh()
    assert sorted(house.exchange.asked) == ["prices of okx", "prices of xt"]
    assert value(house).value == 2
    assert value(house, "xt").unpriced == ("X",)


async def test_new_prices_take_the_place_of_old_ones(house: Any) -> None:
    """What is told anew counts; what an answer leaves out keeps its price, and its age."""
    house.exchange.prices["okx"] = [price(house, "X-USDT", "2"), price(house, "Y-USDT", "3")]
    await house.prices.refresh()
    told_at = house.clock()
    house.clock.advance(minutes=6)
    house.exchange.prices["okx"] = [price(house, "X-USDT", "4")]
    await house.prices.refresh()
    assert (value(house).value, value(house).oldest) == (Decimal(4), house.clock())
    left = value(house, coin="Y")
    assert (left.value, left.oldest) == (Decimal(3), told_at)
    assert left.is_stale(house.clock())


async def test_prices_in_any_currency(house: Any) -> None:
    """A rule may ask for another currency than the bot's; a refresh renews every book."""
    house.exchange.prices["okx"] = [price(house, "X-EUR", "2"), price(house, "X-USDT", "3")]
    await house.prices.refresh()
    now = house.clock()

    def worth(currency: Currency) -> str:
        rate = house.prices.book(currency).rate("okx", "X", now=now)
        return f"{rate.factor:f}" if rate is not None else "no price"

    assert (worth("EUR"), worth("USDT"), worth("CNY")) == ("2", "3", "no price")
    assert house.prices.book("EUR") is house.prices.book("EUR")
    assert house.prices.markets == {"main": "okx", "xt": "xt"}
    house.exchange.prices["okx"] = [price(house, "X-EUR", "4"), price(house, "X-USDT", "5")]
    await house.prices.refresh()
    assert (worth("EUR"), worth("USDT")) == ("4", "5")


async def test_failures_keep_the_old_prices(house: Any) -> None:
    """Of a market that fails the prices grow old; the others go on; a day later they are none."""
    house.exchange.prices = {
        "okx": [price(house, "X-USDT", "2")],
        "xt": [price(house, "X-USDT", "5")],
    }
    await house.prices.refresh()
    house.exchange.prices["okx"] = ExchangeUnavailable("okx answered HTTP 502")
    house.clock.advance(hours=24)
    house.exchange.prices["xt"] = [price(house, "X-USDT", "6")]
    await house.prices.refresh()
    assert (value(house).value, value(house).is_stale(house.clock())) == (Decimal(2), True)
    assert (value(house, "xt").value, value(house, "xt").is_stale(house.clock())) == (
        Decimal(6),
        False,
    )
    house.clock.advance(seconds=1)
    assert value(house) == Valuation("USDT", None, unpriced=("X",))


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ExchangeUnavailable("okx answered HTTP 502"), "okx answered HTTP 502"),
        (ValueError("unforeseen"), "unforeseen"),
        (TimeoutError(), "no answer within 20 s"),
    ],
)
async def test_each_change_is_logged_once(house: Any, error: Exception, reason: str) -> None:
    """A failure is told when it begins and when it ends, however often it is met, and is kept."""
    with structlog.testing.capture_logs() as logs:
        answers: list[Any] = [[], error, error, error, [], [], error]
        for answer in answers:
            house.exchange.prices["okx"] = answer
            await house.prices.refresh()
    assert [(entry["log_level"], entry["account"]) for entry in logs] == [
        ("warning", "okx"),
        ("info", "okx"),
        ("warning", "okx"),
    ]
    assert logs[0]["reason"] == reason
    assert (logs[0]["exc_info"] is not None) == isinstance(error, ValueError)


async def test_a_pause_is_kept(house: Any) -> None:
    """A market that wants a pause is not asked before its end; the others are."""
    retry_at = house.clock() + timedelta(minutes=10)
    house.exchange.prices["okx"] = RateLimited("too many requests", retry_at=retry_at)
    for _ in range(10):
        await house.prices.refresh()
        house.clock.advance(minutes=1)
    assert house.exchange.asked.count("prices of okx") == 1
    assert house.exchange.asked.count("prices of xt") == 10
    await house.prices.refresh()
    assert house.exchange.asked.count("prices of okx") == 2


async def test_a_market_that_hangs_holds_nobody_up(
    house: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is given up at its deadline; what another has told meanwhile counts at once."""
    monkeypatch.setattr("bot.services.keep_prices.DEADLINE_S", 0.05)
    seen: list[Valuation] = []

    async def hang() -> list[Price]:
        for _ in range(3):
            await asyncio.sleep(0)
        seen.append(prices.appraise([wallet]).total)
        await asyncio.Event().wait()
        return []

    async def tell() -> list[Price]:
        return [price(house, "X-USD", "3")]

    prices = KeepPrices(
        readers={"a": hang, "b": tell},
        markets={"a": "a", "b": "b"},
        currency="USD",
        clock=house.clock,
    )
    wallet = WalletState("b/spot", (Balance("X", Decimal(2), None, None),), house.clock())
    with structlog.testing.capture_logs() as logs:
        await prices.refresh()
    assert [valuation.value for valuation in seen] == [6]
    assert [(entry["account"], entry["reason"]) for entry in logs] == [
        ("a", "no answer within 0.05 s")
    ]


async def test_a_clock_that_is_put_back_stops_nothing(house: Any) -> None:
    """Prices are asked for as ever."""
    await house.prices.refresh()
    house.clock.advance(days=-1)
    await house.prices.refresh()
    assert house.exchange.asked.count("prices of okx") == 2


async def test_stopping_is_no_failure(house: Any) -> None:
    """A refresh that is cancelled ends, and is not logged as a market that fails."""
    gate = asyncio.Event()

    async def wait() -> list[Price]:
        await gate.wait()
        return []

    prices = KeepPrices(readers={"a": wait}, markets={}, currency="USD", clock=house.clock)
    with structlog.testing.capture_logs() as logs:
        refreshing = asyncio.ensure_future(prices.refresh())
        await asyncio.sleep(0)
        refreshing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await refreshing
    assert logs == []
