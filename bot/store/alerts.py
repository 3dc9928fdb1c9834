"""Where each alert stands."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import fields

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.core.alerts import AlertKey, AlertState
from bot.store._lists import one_of_rows
from bot.store._upsert import upsert
from bot.store.locks import take_each
from bot.store.schema import alerts

_COLUMNS = [field.name for field in fields(AlertState)]
_KEY = (alerts.c.rule, alerts.c.subject, alerts.c.asset)


class SqlAlerts:
    """`AlertRepository` in SQL."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def lock(self, keys: Collection[AlertKey]) -> None:
        """See the port."""
        await take_each(self._connection, map(" ".join, keys))

    async def load(
        self, keys: Collection[AlertKey] | None = None
    ) -> Mapping[AlertKey, AlertState]:
        """See the port."""
        if keys is not None and not keys:
            return {}
        query = select(*(alerts.c[name] for name in _COLUMNS))
        if keys is not None:
            query = query.where(one_of_rows(_KEY, keys))
        rows = (await self._connection.execute(query)).mappings()
        return {state.key: state for state in (AlertState(**row) for row in rows)}

    async def firing(self) -> Sequence[AlertState]:
        """See the port."""
        query = select(*(alerts.c[name] for name in _COLUMNS)).where(alerts.c.alert.is_not(None))
        rows = (await self._connection.execute(query)).mappings()
        return [AlertState(**row) for row in rows]

    async def save(self, states: Iterable[AlertState]) -> None:
        """See the port."""
        rows = [{name: getattr(state, name) for name in _COLUMNS} for state in states]
        await upsert(self._connection, alerts, rows)

    async def remove(self, keys: Collection[AlertKey]) -> None:
        """See the port."""
        if keys:
            await self._connection.execute(delete(alerts).where(one_of_rows(_KEY, keys)))
