"""`backup` and `copy-database`: what is said, the exit code, and what is left."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from bot.store.database import open_database
from bot.store.migrations import HEAD


async def test_backup(run: Any, stage: Any, tmp_path: Path) -> None:
    """While a bot has the database: one line that says what is in the copy."""
    async with open_database(stage.settings["BOT_DATABASE_URL"]):
        done = await run("backup", "monday.db", settings=stage.settings)
    assert (done.code, done.err) == (0, "")
    assert done.out == f"monday.db: 1 rows, version {HEAD}, checked\n"
    with closing(sqlite3.connect(tmp_path / "monday.db")) as copy:
        assert copy.execute("SELECT count(*) FROM accounts").fetchone() == (0,)


async def test_backup_that_cannot_be_made(run: Any, stage: Any, tmp_path: Path) -> None:
    """Exit code 1 and one line, and nothing is made or changed."""
    done = await run("backup", "monday.db", settings=stage.settings)
    assert (done.code, done.out) == (1, "")
    assert done.err == f"No backup was made: there is no database {tmp_path / 'bot.db'}\n"
    async with open_database(stage.settings["BOT_DATABASE_URL"]):
        pass
    (tmp_path / "monday.db").write_text("mine")
    done = await run("backup", "monday.db", settings=stage.settings)
    assert (done.code, done.out) == (1, "")
    assert done.err == "No backup was made: monday.db is there already; name another file\n"
    assert (tmp_path / "monday.db").read_text() == "mine"


async def test_copy_database(run: Any, tmp_path: Path, postgres_url: str) -> None:
    """There and back, a line for each table; no settings are needed."""
    async with open_database(f"sqlite:///{tmp_path / 'bot.db'}"):
        pass
    with closing(sqlite3.connect(tmp_path / "bot.db")) as database:
        database.execute("INSERT INTO news VALUES ('watched', 7)")
        database.commit()
    for one, other in (("sqlite:///bot.db", postgres_url), (postgres_url, "sqlite:///back.db")):
        done = await run("copy-database", one, other, settings={})
        assert (done.code, done.err) == (0, "")
        told = dict(line.split() for line in done.out.splitlines()[:-1])
        assert (told["news"], told["outbox"]) == ("1", "0")
        assert done.out.endswith("Now set BOT_DATABASE_URL to the copy.\n")
    with closing(sqlite3.connect(tmp_path / "back.db")) as back:
        assert back.execute("SELECT * FROM news").fetchall() == [("watched", 7)]


async def test_copy_that_cannot_be_made(run: Any, tmp_path: Path) -> None:
    """Exit code 1 and one line without a password."""
    async with open_database(f"sqlite:///{tmp_path / 'bot.db'}"):
        pass
    server = "postgresql://me:hunter2secret@127.0.0.1:1/bot"
    done = await run("copy-database", "sqlite:///bot.db", server, settings={})
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("Nothing was copied: ")
    assert done.err.count("\n") == 1
    assert "hunter2" not in done.err


STOPPED = """
import os, signal, sys
from bot.cli import commands, copy_database
from bot.store import backup
def be_told(*_): os.kill(os.getpid(), getattr(signal, sys.argv[1]))
backup._PAGES_AT_ONCE, backup._let_signals_in = 1, be_told
copy_database._print_table = be_told
commands.cli(sys.argv[2:])
"""


@pytest.mark.parametrize("sign", ["SIGTERM", "SIGINT"])
@pytest.mark.parametrize("command", ["backup", "copy-database sqlite:///bot.db"])
async def test_told_to_stop(tmp_path: Path, command: str, sign: str) -> None:
    """In the midst of it: one line, exit code 1, and nothing is left of what was begun."""
    async with open_database(f"sqlite:///{tmp_path / 'bot.db'}"):
        pass
    (tmp_path / "backups").mkdir()
    target = f"{'' if command == 'backup' else 'sqlite:///'}backups/monday.db"
    done = subprocess.run(  # noqa: ASYNC221 - nothing else is to happen meanwhile
        [sys.executable, "-W", "error", "-c", STOPPED, sign, *command.split(), target],
        cwd=tmp_path,
        env={
            "PYTHONPATH": str(Path(__file__).parents[2]),
            "BOT_DATABASE_URL": "sqlite:///bot.db",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "Told to stop: nothing was kept\n"
    assert list((tmp_path / "backups").iterdir()) == []
