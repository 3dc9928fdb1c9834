"""Opening the database: for our eyes only, by one process, and never with a traceback."""

import asyncio
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.services.ports import OpenUnit
from bot.store.database import open_database, probe_database
from bot.store.errors import DatabaseUnusable
from bot.store.sqlite import is_exposed
from bot.store.unit_of_work import units_of


async def refusal(url: str) -> str:
    """Say why the database was refused."""
    with pytest.raises(DatabaseUnusable) as refused:
        async with open_database(url):
            pass
    assert "\n" not in str(refused.value)
    return str(refused.value)


async def test_files_are_for_our_eyes_only(sqlite: AsyncEngine, tmp_path: Path) -> None:
    """The folder is 0700 and each file in it 0600, the log of SQLite and the lock included."""
    async with sqlite.begin() as connection:
        await connection.execute(text("SELECT 1"))
    assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "data").iterdir()}
    assert {"bot.db", "bot.db.lock", "bot.db-wal"} <= modes.keys()
    assert set(modes.values()) == {0o600}


@pytest.mark.parametrize(
    ("pragma", "value"),
    [
        ("journal_mode", "wal"),
        ("synchronous", 2),  # FULL: a commit that was told survives a power cut
        ("foreign_keys", 1),
        ("busy_timeout", 3000),
        ("mmap_size", 0),
    ],
)
async def test_pragmas_are_in_force(sqlite: AsyncEngine, pragma: str, value: object) -> None:
    """What keeps the database whole is set on the connection that writes."""
    async with sqlite.begin() as connection:
        assert await connection.scalar(text(f"PRAGMA {pragma}")) == value


async def test_second_opening_is_refused(sqlite: AsyncEngine, url: str) -> None:
    """A database that is open cannot be opened again, and the first one stays usable."""
    assert "in use by another balance-bot" in await refusal(url)
    async with sqlite.begin() as connection:
        assert await connection.scalar(text("SELECT 1")) == 1


async def test_second_process_is_refused(sqlite: AsyncEngine, url: str) -> None:
    """The lock holds between processes, too."""
    program = (
        "import asyncio, sys\n"
        "from bot.store.database import open_database\n"
        "from bot.store.errors import DatabaseUnusable\n"
        "async def main():\n"
        "    try:\n"
        "        async with open_database(sys.argv[1]): print('opened')\n"
        "    except DatabaseUnusable as e: print(e)\n"
        "asyncio.run(main())\n"
    )
    done = subprocess.run(  # noqa: ASYNC221 - nothing else is to happen meanwhile
        [sys.executable, "-c", program, url], capture_output=True, text=True, check=True
    )
    assert "in use by another balance-bot" in done.stdout


@pytest.mark.parametrize("what", ["file", "folder"])
async def test_second_opening_through_a_link_is_refused(
    sqlite: AsyncEngine, tmp_path: Path, what: str
) -> None:
    """Whatever it is called: there is one lock, beside the file itself."""
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "data" / ("bot.db" if what == "file" else ""))
    name = link if what == "file" else link / "bot.db"
    assert "in use by another balance-bot" in await refusal(f"sqlite:///{name}")
    assert "version" in await probe_database(f"sqlite:///{name}")  # as its log has it, too


async def test_links_that_lead_nowhere(tmp_path: Path) -> None:
    """A new file is made where one leads; where they lead in a ring, that is told."""
    (tmp_path / "new").symlink_to(tmp_path / "disk" / "bot.db")
    async with open_database(f"sqlite:///{tmp_path / 'new'}"):
        assert (tmp_path / "disk" / "bot.db.lock").exists()
    (tmp_path / "ring").symlink_to(tmp_path / "ring")
    assert "cannot be opened" in await refusal(f"sqlite:///{tmp_path / 'ring'}")


async def test_opening_again_keeps_everything(url: str, now: datetime) -> None:
    """What was committed is there after a restart, and the schema is not made anew."""
    for new in ([42], []):
        async with open_database(url) as engine, units_of(engine)() as unit:
            assert list(await unit.inbox.add({42: "{}"}, at=now)) == new
            await unit.inbox.mark_handled(42, at=now)


