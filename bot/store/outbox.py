"""Messages on their way. A row is done only after the send; `sending_since` says it was begun."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Row,
    Text,
    and_,
    case,
    delete,
    func,
    insert,
    or_,
    select,
    type_coerce,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.core.delivery import (
    DOUBT_PAUSES,
    LONGEST_PAUSE,
    LONGEST_REST,
    Chat,
    Decision,
    Delivered,
    Dropped,
    Postponed,
)
from bot.core.elsewhere import Late, is_late, name_of
from bot.core.events import AlertRaised, AlertReminded, ChatAsked, Event
from bot.core.faces import Ending, Face
from bot.core.portions import fits, portions
from bot.core.quiet import mergeable
from bot.core.routing import heard, seen
from bot.services.ports import Parcel, Question, Shown
from bot.store._upsert import upsert
from bot.store.bell import ring
from bot.store.chats import SqlChats
from bot.store.elsewhere import SqlElsewhere
from bot.store.schema import incidents, outbox, wallets

_OPEN = incidents.c.ending.is_(None)
_HELD = and_(outbox.c.held, outbox.c.done_at.is_(None), outbox.c.sending_since.is_(None))
"""What waits for the end of quiet hours."""
FORGOTTEN_AT_ONCE = 100
"""It takes some milliseconds, and an alert waits no longer for it."""


class SqlOutbox:
    """`OutboxRepository` in SQL."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        self._elsewhere = SqlElsewhere(connection)

    async def add(self, events: Sequence[Event], *, chats: Iterable[Chat], at: datetime) -> None:
        """See the port."""
        queued: set[str] = set()
        told_to = list(chats)
        paths = await self._paths(told_to)
        for chat in told_to:
            first_told = await self._first_told(events, chat.chat_id)
            messages: dict[int | None, list[Event]] = defaultdict(list)
            for event in heard(events, chat, paths):
                later = _later_of(event)
                if later in first_told or not isinstance(event, Ending):
                    messages[first_told.get(later)].append(event)
            for reply_to, told in messages.items():
                for portion in portions(told):
                    await self._queue(chat.chat_id, portion, reply_to=reply_to, at=at)
                queued.update(map(name_of, told))
            await self._close(events, chat.chat_id)
        await self._elsewhere.add(events, queued=queued, at=at)
        if queued:
            await ring(self._connection)

    async def _paths(self, chats: Iterable[Chat]) -> Collection[str]:
        """Name all wallets, where somebody may know of some of them only."""
        if all(chat.scope.is_all for chat in chats):
            return ()
        return set(await self._connection.scalars(select(wallets.c.path)))

    async def _first_told(self, events: Sequence[Event], chat_id: int) -> dict[str | None, int]:
        later = {_later_of(event) for event in events} - {None}
        rows = await self._connection.execute(
            select(incidents.c.incident, incidents.c.outbox_id)
            .join_from(incidents, outbox, outbox.c.id == incidents.c.outbox_id)
            .where(incidents.c.incident.in_(later), _told_in(chat_id))
        )
        return dict(rows.all())

    async def _close(self, events: Sequence[Event], chat_id: int) -> None:
        for event in events:
            if isinstance(event, Ending):
                this = incidents.c.incident == event.alert.incident
                here = incidents.c.chat_id == chat_id
                await self._connection.execute(
                    update(incidents).where(this, here).values(ending=event)
                )

    async def _queue(
        self, chat_id: int, events: Sequence[Event], *, reply_to: int | None, at: datetime
    ) -> None:
        row = {
            "chat_id": chat_id,
            "events": tuple(events),
            "reply_to": reply_to,
            "queued_at": at,
            "not_before": at,
            "due_at": at,
        }
        added = insert(outbox).values(row).returning(outbox.c.id)
        outbox_id = await self._connection.scalar(added)
        rows = [
            {
                "incident": event.alert.incident,
                "chat_id": chat_id,
                "outbox_id": outbox_id,
                "face": Face(event.amount),
                "shown_at": at,
                "ending": None,
            }
            for event in events
            if isinstance(event, AlertRaised)
        ]
        await upsert(self._connection, incidents, rows)

    async def told(self, chat_id: int) -> Collection[str]:
        """See the port."""
        found = await self._connection.scalars(
            select(incidents.c.incident)
            .join_from(incidents, outbox, outbox.c.id == incidents.c.outbox_id)
            .where(_told_in(chat_id))
        )
        return set(found)

    async def shown(self) -> Sequence[Shown]:
        """See the port."""
        rows = await self._connection.execute(
            select(incidents, outbox.c.message_id)
            .join_from(incidents, outbox, outbox.c.id == incidents.c.outbox_id)
            .where(outbox.c.message_id.is_not(None))
            .order_by(incidents.c.outbox_id, incidents.c.incident)
        )
        return [
            Shown(
                incident=row.incident,
                parcel_id=row.outbox_id,
                chat_id=row.chat_id,
                message_id=row.message_id,
                face=row.face,
                shown_at=row.shown_at,
                ending=row.ending,
            )
            for row in rows
        ]

    async def show(self, faces: Mapping[str, Face], parcel_id: int, *, at: datetime) -> None:
        """See the port."""
        here = incidents.c.outbox_id == parcel_id
        if all(face.over for face in faces.values()):
            await self._connection.execute(delete(incidents).where(here))
        for incident, face in faces.items():
            values = {"face": face, "shown_at": at}
            this = incidents.c.incident == incident
            await self._connection.execute(update(incidents).where(here, this).values(values))

    async def over(self, chat_id: int, *, since: datetime) -> Sequence[Shown]:
        """See the port."""
        here = select(incidents.c.incident).where(incidents.c.chat_id == chat_id)
        looked_at = set(await self._connection.scalars(here))
        lately = or_(outbox.c.done_at >= since, outbox.c.queued_at >= since)
        query = select(outbox).where(outbox.c.chat_id == chat_id, lately).order_by(outbox.c.id)
        rows = (await self._connection.execute(query)).all()
        queued = [(row, event) for row in rows for event in row.events]
        # An end that waits for the morning is one: the first message shows it already.
        endings = {e.alert.incident: e for _, e in queued if isinstance(e, Ending)}
        # Of an episode that was told again, the last message is the one that shows it.
        found = {
            event.alert.incident: (row, event)
            for row, event in queued
            if isinstance(event, AlertRaised) and row.message_id is not None
        }
        return [
            Shown(
                incident=incident,
                parcel_id=row.id,
                chat_id=chat_id,
                message_id=row.message_id,
                face=Face(event.amount),
                shown_at=row.done_at,
                ending=endings.get(incident),
            )
            for incident, (row, event) in found.items()
            if incident not in looked_at
        ]

    async def look_again(self, shown: Iterable[Shown]) -> None:
        """See the port."""
        rows = [
            {
                "incident": one.incident,
                "chat_id": one.chat_id,
                "outbox_id": one.parcel_id,
                "face": one.face,
                "shown_at": one.shown_at,
                "ending": one.ending,
            }
            for one in shown
        ]
        await upsert(self._connection, incidents, rows)

    async def events_of(self, parcel_id: int) -> tuple[Event, ...]:
        """See the port."""
        found = await self._connection.scalar(
            select(outbox.c.events).where(outbox.c.id == parcel_id)
        )
        return found or ()

    async def seen(self, events: Sequence[Event], chat: Chat) -> tuple[Event, ...]:
        """See the port."""
        return seen(events, chat, await self._paths([chat]))

    async def questions(self, *, since: datetime | None = None) -> Sequence[Question]:
        """See the port."""
        found = select(outbox).where(type_coerce(outbox.c.events, Text).like('%"chat_asked"%'))
        if since is not None:
            found = found.where(outbox.c.queued_at > since)
        return [
            Question(event.chat_id, event, row.chat_id, row.message_id)
            for row in await self._connection.execute(found)
            for event in row.events
            if isinstance(event, ChatAsked)
        ]

    async def told_in(self, chat_id: int, message_id: int) -> Sequence[str]:
        """See the port."""
        here = and_(outbox.c.chat_id == chat_id, outbox.c.message_id == message_id)
        events = await self._connection.scalar(select(outbox.c.events).where(here)) or ()
        told = [event for event in events if isinstance(event, AlertRaised | AlertReminded)]
        return [event.alert.incident for event in told]

    async def waiting(self, *, now: datetime, busy: Collection[int]) -> Collection[int]:
        """See the port."""
        chats = await self._listening(now)
        due = _next_of(chats.keys() - set(busy), now)
        return list(await self._connection.scalars(select(outbox.c.chat_id).where(due)))

    async def lease(
        self, *, now: datetime, only: Collection[int] | None = None
    ) -> Sequence[Parcel]:
        """See the port."""
        chats = await self._listening(now)
        wanted = chats.keys() if only is None else chats.keys() & set(only)
        rows = await self._rows(_next_of(wanted, now))
        await self._connection.execute(
            update(outbox)
            .where(outbox.c.id.in_([row.id for row in rows]))
            .values(sending_since=now, attempts=outbox.c.attempts + 1, held=False)
        )
        leased = []
        for row in rows:
            parcel = _parcel(row, chats[row.chat_id], attempts=row.attempts + 1)
            events = heard(parcel.events, parcel.chat, await self._paths([parcel.chat]))
            leased.append(replace(parcel, events=events, late=await self._late(row, now)))
        return leased

    async def _late(self, row: Row[Any], now: datetime) -> Late | None:
        if not is_late(row.due_at, now=now):
            return None
        return Late(row.due_at, elsewhere=await self._elsewhere.told(row.events))

    async def _listening(self, now: datetime) -> Mapping[int, Chat]:
        known = await SqlChats(self._connection).load()
        return {c.chat_id: c for c in known if c.gone is None and _may_hear(c, now)}

    async def interrupted(self) -> Sequence[Parcel]:
        """See the port."""
        begun = and_(outbox.c.done_at.is_(None), outbox.c.sending_since.is_not(None))
        rows = await self._rows(begun)
        return [_parcel(row, Chat(row.chat_id), attempts=row.attempts) for row in rows]

    async def _rows(self, which: ColumnElement[bool]) -> Sequence[Row[Any]]:
        told = outbox.alias()
        query = (
            select(outbox, told.c.message_id.label("told_in"))
            .outerjoin_from(outbox, told, told.c.id == outbox.c.reply_to)
            .where(which)
            .order_by(outbox.c.id)
        )
        return (await self._connection.execute(query)).all()

    async def settle(
        self, parcel_id: int, decision: Decision, *, at: datetime, sent_to: int | None = None
    ) -> None:
        """See the port."""
        values = _settled(decision, at)
        if "message_id" in values and sent_to is not None:
            values["message_id"] = case((outbox.c.chat_id == sent_to, values["message_id"]))
        await self._connection.execute(
            update(outbox).where(outbox.c.id == parcel_id).values(sending_since=None, **values)
        )
        if isinstance(decision, Delivered):
            await self._elsewhere.reach(await self.events_of(parcel_id))
            await self._hasten(parcel_id, at=at)

    async def _hasten(self, delivered: int, *, at: datetime) -> None:
        """Repeat next what is in doubt where something has just been delivered."""
        chat = select(outbox.c.chat_id).where(outbox.c.id == delivered).scalar_subquery()
        waits = and_(outbox.c.chat_id == chat, outbox.c.done_at.is_(None), outbox.c.maybe_sent)
        soon = and_(waits, ~outbox.c.held, outbox.c.not_before > at)
        await self._connection.execute(update(outbox).where(soon).values(not_before=at))

    async def put_off(self, parcel_id: int, *, until: datetime) -> None:
        """See the port."""
        this = outbox.c.id == parcel_id
        row = (await self._connection.execute(select(outbox).where(this))).one()
        waits = and_(outbox.c.chat_id == row.chat_id, _HELD, ~this)
        found = await self._connection.execute(select(outbox).where(waits).order_by(outbox.c.id))
        into = [other for other in found if mergeable(other.events) and mergeable(row.events)]
        # Into none but the last, so that nothing is told before what it follows.
        if into and fits((*into[-1].events, *row.events)):
            return await self._merge(row, into[-1], until=until)
        values = {
            "held": True,
            "not_before": until,
            "due_at": until,
            "sending_since": None,
            "attempts": 0,
        }
        await self._connection.execute(update(outbox).where(this).values(values))
        return None

    async def _merge(self, row: Row[Any], into: Row[Any], *, until: datetime) -> None:
        """Tell in one message what would have been two, each a reply to another one perhaps."""
        merged = {
            "events": (*into.events, *row.events),
            "maybe_sent": into.maybe_sent or row.maybe_sent,
            "reply_to": into.reply_to if into.reply_to == row.reply_to else None,
            "not_before": until,
            "due_at": until,
        }
        for statement in (
            update(outbox).where(outbox.c.id == into.id).values(merged),
            update(incidents).where(incidents.c.outbox_id == row.id).values(outbox_id=into.id),
            delete(outbox).where(outbox.c.id == row.id),
        ):
            await self._connection.execute(statement)

    async def release(self, chat_id: int, *, at: datetime) -> None:
        """See the port."""
        waits = and_(outbox.c.chat_id == chat_id, _HELD, outbox.c.not_before > at)
        await self._connection.execute(
            update(outbox).where(waits).values(not_before=at, due_at=at)
        )

    async def depth(self, *, chats: Collection[int]) -> int:
        """See the port."""
        waits = and_(outbox.c.done_at.is_(None), outbox.c.chat_id.in_(chats))
        query = select(func.count()).select_from(outbox).where(waits)
        return (await self._connection.execute(query)).scalar_one()

    async def oldest_due(self, *, now: datetime, chats: Collection[int]) -> datetime | None:
        """See the port."""
        waits = and_(outbox.c.done_at.is_(None), outbox.c.due_at <= now)
        oldest = select(func.min(outbox.c.due_at)).where(waits, outbox.c.chat_id.in_(chats))
        found: datetime | None = await self._connection.scalar(oldest)
        return found

    async def forget(self, *, before: datetime) -> bool:
        """See the port."""
        still_open = select(incidents.c.outbox_id).where(_OPEN)
        old = and_(outbox.c.done_at < before, outbox.c.id.not_in(still_open))
        some = select(outbox.c.id).where(old).limit(FORGOTTEN_AT_ONCE)
        done = await self._connection.execute(delete(outbox).where(outbox.c.id.in_(some)))
        return bool(done.rowcount)


