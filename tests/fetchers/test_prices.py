"""Prices: of each market the last one or none, and never zero."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.fetchers import EXCHANGES, Credentials, Pacer, RateLimited, UnexpectedAnswer, open_fetcher
from bot.fetchers._http import HttpClient
from bot.fetchers._parsing import Malformed, market_prices
from bot.sandbox.exchanges import serve_exchange
from bot.sandbox.world import World
from tests.fetchers.conftest import OverHandler

NOW = datetime(2026, 1, 15, 9, tzinfo=UTC)


def written(slug: str, markets: Mapping[str, str]) -> str:
    """Write literals of JSON as prices, in the exchange's way."""
    if slug == "okx":
        rows = (f'{{"instId": "{m.replace("_", "-")}", "last": {p}}}' for m, p in markets.items())
        return f'{{"code": "0", "data": [{", ".join(rows)}]}}'
    if slug == "coinw":
        rows = (f'"{market}": {{"last": {price}}}' for market, price in markets.items())
        return f'{{"code": "200", "data": {{{", ".join(rows)}}}, "success": true}}'
    rows = (f'"{market.lower()}": {{"price": {price}}}' for market, price in markets.items())
    return f"{{{', '.join(rows)}}}"


async def told(
    slug: str, text: str, over_handler: OverHandler, *, rate: str = '{"usdCny": "7.162"}'
) -> dict[str, str]:
    """Ask for prices; give them by market, as plain text."""

    def answer(request: httpx.Request) -> httpx.Response:
        is_rate = request.url.path.endswith("exchange-rate")
        return httpx.Response(200, text=f'{{"code": "0", "data": [{rate}]}}' if is_rate else text)

    # A key that cannot be sent does no harm where none is sent.
    fetcher = open_fetcher(
        slug,
        Credentials("", ""),
        over_handler(answer),
        pacer=Pacer(enabled=False),
        clock=lambda: NOW,
    )
    prices = await fetcher.fetch_prices()
    assert {price.at for price in prices} <= {NOW}
    assert all(price.last > 0 for price in prices)
    return {f"{price.base}_{price.quote}": f"{price.last:f}" for price in prices}


CNY = {"USD_CNY": "7.162"}


def others(slug: str) -> Mapping[str, str]:
    return CNY if slug == "okx" else {}


@pytest.mark.parametrize("slug", EXCHANGES)
async def test_prices_are_exact(slug: str, over_handler: OverHandler) -> None:
    """Text and numbers, long ones and such with an exponent come out digit by digit."""
    markets = {
        "A_USDT": '"97412.30"',
        "B_USDT": "12345.678901234567890123",
        "C_USDT": "9.12E-6",
        "D_USDT": "1e3",
        "E_BTC": "2E-10",
        "F_USDT": "7",
    }
    assert await told(slug, written(slug, markets), over_handler) == {
        "A_USDT": "97412.30",
        "B_USDT": "12345.678901234567890123",
        "C_USDT": "0.00000912",
        "D_USDT": "1000",
        "E_BTC": "0.0000000002",
        "F_USDT": "7",
        **others(slug),
    }


NO_PRICES = [
    "0", '"0"', '"0.00"', "0E-8", "-1", '"-97412.3"', '""', "null", "true", "false", '"NaN"',
    '"Infinity"', "1e999", '"1e999"', "1e-999", '"1,5"', '" 1"', '"+1"', "[1]", "{}",
    f'"{"1" * 101}"',
]  # fmt: skip


@pytest.mark.parametrize("slug", EXCHANGES)
@pytest.mark.parametrize("literal", NO_PRICES)
async def test_what_is_no_price(slug: str, literal: str, over_handler: OverHandler) -> None:
    """A market without a usable price has none, the others have theirs; alone, it is an error."""
    markets = {"A_USDT": literal, "B_USDT": '"7"'}
    found = await told(slug, written(slug, markets), over_handler)
    assert found == {"B_USDT": "7", **others(slug)}
    with pytest.raises(UnexpectedAnswer):
        await told(slug, written(slug, {"A_USDT": literal}), over_handler)


