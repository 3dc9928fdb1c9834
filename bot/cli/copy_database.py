"""`balance-bot copy-database`: all of a database, from SQLite to PostgreSQL or back."""

import typer

from bot.store.copying import copy_database
from bot.store.errors import DatabaseUnusable

DONE, FAILED = 0, 1


async def print_copy(source: str, target: str) -> int:
    """Copy, with a line for each table, and return the exit code."""
    try:
        await copy_database(source, target, tell=_print_table)
    except DatabaseUnusable as e:
        typer.echo(f"Nothing was copied: {e}", err=True)
        return FAILED
    typer.echo("Every row was compared. Now set BOT_DATABASE_URL to the copy.")
    return DONE


def _print_table(name: str, rows: int) -> None:
    typer.echo(f"{name:<12}{rows:>10,}")
