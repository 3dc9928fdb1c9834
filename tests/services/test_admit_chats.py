"""Who is let in: the first owner by a code, others by what an owner says; all of it is kept."""

from datetime import timedelta
from typing import Any

import pytest

from bot.core.access import Person
from bot.core.delivery import Delivered
from bot.services.admit_chats import MOST_TOLD, MOST_WAITING, MOST_WRONG, VALID_FOR, AdmitChats
from bot.services.manage_chats import ManageChats
from bot.services.trace_chats import NOT_NAMED

OWNER, EVE, GROUP = 1001, Person(6666, "Eve"), -4001
YOU = Person(OWNER, "You")


class Door:
    """Pairing and approval around one house, started anew as often as wanted."""

    def __init__(self, house: Any) -> None:
        self.house = house
        self.codes: list[str] = []

    async def open(self) -> AdmitChats:
        chats: ManageChats = self.house.chats
        await chats.recall()
        self.chats = chats
        return AdmitChats(
            chats=chats,
            open_unit=self.house.open_unit,
            clock=self.house.clock,
            announce=self._announce,
            wake_delivery=lambda: None,
        )

    def _announce(self, code: str) -> bool:
        self.codes.append(code)
        return True

    async def deeds(self) -> list[str]:
        async with self.house.open_unit() as unit:
            return [entry.kind for entry in await unit.audit.load()]


@pytest.fixture
async def door(house: Any) -> Door:
    return Door(house)


@pytest.fixture
async def ownerless(house: Any) -> Door:
    house.owners = house.chats_allowed = ()
    return Door(house)


async def test_the_first_opener_becomes_an_owner(ownerless: Door) -> None:
    """Once: a second one does not, nor with the same code; it lasts over a restart."""
    admission = await ownerless.open()
    await admission.offer()
    (code,) = ownerless.codes
    assert not await admission.pair("wrong", EVE)
    assert await admission.pair(code, YOU)
    assert not await admission.pair(code, EVE)
    admission = await ownerless.open()
    await admission.offer()
    assert ownerless.codes == [code], "there is an owner"
    assert ownerless.chats.is_owner(OWNER)
    assert not ownerless.chats.is_owner(EVE.user_id)
    assert await ownerless.deeds() == ["owner_paired"]


async def test_no_code_while_there_is_an_owner(door: Door) -> None:
    """Neither is one shown, nor does anything open."""
    admission = await door.open()
    await admission.offer()
    assert door.codes == []
    assert not admission.is_open


async def test_wrong_tries_end_a_code(ownerless: Door) -> None:
    """Then the right one opens nothing; a new one comes when its time is over."""
    admission = await ownerless.open()
    await admission.offer()
    for _ in range(MOST_WRONG):
        assert not await admission.pair("guess", EVE)
    assert not admission.is_open
    assert not await admission.pair(ownerless.codes[0], YOU)
    await admission.offer()
    assert len(ownerless.codes) == 1
    ownerless.house.clock.now += VALID_FOR
    await admission.offer()
    assert await admission.pair(ownerless.codes[1], YOU)


async def test_a_code_is_valid_for_a_while(ownerless: Door) -> None:
    """After that, and after a restart, another one is."""
    admission = await ownerless.open()
    await admission.offer()
    ownerless.house.clock.now += VALID_FOR
    assert not await admission.pair(ownerless.codes[0], YOU)
    await admission.offer()
    admission = await ownerless.open()
    assert not await admission.pair(ownerless.codes[1], YOU), "started anew"
    await admission.offer()
    assert not await admission.pair(ownerless.codes[1], YOU)
    assert await admission.pair(ownerless.codes[2], YOU)


async def test_a_code_is_not_in_the_database_in_clear(ownerless: Door) -> None:
    """Who reads a backup cannot become an owner by it."""
    admission = await ownerless.open()
    await admission.offer()
    async with ownerless.house.open_unit() as unit:
        pairing = await unit.pairing.load()
    assert ownerless.codes[0] not in repr(pairing)


async def questions(door: Door) -> list[int]:
    async with door.house.open_unit() as unit:
        return [question.about for question in await unit.outbox.questions()]