def _told_in(chat_id: int) -> ColumnElement[bool]:
    """Find open episodes that a chat was told, or will be; what was given up told it nothing."""
    return and_(incidents.c.chat_id == chat_id, outbox.c.dropped.is_(None), _OPEN)


def _next_of(chats: Collection[int], now: datetime) -> ColumnElement[bool]:
    """Find the oldest message of each chat, where it is due and nothing is under way."""
    waits = and_(outbox.c.done_at.is_(None), outbox.c.chat_id.in_(chats))
    in_line = and_(waits, _not_put_off(now), ~_in_doubt(now), ~_is_digest_to_repeat(now))
    heads = select(func.min(outbox.c.id)).where(in_line).group_by(outbox.c.chat_id)
    under_way = select(outbox.c.chat_id).where(waits, outbox.c.sending_since.is_not(None))
    return and_(outbox.c.id.in_(heads), _due(now), outbox.c.chat_id.not_in(under_way))


def _not_put_off(now: datetime) -> ColumnElement[bool]:
    return or_(~outbox.c.held, outbox.c.not_before <= now)


def _in_doubt(now: datetime) -> ColumnElement[bool]:
    """Find what may have arrived more than once: while it waits, what is behind it goes on."""
    return and_(outbox.c.maybe_sent, outbox.c.attempts > 1, ~_due(now))


