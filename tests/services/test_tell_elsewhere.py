"""Told elsewhere: each critical event once to each channel, marked after it was sent."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from bot.core.delivery import Chat, Dropped, Postponed
from bot.core.elsewhere import Late
from bot.core.events import (
    Alert,
    AlertCleared,
    AlertRaised,
    AlertReminded,
    Event,
    SourceLost,
)
from bot.core.quiet import QuietHours, parse_quiet
from bot.services.tell_elsewhere import TellElsewhere

OWNER, GROUP = 1001, -4001
START = datetime(2026, 1, 15, 9, tzinfo=UTC)


@dataclass
class Channels:
    """Write down what is told, and fail as they are told to."""

    names: Sequence[str] = ("mail", "pager")
    told: list[tuple[str, list[str]]] = field(default_factory=list)
    failing: set[str] = field(default_factory=set)
    dies: bool = False

    async def tell(self, messages: Mapping[str, Sequence[Event]]) -> Collection[str]:
        took = messages.keys() - self.failing
        self.told += [(name, [e.kind for e in messages[name]]) for name in sorted(took)]
        if self.dies:
            raise RuntimeError("killed")
        return took


@pytest.fixture
def channels() -> Channels:
    return Channels()


def build(house: Any, channels: Channels) -> TellElsewhere:
    return TellElsewhere(
        channels=channels,
        open_unit=house.open_unit,
        recipients=house.chats.recipients,
        clock=house.clock,
    )


def alert(incident: str = "K7Q2", severity: Any = "critical") -> Alert:
    return Alert(
        incident=incident,
        rule="low",
        subject="main/funding",
        asset="USDT",
        part="total",
        comparison="<",
        limit=Decimal(500),
        clear=Decimal(525),
        severity=severity,
        since=START,
    )


def raised(house: Any, **what: Any) -> AlertRaised:
    return AlertRaised(alert=alert(**what), amount=Decimal(1), before=None, at=house.clock())


def cleared(house: Any, **what: Any) -> AlertCleared:
    return AlertCleared(alert=alert(**what), amount=Decimal(600), at=house.clock())


async def queue(house: Any, *events: Event, chats: Sequence[int] = (OWNER, GROUP)) -> None:
    async with house.open_unit() as unit:
        await unit.outbox.add(events, chats=[Chat(c) for c in chats], at=house.clock())


async def pass_by(house: Any, elsewhere: TellElsewhere, *, minutes: float) -> None:
    """Let time go by as it does for a bot that looks all the while."""
    for _ in range(round(minutes * 6)):
        house.clock.advance(seconds=10)
        await elsewhere.look()


async def late_of(house: Any) -> list[Late | None]:
    async with house.open_unit() as unit:
        parcels = await unit.outbox.lease(now=house.clock())
        for parcel in parcels:
            decision = Postponed(house.clock(), maybe_sent=False, attempts=1)
            await unit.outbox.settle(parcel.id, decision, at=house.clock())
        return [parcel.late for parcel in parcels]


async def test_once_per_event_and_channel(house: Any, channels: Channels) -> None:
    """After five minutes, not before, and once for both chats; then never again."""
    elsewhere = build(house, channels)
    await queue(house, raised(house))
    await pass_by(house, elsewhere, minutes=4.9)
    assert channels.told == []
    await pass_by(house, elsewhere, minutes=60)
    assert channels.told == [("mail", ["alert_raised"]), ("pager", ["alert_raised"])]


async def test_a_start_gives_telegram_its_chance(house: Any, channels: Channels) -> None:
    """What has waited while the bot was down, or asleep, may still be delivered first."""
    await queue(house, raised(house))
    house.clock.advance(hours=3)
    elsewhere = build(house, channels)
    await elsewhere.look()
    assert channels.told == []
    house.clock.advance(hours=3)  # the lid was closed
    await elsewhere.look()
    assert channels.told == []
    await pass_by(house, elsewhere, minutes=0.5)
    assert len(channels.told) == 2


async def test_what_arrives_is_told_nowhere_else(house: Any, channels: Channels) -> None:
    """In all chats in time: nothing of it is looked at any more."""
    elsewhere = build(house, channels)
    await queue(house, raised(house))
    assert len(await house.queued()) == 1
    await pass_by(house, elsewhere, minutes=60)
    assert channels.told == []
    async with house.open_unit() as unit:
        assert await unit.elsewhere.load(chats=[OWNER]) == ()


async def test_one_chat_that_waits_is_enough(house: Any, channels: Channels) -> None:
    """Who is on duty may be in the chat that Telegram lets wait."""
    elsewhere = build(house, channels)
    await queue(house, raised(house))
    async with house.open_unit() as unit:
        await unit.chats.hold(GROUP, until=house.clock() + timedelta(hours=1))
    assert len(await house.queued()) == 1
    await pass_by(house, elsewhere, minutes=6)
    assert len(channels.told) == 2


async def test_in_doubt_is_not_delivered(house: Any, channels: Channels) -> None:
    """Nobody knows whether it arrived: it is told."""
    elsewhere = build(house, channels)
    await queue(house, raised(house), chats=[OWNER])
    async with house.open_unit() as unit:
        (parcel,) = await unit.outbox.lease(now=house.clock())
        doubt = Postponed(house.clock(), maybe_sent=True, attempts=1)
        await unit.outbox.settle(parcel.id, doubt, at=house.clock())
    await pass_by(house, elsewhere, minutes=6)
    assert len(channels.told) == 2


async def test_what_is_not_critical_waits(house: Any, channels: Channels) -> None:
    """A warning and a lost source are not what anybody is woken for."""
    elsewhere = build(house, channels)
    lost = SourceLost(
        path="main/funding",
        error="Unreachable",
        message="x",
        since=house.clock(),
        last_good_at=None,
        at=house.clock(),
    )
    await queue(house, raised(house, severity="warning"), lost)
    await pass_by(house, elsewhere, minutes=60)
    assert channels.told == []


async def test_every_chat_is_gone(house: Any, channels: Channels) -> None:
    """Nobody on Telegram is left to be told: other channels are all there is, also for the end."""
    elsewhere = build(house, channels)
    channels.names = ("mail",)
    await queue(house, raised(house))
    for chat_id in (OWNER, GROUP):
        await house.chats.mark_gone(chat_id, reason="blocked")
    await pass_by(house, elsewhere, minutes=6)
    assert channels.told == [("mail", ["alert_raised"])]
    await queue(house, cleared(house), raised(house, incident="NEXT"), chats=[])
    await pass_by(house, elsewhere, minutes=60)
    assert channels.told[1:] == [("mail", ["alert_cleared", "alert_raised"])]


async def test_what_telegram_refuses_for_good(house: Any, channels: Channels) -> None:
    """A message that is given up in all chats has told nobody."""
    elsewhere = build(house, channels)
    await queue(house, raised(house))
    async with house.open_unit() as unit:
        for parcel in await unit.outbox.lease(now=house.clock()):
            await unit.outbox.settle(parcel.id, Dropped("refused"), at=house.clock())
    await pass_by(house, elsewhere, minutes=60)
    assert len(channels.told) == 2


async def test_nobody_is_told_the_end_of_what_he_never_heard_of(
    house: Any, channels: Channels
) -> None:
    """Without its beginning an end says nothing."""
    elsewhere = build(house, channels)
    await queue(house, cleared(house))
    await pass_by(house, elsewhere, minutes=60)
    assert channels.told == []


async def test_a_recovery_follows_at_once(house: Any, channels: Channels) -> None:
    """Who was woken is told that it is over, as long as Telegram is away."""
    channels.names = ("mail",)
    elsewhere = build(house, channels)
    await queue(house, raised(house))
    await pass_by(house, elsewhere, minutes=6)
    await queue(house, cleared(house))
    await pass_by(house, elsewhere, minutes=0.2)
    assert channels.told == [("mail", ["alert_raised"]), ("mail", ["alert_cleared"])]


async def test_a_recovery_that_telegram_takes(house: Any, channels: Channels) -> None:
    """It is back: nothing more is said elsewhere."""
    elsewhere = build(house, channels)
    await queue(house, raised(house))
    await pass_by(house, elsewhere, minutes=6)
    channels.told.clear()
    await house.queued()
    await queue(house, cleared(house))
    await house.queued()
    await pass_by(house, elsewhere, minutes=60)
    assert channels.told == []


async def test_begun_and_ended_meanwhile_is_told_together(house: Any, channels: Channels) -> None:
    """One message for both, as for who wakes up after quiet hours."""
    channels.names = ("mail",)
    elsewhere = build(house, channels)
    await queue(house, raised(house))
    await pass_by(house, elsewhere, minutes=3)
    await queue(house, cleared(house))
    await pass_by(house, elsewhere, minutes=3)
    assert channels.told == [("mail", ["alert_raised", "alert_cleared"])]


async def test_reminders_are_events_of_their_own(house: Any, channels: Channels) -> None:
    """A long outage goes on being told of, as it would be on Telegram."""
    channels.names = ("mail",)
    elsewhere = build(house, channels)
    await queue(house, raised(house))
    await pass_by(house, elsewhere, minutes=6)
    for number in (1, 2):
        reminder = AlertReminded(alert=alert(), amount=Decimal(1), at=house.clock(), number=number)
        await queue(house, reminder)
        await pass_by(house, elsewhere, minutes=6)
    assert [kinds for _, kinds in channels.told[1:]] == [["alert_reminded"], ["alert_reminded"]]


async def test_a_channel_that_fails(house: Any, channels: Channels) -> None:
    """It is tried again after growing pauses, and the other one hears nothing twice."""
    channels.failing = {"pager"}
    elsewhere = build(house, channels)
    await queue(house, raised(house))
    await pass_by(house, elsewhere, minutes=60)
    assert channels.told == [("mail", ["alert_raised"])]
    channels.failing.clear()
    await pass_by(house, elsewhere, minutes=10.1)
    assert channels.told[1:] == [("pager", ["alert_raised"])]


async def test_much_is_told_in_portions(house: Any, channels: Channels) -> None:
    """Each is marked before the next; a channel that fails gets less at once."""
    await queue(house, *(raised(house, incident=f"K{n:03}") for n in range(120)))
    elsewhere = build(house, channels)
    channels.failing = {"pager"}
    await pass_by(house, elsewhere, minutes=7)
    channels.failing = set()
    await pass_by(house, elsewhere, minutes=20)
    sizes = {
        name: [len(kinds) for channel, kinds in channels.told if channel == name]
        for name in channels.names
    }
    assert sizes["mail"] == [50, 50, 20]
    assert (sum(sizes["pager"]), max(sizes["pager"]) < 25) == (120, True)


async def test_growing_pauses(house: Any, channels: Channels) -> None:
    """An hour of failures is about a dozen attempts."""
    channels.names, attempts = ("mail",), []
    elsewhere = build(house, channels)

    async def fail(messages: Mapping[str, Sequence[Event]]) -> Collection[str]:
        attempts.append(house.clock())
        return ()

    channels.tell = fail  # type: ignore[method-assign]
    await queue(house, raised(house))
    await pass_by(house, elsewhere, minutes=65)
    gaps = [later - earlier for earlier, later in pairwise(attempts)]
    assert gaps == sorted(gaps)
    assert 8 <= len(attempts) <= 14


async def test_a_crash_between_sending_and_marking(house: Any, channels: Channels) -> None:
    """It is told again after the next start: twice is better than not at all."""
    elsewhere = build(house, channels)
    await queue(house, raised(house))
    channels.dies = True
    with pytest.raises(RuntimeError):
        await pass_by(house, elsewhere, minutes=6)
    assert len(channels.told) == 2
    channels.dies = False
    await pass_by(house, build(house, channels), minutes=2)
    assert len(channels.told) == 4
    await pass_by(house, build(house, channels), minutes=60)
    assert len(channels.told) == 4


async def test_a_mark_that_the_database_refuses(
    house: Any, channels: Channels, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is told again while that cannot be written down; it is when it can."""
    elsewhere = build(house, channels)
    await queue(house, raised(house))

    async def refuse(*_: object, **__: object) -> None:
        raise OSError("locked")

    with monkeypatch.context() as locked:
        locked.setattr("bot.store.elsewhere.SqlElsewhere.mark_told", refuse)
        for _ in range(60):
            house.clock.advance(seconds=10)
            try:
                await elsewhere.look()
            except OSError:
                continue
    await pass_by(house, elsewhere, minutes=10)
    assert len(channels.told) == 2


