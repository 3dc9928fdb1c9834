"""One process talks to Telegram, and always one does: judged on a loop that never waits."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.services.lead import LEADS_FOR, RENEW_EVERY_S, Lead, NoLongerLeading
from bot.services.ports import NotKept, Outdated

BEGIN = datetime(2026, 1, 15, 9, tzinfo=UTC)
TAKES_OVER_WITHIN_S = LEADS_FOR.total_seconds() + RENEW_EVERY_S + 0.1

Instantly = Callable[[Callable[[], Any]], Any]


@dataclass
class Table:
    """The one row, and the clock of all; it may be away for some or for all."""

    holder: str = ""
    fence: int = 0
    until: datetime = BEGIN - timedelta(days=1)
    away_for: set[str] = field(default_factory=set)
    is_newer: bool = False
    alone: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held by who works alone."""

    def now(self) -> datetime:
        return BEGIN + timedelta(seconds=asyncio.get_running_loop().time())

    async def clock(self) -> datetime | None:
        if self.is_newer:
            raise Outdated("a newer version is at work")
        return self.now()

    async def take(self, holder: str, *, now: datetime, until: datetime) -> int | None:
        if self.holder != holder and self.until > now:
            return None
        self.holder, self.fence, self.until = holder, self.fence + 1, until
        return self.fence

    async def is_held(self, holder: str, fence: int) -> bool:
        return (self.holder, self.fence) == (holder, fence)

    async def renew(self, holder: str, fence: int, *, until: datetime) -> bool:
        held = await self.is_held(holder, fence)
        self.until = until if held else self.until
        return held

    async def release(self, holder: str, fence: int) -> None:
        if await self.is_held(holder, fence):
            self.until = BEGIN - timedelta(days=1)


@dataclass
class Process:
    """One of them, and what it has noted of its work."""

    name: str
    table: Table
    journal: list[tuple[float, str, str]]

    def __post_init__(self) -> None:
        self.lead = Lead(
            self.name, open_unit=self.unit, open_lease=self.lease, clock=self.table.now
        )

    @asynccontextmanager
    async def unit(self) -> AsyncIterator[Any]:
        async with self.table.alone, self.lease() as unit:
            yield unit

    @asynccontextmanager
    async def lease(self) -> AsyncIterator[Any]:
        if self.name in self.table.away_for:
            raise OSError("the server has gone away")
        yield SimpleNamespace(leases=self.table)

    async def work(self) -> None:
        loop = asyncio.get_running_loop()
        self.journal.append((loop.time(), self.name, "begins"))
        try:
            await asyncio.sleep(10_000)
        finally:
            self.journal.append((loop.time(), self.name, "ends"))

    async def run(self) -> None:
        await self.lead.run(self.work)


