"""Keeping house: old things go, and nothing that is still needed."""

from datetime import timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.core.delivery import Chat, Delivered
from bot.core.events import SourceFound
from bot.core.thinning import WHOLE
from bot.services.keep_house import KEEP_MESSAGES, KEEP_UPDATES, THIN_EVERY, KeepHouse
from bot.store.schema import changes, inbox

SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)


async def test_sweep(house: Any, engine: AsyncEngine) -> None:
    """Handled updates and delivered messages go when they are old; all else stays."""
    start = house.clock()
    event = SourceFound(path="main/funding", since=start, at=start)
    async with house.open_unit() as unit:
        await unit.inbox.add({1: "handled", 2: "never handled", 3: "newest"}, at=start)
        for update_id in (1, 3):
            await unit.inbox.mark_handled(update_id, at=start)
        for _ in range(2):
            await unit.outbox.add([event], chats=[Chat(1001)], at=start)
        (sent,) = await unit.outbox.lease(now=start)
        await unit.outbox.settle(sent.id, Delivered(1), at=start)
    keeper = KeepHouse(open_unit=house.open_unit, clock=house.clock)
    for age, kept in ((KEEP_UPDATES, {1, 2, 3}), (KEEP_UPDATES + SECOND, {2, 3})):
        house.clock.now = start + age
        await keeper.sweep()
        assert await _updates(engine) == kept
    house.clock.now = start + KEEP_MESSAGES + SECOND
    await keeper.sweep()
    async with house.open_unit() as unit:
        assert await unit.inbox.unhandled() == {2: "never handled"}
        assert await unit.inbox.next_offset() == 4
        (waiting,) = await unit.outbox.lease(now=house.clock())
    assert waiting.id != sent.id


async def test_the_past_is_thinned_once_a_day(house: Any, engine: AsyncEngine) -> None:
    """All of it after a start, and then from where it was left; a stop ends it between steps."""
    checks = house.build_checks()
    for amount in range(120):
        house.exchange.answers = {"main/funding": {"USDT": str(amount)}, "xt/spot": {"A": "1"}}
        await house.check(checks)
    keeper = KeepHouse(open_unit=house.open_unit, clock=house.clock, pause_s=0)
    house.clock.now += WHOLE - HOUR
    await keeper.sweep()
    half = 2 + 1 + 60  # the first reading of both, the last change of an hour, and all of the next
    assert await _changes(engine) == half
    house.clock.now += HOUR
    await keeper.sweep()
    assert await _changes(engine) == half
    house.clock.now += THIN_EVERY - HOUR
    await keeper.sweep()
    assert await _changes(engine) == 2 + 2


async def _changes(engine: AsyncEngine) -> int:
    async with engine.begin() as connection:
        return await connection.scalar(select(func.count()).select_from(changes)) or 0


async def _updates(engine: AsyncEngine) -> set[int]:
    async with engine.begin() as connection:
        return set(await connection.scalars(select(inbox.c.update_id)))
