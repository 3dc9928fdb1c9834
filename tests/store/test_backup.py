"""A backup is one moment of the database, made while the bot writes, and never half of it."""

import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from bot.store.backup import UNFINISHED, copy_file, new_file
from bot.store.database import open_database
from bot.store.errors import DatabaseUnusable

DUMPS = Path(__file__).parent / "databases"


@pytest.fixture
async def path(tmp_path: Path) -> Path:
    """Have a database as the bot leaves it."""
    path = tmp_path / "bot.db"
    async with open_database(f"sqlite:///{path}"):
        pass
    return path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Name the backup; it lies in a folder of its own."""
    (tmp_path / "backups").mkdir()
    return tmp_path / "backups" / "monday.db"


@pytest.fixture
def writer(path: Path) -> Iterator[sqlite3.Connection]:
    """Have the one connection of a running bot."""
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as one:
        one.execute("PRAGMA journal_mode = WAL")
        one.execute("PRAGMA synchronous = OFF")
        yield one


def rows(path: Path, asked: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
        return list(connection.execute(asked))


def note(writer: sqlite3.Connection, number: int) -> None:
    """Make two rows that belong together, in one transaction."""
    writer.execute("BEGIN IMMEDIATE")
    for name in (f"a{number}", f"b{number}"):
        made = "INSERT INTO accounts (name, due_at, fence) VALUES (?, '2026-01-01', 0)"
        writer.execute(made, (name,))
        writer.execute("INSERT INTO news VALUES (?, 7)", (name * 300,))
    writer.execute("COMMIT")


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def refusal(path: Path, file: Path) -> str:
    """Say why there is no backup, and see that nothing was left of it."""
    before = names(file.parent) if file.parent.is_dir() else None
    with pytest.raises(DatabaseUnusable) as refused:
        copy_file(path, file)
    assert before is None or names(file.parent) == before
    assert "\n" not in str(refused.value)
    return str(refused.value)


def test_what_is_in_the_log_of_sqlite_is_in_the_backup(
    writer: sqlite3.Connection, path: Path, file: Path
) -> None:
    """What was committed a moment ago is there, in one file that needs nothing beside it."""
    note(writer, 1)
    contents = copy_file(path, file)
    assert contents.rows["accounts"] == 2
    assert rows(file, "SELECT name FROM accounts ORDER BY name") == [("a1",), ("b1",)]
    assert names(file.parent) == ["monday.db"]
    assert rows(file, "PRAGMA journal_mode") == [("delete",)]


def test_busy_writer(writer: sqlite3.Connection, path: Path, file: Path) -> None:
    """While rows come in pairs, and the writer checkpoints, no backup has half a pair."""
    writer.execute("PRAGMA wal_autocheckpoint = 20")
    stop, made = threading.Event(), 0

    def write() -> None:
        nonlocal made
        while not stop.wait(0.001):
            note(writer, made)
            made += 1

    at_work = threading.Thread(target=write)
    at_work.start()
    try:
        counts = []
        for number in range(5):
            contents = copy_file(path, file.with_name(f"{number}.db"))
            counts.append(contents.rows["accounts"])
            found = rows(file.with_name(f"{number}.db"), "SELECT substr(name, 2) FROM accounts")
            assert len(found) == 2 * len(set(found)) == counts[-1]
    finally:
        stop.set()
        at_work.join()
    assert counts == sorted(counts)
    assert counts[-1] > counts[0]
    assert rows(path, "PRAGMA integrity_check") == [("ok",)]
    assert rows(path, "SELECT count(*) FROM accounts") == [(2 * made,)]


def test_the_original_is_never_written(writer: sqlite3.Connection, path: Path, file: Path) -> None:
    """Neither beside a bot, nor after one that was killed, does a backup checkpoint."""
    note(writer, 1)
    log = Path(f"{path}-wal")
    before = path.read_bytes(), log.read_bytes()
    assert before[1]
    copy_file(path, file)
    assert (path.read_bytes(), log.read_bytes()) == before
    killed = path.with_name("killed.db")
    killed.write_bytes(before[0])
    killed.with_name("killed.db-wal").write_bytes(before[1])
    contents = copy_file(killed, file.with_name("killed.db"))
    assert contents.rows["accounts"] == 2
    assert (killed.read_bytes(), killed.with_name("killed.db-wal").read_bytes()) == before


def test_bot_that_ends_meanwhile(writer: sqlite3.Connection, path: Path, file: Path) -> None:
    """A bot that closes while a backup reads leaves its log there, and nothing is lost."""
    note(writer, 1)
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM accounts").fetchone()
        writer.close()
    assert copy_file(path, file).rows["accounts"] == 2


@pytest.mark.parametrize("umask", [0o000, 0o777])
def test_for_our_eyes_only(path: Path, file: Path, umask: int) -> None:
    """Whatever the shell takes away or leaves."""
    before = os.umask(umask)
    try:
        copy_file(path, file)
    finally:
        os.umask(before)
    assert file.stat().st_mode & 0o777 == 0o600


def test_nothing_is_written_over(path: Path, file: Path, tmp_path: Path) -> None:
    """Not over a file, not over a link that leads nowhere, not over what came meanwhile."""
    file.write_text("Sunday")
    assert "is there already" in refusal(path, file)
    assert file.read_text() == "Sunday"
    link = file.with_name("link.db")
    link.symlink_to(tmp_path / "nowhere")
    assert "is there already" in refusal(path, link)
    late = file.with_name("late.db")
    with pytest.raises(DatabaseUnusable, match="is there already"):
        _written_while_another_comes(late)
    assert late.read_text() == "theirs"
    assert names(file.parent) == ["late.db", "link.db", "monday.db"]


def _written_while_another_comes(file: Path) -> None:
    with new_file(file) as unfinished:
        unfinished.write_text("ours")
        file.write_text("theirs")


def test_where_a_file_has_one_name_only(
    path: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a stick that knows no links a backup is made as well, and over nothing."""

    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    copy_file(path, file)
    assert names(file.parent) == ["monday.db"]
    assert "is there already" in refusal(path, file)


