"""Copying a database between SQLite and PostgreSQL changes nothing, or does nothing."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Connection, NullPool, Select, create_engine, inspect, text
from sqlalchemy.ext.asyncio import AsyncEngine

from bench.postgres import new_database
from bot.core.delivery import Chat
from bot.core.events import AlertRaised
from bot.core.rules import parse_rule
from bot.store import _rows
from bot.store.copying import back_up, copy_database
from bot.store.database import open_database
from bot.store.errors import DatabaseUnusable
from bot.store.unit_of_work import units_of
from tests.store.contents import leave, rows_of

STRANGE = """
INSERT INTO leases VALUES ('leading', 'one', 9007199254740993, '2020-11-21 21:00:00.000001');
INSERT INTO news VALUES ('watched', 7);
INSERT INTO changes (id, path, asset, at, before_at, total, available, held) VALUES
  (9007199254740993, 'main/funding', 'PEPE', '1970-01-01 00:00:00.000000', NULL,
   '0.000000000000000000000000000001000', '-0', '123456789012345678901234567890.10'),
  (9007199254740994, 'main/sub:ünï😀 "x" %s', '比特币', '9999-12-31 23:59:59.999999',
   '2026-11-21 21:39:02.361219', NULL, '', NULL);
INSERT INTO rules (id, text, made_by, made_at, paused) VALUES
  (7, 'of a later version; ''wobbles''', 'Ada', '2026-11-21 00:00:00.000000', 1);
INSERT INTO rules (id, text, made_by, made_at, paused) VALUES
  (41, 'main USDT < 1', 'Ada', '2026-11-21 00:00:00.000000', 0);
DELETE FROM rules WHERE id = 41;
UPDATE chats SET scope = '{ "patterns" : ["main/*"],  "later": 1.50 }' WHERE chat_id = -4001;
UPDATE outbox SET reply_to = 8 WHERE id = 3;
UPDATE outbox SET reply_to = 1 WHERE id = 5;
"""
"""Numbers that no float holds, values that look alike, texts that are not ours, a number that was
given once, a row that points to a later one."""
BEGIN_AND_END = """
INSERT INTO leases VALUES ('leading', 'one', 1, now())
  ON CONFLICT (name) DO UPDATE SET fence = leases.fence + 1
