"""What one fetch costs: CPU time of the client alone, beside ccxt and beside bare aiohttp.

    python -m bench.fetch [--rounds N]

Each reads the same OKX funding account of ten coins from the sandbox's emulator, which runs in a
process of its own and has its limits off. "Bare" is aiohttp with our signature and our strict
parsing, and nothing between them. The three take turns; each figure is a median, the ratios, too.
"""

import argparse
import asyncio
import gc
import os
import platform
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from types import MappingProxyType

import aiohttp
import ccxt.async_support as ccxt
import yarl

from bench.emulator import COINS, CREDENTIALS, KEY, PHRASE, SECRET, emulated
from bot.fetchers import Pacer, open_fetcher
from bot.fetchers._parsing import decode_object
from bot.fetchers._signing import okx_signature, okx_timestamp
from bot.fetchers.okx import parse_funding
from bot.transport import WireTransport

AT_ONCE: Mapping[int, int] = MappingProxyType({1: 100, 20: 400, 100: 400})
"""How many fetches a round has, by how many run at once."""
TARGET = "/api/v5/asset/balances"

Fetch = Callable[[], Awaitable[int]]
"""Reads the account once and tells the number of coins."""


@asynccontextmanager
async def open_ours(url: str) -> AsyncIterator[Fetch]:
    """Fetch as the bot does, without waiting for the pace."""
    async with WireTransport() as http:
        fetcher = open_fetcher("okx", CREDENTIALS, http, base_url=url, pacer=Pacer(enabled=False))

        async def fetch() -> int:
            return len((await fetcher.fetch("funding")).balances or ())

        yield fetch


@asynccontextmanager
async def open_peer(url: str, *, paced: bool = False) -> AsyncIterator[ccxt.okx]:
    """Open ccxt on the emulator, with one market, so that it loads none."""
    peer = ccxt.okx(
        {"apiKey": KEY, "secret": SECRET, "password": PHRASE, "enableRateLimit": paced}
    )
    peer.urls["api"]["rest"] = url
    peer.set_markets([peer.safe_market_structure({"id": "BTC-USDT", "symbol": "BTC/USDT"})])
    try:
        yield peer
    finally:
        await peer.close()


@asynccontextmanager
async def open_ccxt(url: str) -> AsyncIterator[Fetch]:
    """Fetch with the peer."""
    async with open_peer(url) as peer:

        async def fetch() -> int:
            return len((await peer.fetch_balance({"type": "funding"}))["total"])

        yield fetch


@asynccontextmanager
async def open_bare(url: str) -> AsyncIterator[Fetch]:
    """Fetch with aiohttp alone: what nobody on top of it can go below."""
    address = yarl.URL(url + TARGET, encoded=True)
    async with aiohttp.ClientSession() as session:

        async def fetch() -> int:
            async with session.get(address, headers=signed_headers()) as answer:
                content = decode_object(await answer.read())
            assert content["code"] == "0"
            return len(parse_funding(content))

        yield fetch


def signed_headers() -> dict[str, str]:
    """Sign the one request there is."""
    timestamp = okx_timestamp(datetime.now(UTC))
    signature = okx_signature(SECRET, timestamp=timestamp, method="GET", target=TARGET)
    return {
        "OK-ACCESS-KEY": KEY,
        "OK-ACCESS-PASSPHRASE": PHRASE,
        "OK-ACCESS-TIMESTAMP": timestamp,
        "OK-ACCESS-SIGN": signature,
    }


async def cost_ms(fetch: Fetch, *, at_once: int, fetches: int) -> float:
    """Fetch so many times, so many at once; give CPU milliseconds per fetch."""
    coins: list[int] = []

    async def work() -> None:
        for _ in range(fetches // at_once):
            coins.append(await fetch())  # noqa: PERF401 - one after another

    gc.collect()
    started = time.process_time()
    await asyncio.gather(*(work() for _ in range(at_once)))
    spent = time.process_time() - started
    assert coins == [len(COINS)] * fetches, "an account was not read"
    return spent / fetches * 1000


async def measure(rounds: int) -> None:
    """Open all three and print a row for each number at once."""
    openers = {"ours": open_ours, "ccxt": open_ccxt, "bare": open_bare}
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(emulated(strict=False))
        clients = {
            name: await stack.enter_async_context(opener(server.url))
            for name, opener in openers.items()
        }
        print(f"OKX funding, {len(COINS)} coins: CPU ms per fetch, medians of {rounds} rounds")
        columns = (*clients, "ours : ccxt", "ours : bare")
        print(f"{'at once':>12}" + "".join(f"{name:>12}" for name in columns), flush=True)
        for at_once, fetches in AT_ONCE.items():
            figures = await compare(clients, at_once=at_once, fetches=fetches, rounds=rounds)
            print(f"{at_once:>12}" + "".join(f"{n:>12.3f}" for n in figures), flush=True)


async def compare(
    clients: Mapping[str, Fetch], *, at_once: int, fetches: int, rounds: int
) -> list[float]:
    """Let all take turns; give the median of each, and of the ratios within a round."""
    for fetch in clients.values():  # opens the connections
        await cost_ms(fetch, at_once=at_once, fetches=at_once)
    gc.collect()
    gc.freeze()  # what the imports left (ccxt's are large) is no part of a fetch
    runs = []
    for turn in range(rounds):
        names = list(clients)[turn % 3 :] + list(clients)[: turn % 3]
        spent = {n: await cost_ms(clients[n], at_once=at_once, fetches=fetches) for n in names}
        ratios = spent["ours"] / spent["ccxt"], spent["ours"] / spent["bare"]
        runs.append([*(spent[name] for name in clients), *ratios])
    return [statistics.median(column) for column in zip(*runs, strict=True)]


def print_head() -> None:
    """Say where and when this was measured."""
    print(
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, {platform.machine()}, "
        f"Python {platform.python_version()}, aiohttp {aiohttp.__version__}, "
        f"ccxt {ccxt.__version__}"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    print_head()
    asyncio.run(measure(parser.parse_args().rounds))
