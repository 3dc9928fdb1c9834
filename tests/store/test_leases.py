"""Who leads, and who may be at work beside whom."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.services.ports import NotKept, OpenUnit, Outdated
from bot.store.database import is_shared, open_database, probe_database
from bot.store.errors import DatabaseUnusable
from bot.store.leases import SqlLeases
from bot.store.locks import Lock
from bot.store.migrations import HEAD
from bot.store.unit_of_work import units_of

LASTS = timedelta(seconds=8)


async def take(open_unit: OpenUnit, holder: str, now: datetime) -> int | None:
    async with open_unit() as unit:
        return await unit.leases.take(holder, now=now, until=now + LASTS)


async def test_one_leads_at_a_time(open_unit: OpenUnit, now: datetime) -> None:
    """Until the lease has run out; then the next one does, and knows itself from the last."""
    first = await take(open_unit, "a", now)
    assert first is not None
    assert await take(open_unit, "b", now + LASTS / 2) is None
    second = await take(open_unit, "b", now + LASTS)
    assert second is not None
    assert second > first
    async with open_unit() as unit:
        assert not await unit.leases.is_held("a", first)
        assert await unit.leases.is_held("b", second)
        assert not await unit.leases.renew("a", first, until=now + 3 * LASTS)


async def test_renewed_lease_lasts(open_unit: OpenUnit, now: datetime) -> None:
    """Who prolongs it keeps it."""
    fence = await take(open_unit, "a", now)
    assert fence is not None
    async with open_unit() as unit:
        assert await unit.leases.renew("a", fence, until=now + 3 * LASTS)
    assert await take(open_unit, "b", now + 2 * LASTS) is None


async def test_released_lease_is_free(open_unit: OpenUnit, now: datetime) -> None:
    """Who stops in order lets the next one lead at once; an old holder releases nothing."""
    fence = await take(open_unit, "a", now)
    assert fence is not None
    async with open_unit() as unit:
        await unit.leases.release("a", fence - 1)
    assert await take(open_unit, "b", now) is None
    async with open_unit() as unit:
        await unit.leases.release("a", fence)
    assert await take(open_unit, "b", now) is not None


async def test_no_fence_comes_twice(open_unit: OpenUnit, now: datetime) -> None:
    """Who has released the lease and has it again is not taken for who had it before."""
    first = await take(open_unit, "a", now)
    assert first is not None
    async with open_unit() as unit:
        await unit.leases.release("a", first)
    second = await take(open_unit, "a", now)
    assert second is not None
    assert second > first
    async with open_unit() as unit:
        assert not await unit.leases.is_held("a", first)


async def test_lease_of_a_clock_that_was_ahead(open_unit: OpenUnit, now: datetime) -> None:
    """When the clock is put right, somebody leads at once, and who led before does not."""
    old = await take(open_unit, "a", now + timedelta(hours=8))
    assert old is not None
    new = await take(open_unit, "b", now)
    assert new is not None
    assert new > old
    async with open_unit() as unit:
        assert not await unit.leases.is_held("a", old)
    assert await take(open_unit, "c", now) is None


async def test_who_looks_knows_whether_anybody_leads(open_unit: OpenUnit, now: datetime) -> None:
    """From the first lease on, until the last has run out, is given back, or cannot be meant."""
    async with open_unit() as unit:
        assert not await unit.leases.is_led(now=now)
    fence = await take(open_unit, "a", now)
    assert fence is not None
    async with open_unit() as unit:
        assert await unit.leases.is_led(now=now)
        assert not await unit.leases.is_led(now=now + LASTS)
        assert not await unit.leases.is_led(now=now - timedelta(hours=8))
        await unit.leases.release("a", fence)
        assert not await unit.leases.is_led(now=now)


async def test_news_are_counted(open_unit: OpenUnit) -> None:
    """Each change has a number of its own."""
    async with open_unit() as unit:
        assert await unit.leases.news() == 0
        assert [await unit.leases.add_news(), await unit.leases.add_news()] == [1, 2]
    async with open_unit() as unit:
        assert await unit.leases.news() == 2


async def test_clock_of_all(open_unit: OpenUnit, any_url: str) -> None:
    """A server has a clock for all who share it; a file has none."""
    async with open_unit() as unit:
        clock = await unit.leases.clock()
    assert (clock is not None) is is_shared(any_url)
    assert clock is None or clock.utcoffset() == timedelta(0)


async def test_version_that_is_newer(postgres_url: str) -> None:
    """Who asks for the clock of all finds out that the database has been changed for others."""
    later = text("UPDATE alembic_version SET version_num = '9999'")
    async with open_database(postgres_url) as engine, engine.begin() as connection:
        assert await SqlLeases(connection).clock() is not None
        await connection.execute(later)
        with pytest.raises(Outdated, match=f"version 9999, this program {HEAD}"):
            await SqlLeases(connection).clock()


async def _order(url: str, first: Lock, second: Lock) -> list[str]:
    """Begin one unit, then another beside it; tell in which order they came to their ends."""
    done: list[str] = []
    inside = asyncio.Event()
    async with open_database(url) as engine, open_database(url) as other:

        async def hold() -> None:
            async with units_of(engine, lock=first)():
                inside.set()
                await asyncio.sleep(0.3)
                done.append("first")

        async def come() -> None:
            await inside.wait()
            async with units_of(other, lock=second)():
                done.append("second")

        await asyncio.gather(hold(), come())
    return done


@pytest.mark.parametrize(
    ("first", "second", "order"),
    [
        (Lock.ALONE, Lock.ALONE, ["first", "second"]),
        (Lock.ALONE, Lock.SIDE_BY_SIDE, ["first", "second"]),
        (Lock.SIDE_BY_SIDE, Lock.ALONE, ["first", "second"]),
        (Lock.SIDE_BY_SIDE, Lock.SIDE_BY_SIDE, ["second", "first"]),
        (Lock.ALONE, Lock.NONE, ["second", "first"]),
    ],
)
async def test_who_waits_for_whom(
    postgres_url: str, first: Lock, second: Lock, order: list[str]
) -> None:
    """Checks work side by side; everything else waits for them, and is waited for.

    The lease waits for nobody.
    """
    assert await _order(postgres_url, first, second) == order


WAITING = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")


async def test_one_of_a_process_waits_for_others(postgres_url: str) -> None:
    """While somebody works alone elsewhere, the connections of a process are left to checks."""
    async with open_database(postgres_url) as engine, open_database(postgres_url) as other:
        open_alone, done = units_of(engine), []

        async def come(number: int) -> None:
            async with open_alone():
                done.append(number)

        async with units_of(other)():
            coming = [asyncio.ensure_future(come(number)) for number in range(5)]
            async with other.connect() as watching:
                async with asyncio.timeout(10):
                    while not await watching.scalar(WAITING):  # noqa: ASYNC110 - rings no bell
                        await asyncio.sleep(0.01)
                await asyncio.sleep(0.3)
                assert await watching.scalar(WAITING) == 1
            async with engine.connect() as free:
                assert await free.scalar(text("SELECT 1")) == 1
        await asyncio.gather(*coming)
    assert done == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    "fault",
    [
        "SELECT pg_terminate_backend(pg_backend_pid())",
        "SET LOCAL statement_timeout = '10ms'; SELECT pg_sleep(5)",
        # A standby, after the one that could write has failed.
        "SET LOCAL transaction_read_only = on; CREATE TABLE t (n int)",
    ],
)
async def test_fault_of_the_database_has_a_name(postgres_url: str, fault: str) -> None:
    """Whatever it is, those above know that nothing is kept; the next unit works."""
    async with open_database(postgres_url) as engine:
        open_unit = units_of(engine)

        async def work() -> None:
            async with open_unit() as unit:
                await unit.leases.add_news()
                for statement in fault.split("; "):
                    await connection_of(unit).execute(text(statement))

        with pytest.raises(NotKept, match="did not take it"):
            await work()
        async with open_unit() as unit:
            assert await unit.leases.news() == 0


async def test_unit_that_was_begun_and_left_is_not_kept(postgres_url: str) -> None:
    """Who stands still in the middle of one is put out, and is told so."""
    async with open_database(postgres_url) as engine:
        open_unit = units_of(engine)

        async def work() -> None:
            async with open_unit() as unit:
                limit = "SET LOCAL idle_in_transaction_session_timeout = '20ms'"
                await connection_of(unit).execute(text(limit))
                await asyncio.sleep(0.5)
                await unit.leases.add_news()

        with pytest.raises(NotKept):
            await work()
        async with open_unit() as unit:
            assert await unit.leases.news() == 0


def connection_of(unit: Any) -> AsyncConnection:
    found: AsyncConnection = unit._connection
    return found


async def test_who_judges_the_same_waits(postgres_url: str) -> None:
    """Of two checks that judge the same sum, one comes after the other."""
    key, done = ("low", "sum *", "USDT"), []
    inside = asyncio.Event()
    async with open_database(postgres_url) as one, open_database(postgres_url) as other:

        async def judge(engine_of: OpenUnit, name: str, pause_s: float) -> None:
            async with engine_of() as unit:
                await unit.alerts.lock([("other", "main/spot", "BTC"), key])
                inside.set()
                await asyncio.sleep(pause_s)
                done.append(name)

        open_one = units_of(one, lock=Lock.SIDE_BY_SIDE)
        open_other = units_of(other, lock=Lock.SIDE_BY_SIDE)
        first = asyncio.ensure_future(judge(open_one, "first", 0.3))
        await inside.wait()
        await asyncio.gather(first, judge(open_other, "second", 0))
    assert done == ["first", "second"]


async def test_two_begin_with_nothing(postgres_url: str) -> None:
    """Of processes that start together on an empty server, one makes the tables."""

    async def begin() -> None:
        async with open_database(postgres_url) as engine, units_of(engine)() as unit:
            assert await unit.leases.news() == 0

    await asyncio.gather(*(begin() for _ in range(4)))


async def test_server_that_is_not_there() -> None:
    """Said in one line, without the password."""
    url = "postgresql://me:hunter2secret@127.0.0.1:1/bot"
    with pytest.raises(DatabaseUnusable) as refused:
        await probe_database(url)
    assert "PostgreSQL does not let us in" in str(refused.value)
    assert "hunter2" not in str(refused.value)
    assert "\n" not in str(refused.value)


async def test_server_that_is_there(postgres_url: str) -> None:
    """What `check` says of it; nothing is written."""
    assert "answers" in await probe_database(postgres_url)
    async with open_database(postgres_url):
        pass
    assert "answers" in await probe_database(postgres_url.replace("postgresql:", "postgres:"))


async def test_database_of_another_program(postgres_url: str) -> None:
    """A table of ours that somebody else has made is left alone."""
    import psycopg

    with psycopg.connect(postgres_url) as connection:
        connection.execute("CREATE TABLE accounts (id int)")
    with pytest.raises(DatabaseUnusable, match="another program"):
        async with open_database(postgres_url):
            pass
