"""What stands in while the bot is loaded is gone afterwards."""

import subprocess
import sys
from pathlib import Path

SCRIPT = """
import sys
from bot.cli.loading import ONLY_FOR_TERMINALS, load_lean
load_lean("bot.store.unit_of_work")
assert "sqlalchemy.orm" not in sys.modules
assert not [name for name in ONLY_FOR_TERMINALS if name in sys.modules]
from sqlalchemy.ext.asyncio.session import AsyncSession
import rich
print(AsyncSession.__name__, rich.__name__)
"""


def test_the_real_ones_are_found_later() -> None:
    """Neither the sessions of SQLAlchemy nor what is for terminals stays hidden."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        cwd=Path(__file__).parents[2],
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout.split() == ["AsyncSession", "rich"]
