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
from bot.services.watch_vitals import WatchVitals

OWNER, GROUP = 1001, -4001


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
            await unit.accounts.add(["main"], now=house.clock())
        for part in PARTS:
            if part != dead:
                house.vitals.worked(part)
        await heart.beat()
        assert ear.heard == 1, dead
    all_work(house)
    await heart.beat()
    assert ear.heard == 2


async def test_a_message_that_does_not_leave(house: Any, heart: SendHeartbeat, ear: Ear) -> None:
    """Turning is not enough while an alert waits, whoever it is that wants it to wait."""
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
    assert ear.heard == 0


async def test_a_message_that_nobody_could_send(house: Any) -> None:
    """Of several processes each says so while none leads; otherwise it is for who leads to say."""
    house.vitals.lead(False)
    async with house.open_unit() as unit:
        news = SourceFound(path="main/funding", since=house.clock(), at=house.clock())
        await unit.outbox.add([news], chats=[Chat(OWNER)], at=house.clock())
        house.clock.advance(minutes=6)
        now = house.clock()
        assert await unit.leases.take("another", now=now, until=now + timedelta(seconds=10))
    all_work(house)
    assert (await house.vitals.look()).stale == ()
    house.clock.advance(seconds=10)
    (ill,) = (await house.vitals.look()).stale
    assert ill.reason == "a message has waited for 370 s to be delivered"


async def test_nobody_is_left_to_tell(house: Any, heart: SendHeartbeat, ear: Ear) -> None:
    """As soon as the last chat is lost, and until one is back; one that nobody names is none."""
    all_work(house)
    for chat_id, beats in [(GROUP, 1), (OWNER, 1)]:
        await house.chats.mark_gone(chat_id, reason="blocked")
        await heart.beat()
        assert ear.heard == beats
    since = house.clock()
    house.clock.advance(seconds=30)
    (ill,) = (await house.vitals.look()).stale
    assert (ill.reason, ill.since) == ("no chat is left to tell", since)
    await house.chats.greet(OWNER, title="You")
    await heart.beat()
    assert ear.heard == 2


async def test_nobody_is_there_to_be_told_yet(house: Any, heart: SendHeartbeat, ear: Ear) -> None:
    """A bot that nobody has spoken to yet lives."""
    async with house.open_unit() as unit:
        await unit.chats.forget(OWNER)
        await unit.chats.forget(GROUP)
    all_work(house)
    await heart.beat()
    assert ear.heard == 1


async def test_a_clock_that_is_put_back_hides_nothing(open_unit: Any, clock: Any) -> None:
    """What has worked two hours "ahead" is silent from now on, not two hours later."""
    counted = 1000.0
    vitals = WatchVitals(
        open_unit=open_unit, recipients=list, clock=clock, counted_s=lambda: counted
    )
    for part in PARTS:
        vitals.worked(part)
    clock.advance(hours=-2)
    assert (await vitals.look()).stale == ()
    counted += 121
    clock.advance(seconds=121)
    for part in PARTS[1:]:
        vitals.worked(part)
    (ill,) = (await vitals.look()).stale
    assert ill.reason == "nothing has got through from Telegram for 121 s"


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