async def test_a_chat_asks_once(door: Door) -> None:
    """However often it knocks, and over restarts; all owners are asked, nobody else."""
    for _ in range(2):
        admission = await door.open()
        for _ in range(3):
            assert await admission.ask(EVE.user_id, title="Eve", by=EVE)
    assert await questions(door) == [EVE.user_id]
    (parcel,) = await door.house.queued(OWNER)
    (event,) = parcel.events
    assert (event.kind, event.title, event.user_id) == ("chat_asked", "Eve", EVE.user_id)
    assert not door.chats.may_look(EVE.user_id)


async def test_few_are_told_and_few_are_kept(door: Door) -> None:
    """A flood of chats costs owners five messages an hour, and the database a hundred rows."""
    admission = await door.open()
    for n in range(MOST_WAITING + 20):
        await admission.ask(7000 + n, title="x", by=None)
    assert len(await questions(door)) == MOST_TOLD
    assert sum(chat.is_waiting for chat in door.chats.all()) == MOST_WAITING
    for chat_id in range(7000, 7020):
        await admission.block(chat_id, by=YOU)
    await admission.ask(8000, title="x", by=None)
    assert len(await questions(door)) == MOST_TOLD, "all within the hour"
    door.house.clock.now += timedelta(hours=1)
    await admission.ask(8001, title="x", by=None)
    assert len(await questions(door)) == MOST_TOLD + 1


async def test_approved(door: Door) -> None:
    """The chat is told so, and what stands; a second owner's word changes nothing."""
    admission = await door.open()
    await admission.ask(EVE.user_id, title="Eve", by=EVE)
    door.house.exchange.answers["main/funding"] = {"USDT": "1"}
    await door.house.check(door.house.build_checks())
    decided = await admission.approve(EVE.user_id, "manager", by=YOU)
    assert decided is not None
    assert decided.done
    assert door.chats.role_of(EVE.user_id, EVE.user_id) == "manager"
    kinds = [event.kind for p in await door.house.queued(EVE.user_id) for event in p.events]
    assert kinds == ["chat_approved", "alert_raised"]
    again = await admission.approve(EVE.user_id, "viewer", by=YOU)
    assert again is not None
    assert not again.done
    await door.open()
    assert door.chats.role_of(EVE.user_id, EVE.user_id) == "manager"
    assert await door.deeds() == ["chat_approved"]


async def test_blocked_for_ever_until_unblocked(door: Door) -> None:
    """It asks no more, hears nothing, and is what it was when it is let in again."""
    admission = await door.open()
    await admission.ask(EVE.user_id, title="Eve", by=EVE)
    await admission.approve(EVE.user_id, "viewer", by=YOU)
    await door.house.queued(EVE.user_id)
    await admission.block(EVE.user_id, by=YOU)
    admission = await door.open()
    assert not door.chats.may_look(EVE.user_id)
    assert not await admission.ask(EVE.user_id, title="Eve", by=EVE)
    door.house.exchange.answers["main/funding"] = {"USDT": "1"}
    await door.house.check(door.house.build_checks())
    assert await door.house.queued(EVE.user_id) == []
    await admission.unblock(EVE.user_id, by=YOU)
    assert door.chats.role_of(EVE.user_id, EVE.user_id) == "viewer"
    assert [p.events[0].kind for p in await door.house.queued(EVE.user_id)] == ["alert_raised"]
    assert await door.deeds() == ["chat_unblocked", "chat_blocked", "chat_approved"]


@pytest.mark.parametrize("given_up", [False, True])
async def test_a_restart_while_blocked_changes_nothing(door: Door, *, given_up: bool) -> None:
    """Nor for one that an earlier version has given up by that."""
    admission = await door.open()
    await admission.block(GROUP, by=YOU)
    if given_up:
        async with door.house.open_unit() as unit:
            await unit.chats.mark_gone(GROUP, reason=NOT_NAMED)
    admission = await door.open()
    await door.chats.add_configured()
    assert (door.chats.known(GROUP).gone is not None) is given_up
    door.house.exchange.answers["main/funding"] = {"USDT": "1"}
    await door.house.check(door.house.build_checks())
    assert await door.house.queued(GROUP) == []
    await admission.unblock(GROUP, by=YOU)
    (told,) = await door.house.queued(GROUP)
    assert [event.kind for event in told.events] == ["alert_raised"]
    door.house.exchange.answers["main/funding"] = {"USDT": "1000"}
    await door.house.check(door.house.build_checks())
    assert len(await door.house.queued(GROUP)) == 1


