"""The migrations lead exactly to the tables of `schema`."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.core.delivery import Chat
from bot.store import migrations
from bot.store.database import open_database
from bot.store.migrations import HEAD
from bot.store.schema import metadata
from bot.store.unit_of_work import units_of


def differences(connection: Connection) -> list[object]:
    return list(compare_metadata(MigrationContext.configure(connection), metadata))


async def test_migrated_is_what_the_schema_says(engine: AsyncEngine) -> None:
    """No table, column, type, index or key differs."""
    async with engine.begin() as connection:
        assert await connection.run_sync(differences) == []


async def test_keys_are_those_of_the_schema(engine: AsyncEngine) -> None:
    """Primary and foreign keys, which Alembic does not compare, are the same as well."""
    async with engine.begin() as connection:
        for table in metadata.tables.values():
            key, foreign = await connection.run_sync(_keys, table.name)
            assert key == [column.name for column in table.primary_key]
            assert foreign == {
                (column.name, fk.target_fullname, fk.ondelete)
                for column in table.columns
                for fk in column.foreign_keys
            }


def _keys(connection: Connection, table: str) -> tuple[list[str], set[tuple[str, str, str]]]:
    look = inspect(connection)
    foreign = {
        (
            key["constrained_columns"][0],
            f"{key['referred_table']}.{key['referred_columns'][0]}",
            key["options"]["ondelete"],
        )
        for key in look.get_foreign_keys(table)
    }
    return list(look.get_pk_constraint(table)["constrained_columns"]), foreign


def test_head_is_the_last_file() -> None:
    """The version at which nothing needs to be done is the newest that there is."""
    folder = Path(migrations.__file__).parent
    assert ScriptDirectory(str(folder)).get_current_head() == HEAD


OLD = sorted((Path(__file__).parent / "databases").glob("*.sql"))


def _restore(dump: Path, path: Path) -> None:
    with closing(sqlite3.connect(path)) as old:
        old.executescript(dump.read_text("utf-8"))


@pytest.mark.parametrize("dump", OLD, ids=lambda path: path.stem)
async def test_an_older_database_is_taken_over(dump: Path, tmp_path: Path) -> None:
    """What an older version left, in the middle of an alert, is there and is gone on with."""
    path = tmp_path / "bot.db"
    _restore(dump, path)
    now = datetime(2027, 1, 1, tzinfo=UTC)
    async with open_database(f"sqlite:///{path}") as engine:
        async with engine.begin() as connection:
            assert await connection.run_sync(differences) == []
        async with units_of(engine)() as unit:
            states = (await unit.alerts.load()).values()
            (firing,) = [state for state in states if state.alert is not None]
            assert firing.was_told  # and is not told again as if it had just begun
            assert firing.alert is not None
            assert firing.alert.incident in await unit.outbox.told(1001)
            wallets = await unit.wallets.load()
            assert any(state.balances for state in wallets.values())
            assert {chat.chat_id for chat in await unit.chats.load()} >= {1001}
            await unit.outbox.add([], chats=[Chat(1001)], at=now)
            await unit.alerts.save(states)
            await unit.wallets.save(wallets.values())
