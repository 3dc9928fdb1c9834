"""Chats that come, go, move and come back: whom we follow, and what owners are told of it."""

from dataclasses import replace
from typing import Any

import pytest

from bot.core.delivery import Chat
from bot.fetchers.errors import CredentialsRejected
from bot.services.trace_chats import NOT_NAMED
from tests.services.test_change_chats import changed, kinds

OWNER, GROUP, STRANGER, MOVED = 1001, -4001, 6666, -1004001


async def test_configured_chats_are_told_from_the_first_start_on(house: Any) -> None:
    """A second start neither adds a chat twice nor makes it new; one that was named is back."""
    first = house.clock()
    async with house.open_unit() as unit:
        await unit.chats.mark_gone(GROUP, reason=NOT_NAMED)
    house.clock.advance(days=1)
    await house.chats.add_configured()
    async with house.open_unit() as unit:
        (group,) = [chat for chat in await unit.chats.load() if chat.chat_id == GROUP]
    assert (group.since, group.gone) == (first, None)


async def test_chat_that_was_given_up_is_taken_back_when_it_speaks(house: Any) -> None:
    """What it missed and still stands is told; a chat that was never given up is left alone."""
    chats = house.chats
    await chats.heard(GROUP, title="Desk")
    await chats.mark_gone(GROUP, reason="not a member")
    house.exchange.answers["main/funding"] = {"USDT": "1"}
    await house.check(house.build_checks())
    assert await house.queued(GROUP) == []
    await chats.heard(GROUP, title="Desk")
    (parcel,) = await house.queued(GROUP)
    assert [event.kind for event in parcel.events] == ["alert_raised"]


@pytest.mark.parametrize("reason", ["not enough rights to send text messages", "TOPIC_CLOSED"])
async def test_words_do_not_open_a_chat_in_which_we_may_not_write(house: Any, reason: str) -> None:
    """Owners are not told at every word that it is back, and lost again; a knock opens it."""
    chats = house.chats
    await chats.mark_gone(GROUP, reason=reason)
    await house.queued()
    await chats.heard(GROUP, title="Desk")
    assert (await house.queued(), len(await chats.lost())) == ([], 1)
    await chats.greet(GROUP, title="Desk")
    assert await chats.lost() == []


async def test_what_was_told_or_waits_is_not_told_twice(house: Any) -> None:
    """A chat that comes back gets what waited for it, and nothing of that a second time."""
    house.exchange.answers["main/funding"] = {"USDT": "1"}
    await house.check(house.build_checks())
    chats = house.chats
    for first in (True, False):
        await chats.mark_gone(GROUP, reason="not a member")
        await chats.heard(GROUP, title="Desk")
        kinds = [e.kind for p in await house.queued(GROUP) for e in p.events]
        assert kinds == (["alert_raised"] if first else [])


async def test_what_is_over_on_return_is_not_told_as_new(house: Any) -> None:
    """An alert and a loss that waited when a chat went, and ended before it came back."""
    chats, checks = house.chats, house.build_checks()
    house.exchange.answers["main/funding"] = {"USDT": "1"}
    house.exchange.answers["xt/spot"] = CredentialsRejected("the key is not known")
    await house.check(checks)
    await chats.mark_gone(GROUP, reason="not a member")
    house.exchange.answers = {"main/funding": {"USDT": "1000"}, "xt/spot": {}}
    await house.check(checks, minutes=60)
    await chats.heard(GROUP, title="Desk")
    assert await house.queued(GROUP) == []


@pytest.mark.parametrize("configured", [(GROUP,), (MOVED,), (GROUP, MOVED)])
async def test_moved_group_is_known_by_either_id(house: Any, configured: tuple[int, ...]) -> None:
    """Whether the settings have the old id, the new one or both, it is one chat and allowed."""
    await house.chats.follow(GROUP, to=MOVED)
    house.chats_allowed = configured
    chats = house.chats
    await chats.add_configured()
    assert chats.may_look(MOVED)
    async with house.open_unit() as unit:
        told = chats.recipients(await unit.chats.load())
    assert sorted(chat.chat_id for chat in told) == [MOVED, OWNER]


async def test_chat_that_was_given_up_and_moved_is_taken_back(house: Any) -> None:
    """It is the new id that speaks."""
    chats = house.chats
    await chats.mark_gone(GROUP, reason="the group was upgraded")
    await chats.follow(GROUP, to=MOVED)
    await chats.heard(MOVED, title="Desk")
    async with house.open_unit() as unit:
        assert MOVED in [chat.chat_id for chat in chats.recipients(await unit.chats.load())]


async def test_greeting_brings_back(house: Any) -> None:
    """A chat that speaks again gets events again, and keeps its first day."""
    first = house.clock()
    async with house.open_unit() as unit:
        await unit.chats.mark_gone(OWNER, reason="blocked")
    house.clock.advance(days=1)
    await house.chats.greet(OWNER, title="New name")
    async with house.open_unit() as unit:
        known = house.chats.recipients(await unit.chats.load())
    assert Chat(OWNER, "New name", first) in known


