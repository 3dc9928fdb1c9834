"""What balances are worth, over real sockets: the exchanges' own prices stand in the answer."""

import asyncio
import re
from decimal import Decimal

from bot.running import App
from tests.e2e.conftest import EXACT, Scene

PRICE_ENDPOINTS = {"okx": "market/tickers", "coinw": "returnTicker", "xt": "getTickers"}


def asked_for_prices(scene: Scene) -> dict[str, int]:
    return {
        slug: sum(entry.endpoint == endpoint for entry in scene.exchanges[slug].journal)
        for slug, endpoint in PRICE_ENDPOINTS.items()
    }


async def all_priced(app: App) -> None:
    """Wait until each exchange has told balances and prices."""
    async with asyncio.timeout(10):
        while (found := await app.use.balances.overview()).blind or found.total.unpriced:  # noqa: ASYNC110
            await asyncio.sleep(0.01)  # no bell is rung


async def test_values_stand_in_the_answer(scene: Scene) -> None:
    """Each exchange is asked for its prices once, and the sum of all wallets is told first."""
    scene.environ["BOT_CURRENCY"] = "EUR"
    scene.world.set_price("okx", "USDT", "EUR", "0.5")
    scene.world.set_price("okx", "BETH", "USDT", "2000")
    for slug in PRICE_ENDPOINTS:
        scene.world.set_price(slug, "X", "USDT", "3")
    async with scene.bot() as app:
        await all_priced(app)
        answer = await scene.balances()
        full = await scene.balances("/balance full")
    usdt = Decimal(2000) + Decimal(EXACT) + Decimal("257.51830114") + Decimal("6929.61087353")
    total = usdt / 2 + Decimal("0.63926191") * 1000
    assert answer.text.split("\n")[0] == f"Balances · ≈ {total:,.2f} EUR"
    main = (Decimal(2000) + Decimal(EXACT)) / 2 + Decimal("0.63926191") * 1000
    assert re.search(rf"^main +{main:,.2f} +68 %$", answer.text, re.MULTILINE)
    assert full.text.split("\n")[1] == f"≈ {total:,.2f} EUR"
    assert f"{usdt / 2:,.2f}" in full.text
    heading = next(line for line in full.text.split("\n") if "main/sub:desk1" in line)
    assert heading.endswith(f" · ≈\xa0{Decimal(EXACT) / 2:,.2f}\xa0EUR")
    assert "BETH: of which staked or redeeming 0.63926191" in full.text
    assert asked_for_prices(scene) == dict.fromkeys(PRICE_ENDPOINTS, 1)
