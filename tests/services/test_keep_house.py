"""Keeping house: old things go, and nothing that is still needed."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from itertools import accumulate, pairwise
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Table, delete, func, insert, select
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
from bot.store.schema import audit, changes, digests, elsewhere, inbox, outbox
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
    for age, kept in ((KEEP_UPDATES, {1, 2, 3}), (KEEP_UPDATES + SECOND, {2})):
        house.clock.now = start + age
        await _read(house.open_unit, house.clock)
        await keeper.sweep()
        assert await _updates(engine) == kept
    house.clock.now = start + KEEP_MESSAGES + SECOND
    await _read(house.open_unit, house.clock)
    await keeper.sweep()
    async with house.open_unit() as unit:
        assert await unit.inbox.unhandled() == {2: "never handled"}
        (waiting,) = await unit.outbox.lease(now=house.clock())
    assert waiting.id != sent.id


async def test_it_is_swept_in_small_steps(
    house: Any, engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others can write after some of what goes, whatever it is, and as old as may be."""
    await _fill(engine, house.clock())
    gone: dict[str, list[int]] = {table.name: [] for table in SWEPT}
    before = await _counts(engine)

    @asynccontextmanager
    async def counted() -> AsyncIterator[Unit]:
        nonlocal before
        async with house.open_unit() as unit:
            yield unit
        after = await _counts(engine)
        for name, count in after.items():
            if count < before[name]:
                gone[name].append(before[name] - count)
        before = after

    monkeypatch.setattr("bot.services.keep_house.AT_ONCE_S", 0)
    monkeypatch.setattr("bot.store.outbox.FORGOTTEN_AT_ONCE", 200)
    house.clock.now += KEEP_DIGESTS + DAY
    await _read(house.open_unit, house.clock)
    await KeepHouse(open_unit=counted, clock=house.clock, pause_s=0).sweep()
    assert set(map(tuple, gone.values())) == {(200, 200, 100)}


SWEPT = (inbox, elsewhere, audit, outbox, digests)


async def _fill(engine: AsyncEngine, at: datetime) -> None:
    """Have five hundred old rows in all that is swept."""
    event = SourceFound(path="main/funding", since=at, at=at)
    sent: dict[str, Any] = {"events": (event,), "queued_at": at, "not_before": at, "due_at": at}
    rows: dict[Table, Callable[[int], dict[str, Any]]] = {
        inbox: lambda n: {"update_id": n, "raw": "", "received_at": at, "handled_at": at},
        elsewhere: lambda n: {"name": str(n), "event": event, "queued_at": at},
        audit: lambda _: {"at": at, "by_name": "", "kind": "chat_blocked", "about": ""},
        outbox: lambda n: sent | {"chat_id": 1001, "done_at": at, "message_id": n},
        digests: lambda n: {
            "chat_id": n,
            "period": "daily",
            "local_date": at.date(),
            "due_at": at,
        },
    }
    async with engine.begin() as connection:
        for table, row in rows.items():
            await connection.execute(insert(table), [row(number) for number in range(500)])


async def _counts(engine: AsyncEngine) -> dict[str, int]:
    async with engine.begin() as connection:
        counts = [select(func.count()).select_from(table) for table in SWEPT]
        return {
            table.name: await connection.scalar(count) or 0
            for table, count in zip(SWEPT, counts, strict=True)
        }


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
    await _read(house.open_unit, house.clock)
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


@pytest.mark.parametrize("reads", [False, True])
async def test_a_clock_ahead(house: Any, engine: AsyncEngine, *, reads: bool) -> None:
    """Nothing goes for it, at the start or later, whether anything is read meanwhile or not."""
    right, before = house.clock(), await _lived(house, engine)
    house.clock.now += 2 * HOURLY
    for _ in range(2):  # the second starts with it
        keeper = KeepHouse(open_unit=house.open_unit, clock=house.clock, pause_s=0)
        for _ in range(3):
            if reads:
                await house.check(house.build_checks())
            await keeper.sweep()
            house.clock.now += HOUR
    assert await _lost(engine, before) == {}
    house.clock.now = right
    async with house.open_unit() as unit:
        assert not await unit.digests.add(7, right.date(), at=right)
    await house.check(house.build_checks())
    await keeper.sweep()
    assert await _lost(engine, before) == {}


async def test_a_long_absence(house: Any, engine: AsyncEngine) -> None:
    """After a week it is believed that so much time has passed."""
    before = await _lived(house, engine)
    keeper = KeepHouse(open_unit=house.open_unit, clock=house.clock, pause_s=0)
    house.clock.now += 2 * HOURLY
    for half_days in range(16):
        if half_days == 12:
            await keeper.sweep()
            assert await _lost(engine, before) == {}
        await house.check(house.build_checks())
        house.clock.now += DAY / 2
    await keeper.sweep()
    assert (await _lost(engine, before)).keys() == before.keys()


async def test_nothing_was_ever_read(house: Any, engine: AsyncEngine) -> None:
    """Nobody knows how old anything is."""
    await _fill(engine, house.clock())
    before = await _counts(engine)
    house.clock.now += 2 * HOURLY
    await KeepHouse(open_unit=house.open_unit, clock=house.clock, pause_s=0).sweep()
    assert await _counts(engine) == before


async def _lived(house: Any, engine: AsyncEngine) -> dict[str, int]:
    """Have something in all that is swept, and changes."""
    await _fill(engine, house.clock())
    for amount in range(10):
        house.exchange.answers = {"main/funding": {"USDT": str(amount)}}
        await house.check(house.build_checks())
        house.clock.now += SECOND
    return await _all_counts(engine)


async def _lost(engine: AsyncEngine, before: dict[str, int]) -> dict[str, int]:
    """Tell by table how much there is less than before."""
    after = await _all_counts(engine)
    return {name: n - after[name] for name, n in before.items() if after[name] < n}


async def _all_counts(engine: AsyncEngine) -> dict[str, int]:
    return await _counts(engine) | {"changes": await _changes(engine)}


async def _read(open_unit: OpenUnit, clock: HandClock) -> None:
    """Find an empty wallet, as if it had been read all the time."""
    wallet = WalletState("xt/futures", (), clock())
    async with open_unit() as unit:
        await unit.wallets.save([wallet], most_apart=timedelta.max)


async def _changes(engine: AsyncEngine) -> int:
    async with engine.begin() as connection:
        return await connection.scalar(select(func.count()).select_from(changes)) or 0


async def _updates(engine: AsyncEngine) -> set[int]:
    async with engine.begin() as connection:
        return set(await connection.scalars(select(inbox.c.update_id)))
