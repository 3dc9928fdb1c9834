"""Messages on their way. A row is done only after the send; `sending_since` says it was begun."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.core.delivery import Chat, Decision, Delivered, Dropped, Postponed
from bot.core.events import AlertCleared, AlertEnded, AlertRaised, Event
from bot.core.quiet import mergeable
from bot.services.ports import Parcel
from bot.store._upsert import upsert
from bot.store.chats import SqlChats
from bot.store.schema import incidents, outbox

_HELD = and_(outbox.c.held, outbox.c.done_at.is_(None), outbox.c.sending_since.is_(None))
"""What waits for the end of quiet hours."""


class SqlOutbox:
    """`OutboxRepository` in SQL."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, events: Sequence[Event], *, chats: Iterable[Chat], at: datetime) -> None:
        """See the port."""
        for chat in chats:
            first_told = await self._first_told(events, chat.chat_id)
            messages: dict[int | None, list[Event]] = defaultdict(list)
            for event in events:
                ended = _ended(event)
                if ended is None or ended in first_told:
                    messages[first_told.get(ended)].append(event)
            for reply_to, told in messages.items():
                await self._queue(chat.chat_id, told, reply_to=reply_to, at=at)
            await self._close(list(first_told), chat.chat_id)

    async def _first_told(self, events: Sequence[Event], chat_id: int) -> dict[str | None, int]:
        ended = {_ended(event) for event in events} - {None}
        rows = await self._connection.execute(
            select(incidents.c.incident, incidents.c.outbox_id).where(
                incidents.c.incident.in_(ended), incidents.c.chat_id == chat_id
            )
        )
        return dict(rows.all())

    async def _close(self, ended: Sequence[str | None], chat_id: int) -> None:
        of_chat = and_(incidents.c.incident.in_(ended), incidents.c.chat_id == chat_id)
        await self._connection.execute(delete(incidents).where(of_chat))

    async def _queue(
        self, chat_id: int, events: Sequence[Event], *, reply_to: int | None, at: datetime
    ) -> None:
        row = {
            "chat_id": chat_id,
            "events": tuple(events),
            "reply_to": reply_to,
            "queued_at": at,
            "not_before": at,
        }
        added = insert(outbox).values(row).returning(outbox.c.id)
        outbox_id = await self._connection.scalar(added)
        begun = [event.alert.incident for event in events if isinstance(event, AlertRaised)]
        rows = [{"incident": i, "chat_id": chat_id, "outbox_id": outbox_id} for i in begun]
        await upsert(self._connection, incidents, rows)

    async def told(self, chat_id: int) -> Collection[str]:
        """See the port."""
        here = and_(incidents.c.chat_id == chat_id, outbox.c.dropped.is_(None))
        found = await self._connection.scalars(
            select(incidents.c.incident)
            .join_from(incidents, outbox, outbox.c.id == incidents.c.outbox_id)
            .where(here)
        )
        return set(found)

    async def lease(self, *, now: datetime, busy: Collection[int], most: int) -> Sequence[Parcel]:
        """See the port."""
        chats = {
            chat.chat_id: chat
            for chat in await SqlChats(self._connection).load()
            if chat.gone is None and chat.chat_id not in busy and _may_hear(chat, now)
        }
        heads = (
            select(func.min(outbox.c.id))
            .where(outbox.c.done_at.is_(None), outbox.c.chat_id.in_(chats), _not_put_off(now))
            .group_by(outbox.c.chat_id)
        )
        waiting = and_(
            outbox.c.id.in_(heads), outbox.c.not_before <= now, outbox.c.sending_since.is_(None)
        )
        rows = await self._rows(waiting, most=most)
        await self._connection.execute(
            update(outbox)
            .where(outbox.c.id.in_([row.id for row in rows]))
            .values(sending_since=now, attempts=outbox.c.attempts + 1, held=False)
        )
        return [_parcel(row, chats[row.chat_id], attempts=row.attempts + 1) for row in rows]

    async def interrupted(self) -> Sequence[Parcel]:
        """See the port."""
        begun = and_(outbox.c.done_at.is_(None), outbox.c.sending_since.is_not(None))
        rows = await self._rows(begun)
        return [_parcel(row, Chat(row.chat_id), attempts=row.attempts) for row in rows]

    async def _rows(
        self, which: ColumnElement[bool], *, most: int | None = None
    ) -> Sequence[Row[Any]]:
        told = outbox.alias()
        query = (
            select(outbox, told.c.message_id.label("told_in"))
            .outerjoin_from(outbox, told, told.c.id == outbox.c.reply_to)
            .where(which)
            .order_by(outbox.c.id)
            .limit(most)
        )
        return (await self._connection.execute(query)).all()

    async def settle(self, parcel_id: int, decision: Decision, *, at: datetime) -> None:
        """See the port."""
        await self._connection.execute(
            update(outbox)
            .where(outbox.c.id == parcel_id)
            .values(sending_since=None, **_settled(decision, at))
        )

    async def put_off(self, parcel_id: int, *, until: datetime) -> None:
        """See the port."""
        this = outbox.c.id == parcel_id
        row = (await self._connection.execute(select(outbox).where(this))).one()
        waits = and_(outbox.c.chat_id == row.chat_id, _HELD, ~this)
        found = await self._connection.execute(select(outbox).where(waits).order_by(outbox.c.id))
        into = [other for other in found if mergeable(other.events) and mergeable(row.events)]
        if into:
            return await self._merge(row, into[0], until=until)
        values = {"held": True, "not_before": until, "sending_since": None, "attempts": 0}
        await self._connection.execute(update(outbox).where(this).values(values))
        return None

    async def _merge(self, row: Row[Any], into: Row[Any], *, until: datetime) -> None:
        """Tell in one message what would have been two, each a reply to another one perhaps."""
        merged = {
            "events": (*into.events, *row.events),
            "maybe_sent": into.maybe_sent or row.maybe_sent,
            "reply_to": into.reply_to if into.reply_to == row.reply_to else None,
            "not_before": until,
        }
        for statement in (
            update(outbox).where(outbox.c.id == into.id).values(merged),
            update(outbox).where(outbox.c.reply_to == row.id).values(reply_to=into.id),
            update(incidents).where(incidents.c.outbox_id == row.id).values(outbox_id=into.id),
            delete(outbox).where(outbox.c.id == row.id),
        ):
            await self._connection.execute(statement)

    async def release(self, chat_id: int, *, until: datetime) -> None:
        """See the port."""
        waits = and_(outbox.c.chat_id == chat_id, _HELD)
        await self._connection.execute(update(outbox).where(waits).values(not_before=until))

    async def forget(self, *, before: datetime) -> None:
        """See the port."""
        still_open = select(incidents.c.outbox_id)
        old = and_(outbox.c.done_at < before, outbox.c.id.not_in(still_open))
        await self._connection.execute(delete(outbox).where(old))


def _not_put_off(now: datetime) -> ColumnElement[bool]:
    return or_(~outbox.c.held, outbox.c.not_before <= now)


def _may_hear(chat: Chat, now: datetime) -> bool:
    return chat.not_before is None or chat.not_before <= now


def _ended(event: Event) -> str | None:
    """Name the episode that an event ends."""
    return event.alert.incident if isinstance(event, AlertCleared | AlertEnded) else None


def _settled(decision: Decision, at: datetime) -> dict[str, Any]:
    match decision:
        case Delivered(message_id):
            return {"done_at": at, "message_id": message_id}
        case Dropped(reason):
            return {"done_at": at, "dropped": reason}
        case Postponed(until, maybe_sent):
            return {"not_before": until} | ({"maybe_sent": True} if maybe_sent else {})


def _parcel(row: Row[Any], chat: Chat, *, attempts: int) -> Parcel:
    return Parcel(
        id=row.id,
        chat=chat,
        events=row.events,
        attempts=attempts,
        maybe_sent=row.maybe_sent,
        reply_to=row.told_in,
    )