@pytest.mark.parametrize("slug", EXCHANGES)
async def test_names_of_another_kind(slug: str, over_handler: OverHandler) -> None:
    """What is no market of two coins is left out, and so is one that occurs twice."""
    markets = {"A": '"1"', "_A": '"1"', "A_": '"1"', "A_B_C": '"1"', "C_D": '"1"', "": '"1"'}
    markets |= {"x_y": '"1"', "X_Y": '"2"'} if slug == "coinw" else {}
    assert await told(slug, written(slug, markets), over_handler) == {"C_D": "1", **others(slug)}


async def test_a_row_without_its_market(over_handler: OverHandler) -> None:
    """One row says nothing about the others."""
    rows = [{"last": "1"}, {"instId": None, "last": "1"}, {"instId": "A-B", "last": "2"}]
    text = json.dumps({"code": "0", "data": rows})
    assert await told("okx", text, over_handler) == {"A_B": "2", **CNY}


@pytest.mark.parametrize("slug", EXCHANGES)
async def test_nothing_is_traded(slug: str, over_handler: OverHandler) -> None:
    """A list without a market is one."""
    assert await told(slug, written(slug, {}), over_handler) == others(slug)


@pytest.mark.parametrize(
    "rate",
    [
        "",
        "{}",
        '{"usdCny": "0"}',
        '{"usdCny": null}',
        '{"usdCny": "7"}, {"usdCny": "8"}',
        "<html>",
    ],
)
async def test_without_the_rate_there_is_no_cny(rate: str, over_handler: OverHandler) -> None:
    """A rate that cannot be had costs the prices in CNY, and no others."""
    text = written("okx", {"A_B": '"1"'})
    assert await told("okx", text, over_handler, rate=rate) == {"A_B": "1"}


@pytest.mark.parametrize("slug", EXCHANGES)
async def test_prices_of_the_emulators(slug: str, http: HttpClient) -> None:
    """What was set is told, without a key that the exchange knows."""
    world = World()
    world.set_price(slug, "BTC", "USDT", "97412.30")
    world.set_price(slug, "PEPE", "USDT", "0.00000000912")
    async with serve_exchange(slug, world) as served:
        fetcher = open_fetcher(slug, Credentials("k", "s"), http, base_url=served.url)
        prices = await fetcher.fetch_prices()
        assert {entry.user for entry in served.journal} == {None}
    told = {(price.base, price.quote): price.last for price in prices}
    assert told.pop(("USD", "CNY"), None) == (Decimal("7.162") if slug == "okx" else None)
    assert told == {("BTC", "USDT"): Decimal("97412.30"), ("PEPE", "USDT"): Decimal("9.12e-9")}


PRICES = (
    st.decimals(allow_nan=True, allow_infinity=True) | st.integers() | st.text("0123456789.eE+-")
)


@given(st.lists(st.tuples(st.sampled_from(["A_B", "a_b", "C_D", "E", "_"]), PRICES)))
def test_a_price_is_above_zero_and_one_of_those_told(listed: list[tuple[str, Any]]) -> None:
    """The law: whatever is told, a price is finite, above zero, told once, and as it was told."""
    try:
        prices = market_prices(
            ((market, last if type(last) is int else str(last)) for market, last in listed),
            separator="_",
            at=NOW,
        )
    except Malformed:
        return
    assert len({(price.base, price.quote) for price in prices}) == len(prices)
    for price in prices:
        assert price.last.is_finite()
        assert price.last > 0
        of_it = [number(last) for market, last in listed if market[0].upper() == price.base]
        assert price.last in of_it


def number(told: object) -> Decimal | None:
    try:
        found = Decimal(str(told))
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


async def test_a_lock_is_heeded_where_good_answers_have_no_code(
    over_handler: OverHandler,
) -> None:
    """XT's tickers come bare; "too many" among them is a pause all the same, and kept."""
    asked = 0

    def locked(_: httpx.Request) -> httpx.Response:
        nonlocal asked
        asked += 1
        return httpx.Response(200, json={"code": 429, "info": "locked"})

    fetcher = open_fetcher("xt", Credentials("k", "s"), over_handler(locked))
    for _ in range(2):
        with pytest.raises(RateLimited, match="10 min"):
            await fetcher.fetch_prices()
    assert asked == 1
