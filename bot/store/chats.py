"""The chats that get events."""

from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, and_, delete, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.core.access import Member
from bot.core.delivery import Chat
from bot.core.events import AlertTested, DigestDue, Notice, SubAccountsChanged
from bot.core.quiet import QuietHours
from bot.store._upsert import insert_into, upsert
from bot.store.schema import chats, digests, incidents, members, outbox, questions

_LASTING = AlertTested | DigestDue | SubAccountsChanged | Notice
"""What is told late as well, and by nothing else."""


class SqlChats:
    """`ChatRepository` in SQL."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def load(self) -> Sequence[Chat]:
        """See the port."""
        oldest_first = select(chats).order_by(chats.c.since, chats.c.chat_id)
        rows = (await self._connection.execute(oldest_first)).mappings()
        return [Chat(**row) for row in rows]

    async def add(self, chat: Chat) -> None:
        """See the port."""
        statement = insert_into(self._connection, chats).values(_row(chat))
        await self._connection.execute(
            statement.on_conflict_do_update(
                index_elements=["chat_id"], set_={"title": chat.title, "gone": None}
            )
        )

    async def mark_gone(self, chat_id: int, *, reason: str) -> None:
        """See the port.

        What stands is told when it is back: what waits of alerts and wallets would be old by then.
        """
        await self._update(chat_id, gone=reason)
        waits = and_(
            outbox.c.chat_id == chat_id,
            outbox.c.done_at.is_(None),
            outbox.c.sending_since.is_(None),
        )
        for row in (await self._connection.execute(select(outbox).where(waits))).all():
            await self._keep_what_lasts(row)

    async def _keep_what_lasts(self, row: Row[Any]) -> None:
        this, told = outbox.c.id == row.id, incidents.c.outbox_id == row.id
        lasting = tuple(event for event in row.events if isinstance(event, _LASTING))
        await self._connection.execute(delete(incidents).where(told))
        if lasting:
            await self._connection.execute(update(outbox).where(this).values(events=lasting))
        else:
            await self._connection.execute(delete(outbox).where(this))

    async def hold(self, chat_id: int, *, until: datetime) -> None:
        """See the port."""
        await self._update(chat_id, not_before=until)

    async def set_quiet(self, chat_id: int, quiet: QuietHours | None) -> None:
        """See the port."""
        await self._update(chat_id, quiet=quiet)

    async def save(self, chat: Chat) -> None:
        """See the port."""
        await upsert(self._connection, chats, [_row(chat)])

    async def forget(self, chat_id: int) -> None:
        """See the port; what is being sent is settled by whoever sends it."""
        under_way = outbox.c.sending_since.is_not(None)
        for table in (incidents, members, questions, digests, chats):
            await self._connection.execute(delete(table).where(table.c.chat_id == chat_id))
        here = and_(outbox.c.chat_id == chat_id, ~under_way)
        await self._connection.execute(delete(outbox).where(here))

    async def members(self, chat_id: int | None = None) -> Sequence[Member]:
        """See the port."""
        found = select(members).order_by(members.c.name, members.c.user_id)
        if chat_id is not None:
            found = found.where(members.c.chat_id == chat_id)
        rows = (await self._connection.execute(found)).mappings()
        return [Member(**row) for row in rows]

    async def save_member(self, member: Member) -> None:
        """See the port."""
        row = {field.name: getattr(member, field.name) for field in fields(member)}
        await upsert(self._connection, members, [row])

    async def _update(self, which: int, **values: object) -> None:
        await self._connection.execute(
            update(chats).where(chats.c.chat_id == which).values(values)
        )

    async def move(self, chat_id: int, *, to: int) -> None:
        """See the port."""
        known = {chat.chat_id: chat for chat in await self.load()}
        if old := known.get(chat_id):
            new = known.get(to, old)
            await self._connection.execute(delete(chats).where(chats.c.chat_id == chat_id))
            await upsert(self._connection, chats, [_row(_merged(old, new, to))])
        # Messages have other ids there: under the old ones there are others.
        await self._connection.execute(
            update(outbox).where(outbox.c.chat_id == chat_id).values(message_id=None)
        )
        for table in (outbox, incidents, digests, members, questions):
            old_rows = table.c.chat_id == chat_id
            if "chat_id" in table.primary_key.columns:
                # Both ids may have been told the same; one mark of it is enough.
                rest = [c for c in table.primary_key.columns if c.name != "chat_id"]
                as_before = tuple_(*rest).in_(select(*rest).where(old_rows))
                double = and_(table.c.chat_id == to, as_before)
                await self._connection.execute(delete(table).where(double))
            await self._connection.execute(update(table).where(old_rows).values(chat_id=to))


def _merged(old: Chat, new: Chat, chat_id: int) -> Chat:
    """Make one chat of a group and the supergroup it has become."""
    known = old if new.role is None else new
    return replace(
        known,
        chat_id=chat_id,
        title=new.title or old.title,
        former_id=old.former_id or old.chat_id,
        gone=old.gone and new.gone,
        blocked=old.blocked or new.blocked,
        quiet=new.quiet or old.quiet,
    )


def _row(chat: Chat) -> dict[str, Any]:
    return {field.name: getattr(chat, field.name) for field in fields(chat)}
