"""Which chat got which digest of which local date: the key is what keeps it to one."""

from collections.abc import Collection
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.core.timing import Period
from bot.store._forget import forget_some
from bot.store._upsert import insert_into
from bot.store.schema import digests


class SqlDigests:
    """`DigestRepository` in SQL."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(
        self, chat_id: int, local_date: date, *, period: Period = "daily", at: datetime
    ) -> bool:
        """See the port."""
        row = {"chat_id": chat_id, "period": period, "local_date": local_date, "due_at": at}
        add = insert_into(self._connection, digests).values(row).on_conflict_do_nothing()
        return await self._connection.scalar(add.returning(digests.c.chat_id)) is not None

    async def last_before(
        self, chat_id: int, local_date: date, *, period: Period = "daily"
    ) -> datetime | None:
        """See the port."""
        newest: datetime | None = await self._connection.scalar(
            select(func.max(digests.c.due_at)).where(
                digests.c.chat_id == chat_id,
                digests.c.period == period,
                digests.c.local_date < local_date,
            )
        )
        return newest

    async def dates(
        self, chat_id: int, *, since: date, period: Period = "daily"
    ) -> Collection[date]:
        """See the port."""
        found = select(digests.c.local_date).where(
            digests.c.chat_id == chat_id,
            digests.c.period == period,
            digests.c.local_date >= since,
        )
        return set(await self._connection.scalars(found))

    async def forget(self, *, before: date) -> bool:
        """See the port."""
        return await forget_some(self._connection, digests, digests.c.local_date < before)
