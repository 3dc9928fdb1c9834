"""How long 60 sub-accounts of one OKX key take, beside what the limit of 6 in 2 s allows at best.

    python -m bench.sub_accounts [--jitter] [--subs N]

The server is the sandbox's emulator, whose window is strict; `--jitter` lets every request take
5 to 80 ms.
"""

import argparse
import asyncio
import random
import time
from collections.abc import Callable

import httpx

from bot.fetchers import Credentials, Fetcher, open_fetcher
from bot.sandbox.exchanges import serve_exchange
from bot.sandbox.world import Key, World
from bot.transport import WireTransport

PER_WINDOW, WINDOW_S = 6, 2.0


async def read_all(fetcher: Fetcher, wallets: list[str]) -> tuple[float, int]:
    """Read all wallets at once; tell the seconds and the number of failures."""
    started = time.perf_counter()
    readings = await asyncio.gather(*map(fetcher.fetch, wallets))
    return time.perf_counter() - started, sum(reading.error is not None for reading in readings)


async def measure(subs: int, latency: Callable[[], float] | None) -> None:
    """Serve, read, and print one line."""
    world = World()
    account = world.add_account("okx", Key("key", "secret", "phrase"))
    wallets = [account.add_sub(f"desk{number}") for number in range(subs)]
    async with (
        serve_exchange("okx", world, latency=latency) as served,
        httpx.AsyncClient(transport=WireTransport()) as http,
    ):
        credentials = Credentials("key", "secret", "phrase")
        fetcher = open_fetcher("okx", credentials, http, base_url=served.url)
        seconds, failures = await read_all(fetcher, wallets)
    ideal = (subs - 1) // PER_WINDOW * WINDOW_S
    print(
        f"{subs} sub-accounts: {seconds:.2f} s, ideal {ideal:.1f} s"
        + (f" (x {seconds / ideal:.3f})" if ideal else "")
        + f", refused by the server: {len(served.journal.limited())}, unread: {failures}"
    )


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jitter", action="store_true", help="5 to 80 ms per request")
    parser.add_argument("--subs", type=int, default=60)
    arguments = parser.parse_args()
    chance = random.Random(1)  # noqa: S311 - the same latencies in each run
    latency = (lambda: chance.uniform(0.005, 0.080)) if arguments.jitter else None
    asyncio.run(measure(arguments.subs, latency))


if __name__ == "__main__":
    main()
