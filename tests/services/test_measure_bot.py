"""What is measured is what the database says, and what nobody knows is not there."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from structlog.testing import capture_logs
from typing_extensions import override

from bot.core.alerts import Hush
from bot.core.delivery import ChatGone, NotSent, Outcome, Refused
from bot.core.events import Event, SourceFound
from bot.core.rules import parse_rule
from bot.fetchers.errors import ExchangeUnavailable, RateLimited
from bot.fetchers.model import Balance, Reading
from bot.services.measure_bot import Held, Limit, MeasureBot
from bot.services.measure_reads import measured
from bot.services.ports import CheckOutcome
from bot.services.ports.outside import Uncounted

OWNER, GROUP = 1001, -4001
SECOND = timedelta(seconds=1)


class Recorder(Uncounted):
    """Writes down what is counted."""

    def __init__(self) -> None:
        self.noted: list[Any] = []

    @override
    def read(self, exchange: str, outcome: str, *, seconds: float) -> None:
        self.noted.append((exchange, outcome, seconds))

    @override
    def checked(self, outcome: CheckOutcome) -> None:
        self.noted.append(outcome)

    @override
    def sent(self, outcome: Outcome) -> None:
        self.noted.append(outcome)

    @override
    def told(self, events: Any) -> None:
        self.noted += [event.kind for event in events]


def measure(house: Any, *, with_amounts: bool = True) -> MeasureBot:
    return MeasureBot(
        watched=house.watched,
        vitals=house.vitals,
        open_unit=house.open_unit,
        recipients=house.chats.recipients,
        with_amounts=with_amounts,
        stored_bytes=lambda: 7,
    )


@pytest.fixture
def answers(house: Any, exchange: Any) -> None:
    house.rules["value"] = parse_rule("main total > 5000000 USDT")
    house.rules["fall"] = parse_rule("main/funding USDT drops 30% in 1h")
    exchange.answers = {
        "main/funding": {"USDT": "320.5"},
        "main/trading": {"BTC": "1"},
        "xt/spot": ExchangeUnavailable("xt is away"),
    }


@pytest.mark.usefixtures("answers")
async def test_before_anything_was_read(house: Any) -> None:
    """There is no age and no amount, and nothing of that is 0."""
    await house.start()
    seen = await measure(house).look()
    assert seen.wallets == {"ok": 0, "stale": 0, "unreadable": 0, "never": 3}
    assert (seen.ages, seen.held) == ({}, [])
    assert seen.accounts == 2
    assert [limit.rule for limit in seen.limits] == ["low", "value"]
    assert seen.limits[0] == Limit("low", "main/funding", "USDT", "<", Decimal(500))


@pytest.mark.usefixtures("answers")
async def test_after_a_check(house: Any, clock: Any) -> None:
    """A wallet that cannot be read has no amount; one that is stale has none any more."""
    await house.prepare()
    checks = await house.start()
    await house.check(checks, minutes=0)
    clock.advance(seconds=5)
    seen = await measure(house).look()
    assert seen.wallets == {"ok": 2, "stale": 0, "unreadable": 1, "never": 0}
    assert seen.ages == {"main/funding": 5 * SECOND, "main/trading": 5 * SECOND}
    assert seen.held == [
        Held("main/funding", "USDT", Decimal("320.5")),
        Held("main/trading", "BTC", Decimal(1)),
    ]
    assert seen.overdue == timedelta(0)
    assert seen.firing == {"warning": 1, "critical": 0}
    assert (seen.waiting, seen.waiting_for) == (2, 5 * SECOND)  # one for each chat
    assert (seen.silenced, seen.stored_bytes) == (0, 7)
    clock.advance(minutes=10)
    seen = await measure(house).look()
    assert (seen.wallets["stale"], seen.held) == (2, [])
    assert seen.overdue == timedelta(minutes=9, seconds=5)


@pytest.mark.usefixtures("answers")
async def test_silence(house: Any, clock: Any) -> None:
    """While it lasts it is counted among those that fire."""
    await house.prepare()
    await house.check(await house.start(), minutes=0)
    async with house.open_unit() as unit:
        (state,) = await unit.alerts.firing()
        hush = Hush("until", clock() + timedelta(hours=1), "Ada", clock())
        await unit.alerts.save([replace(state, hush=hush)])
    assert (await measure(house).look()).silenced == 1
    clock.advance(hours=2)
    seen = await measure(house).look()
    assert (seen.silenced, seen.firing["warning"]) == (0, 1)


@pytest.mark.usefixtures("answers")
async def test_amounts_are_not_even_loaded_where_they_are_not_told(house: Any) -> None:
    await house.prepare()
    await house.check(await house.start(), minutes=0)
    seen = await measure(house, with_amounts=False).look()
    assert (seen.held, seen.limits) == ([], ())
    assert len(seen.ages) == 2


async def test_reads_are_measured(clock: Any) -> None:
    """By where the account is, with the time it took and what came of it."""
    tally, ticks = Recorder(), iter([10.0, 10.25, 20.0, 26.0])
    error = RateLimited("slow down", retry_at=clock())
    readings = iter(
        [Reading("spot", clock(), (Balance("A", None, None, None),)),
         Reading("spot", clock(), None, error)]
    )  # fmt: skip

    async def reader(path: str) -> Reading:
        assert path == "b/spot"
        return next(readings)

    read = measured(
        reader, exchanges={"a": "okx", "b": "xt"}, tally=tally, counted_s=ticks.__next__
    )
    await read("b/spot")
    assert (await read("b/spot")).error is error
    assert tally.noted == [("xt", "ok", 0.25), ("xt", "RateLimited", 6.0)]


async def test_checks_are_counted(house: Any, exchange: Any, clock: Any) -> None:
    """Kept, lost to somebody else, or broken; with the episodes that they bring."""
    tally = house.tally = Recorder()
    exchange.answers = {"main/funding": {"USDT": "1"}}
    await house.prepare()
    checks = await house.start()
    await house.check(checks, minutes=0)
    assert sorted(tally.noted) == ["alert_raised", "kept", "kept"]
    tally.noted.clear()
    exchange.answers = {"main/funding": {"USDT": "1000"}, "xt/spot": ZeroDivisionError()}
    await house.check(checks)
    assert sorted(tally.noted) == ["alert_cleared", "broken", "kept"]


async def test_a_check_that_comes_too_late_is_counted(
    house: Any, exchange: Any, clock: Any
) -> None:
    """Nothing of it is kept."""
    tally = house.tally = Recorder()
    await house.prepare()
    checks = await house.start()
    exchange.gate = asyncio.Event()
    await checks.start_due()
    await exchange.wait_for(3)
    clock.advance(minutes=1)
    async with house.open_unit() as unit:
        assert await unit.accounts.claim("xt", now=clock(), until=clock() + SECOND)
    exchange.gate.set()
    await house.settle()
    assert sorted(tally.noted) == ["alert_raised", "kept", "lease_lost"]


async def test_attempts_are_counted(house: Any, sender: Any, clock: Any) -> None:
    """Each by what came of it."""
    tally = house.tally = Recorder()
    await house.prepare()
    async with house.open_unit() as unit:
        event: Event = SourceFound(path="xt/spot", since=clock(), at=clock())
        chats = [chat for chat in await unit.chats.load() if chat.chat_id == GROUP]
        for _ in range(3):
            await unit.outbox.add([event], chats=chats, at=clock())
    sender.outcomes = {GROUP: [Refused("no"), NotSent("not now"), ChatGone("gone")]}
    delivery = house.build_delivery()
    for _ in range(3):
        await delivery._deliver_next(GROUP)
        clock.advance(minutes=1)
    assert tally.noted == [Refused("no"), NotSent("not now"), ChatGone("gone")]


async def test_what_nobody_wants_any_more_is_no_mistake(
    house: Any, sender: Any, clock: Any
) -> None:
    """What a chat is not to hear is no attempt, and nothing to worry about in the log."""
    tally = house.tally = Recorder()
    await house.prepare()
    async with house.open_unit() as unit:
        event = SourceFound(path="xt/spot", since=clock(), at=clock())
        chats = [chat for chat in await unit.chats.load() if chat.chat_id == GROUP]
        await unit.outbox.add([event], chats=chats, at=clock())
    house.chats_allowed = ()
    delivery = house.build_delivery()
    with capture_logs() as lines:
        await delivery._deliver_next(GROUP)
    assert (tally.noted, sender.said) == ([], [])
    assert [line["log_level"] for line in lines if line["action"] == "deliver"] == ["info"]
    async with house.open_unit() as unit:
        assert await unit.outbox.depth(chats=[GROUP]) == 0
