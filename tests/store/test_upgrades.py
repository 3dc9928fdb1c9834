"""A database of every earlier version is taken over, whole, and left as it was where that fails.

Each was left by its own version in the middle of its work: alerts that fire, one of them silenced,
messages on their way, others held for the end of quiet hours.
"""

import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import NullPool, create_engine, text

from bot.core.delivery import Delivered
from bot.services.ports import OpenUnit
from bot.store import migrations
from bot.store.database import open_database, probe_database
from bot.store.errors import DatabaseUnusable
from bot.store.migrations import HEAD
from bot.store.unit_of_work import units_of
from tests.store.contents import OLD, leave, rows_of

WHEN_QUIET_HOURS_END = datetime(2026, 11, 21, 23, 59, 30, tzinfo=UTC)


@pytest.fixture
def left_by(tmp_path: Path) -> Callable[[str], Path]:
    return lambda version: leave(version, tmp_path / "bot.db")


def test_there_is_one_of_each_version(left_by: Callable[[str], Path]) -> None:
    """And none of them has a table that is empty."""
    revisions = ScriptDirectory(str(Path(migrations.__file__).parent)).walk_revisions()
    assert {each.revision for each in revisions} - {HEAD} == OLD.keys()
    for version in OLD:
        path = left_by(version)
        empty = [table for table, (_, rows) in rows_of(path).items() if not rows]
        assert empty == []
        path.unlink()


def test_what_is_said_of_versions() -> None:
    """The newest is named where people look it up."""
    here = Path(__file__).parents[2]
    assert f"have the version {HEAD};" in (here / "CHANGELOG.md").read_text("utf-8")
    assert f"`bot.db.before-{HEAD}`" in (here / "README.md").read_text("utf-8")


@pytest.mark.parametrize("version", OLD)
async def test_nothing_is_lost(version: str, left_by: Callable[[str], Path]) -> None:
    """Every value that was there is there, in its table, its column and its row."""
    path = left_by(version)
    before = rows_of(path)
    async with open_database(f"sqlite:///{path}"):
        pass
    after = rows_of(path)
    assert after.pop("alembic_version")[1] == [(HEAD,)]
    assert before.pop("alembic_version")[1] == [(version,)]
    for table, (columns, rows) in before.items():
        there, found = after[table]
        places = [there.index(column) for column in columns]
        kept = [tuple(row[place] for place in places) for row in found]
        assert sorted(kept, key=repr) == rows


@pytest.mark.parametrize("version", OLD)
async def test_it_is_gone_on_with(version: str, left_by: Callable[[str], Path]) -> None:
    """What fires is known by its name and was told; rules are in force; what waits is sent."""
    path = left_by(version)
    before = rows_of(path)
    with closing(sqlite3.connect(path)) as old:
        firing = {
            json.loads(alert)["incident"]
            for (alert,) in old.execute("SELECT alert FROM alerts WHERE alert IS NOT NULL")
        }
        waits = {id_ for (id_,) in old.execute("SELECT id FROM outbox WHERE done_at IS NULL")}
    assert (len(firing), bool(waits)) == (3, True)
    async with open_database(f"sqlite:///{path}") as engine:
        open_unit = units_of(engine)
        async with open_unit() as unit:
            states = [s for s in (await unit.alerts.load()).values() if s.alert is not None]
            assert {state.alert.incident for state in states if state.alert} == firing
            assert all(state.was_told for state in states)  # not told as if they had just begun
            assert set(await unit.outbox.told(1001)) == firing
            made = [str(rule.rule) for rule in await unit.rules.load()]
            assert made == (["main/funding ETH < 10"] if "rules" in before else [])
            chats = {chat.chat_id: chat for chat in await unit.chats.load()}
            assert chats.keys() == {1001, -4001}
            assert all(chat.scope.is_all for chat in chats.values())
            assert (chats[-4001].quiet is not None) is (version > "0001")
            funding = (await unit.wallets.load())["main/funding"].balances or ()
            assert {b.asset: b.total for b in funding}["USDT"] == Decimal("320.5")
        assert await _sent(open_unit) == waits
        async with open_unit() as unit:  # what is written back fits the tables
            await unit.alerts.save(states)


async def _sent(open_unit: OpenUnit) -> set[int]:
    """Send all that waits, and give its numbers; each message has something to tell."""
    sent = set()
    for _ in range(20):
        async with open_unit() as unit:
            parcels = [
                *await unit.outbox.interrupted(),
                *await unit.outbox.lease(now=WHEN_QUIET_HOURS_END),
            ]
            for parcel in parcels:
                assert parcel.events
                sent.add(parcel.id)
                done = Delivered(900 + parcel.id)
                await unit.outbox.settle(parcel.id, done, at=WHEN_QUIET_HOURS_END)
    return sent


