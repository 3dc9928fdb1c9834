"""How soon the bot asks Telegram for updates, what it holds when idle, how soon it stops.

    python -m bench.start [--times N] [--python PYTHON]

Five accounts on the sandbox's exchanges, a new database each time; medians of N runs. Libraries
load others where they find them, so the bot should run by a Python that has this package and those
of deploy/requirements.lock alone; it is told how many more there are.
"""

import argparse
import asyncio
import re
import statistics
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path

from bot.sandbox.exchanges import serve_exchange
from bot.sandbox.telegram import TelegramServer, serve_telegram
from bot.sandbox.world import MAIN_WALLET, Key, World

ACCOUNTS = ("okx", "okx", "coinw", "coinw", "xt")
IDLE_S = 15.0
ROOT = Path(__file__).parents[1]
OURS = {"balance-bot", "pip", "setuptools"}
LIST = "from importlib.metadata import distributions as d; print(*(x.name for x in d()))"


async def measure(python: str) -> tuple[float, float, float]:
    """Run the bot once; give seconds to the first question, MB when idle, seconds to stop."""
    telegram = TelegramServer()
    you = telegram.add_private_chat()
    world = World()
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        page = await stack.enter_async_context(serve_telegram(telegram))
        environ = {
            "BOT_TELEGRAM__TOKEN": telegram.token,
            "BOT_TELEGRAM__API_URL": page,
            "BOT_TELEGRAM__OWNERS": str(you.id),
            "BOT_CHECK_EVERY": "5s",
            "BOT_LOG__LEVEL": "ERROR",
            "PYTHONOPTIMIZE": "2",  # as in what is deployed
        }
        served = {
            slug: (await stack.enter_async_context(serve_exchange(slug, world))).url
            for slug in set(ACCOUNTS)
        }
        for number, slug in enumerate(ACCOUNTS):
            environ |= add_account(world, slug, number, served[slug])
        started = time.perf_counter()
        bot = await asyncio.create_subprocess_exec(
            python, "-m", "bot", "run", env=environ, cwd=folder
        )
        await telegram.wait_for_call("getUpdates", lambda _: True, timeout=30)
        asked_after = time.perf_counter() - started
        await asyncio.sleep(IDLE_S)
        held_mb = resident_mb(bot.pid)
        told_at = time.perf_counter()
        bot.terminate()
        await bot.wait()
    return asked_after, held_mb, time.perf_counter() - told_at


def add_account(world: World, slug: str, number: int, url: str) -> dict[str, str]:
    """Open an account with some money in it; give its settings."""
    phrase = "phrase" if slug == "okx" else None
    key = Key(f"key-{number}", f"secret-{number}", phrase)
    account = world.add_account(slug, key, name=f"a{number}")
    account.set(MAIN_WALLET[slug], "USDT", available="5")
    top = f"BOT_ACCOUNTS__A{number}"
    settings = {
        f"{top}__EXCHANGE": slug,
        f"{top}__BASE_URL": url,
        f"{top}__API_KEY": key.api_key,
        f"{top}__API_SECRET": key.api_secret,
    }
    return settings | ({f"{top}__PASSPHRASE": phrase} if phrase else {})


def resident_mb(pid: int) -> float:
    """Read how much of a process is in memory."""
    status = Path(f"/proc/{pid}/status").read_text()
    (line,) = [line for line in status.splitlines() if line.startswith("VmRSS")]
    return int(line.split()[1]) / 1024


async def beyond_the_lock(python: str) -> set[str]:
    """List the packages that a user has not."""
    listing = await asyncio.create_subprocess_exec(
        python, "-c", LIST, stdout=asyncio.subprocess.PIPE
    )
    found, _ = await listing.communicate()
    names = {re.sub(r"[-_.]+", "-", name).lower() for name in found.decode().split()}
    lock = (ROOT / "deploy" / "requirements.lock").read_text()
    return names - set(re.findall(r"^[\w-]+(?===)", lock, re.MULTILINE)) - OURS


async def repeat(times: int, python: str) -> None:
    """Measure and print medians."""
    runs = [await measure(python) for _ in range(times)]
    asked, held, stopped = (statistics.median(column) for column in zip(*runs, strict=True))
    more = len(await beyond_the_lock(python))
    print(
        f"start to first getUpdates {asked:.2f} s, idle {held:.0f} MB, stop {stopped:.2f} s"
        f" (medians of {times}; packages beyond the lock: {more})"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--python", default=sys.executable)
    arguments = parser.parse_args()
    asyncio.run(repeat(arguments.times, arguments.python))
