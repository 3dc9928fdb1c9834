"""Delivering: send, then mark; doubt repeats an alert and says so, never a digest."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import time, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.core.access import Person
from bot.core.delivery import (
    Chat,
    ChatGone,
    ChatMoved,
    MaybeSent,
    NotSent,
    Refused,
    Sent,
)
from bot.core.events import DigestDue, SourceFound
from bot.core.quiet import QuietHours
from bot.services.build_digests import BuildDigests
from bot.services.ports import NotKept, Parcel
from bot.store.outbox import SqlOutbox
from bot.store.schema import outbox

OWNER, GROUP = 1001, -4001


@pytest.fixture(autouse=True)
def no_delay(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look often."""
    monkeypatch.setattr("bot.services.deliver_outbox.LOOK_EVERY_S", 0.01)


def news(house: Any, path: str = "main/funding") -> SourceFound:
    return SourceFound(path=path, since=house.clock(), at=house.clock())


def due(house: Any) -> DigestDue:
    now = house.clock()
    return DigestDue(local_date=now.date(), since=None, late=False, at=now)


async def queue(house: Any, event: Any, *chats: int) -> None:
    async with house.open_unit() as unit:
        await unit.outbox.add([event], chats=[Chat(c) for c in chats], at=house.clock())
    house.changed.set()


@pytest.fixture
def rows(engine: AsyncEngine) -> Callable[[], Any]:
    """Look at the outbox itself: chat, whether it is being sent, message id, why dropped."""

    async def look() -> list[tuple[int, bool, int | None, str | None]]:
        columns = outbox.c
        async with engine.begin() as connection:
            found = await connection.execute(select(outbox).order_by(columns.id))
            return [
                (r.chat_id, r.sending_since is not None, r.message_id, r.dropped) for r in found
            ]

    return look


async def until(condition: Callable[[], Any]) -> None:
    """Wait until it is so."""
    async with asyncio.timeout(10):
        while not await condition():  # noqa: ASYNC110 - the database tells nobody
            await asyncio.sleep(0.001)


async def test_marked_only_after_the_send(house: Any, rows: Any) -> None:
    """While a message is being sent its row says so; the id comes with the success."""
    house.sender.gates[OWNER] = asyncio.Event()
    await queue(house, news(house), OWNER)
    async with house.delivering():
        await house.sender.wait_for(1)
        assert await rows() == [(OWNER, True, None, None)]
        house.sender.gates[OWNER].set()
    assert await rows() == [(OWNER, False, 1001, None)]


async def test_in_order(house: Any) -> None:
    """Messages to one chat arrive in the order in which they were queued."""
    paths = [f"main/sub:{n}" for n in range(10)]
    for path in paths:
        await queue(house, news(house, path), OWNER)
    async with house.delivering():
        said = await house.sender.wait_for(10)
    assert [s.events[0].path for s in said] == paths


async def crash_while_sending(house: Any) -> None:
    """Die like a killed process between the lease and the mark."""
    house.sender.gates[OWNER] = asyncio.Event()
    running = asyncio.get_running_loop().create_task(house.build_delivery().run())
    await house.sender.wait_for(1)
    running.cancel()
    await asyncio.wait({running})
    house.sender.gates.clear()
    house.sender.said.clear()


async def test_crash_repeats_an_alert_and_says_so(house: Any, rows: Any) -> None:
    """What was being sent when the process died is sent again, marked as a possible repeat."""
    await queue(house, news(house), OWNER)
    await crash_while_sending(house)
    async with house.delivering():
        await until(lambda: _put_back(rows))
        house.clock.advance(seconds=10)
        (said,) = await house.sender.wait_for(1)
    assert said.maybe_repeated
    assert (await rows())[0][2] is not None


async def _put_back(rows: Any) -> bool:
    return not any(row[1] for row in await rows())


async def test_crash_does_not_repeat_a_digest(house: Any, rows: Any) -> None:
    """A digest that may have arrived is given up."""
    await queue(house, due(house), OWNER)
    await crash_while_sending(house)
    house.clock.advance(hours=1)
    await queue(house, news(house), OWNER)
    async with house.delivering():
        (said,) = await house.sender.wait_for(1)
    assert said.digest is None
    digest, _ = await rows()
    assert digest[3].startswith("not repeated")