async def test_failed_unit_leaves_nothing(url: str, now: datetime) -> None:
    """A unit that is left with an error has written nothing at all."""
    async with open_database(url) as engine:
        open_unit = units_of(engine)
        with pytest.raises(ZeroDivisionError):
            await _add_and_fail(open_unit, now)
        async with open_unit() as unit:
            assert await unit.inbox.unhandled() == {}


async def _add_and_fail(open_unit: OpenUnit, now: datetime) -> None:
    async with open_unit() as unit:
        await unit.inbox.add({42: "{}"}, at=now)
        raise ZeroDivisionError


async def test_file_that_is_no_database(tmp_path: Path) -> None:
    """Another file is refused, and left as it is."""
    path = tmp_path / "bot.db"
    path.write_text("these are my notes, not a database; " * 200)
    before = path.read_bytes()
    assert "not a database" in await refusal(f"sqlite:///{path}")
    assert path.read_bytes() == before


async def test_database_of_a_newer_version(sqlite: AsyncEngine, url: str, tmp_path: Path) -> None:
    """A schema that this version does not know is refused in one sentence."""
    await sqlite.dispose()
    with sqlite3.connect(tmp_path / "data" / "bot.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    other = tmp_path / "copy.db"
    other.write_bytes((tmp_path / "data" / "bot.db").read_bytes())
    assert "newer" in await refusal(f"sqlite:///{other}")


async def test_path_under_a_file(tmp_path: Path) -> None:
    """A folder that cannot be made is told, with the path."""
    (tmp_path / "file").touch()
    why = await refusal(f"sqlite:///{tmp_path / 'file' / 'bot.db'}")
    assert "bot.db cannot be opened" in why


async def test_path_is_a_folder(tmp_path: Path) -> None:
    """A folder is no database."""
    assert "cannot be opened" in await refusal(f"sqlite:///{tmp_path}")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
async def test_folder_without_permission(tmp_path: Path) -> None:
    """A folder that may not be written is told."""
    tmp_path.chmod(0o500)  # noqa: ASYNC240 - nothing else is to happen meanwhile
    assert "cannot be opened" in await refusal(f"sqlite:///{tmp_path / 'bot.db'}")


@pytest.mark.parametrize(
    "url",
    [
        "data/bot.db",
        "",
        "sqlite://",
        "sqlite:///",
        "sqlite:///:memory:",
        "mysql+nonsense://me:hunter2secret@db/bot",
    ],
)
async def test_url_of_no_database(url: str) -> None:
    """Every other URL is refused, without a password that may be in it."""
    assert "sqlite:///data/bot.db" in await refusal(url)
    assert "postgresql://db/bot" in await refusal(url)
    assert "hunter2" not in await refusal(url)


async def test_probe_touches_nothing(tmp_path: Path) -> None:
    """What opening would do is said without doing it."""
    path = tmp_path / "new" / "bot.db"
    assert await probe_database(f"sqlite:///{path}") == f"{path} will be created"
    assert not path.parent.exists()
    path.parent.mkdir()
    path.touch()
    found = f"{path} is there, and empty: the bot will begin anew"
    assert await probe_database(f"sqlite:///{path}") == found


async def test_cancelled_unit_lets_go(open_unit: OpenUnit, now: datetime) -> None:
    """A unit that is cancelled, at whatever point, writes nothing and locks nobody out."""
    begun = 0

    async def work() -> None:
        nonlocal begun
        async with open_unit() as unit:
            await unit.inbox.add({1: "{}"}, at=now)
            begun += 1
            await unit.inbox.unhandled()
            await asyncio.Event().wait()

    for turns in range(40):
        task = asyncio.get_running_loop().create_task(work())
        for _ in range(turns):
            await asyncio.sleep(0.0002)
        task.cancel()
        await asyncio.wait({task})
        async with asyncio.timeout(2), open_unit() as unit:
            assert await unit.inbox.unhandled() == {}
    assert begun  # some were cancelled behind the write, some before


async def test_nobody_is_at_work_after_the_end(url: str) -> None:
    """A query whose task was cancelled ends before the database is closed, not after the loop."""
    slow = text(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000000) "
        "SELECT max(i) FROM n"
    )

    async def ask(sqlite: AsyncEngine) -> None:
        async with sqlite.begin() as connection:
            await connection.execute(slow)

    before = set(threading.enumerate())
    async with open_database(url) as engine:
        asking = asyncio.create_task(ask(engine))  # noqa: TID251 - to be cancelled
        await asyncio.sleep(0.05)
        asking.cancel()
        await asyncio.wait({asking})
    workers = [t.name for t in set(threading.enumerate()) - before if "asyncio" not in t.name]
    assert workers == []


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077, 0o277, 0o777])
async def test_files_are_for_our_eyes_only_under_any_umask(tmp_path: Path, umask: int) -> None:
    """Whatever the shell takes away or leaves, we can read and write, and nobody else can."""
    before = os.umask(umask)
    try:
        folder = tmp_path / "new"
        async with open_database(f"sqlite:///{folder / 'bot.db'}") as engine:
            async with engine.begin() as connection:
                await connection.execute(text("CREATE TABLE more (id INTEGER)"))
            modes = {e.name: e.stat().st_mode & 0o777 for e in os.scandir(folder)}
            assert folder.stat().st_mode & 0o777 == 0o700
    finally:
        os.umask(before)
    assert {"bot.db", "bot.db.lock", "bot.db-wal", "bot.db-shm"} <= modes.keys()
    assert set(modes.values()) == {0o600}


