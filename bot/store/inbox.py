"""Updates from Telegram, kept before they are confirmed there."""

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import and_, delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store._forget import AT_ONCE
from bot.store._upsert import insert_into
from bot.store.schema import inbox

_CAME = inbox.c.received_at, inbox.c.update_id
_NEWEST = (
    select(inbox.c.update_id)
    .order_by(inbox.c.received_at.desc(), inbox.c.update_id.desc())
    .limit(1)
)
"""The one that was received last: after a quiet week Telegram begins anew with any number."""


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

    async def next_offset(self) -> int | None:
        """See the port."""
        newest = await self._connection.scalar(_NEWEST)
        return None if newest is None else newest + 1

    async def forget(self, *, before: datetime) -> bool:
        """See the port."""
        some = (
            select(*_CAME)
            .where(inbox.c.handled_at < before)
            .order_by(inbox.c.handled_at)
            .limit(AT_ONCE)
        )
        old = sorted(tuple(row) for row in await self._connection.execute(some))
        gone = old if not old or await self._is_any_later(old[-1]) else old[:-1]
        these = inbox.c.update_id.in_([update_id for _, update_id in gone])
        await self._connection.execute(delete(inbox).where(these))
        return len(old) == AT_ONCE

    async def _is_any_later(self, came: tuple[datetime, int]) -> bool:
        """Tell whether one is not what came last; to look for that one would take long."""
        at, update_id = came
        later = or_(
            inbox.c.received_at > at,
            and_(inbox.c.received_at == at, inbox.c.update_id > update_id),
        )
        found = select(inbox.c.update_id).where(later).limit(1)
        return await self._connection.scalar(found) is not None