async def test_crash_before_the_send_loses_nothing(house: Any) -> None:
    """What waited is sent at the next start, not marked as a repeat."""
    await queue(house, news(house), OWNER)
    async with house.delivering():
        (said,) = await house.sender.wait_for(1)
    assert not said.maybe_repeated


async def test_not_sent_is_tried_again_with_pauses(house: Any) -> None:
    """Each failure doubles the pause; before it is over nothing is tried, and no doubt is told."""
    house.sender.outcomes[OWNER] = [NotSent("no connection")] * 3
    await queue(house, news(house), OWNER)
    async with house.delivering():
        for attempt, pause_s in enumerate((1, 2, 4), 1):
            await house.sender.wait_for(attempt)
            house.clock.advance(seconds=pause_s - 0.001)
            await house.looked()  # and may send nothing
            assert len(house.sender.said) == attempt
            house.clock.advance(seconds=0.001)
        said = await house.sender.wait_for(4)
    assert [s.maybe_repeated for s in said] == [False] * 4


async def test_maybe_sent_alert_is_repeated(house: Any, rows: Any) -> None:
    """An alert in doubt is sent again and says so; a digest in doubt is not."""
    house.sender.outcomes[OWNER] = [MaybeSent("hung up")]
    house.sender.outcomes[GROUP] = [MaybeSent("hung up")]
    await queue(house, news(house), OWNER)
    await queue(house, due(house), GROUP)
    async with house.delivering():
        await house.sender.wait_for(2)
        house.clock.advance(minutes=2)
        said = await house.sender.wait_for(3)
    assert [(s.chat_id, s.maybe_repeated) for s in said if s.digest is None] == [
        (OWNER, False),
        (OWNER, True),
    ]
    assert [row[3] for row in await rows()] == [None, "not repeated: hung up"]


async def test_retry_after_holds_that_chat_only(house: Any) -> None:
    """A pause that Telegram asks for holds all messages of that chat, and of no other."""
    house.sender.outcomes[OWNER] = [NotSent("flood", timedelta(seconds=30))]
    for path in ("a/a", "b/b"):
        await queue(house, news(house, path), OWNER, GROUP)
    async with house.delivering():
        await house.sender.wait_for(3)
        house.clock.advance(seconds=29)
        await house.looked()  # and may send nothing
        assert sorted(s.chat_id for s in house.sender.said) == [GROUP, GROUP, OWNER]
        house.clock.advance(seconds=1)
        said = await house.sender.wait_for(5)
    assert [s.events[0].path for s in said if s.chat_id == OWNER] == ["a/a", "a/a", "b/b"]


async def test_hanging_chat_holds_up_nobody(house: Any) -> None:
    """While one chat hangs all others get theirs."""
    house.sender.gates[GROUP] = asyncio.Event()
    for path in ("a/a", "b/b", "c/c"):
        await queue(house, news(house, path), GROUP, OWNER)
    async with house.delivering():
        said = await house.sender.wait_for(4)
        assert sorted(s.chat_id for s in said) == [GROUP, OWNER, OWNER, OWNER]
        house.sender.gates[GROUP].set()


async def test_removed_chat_gets_nothing(house: Any, rows: Any) -> None:
    """A chat that was taken out of the settings gets not even what was queued for it before."""
    await queue(house, news(house), GROUP, OWNER)
    house.chats_allowed = ()
    async with house.delivering():
        await house.sender.wait_for(1)
        await until(lambda: _all_settled(rows))
    assert [s.chat_id for s in house.sender.said] == [OWNER]
    assert [(row[0], row[3]) for row in await rows()] == [
        (GROUP, "the chat is no longer allowed"),
        (OWNER, None),
    ]


async def _all_settled(rows: Any) -> bool:
    return all(row[2] or row[3] for row in await rows())


async def test_chat_that_is_gone(house: Any, rows: Any) -> None:
    """Who blocked the bot gets nothing more until they speak again; nothing is tried meanwhile."""
    house.sender.outcomes[OWNER] = [ChatGone("blocked by the user")]
    await queue(house, news(house, "a/a"), OWNER)
    await queue(house, news(house, "b/b"), OWNER)
    async with house.delivering():
        await house.sender.wait_for(1)
        await until(lambda: _dropped(rows, "blocked by the user"))
        await house.looked()  # and may send nothing
        assert len(house.sender.said) == 1
        await house.chats.greet(OWNER, title="You")
        await queue(house, news(house, "c/c"), OWNER)
        said = await house.sender.wait_for(2)
    assert said[1].events[0].path == "c/c"  # what waited meanwhile is old by now


