"""Chats come, pause, go, move and come back."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, time, timedelta

import pytest

from bot.core.delivery import Chat, Delivered
from bot.core.events import AlertCleared, AlertRaised, SubAccountsChanged
from bot.core.quiet import QuietHours
from bot.services.ports import OpenUnit

DAY = date(2026, 1, 15)


async def test_chat_that_is_added_again_keeps_its_since(
    open_unit: OpenUnit, now: datetime
) -> None:
    """A second greeting neither makes a chat new nor ends its pause, but it is no longer gone."""
    pause = now + timedelta(minutes=1)
    async with open_unit() as unit:
        await unit.chats.add(Chat(1, title="Desk", since=now))
        await unit.chats.hold(1, until=pause)
        await unit.chats.mark_gone(1, reason="blocked")
        assert await unit.chats.load() == [Chat(1, "Desk", now, pause, "blocked")]
        await unit.chats.add(Chat(1, title="Desk 2", since=now + timedelta(days=1)))
        assert await unit.chats.load() == [Chat(1, "Desk 2", now, pause, None)]


async def test_what_lasts_waits_for_a_chat_that_is_gone(
    open_unit: OpenUnit, raised: Callable[[str], AlertRaised], now: datetime
) -> None:
    """Of what waits only the alerts go; what is being sent is left to its sender."""
    changed = SubAccountsChanged(
        account="main", added=("a",), gone=(), frozen=(), thawed=(), at=now
    )
    chats = [Chat(1, since=now)]
    async with open_unit() as unit:
        await unit.chats.add(chats[0])
        await unit.outbox.add([raised("A")], chats=chats, at=now)
        (sending,) = await unit.outbox.lease(now=now)
        await unit.outbox.add([raised("B"), changed], chats=chats, at=now)
        await unit.chats.mark_gone(1, reason="blocked")
        await unit.outbox.settle(sending.id, Delivered(11), at=now)
        await unit.chats.add(chats[0])
        (left,) = await unit.outbox.lease(now=now)
        assert left.events == (changed,)
        assert await unit.outbox.told(1) == {"A"}


NIGHT, NOON = QuietHours(time(22), time(7)), QuietHours(time(12), time(13))


@pytest.mark.parametrize(
    ("old", "new", "merged"),
    [
        (Chat(-4, quiet=NIGHT), None, Chat(-100, former_id=-4, quiet=NIGHT)),
        (Chat(-4, quiet=NIGHT), Chat(-100), Chat(-100, former_id=-4, quiet=NIGHT)),
        (Chat(-4, quiet=NIGHT), Chat(-100, quiet=NOON), Chat(-100, former_id=-4, quiet=NOON)),
        (Chat(-4, gone="upgraded"), Chat(-100), Chat(-100, former_id=-4)),
        (Chat(-4), Chat(-100, gone="not in the settings"), Chat(-100, former_id=-4)),
        (Chat(-4, gone="kicked"), None, Chat(-100, former_id=-4, gone="kicked")),
    ],
)
async def test_group_that_moves_keeps_what_it_wants(
    open_unit: OpenUnit, now: datetime, old: Chat, new: Chat | None, merged: Chat
) -> None:
    """Its quiet hours and its old name follow, also to an id that was known; twice is once."""
    async with open_unit() as unit:
        for chat in (old, *([new] if new else [])):
            await unit.chats.add(replace(chat, since=now))
        await unit.chats.move(-4, to=-100)
        await unit.chats.move(-4, to=-100)
        assert await unit.chats.load() == [replace(merged, since=now)]


@pytest.mark.parametrize("known", [False, True])
async def test_group_that_moves_takes_everything_along(
    open_unit: OpenUnit,
    raised: Callable[[str], AlertRaised],
    cleared: Callable[[str], AlertCleared],
    now: datetime,
    known: bool,
) -> None:
    """Messages, reply marks and digests follow, also where the new id was told the same."""
    async with open_unit() as unit:
        chats = [Chat(-4, since=now), Chat(-100, since=now)][: 1 + known]
        for chat in chats:
            await unit.chats.add(chat)
            await unit.digests.add(chat.chat_id, DAY, at=now)
        await unit.outbox.add([raised("A")], chats=chats, at=now)
        (first, *_) = await unit.outbox.lease(now=now, only=[-4])
        await unit.outbox.settle(first.id, Delivered(77), at=now)
        await unit.outbox.add([raised("B")], chats=chats[:1], at=now)
        await unit.chats.move(-4, to=-100)
    async with open_unit() as unit:
        assert [chat.chat_id for chat in await unit.chats.load()] == [-100]
        assert not await unit.digests.add(-100, DAY, at=now)
        await unit.outbox.add([cleared("A")], chats=[Chat(-100)], at=now)
        leased = await unit.outbox.lease(now=now)
        assert [parcel.chat.chat_id for parcel in leased] == [-100]
