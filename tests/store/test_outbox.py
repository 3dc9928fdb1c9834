"""The outbox: in order within each chat, one at a time, and done only when it is done."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.core.delivery import Chat, Delivered, Dropped, Postponed
from bot.core.events import AlertCleared, AlertRaised, DigestDue
from bot.services.ports import OpenUnit, Parcel
from bot.store.schema import outbox

Raise = Callable[[str], AlertRaised]
Clear = Callable[[str], AlertCleared]


@pytest.fixture(autouse=True)
async def chats(open_unit: OpenUnit, now: datetime) -> list[Chat]:
    """Have three chats."""
    known = [Chat(chat_id, since=now) for chat_id in (1, 2, -3)]
    async with open_unit() as unit:
        for chat in known:
            await unit.chats.add(chat)
    return known


async def queue(open_unit: OpenUnit, *events: object, chats: Sequence[int], at: datetime) -> None:
    async with open_unit() as unit:
        told: list[AlertRaised | AlertCleared] = [
            e for e in events if isinstance(e, AlertRaised | AlertCleared)
        ]
        await unit.outbox.add(told, chats=[Chat(i) for i in chats], at=at)


async def lease(
    open_unit: OpenUnit, now: datetime, *, only: Sequence[int] | None = None
) -> list[Parcel]:
    async with open_unit() as unit:
        return list(await unit.outbox.lease(now=now, only=only))


async def waiting(open_unit: OpenUnit, now: datetime, *, busy: Sequence[int] = ()) -> list[int]:
    async with open_unit() as unit:
        return sorted(await unit.outbox.waiting(now=now, busy=busy))


async def settle(
    open_unit: OpenUnit, parcel: Parcel, decision: Delivered | Dropped | Postponed, at: datetime
) -> None:
    async with open_unit() as unit:
        await unit.outbox.settle(parcel.id, decision, at=at)


def ids(parcels: Sequence[Parcel]) -> list[tuple[int, list[str]]]:
    """Tell chats and episodes."""
    return sorted(
        (
            parcel.chat.chat_id,
            [e.alert.incident for e in parcel.events if isinstance(e, AlertRaised | AlertCleared)],
        )
        for parcel in parcels
    )


async def test_events_come_back_whole(open_unit: OpenUnit, raised: Raise, now: datetime) -> None:
    """Events of one check go to each chat as one message, and are what they were."""
    await queue(open_unit, raised("A"), raised("B"), chats=[1, 2], at=now)
    parcels = await lease(open_unit, now)
    assert [p.events for p in parcels] == [(raised("A"), raised("B"))] * 2
    assert [(p.attempts, p.maybe_sent, p.reply_to) for p in parcels] == [(1, False, None)] * 2
    assert parcels[0].chat == Chat(1, since=now)


async def test_order_and_one_at_a_time(open_unit: OpenUnit, raised: Raise, now: datetime) -> None:
    """Each chat gets its oldest message, and the next one only when that is settled."""
    for incident in ("A", "B"):
        await queue(open_unit, raised(incident), chats=[1, 2], at=now)
    first = await lease(open_unit, now)
    assert ids(first) == [(1, ["A"]), (2, ["A"])]
    assert await lease(open_unit, now) == []
    await settle(open_unit, first[0], Delivered(11), now)
    assert ids(await lease(open_unit, now)) == [(1, ["B"])]


async def test_who_waits(open_unit: OpenUnit, raised: Raise, now: datetime) -> None:
    """Chats are named whose next message is due; only those that are asked for are leased."""
    await queue(open_unit, raised("A"), chats=[1, 2, -3], at=now)
    assert await waiting(open_unit, now, busy=[1]) == [-3, 2]
    assert ids(await lease(open_unit, now, only=[2])) == [(2, ["A"])]
    assert ids(await lease(open_unit, now, only=[1, 2, 99])) == [(1, ["A"])]
    assert await waiting(open_unit, now) == [-3]
    assert ids(await lease(open_unit, now)) == [(-3, ["A"])]
    assert await waiting(open_unit, now) == []


async def test_postponed_holds_its_place(
    open_unit: OpenUnit, raised: Raise, now: datetime
) -> None:
    """What is tried again stays before later ones; attempts are counted, doubt is remembered."""
    for incident in ("A", "B"):
        await queue(open_unit, raised(incident), chats=[1], at=now)
    (parcel,) = await lease(open_unit, now)
    until = now + timedelta(seconds=1)
    await settle(open_unit, parcel, Postponed(until, maybe_sent=True, attempts=1), now)
    assert await lease(open_unit, now) == []
    (again,) = await lease(open_unit, until)
    assert (ids([again]), again.attempts, again.maybe_sent) == ([(1, ["A"])], 2, True)
    await settle(open_unit, again, Postponed(until, maybe_sent=False, attempts=1), now)
    (third,) = await lease(open_unit, until)
    assert third.maybe_sent  # a doubt does not go away by a later failure that surely sent nothing


@pytest.mark.parametrize("end", [Delivered(11), Dropped("refused")])
async def test_done_is_done(
    open_unit: OpenUnit, raised: Raise, now: datetime, end: Delivered | Dropped
) -> None:
    """A message that was delivered or given up does not come again."""
    await queue(open_unit, raised("A"), chats=[1], at=now)
    (parcel,) = await lease(open_unit, now)
    await settle(open_unit, parcel, end, now)
    assert await lease(open_unit, now + timedelta(days=1)) == []
    async with open_unit() as unit:
        assert await unit.outbox.interrupted() == []


async def test_what_was_under_way(open_unit: OpenUnit, raised: Raise, now: datetime) -> None:
    """A message whose sender died is found, is not leased meanwhile, and can be put back."""
    await queue(open_unit, raised("A"), chats=[1, 2], at=now)
    sent, cut = await lease(open_unit, now)
    await settle(open_unit, sent, Delivered(11), now)
    async with open_unit() as unit:
        (found,) = await unit.outbox.interrupted()
    assert (found.id, found.events) == (cut.id, cut.events)
    assert await lease(open_unit, now) == []
    await settle(open_unit, found, Postponed(now, maybe_sent=True, attempts=1), now)
    (again,) = await lease(open_unit, now)
    assert (again.id, again.maybe_sent) == (cut.id, True)


async def test_recovery_replies_to_the_first_message(
    open_unit: OpenUnit, raised: Raise, cleared: Clear, now: datetime
) -> None:
    """What ends an episode is a message of its own, a reply to where it was told in that chat."""
    await queue(open_unit, raised("A"), raised("B"), chats=[1, 2], at=now)
    for parcel, message_id in zip(await lease(open_unit, now), (11, 22), strict=True):
        await settle(open_unit, parcel, Delivered(message_id), now)
    await queue(open_unit, cleared("A"), raised("C"), cleared("X"), chats=[1, 2, -3], at=now)
    seen = []
    while parcels := await lease(open_unit, now):
        for parcel in parcels:
            seen.append((*ids([parcel])[0], parcel.reply_to))
            await settle(open_unit, parcel, Delivered(99), now)
    assert sorted(seen, key=str) == sorted(
        [
            (1, ["A"], 11),
            (2, ["A"], 22),
            (1, ["C"], None),
            (2, ["C"], None),
            (-3, ["C"], None),  # the end of what was never told there is not told
        ],
        key=str,
    )


async def test_reply_to_what_never_arrived(
    open_unit: OpenUnit, raised: Raise, cleared: Clear, now: datetime
) -> None:
    """Where the first message was given up, the recovery is told all the same."""
    await queue(open_unit, raised("A"), chats=[1], at=now)
    (parcel,) = await lease(open_unit, now)
    await queue(open_unit, cleared("A"), chats=[1], at=now)
    await settle(open_unit, parcel, Dropped("refused"), now)
    (recovery,) = await lease(open_unit, now)
    assert (ids([recovery]), recovery.reply_to) == ([(1, ["A"])], None)


async def test_held_and_gone_chats(open_unit: OpenUnit, raised: Raise, now: datetime) -> None:
    """A chat that must pause waits, one that is gone gets nothing of this later; others go on."""
    await queue(open_unit, raised("A"), chats=[1, 2, -3], at=now)
    until = now + timedelta(seconds=30)
    async with open_unit() as unit:
        await unit.chats.hold(1, until=until)
        await unit.chats.mark_gone(2, reason="blocked")
    assert ids(await lease(open_unit, now)) == [(-3, ["A"])]
    assert ids(await lease(open_unit, until)) == [(1, ["A"])]
    async with open_unit() as unit:
        await unit.chats.add(Chat(2, since=now))
    assert await lease(open_unit, until) == []
    async with open_unit() as unit:
        assert await unit.outbox.told(2) == set()
        assert await unit.outbox.told(1) == {"A"}


async def test_clock_that_was_ahead_holds_up_nothing(
    open_unit: OpenUnit, raised: Raise, now: datetime
) -> None:
    """What waits longer than anything ever does was queued, or held, by a wrong clock."""
    ahead = now + timedelta(hours=6)
    await queue(open_unit, raised("A"), chats=[1, 2], at=ahead)
    async with open_unit() as unit:
        await unit.chats.hold(2, until=ahead)
    assert ids(await lease(open_unit, now)) == [(1, ["A"]), (2, ["A"])]


async def test_only_doubts_pause_for_long(
    open_unit: OpenUnit, raised: Raise, now: datetime
) -> None:
    """A pause longer than any of its kind was set by a wrong clock, and is not kept."""
    minutes = timedelta(minutes=30)
    await queue(open_unit, raised("A"), chats=[1, 2], at=now)
    for parcel, doubt in zip(await lease(open_unit, now), (True, False), strict=True):
        decision = Postponed(now + minutes, maybe_sent=doubt, attempts=4)
        await settle(open_unit, parcel, decision, now)
    assert ids(await lease(open_unit, now)) == [(2, ["A"])]
    assert ids(await lease(open_unit, now + minutes)) == [(1, ["A"])]


async def test_doubt_holds_up_nothing_for_long(
    open_unit: OpenUnit, raised: Raise, now: datetime
) -> None:
    """The first repeat keeps its place; later ones let others go before, and follow them."""
    for incident in ("A", "B", "C"):
        await queue(open_unit, raised(incident), chats=[1], at=now)
    (parcel,) = await lease(open_unit, now)
    first = Postponed(now + timedelta(seconds=10), maybe_sent=True, attempts=1)
    await settle(open_unit, parcel, first, now)
    assert await lease(open_unit, now) == []
    (parcel,) = await lease(open_unit, first.until)
    second = Postponed(now + timedelta(minutes=5), maybe_sent=True, attempts=2)
    await settle(open_unit, parcel, second, now)
    (overtaking,) = await lease(open_unit, now)
    assert ids([overtaking]) == [(1, ["B"])]
    assert await lease(open_unit, second.until) == []  # one at a time, whatever is due
    await settle(open_unit, overtaking, Delivered(11), now)
    (again,) = await lease(open_unit, now)  # for something has arrived in this chat
    assert (ids([again]), again.attempts) == ([(1, ["A"])], 3)
    await settle(open_unit, again, Delivered(12), now)
    assert ids(await lease(open_unit, now)) == [(1, ["C"])]


async def test_moved_chat_keeps_order(
    open_unit: OpenUnit, raised: Raise, cleared: Clear, now: datetime
) -> None:
    """After a move, what waited goes to the new id, where the old messages have other ids."""
    await queue(open_unit, raised("A"), chats=[-3], at=now)
    (parcel,) = await lease(open_unit, now)
    await settle(open_unit, parcel, Delivered(33), now)
    await queue(open_unit, cleared("A"), chats=[-3], at=now)
    async with open_unit() as unit:
        await unit.chats.move(-3, to=-1003)
    (moved,) = await lease(open_unit, now)
    assert (ids([moved]), moved.reply_to) == ([(-1003, ["A"])], None)
    async with open_unit() as unit:
        assert await unit.outbox.told_in(-1003, 33) == []
        assert await unit.outbox.shown() == []


async def test_many_events_are_several_messages(
    open_unit: OpenUnit, raised: Raise, now: datetime
) -> None:
    """What does not fit one message is several rows, each with the faces of its own alerts."""
    many = [raised(f"{n:03}") for n in range(30)]
    await queue(open_unit, *many, chats=[1], at=now)
    told: list[str] = []
    while parcels := await lease(open_unit, now, only=[1]):
        for parcel in parcels:
            assert len(parcel.events) < 12
            message_id = 100 + parcel.id
            await settle(open_unit, parcel, Delivered(message_id), now)
            async with open_unit() as unit:
                told += await unit.outbox.told_in(1, message_id)
                assert [one.incident for one in await unit.outbox.shown()] == told
    assert told == [event.alert.incident for event in many]


async def test_put_off_until_a_message_is_full(
    open_unit: OpenUnit, raised: Raise, now: datetime
) -> None:
    """What waits together is as many messages as have room for all of it."""
    end = now + timedelta(hours=8)
    for n in range(30):
        await queue(open_unit, raised(f"{n:03}"), chats=[1], at=now)
        (parcel,) = await lease(open_unit, now)
        async with open_unit() as unit:
            await unit.outbox.put_off(parcel.id, until=end)
    told: list[str] = []
    rows = 0
    while parcels := await lease(open_unit, end):
        for parcel in parcels:
            rows += 1
            told += ids([parcel])[0][1]
            await settle(open_unit, parcel, Delivered(11), end)
    assert told == [f"{n:03}" for n in range(30)]
    assert 1 < rows < 10


async def test_put_off(open_unit: OpenUnit, raised: Raise, now: datetime) -> None:
    """What was put off waits as one message, with every doubt; what is behind it overtakes it."""
    end = now + timedelta(hours=8)
    for incident, doubt in (("A", False), ("B", True)):
        await queue(open_unit, raised(incident), chats=[1], at=now)
        (parcel,) = await lease(open_unit, now)
        await settle(open_unit, parcel, Postponed(now, maybe_sent=doubt, attempts=1), now)
        (parcel,) = await lease(open_unit, now)
        async with open_unit() as unit:
            await unit.outbox.put_off(parcel.id, until=end)
    await queue(open_unit, raised("C"), chats=[1], at=now)
    (overtaking,) = await lease(open_unit, now)
    await settle(open_unit, overtaking, Delivered(11), now)
    (waited,) = await lease(open_unit, end)
    assert ids([overtaking, waited]) == [(1, ["A", "B"]), (1, ["C"])]
    assert (waited.maybe_sent, waited.attempts) == (True, 1)


async def test_put_off_holds_its_place_afterwards(
    open_unit: OpenUnit, raised: Raise, now: datetime
) -> None:
    """Once its time has come it is a message like others: one that fails is not overtaken."""
    await queue(open_unit, raised("A"), chats=[1], at=now)
    (parcel,) = await lease(open_unit, now)
    async with open_unit() as unit:
        await unit.outbox.put_off(parcel.id, until=now + timedelta(hours=8))
        await unit.outbox.release(1, at=now)
    (again,) = await lease(open_unit, now)
    later = now + timedelta(minutes=1)
    await settle(open_unit, again, Postponed(later, maybe_sent=False, attempts=1), now)
    await queue(open_unit, raised("B"), chats=[1], at=now)
    assert await lease(open_unit, now) == []
    assert ids(await lease(open_unit, later)) == [(1, ["A"])]


async def test_sweep(
    open_unit: OpenUnit, engine: AsyncEngine, raised: Raise, cleared: Clear, now: datetime
) -> None:
    """Only what was done before the instant goes; replies to it become ordinary messages."""
    await queue(open_unit, raised("A"), chats=[1, 2], at=now)
    done, _waiting = await lease(open_unit, now)
    await settle(open_unit, done, Delivered(11), now)
    await queue(open_unit, cleared("A"), chats=[1], at=now)
    async with open_unit() as unit:
        assert not await unit.outbox.forget(before=now)
        assert await unit.outbox.forget(before=now + timedelta(seconds=1))
        assert not await unit.outbox.forget(before=now + timedelta(seconds=1))
    (recovery,) = await lease(open_unit, now)
    assert (ids([recovery]), recovery.reply_to) == ([(1, ["A"])], None)
    async with engine.begin() as connection:
        left = list(await connection.scalars(select(outbox.c.chat_id).order_by(outbox.c.id)))
    assert left == [2, 1]


async def test_what_was_given_up_has_no_end(
    open_unit: OpenUnit, raised: Raise, cleared: Clear, now: datetime
) -> None:
    """Who never heard of an alert is not told that it is over."""
    await queue(open_unit, raised("A"), chats=[1, 2], at=now)
    given_up, told = await lease(open_unit, now)
    await settle(open_unit, given_up, Dropped("refused"), now)
    await settle(open_unit, told, Delivered(11), now)
    await queue(open_unit, cleared("A"), chats=[1, 2], at=now)
    assert ids(await lease(open_unit, now)) == [(2, ["A"])]


async def test_a_digest_to_be_repeated_holds_up_nothing(
    open_unit: OpenUnit, raised: Raise, now: datetime
) -> None:
    """It keeps its place until it has failed once; then what is behind it goes on."""
    digest = DigestDue(local_date=now.date(), since=None, late=False, at=now)
    async with open_unit() as unit:
        await unit.outbox.add([digest], chats=[Chat(1)], at=now)
    await queue(open_unit, raised("A"), chats=[1], at=now)
    (parcel,) = await lease(open_unit, now)
    assert parcel.events == (digest,)
    again = Postponed(now + timedelta(seconds=1), maybe_sent=False, attempts=1)
    await settle(open_unit, parcel, again, now)
    (overtaking,) = await lease(open_unit, now)
    assert ids([overtaking]) == [(1, ["A"])]
    await settle(open_unit, overtaking, Delivered(11), now)
    assert [p.events for p in await lease(open_unit, again.until)] == [(digest,)]


async def test_message_of_a_group_that_moved_meanwhile(
    open_unit: OpenUnit, raised: Raise, now: datetime
) -> None:
    """Its id is of the old group: nothing of the new one is edited under it."""
    await queue(open_unit, raised("A"), chats=[-3, 1], at=now)
    async with open_unit() as unit:
        for parcel in await unit.outbox.lease(now=now):
            if parcel.chat.chat_id == -3:
                await unit.chats.move(-3, to=-1003)
            await unit.outbox.settle(parcel.id, Delivered(11), at=now, sent_to=parcel.chat.chat_id)
        assert [(one.chat_id, one.message_id) for one in await unit.outbox.shown()] == [(1, 11)]
        assert await unit.outbox.told(-1003) == {"A"}


async def test_an_event_of_another_version_holds_up_nothing(
    open_unit: OpenUnit, engine: AsyncEngine, raised: Raise, now: datetime
) -> None:
    """What cannot be read is left out of what is told, wherever it is looked at."""
    later = '{"kind":"of_a_later_version","at":"2026-01-01T00:00:00Z"}'
    for incident in ("A", "B"):
        await queue(open_unit, raised(incident), chats=[1], at=now)
    async with engine.begin() as connection:
        for table, column, new in [
            ("outbox", "events", f"[{later}]"),
            ("elsewhere", "event", later),
        ]:
            one = f"UPDATE {table} SET {column} = :new WHERE id = 1"  # noqa: S608 - names of ours
            await connection.execute(text(one), {"new": new})
        both = "UPDATE outbox SET events = substr(events, 1, length(events) - 1) || :new"
        await connection.execute(text(f"{both} WHERE id = 2"), {"new": f",{later}]"})
    (parcel,) = await lease(open_unit, now)
    assert parcel.events == ()
    async with open_unit() as unit:
        assert [p.events for p in await unit.outbox.interrupted()] == [()]
        (critical,) = await unit.elsewhere.load(chats=[1])
    assert (critical.event, critical.waits) == (raised("B"), True)
    await settle(open_unit, parcel, Dropped("nothing to tell"), now)
    assert [p.events for p in await lease(open_unit, now)] == [(raised("B"),)]


async def test_what_is_looked_up_has_an_index(open_unit: OpenUnit, engine: AsyncEngine) -> None:
    """A month of messages is not read for one of them, nor for what is a reply to it."""
    asked: list[tuple[str, Any]] = []

    @event.listens_for(engine.sync_engine, "before_cursor_execute")
    def note(_c: Any, _u: Any, statement: str, parameters: Any, *_: Any) -> None:
        asked.append((statement, parameters))

    async with open_unit() as unit:
        await unit.outbox.told_in(1, 5)
    event.remove(engine.sync_engine, "before_cursor_execute", note)
    asked.append(("SELECT 1 FROM outbox WHERE reply_to = 5", ()))
    is_file = engine.dialect.name == "sqlite"
    async with engine.begin() as connection:
        if not is_file:  # a small table is read whole otherwise
            await connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        plans = [
            str((await connection.exec_driver_sql(f"{_EXPLAIN[is_file]} {said}", given)).all())
            for said, given in asked
            if "FROM outbox" in said
        ]
    assert "ix_outbox_chat_id_message_id" in plans[0]
    assert "ix_outbox_reply_to" in plans[1]


_EXPLAIN = {True: "EXPLAIN QUERY PLAN", False: "EXPLAIN"}
