"""Chats come, pause, go, move and come back."""

from collections.abc import Callable
from datetime import date, datetime, timedelta

import pytest

from bot.core.delivery import Chat, Delivered
from bot.core.events import AlertCleared, AlertRaised
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
        (first, *_) = await unit.outbox.lease(now=now, busy=[-100], most=9)
        await unit.outbox.settle(first.id, Delivered(77), at=now)
        await unit.outbox.add([raised("B")], chats=chats[:1], at=now)
        await unit.chats.move(-4, to=-100)
    async with open_unit() as unit:
        assert [chat.chat_id for chat in await unit.chats.load()] == [-100]
        assert not await unit.digests.add(-100, DAY, at=now)
        await unit.outbox.add([cleared("A")], chats=[Chat(-100)], at=now)
        leased = await unit.outbox.lease(now=now, busy=(), most=9)
        assert [parcel.chat.chat_id for parcel in leased] == [-100]
