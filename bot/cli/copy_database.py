"""`balance-bot copy-database`: all of a database, from SQLite to PostgreSQL or back."""

from typer import echo

from bot.cli.process import DONE, FAILED, say
from bot.store.copying import copy_database
from bot.store.errors import DatabaseUnusable


async def print_copy(source: str, target: str) -> int:
    """Copy, with a line for each table, and return the exit code."""
    try:
        await copy_database(source, target, tell=_print_table)
    except DatabaseUnusable as e:
        say(f"Nothing was copied: {e}")
        return FAILED
    echo("Every row was compared. Now set BOT_DATABASE_URL to the copy.")
    return DONE


def _print_table(name: str, rows: int) -> None:
    echo(f"{name:<12}{rows:>10,}")