@dataclass
class Stage:
    """Two processes on one table."""

    table: Table = field(default_factory=Table)
    journal: list[tuple[float, str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.a, self.b = (Process(name, self.table, self.journal) for name in "ab")

    @property
    def told(self) -> list[tuple[str, str]]:
        return [(name, what) for _, name, what in self.journal]

    def at(self, name: str, what: str) -> float:
        return next(at for at, who, did in self.journal if (who, did) == (name, what))


async def end(*tasks: asyncio.Task[None]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def play(instantly: Instantly, scene: Callable[[Stage], Any]) -> Stage:
    async def played() -> Stage:
        stage = Stage()
        await scene(stage)
        return stage

    found: Stage = instantly(played)
    return found


def test_one_works_while_the_other_waits(instantly: Instantly) -> None:
    """For as long as it lives; when it stops in order, the other follows at once."""

    async def scene(stage: Stage) -> None:
        a = asyncio.ensure_future(stage.a.run())
        await asyncio.sleep(0.5)
        b = asyncio.ensure_future(stage.b.run())
        await asyncio.sleep(600)
        assert stage.told == [("a", "begins")]
        await end(a)
        await asyncio.sleep(RENEW_EVERY_S)
        await end(b)

    stage = play(instantly, scene)
    assert stage.told == [("a", "begins"), ("a", "ends"), ("b", "begins"), ("b", "ends")]
    assert stage.at("b", "begins") - stage.at("a", "ends") <= RENEW_EVERY_S


def test_who_is_outdated_ends(instantly: Instantly) -> None:
    """A newer version has changed the database: who leads ends its work first, who waits ends."""

    async def scene(stage: Stage) -> None:
        a, b = asyncio.ensure_future(stage.a.run()), asyncio.ensure_future(stage.b.run())
        await asyncio.sleep(60)
        stage.table.is_newer = True
        await asyncio.wait({a, b}, timeout=2 * RENEW_EVERY_S)
        assert isinstance(a.exception(), Outdated)
        assert isinstance(b.exception(), Outdated)
        assert stage.told == [("a", "begins"), ("a", "ends")]
        assert stage.table.until < stage.table.now()  # a newer one need not wait for it

    with capture_logs() as logs:
        play(instantly, scene)
    assert [line["event"] for line in logs] == ["This process talks to Telegram now"]


def test_the_dead_are_followed(instantly: Instantly) -> None:
    """Who was killed has released nothing; its lease runs out."""

    async def scene(stage: Stage) -> None:
        await stage.table.take("a", now=stage.table.now(), until=stage.table.now() + LEADS_FOR)
        b = asyncio.ensure_future(stage.b.run())
        await asyncio.sleep(TAKES_OVER_WITHIN_S)
        await end(b)

    stage = play(instantly, scene)
    assert LEADS_FOR.total_seconds() <= stage.at("b", "begins") <= TAKES_OVER_WITHIN_S


def test_who_is_cut_off_stops_first(instantly: Instantly) -> None:
    """A process that cannot reach the database has ended its work before another begins."""

    async def scene(stage: Stage) -> None:
        a = asyncio.ensure_future(stage.a.run())
        await asyncio.sleep(0.5)
        b = asyncio.ensure_future(stage.b.run())
        await asyncio.sleep(60)
        stage.table.away_for.add("a")
        await asyncio.sleep(60)
        stage.table.away_for.clear()
        await asyncio.sleep(60)
        await end(a, b)

    with capture_logs() as logs:
        stage = play(instantly, scene)
    assert stage.told[:3] == [("a", "begins"), ("a", "ends"), ("b", "begins")]
    assert stage.at("a", "ends") < stage.at("b", "begins")
    assert stage.at("b", "begins") <= 60.5 + TAKES_OVER_WITHIN_S
    said = [line["event"] for line in logs if "cannot lead" in line["event"]]
    assert len(said) == 1  # not every two seconds


def test_a_short_silence_changes_nothing(instantly: Instantly) -> None:
    """The database may be away for less than a lease lasts."""

    async def scene(stage: Stage) -> None:
        a = asyncio.ensure_future(stage.a.run())
        await asyncio.sleep(60)
        stage.table.away_for.add("a")
        await asyncio.sleep(3)
        stage.table.away_for.clear()
        await asyncio.sleep(60)
        assert stage.told == [("a", "begins")]
        await end(a)

    play(instantly, scene)


def test_who_wakes_up_too_late_changes_nothing(instantly: Instantly) -> None:
    """Suspended while it led, it finds another leading: its transactions end with an error."""

    async def scene(stage: Stage) -> None:
        a = asyncio.ensure_future(stage.a.run())
        await asyncio.sleep(1)
        async with stage.a.lead.open_unit():
            pass
        later = stage.table.now() + 10 * LEADS_FOR
        assert await stage.table.take("b", now=later, until=later + LEADS_FOR)
        with pytest.raises(NoLongerLeading):
            async with stage.a.lead.open_unit():
                pass
        await asyncio.sleep(2 * RENEW_EVERY_S)
        assert stage.told == [("a", "begins"), ("a", "ends")]
        with pytest.raises(NoLongerLeading):
            async with stage.a.lead.open_unit():
                pass
        await end(a)

    play(instantly, scene)


def test_an_error_of_the_work_is_not_kept(instantly: Instantly) -> None:
    """What ends the work ends the process, to be started again; the lease is free."""

    async def break_off() -> None:
        raise ZeroDivisionError

    async def scene(stage: Stage) -> None:
        with pytest.raises(ZeroDivisionError):
            await stage.a.lead.run(break_off)
        assert stage.table.until < BEGIN

    play(instantly, scene)


def test_who_works_alone_for_long_unseats_nobody(instantly: Instantly) -> None:
    """The lease is prolonged, and given back, without waiting for anybody's work."""

    async def scene(stage: Stage) -> None:
        a = asyncio.ensure_future(stage.a.run())
        await asyncio.sleep(0.5)
        b = asyncio.ensure_future(stage.b.run())
        await asyncio.sleep(1)
        async with stage.table.alone:
            await asyncio.sleep(6 * LEADS_FOR.total_seconds())
            assert stage.told == [("a", "begins")]
            assert stage.table.until > stage.table.now()
            await end(a)
            assert stage.table.until < BEGIN
        await asyncio.sleep(RENEW_EVERY_S + 0.1)
        await end(b)

    assert play(instantly, scene).told[:3] == [("a", "begins"), ("a", "ends"), ("b", "begins")]


@pytest.mark.parametrize("error", [NoLongerLeading("another leads"), NotKept("not taken")])
def test_a_loss_while_it_works_does_not_end_the_process(
    instantly: Instantly, error: Exception
) -> None:
    """It waits for its turn again, as any other would, and works when it comes."""
    tries: list[float] = []

    async def break_off(stage: Stage) -> None:
        tries.append(asyncio.get_running_loop().time())
        if len(tries) < 3:
            raise error
        await stage.a.work()

    async def scene(stage: Stage) -> None:
        a = asyncio.ensure_future(stage.a.lead.run(lambda: break_off(stage)))
        await asyncio.sleep(60)
        assert not a.done()
        await end(a)

    assert play(instantly, scene).told == [("a", "begins"), ("a", "ends")]
    assert len(tries) == 3
    assert tries[1] - tries[0] >= RENEW_EVERY_S  # no faster than that