"""
"""As a bot leaves it that has led for a moment."""


@pytest.fixture
async def path(tmp_path: Path) -> Path:
    """Have a database with rows in every table, and what is strange in some."""
    path = leave("0006", tmp_path / "bot.db")
    async with open_database(f"sqlite:///{path}"):
        pass
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(STRANGE)
    return path


@pytest.fixture
def source(path: Path) -> str:
    return f"sqlite:///{path}"


@pytest.fixture(params=["sqlite", "postgresql"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Name a database of each kind that is not there, or empty."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'copy.db'}"
    found: str = request.getfixturevalue("postgres_url")
    return found


async def copied(source: str, target: str) -> dict[str, int]:
    """Copy, and give what was told of it."""
    told: dict[str, int] = {}
    await copy_database(source, target, tell=told.__setitem__)
    return told


async def refusal(source: str, target: str) -> str:
    """Say why nothing was copied."""
    with pytest.raises(DatabaseUnusable) as refused:
        await copied(source, target)
    assert "\n" not in str(refused.value)
    return str(refused.value)


async def test_there_and_back(source: str, path: Path, tmp_path: Path, postgres_url: str) -> None:
    """Every value is, byte for byte, what it was; so are the numbers that were given last."""
    before = rows_of(path)
    assert [table for table, (_, rows) in before.items() if not rows] == []
    told = await copied(source, postgres_url)
    await copied(postgres_url, f"sqlite:///{tmp_path / 'back.db'}")
    after = rows_of(tmp_path / "back.db")
    assert {table: _by_name(*of) for table, of in after.items()} == {
        table: _by_name(*of) for table, of in before.items()
    }
    counted = {table: len(rows) for table, (_, rows) in before.items()}
    assert told == {table: count for table, count in counted.items() if table != "alembic_version"}
    assert _numbers(tmp_path / "back.db") == _numbers(path)
    assert (tmp_path / "back.db").stat().st_mode & 0o777 == 0o600


def _by_name(columns: list[str], rows: list[tuple[object, ...]]) -> list[dict[str, object]]:
    """Tell rows whatever the order of the columns, which is another in a database that grew."""
    return sorted((dict(sorted(zip(columns, row, strict=True))) for row in rows), key=repr)


def _numbers(path: Path) -> list[tuple[str, int]]:
    with closing(sqlite3.connect(path)) as connection:
        found = "SELECT name, seq FROM sqlite_sequence WHERE seq > 0 ORDER BY name"
        return connection.execute(found).fetchall()


async def test_the_bot_goes_on_with_the_copy(
    source: str, target: str, raised: Callable[[str], AlertRaised], now: datetime
) -> None:
    """No number comes again, also of a rule that is gone; what waits is there to be sent."""
    await copied(source, target)
    async with open_database(target) as engine, units_of(engine)() as unit:
        made = await unit.rules.add(parse_rule("main USDT < 5"), by="You", at=now)
        assert made.id == 42
        await unit.outbox.add([raised("A")], chats=[Chat(1001)], at=now)
        assert "A" in await unit.outbox.told(1001)
        waits = await unit.outbox.lease(now=now.replace(year=2027))
        assert {parcel.chat.chat_id for parcel in waits} == {1001, -4001}
        await unit.audit.add("rule_made", "#42", by=None, chat_id=None, at=now)
        assert not await unit.inbox.add({500_000_002: "{}"}, at=now)


async def test_backup_of_a_server(source: str, postgres_url: str, tmp_path: Path) -> None:
    """It is a file of SQLite with which the bot can go on, made while bots write."""
    await copied(source, postgres_url)
    file = tmp_path / "monday.db"
    async with open_database(postgres_url) as engine, _busy(engine):
        counts = []
        for number in range(4):
            each = file.with_name(f"{number}.db")
            counts.append((await back_up(postgres_url, each)).rows["news"])
            found = rows_of(each)
            names = [{row[0] for row in found[table][1]} for table in ("leases", "news")]
            assert names[0] ^ names[1] == {"leading", "watched"}  # no half of a pair
    assert counts[-1] > counts[0]
    with pytest.raises(DatabaseUnusable, match="is there already"):
        await back_up(postgres_url, each)
    async with open_database(f"sqlite:///{each}") as opened, units_of(opened)() as unit:
        assert len(await unit.chats.load()) == 2


@asynccontextmanager
async def _busy(engine: AsyncEngine) -> AsyncIterator[None]:
    """Write pairs of rows all the time, each pair in one transaction."""

    async def write() -> None:
        for number in range(100_000):
            async with engine.begin() as connection:
                for added in (
                    "INSERT INTO news VALUES (:name, 1)",
                    "INSERT INTO leases VALUES (:name, 'one', 1, now())",
                ):
                    await connection.execute(text(added), {"name": f"{number}"})

    async with asyncio.TaskGroup() as group:
        writing = group.create_task(write())
        yield
        writing.cancel()


async def test_target_that_has_data(source: str, target: str, now: datetime) -> None:
    """It is refused, and left as it is."""
    async with open_database(target) as engine, units_of(engine)() as unit:
        await unit.chats.add(Chat(1, since=now))
    why = await refusal(source, target)
    assert "has data already" in why or "is there already" in why
    async with open_database(target) as engine, units_of(engine)() as unit:
        assert [chat.chat_id for chat in await unit.chats.load()] == [1]


async def test_server_that_a_bot_has_only_looked_at(source: str, postgres_url: str) -> None:
    """Tables without rows are as good as none."""
    async with open_database(postgres_url):
        pass
    assert (await copied(source, postgres_url))["chats"] == 2


async def test_source_in_use(source: str, tmp_path: Path) -> None:
    """What its bot wrote later would be left behind: it is to be stopped first."""
    async with open_database(source):
        why = await refusal(source, f"sqlite:///{tmp_path / 'copy.db'}")
        assert "stop it first" in why
        (tmp_path / "link.db").symlink_to(tmp_path / "bot.db")
        link = f"sqlite:///{tmp_path / 'link.db'}"
        assert "stop it first" in await refusal(link, f"sqlite:///{tmp_path / 'copy.db'}")
        await back_up(source, tmp_path / "backup.db")  # that is what one is for
    await copied(source, f"sqlite:///{tmp_path / 'copy.db'}")
    async with open_database(source):  # and lets go of it afterwards
        pass


async def test_server_in_use(postgres_url: str, tmp_path: Path) -> None:
    """While one of its bots leads, by the server's clock, what it writes would be left behind."""
    copy = f"sqlite:///{tmp_path / 'copy.db'}"
    async with open_database(postgres_url) as engine:
        open_unit = units_of(engine)
        async with open_unit() as unit:
            now = await unit.leases.clock()
            assert now is not None
            fence = await unit.leases.take("one", now=now, until=now + timedelta(minutes=1))
            assert fence is not None
        assert "stop all that use it first" in await refusal(postgres_url, copy)
        assert not (tmp_path / "copy.db").exists()
        await back_up(postgres_url, tmp_path / "backup.db")  # that is what one is for
        async with open_unit() as unit:
            await unit.leases.release("one", fence)
        await copied(postgres_url, copy)


