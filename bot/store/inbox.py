"""Updates from Telegram, kept before they are confirmed there."""

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store._forget import forget_some
from bot.store._upsert import insert_into
from bot.store.schema import inbox


class SqlInbox:
    """`InboxRepository` in SQL."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, updates: Mapping[int, str], *, at: datetime) -> Collection[int]:
        """See the port."""
        if not updates:
            return ()
        rows = [{"update_id": i, "raw": raw, "received_at": at} for i, raw in updates.items()]
        add = insert_into(self._connection, inbox).values(rows).on_conflict_do_nothing()
        fresh = set(await self._connection.scalars(add.returning(inbox.c.update_id)))
        return [update_id for update_id in updates if update_id in fresh]

    async def unhandled(
        self, *, after: int = 0, most: int | None = None, but: Collection[int] = ()
    ) -> Mapping[int, str]:
        """See the port."""
        rows = await self._connection.execute(
            select(inbox.c.update_id, inbox.c.raw)
            .where(inbox.c.handled_at.is_(None), inbox.c.update_id > after)
            .where(inbox.c.update_id.not_in(but))
            .order_by(inbox.c.update_id)
            .limit(most)
        )
        return dict(rows.all())

    async def mark_handled(self, update_id: int, *, at: datetime) -> None:
        """See the port."""
        await self._connection.execute(
            update(inbox).where(inbox.c.update_id == update_id).values(handled_at=at)
        )

    async def forget(self, *, before: datetime) -> bool:
        """See the port."""
        return await forget_some(self._connection, inbox, inbox.c.handled_at < before)
