"""The migrations lead exactly to the tables of `schema`."""

from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.store import migrations
from bot.store.migrations import HEAD
from bot.store.schema import metadata


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
