"""What messages show of their alerts: kept from the first word to the last, and no longer."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from bot.core.delivery import Chat, Delivered
from bot.core.events import Alert, AlertCleared, AlertRaised, AlertReminded
from bot.core.faces import Face, face_of
from bot.services.ports import OpenUnit

Raise = Callable[[str], AlertRaised]
Clear = Callable[[str], AlertCleared]


@pytest.fixture(autouse=True)
async def chats(open_unit: OpenUnit, now: datetime) -> None:
    async with open_unit() as unit:
        for chat_id in (1, 2):
            await unit.chats.add(Chat(chat_id, since=now))


async def tell(open_unit: OpenUnit, *events: AlertRaised | AlertCleared | AlertReminded) -> None:
    """Queue, and deliver to both chats; a message has its chat and its row in its id."""
    at = max(event.at for event in events)
    async with open_unit() as unit:
        await unit.outbox.add(events, chats=[Chat(1), Chat(2)], at=at)
    async with open_unit() as unit:
        while parcels := await unit.outbox.lease(now=at):
            for parcel in parcels:
                message_id = 1000 * parcel.chat.chat_id + parcel.id
                await unit.outbox.settle(parcel.id, Delivered(message_id), at=at)


async def test_what_was_told_is_shown(open_unit: OpenUnit, raised: Raise, now: datetime) -> None:
    """Each chat's message shows the amount of the beginning until it is edited."""
    async with open_unit() as unit:
        await unit.outbox.add([raised("A")], chats=[Chat(1)], at=now)
        assert await unit.outbox.shown() == []  # nothing is there to be edited yet
    await tell(open_unit, raised("B"), raised("C"))
    async with open_unit() as unit:
        shown = await unit.outbox.shown()
    assert [(s.incident, s.message_id) for s in shown] == [
        ("A", 1001),
        ("B", 1002),
        ("C", 1002),
        ("B", 2003),
        ("C", 2003),
    ]
    assert {(s.face, s.shown_at, s.ending) for s in shown} == {
        (Face(raised("A").amount), now, None)
    }


async def test_shown_until_all_is_over(
    open_unit: OpenUnit, raised: Raise, cleared: Clear, now: datetime
) -> None:
    """The end is found with the message, and the message is left once it shows all ends."""
    later = now + timedelta(minutes=1)
    await tell(open_unit, raised("A"), raised("B"))
    await tell(open_unit, cleared("A"))
    over = Face(cleared("A").amount, over="cleared", over_at=now)
    async with open_unit() as unit:
        here = [s for s in await unit.outbox.shown() if s.chat_id == 1]
        assert [s.ending for s in here] == [cleared("A"), None]
        parcel_id = here[0].parcel_id
        await unit.outbox.show({"A": over, "B": here[1].face}, parcel_id, at=later)
        here = [s for s in await unit.outbox.shown() if s.chat_id == 1]
        assert [(s.face, s.shown_at) for s in here] == [(over, later), (here[1].face, later)]
        await unit.outbox.show({"A": over, "B": over}, parcel_id, at=later)
        assert {s.chat_id for s in await unit.outbox.shown()} == {2}
        assert await unit.outbox.events_of(parcel_id) == (raised("A"), raised("B"))


async def test_the_end_is_told_once(
    open_unit: OpenUnit, raised: Raise, cleared: Clear, now: datetime
) -> None:
    """An end that was told already, and is not shown yet, is not told again."""
    await tell(open_unit, raised("A"))
    await tell(open_unit, cleared("A"))
    async with open_unit() as unit:
        assert await unit.outbox.told(1) == set()
        await unit.outbox.add([cleared("A")], chats=[Chat(1)], at=now)
        assert await unit.outbox.lease(now=now) == []