@pytest.mark.parametrize("version", ["0001", "0003"])
@pytest.mark.parametrize("statement", [1, 3, 9, -1])
async def test_kill_in_the_middle(
    version: str, statement: int, left_by: Callable[[str], Path]
) -> None:
    """Whenever the process dies on the way, all is as it was; the next start goes on."""
    path = left_by(version)
    before = rows_of(path)
    program = (
        "import asyncio, os, signal, sys\n"
        "from sqlalchemy import event\n"
        "from sqlalchemy.engine import Engine\n"
        "from bot.store.database import open_database\n"
        "left, last = int(sys.argv[2]), 'UPDATE alembic_version'\n"
        "@event.listens_for(Engine, 'after_cursor_execute')\n"
        "def count(connection, cursor, said, *_):\n"
        "    global left\n"
        "    left -= said.startswith(('CREATE', 'ALTER', 'INSERT', 'UPDATE', 'DROP'))\n"
        "    if left == 0 or (left < 0 and said.startswith(last) and sys.argv[3] in said):\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "async def main():\n"
        "    async with open_database(sys.argv[1]): print('opened')\n"
        "asyncio.run(main())\n"
    )
    given = [f"sqlite:///{path}", str(statement), HEAD]
    done = subprocess.run(  # noqa: ASYNC221 - nothing else is to happen meanwhile
        [sys.executable, "-c", program, *given], capture_output=True, check=False
    )
    assert done.returncode == -signal.SIGKILL
    assert rows_of(path) == before
    async with open_database(f"sqlite:///{path}"):
        pass
    assert rows_of(path)["alembic_version"][1] == [(HEAD,)]
    assert rows_of(path.with_name(f"bot.db.before-{HEAD}")) == before


async def test_the_earlier_version_is_kept_beside_it(
    left_by: Callable[[str], Path], tmp_path: Path
) -> None:
    """Whole, for our eyes only, one of them; and only where something was changed."""
    path = left_by("0004")
    before = rows_of(path)
    (tmp_path / "bot.db.before-0004").write_text("of the upgrade before that")
    (tmp_path / "bot.db.mine").write_text("of somebody else")
    for _ in range(2):
        async with open_database(f"sqlite:///{path}"):
            pass
    kept = tmp_path / f"bot.db.before-{HEAD}"
    assert rows_of(kept) == before
    assert kept.stat().st_mode & 0o777 == 0o600
    assert {entry.name for entry in os.scandir(tmp_path)} == {
        "bot.db",
        "bot.db.lock",
        "bot.db.mine",
        kept.name,
    }
    written_at = kept.stat().st_mtime_ns
    async with open_database(f"sqlite:///{path}"):
        pass
    assert kept.stat().st_mtime_ns == written_at
    path.unlink()
    kept.rename(path)  # the way back
    assert "version 0004; the next start brings it to" in await probe_database(f"sqlite:///{path}")


async def test_no_room_for_the_earlier_version(
    left_by: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """That is said, and the bot watches all the same."""
    path = left_by("0004")
    path.with_name(f"bot.db.before-{HEAD}").mkdir()
    async with open_database(f"sqlite:///{path}"):
        pass
    assert "No copy of the earlier version" in capsys.readouterr().out
    assert rows_of(path)["alembic_version"][1] == [(HEAD,)]


async def test_the_way_back_is_refused(left_by: Callable[[str], Path]) -> None:
    """An earlier program does not touch what a later one has changed, and says so."""
    path = left_by("0006")
    with closing(sqlite3.connect(path)) as later:
        later.execute("UPDATE alembic_version SET version_num = '9999'")
        later.commit()
    before, url = path.read_bytes(), f"sqlite:///{path}"
    with pytest.raises(DatabaseUnusable, match="made by a newer balance-bot: install that"):
        async with open_database(url):
            pass
    with pytest.raises(DatabaseUnusable, match="made by a newer balance-bot"):
        await probe_database(url)
    assert rows_of(path)["alembic_version"][1] == [("9999",)]
    assert path.read_bytes()[100:] == before[100:]  # but for the way in which SQLite logs
    assert {entry.name for entry in os.scandir(path.parent)} == {"bot.db", "bot.db.lock"}


async def test_version_of_a_server(postgres_url: str) -> None:
    """It is told before anything is done, as that of a file."""
    assert (await probe_database(postgres_url)).endswith(" answers")
    await _opened(postgres_url)
    assert (await probe_database(postgres_url)).endswith(f" answers, version {HEAD}")
    _set_version(postgres_url, "0006")
    assert "version 0006; the next start brings it to" in await probe_database(postgres_url)
    _set_version(postgres_url, "9999")
    for refused in (probe_database(postgres_url), _opened(postgres_url)):
        with pytest.raises(DatabaseUnusable, match="made by a newer balance-bot"):
            await refused


def _set_version(url: str, version: str) -> None:
    with create_engine(url, poolclass=NullPool).begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :to"), {"to": version})


async def test_version_of_another_program(tmp_path: Path) -> None:
    """Many programs note their version in a table of that name: theirs is left alone."""
    path = tmp_path / "photos.db"
    with closing(sqlite3.connect(path)) as theirs:
        theirs.execute("CREATE TABLE alembic_version (version_num TEXT)")
        theirs.execute("INSERT INTO alembic_version VALUES ('0001')")
        theirs.execute("CREATE TABLE photos (id INTEGER)")
        theirs.commit()
    before, url = path.read_bytes(), f"sqlite:///{path}"
    for refused in (probe_database(url), _opened(url)):
        with pytest.raises(DatabaseUnusable, match="is the database of another program"):
            await refused
    assert path.read_bytes() == before


async def _opened(url: str) -> None:
    async with open_database(url):
        pass
