"""Copying a whole database, row by row, between SQLite and PostgreSQL.

What is read is one snapshot, what is written is one transaction, and it is kept only when each
row there is what it was here: texts and amounts to the last sign, instants to the microsecond.
"""

import fcntl
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, cast

from sqlalchemy import URL, Connection, NullPool, event, inspect, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from bot.store import migrations
from bot.store._rows import Tell, copy_rows, is_empty
from bot.store.backup import Contents, copy_file, new_file, sound_contents, uri_of
from bot.store.database import parse_url
from bot.store.errors import DatabaseUnusable
from bot.store.leases import is_led, times_led
from bot.store.locks import Lock, is_for_many, take
from bot.store.postgres import is_postgres, postgres_engine
from bot.store.sqlite import path_of, real_file

MakeSure = Callable[[], Awaitable[None]]
"""Refuses a copy that is whole, before it is kept."""


async def back_up(url: str, file: Path) -> Contents:
    """Copy the database to a new SQLite file, also while bots are at work on it.

    Raises:
        DatabaseUnusable: it cannot be read, or the file is there or cannot be written.
    """
    source = parse_url(url)
    if not is_postgres(source):
        return copy_file(path_of(source), file)
    with _in_a_sentence():
        async with _snapshot_of(source) as snapshot:
            return await _write_file(snapshot, file, tell=_nobody, make_sure=_as_of_then)


async def copy_database(source: str, target: str, *, tell: Tell) -> None:
    """Copy all of a database to one that is not there yet, or has nothing in it.

    Raises:
        DatabaseUnusable: one of them cannot be used for that, or a bot is at work on the first.
    """
    one, other = parse_url(source), parse_url(target)
    with _in_a_sentence(), _left_alone(one):
        async with _snapshot_of(one) as snapshot:
            await _require_nobody_leads(snapshot)
            make_sure = partial(_require_nobody_began, one, await times_led(snapshot))
            if is_postgres(other):
                await _fill_server(snapshot, other, tell=tell, make_sure=make_sure)
            else:
                await _write_file(snapshot, path_of(other), tell=tell, make_sure=make_sure)


def _nobody(_name: str, _rows: int) -> None:
    """Take what nobody wants to be told."""


async def _as_of_then() -> None:
    """Let bots be at work: what they have written since is in the next backup."""


@contextmanager
def _in_a_sentence() -> Iterator[None]:
    """Say what a database says, without what the library adds: it may be of the rows."""
    try:
        yield
    except DBAPIError as e:
        said = str(e.orig).strip().partition("\n")[0]
        raise DatabaseUnusable(f"the copy broke off: {said}") from None


@contextmanager
def _left_alone(url: URL) -> Iterator[None]:
    """Keep bots from a SQLite file that moves: what one writes there later would be left behind.

    A file without a lock beside it was never a bot's: it is a backup.
    """
    beside = None if is_postgres(url) else Path(f"{real_file(path_of(url))}.lock")
    if beside is None or not beside.exists():
        yield
        return
    lock = os.open(beside, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise DatabaseUnusable(
            f"{path_of(url)} is in use by a balance-bot: stop it first, so that nothing is lost"
        ) from None
    finally:
        os.close(lock)


async def _require_nobody_leads(server: AsyncConnection) -> None:
    """Refuse a server that bots are at work on: wherever there are any, one of them leads."""
    if is_for_many(server) and await is_led(server):
        raise DatabaseUnusable(
            "the database is in use by a balance-bot: stop all that use it first, so that nothing"
            " is lost; one that was killed lets go of it within ten seconds"
        )


async def _require_nobody_began(source: URL, led_before: int) -> None:
    """Refuse a server on which a bot has begun to work since, even if it has ended again."""
    if not is_postgres(source):
        return  # nobody else could open it
    async with postgres_engine(source) as engine, engine.connect() as connection:
        if await times_led(connection) != led_before:
            raise DatabaseUnusable(
                "a balance-bot has begun to use the database meanwhile: stop all that use it, so"
                " that nothing is lost, and copy again"
            )


@asynccontextmanager
async def _snapshot_of(url: URL) -> AsyncIterator[AsyncConnection]:
    """Read a database as it is at this moment, whatever is written meanwhile.

    Raises:
        DatabaseUnusable: it is none of ours, or not of this version.
    """
    opened = _read_server(url) if is_postgres(url) else _open_file(path_of(url), mode="ro")
    async with opened as snapshot:
        await snapshot.run_sync(_require_this_version)
        yield snapshot


@asynccontextmanager
async def _read_server(url: URL) -> AsyncIterator[AsyncConnection]:
    async with postgres_engine(url) as engine, engine.connect() as connection:
        await connection.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )
        await _let_wait(connection)
        yield connection


@asynccontextmanager
async def _open_file(path: Path, *, mode: str) -> AsyncIterator[AsyncConnection]:
    """Have one transaction on a SQLite file, kept when it is left in peace."""
    url = URL.create(
        "sqlite+aiosqlite", database=uri_of(path), query={"mode": mode, "uri": "true"}
    )
    engine = create_async_engine(url, poolclass=NullPool)
    event.listen(engine.sync_engine, "connect", _begin_by_hand)
    event.listen(engine.sync_engine, "begin", _begin)
    async with engine.begin() as connection:
        yield connection


def _begin_by_hand(connection: Any, _record: object) -> None:
    connection.isolation_level = None
    connection.execute("PRAGMA foreign_keys = ON")


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")


async def _let_wait(connection: AsyncConnection) -> None:
    """Let a transaction on a server take its time: one side of a copy waits for the other."""
    for limit in ("statement_timeout", "idle_in_transaction_session_timeout"):
        await connection.execute(text(f"SET LOCAL {limit} = 0"))


def _require_this_version(connection: Connection) -> None:
    tables = set(inspect(connection).get_table_names())
    if not tables >= migrations.OURS:
        raise DatabaseUnusable("what is to be copied is not a database of balance-bot")
    version = connection.scalar(text("SELECT version_num FROM alembic_version"))
    if version != migrations.HEAD:
        raise DatabaseUnusable(
            f"what is to be copied has version {version}, not {migrations.HEAD}: run the"
            " balance-bot on it that is to use the copy, which brings it up to date"
        )


async def _write_file(
    source: AsyncConnection, file: Path, *, tell: Tell, make_sure: MakeSure
) -> Contents:
    with new_file(file) as unfinished:
        async with _open_file(unfinished, mode="rw") as target:
            await target.run_sync(_fill, source, tell)
        contents = sound_contents(unfinished, made_from=file)
        await make_sure()
        return contents


async def _fill_server(
    source: AsyncConnection, url: URL, *, tell: Tell, make_sure: MakeSure
) -> None:
    async with postgres_engine(url) as engine, engine.begin() as target:
        await _let_wait(target)
        await take(target, Lock.ALONE)
        await target.run_sync(_fill, source, tell)
        await make_sure()


def _fill(target: Connection, source: AsyncConnection, tell: Tell) -> None:
    """Copy all of it into what has no rows, or not even tables."""
    try:
        migrations.upgrade(target)
    except migrations.MadeByNewer:
        raise DatabaseUnusable("what is to be written was made by a newer balance-bot") from None
    if not is_empty(target):
        raise DatabaseUnusable("what is to be written has data already; it is left as it is")
    # Where one connection may be waited for, so may the other.
    copy_rows(cast("Connection", source.sync_connection), target, tell=tell)