def test_no_such_folder(path: Path, file: Path) -> None:
    """One sentence, and no folder is made: it may be a disk that is not there."""
    why = refusal(path, file.parent / "disk" / "monday.db")
    assert why.endswith("monday.db cannot be written: No such file or directory")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_folder_that_may_not_be_written(path: Path, file: Path) -> None:
    """One sentence."""
    file.parent.chmod(0o500)
    assert "cannot be written: Permission denied" in refusal(path, file)


def test_full_disk(path: Path, file: Path) -> None:
    """When there is no room for all of it, nothing is left of it."""
    program = (
        "import resource, sys\n"
        "from pathlib import Path\n"
        "from bot.store.backup import copy_file\n"
        "from bot.store.errors import DatabaseUnusable\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000))\n"
        "try: copy_file(Path(sys.argv[1]), Path(sys.argv[2]))\n"
        "except DatabaseUnusable as e: print(e)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, path, file], capture_output=True, text=True, check=True
    )
    assert f"{path} cannot be copied: " in done.stdout
    assert names(file.parent) == []


def test_what_was_left_is_cleared_away(path: Path, file: Path) -> None:
    """By the next that has a copy made there, but nothing of one that is still at work."""
    killed = subprocess.run(
        [
            sys.executable,
            "-c",
            "import os, sys\nfrom pathlib import Path\nfrom bot.store.backup import new_file\n"
            "with new_file(Path(sys.argv[1])): os.kill(os.getpid(), 9)",
            file,
        ],
        check=False,
    )
    (left,) = names(file.parent)
    assert (killed.returncode, left.startswith(UNFINISHED)) == (-9, True)
    file.with_name(f"{left}-journal").touch()
    with new_file(file.with_name("tuesday.db")) as unfinished:
        assert names(file.parent) == [unfinished.name]
        copy_file(path, file)
        assert names(file.parent) == [unfinished.name, "monday.db"]
    assert names(file.parent) == ["monday.db", "tuesday.db"]


def test_damaged_database(path: Path, file: Path) -> None:
    """It is told, and not kept as if it were a backup."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executemany(
            "INSERT INTO accounts (name, due_at, fence) VALUES (?, '2026', 0)",
            [(f"account {number}",) for number in range(2000)],
        )
        connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = bytearray(path.read_bytes())
    at = content.index(b"account 1000")
    content[at : at + 12] = b"account 9999"  # now the index has another name than the table
    path.write_bytes(content)
    assert f"{path} is damaged: " in refusal(path, file)


def test_what_is_no_database_of_ours(tmp_path: Path, file: Path) -> None:
    """Nothing, notes, or the database of another program."""
    assert "there is no database" in refusal(tmp_path / "nothing.db", file)
    assert not (tmp_path / "nothing.db").exists()
    notes = tmp_path / "notes"
    notes.write_text("these are my notes " * 500)
    assert "file is not a database" in refusal(notes, file)
    photos = tmp_path / "photos.db"
    with closing(sqlite3.connect(photos)) as connection:
        connection.execute("CREATE TABLE alembic_version (version_num TEXT)")
        connection.execute("CREATE TABLE photos (id INTEGER)")
    assert f"{photos} is not a database of balance-bot" in refusal(photos, file)


def test_earlier_version(tmp_path: Path, file: Path) -> None:
    """A database is copied as it is, before a later version changes it."""
    path = tmp_path / "old.db"
    with closing(sqlite3.connect(path)) as old:
        old.executescript((DUMPS / "0001.sql").read_text("utf-8"))
    contents = copy_file(path, file)
    assert contents.version == "0001"
    assert contents.rows["changes"] == 9
