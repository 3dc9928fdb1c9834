"""Deleting what is old in small steps, so that nobody waits long to write."""

from sqlalchemy import ColumnElement, Table, delete, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

AT_ONCE = 200
"""Rows in one step: some milliseconds."""


async def forget_some(connection: AsyncConnection, table: Table, old: ColumnElement[bool]) -> bool:
    """Delete some of the rows that are old; whether there may be more."""
    key = table.primary_key.columns.values()
    some = select(*key).where(old).limit(AT_ONCE)
    done = await connection.execute(delete(table).where(tuple_(*key).in_(some)))
    return done.rowcount == AT_ONCE
