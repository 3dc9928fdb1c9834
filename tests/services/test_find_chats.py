"""Lost chats are knocked at: nobody tells that one may write again."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from typing_extensions import override

from bot.core.access import Person
from bot.core.delivery import Chat, ChatGone, ChatMoved, NotSent, Outcome, Sent
from bot.services.find_chats import FindChats
from bot.services.ports import ChatDoor

OWNER, GROUP, MOVED = 1001, -4001, -1004001


@dataclass
class Door(ChatDoor):
    """Answers as it is told to, and writes down who knocked where."""

    outcomes: list[Outcome | Exception]
    """In this order; the last one stays."""
    knocked: list[int] = field(default_factory=list)

    @override
    async def knock(self, chat: Chat) -> Outcome:
        self.knocked.append(chat.chat_id)
        outcome = self.outcomes.pop(0) if len(self.outcomes) > 1 else self.outcomes[0]
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


async def look(house: Any, *outcomes: Outcome | Exception) -> tuple[Door, Any]:
    chats, door = house.chats, Door(list(outcomes))
    await FindChats(chats=chats, door=door, clock=house.clock).look()
    return door, chats


async def test_only_what_is_lost_and_named_is_knocked_at(house: Any) -> None:
    """A chat that is well is left alone, and so is one that the settings do not name."""
    async with house.open_unit() as unit:
        await unit.chats.add(Chat(-4999, since=house.clock()))
        await unit.chats.mark_gone(-4999, reason="kicked")
    door, _ = await look(house, Sent(0))
    assert door.knocked == []


async def test_chat_that_opens_is_told_what_stands(house: Any) -> None:
    """What began meanwhile reaches it, and owners hear that it is back."""
    await house.chats.mark_gone(GROUP, reason="not enough rights to send")
    house.exchange.answers["main/funding"] = {"USDT": "1"}
    await house.check(house.build_checks())
    _, chats = await look(house, Sent(0))
    assert await chats.lost() == []
    queued = {i: await house.queued(i) for i in (GROUP,)}
    assert [e.kind for p in queued[GROUP] for e in p.events] == ["alert_raised"]


@pytest.mark.parametrize(
    "outcome", [ChatGone("kicked"), NotSent("no answer"), OSError("a broken door")]
)
async def test_chat_that_stays_closed_is_told_of_once(house: Any, outcome: Any) -> None:
    """Knocking every hour says nothing more to anybody, and nothing breaks."""
    await house.chats.mark_gone(GROUP, reason="kicked")
    await house.queued()
    for _ in range(3):
        door, chats = await look(house, outcome)
        assert door.knocked == [GROUP]
        assert len(await chats.lost()) == 1
    assert await house.queued(OWNER) == []


async def test_moved_group_is_followed(house: Any) -> None:
    """The next knock is at the new id, at once; where that opens the chat is told."""
    await house.chats.mark_gone(GROUP, reason="upgraded")
    door, chats = await look(house, ChatMoved(MOVED))
    assert door.knocked == [GROUP, MOVED]
    assert [chat.chat_id for chat in await chats.lost()] == [MOVED]


async def test_moved_group_that_opens(house: Any) -> None:
    """Nobody waits an hour for the second knock."""
    await house.chats.mark_gone(GROUP, reason="upgraded")
    door, chats = await look(house, ChatMoved(MOVED), Sent(0))
    assert (door.knocked, await chats.lost()) == ([GROUP, MOVED], [])


@pytest.mark.parametrize("second", [Sent(0), ChatGone("TOPIC_CLOSED")])
async def test_a_group_that_was_lost_with_its_topic(house: Any, second: Outcome) -> None:
    """The whole group is knocked at, at once; owners hear of the topic, and that it is back."""
    chats = house.chats
    await chats.recall()
    await chats.tell_in(GROUP, 7, by=Person(OWNER, "You"))
    await chats.mark_gone(GROUP, reason="Message thread not found")
    await house.queued()
    door, chats = await look(house, ChatGone("Message thread not found"), second)
    assert door.knocked == [GROUP, GROUP]
    assert bool(await chats.lost()) is isinstance(second, ChatGone)
    told = [
        (e.kind, e.reason) for p in await house.queued() for e in p.events if e.kind == "chat_lost"
    ]
    assert told == [("chat_lost", "topic-only")]
    await look(house, ChatGone("TOPIC_CLOSED"))
    assert await house.queued() == []


async def test_words_are_a_reason_to_try(house: Any) -> None:
    """Where a chat is lost and somebody speaks, it is knocked at soon, once a minute at most."""
    chats, door = house.chats, Door([ChatGone("not enough rights"), Sent(0)])
    found = FindChats(chats=chats, door=door, clock=house.clock)
    await chats.add_configured()
    await chats.mark_gone(GROUP, reason="message thread not found")
    await found.listen()
    assert door.knocked == []
    await chats.heard(GROUP, title="Desk")
    await chats.heard(OWNER, title="You")
    await found.listen()
    assert door.knocked == [GROUP]
    assert await chats.lost()
    await chats.heard(GROUP, title="Desk")
    house.clock.advance(seconds=30)
    await found.listen()
    assert door.knocked == [GROUP]
    house.clock.advance(seconds=31)
    await found.listen()
    assert door.knocked == [GROUP, GROUP]
    assert not await chats.lost()
    house.clock.advance(minutes=2)
    await found.listen()
    assert door.knocked == [GROUP, GROUP]