def _is_digest_to_repeat(now: datetime) -> ColumnElement[bool]:
    """Find digests that could not be told: alerts do not wait until they can."""
    is_digest = type_coerce(outbox.c.events, Text).like('%"kind":"digest_due"%')
    return and_(is_digest, outbox.c.attempts > 0, ~_due(now))


def _due(now: datetime) -> ColumnElement[bool]:
    """Find what need not wait; nobody waits so long unless the clock was ahead."""
    return or_(
        outbox.c.not_before <= now,
        outbox.c.not_before > now + DOUBT_PAUSES[-1],
        and_(~outbox.c.maybe_sent, outbox.c.not_before > now + LONGEST_PAUSE),
    )


def _may_hear(chat: Chat, now: datetime) -> bool:
    until = chat.not_before
    return until is None or until <= now or until > now + LONGEST_REST


def _later_of(event: Event) -> str | None:
    """Name the episode that was begun before this event of it."""
    return event.alert.incident if isinstance(event, AlertReminded | Ending) else None


def _settled(decision: Decision, at: datetime) -> dict[str, Any]:
    match decision:
        case Delivered(message_id):
            return {"done_at": at, "message_id": message_id}
        case Dropped(reason):
            return {"done_at": at, "dropped": reason}
        case Postponed(until, maybe_sent, attempts):
            doubt = {"maybe_sent": True} if maybe_sent else {}
            return {"not_before": until, "attempts": attempts, **doubt}


def _parcel(row: Row[Any], chat: Chat, *, attempts: int) -> Parcel:
    return Parcel(
        id=row.id,
        chat=chat,
        events=row.events,
        attempts=attempts,
        maybe_sent=row.maybe_sent,
        reply_to=row.told_in,
    )
