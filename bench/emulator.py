"""The sandbox's OKX in a process of its own, so that its work is not counted as the client's.

A server in the client's process would also make the client wait: two event loops on one core.
"""

import argparse
import asyncio
import json
import random
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.fetchers import Credentials
from bot.sandbox.exchanges import NO_LIMITS, serve_exchange
from bot.sandbox.world import Key, World

KEY, SECRET, PHRASE = "key", "secret", "phrase"
CREDENTIALS = Credentials(KEY, SECRET, PHRASE)
COINS = ("BTC", "ETH", "USDT", "USDC", "SOL", "XRP", "TON", "DOGE", "LTC", "OKB")
FUNDING, SUB_FUNDING = "asset/balances", "asset/subaccount/balances"
ETH_STAKING = "finance/staking-defi/eth/balance"
"""The endpoints, as the journal calls them."""
LEAST_LATENCY_S, MOST_LATENCY_S = 0.005, 0.080


@dataclass(frozen=True, slots=True)
class Arrival:
    """One request in the server's journal."""

    at_s: float
    """Seconds of the machine's monotonic clock, which all its processes share."""
    endpoint: str
    limited: bool


class Emulated:
    """An emulator that is running."""

    def __init__(self, process: asyncio.subprocess.Process, url: str) -> None:
        self.url = url
        self._process = process

    async def journal(self) -> list[Arrival]:
        """Ask for the requests so far, oldest first."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(b"journal\n")
        return [Arrival(*row) for row in json.loads(await self._process.stdout.readline())]


@asynccontextmanager
async def emulated(
    *, subs: int = 0, jitter: bool = False, strict: bool = True
) -> AsyncIterator[Emulated]:
    """Run an emulator until the end of the block.

    Args:
        subs: How many sub-accounts the account has: `desk0`, `desk1`, …
        jitter: Whether each request takes the seconds that `latencies()` gives.
        strict: Whether the documented limits are kept.
    """
    flags = [flag for flag, wanted in (("--jitter", jitter), ("--strict", strict)) if wanted]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench.emulator", "--subs", str(subs), *flags),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=2**26,
    )
    assert process.stdin
    assert process.stdout
    try:
        yield Emulated(process, (await process.stdout.readline()).decode().strip())
    finally:
        process.stdin.close()  # it ends with its input
        await process.wait()


def latencies() -> random.Random:
    """Give the chance that makes the same latencies in each run; see `latency()`."""
    return random.Random(1)  # noqa: S311 - repeatable on purpose


def latency(chance: random.Random) -> float:
    """Draw the seconds that one request takes."""
    return chance.uniform(LEAST_LATENCY_S, MOST_LATENCY_S)


def wallet_names(subs: int) -> list[str]:
    """Name the wallets of the sub-accounts, as the fetchers do."""
    return [f"sub:desk{number}" for number in range(subs)]


def build_world(subs: int) -> World:
    """Furnish one account: ten coins, a stake, and sub-accounts with a coin each."""
    world = World()
    account = world.add_account("okx", Key(KEY, SECRET, PHRASE))
    for number, coin in enumerate(COINS):
        account.set("funding", coin, available=f"{number}1234.567890123456", held="0.25")
    account.stake("8.63926191", latest="0.00086549", total="0.1949", taken_at=datetime.now(UTC))
    for wallet in wallet_names(subs):
        account.add_sub(wallet.removeprefix("sub:"))
        account.set(wallet, "USDT", available="12345.678901234567890123")
    return world


async def serve(subs: int, *, jitter: bool, strict: bool) -> None:
    """Tell the address, then answer each line of the input with the journal."""
    chance = latencies()
    async with serve_exchange(
        "okx",
        build_world(subs),
        latency=(lambda: latency(chance)) if jitter else None,
        limits=None if strict else NO_LIMITS,
    ) as served:
        print(served.url, flush=True)
        while await asyncio.to_thread(sys.stdin.readline):
            rows = [(entry.arrived, entry.endpoint, entry.limited) for entry in served.journal]
            print(json.dumps(rows), flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--subs", type=int, default=0)
    parser.add_argument("--jitter", action="store_true")
    parser.add_argument("--strict", action="store_true")
    arguments = parser.parse_args()
    asyncio.run(serve(arguments.subs, jitter=arguments.jitter, strict=arguments.strict))