async def _dropped(rows: Any, reason: str) -> bool:
    return reason in [row[3] for row in await rows()]


@pytest.mark.parametrize("reason", ["Message thread not found", "TOPIC_CLOSED"])
async def test_lost_topic(house: Any, reason: str) -> None:
    """The whole group is told from then on, first of all what the topic did not take."""
    chats = house.chats
    await chats.recall()
    await chats.tell_in(GROUP, 7, by=Person(OWNER, "You"))
    house.sender.outcomes[GROUP] = [ChatGone(reason)]
    await queue(house, news(house, "a/a"), GROUP)
    await queue(house, news(house, "b/b"), GROUP)
    async with house.delivering():
        await house.sender.wait_for(2)  # what owners are told, too
        house.clock.advance(seconds=2)
        house.changed.set()
        said = await house.sender.wait_for(4)
    there = [(s.events[0].path, s.thread_id) for s in said if s.chat_id == GROUP]
    assert there == [("a/a", 7), ("a/a", None), ("b/b", None)]
    (told,) = [event for s in said if s.chat_id == OWNER for event in s.events]
    assert (told.kind, told.chat_id, told.reason) == ("chat_lost", GROUP, "topic-only")
    assert await chats.lost() == []


async def test_closed_group_is_lost_without_a_topic(house: Any, rows: Any) -> None:
    """Nothing more can be done than to say so."""
    house.sender.outcomes[GROUP] = [ChatGone("TOPIC_CLOSED")]
    await queue(house, news(house, "a/a"), GROUP)
    async with house.delivering():
        await until(lambda: _dropped(rows, "TOPIC_CLOSED"))
    assert [chat.chat_id for chat in await house.chats.lost()] == [GROUP]


async def test_refused_message_does_not_block_the_chat(house: Any, rows: Any) -> None:
    """A message that is never accepted is given up, and the next one goes out."""
    house.sender.outcomes[OWNER] = [Refused("message is too long")]
    await queue(house, news(house, "a/a"), OWNER)
    await queue(house, news(house, "b/b"), OWNER)
    async with house.delivering():
        await house.sender.wait_for(2)
    assert [row[2:] for row in await rows()] == [(None, "message is too long"), (1002, None)]


async def test_group_that_moved(house: Any) -> None:
    """A group that became a supergroup gets the message under its new id, and later ones too."""
    house.sender.outcomes[GROUP] = [ChatMoved(-1004001)]
    await queue(house, news(house, "a/a"), GROUP)
    await queue(house, news(house, "b/b"), GROUP)
    async with house.delivering():
        said = await house.sender.wait_for(3)
    assert [(s.chat_id, s.events[0].path) for s in said] == [
        (GROUP, "a/a"),
        (-1004001, "a/a"),
        (-1004001, "b/b"),
    ]
    after_restart = house.chats
    await after_restart.add_configured()
    assert after_restart.may_look(-1004001)
    async with house.open_unit() as unit:
        known = after_restart.recipients(await unit.chats.load())
    assert [chat.chat_id for chat in known] == [-1004001, OWNER]


async def test_group_that_moves_while_it_is_told(house: Any, rows: Any) -> None:
    """What was sent to the old group has an id that is another message's in the new one."""
    gate = house.sender.gates[GROUP] = asyncio.Event()
    await queue(house, news(house), GROUP)
    async with house.delivering():
        await house.sender.wait_for(1)
        await house.chats.follow(GROUP, to=-1004001)
        await looks(house)
        assert await rows() == [(-1004001, True, None, None)]
        gate.set()
    assert await rows() == [(-1004001, False, None, None)]


async def looks(house: Any) -> None:
    """Let the outbox be looked at from beginning to end."""
    turns = house.vitals.turns["delivery"]

    async def has_turned() -> bool:
        return bool(house.vitals.turns["delivery"] >= turns + 3)

    await until(has_turned)


async def test_clock_that_was_ahead_makes_no_quiet_hours(house: Any, engine: AsyncEngine) -> None:
    """What was put off by a clock that is put back is sent as soon as it is not quiet."""
    await house.chats.set_quiet(OWNER, QuietHours(time(22), time(7)), title="You")
    house.clock.advance(hours=14)
    await queue(house, news(house), OWNER)

    async def put_off() -> bool:
        async with engine.begin() as connection:
            return bool(await connection.scalar(select(outbox.c.held)))

    async with house.delivering():
        await until(put_off)
    assert house.sender.said == []
    house.clock.advance(hours=-6)
    async with house.delivering():
        await house.sender.wait_for(1)