async def test_late_and_told_elsewhere(house: Any, channels: Channels) -> None:
    """Telegram gets it too, and it says since when, and that others have told it."""
    start, elsewhere = house.clock(), build(house, channels)
    await queue(house, raised(house), chats=[OWNER])
    assert await late_of(house) == [None]
    await pass_by(house, elsewhere, minutes=6)
    assert await late_of(house) == [Late(start, elsewhere=True)]


async def test_late_without_other_channels(house: Any, channels: Channels) -> None:
    """It says only since when it waits; nothing is kept open for channels that there are not."""
    start = house.clock()
    channels.names = ()
    await queue(house, raised(house), chats=[OWNER])
    await pass_by(house, build(house, channels), minutes=6)
    assert await late_of(house) == [Late(start, elsewhere=False)]
    await house.queued()
    await pass_by(house, build(house, channels), minutes=1)
    async with house.open_unit() as unit:
        assert await unit.elsewhere.load(chats=[OWNER]) == ()


async def test_what_waited_for_quiet_hours_is_not_late(house: Any, channels: Channels) -> None:
    """It comes when it was to come; late is what comes long after that."""
    quiet = parse_quiet("08:00-10:00")
    assert isinstance(quiet, QuietHours)
    until = house.clock() + timedelta(hours=1)
    await queue(house, raised(house, severity="warning"), chats=[OWNER])
    async with house.open_unit() as unit:
        (parcel,) = await unit.outbox.lease(now=house.clock())
        await unit.outbox.put_off(parcel.id, until=until)
    house.clock.now = until + timedelta(seconds=5)
    assert await late_of(house) == [None]
    house.clock.advance(minutes=6)
    assert await late_of(house) == [Late(until, elsewhere=False)]


