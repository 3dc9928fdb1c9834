"""Emulated exchanges: real HTTP on the loopback, strict about signatures, clocks and limits.

world = World()
account = world.add_account("okx", Key("key", "secret", "passphrase"))
account.set("funding", "USDT", available="12345.678901234567890123")
async with serve_exchange("okx", world) as served:
    ...  # served.url is the base URL, served.journal has every request and its verdict
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from aiohttp import web

from bot.sandbox.exchanges import coinw, okx, xt
from bot.sandbox.exchanges._judge import (
    Emulator,
    Entry,
    Journal,
    Judge,
    Limit,
    utc_now,
)
from bot.sandbox.faults import Faults
from bot.sandbox.world import World

__all__ = [
    "EMULATORS",
    "ENDPOINTS",
    "NO_LIMITS",
    "Emulator",
    "Entry",
    "Journal",
    "Limit",
    "Served",
    "serve_exchange",
]

EMULATORS: Mapping[str, Callable[[World], Judge]] = MappingProxyType(
    {"okx": okx.Okx, "coinw": coinw.CoinW, "xt": xt.Xt}
)
"""How each exchange judges and answers; `serve_exchange` puts it behind a server."""

ENDPOINTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"okx": okx.ENDPOINTS, "coinw": coinw.ENDPOINTS, "xt": xt.ENDPOINTS}
)
"""The names of the endpoints, as faults and journals use them."""

NO_LIMITS: Mapping[str, Limit] = MappingProxyType({})

# Requests in flight get no longer than this when a server ends: some of them never answer.
_SHUTDOWN_S = 0.1


@dataclass(frozen=True, slots=True)
class Served:
    """An exchange that is running."""

    url: str
    """Its base URL, without a slash at the end."""
    journal: Journal
    faults: Faults


@asynccontextmanager
async def serve_exchange(
    slug: str,
    world: World,
    *,
    faults: Faults | None = None,
    latency: Callable[[], float] | None = None,
    clock: Callable[[], datetime] = utc_now,
    monotonic: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    limits: Mapping[str, Limit] | None = None,
    port: int = 0,
) -> AsyncIterator[Served]:
    """Run an emulated exchange on 127.0.0.1; see `Emulator` for the collaborators.

    Port 0 takes a free one. `limits=NO_LIMITS` lets everything through.
    """
    emulator = Emulator(
        EMULATORS[slug](world),
        world,
        faults=faults,
        latency=latency,
        clock=clock,
        monotonic=monotonic,
        sleep=sleep,
        limits=limits,
    )
    runner = web.AppRunner(
        emulator.application(),
        access_log=None,
        handler_cancellation=True,
        shutdown_timeout=_SHUTDOWN_S,
    )
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", port)
        await site.start()
        _, taken = runner.addresses[0][:2]
        yield Served(f"http://127.0.0.1:{taken}", emulator.journal, emulator.faults)
    finally:
        await runner.cleanup()
