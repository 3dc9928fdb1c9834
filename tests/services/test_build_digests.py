"""Digests: one a chat and local date, whatever the ticks, the restarts and the clocks do."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot.core.events import DigestDue
from bot.core.scope import Asker, Scope
from bot.fetchers.errors import ExchangeUnavailable
from bot.fetchers.model import Price
from bot.services.show_history import ShowHistory

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
    day_before = datetime(2026, 1, 15, 9, tzinfo=UTC)
    assert [e.since for e in told] == [day_before, told[0].at, told[1].at]


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
    """The total, what moved since the digest before, what fires and what cannot be read."""
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
    assert (await house.build_digests().load(first)).total.worth.value == Decimal("700.1")
    house.exchange.prices["okx"] = [Price("ETH", "USDT", Decimal(2000), house.clock())]
    await house.prices.refresh()
    assert (await house.build_digests().load(first)).total.worth.value == Decimal("2700.1")
    async with house.open_unit() as unit:
        kept = {("okx", "ETH"): Decimal(1500)}
        await unit.past.keep_prices(kept, hour=house.clock())
    house.exchange.answers["main/funding"] = {"USDT": "499.9", "ETH": "2"}
    house.exchange.answers["xt/spot"] = ExchangeUnavailable("no answer")
    await house.check(checks)
    house.clock.now = datetime(2026, 1, 17, 9, tzinfo=UTC)
    await house.build_digests().queue_due()
    second = (await due(house))[-1]
    digest = await house.build_digests().load(second)
    assert [(m.path, m.coin, m.difference) for m in digest.moved] == [
        ("main/funding", "ETH", Decimal(1)),
        ("main/funding", "USDT", Decimal("-100.2")),
    ]
    change = digest.total.change
    assert change is not None
    assert (change.before, change.by_amounts) == (Decimal("2100.1"), Decimal("1899.8"))
    assert (change.by_prices, change.after) == (Decimal(500), Decimal("4499.9"))
    assert change.without == ("xt/spot",)
    assert [wallet.path for wallet in digest.unreadable] == ["xt/spot"]
    assert [wallet.path for wallet in digest.stale] == ["main/funding", "main/trading"]
    assert [state.rule for state in digest.firing] == ["low"]
    assert len(digest.course) == 24


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
    assert event.since == datetime(2026, 1, 15, 9, tzinfo=UTC)


async def test_a_course_that_cannot_be_had_is_left_out(
    house: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a digest could do without neither holds it up nor loses it."""

    async def broken(*_args: Any) -> None:
        raise OSError("no past")

    monkeypatch.setattr(ShowHistory, "report", broken)
    await house.check(house.build_checks())
    digest = await house.build_digests().preview()
    assert (digest.course, len(digest.wallets)) == ((), 3)


async def test_a_chat_hears_of_its_scope_only(house: Any) -> None:
    """Wallets, accounts, movers and alerts of others are not there, nor in the total."""
    house.exchange.answers = {"main/funding": {"USDT": "1"}, "xt/spot": {"USDT": "100"}}
    await house.check(house.build_checks())
    asker = Asker(chat_id=OWNER, scope=Scope(("xt",)))
    digest = await house.build_digests().within(asker).preview()
    assert [wallet.path for wallet in digest.wallets] == ["xt/spot"]
    assert digest.total.worth.value == Decimal(100)
    assert digest.firing == ()


async def wants(house: Any, words: str) -> None:
    """Let the owner's chat say when it wants its digest."""
    digests = house.build_digests()
    async with house.open_unit() as unit:
        (chat,) = [chat for chat in await unit.chats.load() if chat.chat_id == OWNER]
        plan = digests.planned(chat, words.split(), at=house.clock())
        preferences = replace(chat.preferences, digest=plan)
        await unit.chats.save(replace(chat, preferences=preferences))


async def told_over(house: Any, *, days: int, hours: float = 1) -> list[DigestDue]:
    told = []
    digests = house.build_digests()
    for _ in range(int(days * 24 / hours)):
        house.clock.advance(hours=hours)
        await digests.queue_due()
        told += await due(house)
    return told


async def test_weekly(house: Any) -> None:
    """Each Monday, counted from the Monday before; also the first time."""
    await wants(house, "weekly mon at 18:00")
    told = await told_over(house, days=20, hours=3)
    assert [(e.period, e.local_date) for e in told] == [
        ("weekly", date(2026, 1, day)) for day in (19, 26)
    ] + [("weekly", date(2026, 2, 2))]
    openings = [datetime(2026, 1, day, 18, tzinfo=UTC) for day in (12, 19, 26)]
    assert [e.since for e in told] == openings


async def test_monthly_on_a_day_that_some_months_lack(house: Any) -> None:
    """The 31st is the last day of each month, whatever that is."""
    await wants(house, "monthly 31")
    told = await told_over(house, days=110, hours=6)
    assert [e.local_date for e in told] == [
        date(2026, 1, 31),
        date(2026, 2, 28),
        date(2026, 3, 31),
        date(2026, 4, 30),
    ]
    assert [e.since.date() for e in told if e.since] == [
        date(2025, 12, 31),
        date(2026, 1, 31),
        date(2026, 2, 28),
        date(2026, 3, 31),
    ]


