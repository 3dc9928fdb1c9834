"""Clocks that jump and machines that sleep, at random: nothing is lost, doubled or held up.

The truth goes on by itself; the wall clock, which is all that the bot sees, is put forward and
back, and the machine sleeps while a question is under way. Where the database is on a server, that
is on the same machine.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from random import Random, SystemRandom
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from typing_extensions import override

from bot.core.events import AlertCleared, AlertRaised, AlertReminded, DigestDue, Event
from bot.core.timing import digest_date
from bot.fetchers.model import Reading
from bot.services.build_digests import BuildDigests
from bot.services.check_accounts import CheckAccounts
from bot.store.database import open_database
from bot.store.leases import SqlLeases
from tests.services.conftest import Exchange, HandClock

OWNER = 1001
HOUR, TICK = timedelta(hours=1), timedelta(seconds=30)
SETTLES_AFTER = 14
"""Ticks until what is must have been told: two checks, and the gap between two episodes."""
JUMPS = (HOUR, -HOUR, HOUR, -HOUR, timedelta(minutes=20), -timedelta(minutes=20))


@pytest.fixture(params=["sqlite", "postgresql"])
def any_url(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, clock: HandClock
) -> str:
    """Name a new database of each kind; on a server others could be at work."""

    async def told(_: SqlLeases) -> datetime:
        return clock()

    if request.param == "postgresql":
        monkeypatch.setattr(SqlLeases, "clock", told)
    name = "file_url" if request.param == "sqlite" else "postgres_url"
    found: str = request.getfixturevalue(name)
    return found


@pytest.fixture
async def engine(any_url: str) -> AsyncIterator[AsyncEngine]:
    async with open_database(any_url) as engine:
        yield engine


@dataclass
class Machine:
    """The bot on a machine with a bad clock, and what it has told so far."""

    house: Any
    checks: CheckAccounts
    digests: BuildDigests
    forward: timedelta = timedelta(0)
    """How much the wall clock has gone forward in all."""
    told: list[Event] = field(default_factory=list)
    dates: list[date] = field(default_factory=list)
    since: date = date(2026, 1, 15)
    """The chats began to listen after the digest of that date."""
    due: set[date] = field(default_factory=set)
    asked: list[int] = field(default_factory=list)
    """How often a wallet had been asked for, after each tick."""

    async def tick(self) -> None:
        """Let the timetable go round once."""
        self.move(TICK)
        await self.checks.start_due()
        await self.house.settle()
        if self.checks.has_fresh_round:
            await self.digests.queue_due()
            day = digest_date(self.house.clock(), at=time(9), zone=self.house.zone)
            self.due |= {day} if day is not None and day > self.since else set()
        await self.hear()
        self.asked.append(self.house.exchange.asked.count("main/funding"))

    def move(self, by: timedelta) -> None:
        self.house.clock.now += by
        self.forward += max(by, timedelta(0))

    async def hear(self) -> None:
        for parcel in await self.house.queued(OWNER):
            for event in parcel.events:
                if isinstance(event, DigestDue):
                    self.dates.append(event.local_date)
                else:
                    self.told.append(event)

    async def sleep_while_asking(self, how_long: timedelta) -> None:
        """Fall asleep with a question under way; its answer is there on waking."""
        exchange = self.house.exchange
        gate = exchange.gate = asyncio.Event()
        self.move(timedelta(minutes=1))
        asked = len(exchange.asked)
        await self.checks.start_due()
        await exchange.wait_for(asked + 1)
        self.move(how_long)
        gate.set()
        self.house.exchange.gate = None
        await self.house.settle()

    async def calm(self) -> None:
        for _ in range(SETTLES_AFTER):
            await self.tick()
        recent = self.asked[-SETTLES_AFTER:]
        assert recent[-1] - recent[0] >= SETTLES_AFTER // 3, "no check is stuck"

    @property
    def alerts(self) -> list[AlertRaised | AlertCleared]:
        return [e for e in self.told if isinstance(e, AlertRaised | AlertCleared)]


async def started(house: Any) -> Machine:
    house.clock.now = datetime(2026, 1, 15, 20, tzinfo=UTC)
    house.exchange.answers["main/funding"] = {"USDT": "600"}
    checks = await house.start()
    machine = Machine(house, checks, house.build_digests())
    await machine.calm()
    return machine


def steps(random: Random) -> Iterator[str]:
    """Shuffle what happens: each at least once, jumps the most."""
    names = ["jump"] * 6 + ["asleep", "asleep", "toggle", "toggle", "toggle", "quick"]
    random.shuffle(names)
    return iter(names)


async def act(machine: Machine, step: str, random: Random) -> None:
    house = machine.house
    match step:
        case "jump":
            machine.move(random.choice(JUMPS))
        case "quick":  # forward and back, with a check begun in between, before anybody looks
            machine.move(HOUR)
            await machine.checks.read_now(["main", "xt"])
            machine.move(-HOUR)
        case "asleep":
            await machine.sleep_while_asking(8 * HOUR)
        case _:
            low = house.exchange.answers["main/funding"]["USDT"] == "600"
            house.exchange.answers["main/funding"] = {"USDT": "100" if low else "600"}


@pytest.mark.parametrize("seed", range(3))
async def test_a_bad_clock_loses_and_doubles_nothing(house: Any, seed: int) -> None:
    """Whatever the clock does, alerts alternate and tell the truth, and dates have one digest."""
    random = Random(seed)  # noqa: S311 - a seeded test
    machine = await started(house)
    for step in steps(random):
        await act(machine, step, random)
        if random.random() < 0.7:
            await machine.calm()
    await machine.calm()
    kinds = [type(event) for event in machine.alerts]
    assert kinds == [(AlertRaised, AlertCleared)[n % 2] for n in range(len(kinds))]
    is_low = house.exchange.answers["main/funding"]["USDT"] == "100"
    assert (len(kinds) % 2 == 1) is is_low, "what was told last is what is"
    raised = [event.alert.incident for event in machine.alerts[::2]]
    assert raised[: len(machine.alerts) // 2] == [e.alert.incident for e in machine.alerts[1::2]]
    assert len(machine.dates) == len(set(machine.dates)), "one digest a date"
    assert machine.due == set(machine.dates), "and none left out that was due"
    reminders = sum(isinstance(event, AlertReminded) for event in machine.told)
    assert reminders <= machine.forward // (4 * HOUR), "no storm"
    assert {type(e) for e in machine.told} <= {AlertRaised, AlertCleared, AlertReminded}


async def test_forward_and_back_between_two_looks(house: Any) -> None:
    """A check that was kept by a clock that was ahead for a moment is due again at once."""
    machine = await started(house)
    await act(machine, "quick", SystemRandom())
    before = house.exchange.asked.count("xt/spot")
    await machine.tick()
    assert house.exchange.asked.count("xt/spot") == before + 1


async def test_a_start_by_a_clock_that_is_ahead(house: Any) -> None:
    """The machine wakes up in the future; put right, it checks on, and so does the next start."""
    machine = await started(house)
    machine.move(-8 * HOUR)
    await machine.calm()
    machine.move(8 * HOUR)
    await machine.calm()
    machine.move(-8 * HOUR)
    machine.checks = await house.start()
    await machine.calm()


async def test_small_corrections_start_nothing(house: Any) -> None:
    """A clock that is put right by half a second, as they are, lets nobody be asked early."""
    machine = await started(house)
    await machine.checks.read_now(["main", "xt"])
    before = list(house.exchange.asked)
    machine.move(timedelta(seconds=-0.5))
    await machine.checks.start_due()
    await house.settle()
    assert house.exchange.asked == before


class StampsWhenAsked(Exchange):
    """Tells what there was when it was asked, however long that was ago."""

    @override
    async def __call__(self, path: str) -> Reading:
        asked_at = self.clock()
        return replace(await super().__call__(path), read_at=asked_at)


async def test_old_answer_moves_no_alert(house: Any) -> None:
    """What was read before the machine slept is old news after it: it is read again first."""
    house.exchange = StampsWhenAsked(house.clock)
    machine = await started(house)
    house.exchange.answers["main/funding"] = {"USDT": "100"}
    await machine.sleep_while_asking(8 * HOUR)
    house.exchange.answers["main/funding"] = {"USDT": "600"}
    await machine.calm()
    assert machine.alerts == []
    house.exchange.answers["main/funding"] = {"USDT": "100"}
    await machine.calm()
    assert len(machine.alerts) == 1


async def test_digest_after_a_sleep_waits_for_fresh_readings(house: Any) -> None:
    """On waking after its time, everything is read before a digest is filled."""
    machine = await started(house)
    await machine.tick()
    machine.move(14 * HOUR)
    assert not machine.checks.has_fresh_round
    gate = house.exchange.gate = asyncio.Event()
    await machine.checks.start_due()
    assert not machine.checks.has_fresh_round
    gate.set()
    await house.settle()
    assert machine.checks.has_fresh_round
    gate = house.exchange.gate = asyncio.Event()
    machine.move(14 * HOUR)
    await machine.checks.start_due()
    machine.move(timedelta(seconds=50))
    await machine.checks.start_due()
    assert not machine.checks.has_fresh_round
    machine.move(timedelta(seconds=10))
    await machine.checks.start_due()
    assert machine.checks.has_fresh_round, "but not for ever"
    gate.set()
