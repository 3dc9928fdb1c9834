"""What stands in while the bot is loaded is gone afterwards."""

import subprocess
import sys
from pathlib import Path

SCRIPT = """
import ssl, sys
from bot.cli.loading import ONLY_FOR_TERMINALS, load_lean
load_lean("bot.store.unit_of_work")
from aiohttp import connector
assert not connector._SSL_CONTEXT_VERIFIED.cert_store_stats()["x509_ca"]
assert ssl.SSLContext.load_default_certs.__name__ == "load_default_certs"
assert "set_default_verify_paths" not in vars(ssl.SSLContext)
assert "sqlalchemy.orm" not in sys.modules
assert not [name for name in ONLY_FOR_TERMINALS if name in sys.modules]
from sqlalchemy.ext.asyncio.session import AsyncSession
import rich
print(AsyncSession.__name__, rich.__name__)
"""


def test_the_real_ones_are_found_later() -> None:
    """Sessions of SQLAlchemy, what is for terminals, and whom this machine trusts."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        cwd=Path(__file__).parents[2],
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout.split() == ["AsyncSession", "rich"]
