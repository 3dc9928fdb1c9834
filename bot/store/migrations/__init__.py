"""The way of the schema from version to version, by Alembic, on a connection that is open."""

from pathlib import Path

from sqlalchemy import Connection, inspect, text

HEAD = "0006"
"""The newest version: the one that `schema.py` describes."""


class MadeByNewer(Exception):
    """The database has a version that this program does not know."""


def upgrade(connection: Connection) -> None:
    """Bring the schema up to date, inside the transaction of `connection`.

    Raises:
        MadeByNewer: a later program has changed it.
    """
    if _version(connection) == HEAD:
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


def _version(connection: Connection) -> str | None:
    """Read the version of a database; None when it is new."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    version: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return version
