"""Thinning out changes where they lie: in steps, coin by coin, and what is told stays right."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.core.history import Stretch
from bot.core.portfolio import WalletState
from bot.core.series import Gap
from bot.core.thinning import HOURLY, WHOLE, thinned_until
from bot.fetchers.model import Balance
from bot.services.ports import Mark, OpenUnit
from bot.store.schema import changes

NOW = datetime(2026, 6, 1, 10, 20, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PATHS = ("main/funding", "xt/spot")
COINS = ("BTC", "ETH", "USDT")


async def read(open_unit: OpenUnit, path: str, at: datetime, dice: random.Random) -> None:
    """Read some of each coin, or none of it, or what was there before."""
    async with open_unit() as unit:
        known = (await unit.wallets.load([path])).get(path)
        held = {b.asset: b for b in (known and known.balances) or ()}
        for coin in COINS:
            amount = Decimal(dice.randint(0, 3))
            if dice.random() < 0.5:
                held[coin] = Balance(coin, amount, amount, Decimal(0))
            elif dice.random() < 0.2:
                held.pop(coin, None)
        await unit.wallets.save([WalletState(path, tuple(held.values()), at)])


async def live(open_unit: OpenUnit, dice: random.Random) -> list[datetime]:
    """Be read for hours now and then in two years, and taken out of the settings once."""
    instants = []
    for days in (700, 500, 400, 375, 370, 365, 360, 200, 97, 92, 87, 5):
        at = NOW - days * DAY
        if days == 400:
            async with open_unit() as unit:
                await unit.wallets.forget(PATHS[:1])
        for _ in range(30):
            at += dice.choice([1, 5, 17, 60, 200]) * timedelta(minutes=1)
            at = at.replace(minute=0) + HOUR if dice.random() < 0.1 else at
            instants.append(at)
            for path in PATHS:
                await read(open_unit, path, at, dice)
    return sorted(instants)


async def thin(open_unit: OpenUnit, *, since: datetime | None = None) -> int:
    """Do all steps, each in a transaction of its own; give their number."""
    steps = 0
    mark: Mark | None = None
    while True:
        async with open_unit() as unit:
            until = thinned_until(NOW)
            mark = await unit.past.thin_changes(mark, since=since, until=until, now=NOW)
        steps += 1
        if mark is None:
            return steps


async def count(engine: AsyncEngine) -> int:
    async with engine.begin() as connection:
        return await connection.scalar(select(func.count()).select_from(changes)) or 0


async def told(
    open_unit: OpenUnit, instants: Sequence[datetime]
) -> dict[datetime, dict[str, set[Balance]]]:
    async with open_unit() as unit:
        return {
            at: {p: set(h) for p, h in (await unit.wallets.holdings_at(at)).items()}
            for at in instants
        }


async def stretches(open_unit: OpenUnit) -> dict[tuple[str, str], Sequence[Stretch]]:
    async with open_unit() as unit:
        since = NOW - 800 * DAY
        history = await unit.wallets.history(PATHS, COINS, since=since)
    return {
        (path, coin): history.stretches((path, coin), "total", since=since, now=NOW)
        for path in PATHS
        for coin in COINS
    }


async def test_answers_stay_right(open_unit: OpenUnit, engine: AsyncEngine) -> None:
    """At full hours of a year, at midnights of all time; nothing lasts longer than it was read."""
    instants = await live(open_unit, random.Random(3))  # noqa: S311 - the same in each run
    midnights = {at.replace(hour=0, minute=0) + d * DAY for at in instants for d in (0, 1)}
    hours = {at.replace(minute=0) + n * HOUR for at in instants for n in (0, 1)}
    recent = [at for at in hours if at > NOW - HOURLY + DAY]
    minutes = [at for at in instants if at > NOW - WHOLE]
    asked = sorted({*midnights, *recent, *minutes})
    before, lasted = await told(open_unit, asked), await stretches(open_unit)
    many = await count(engine)
    await thin(open_unit)
    left = await count(engine)
    assert left < many * 0.7
    assert await told(open_unit, asked) == before
    for key, found in (await stretches(open_unit)).items():
        for s in found:
            assert any(
                w.begins_at <= s.begins_at and s.ends_at <= w.ends_at and w.amount == s.amount
                for w in lasted[key]
            )
    assert await thin(open_unit) > 1
    assert await count(engine) == left


async def test_long_lists_are_thinned_step_by_step(
    open_unit: OpenUnit, engine: AsyncEngine
) -> None:
    """A coin that changes each minute takes some steps; the rest of the table is not looked at."""
    begin = thinned_until(NOW) - 7 * HOUR + timedelta(seconds=1)
    async with open_unit() as unit:
        for minute in range(7 * 60):
            amount = Decimal(minute)
            at = begin + minute * timedelta(minutes=1)
            balances = tuple(Balance(c, amount, amount, None) for c in ("A", "B"))
            await unit.wallets.save([WalletState("m/w", balances, at)])
    assert await thin(open_unit) == 2 * 5
    assert await count(engine) == 2 * (7 + 1)  # the last of each hour, and the first reading
    assert await thin(open_unit, since=begin + 9 * HOUR) == 2


async def test_old_gaps_go(open_unit: OpenUnit) -> None:
    """Wallet by wallet; one that reaches into what is kept stays."""
    old, late = NOW - 400 * DAY, NOW - 366 * DAY
    for wallet in PATHS:
        for at in (old, old + HOUR, late, NOW - 2 * HOUR, NOW):
            async with open_unit() as unit:
                await unit.wallets.save([WalletState(wallet, (), at)])
    async with open_unit() as unit:
        path: str | None = None
        seen = []
        while path := await unit.past.forget_gaps(path, before=NOW - HOURLY):
            seen.append(path)
        assert seen == list(PATHS)
        left = await unit.past.gaps(PATHS, since=old - DAY)
    kept = [Gap(late, NOW - 2 * HOUR), Gap(NOW - 2 * HOUR, NOW)]
    assert left == dict.fromkeys(PATHS, kept)
