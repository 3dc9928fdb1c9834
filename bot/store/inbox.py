"""Updates from Telegram, kept before they are confirmed there."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.schema import inbox


class SqlInbox:
    """`InboxRepository` in SQL."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, updates: Mapping[int, str], *, at: datetime) -> None:
        """See the port."""
        rows = [{"update_id": i, "raw": raw, "received_at": at} for i, raw in updates.items()]
        if rows:
            await self._connection.execute(insert(inbox).on_conflict_do_nothing(), rows)

    async def unhandled(self) -> Mapping[int, str]:
        """See the port."""
        rows = await self._connection.execute(
            select(inbox.c.update_id, inbox.c.raw)
            .where(inbox.c.handled_at.is_(None))
            .order_by(inbox.c.update_id)
        )
        return dict(rows.all())

    async def mark_handled(self, update_id: int, *, at: datetime) -> None:
        """See the port."""
        await self._connection.execute(
            update(inbox).where(inbox.c.update_id == update_id).values(handled_at=at)
        )

    async def next_offset(self) -> int | None:
        """See the port."""
        newest = await self._connection.scalar(select(func.max(inbox.c.update_id)))
        return None if newest is None else newest + 1

    async def forget(self, *, before: datetime) -> None:
        """See the port."""
        newest = select(func.max(inbox.c.update_id)).scalar_subquery()
        await self._connection.execute(
            delete(inbox).where(inbox.c.handled_at < before, inbox.c.update_id < newest)
        )
