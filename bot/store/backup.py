"""A copy of the database in a file of its own, also while the bot is at work on it.

The original is opened to be read only. Such a connection never checkpoints, not even as the last
one that closes: for that it would have to lock the file for writing, which it cannot. So the bot
stays the only one that does, as it must (`sqlite.py`). What is copied is one snapshot; the bot
writes on meanwhile, into the log of SQLite.

A copy gets its name when it is whole, was compared with the original, and lies on the disk.
"""

import errno
import fcntl
import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkstemp

import structlog

from bot.store.errors import DatabaseUnusable
from bot.store.migrations import HEAD, OURS, MadeByNewer, is_earlier

log = structlog.get_logger(__name__)

WAIT_S = 10.0
"""For a database that is locked for a moment, as when the bot begins."""
BEFORE = ".before-"
"""Stands in the name of a copy between that of the database and the version that came then."""
VERSION = "SELECT version_num FROM alembic_version"
UNFINISHED = ".balance-bot-unfinished-"
"""Begins the name of what is written and not whole yet."""
_PAGES_AT_ONCE = 1000
_BESIDE = ("", "-journal", "-wal", "-shm")
_CANNOT_LINK = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}


@dataclass(frozen=True, slots=True)
class Contents:
    """What lies in a database: its version, and how many rows in which table."""

    version: str
    rows: Mapping[str, int]


def copy_file(path: Path, file: Path) -> Contents:
    """Copy the database in `path` to a new file, which only we can read.

    Raises:
        DatabaseUnusable: it is none of ours or damaged, or the file is there or cannot be written.
    """
    with new_file(file) as unfinished:
        try:
            with closing(open_to_read(path)) as source:
                contents = _contents_of(source, path)
                with closing(sqlite3.connect(unfinished, isolation_level=None)) as target:
                    source.backup(target, pages=_PAGES_AT_ONCE, progress=_let_signals_in)
                    target.execute("PRAGMA journal_mode = DELETE")  # one file is all of it
        except sqlite3.Error as e:
            raise DatabaseUnusable(f"{path} cannot be copied: {e}") from None
        if sound_contents(unfinished, made_from=path) != contents:
            raise DatabaseUnusable(f"the copy of {path} was not what is in there")
    return contents


def _let_signals_in(_status: int, _remaining: int, _total: int) -> None:
    """Give Python its turn: a large database is copied outside of it, and takes minutes."""


def keep_earlier(path: Path) -> None:
    """Copy a database that is about to be brought up to date; the last such copy is kept.

    One that cannot be copied is used all the same: that nobody watches would be worse.
    """
    kept = path.with_name(f"{path.name}{BEFORE}{HEAD}")
    try:
        if not is_earlier(version_of(path)):
            return
        kept.unlink(missing_ok=True)
        copy_file(path, kept)
        for file in path.parent.iterdir():
            if file.name.startswith(f"{path.name}{BEFORE}") and file.name != kept.name:
                file.unlink()
    except (DatabaseUnusable, OSError) as e:
        log.warning("No copy of the earlier version", action="open_database", reason=str(e))
    except MadeByNewer:
        return  # it is refused in a moment


def version_of(path: Path, *, how: str = "mode=ro") -> str | None:
    """Read the version of a file; None where it has none yet."""
    try:
        with closing(open_to_read(path, how=how)) as connection:
            found = connection.execute(VERSION).fetchone()
    except sqlite3.Error:
        return None
    return str(found[0]) if found is not None else None


def open_to_read(path: Path, *, how: str = "mode=ro") -> sqlite3.Connection:
    """Begin to read one snapshot of a file, without ever writing to it.

    Raises:
        DatabaseUnusable: there is no such file.
        sqlite3.Error: it cannot be read.
    """
    uri = f"{uri_of(path)}?{how}"
    connection = sqlite3.connect(uri, uri=True, timeout=WAIT_S, isolation_level=None)
    try:
        connection.execute("BEGIN")
        connection.execute("SELECT count(*) FROM sqlite_master")  # the snapshot begins here
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def uri_of(path: Path) -> str:
    """Name a database for SQLite.

    Raises:
        DatabaseUnusable: there is no such file.
    """
    if not path.is_file():
        raise DatabaseUnusable(f"there is no database {path}")
    return path.absolute().as_uri()


def _contents_of(connection: sqlite3.Connection, path: object) -> Contents:
    named = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite~_%'"
    tables = sorted(name for (name,) in connection.execute(f"{named} ESCAPE '~'"))
    if not set(tables) >= OURS:
        raise DatabaseUnusable(f"{path} is not a database of balance-bot")
    (version,) = connection.execute(VERSION).fetchone()
    counted = "SELECT count(*) FROM "
    rows = {name: connection.execute(f'{counted}"{name}"').fetchone()[0] for name in tables}
    return Contents(version, rows)


def sound_contents(file: Path, *, made_from: object) -> Contents:
    """Look through a whole new file, and count what there is.

    Raises:
        DatabaseUnusable: it is damaged, and so must be what it was made from.
    """
    try:
        with closing(open_to_read(file)) as connection:
            (verdict,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
            if verdict == "ok":
                return _contents_of(connection, made_from)
    except sqlite3.Error as e:
        verdict = e
    raise DatabaseUnusable(f"{made_from} is damaged: {verdict}")


@contextmanager
def new_file(file: Path) -> Iterator[Path]:
    """Have an empty file of another name; left in peace it is put on the disk and gets its own.

    Raises:
        DatabaseUnusable: there is something of that name, or it cannot be written.
    """
    try:
        _refuse_existing(file)
        with _among_others(file.parent), _unfinished_in(file.parent) as unfinished:
            yield unfinished
            _flush(unfinished)
            _give_name(unfinished, file)
            with suppress(OSError):  # not every file system can do that
                _flush(file.parent)
    except OSError as e:
        raise DatabaseUnusable(f"{file} cannot be written: {e.strerror}") from None


@contextmanager
def _among_others(folder: Path) -> Iterator[None]:
    """Clear away what those left who were killed, unless somebody else is at work there now.

    Who is at work shares a lock on the folder. Where none can be had, nothing is cleared away.
    """
    number = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):
            fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
            for left in folder.glob(f"{UNFINISHED}*"):
                left.unlink(missing_ok=True)
        with suppress(OSError):
            fcntl.flock(number, fcntl.LOCK_SH)
        yield
    finally:
        os.close(number)


@contextmanager
def _unfinished_in(folder: Path) -> Iterator[Path]:
    """Have an empty file for our eyes only, which is gone in the end under this name."""
    number, name = mkstemp(prefix=UNFINISHED, dir=folder)
    try:
        os.fchmod(number, 0o600)  # whatever the umask takes away
        os.close(number)
        yield Path(name)
    finally:
        for suffix in _BESIDE:
            Path(f"{name}{suffix}").unlink(missing_ok=True)


def _refuse_existing(file: Path) -> None:
    if os.path.lexists(file):
        raise DatabaseUnusable(f"{file} is there already; name another file")


def _give_name(unfinished: Path, file: Path) -> None:
    """Name a file as it is to be called, over nothing that came there meanwhile."""
    try:
        os.link(unfinished, file)
    except FileExistsError:
        _refuse_existing(file)
        raise
    except OSError as e:
        if e.errno not in _CANNOT_LINK:
            raise
        _refuse_existing(file)  # a stick, say, on which a file has one name only
        unfinished.rename(file)


def _flush(path: Path) -> None:
    """Have the disk keep a file, or the names in a folder, over a power cut."""
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
