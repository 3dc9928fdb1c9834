"""The way of the schema from version to version, by Alembic, on a connection that is open.

A new database is made as `schema.py` says and given the newest version, as Alembic recommends; a
test sees that the way through all versions leads to the same tables.
"""

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from bot.store.schema import metadata

HEAD = "0008"
"""The newest version: the one that `schema.py` describes."""


VERSION_TABLE = "alembic_version"


OURS = {VERSION_TABLE, "outbox"}
"""Tables that any version of ours has; a version alone many programs have."""


class MadeByNewer(Exception):
    """The database has a version that this program does not know."""


def is_earlier(version: str | None) -> bool:
    """Whether a database has yet to be brought up to date; None: it is new.

    Raises:
        MadeByNewer: a later program has changed it.
    """
    if version is not None and version > HEAD:
        raise MadeByNewer
    return version is not None and version < HEAD


def upgrade(connection: Connection) -> None:
    """Bring the schema up to date, inside the transaction of `connection`.

    Raises:
        MadeByNewer: a later program has changed it.
    """
    if not inspect(connection).has_table(VERSION_TABLE):
        _create(connection)
    if version_of(connection) == HEAD:
        return
    # Only here: it costs 10 MB, which a bot that is up to date need not carry for months.
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as e:
        raise MadeByNewer from e


def version_in_words(version: str | None) -> str:
    """Say what a database is like, behind what is said of it; a new one has no version.

    Raises:
        MadeByNewer: a later program has changed it.
    """
    if is_earlier(version):
        return f", version {version}; the next start brings it to {HEAD}"
    return f", version {version}" if version is not None else ""


def _create(connection: Connection) -> None:
    """Make the tables of the newest version, and Alembic's own as Alembic would."""
    metadata.create_all(connection)
    connection.exec_driver_sql(
        "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL,"
        " CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
    )
    connection.execute(text("INSERT INTO alembic_version VALUES (:head)"), {"head": HEAD})


def version_of(connection: Connection) -> str | None:
    """Read the version of a database; None when it has none yet."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    version: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return version