async def test_chat_is_tried_again_within_the_hour(house: Any) -> None:
    """However long a pause Telegram asks for, it is no longer than what a right clock allows."""
    house.sender.outcomes[OWNER] = [NotSent("flood", timedelta(days=1))]
    await queue(house, news(house), OWNER)
    async with house.delivering():
        await house.sender.wait_for(1)
        await until(lambda: _held(house))
        house.clock.advance(minutes=59)
        await house.looked()
        assert len(house.sender.said) == 1
        house.clock.advance(minutes=1)
        await house.sender.wait_for(2)


async def _held(house: Any) -> bool:
    async with house.open_unit() as unit:
        return any(chat.not_before is not None for chat in await unit.chats.load())


async def test_unexpected_error_does_not_block_the_chat(house: Any) -> None:
    """A sender that breaks counts as doubt: the message comes again, and those behind it, too."""
    house.sender.outcomes[OWNER] = [ZeroDivisionError("a bug")]
    await queue(house, news(house, "a/a"), OWNER)
    await queue(house, news(house, "b/b"), OWNER)
    async with house.delivering():
        await house.sender.wait_for(1)
        house.clock.advance(minutes=2)
        said = await house.sender.wait_for(3)
    assert [s.events[0].path for s in said] == ["a/a", "a/a", "b/b"]
    assert said[1].maybe_repeated


