"""Who may be at work beside whom, where several processes share a database.

In SQLite one transaction follows the other, and all of this is given. In PostgreSQL it is said
with advisory locks, which end with their transaction: checks work side by side, each of them
under the lease of its account; everything else works alone, as it would in SQLite. So nobody has
to think about what two transactions might do to each other, except who writes a check.
"""

from collections.abc import Iterable
from enum import Enum
from hashlib import blake2b

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_ALL = 0x62616C616E636500
"""The one lock for all of the database; any number that is ours."""


class Lock(Enum):
    """How a transaction stands to all others."""

    ALONE = "pg_advisory_xact_lock"
    SIDE_BY_SIDE = "pg_advisory_xact_lock_shared"
    NONE = ""
    """For a single row that nobody else writes."""


async def take(connection: AsyncConnection, lock: Lock) -> None:
    """Wait until nobody is at work who must not be, and keep them out until we are done."""
    if is_for_many(connection) and lock is not Lock.NONE:
        await connection.execute(text(f"SELECT {lock.value}(:key)"), {"key": _ALL})


async def take_each(connection: AsyncConnection, names: Iterable[str]) -> None:
    """Keep out those who work side by side with us on what has one of these names."""
    if not is_for_many(connection):
        return
    # In one order, so that nobody waits in a ring.
    for key in sorted({_key(name) for name in names}):
        await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": key})


def is_for_many(connection: AsyncConnection) -> bool:
    """Whether several processes may be at work."""
    return connection.dialect.name == "postgresql"


def _key(name: str) -> int:
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), signed=True)
