"""The migrations lead exactly to the tables of `schema`, with which a new database begins."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Row, inspect, text
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.store import migrations
from bot.store.database import open_database
from bot.store.migrations import HEAD
from bot.store.schema import metadata


def differences(connection: Connection) -> list[object]:
    return list(compare_metadata(MigrationContext.configure(connection), metadata))


@pytest.fixture
async def migrated(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    """Have a database that has gone the whole way, from nothing through all versions."""
    path = tmp_path / "migrated.db"
    with closing(sqlite3.connect(path)) as empty:
        empty.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
    async with open_database(f"sqlite:///{path}") as engine:
        yield engine


async def test_migrated_is_what_the_schema_says(migrated: AsyncEngine) -> None:
    """No table, column, type, index or key differs."""
    async with migrated.begin() as connection:
        assert await connection.run_sync(differences) == []


async def test_keys_are_those_of_the_schema(migrated: AsyncEngine) -> None:
    """Primary and foreign keys, which Alembic does not compare, are the same as well."""
    async with migrated.begin() as connection:
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


async def test_a_new_database_is_like_a_migrated_one(
    sqlite: AsyncEngine, migrated: AsyncEngine
) -> None:
    """Columns, keys, indices and how rows are numbered: whatever SQLite tells.

    A default may be there on the way alone: it has filled a column that came later.
    """
    async with sqlite.begin() as new, migrated.begin() as old:
        made, led_to = await new.run_sync(_described), await old.run_sync(_described)
        assert await new.run_sync(_defaults) <= await old.run_sync(_defaults)
        version = await new.run_sync(
            lambda connection: MigrationContext.configure(connection).get_current_revision()
        )
    assert len(made) > 10
    assert made == led_to
    assert version == HEAD


def _columns(connection: Connection, table: str) -> list[Row[Any]]:
    return list(connection.exec_driver_sql(f"PRAGMA table_xinfo({table})"))


def _defaults(connection: Connection) -> set[tuple[str, str, str]]:
    return {
        (table, column.name, column.dflt_value)
        for table in metadata.tables
        for column in _columns(connection, table)
        if column.dflt_value is not None
    }


def _described(connection: Connection) -> dict[str, object]:
    """Tell all of each table that does not depend on the order in which it was made."""

    def asked(what: str, of: str) -> set[tuple[object, ...]]:
        """Leave out the first word of each row: its number in the order of making."""
        return {tuple(row)[1:] for row in connection.exec_driver_sql(f"PRAGMA {what}({of})")}

    found: dict[str, object] = {}
    for table in metadata.tables:
        written = connection.scalar(
            text("SELECT sql FROM sqlite_master WHERE name = :name"), {"name": table}
        )
        indices = {str(row[0]) for row in asked("index_list", table)}
        found[table] = (
            {(c.name, c.type, c.notnull, c.pk, c.hidden) for c in _columns(connection, table)},
            asked("foreign_key_list", table),
            asked("index_list", table),
            {index: _columns_of_index(connection, index) for index in indices},
            {word for word in ("AUTOINCREMENT", "WITHOUT ROWID", "CHECK") if word in written},
        )
    return found


def _columns_of_index(connection: Connection, index: str) -> list[tuple[object, ...]]:
    rows = connection.exec_driver_sql(f"PRAGMA index_xinfo({index})")
    # The second word is the number of the column in the table.
    return [(row.seqno, row.name, row.desc, row.coll, row.key) for row in rows]


def test_head_is_the_last_file() -> None:
    """The version at which nothing needs to be done is the newest that there is."""
    folder = Path(migrations.__file__).parent
    assert ScriptDirectory(str(folder)).get_current_head() == HEAD
