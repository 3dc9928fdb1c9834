"""How soon the bot asks Telegram for updates, what it holds when idle, how soon it stops.

    python -m bench.start [--times N] [--python PYTHON] [--plain]

Five accounts on the sandbox's exchanges, with 90 days of their past in the database; medians of N
runs, what is held also after ten charts of these 90 days. The bot runs as in what is deployed,
without the texts for readers of the code; `--plain` is with them. Libraries load others where they
find them, so the bot should run by a Python that has this package and those of
deploy/requirements.lock alone; it is told how many more there are.
"""

import argparse
import asyncio
import re
import shutil
import statistics
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from dataclasses import astuple, dataclass
from pathlib import Path

from bench.past import fill
from bot.clock import utc_now
from bot.sandbox.exchanges import serve_exchange
from bot.sandbox.telegram import TelegramServer, serve_telegram
from bot.sandbox.telegram.model import Message
from bot.sandbox.world import MAIN_WALLET, Key, World
from bot.store.database import open_database
from bot.store.unit_of_work import units_of

ACCOUNTS = ("okx", "okx", "coinw", "coinw", "xt")
IDLE_S = 15.0
CHARTS = 10
ROOT = Path(__file__).parents[1]
OURS = {"balance-bot", "pip", "setuptools"}
LIST = "from importlib.metadata import distributions as d; print(*(x.name for x in d()))"


@dataclass(frozen=True)
class Run:
    """What one run has shown."""

    asked_s: float
    """From the start to the first question to Telegram."""
    idle_mb: float
    charted_mb: float
    """After ten charts."""
    stop_s: float


async def measure(python: str, past: Path, flags: dict[str, str]) -> Run:
    """Run the bot once on a copy of a database."""
    telegram = TelegramServer()
    you = telegram.add_private_chat()
    world = World()
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        (folder / "data").mkdir(mode=0o700)
        shutil.copy(past, folder / "data" / "bot.db")
        page = await stack.enter_async_context(serve_telegram(telegram))
        environ = flags | {
            "BOT_TELEGRAM__TOKEN": telegram.token,
            "BOT_TELEGRAM__API_URL": page,
            "BOT_TELEGRAM__OWNERS": str(you.id),
            "BOT_CHECK_EVERY": "5s",
            "BOT_LOG__LEVEL": "ERROR",
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
        asked_s = time.perf_counter() - started
        await asyncio.sleep(IDLE_S)
        idle_mb = resident_mb(bot.pid)
        for _ in range(CHARTS):
            said = telegram.say(you.id, you.id, "/history 90d")
            await telegram.wait_for_message(you.id, _is_chart, after=said, timeout=30)
        charted_mb = resident_mb(bot.pid)
        told_at = time.perf_counter()
        bot.terminate()
        await bot.wait()
    return Run(asked_s, idle_mb, charted_mb, time.perf_counter() - told_at)


def _is_chart(message: Message) -> bool:
    return message.file is not None


async def write_past(file: Path) -> None:
    """Write 90 days in which each account's main wallet changed once an hour."""
    paths = [f"a{n}/{MAIN_WALLET[slug]}" for n, slug in enumerate(ACCOUNTS)]
    async with open_database(f"sqlite:///{file}") as engine:
        await fill(units_of(engine), paths, now=utc_now())


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


async def repeat(times: int, python: str, flags: dict[str, str]) -> None:
    """Measure and print medians."""
    with tempfile.TemporaryDirectory() as folder:
        past = Path(folder) / "past.db"
        await write_past(past)
        runs = [astuple(await measure(python, past, flags)) for _ in range(times)]
    asked_s, idle_mb, charted_mb, stop_s = map(statistics.median, zip(*runs, strict=True))
    more = len(await beyond_the_lock(python))
    print(
        f"start to first getUpdates {asked_s:.2f} s, idle {idle_mb:.1f} MB, after {CHARTS} charts"
        f" {charted_mb:.1f} MB, stop {stop_s:.2f} s"
        f" (medians of {times}; packages beyond the lock: {more})"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--plain", action="store_true", help="without PYTHONOPTIMIZE=2")
    arguments = parser.parse_args()
    flags = {} if arguments.plain else {"PYTHONOPTIMIZE": "2"}
    asyncio.run(repeat(arguments.times, arguments.python, flags))