async def test_database_that_others_can_read(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is opened all the same, with one line that says what to do; a group was chosen."""
    async with open_database(url):
        pass
    path = tmp_path / "data" / "bot.db"
    for mode, lines in ((0o600, 0), (0o604, 1), (0o660, 0), (0o602, 1)):
        path.chmod(mode)
        capsys.readouterr()
        async with open_database(url):
            pass
        said = capsys.readouterr().out
        assert said.count(f"chmod 600 {path}") == lines
        assert is_exposed(path) is bool(lines)


@pytest.mark.parametrize("journal", ["delete", "wal"])
async def test_database_of_another_program(tmp_path: Path, journal: str) -> None:
    """It is refused in one line, and left as it is, to the byte."""
    path = tmp_path / "photos.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA journal_mode = {journal}")
        connection.execute("CREATE TABLE photos (id INTEGER)")
        connection.execute("INSERT INTO photos VALUES (1)")
        connection.commit()
    before = path.read_bytes()
    assert "is the database of another program" in await refusal(f"sqlite:///{path}")
    with pytest.raises(DatabaseUnusable, match="another program"):
        await probe_database(f"sqlite:///{path}")
    assert path.read_bytes() == before
    assert {entry.name for entry in os.scandir(tmp_path)} <= {"photos.db", "photos.db.lock"}


@pytest.mark.parametrize("content", [b"", None])
async def test_empty_file_is_as_good_as_none(
    tmp_path: Path, content: bytes | None, capsys: pytest.CaptureFixture[str]
) -> None:
    """It becomes ours; a file with nothing in it is told: it may be all that was backed up."""
    path = tmp_path / "bot.db"
    if content is None:
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("CREATE TABLE t (id INTEGER)")
            connection.execute("DROP TABLE t")
    else:
        path.write_bytes(content)
    for told in (content is not None, False):
        async with open_database(f"sqlite:///{path}") as engine, engine.begin() as connection:
            assert await connection.scalar(text("SELECT count(*) FROM accounts")) == 0
        assert ("bot.db is empty: the bot begins anew" in capsys.readouterr().out) is told


async def test_our_own_database_after_a_kill(url: str, tmp_path: Path) -> None:
    """What lies in the log of SQLite only, because nobody closed it, is still known as ours."""
    path = tmp_path / "data" / "bot.db"
    async with open_database(url):
        copy = tmp_path / "copy.db"
        shutil.copy(path, copy)
        shutil.copy(f"{path}-wal", f"{copy}-wal")
    await probe_database(f"sqlite:///{copy}")
    async with open_database(f"sqlite:///{copy}") as engine, engine.begin() as connection:
        assert await connection.scalar(text("SELECT count(*) FROM accounts")) == 0
