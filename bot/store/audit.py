"""Who did what when."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.core.access import Person
from bot.core.audit import Deed, Entry
from bot.store._forget import forget_some
from bot.store.schema import audit


class SqlAudit:
    """`AuditRepository` in SQL."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(
        self, deed: Deed, about: str, *, by: Person | None, chat_id: int | None, at: datetime
    ) -> None:
        """See the port."""
        row = {
            "at": at,
            "by_id": by.user_id if by else None,
            "by_name": by.name if by else "",
            "chat_id": chat_id,
            "kind": deed,
            "about": about,
        }
        await self._connection.execute(insert(audit).values(row))

    async def load(self, *, before: int | None = None, most: int = 10) -> Sequence[Entry]:
        """See the port."""
        found = select(audit).order_by(audit.c.id.desc()).limit(most)
        if before is not None:
            found = found.where(audit.c.id < before)
        rows = (await self._connection.execute(found)).mappings()
        return [Entry(**row) for row in rows]

    async def forget(self, *, before: datetime) -> bool:
        """See the port."""
        return await forget_some(self._connection, audit, audit.c.at < before)
