"""Keeping house: old things go, and nothing that is still needed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, timedelta
from itertools import accumulate, pairwise
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.core.delivery import Chat, Delivered
from bot.core.events import SourceFound
from bot.core.portfolio import WalletState
from bot.core.thinning import HOURLY, WHOLE
from bot.services.keep_house import (
    KEEP_DIGESTS,
    KEEP_MESSAGES,
    KEEP_UPDATES,
    THIN_EVERY,
    KeepHouse,
)
from bot.services.ports import OpenUnit, Unit
from bot.store.database import open_database
from bot.store.schema import changes, inbox
from bot.store.unit_of_work import units_of
from tests.services.conftest import HandClock

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


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


async def test_it_is_swept_in_small_steps(house: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Others can write after some messages that go, and some digests, as old as may be."""
    start = house.clock()
    event = SourceFound(path="main/funding", since=start, at=start)
    async with house.open_unit() as unit:
        for number in range(5):
            await unit.outbox.add([event], chats=[Chat(1001)], at=start)
            (sent,) = await unit.outbox.lease(now=start)
            await unit.outbox.settle(sent.id, Delivered(number), at=start)
        for days in range(500):
            await unit.digests.add(1001, start.date() - timedelta(days=days), at=start)
    left: list[tuple[int, int]] = []

    @asynccontextmanager
    async def counted() -> AsyncIterator[Unit]:
        async with house.open_unit() as unit:
            yield unit
        async with house.open_unit() as unit:
            dates = await unit.digests.dates(1001, since=date.min)
            told = [await unit.outbox.events_of(n) for n in range(1, 6)]
            left.append((len([events for events in told if events]), len(dates)))

    monkeypatch.setattr("bot.services.keep_house.AT_ONCE_S", 0)
    monkeypatch.setattr("bot.store.outbox.FORGOTTEN_AT_ONCE", 2)
    house.clock.now = start + KEEP_DIGESTS
    await _read(house.open_unit, house.clock)
    await KeepHouse(open_unit=counted, clock=house.clock, pause_s=0).sweep()
    steps = [(a - c, b - d) for (a, b), (c, d) in pairwise([(5, 500), *left])]
    assert [step for step in steps if step != (0, 0)] == [
        *[(2, 0), (2, 0), (1, 0)],
        *[(0, 200), (0, 200), (0, 99)],
    ]


async def test_the_past_is_thinned_once_a_day(house: Any, engine: AsyncEngine) -> None:
    """All of it after a start, and then from where it was left; a stop ends it between steps."""
    checks = house.build_checks()
    for amount in range(120):
        house.exchange.answers = {"main/funding": {"USDT": str(amount)}, "xt/spot": {"A": "1"}}
        await house.check(checks)
    keeper = KeepHouse(open_unit=house.open_unit, clock=house.clock, pause_s=0)
    house.clock.now += WHOLE - HOUR
    await _read(house.open_unit, house.clock)
    await keeper.sweep()
    half = 2 + 1 + 60  # the first reading of both, the last change of an hour, and all of the next
    assert await _changes(engine) == half
    house.clock.now += HOUR
    await _read(house.open_unit, house.clock)
    await keeper.sweep()
    assert await _changes(engine) == half
    house.clock.now += THIN_EVERY - HOUR
    await keeper.sweep()
    assert await _changes(engine) == 2 + 2


SPANS = st.lists(
    st.sampled_from([MINUTE, 20 * MINUTE, HOUR, 9 * HOUR, DAY, 30 * DAY]), min_size=2, max_size=60
)


@settings(max_examples=15)
@given(SPANS, st.lists(st.sampled_from([THIN_EVERY, 30 * HOUR, 9 * DAY]), max_size=60))
@example([2 * HOUR] * 60, [9 * DAY] * 50)
def test_how_often_it_is_thinned_does_not_matter(
    apart: list[timedelta], spans: list[timedelta]
) -> None:
    """One process that sweeps for years leaves what a new one leaves that sweeps at the end."""

    async def live() -> None:
        with TemporaryDirectory() as folder:
            async with open_database(f"sqlite:///{folder}/bot.db") as engine:
                often = await _left(engine, apart, spans)
                assert often == await _left(engine, apart, [sum(spans, timedelta(0))])

    asyncio.run(live())


async def _left(
    engine: AsyncEngine, apart: list[timedelta], spans: list[timedelta]
) -> list[tuple[Any, ...]]:
    """Let changes lie so far apart and one process sweep after each span; tell what is left."""
    clock = HandClock()
    instants = [clock.now - before for before in accumulate(apart)][::-1]
    rows = [
        {"id": n, "path": "main/funding", "asset": "USDT", "at": at, "before_at": before}
        for n, (before, at) in enumerate(pairwise([None, *instants]), start=1)
    ]
    async with engine.begin() as connection:
        await connection.execute(delete(changes))
        await connection.execute(insert(changes), rows)
    open_unit = units_of(engine)
    keeper = KeepHouse(open_unit=open_unit, clock=clock, pause_s=0)
    for span in (timedelta(0), *spans):
        clock.now += span
        await _read(open_unit, clock)
        await keeper.sweep()
    async with engine.begin() as connection:
        found = await connection.execute(select(changes).order_by(changes.c.id))
        return [tuple(row) for row in found]


async def test_clock_far_ahead(house: Any, engine: AsyncEngine) -> None:
    """A machine that starts with one loses nothing of what it has just read."""
    checks = house.build_checks()
    for amount in range(10):
        house.exchange.answers = {"main/funding": {"USDT": str(amount)}}
        await house.check(checks)
    right, before = house.clock.now, await _changes(engine)
    house.clock.now += 2 * HOURLY
    keeper = KeepHouse(open_unit=house.open_unit, clock=house.clock, pause_s=0)
    await keeper.sweep()
    assert await _changes(engine) == before
    house.clock.now = right + WHOLE + DAY
    await _read(house.open_unit, house.clock)
    await keeper.sweep()
    assert await _changes(engine) < before


async def _read(open_unit: OpenUnit, clock: HandClock) -> None:
    """Find an empty wallet."""
    async with open_unit() as unit:
        await unit.wallets.save([WalletState("xt/futures", (), clock())])


async def _changes(engine: AsyncEngine) -> int:
    async with engine.begin() as connection:
        return await connection.scalar(select(func.count()).select_from(changes)) or 0


async def _updates(engine: AsyncEngine) -> set[int]:
    async with engine.begin() as connection:
        return set(await connection.scalars(select(inbox.c.update_id)))