async def test_a_chat_that_waits_is_not_given_up_by_a_restart(door: Door) -> None:
    admission = await door.open()
    await admission.ask(EVE.user_id, title="Eve", by=EVE)
    await door.open()
    await door.chats.add_configured()
    assert door.chats.known(EVE.user_id).gone is None
    assert door.chats.known(EVE.user_id).is_waiting


async def test_an_owner_cannot_be_blocked(door: Door) -> None:
    """Nor forgotten: nobody would be left."""
    admission = await door.open()
    assert await admission.block(OWNER, by=YOU) is None
    assert not await door.chats.forget(OWNER, by=YOU)
    assert door.chats.is_owner(OWNER)


async def test_a_chat_of_the_settings_can_be_blocked(door: Door) -> None:
    """What is in the settings stays there; a press is the later word."""
    admission = await door.open()
    assert door.chats.may_look(GROUP)
    await admission.block(GROUP, by=YOU)
    await door.open()
    assert not door.chats.may_look(GROUP)


async def test_taking_an_id_out_of_the_settings_ends_what_it_gave(door: Door) -> None:
    """What was approved in the chat stays; what was not ends with the next start."""
    await door.open()
    door.house.owners = door.house.chats_allowed = ()
    await door.open()
    assert not door.chats.may_look(GROUP)
    assert not door.chats.is_owner(OWNER)


async def test_forgotten(door: Door) -> None:
    """A chat that is forgotten is a stranger again, and may ask once more."""
    admission = await door.open()
    await admission.ask(EVE.user_id, title="Eve", by=EVE)
    await admission.approve(EVE.user_id, "viewer", by=YOU)
    assert await door.chats.forget(EVE.user_id, by=YOU)
    assert not await door.chats.forget(EVE.user_id, by=YOU)
    assert not door.chats.may_look(EVE.user_id)
    assert await admission.ask(EVE.user_id, title="Eve", by=EVE)
    assert [chat.is_waiting for chat in door.chats.all() if chat.chat_id == EVE.user_id] == [True]


async def test_where_it_was_asked_is_known(door: Door) -> None:
    """So that what was decided can be shown there, once it was sent."""
    admission = await door.open()
    await admission.ask(EVE.user_id, title="Eve", by=EVE)
    (question,) = await admission.questions(EVE.user_id)
    assert question.message_id is None
    async with door.house.open_unit() as unit:
        (parcel,) = await unit.outbox.lease(now=door.house.clock(), only=[OWNER])
        await unit.outbox.settle(parcel.id, Delivered(77), at=door.house.clock())
    (question,) = await admission.questions(EVE.user_id)
    assert (question.chat_id, question.message_id) == (OWNER, 77)


async def test_an_owner_who_comes_later_is_asked_too(door: Door) -> None:
    """Once, a few at a time, and nobody else anew; who has asked is told as it was then."""
    admission = await door.open()
    await admission.ask(EVE.user_id, title="Eve", by=EVE)
    await admission.ask(7777, title="Bob", by=None)
    await admission.block(7777, by=YOU)
    await door.house.queued(OWNER)
    door.house.owners = (OWNER, 1002)
    admission = await door.open()
    await door.chats.greet(1002, title="Second")
    for _ in range(2):
        await admission.catch_up(1002)
        await admission.catch_up(OWNER)
    (parcel,) = await door.house.queued(1002)
    assert [(event.chat_id, event.name) for event in parcel.events] == [(EVE.user_id, "Eve")]
    assert await door.house.queued(OWNER) == []


async def test_catching_up_keeps_nobody_else_from_asking(door: Door) -> None:
    """What was asked yesterday is none of the few that owners are told of within an hour."""
    admission = await door.open()
    for n in range(MOST_TOLD + 2):
        await admission.ask(7000 + n, title="x", by=None)
    door.house.clock.now += timedelta(days=1)
    door.house.owners = (OWNER, 1002)
    admission = await door.open()
    await door.chats.greet(1002, title="Second")
    await admission.catch_up(1002)
    assert len(await door.house.queued(1002)) == MOST_TOLD
    await admission.ask(8000, title="x", by=None)
    assert [p.events[0].chat_id for p in await door.house.queued(1002)] == [8000]
