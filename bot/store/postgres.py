"""PostgreSQL: a server that several processes share."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import URL, Connection, inspect, text
from sqlalchemy.exc import ArgumentError, DatabaseError, OperationalError, ProgrammingError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from bot.store.errors import DatabaseAway, DatabaseUnusable
from bot.store.migrations import OURS, VERSION_TABLE
from bot.store.schema import metadata

CONNECTIONS = 8
CONNECT_WITHIN_S = 5
SESSION = (
    "-c timezone=UTC"
    # A statement waits for those who work alone; nothing of ours takes longer than that.
    " -c statement_timeout=30s"
    # A process that has stopped in the middle of a transaction holds up all others.
    " -c idle_in_transaction_session_timeout=5s"
)
KEEP_ALIVE = {
    "tcp_user_timeout": 10_000,  # in milliseconds; the others do not count while a question waits
    "keepalives": 1,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
}
"""In seconds: who waits for a server whose machine is gone must learn of it."""

_NEVER_ASKED = "connection is bad: invalid "
"""So begins what the driver's library says of a value, before it looks for the server."""
_ODD_OPTION = "an option behind its question mark has a value that cannot be used"


def is_postgres(url: URL) -> bool:
    """Whether a URL names a database of PostgreSQL."""
    return url.get_backend_name() in {"postgresql", "postgres"}


def without_driver(url: URL) -> URL:
    """Leave of a URL what its user has to say; the driver is ours to choose."""
    return url.set(drivername="postgresql")


@asynccontextmanager
async def postgres_engine(
    url: URL, *, connections: int = CONNECTIONS
) -> AsyncIterator[AsyncEngine]:
    """Have the database of a server.

    Raises:
        DatabaseAway: the server cannot be reached, or refuses us.
        DatabaseUnusable: another program is in there, or the URL says what nobody understands.
    """
    if "@" in (url.host or ""):  # that would be shown as the name of a machine
        raise DatabaseUnusable("there is an @ too many in it: write %40 where a password has one")
    try:
        engine = _engine(url, connections=connections)
    except ArgumentError:
        raise DatabaseUnusable(_ODD_OPTION) from None
    try:
        await _greet(engine)
        yield engine
    finally:
        await engine.dispose()


def _engine(url: URL, *, connections: int) -> AsyncEngine:
    theirs = url.normalized_query
    ours = {"connect_timeout": CONNECT_WITHIN_S, **KEEP_ALIVE}
    return create_async_engine(
        url.set(drivername="postgresql+psycopg"),
        pool_size=connections,
        max_overflow=0,
        pool_timeout=30,
        pool_pre_ping=True,
        hide_parameters=True,
        connect_args={
            **{name: value for name, value in ours.items() if name not in theirs},
            "options": " ".join((*theirs.get("options", ()), SESSION)),  # the last one wins
        },
    )


async def _greet(engine: AsyncEngine) -> None:
    try:
        async with engine.connect() as connection:
            tables = await connection.run_sync(_tables)
    except OperationalError as e:
        if str(e.orig).startswith(_NEVER_ASKED):
            raise DatabaseUnusable(str(e.orig).removeprefix("connection is bad: ")) from None
        raise DatabaseAway(f"PostgreSQL does not let us in: {_said(e)}") from None
    except ProgrammingError as e:
        raise DatabaseUnusable(f"PostgreSQL cannot be asked like that: {_said(e)}") from None
    except TypeError:
        raise DatabaseUnusable(_ODD_OPTION) from None
    if tables & {VERSION_TABLE, *metadata.tables} and not tables >= OURS:
        raise DatabaseUnusable(f"{engine.url.database} is the database of another program")


async def take_your_time(connection: AsyncConnection) -> None:
    """Let the statements of this transaction take as long as they do."""
    if connection.dialect.name == "postgresql":
        await connection.execute(text("SET LOCAL statement_timeout = 0"))


def _tables(connection: Connection) -> set[str]:
    return set(inspect(connection).get_table_names())


def _said(error: DatabaseError) -> str:
    """Give the server's own words, in one line; the library puts no password into them."""
    return " ".join(str(error.orig).split())[:300]
