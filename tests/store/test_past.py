"""Prices of the past, gaps in the readings, and the episodes that there were."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine

from bot.core.delivery import Chat
from bot.core.events import AlertCleared, AlertRaised
from bot.core.portfolio import WalletState
from bot.core.series import Gap
from bot.services.ports import OpenUnit
from bot.store import migrations
from bot.store.database import open_database
from bot.store.past import KEEP_PRICES
from bot.store.unit_of_work import units_of

HOUR = timedelta(hours=1)
NOON = datetime(2026, 1, 15, 12, tzinfo=UTC)


async def test_the_first_price_of_an_hour_stays(open_unit: OpenUnit) -> None:
    """A restart within the hour changes nothing; prices come back in order, to the last digit."""
    async with open_unit() as unit:
        await unit.past.keep_prices({}, hour=NOON)
        await unit.past.keep_prices({("okx", "BTC"): Decimal("60000.123")}, hour=NOON + HOUR)
        await unit.past.keep_prices({("okx", "BTC"): Decimal(59000)}, hour=NOON)
        again = {("okx", "BTC"): Decimal(1), ("okx", "ETH"): Decimal(2)}
        await unit.past.keep_prices(again, hour=NOON)
    async with open_unit() as unit:
        found = await unit.past.prices(since=NOON, every_h=1, coins=["BTC", "ETH"])
    assert found == {
        ("okx", "BTC"): [(NOON, Decimal(59000)), (NOON + HOUR, Decimal("60000.123"))],
        ("okx", "ETH"): [(NOON, Decimal(2))],
    }


async def test_only_what_is_asked_for(open_unit: OpenUnit) -> None:
    """From an instant on, of some coins, each so many hours by the clock of UTC."""
    async with open_unit() as unit:
        for n in range(24):
            prices = {("m", coin): Decimal(n + 1) for coin in ("A", "B")}
            await unit.past.keep_prices(prices, hour=NOON + n * HOUR)
        found = await unit.past.prices(since=NOON + 3 * HOUR, every_h=6, coins=["A"])
    assert found == {
        ("m", "A"): [(NOON + n * HOUR, Decimal(n + 1)) for n in (6, 12, 18)],
    }


async def test_what_is_long_past_is_thinned_out(open_unit: OpenUnit) -> None:
    """After eight days four prices a day stay, after a hundred one; and no fewer later on."""
    days = timedelta(days=1)
    async with open_unit() as unit:
        for begin in (NOON, NOON - 20 * days, NOON - 200 * days, NOON - KEEP_PRICES):
            for n in range(24):
                await unit.past.keep_prices({("m", "A"): Decimal(1)}, hour=begin - n * HOUR)
        for _ in range(2):
            assert await unit.past.thin_prices(None, now=NOON + HOUR) == ("m", "A")
            assert await unit.past.thin_prices(("m", "A"), now=NOON + HOUR) is None
            found = await unit.past.prices(since=NOON - 900 * days, every_h=1, coins=["A"])
            told = [(NOON - at) // days for at, _ in found["m", "A"]]
            assert [told.count(day) for day in (0, 20, 200)] == [24, 4, 1]
            assert max(told) < KEEP_PRICES // days


async def test_a_year_of_prices_is_small(url: str, tmp_path: Path) -> None:
    """100 coins that are held for a year, thinned out as time goes, stay below 5 MB."""
    coins = {("okx", f"COIN{n}"): Decimal("1234.567891") for n in range(100)}
    async with open_database(url) as engine:
        open_unit = units_of(engine)
        async with open_unit() as unit:
            for day in range(365):
                hours = 24 if day > 365 - 8 else 4 if day > 365 - 100 else 1
                for n in range(hours):
                    at = NOON.replace(hour=0) - (365 - day) * 24 * HOUR + n * 24 // hours * HOUR
                    await unit.past.keep_prices(coins, hour=at)
            pair = None
            while pair := await unit.past.thin_prices(pair, now=NOON):
                pass
    with closing(sqlite3.connect(tmp_path / "data" / "bot.db")) as base:
        base.execute("VACUUM")
    assert (tmp_path / "data" / "bot.db").stat().st_size < 5_000_000


async def test_a_gap_is_kept_where_readings_lie_apart(
    open_unit: OpenUnit, wallet: Callable[..., WalletState], now: datetime
) -> None:
    """One row a gap; none while all goes well, for a first reading, or one that has failed."""
    path = "main/funding"
    for minute in (0, 1, 2, 30, 31, 36, 37):
        async with open_unit() as unit:
            state = wallet(path, minutes=minute, USDT="1")
            await unit.wallets.save([state, wallet("xt/spot", minutes=minute, BTC="1")])
            await unit.wallets.save([state])
    async with open_unit() as unit:
        gaps = await unit.past.gaps([path], since=now)
        late = await unit.past.gaps([path], since=now + timedelta(minutes=30))
    first = Gap(now + timedelta(minutes=2), now + timedelta(minutes=30))
    assert gaps == {path: [first]}
    assert late == {}
    async with open_unit() as unit:
        state = wallet(path, minutes=100, USDT="1")
        await unit.wallets.save([state], most_apart=timedelta(hours=3))
        assert await unit.past.gaps([path], since=now) == {path: [first]}


async def test_gaps_of_an_earlier_life_are_not_told(
    open_unit: OpenUnit, wallet: Callable[..., WalletState], now: datetime
) -> None:
    """A wallet that left the settings and is back begins anew."""
    path = "main/funding"
    async with open_unit() as unit:
        await unit.wallets.save([wallet(path, minutes=0, USDT="1")])
        await unit.wallets.save([wallet(path, minutes=30, USDT="1")])
        await unit.wallets.retain([])
        await unit.wallets.save([wallet(path, minutes=60, USDT="1")])
        assert await unit.past.gaps([path], since=now) == {}


async def test_a_coin_that_was_held_is_known(
    open_unit: OpenUnit, wallet: Callable[..., WalletState]
) -> None:
    """Also when it has gone; but not when it lay in another wallet."""
    async with open_unit() as unit:
        await unit.wallets.save([wallet("main/funding", minutes=0, USDT="1")])
        await unit.wallets.save([wallet("main/funding", minutes=1)])
        assert await unit.past.was_held(["main/funding"], "USDT")
        assert not await unit.past.was_held(["xt/spot"], "USDT")
        assert not await unit.past.was_held(["main/funding"], "BTC")


async def test_turns_are_told_once(
    open_unit: OpenUnit,
    raised: Callable[[str], AlertRaised],
    cleared: Callable[[str], AlertCleared],
    now: datetime,
) -> None:
    """However many chats were told; in order, from an instant on."""
    chats = [Chat(1, since=now), Chat(2, since=now)]
    async with open_unit() as unit:
        for chat in chats:
            await unit.chats.add(chat)
        await unit.outbox.add([raised("A"), raised("B")], chats=chats, at=now)
        await unit.outbox.add([cleared("A")], chats=chats, at=now)
        turns = await unit.past.turns(since=now)
        assert {(turn.alert.incident, turn.kind) for turn in turns} == {
            ("A", "alert_raised"),
            ("B", "alert_raised"),
            ("A", "alert_cleared"),
        }
        assert len(turns) == 3
        assert await unit.past.turns(since=now + HOUR) == []


async def test_earlier_gaps_are_found_by_the_changes(tmp_path: Path) -> None:
    """What was kept before tells of the gaps at whose end something had changed."""
    path = tmp_path / "bot.db"
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(Path(migrations.__file__).parent))
        config.attributes["connection"] = connection
        command.upgrade(config, "0003")
    engine.dispose()
    with closing(sqlite3.connect(path)) as old, old:
        told = "INSERT INTO changes (path, asset, at, before_at) VALUES (?, ?, ?, ?)"
        begin = "2026-01-15 09:00:00.000000"
        rows = [
            ("main/funding", "USDT", begin, None),
            ("main/funding", "USDT", "2026-01-15 09:30:00.000000", begin),
            ("xt/spot", "USDT", "2026-01-15 12:00:00.000000", begin),
            ("xt/spot", "BTC", "2026-01-15 12:00:00.000000", begin),
        ]
        old.executemany(told, rows)
    async with open_database(f"sqlite:///{path}"):
        pass
    with closing(sqlite3.connect(path)) as base:
        found = base.execute("SELECT * FROM gaps").fetchall()
    assert found == [("xt/spot", begin, "2026-01-15 12:00:00.000000")]


async def test_of_many_changes_the_last_of_each_step(
    open_unit: OpenUnit, wallet: Callable[..., WalletState], now: datetime
) -> None:
    """And what there was before; at the end of each step the same is told as by all of them."""
    path = "main/funding"
    for minute in range(60):
        async with open_unit() as unit:
            await unit.wallets.save([wallet(path, minutes=minute, USDT=str(minute))])
    since = now + timedelta(minutes=9.5)
    async with open_unit() as unit:
        assert await unit.past.count_changes([path], None, since=since) == 50
        assert await unit.past.count_changes([path], ["BTC"], since=since) == 0
        every = timedelta(minutes=15)
        found = await unit.wallets.history([path], None, since=since, every=every)
    assert [point.total for point in found.points[path, "USDT"]] == [9, 24, 39, 54, 59]
