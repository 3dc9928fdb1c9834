"""The past of the demo: whole, without an alert, and ending where the demo begins."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from bot.sandbox.past import DAYS, write_past
from bot.sandbox.world import demo_world
from bot.settings import load_settings
from bot.store.database import open_database
from bot.store.unit_of_work import units_of

NOW = datetime(2026, 11, 21, 19, 51, 7, tzinfo=UTC)
BEGAN = NOW - timedelta(days=DAYS)


async def test_it_ends_where_the_demo_begins(tmp_path: Path) -> None:
    """Thirty days of each wallet, a gap where one was away, prices; nothing jumps at the end."""
    world = demo_world(now=NOW)
    settings = load_settings(
        {
            "BOT_DATABASE_URL": f"sqlite:///{tmp_path / 'bot.db'}",
            **{
                f"BOT_ACCOUNTS__{account.name.upper()}__{name}": value
                for account in world
                for name, value in (
                    ("EXCHANGE", account.exchange),
                    ("API_KEY", "key"),
                    ("API_SECRET", "secret"),
                    *([("PASSPHRASE", "phrase")] if account.exchange == "okx" else []),
                )
            },
        },
        folder=tmp_path,
    )
    await write_past(settings, world, now=NOW)
    url = settings.database_url.get_secret_value()
    async with open_database(url) as engine, units_of(engine)() as unit:
        known = await unit.wallets.load()
        funding = await unit.wallets.history(["main/funding"], ["USDT"], since=BEGAN)
        gaps = await unit.past.gaps(list(known), since=BEGAN)
        prices = await unit.past.prices(since=BEGAN, every_h=6, coins={"BTC", "CNY"})
    assert {"main/funding", "main/eth-staking", "main/sub:desk1", "xt/spot"} <= known.keys()
    for account in world:
        for wallet, coins in account.wallets.items():
            state = known[f"{account.name}/{wallet}"]
            assert state.read_at == NOW
            told = {b.asset: b.total for b in state.balances or ()}
            assert told == {coin: holding.total for coin, holding in coins.items()}
    (points,) = funding.points.values()
    assert len(points) > 20
    assert min(p.total for p in points if p.total is not None) > 500
    assert {path: len(found) for path, found in gaps.items()} == {"xt/spot": 1}
    for pair in (("okx", "BTC"), ("xt", "BTC"), ("okx", "CNY")):
        assert len(prices[pair]) == DAYS * 4
    assert Decimal(60_000) < prices["okx", "BTC"][0][1] < Decimal(100_000)