async def test_the_house_is_kept(house: Any, channels: Channels) -> None:
    """What was told long ago is forgotten with the messages about it."""
    await queue(house, raised(house), chats=[])
    async with house.open_unit() as unit:
        assert len(await unit.elsewhere.load(chats=[])) == 1
        await unit.elsewhere.forget(before=house.clock() + timedelta(seconds=1))
        assert await unit.elsewhere.load(chats=[]) == ()


async def test_quiet_hours_that_are_ended(house: Any, channels: Channels) -> None:
    """What waited for their end, and is let go before it, is not late either."""
    await queue(house, raised(house, severity="warning"), chats=[OWNER])
    async with house.open_unit() as unit:
        (parcel,) = await unit.outbox.lease(now=house.clock())
        await unit.outbox.put_off(parcel.id, until=house.clock() + timedelta(hours=9))
        house.clock.advance(hours=1)
        released_at = house.clock()
        await unit.outbox.release(OWNER, at=released_at)
    assert await late_of(house) == [None]
    house.clock.advance(minutes=6)
    assert await late_of(house) == [Late(released_at, elsewhere=False)]


async def test_what_is_queued_anew_is_the_same(house: Any, channels: Channels) -> None:
    """A chat that begins to listen meanwhile is told what stands; the channels know it."""
    elsewhere = build(house, channels)
    await queue(house, raised(house), chats=[OWNER])
    await pass_by(house, elsewhere, minutes=6)
    await queue(house, raised(house), chats=[GROUP])
    await pass_by(house, elsewhere, minutes=60)
    assert len(channels.told) == 2
