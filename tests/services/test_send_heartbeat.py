"""The heartbeat: beaten while all is well, withheld while it is not, and said once."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.core.delivery import Chat
from bot.core.events import SourceFound
from bot.core.vitals import PARTS
from bot.services.ports import PingFailed
from bot.services.send_heartbeat import SendHeartbeat

OWNER = 1001


@dataclass
class Ear:
    """Counts beats, and hears none while it is deaf."""

    heard: int = 0
    deaf: bool = False

    async def __call__(self) -> None:
        if self.deaf:
            raise PingFailed("answered with 502")
        self.heard += 1


def all_work(house: Any) -> None:
    for part in PARTS:
        house.vitals.worked(part)


@pytest.fixture
def ear() -> Ear:
    return Ear()


@pytest.fixture
def heart(house: Any, ear: Ear) -> SendHeartbeat:
    return SendHeartbeat(ping=ear, vitals=house.vitals)


async def test_only_while_all_parts_work(house: Any, heart: SendHeartbeat, ear: Ear) -> None:
    """Each part alone can withhold it."""
    await heart.beat()
    assert ear.heard == 0
    all_work(house)
    await heart.beat()
    assert ear.heard == 1
    for dead in PARTS:
        house.clock.advance(minutes=3)
        async with house.open_unit() as unit:  # checked just now
            await unit.accounts.retain(["main"], now=house.clock())
        for part in PARTS:
            if part != dead:
                house.vitals.worked(part)
        await heart.beat()
        assert ear.heard == 1, dead
    all_work(house)
    await heart.beat()
    assert ear.heard == 2


async def test_a_message_that_does_not_leave(house: Any, heart: SendHeartbeat, ear: Ear) -> None:
    """Turning is not enough while an alert waits; a pause that Telegram asked for is no fault."""
    async with house.open_unit() as unit:
        news = SourceFound(path="main/funding", since=house.clock(), at=house.clock())
        await unit.outbox.add([news], chats=[Chat(OWNER)], at=house.clock())
    house.clock.advance(minutes=6)
    all_work(house)
    await heart.beat()
    assert ear.heard == 0
    async with house.open_unit() as unit:
        await unit.chats.hold(OWNER, until=house.clock() + timedelta(minutes=30))
    await heart.beat()
    assert ear.heard == 1


async def test_an_account_that_nobody_checks(house: Any, heart: SendHeartbeat, ear: Ear) -> None:
    """It is due since long."""
    house.clock.advance(minutes=16)
    all_work(house)
    await heart.beat()
    assert ear.heard == 0
    assert (await house.vitals.look()).overdue == ("main", house.clock() - timedelta(minutes=16))


async def test_it_is_said_once(house: Any, heart: SendHeartbeat, ear: Ear) -> None:
    """When it begins to fail and when that ends; the same when it is withheld."""
    with capture_logs() as lines:
        for well, deaf in [(1, 0), (1, 1), (1, 1), (1, 0), (0, 0), (0, 0), (1, 0), (1, 0)]:
            house.clock.advance(minutes=0 if well else 3)
            ear.deaf = bool(deaf)
            if well:
                all_work(house)
            await heart.beat()
    assert [line["event"] for line in lines] == [
        "The heartbeat does not arrive",
        "The heartbeat arrives again",
        "No heartbeat while not all is well",
        "All is well again",
    ]
    assert lines[0]["reason"] == "answered with 502"
    assert len(lines[2]["reasons"]) == 3
