"""What the bot carries for months: only what it works with."""

import subprocess
import sys
from pathlib import Path

import pytest

START = """
import asyncio, sys
from bot.__main__ import main
sys.argv[1:] = ["run"]
try:
    main()  # loads the bot, and refuses to run it without settings
except SystemExit:
    from bot.store.database import open_database
    async def open_and_close():
        async with open_database("sqlite:///bot.db"):
            pass
    asyncio.run(open_and_close())
print(*sys.modules)
"""
NOT_NEEDED = {
    "alembic": "only where an older database is brought up to date",
    "apprise": "only aside",
    "babel": "only where a language needs it",
    "ccxt": "only where an exchange needs it",
    "matplotlib": "only aside",
    "numpy": "only aside",
    "psycopg": "only where the database is PostgreSQL",
    "pygments": "only where somebody looks",
    "rich": "only where somebody looks",
    "sqlalchemy.dialects.postgresql": "only where the database is PostgreSQL",
    "sqlalchemy.orm": "we map nothing",
}


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Start the bot as far as it comes without settings, and open a new database."""
    done = subprocess.run(
        [sys.executable, "-c", START],
        cwd=tmp_path_factory.mktemp("start"),
        env={"PYTHONPATH": str(Path(__file__).parents[2])},
        check=True,
        capture_output=True,
        text=True,
    )
    assert "BOT_TELEGRAM__TOKEN" in done.stderr
    return set(done.stdout.split())


def test_the_bot_is_loaded(loaded: set[str]) -> None:
    """The test sees what it is meant to see."""
    assert {"bot.app", "telegram.ext", "sqlalchemy", "aiosqlite", "aiohttp"} <= loaded


@pytest.mark.parametrize("name", NOT_NEEDED)
def test_what_is_not_needed_is_not_loaded(loaded: set[str], name: str) -> None:
    """Each of these takes megabytes, or tens of them."""
    assert name not in loaded, NOT_NEEDED[name]