async def test_message_that_always_breaks_is_given_up(
    house: Any, rows: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault of ours in one message keeps neither those behind it nor itself for ever."""
    monkeypatch.setattr("bot.services.deliver_outbox.MOST_BREAKS", 4)
    bug = ZeroDivisionError("a bug")
    house.sender.outcomes[OWNER] = [bug, bug, Sent(77), bug, bug]
    await queue(house, news(house, "a/a"), OWNER)
    await queue(house, news(house, "b/b"), OWNER)

    async def given_up() -> bool:
        behind = await _is_delivered(rows, 1)
        house.clock.advance(seconds=3600 if behind else 1)
        return bool((await rows())[0][3] == "it broke off again and again")

    async with house.delivering():
        await until(given_up)
    assert [s.events[0].path for s in house.sender.said] == ["a/a", "a/a", "b/b", "a/a", "a/a"]


async def _is_delivered(rows: Any, index: int) -> bool:
    return (await rows())[index][2] is not None


async def test_long_outage_and_one_break_lose_nothing(house: Any) -> None:
    """Only a message that breaks every time is given up, not one that waited long before."""
    house.sender.outcomes[OWNER] = [NotSent("down")] * 12 + [ZeroDivisionError("a bug")]
    await queue(house, news(house), OWNER)
    async with house.delivering():
        for count in range(1, 14):
            await house.sender.wait_for(count)
            house.clock.advance(minutes=2)
        said = await house.sender.wait_for(14)
    assert said[-1].maybe_repeated


async def test_outcome_is_kept_when_the_database_is_back(
    house: Any, rows: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A send that could not be marked is marked later, not repeated."""
    settle, refused = SqlOutbox.settle, 2

    async def refusing(*args: Any, **kwargs: Any) -> None:
        nonlocal refused
        refused -= 1
        if refused >= 0:
            raise OSError("the disk is full")
        await settle(*args, **kwargs)

    monkeypatch.setattr(SqlOutbox, "settle", refusing)
    await queue(house, news(house), OWNER)

    async def marked() -> bool:
        return bool((await rows())[0][2] == 1001)

    async with house.delivering():
        await until(marked)
    assert len(house.sender.said) == 1


async def test_digest_that_is_not_filled_has_not_left(
    house: Any, rows: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A digest counts as possibly sent only from the sending on."""
    load, broken = BuildDigests.load, [OSError("the database is locked")]

    async def breaking(*args: Any, **how: Any) -> Any:
        if broken:
            raise broken.pop()
        return await load(*args, **how)

    monkeypatch.setattr(BuildDigests, "load", breaking)
    await queue(house, due(house), OWNER)
    async with house.delivering():
        await until(lambda: asyncio.sleep(0, not broken))
        house.clock.advance(minutes=2)
        (said,) = await house.sender.wait_for(1)
    assert said.digest is not None


async def test_digest_that_is_never_filled_is_given_up(
    house: Any, rows: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault of ours in a digest holds up no alert, and is not met for ever."""
    tries = 0

    async def breaking(*args: Any, **how: Any) -> Any:
        nonlocal tries
        tries += 1
        raise ZeroDivisionError

    async def given_up() -> bool:
        house.clock.advance(seconds=10)
        return (await rows())[0][3] is not None

    monkeypatch.setattr(BuildDigests, "load", breaking)
    await queue(house, due(house), OWNER)
    await queue(house, news(house), OWNER)
    async with house.delivering():
        (said,) = await house.sender.wait_for(1)
        assert (said.kinds, tries) == (["source_found"], 1)
        await until(given_up)
    assert tries == 10
    assert (await rows())[0][3] == "it broke off again and again"


async def test_stop_finishes_what_is_under_way(house: Any, rows: Any) -> None:
    """Told to stop, it waits for the message that is being sent, and begins no other."""
    house.sender.gates[OWNER] = asyncio.Event()
    await queue(house, news(house, "a/a"), OWNER)
    await queue(house, news(house, "b/b"), OWNER)
    async with asyncio.TaskGroup() as group:
        delivery = house.build_delivery()
        running = group.create_task(delivery.run())
        await house.sender.wait_for(1)
        delivery.stop()
        await asyncio.sleep(0.05)
        assert not running.done()
        house.sender.gates[OWNER].set()
    assert [row[:3] for row in await rows()] == [(OWNER, False, 1001), (OWNER, False, None)]


async def test_each_chat_has_its_turn(house: Any, rows: Any) -> None:
    """Before its turn nothing is taken out for a chat; others are served meanwhile."""
    house.sender.turns[OWNER] = asyncio.Event()
    await queue(house, news(house), OWNER, GROUP)
    async with house.delivering():
        await until(lambda: _is_delivered(rows, 1))
        assert (await rows())[0] == (OWNER, False, None, None)
        house.sender.turns[OWNER].set()
        await house.sender.wait_for(2)


async def test_stop_leaves_those_whose_turn_has_not_come(house: Any, rows: Any) -> None:
    """Who waits for a turn when it is told to stop keeps a message that nobody doubts."""
    house.sender.turns[OWNER] = asyncio.Event()
    await queue(house, news(house), OWNER, GROUP)
    async with house.delivering():
        await house.sender.wait_for(1)
    assert (await rows())[0] == (OWNER, False, None, None)


async def test_many_hanging_chats_hold_up_nobody(house: Any) -> None:
    """However many chats hang, the others are served at once."""
    hanging = range(3001, 3101)
    house.owners = (OWNER, *hanging)
    for chat in hanging:
        await house.chats.greet(chat, title="slow")
        house.sender.gates[chat] = asyncio.Event()
    await queue(house, news(house, "a/a"), *hanging)
    async with house.delivering():
        await house.sender.wait_for(100)
        await queue(house, news(house, "b/b"), OWNER, GROUP)
        said = await house.sender.wait_for(102)
        assert {s.chat_id for s in said[100:]} == {OWNER, GROUP}
        for gate in house.sender.gates.values():
            gate.set()


async def test_outbox_that_cannot_be_leased(house: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A chat whose message cannot be taken out is looked at again after a while."""
    lease, failures = SqlOutbox.lease, [OSError("the disk is full")] * 3

    async def failing(*args: Any, **kwargs: Any) -> Any:
        if failures:
            raise failures.pop()
        return await lease(*args, **kwargs)

    monkeypatch.setattr(SqlOutbox, "lease", failing)
    await queue(house, news(house), OWNER)
    async with house.delivering():
        (said,) = await house.sender.wait_for(1)
    assert not said.maybe_repeated


async def test_a_digest_that_was_refused_in_between_says_that_it_may_be_a_repeat(
    house: Any,
) -> None:
    """A server in between may have passed on what it complains about."""
    house.sender.outcomes[OWNER] = [NotSent("502", doubtful=True)]
    await queue(house, due(house), OWNER)
    async with house.delivering():
        await house.sender.wait_for(1)
        house.clock.advance(minutes=1)
        first, second = await house.sender.wait_for(2)
    assert (first.digest is not None, first.maybe_repeated) == (True, False)
    assert (second.digest is not None, second.maybe_repeated) == (True, True)


async def test_a_locked_database_does_not_end_the_start(
    house: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was being sent is asked for again, and then delivery goes on."""
    interrupted, broken = SqlOutbox.interrupted, [OSError("the database is locked")]

    async def breaking(self: SqlOutbox) -> Any:
        if broken:
            raise broken.pop()
        return await interrupted(self)

    monkeypatch.setattr(SqlOutbox, "interrupted", breaking)
    await queue(house, news(house), OWNER)
    async with house.delivering():
        await house.sender.wait_for(1)
    assert broken == []


@pytest.fixture
def answers(house: Any, monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Let the first message be leased without our learning of it; then nothing is left here."""
    lease, open_unit, left = SqlOutbox.lease, house.open_unit, [True]
    leased: list[Parcel] = []

    async def noted(self: SqlOutbox, **which: Any) -> Any:
        found = await lease(self, **which)
        leased.extend(found)
        return found

    @asynccontextmanager
    async def losing() -> AsyncIterator[Any]:
        async with open_unit() as unit:
            yield unit
        if leased and left:
            left.clear()
            raise NotKept("the answer to the commit got lost")

    monkeypatch.setattr(SqlOutbox, "lease", noted)
    house.open_unit = losing
    return left


@pytest.mark.parametrize("tell", [news, due])
async def test_what_was_leased_unknown_to_us_is_leased_again(
    house: Any, rows: Any, answers: list[bool], tell: Any
) -> None:
    """It surely has not left: it comes once, in its place, and is called no repeat."""
    await queue(house, tell(house), OWNER)
    await queue(house, news(house, "main/trading"), OWNER)

    async def is_put_back() -> bool:
        return not answers and not (await rows())[0][1]

    async with house.delivering():
        await until(is_put_back)
        assert house.sender.said == []
        house.clock.advance(seconds=1)
        first, second = await house.sender.wait_for(2)
    assert [first.maybe_repeated, second.kinds] == [False, ["source_found"]]
    assert (first.digest is not None) is (tell is due)
    assert len(house.sender.said) == 2


async def test_what_is_just_being_leased_is_left_alone(house: Any, rows: Any) -> None:
    """The outbox is looked at while the answer to the lease is on its way."""
    open_unit, seen = house.open_unit, list[Any]()

    @asynccontextmanager
    async def slow() -> AsyncIterator[Any]:
        async with open_unit() as unit:
            yield unit
        if not seen and (found := await rows())[0][1]:
            seen.extend(found)
            await looks(house)
            assert await rows() == found

    await queue(house, news(house), OWNER)
    house.open_unit = slow
    async with house.delivering():
        (said,) = await house.sender.wait_for(1)
    assert seen == [(OWNER, True, None, None)]
    assert not said.maybe_repeated


async def test_who_was_not_served_any_more_is_served_when_it_runs_again(
    house: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was stopped in the instant in which a chat's message was found, before it was begun."""
    await queue(house, news(house), OWNER)
    delivery = house.build_delivery()
    look = delivery._waiting

    async def stopped_meanwhile() -> Any:
        waiting = await look()
        delivery.stop()
        return waiting

    async def nothing() -> Any:
        return ()

    with monkeypatch.context() as patch:
        patch.setattr(delivery, "_waiting", stopped_meanwhile)
        patch.setattr(delivery, "_outdated", nothing)
        await delivery.run()
    assert house.sender.said == []
    async with asyncio.TaskGroup() as group:
        group.create_task(delivery.run())
        await house.sender.wait_for(1)
        delivery.stop()


async def test_what_another_process_queues_leaves_at_once(
    house: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is heard of, long before the next look; and nobody listens after the end."""
    monkeypatch.setattr("bot.services.deliver_outbox.LOOK_EVERY_S", 600)
    bells: list[Callable[[], None]] = []
    ended = asyncio.Event()

    async def hear(heard: Callable[[], None]) -> None:
        bells.append(heard)
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    house.hear = hear
    await house.prepare()
    delivery = house.build_delivery()
    running = asyncio.ensure_future(delivery.run())
    async with asyncio.timeout(10):
        while house.vitals.turns["delivery"] < 2 or house.changed.is_set():  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    await asyncio.sleep(0.05)
    async with house.open_unit() as unit:
        await unit.outbox.add([news(house)], chats=await unit.chats.load(), at=house.clock())
    (bell,) = bells
    bell()
    await house.sender.wait_for(2)
    delivery.stop()
    await asyncio.wait_for(running, 10)
    assert ended.is_set()