async def test_what_a_message_is_about(
    open_unit: OpenUnit, raised: Raise, cleared: Clear, alert: Callable[[str], Alert]
) -> None:
    """Beginnings and reminders, all of them; the end has nothing to be pressed."""
    reminder = AlertReminded(
        alert=alert("A"), amount=raised("A").amount, at=raised("A").at, number=1
    )
    await tell(open_unit, raised("A"), raised("B"))
    await tell(open_unit, reminder)
    await tell(open_unit, cleared("A"))
    async with open_unit() as unit:
        told = [await unit.outbox.told_in(1, message) for message in (1001, 1003, 1005, 1002, 9)]
    assert told == [["A", "B"], ["A"], [], [], []]


async def test_a_reminder_is_a_reply(
    open_unit: OpenUnit, raised: Raise, alert: Callable[[str], Alert], now: datetime
) -> None:
    """To the first message where there is one; it is told all the same where there is none."""
    await tell(open_unit, raised("A"))
    amount = raised("A").amount
    reminders = [
        AlertReminded(alert=alert(incident), amount=amount, at=now, number=1)
        for incident in ("A", "X")
    ]
    async with open_unit() as unit:
        await unit.outbox.add(reminders, chats=[Chat(1)], at=now)
        found = []
        while parcels := await unit.outbox.lease(now=now):
            for parcel in parcels:
                await unit.outbox.settle(parcel.id, Delivered(1), at=now)
                found.append((parcel.events, parcel.reply_to))
    assert found == [((reminders[0],), 1001), ((reminders[1],), None)]


async def test_what_is_over_can_be_looked_at_again(
    open_unit: OpenUnit, raised: Raise, cleared: Clear, now: datetime
) -> None:
    """With the end where one was told, in that chat alone, and not what is looked at anyway."""
    await tell(open_unit, raised("A"), raised("B"))
    await tell(open_unit, cleared("A"))
    over = Face(cleared("A").amount, over="cleared", over_at=now)
    async with open_unit() as unit:
        assert await unit.outbox.over(1, since=now) == []
        await unit.outbox.show({"A": over, "B": over}, 1, at=now)
        assert await unit.outbox.over(1, since=now + timedelta(seconds=1)) == []
        assert await unit.outbox.over(2, since=now) == []
        found = await unit.outbox.over(1, since=now)
        assert [(s.incident, s.message_id, s.ending) for s in found] == [
            ("A", 1001, cleared("A")),
            ("B", 1001, None),
        ]
        await unit.outbox.look_again(found)
        assert [s for s in await unit.outbox.shown() if s.chat_id == 1] == found
        assert await unit.outbox.over(1, since=now) == []


async def test_what_was_told_again_is_shown_by_the_last_message(
    open_unit: OpenUnit, raised: Raise, now: datetime
) -> None:
    for _ in range(2):
        await tell(open_unit, raised("A"))
    over = Face(raised("A").amount, over="unknown")
    async with open_unit() as unit:
        (shown,) = [s for s in await unit.outbox.shown() if s.chat_id == 1]
        await unit.outbox.show({"A": over}, shown.parcel_id, at=now)
        (found,) = await unit.outbox.over(1, since=now)
    assert found.parcel_id == shown.parcel_id


async def test_an_end_that_waits_is_an_end(
    open_unit: OpenUnit, raised: Raise, cleared: Clear, now: datetime
) -> None:
    """A recovery that is held over quiet hours is shown already, and is not unsaid later."""
    await tell(open_unit, raised("A"))
    async with open_unit() as unit:
        await unit.outbox.add([cleared("A")], chats=[Chat(1)], at=now)
        (waits,) = await unit.outbox.lease(now=now, only=[1])
        await unit.outbox.put_off(waits.id, until=now + timedelta(hours=8))
        (shown,) = [one for one in await unit.outbox.shown() if one.chat_id == 1]
        face = face_of(shown.face, None, shown.ending, now=now)
        await unit.outbox.show({"A": face}, shown.parcel_id, at=now)
        (again,) = await unit.outbox.over(1, since=now - timedelta(hours=48))
    assert again.message_id == shown.message_id
    assert face_of(again.face, None, again.ending, now=now).over == face.over == "cleared"
