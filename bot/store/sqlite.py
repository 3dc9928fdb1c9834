"""SQLite: one connection that writes through to the disk, in a file that is ours alone.

SQLite has one writer. Two connections that checkpoint at the same instant can corrupt a database
in WAL mode, so there is one connection, and one process: a lock on a file beside it sees to that.
"""

import asyncio
import fcntl
import os
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from pathlib import Path
from threading import Thread
from typing import Any
from weakref import WeakSet

import structlog
from sqlalchemy import URL, Connection, event
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from bot.store.backup import keep_earlier, version_of
from bot.store.errors import DatabaseAway, DatabaseUnusable
from bot.store.migrations import OURS, VERSION_TABLE, MadeByNewer, version_in_words

log = structlog.get_logger(__name__)

PRAGMAS = (
    # First, because a locked database is waited for by the others, too: five seconds by default.
    "PRAGMA busy_timeout = 3000",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA mmap_size = 0",
    "PRAGMA cache_size = -500",  # KiB; the system keeps the pages of the file anyway
)


def path_of(url: URL) -> Path:
    """Return the file that a URL names.

    Raises:
        DatabaseUnusable: it names none.
    """
    if url.drivername != "sqlite" or not url.database or url.database == ":memory:":
        raise DatabaseUnusable(
            "it names neither a file, such as sqlite:///data/bot.db, nor a server, such as"
            " postgresql://db/bot"
        )
    return Path(url.database)


def real_file(path: Path) -> Path:
    """Follow all links to a file: by whatever name it is opened, it is one database."""
    return Path(os.path.realpath(path))


def probe_file(path: Path) -> str:
    """Say in a few words what opening a file would do, without doing it.

    Raises:
        DatabaseUnusable: it would fail.
    """
    if path.exists():
        if not os.access(path, os.R_OK | os.W_OK):
            raise DatabaseUnusable(f"{path} may not be read and written")
        # What is in the log of SQLite is seen as well, where there is one; else nothing is made.
        how = "mode=ro" if Path(f"{real_file(path)}-wal").exists() else "immutable=1"
        _refuse_foreign(path, how=how)
        if _is_empty(path):
            return f"{path} is there, and empty: the bot will begin anew"
        try:
            return f"{path} is there{version_in_words(version_of(path, how=how))}"
        except MadeByNewer:
            raise DatabaseUnusable(f"{path} was made by a newer balance-bot") from None
    folder = next(parent for parent in path.absolute().parents if parent.exists())
    if not os.access(folder, os.W_OK):
        raise DatabaseUnusable(f"{path} cannot be created: {folder} may not be written")
    return f"{path} will be created"


def is_exposed(path: Path) -> bool:
    """Say whether anybody on this machine can get at a database that is there.

    What a group may do is left to whoever chose it: Kubernetes gives a volume to the bot's own.
    """
    return path.exists() and bool(path.stat().st_mode & 0o007)


def _is_empty(path: Path) -> bool:
    return path.is_file() and not path.stat().st_size


def _refuse_foreign(path: Path, *, how: str) -> None:
    """Leave the database of another program alone; an empty file is as good as none."""
    if not path.is_file() or _is_empty(path):
        return
    tables: set[str] = set()
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?{how}", uri=True)) as found:
            rows = found.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            tables = {name for (name,) in rows}
    except sqlite3.DatabaseError as e:
        if e.sqlite_errorcode == sqlite3.SQLITE_NOTADB:
            raise DatabaseUnusable(f"{path} cannot be used: {e}") from None
    if tables - {VERSION_TABLE} and not tables >= OURS:
        raise DatabaseUnusable(f"{path} is the database of another program; name another file")


@asynccontextmanager
async def sqlite_engine(path: Path) -> AsyncIterator[AsyncEngine]:
    """Have the database of this process.

    Raises:
        DatabaseAway: it is not writable, or in use by another process.
        DatabaseUnusable: it is no database, or that of another program.
    """
    path = real_file(path)
    with _to_ourselves(path):
        keep_earlier(path)
        engine = _engine(path)
        workers = _workers_of(engine)
        if is_exposed(path):
            log.warning("Others can read %s: chmod 600 %s", path, path, action="open_database")
        try:
            yield engine
        finally:
            await engine.dispose()
            # One whose task was cancelled is still at work, and answers to a loop that must be.
            for worker in list(workers):
                await asyncio.to_thread(worker.join)


@contextmanager
def _to_ourselves(path: Path) -> Iterator[None]:
    """Create the file for our eyes only, and keep other processes out while we have it."""
    try:
        if _is_empty(path):
            log.warning("%s is empty: the bot begins anew", path, action="open_database")
        _make_folder(path.parent)
        os.close(_opened(path))
        lock = _opened(Path(f"{path}.lock"))
    except OSError as e:
        raise DatabaseAway(f"{path} cannot be opened: {e.strerror}") from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        raise DatabaseAway(f"{path} is in use by another balance-bot") from None
    try:
        _refuse_foreign(path, how="mode=rw")
        yield
    finally:
        os.close(lock)


def _make_folder(folder: Path) -> None:
    if not folder.exists():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)  # whatever the umask takes away


def _opened(path: Path) -> int:
    """Open a file; a new one is for our eyes only, and the log of SQLite takes after it."""
    try:
        new = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return os.open(path, os.O_RDWR)
    os.fchmod(new, 0o600)  # whatever the umask takes away
    return new


def _engine(path: Path) -> AsyncEngine:
    engine = create_async_engine(
        f"sqlite+aiosqlite:///{path}",
        pool_size=1,
        max_overflow=0,
        pool_timeout=30,
        hide_parameters=True,
    )
    event.listen(engine.sync_engine, "connect", _prepare)
    event.listen(engine.sync_engine, "begin", _begin)
    event.listen(engine.sync_engine, "invalidate", _let_go)
    return engine


def _workers_of(engine: AsyncEngine) -> WeakSet[Thread]:
    """Gather the threads in which the connections work, from now on."""
    workers: WeakSet[Thread] = WeakSet()

    @event.listens_for(engine.sync_engine, "connect")
    def _remember(connection: Any, _record: object) -> None:
        workers.add(connection.driver_connection._thread)  # noqa: SLF001 - there is no other way

    return workers


def _prepare(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # transactions are begun by `_begin`
    cursor = connection.cursor()
    for pragma in PRAGMAS:
        cursor.execute(pragma)
    cursor.close()


def _begin(connection: Connection) -> None:
    """Take the write lock first: a read that turns into a write cannot wait for it."""
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _let_go(connection: Any, _record: object, _error: object) -> None:
    """End the transaction of a connection that is thrown away because its task was cancelled.

    Closing alone leaves it, and the write lock, in place while any cursor is still referenced.
    """
    connection.rollback()
