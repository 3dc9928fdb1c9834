"""Whether limits run side by side: a whole account against its slowest limit alone.

    python -m bench.sweep [--subs N]

Funding (6 in 1 s), ETH staking (6 in 1 s) and sub-accounts (6 in 2 s, all of them together) are
read with one key at once; then the sub-accounts alone. Times are those of the server's journal:
the first arrival to the last. Nobody who waits for one limit may keep others from leaving.
"""

import argparse
import asyncio
from collections.abc import Iterable, Sequence

from bench.emulator import (
    CREDENTIALS,
    ETH_STAKING,
    FUNDING,
    SUB_FUNDING,
    Arrival,
    emulated,
    wallet_names,
)
from bench.fetch import print_head
from bench.sub_accounts import ideal_s
from bot.fetchers import open_fetcher
from bot.transport import WireTransport

TIMES = 18
"""How often each of the two other wallets is read: for more than two seconds, each for itself."""


async def sweep(wallets: Sequence[str], *, subs: int) -> list[Arrival]:
    """Read all wallets at once; give the server's journal."""
    async with emulated(subs=subs, jitter=True) as server, WireTransport() as http:
        fetcher = open_fetcher("okx", CREDENTIALS, http, base_url=server.url)
        readings = await asyncio.gather(*map(fetcher.fetch, wallets))
        assert all(reading.error is None for reading in readings), "a wallet was not read"
        return await server.journal()


def span_s(arrivals: Iterable[Arrival], *, since_s: float) -> float:
    """Tell when the last one came."""
    return max(arrival.at_s for arrival in arrivals) - since_s


async def measure(subs: int) -> None:
    """Sweep twice, and print the times of each limit."""
    wallets = wallet_names(subs)
    alone = await sweep(wallets, subs=subs)
    others = ["funding", "eth-staking"] * TIMES
    together = await sweep([*wallets, *others], subs=subs)
    slowest_s = span_s(alone, since_s=alone[0].at_s)
    whole_s = span_s(together, since_s=together[0].at_s)
    print(f"{subs} sub-accounts, {TIMES} x funding and {TIMES} x eth-staking with one key")
    print(f"  {slowest_s:6.2f} s  sub-accounts alone, ideal {ideal_s(subs):.2f} s")
    for endpoint in (SUB_FUNDING, FUNDING, ETH_STAKING):
        own = [arrival for arrival in together if arrival.endpoint == endpoint]
        print(f"  {span_s(own, since_s=together[0].at_s):6.2f} s  {endpoint}, beside the others")
    refused = sum(arrival.limited for arrival in together)
    ratio = whole_s / slowest_s
    print(f"  {whole_s:6.2f} s  all of it: slowest alone x {ratio:.3f}, refused {refused}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--subs", type=int, default=20)
    print_head()
    asyncio.run(measure(parser.parse_args().subs))
