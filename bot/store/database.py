"""Opening the database that a URL names, its schema brought up to date."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError, DatabaseError
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.store import migrations
from bot.store.errors import DatabaseAway, DatabaseUnusable
from bot.store.locks import Lock, take
from bot.store.postgres import is_postgres, postgres_engine, take_your_time, without_driver
from bot.store.sqlite import path_of, probe_file, sqlite_engine


def parse_url(url: str) -> URL:
    """Read the URL of a database.

    Raises:
        DatabaseUnusable: it is none, or one of a kind that we do not know.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):  # the latter of a port that is no number
        raise DatabaseUnusable(
            "it is not a URL such as sqlite:///data/bot.db or postgresql://db/bot"
        ) from None
    if is_postgres(parsed):
        return without_driver(parsed)
    path_of(parsed)
    return parsed


def sqlite_file(url: str) -> Path | None:
    """Return the file of a database; None: it lies on a server.

    Raises:
        DatabaseUnusable: it is no URL of a database.
    """
    parsed = parse_url(url)
    return None if is_postgres(parsed) else path_of(parsed)


def is_shared(url: str) -> bool:
    """Say whether several processes may work on this database at the same time.

    Raises:
        DatabaseUnusable: it is no URL of a database.
    """
    return is_postgres(parse_url(url))


async def probe_database(url: str) -> str:
    """Say in a few words what opening the database would do, without doing it.

    Raises:
        DatabaseUnusable: it would fail.
    """
    parsed = parse_url(url)
    if not is_postgres(parsed):
        return probe_file(path_of(parsed))
    async with postgres_engine(parsed) as engine, engine.connect() as connection:
        found = f"{parsed.database} on {parsed.host or 'this machine'}"
        version = await connection.run_sync(migrations.version_of)
    try:
        return f"{found} answers{migrations.version_in_words(version)}"
    except migrations.MadeByNewer:
        raise DatabaseUnusable(f"{found} was made by a newer balance-bot") from None


@asynccontextmanager
async def open_database(url: str) -> AsyncIterator[AsyncEngine]:
    """Open the database of this process, its schema brought up to date.

    Raises:
        DatabaseAway: it cannot be had now.
        DatabaseUnusable: it is no database of ours, or was made by a newer program.
    """
    async with _engine(parse_url(url)) as engine:
        await _migrate(engine)
        yield engine


@asynccontextmanager
async def open_beside(url: str, *, connections: int) -> AsyncIterator[AsyncEngine]:
    """Open a database that is open already a second time, for what must not wait in a line.

    Raises:
        DatabaseUnusable: it cannot be had, or not by more than one.
    """
    parsed = parse_url(url)
    if not is_postgres(parsed):
        raise DatabaseUnusable("a file has one connection")
    async with postgres_engine(parsed, connections=connections) as engine:
        yield engine


def _engine(url: URL) -> AbstractAsyncContextManager[AsyncEngine]:
    return postgres_engine(url) if is_postgres(url) else sqlite_engine(path_of(url))


async def _migrate(engine: AsyncEngine) -> None:
    """Change the schema while nobody else is at work; who comes later finds it changed."""
    try:
        async with engine.begin() as connection:
            await take_your_time(connection)
            await take(connection, Lock.ALONE)
            await connection.run_sync(migrations.upgrade)
    except DatabaseError as e:
        raise DatabaseAway(f"{engine.url.database} cannot be used: {e.orig}") from None
    except migrations.MadeByNewer:
        what = f"{engine.url.database} was made by a newer balance-bot"
        raise DatabaseUnusable(f"{what}: install that or a later one") from None