@pytest.mark.parametrize(
    ("words", "first"),
    [
        ("at 10:00", datetime(2026, 1, 16, 10, tzinfo=UTC)),  # still to come
        ("at 09:10", datetime(2026, 1, 17, 9, 10, tzinfo=UTC)),  # over already
        ("weekly fri at 09:00", datetime(2026, 1, 23, 9, tzinfo=UTC)),
        ("weekly fri at 12:00", datetime(2026, 1, 16, 12, tzinfo=UTC)),
    ],
)
async def test_a_changed_plan_begins_now(house: Any, words: str, first: datetime) -> None:
    """At the new time today if that is still to come, else on the next day that it falls on."""
    house.clock.now = datetime(2026, 1, 16, 9, 20, tzinfo=UTC)
    await wants(house, words)
    (chat,) = [c for c in await _chats(house) if c.chat_id == OWNER]
    assert (await house.build_digests().plan_of(chat)).next_at == first
    told = await told_over(house, days=9)
    assert told[0].at == first


async def _chats(house: Any) -> Any:
    async with house.open_unit() as unit:
        return await unit.chats.load()


async def test_no_date_comes_twice_whatever_is_changed(house: Any) -> None:
    """The digest of today was told: a later time, and the same one again, are for tomorrow."""
    house.clock.now = datetime(2026, 1, 16, 8, 40, tzinfo=UTC)
    told = await told_over(house, days=1)
    for words in ("at 09:30", "daily at 12:00", "off", "daily at 13:00"):
        await wants(house, words)
    (chat,) = [c for c in await _chats(house) if c.chat_id == OWNER]
    told += await told_over(house, days=2)
    days = [e.local_date for e in told]
    assert days == [date(2026, 1, day) for day in (16, 17, 18)]
    assert (await house.build_digests().plan_of(chat)).next_at == datetime(
        2026, 1, 19, 13, tzinfo=UTC
    )


async def test_a_digest_of_each_kind_has_a_date_of_its_own(house: Any) -> None:
    """A week's digest is not lost because that day's was told in the morning."""
    house.clock.now = datetime(2026, 1, 16, 8, 40, tzinfo=UTC)
    await wants(house, "daily at 09:00")
    house.clock.now = datetime(2026, 1, 16, 9, 10, tzinfo=UTC)
    await house.build_digests().queue_due()
    await wants(house, "weekly fri at 12:00")
    house.clock.now = datetime(2026, 1, 16, 12, 10, tzinfo=UTC)
    await house.build_digests().queue_due()
    assert [(e.period, e.local_date.day) for e in await due(house)] == [
        ("daily", 16),
        ("weekly", 16),
    ]


async def test_a_weekly_digest_outlasts_a_day_of_downtime(house: Any) -> None:
    """The next one would be a week away: it comes two days late at the most."""
    await wants(house, "weekly fri at 09:00")
    house.clock.now = datetime(2026, 1, 18, 8, tzinfo=UTC)
    await house.build_digests().queue_due()
    (event,) = await due(house)
    assert (event.local_date, event.late) == (date(2026, 1, 16), True)


async def test_off_is_off(house: Any) -> None:
    await wants(house, "off")
    assert await told_over(house, days=3) == []


@pytest.mark.parametrize(
    ("before", "after"),
    [("Asia/Tokyo", "America/Los_Angeles"), ("America/Los_Angeles", "Asia/Tokyo")],
)
async def test_no_date_comes_twice_when_a_chat_moves(house: Any, before: str, after: str) -> None:
    """In whatever direction it travels, each local date has one digest at the most."""
    told = []
    for zone in (before, after, before):
        async with house.open_unit() as unit:
            (chat,) = [c for c in await unit.chats.load() if c.chat_id == OWNER]
            preferences = replace(chat.preferences, zone=zone)
            await unit.chats.save(replace(chat, preferences=preferences))
        told += await told_over(house, days=3)
    days = [e.local_date for e in told]
    assert len(days) == len(set(days))
    assert days == [days[0] + timedelta(days=n) for n in range(len(days))]


async def test_a_wish_that_is_heard_twice_skips_nothing(house: Any) -> None:
    """After a crash it is heard again, when what it asked for is due already: that is told."""
    house.clock.now = said_at = datetime(2026, 1, 16, 11, 59, tzinfo=UTC)
    (chat,) = [c for c in await _chats(house) if c.chat_id == OWNER]
    once = house.build_digests().planned(chat, ["at", "12:00"], at=said_at)
    house.clock.advance(minutes=5)
    again = replace(chat, preferences=replace(chat.preferences, digest=once))
    assert house.build_digests().planned(again, ["at", "12:00"], at=said_at) == once