async def test_owners_are_told_once_of_a_chat_that_is_lost(house: Any) -> None:
    """However often it fails, and over a restart; the lost chat itself is told nothing."""
    chats = house.chats
    for _ in range(2):
        await chats.mark_gone(GROUP, reason="Forbidden: bot was kicked from the group chat")
    chats = house.chats
    await chats.add_configured()
    await chats.mark_gone(GROUP, reason="Forbidden: bot was kicked from the group chat")
    (told,) = await house.queued(OWNER)
    (event,) = told.events
    assert (event.kind, event.chat_id, event.reason) == ("chat_lost", GROUP, "put out")
    assert await house.queued(GROUP) == []


async def test_who_is_told_of_a_loss(house: Any) -> None:
    """Private chats of owners that are there: no group, and not the owner who is lost."""
    house.owners, house.chats_allowed = (OWNER, 2002, 3003), (GROUP, -4999)
    chats = house.chats
    await chats.add_configured()
    await chats.greet(2002, title="Ada")
    await chats.mark_gone(2002, reason="Forbidden: bot was blocked by the user")
    async with house.open_unit() as unit:
        waiting = await unit.outbox.lease(now=house.clock())
    assert [(p.chat.chat_id, e.kind) for p in waiting for e in p.events] == [(OWNER, "chat_lost")]


async def test_chats_that_nobody_names_are_lost_in_silence(house: Any) -> None:
    """Neither one taken out of the settings nor one that was never known is told of."""
    house.chats_allowed = ()
    chats = house.chats
    await chats.mark_gone(GROUP, reason="kicked")
    await chats.mark_gone(STRANGER, reason="blocked")
    await chats.add_configured()
    assert await house.queued(OWNER) == []


async def test_loss_and_the_word_of_it_are_one_transaction(
    house: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where owners cannot be told, the chat is not given up either: the next failure tells."""

    async def broken(*_: object, **__: object) -> None:
        raise OSError("the disk is full")

    chats = house.chats
    with monkeypatch.context() as patch:
        patch.setattr("bot.store.outbox.SqlOutbox.add", broken)
        with pytest.raises(OSError, match="full"):
            await chats.mark_gone(GROUP, reason="kicked")
    assert await chats.lost() == []
    await chats.mark_gone(GROUP, reason="kicked")
    assert await kinds(house, OWNER) == ["chat_lost"]


async def test_ten_lost_chats_are_ten_notices(house: Any) -> None:
    """Each is named, by the title that was heard last."""
    house.chats_allowed = tuple(range(-4010, -4000))
    chats = house.chats
    await chats.add_configured()
    for chat_id in house.chats_allowed:
        await chats.heard(chat_id, title=f"<b>Desk {chat_id}")
        await chats.mark_gone(chat_id, reason="kicked")
    told = [event for parcel in await house.queued(OWNER) for event in parcel.events]
    assert [e.title for e in told] == [f"<b>Desk {chat_id}" for chat_id in house.chats_allowed]


async def test_return_is_told_once(house: Any) -> None:
    """After a loss that was told; a greeting of who was never lost says nothing."""
    chats = house.chats
    await chats.mark_gone(GROUP, reason="kicked")
    await chats.greet(GROUP, title="Desk")
    await chats.greet(GROUP, title="Desk")
    await chats.greet(OWNER, title="You")
    assert await kinds(house, OWNER) == ["chat_lost", "chat_found"]


async def test_title_is_learnt_and_changes_nothing_else(house: Any) -> None:
    """A chat that is renamed keeps all it has; one that is told nothing does not begin to be."""
    async with house.open_unit() as unit:
        before = {chat.chat_id: chat for chat in await unit.chats.load()}
    chats = house.chats
    await chats.add_configured()
    house.clock.advance(days=1)
    await chats.heard(GROUP, title="New desk")
    await chats.heard(3003, title="Somebody")
    async with house.open_unit() as unit:
        after = {chat.chat_id: chat for chat in await unit.chats.load()}
    assert after == before | {GROUP: replace(before[GROUP], title="New desk")}


async def test_a_topic_is_lost_once(house: Any) -> None:
    """Whatever fails there meanwhile; and a topic that was chosen since is kept."""
    topic = await changed(house, thread_id=7)
    assert topic is not None
    chats = house.chats
    for _ in range(2):
        assert await chats.leave_lost_topic(topic, reason="Message thread not found")
    assert await kinds(house, OWNER) == ["chat_lost"]
    await changed(house, thread_id=8)
    assert await chats.leave_lost_topic(topic, reason="Message thread not found")
    await chats.recall()
    assert (chats.known(GROUP).thread_id, await kinds(house, OWNER)) == (8, [])
    assert not await chats.leave_lost_topic(topic, reason="kicked")