@pytest.mark.parametrize("to_server", [False, True])
async def test_server_on_which_a_bot_begins_meanwhile(
    postgres: str, postgres_url: str, tmp_path: Path, to_server: bool
) -> None:
    """What it has written is not in the copy, even if it has ended since: nothing is kept."""
    async with open_database(postgres_url):
        pass
    engine = create_engine(postgres_url, poolclass=NullPool)

    def begin_and_end(table: str, _rows: int) -> None:
        if table == "accounts":
            with engine.begin() as connection:
                connection.execute(text(BEGIN_AND_END))

    with new_database(postgres, f"test_{uuid4().hex}") as server:
        target = server if to_server else f"sqlite:///{tmp_path / 'copy.db'}"
        for _ in ("the first", "another one"):
            with pytest.raises(DatabaseUnusable, match="has begun to use the database meanwhile"):
                await copy_database(postgres_url, target, tell=begin_and_end)
        assert not (tmp_path / "copy.db").exists()
        assert (await copied(postgres_url, target))["leases"] == 1


async def test_server_whose_clock_was_ahead(postgres_url: str, tmp_path: Path) -> None:
    """Who led until an instant that is hours away leads no more."""
    async with open_database(postgres_url) as engine:
        async with units_of(engine)() as unit:
            now = await unit.leases.clock()
            assert now is not None
            ahead = now + timedelta(hours=8)
            assert await unit.leases.take("one", now=ahead, until=ahead + timedelta(seconds=10))
        await copied(postgres_url, f"sqlite:///{tmp_path / 'copy.db'}")


async def test_source_of_another_version(tmp_path: Path, target: str) -> None:
    """An earlier one is brought up to date by the bot, a later one belongs to a later bot."""
    path = leave("0004", tmp_path / "old.db")
    before = path.read_bytes()
    assert "has version 0004" in await refusal(f"sqlite:///{path}", target)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    assert "has version 9999" in await refusal(f"sqlite:///{path}", target)
    assert len(path.read_bytes()) == len(before)


async def test_source_of_another_program(tmp_path: Path, target: str) -> None:
    """Nothing, notes, or photos: each is told in one sentence."""
    assert "there is no database" in await refusal(f"sqlite:///{tmp_path / 'none.db'}", target)
    notes = tmp_path / "notes"
    notes.write_text("these are my notes " * 500)
    assert "file is not a database" in await refusal(f"sqlite:///{notes}", target)
    with closing(sqlite3.connect(tmp_path / "photos.db")) as connection:
        connection.execute("CREATE TABLE photos (id INTEGER)")
    why = await refusal(f"sqlite:///{tmp_path / 'photos.db'}", target)
    assert "not a database of balance-bot" in why


async def test_server_of_another_program(source: str, postgres_url: str) -> None:
    """Neither a table of our name nor a version of its own makes it ours."""
    engine = create_engine(postgres_url, poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE alembic_version (version_num TEXT)"))
        connection.execute(text("CREATE TABLE photos (id INTEGER)"))
    assert "is the database of another program" in await refusal(source, postgres_url)
    assert set(inspect(engine).get_table_names()) == {"alembic_version", "photos"}


async def test_what_was_written_is_looked_at(
    source: str, target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A value that has changed on its way ends it, and nothing of it is kept."""
    before, whole = rows_of(tmp_path / "bot.db"), _rows._batches

    def careless(connection: Connection, asked: Select[Any]) -> Iterator[list[tuple[Any, ...]]]:
        """Take off the last zero of an amount, as a column of numbers would."""
        read_again = "mode=ro" not in str(connection.engine.url)
        for rows in whole(connection, asked):
            yield [tuple(_shortened(v) if read_again else v for v in row) for row in rows]

    monkeypatch.setattr(_rows, "_batches", careless)
    assert "what was written to " in await refusal(source, target)
    monkeypatch.undo()
    await copied(source, target)  # nothing is in its way
    assert rows_of(tmp_path / "bot.db") == before


def _shortened(value: object) -> object:
    return value.removesuffix("0") if isinstance(value, str) and "." in value else value


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:hunter2secret@127.0.0.1:1/bot",
        "mysql://me:hunter2secret@db/bot",
        "postgresql://me:hunter2secret@db:port/bot",
        "me:hunter2secret",
    ],
)
async def test_passwords_stay_out(source: str, url: str) -> None:
    """Whatever is wrong, on whichever side, is told without them."""
    for one, other in ((source, url), (url, source)):
        assert "hunter2" not in await refusal(one, other)
