"""Digests: one a chat and local date, whatever the ticks, the restarts and the clocks do."""

from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot.core.events import DigestDue
from bot.fetchers.errors import ExchangeUnavailable
from bot.fetchers.model import Price

OWNER, GROUP = 1001, -4001


async def due(house: Any) -> list[DigestDue]:
    """Take what was queued for the owner."""
    return [event for parcel in await house.queued() for event in parcel.events]


async def test_once_a_day_over_ticks_and_restarts(house: Any) -> None:
    """Ticks every half hour over three days, each of a new process: three digests."""
    told = []
    for _ in range(3 * 24 * 2):
        house.clock.advance(minutes=30)
        await house.build_digests().queue_due()
        told += await due(house)
    days = [date(2026, 1, day) for day in (16, 17, 18)]
    assert [e.local_date for e in told] == days
    assert [e.at for e in told] == [datetime(2026, 1, d.day, 9, tzinfo=UTC) for d in days]
    assert [e.late for e in told] == [False] * 3
    assert [e.since for e in told] == [None, told[0].at, told[1].at]


async def test_every_chat_gets_its_own(house: Any) -> None:
    """The owner's chat and the group get one each, and delivery is woken."""
    house.clock.advance(days=1)
    await house.build_digests().queue_due()
    async with house.open_unit() as unit:
        parcels = await unit.outbox.lease(now=house.clock())
    assert sorted(parcel.chat.chat_id for parcel in parcels) == [GROUP, OWNER]
    assert house.changed.is_set()


async def test_late_after_downtime(house: Any) -> None:
    """A digest whose time passed while the bot was down comes the same day, and says so."""
    house.clock.advance(days=1, hours=5)
    await house.build_digests().queue_due()
    (event,) = await due(house)
    assert (event.local_date, event.late) == (date(2026, 1, 16), True)
    assert (await house.build_digests().load(event)).late


async def test_late_after_midnight(house: Any) -> None:
    """What was due while the bot was down over midnight comes under its own date, once."""
    house.digest_at = time(23, 59)
    house.clock.now = datetime(2026, 1, 16, 23, 58, tzinfo=UTC)
    await house.build_digests().queue_due()
    house.clock.advance(minutes=7)
    for _ in range(2):
        await house.build_digests().queue_due()
    (event,) = await due(house)
    assert (event.local_date, event.late) == (date(2026, 1, 16), True)
    house.clock.now = datetime(2026, 1, 17, 23, 59, tzinfo=UTC)
    await house.build_digests().queue_due()
    assert [event.local_date for event in await due(house)] == [date(2026, 1, 17)]


async def test_a_chat_of_a_clock_that_was_ahead(house: Any) -> None:
    """Who began to listen an hour ahead of now is no less there when the digest is due."""
    house.owners = (2002,)
    house.clock.now = datetime(2026, 1, 16, 9, 30, tzinfo=UTC)
    await house.chats.greet(2002, title="Ada")
    house.clock.now = datetime(2026, 1, 16, 9, tzinfo=UTC)
    await house.build_digests().queue_due()
    assert len(await house.queued(2002)) == 1


async def test_a_day_that_was_missed_is_not_made_up_for(house: Any) -> None:
    """After days of downtime there is one digest, of today."""
    house.clock.advance(days=4, hours=1)
    await house.build_digests().queue_due()
    assert [event.local_date for event in await due(house)] == [date(2026, 1, 19)]


@pytest.mark.parametrize(("hours_before", "told"), [(-1, 0), (0, 0), (1, 1)])
async def test_chat_that_is_new_today(house: Any, hours_before: float, told: int) -> None:
    """A chat gets today's digest only if it was there before its time."""
    house.owners = (2002,)
    house.clock.advance(days=1, hours=-hours_before)
    await house.chats.greet(2002, title="Ada")
    house.clock.now = max(house.clock.now, datetime(2026, 1, 16, 9, tzinfo=UTC))
    await house.build_digests().queue_due()
    async with house.open_unit() as unit:
        parcels = await unit.outbox.lease(now=house.clock(), only=[2002])
    assert len(parcels) == told


async def test_off(house: Any) -> None:
    """Without a time there is no digest."""
    house.digest_at = None
    house.clock.advance(days=2)
    await house.build_digests().queue_due()
    assert await due(house) == []


@pytest.mark.parametrize(
    ("zone", "at", "start"),
    [
        ("Europe/Berlin", time(2, 30), datetime(2026, 3, 26, tzinfo=UTC)),  # 02:30 left out
        ("Europe/Berlin", time(2, 30), datetime(2026, 10, 22, tzinfo=UTC)),  # 02:30 twice
        ("America/Sao_Paulo", time(0, 0), datetime(2026, 1, 20, tzinfo=UTC)),
        ("Asia/Kathmandu", time(0, 1), datetime(2026, 1, 20, tzinfo=UTC)),
    ],
)
async def test_one_per_local_date_over_changes_of_clocks(
    house: Any, zone: str, at: time, start: datetime
) -> None:
    """Over days with a change of clocks each local date has exactly one digest."""
    house.clock.now, house.zone, house.digest_at = start, ZoneInfo(zone), at
    told: list[date] = []
    for _ in range(5 * 24 * 2):
        house.clock.advance(minutes=30)
        await house.build_digests().queue_due()
        told += [event.local_date for event in await due(house)]
    assert len(told) in {4, 5, 6}
    assert set(Counter(told).values()) == {1}
    assert told == [told[0] + timedelta(days=n) for n in range(len(told))]


async def test_filled_with_what_is_known_when_it_is_sent(house: Any) -> None:
    """Totals, changes since the digest before, what fires and what cannot be read."""
    checks = house.build_checks()
    house.exchange.answers = {
        "main/funding": {"USDT": "600.1", "ETH": "1"},
        "xt/spot": {"USDT": "100"},
    }
    await house.check(checks)
    house.clock.now = datetime(2026, 1, 16, 9, tzinfo=UTC)
    await house.build_digests().queue_due()
    (first,) = await due(house)
    assert (await house.build_digests().load(first)).since is None
    assert (await house.build_digests().load(first)).value.value == Decimal("700.1")
    house.exchange.prices["okx"] = [Price("ETH", "USDT", Decimal(2000), house.clock())]
    await house.prices.refresh()
    assert (await house.build_digests().load(first)).value.value == Decimal("2700.1")
    house.exchange.answers["main/funding"] = {"USDT": "499.9"}
    house.exchange.answers["xt/spot"] = ExchangeUnavailable("no answer")
    await house.check(checks)
    house.clock.now = datetime(2026, 1, 17, 9, tzinfo=UTC)
    await house.build_digests().queue_due()
    second = (await due(house))[-1]
    digest = await house.build_digests().load(second)
    assert [(c.path, c.asset, c.difference) for c in digest.changes] == [
        ("main/funding", "ETH", Decimal(-1)),
        ("main/funding", "USDT", Decimal("-100.2")),
    ]
    assert [wallet.path for wallet in digest.unreadable] == ["xt/spot"]
    assert [state.rule for state in digest.firing] == ["low"]
    assert not digest.totals["USDT"].complete


async def test_preview_leaves_no_trace(house: Any) -> None:
    """Asking for a digest queues none and does not count as one."""
    await house.check(house.build_checks())
    digest = await house.build_digests().preview()
    assert [wallet.path for wallet in digest.wallets] == [
        "main/funding",
        "main/trading",
        "xt/spot",
    ]
    house.clock.advance(days=1)
    await house.build_digests().queue_due()
    (*_, event) = await due(house)
    assert event.since is None
