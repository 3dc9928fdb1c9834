"""Where each alert stands."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields

from sqlalchemy import ColumnElement, delete, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.core.alerts import AlertKey, AlertState
from bot.store._upsert import upsert
from bot.store.locks import take_each
from bot.store.schema import alerts

_COLUMNS = [field.name for field in fields(AlertState)]
_KEY = (alerts.c.rule, alerts.c.subject, alerts.c.asset)
_AT_ONCE = 1000
"""Keys in one statement: PostgreSQL looks at them one within the other, and has a stack for it."""


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
        query = select(*(alerts.c[name] for name in _COLUMNS))
        queries = [query] if keys is None else [query.where(some) for some in _among(keys)]
        states: dict[AlertKey, AlertState] = {}
        for one in queries:
            rows = (await self._connection.execute(one)).mappings()
            states |= {state.key: state for state in (AlertState(**row) for row in rows)}
        return states

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
        for some in _among(keys):
            await self._connection.execute(delete(alerts).where(some))


def _among(keys: Collection[AlertKey]) -> Iterator[ColumnElement[bool]]:
    """Ask for so many at a time as one statement takes."""
    wanted = list(keys)
    for begin in range(0, len(wanted), _AT_ONCE):
        yield tuple_(*_KEY).in_(wanted[begin : begin + _AT_ONCE])
