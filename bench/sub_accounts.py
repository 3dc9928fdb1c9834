"""How long the sub-accounts of one OKX key take under its limit of 6 requests in 2 s.

    python -m bench.sub_accounts [--subs N …] [--no-jitter] [--no-peer]

Beside three others:

- the ideal: six every two seconds, over a network that takes no time;
- the floor: the best that a client can do which is never refused. The server counts a request at
  any moment between its sending and its answer, so one more may leave only while at most five
  earlier ones can still be counted. With the latencies that the server draws;
- ccxt with its own rate limiter, in the same run (not above 60: minutes).

The server is the sandbox's emulator in a process of its own; its window is strict, and a request
takes 5 to 80 ms.
"""

import argparse
import asyncio
import heapq
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from bench.emulator import (
    CREDENTIALS,
    SUB_FUNDING,
    Arrival,
    emulated,
    latencies,
    latency,
    wallet_names,
)
from bench.fetch import open_peer, print_head
from bot.fetchers import open_fetcher
from bot.transport import WireTransport

PER_WINDOW, WINDOW_S = 6, 2.0
MOST_FOR_THE_PEER = 60


@dataclass(frozen=True, slots=True)
class Run:
    """What became of one client's reading of all sub-accounts."""

    seconds: float
    unread: int
    journal: Sequence[Arrival]

    @property
    def refused(self) -> int:
        """Count what the server refused for its limit."""
        return sum(arrival.limited for arrival in self.journal)

    @property
    def fullest_window(self) -> int:
        """Count the requests in the fullest window that the server saw, refused ones, too."""
        times = [a.at_s for a in self.journal if a.endpoint == SUB_FUNDING]
        return max(
            sum(start <= at < start + WINDOW_S for at in times[i : i + 10 * PER_WINDOW])
            for i, start in enumerate(times)
        )


Reads = Callable[[str], Awaitable[bool]]
"""Reads a wallet, and says whether that went well."""


async def run_ours(subs: int, *, jitter: bool) -> Run:
    """Read as the bot does."""
    async with emulated(subs=subs, jitter=jitter) as server, WireTransport() as http:
        fetcher = open_fetcher("okx", CREDENTIALS, http, base_url=server.url)

        async def read(wallet: str) -> bool:
            return (await fetcher.fetch(wallet)).error is None

        seconds, unread = await read_all(read, wallet_names(subs))
        return Run(seconds, unread, await server.journal())


async def run_peer(subs: int, *, jitter: bool) -> Run:
    """Read with ccxt, which keeps the pace by itself."""
    async with (
        emulated(subs=subs, jitter=jitter) as server,
        open_peer(server.url, paced=True) as peer,
    ):

        async def read(wallet: str) -> bool:
            name = wallet.removeprefix("sub:")
            answer = await peer.privateGetAssetSubaccountBalances({"subAcct": name})
            return bool(answer["code"] == "0")

        seconds, unread = await read_all(read, wallet_names(subs))
        return Run(seconds, unread, await server.journal())


async def read_all(read: Reads, wallets: Sequence[str]) -> tuple[float, int]:
    """Read all wallets at once; tell the seconds and the number of failures."""
    started = time.perf_counter()
    results = await asyncio.gather(*map(read, wallets), return_exceptions=True)
    return time.perf_counter() - started, sum(result is not True for result in results)


def ideal_s(requests: int) -> float:
    """Tell when the last window opens."""
    return (requests - 1) // PER_WINDOW * WINDOW_S


def floor_s(taking: Sequence[float]) -> float:
    """Tell how soon requests that take so long can all be answered without any risk."""
    free_at = [0.0] * PER_WINDOW
    ended = 0.0
    for seconds in taking:
        answered_at = heapq.heappop(free_at) + seconds
        heapq.heappush(free_at, answered_at + WINDOW_S)
        ended = max(ended, answered_at)
    return ended


async def measure(subs: int, *, jitter: bool, with_peer: bool) -> None:
    """Run the clients one after another, and print a line for each."""
    chance = latencies()
    floor = floor_s([latency(chance) if jitter else 0.0 for _ in range(subs)])
    ideal = ideal_s(subs)
    print(f"{subs} sub-accounts: ideal {ideal:.2f} s, floor {floor:.2f} s")
    runs = {"ours": run_ours, "ccxt": run_peer}
    if not with_peer or subs > MOST_FOR_THE_PEER:
        del runs["ccxt"]
    for name, run in runs.items():
        done = await run(subs, jitter=jitter)
        ratios = f"ideal x {done.seconds / ideal:.3f}, floor x {done.seconds / floor:.3f}"
        print(
            f"  {name}: {done.seconds:6.2f} s, {ratios if ideal else 'one window'}, "
            f"refused {done.refused}, unread {done.unread}, "
            f"most within {WINDOW_S:.0f} s: {done.fullest_window} of {PER_WINDOW}",
            flush=True,
        )


async def measure_each(sizes: Sequence[int], *, jitter: bool, with_peer: bool) -> None:
    """Measure one size after another."""
    for subs in sizes:
        await measure(subs, jitter=jitter, with_peer=with_peer)


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--subs", type=int, nargs="+", default=[60, 300])
    switch = argparse.BooleanOptionalAction
    parser.add_argument("--jitter", action=switch, default=True, help="5 to 80 ms per request")
    parser.add_argument("--peer", action=switch, default=True, help="run ccxt, too")
    arguments = parser.parse_args()
    print_head()
    asyncio.run(measure_each(arguments.subs, jitter=arguments.jitter, with_peer=arguments.peer))


if __name__ == "__main__":
    main()
