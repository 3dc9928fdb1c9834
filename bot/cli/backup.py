"""`balance-bot backup`: a copy of the database in one file, made while the bot runs."""

from pathlib import Path

from typer import echo

from bot.cli.process import DONE, FAILED, say
from bot.settings import Settings
from bot.store.copying import back_up
from bot.store.errors import DatabaseUnusable


async def write_backup(settings: Settings, file: Path) -> int:
    """Copy the database of the settings, say what is in the copy, and return the exit code."""
    try:
        contents = await back_up(settings.database_url.get_secret_value(), file)
    except DatabaseUnusable as e:
        say(f"No backup was made: {e}")
        return FAILED
    rows = sum(contents.rows.values())
    echo(f"{file}: {rows:,} rows, version {contents.version}, checked")
    return DONE
