"""Several processes on one server: who sends hears at once that something was queued."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.core.delivery import Chat
from bot.core.events import AlertRaised
from bot.services.ports import OpenUnit
from bot.store.bell import hear
from bot.store.database import open_beside, open_database
from bot.store.outbox import SqlOutbox
from bot.store.unit_of_work import units_of

CHANNELS = "SELECT count(*) FROM pg_listening_channels()"
LISTENERS = "SELECT pid FROM pg_stat_activity WHERE query LIKE 'LISTEN%'"


class Ear:
    """Counts, and lets a test wait."""

    def __init__(self) -> None:
        self.count = 0
        self.paused: list[float] = []
        self.reaches = True
        self._heard = asyncio.Event()

    def __call__(self) -> None:
        self.count += 1
        self._heard.set()

    async def pause(self, seconds: float) -> None:
        self.paused.append(seconds)
        await asyncio.sleep(0)

    async def wait_for(self, count: int) -> None:
        async with asyncio.timeout(10):
            while self.count < count:
                self._heard.clear()
                await self._heard.wait()


@pytest.fixture
async def engine(postgres_url: str) -> AsyncIterator[AsyncEngine]:
    async with open_database(postgres_url) as engine:
        yield engine


@asynccontextmanager
async def listening(url: str, ear: Ear) -> AsyncIterator[None]:
    async with open_beside(url, connections=1) as line:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(hear(line, ear, pause=ear.pause))
            await ear.wait_for(1)
            yield
            task.cancel()
        async with line.connect() as another:  # is not called on the line of before
            assert await another.scalar(text(CHANNELS)) == 0


async def queue(open_unit: OpenUnit, told: AlertRaised, *chats: int, at: datetime) -> None:
    async with open_unit() as unit:
        await unit.outbox.add([told], chats=[Chat(chat) for chat in chats], at=at)


async def listeners(engine: AsyncEngine) -> list[int]:
    async with engine.connect() as connection:
        return list(await connection.scalars(text(LISTENERS)))


async def test_what_is_queued_is_heard_when_it_is_kept(
    engine: AsyncEngine, postgres_url: str, raised: Callable[[str], AlertRaised], now: datetime
) -> None:
    """Not before, not where it is taken back, and not where nothing was queued."""
    ear, open_unit = Ear(), units_of(engine)
    async with listening(postgres_url, ear):
        async with engine.connect() as connection:  # and is taken back
            told = SqlOutbox(connection)
            await told.add([raised("A")], chats=[Chat(1)], at=now)
        await queue(open_unit, raised("B"), at=now)
        async with open_unit() as unit:
            await unit.outbox.add([raised("C")], chats=[Chat(1), Chat(2)], at=now)
            await asyncio.sleep(0.05)
            assert ear.count == 1
        await ear.wait_for(2)
        await queue(open_unit, raised("D"), 1, at=now)
        await ear.wait_for(3)
    assert ear.paused == []
    assert await listeners(engine) == []


async def test_a_line_that_breaks_is_laid_anew(
    engine: AsyncEngine, postgres_url: str, raised: Callable[[str], AlertRaised], now: datetime
) -> None:
    """At once, then ever more rarely; what was queued meanwhile is looked for."""
    ear = Ear()
    async with listening(postgres_url, ear):
        for number in (2, 3):
            (pid,) = await listeners(engine)
            async with engine.connect() as connection:
                await connection.execute(text(f"SELECT pg_terminate_backend({pid})"))
            await ear.wait_for(number)
        await queue(units_of(engine), raised("A"), 1, at=now)
        await ear.wait_for(4)
    assert ear.paused == [1.0, 1.0]
    assert await listeners(engine) == []


async def test_a_server_that_is_away_is_not_pressed(
    engine: AsyncEngine, postgres_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is asked after one, two, four seconds, and that is said once."""
    ear = Ear()
    async with open_beside(postgres_url, connections=1) as line:
        away = True

        @event.listens_for(line.sync_engine, "do_connect")
        def refuse(*_: Any) -> None:
            if away:
                raise ConnectionRefusedError

        await line.dispose()
        task = asyncio.ensure_future(hear(line, ear, pause=ear.pause))
        async with asyncio.timeout(10):
            while len(ear.paused) < 4:  # noqa: ASYNC110 - `paused` may be looked at
                await asyncio.sleep(0)
        away = False
        await ear.wait_for(1)
        task.cancel()
        await asyncio.wait({task})
    assert ear.paused[:4] == [1.0, 2.0, 4.0, 8.0]
    said = capsys.readouterr().out
    assert said.count("is looked for") == said.count("heard of at once again") == 1
