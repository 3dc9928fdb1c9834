"""`backup` and `copy-database`: what is said, the exit code, and what is left."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

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
