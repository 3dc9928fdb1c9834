"""What the tests of the emulated exchanges share: a clock by hand, a client, a stage."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import aiohttp
import pytest
from yarl import URL

from bot.sandbox.exchanges import Served, serve_exchange
from bot.sandbox.world import Account, Key, World

START = datetime(2026, 1, 15, 9, tzinfo=UTC)


@dataclass
class HandClock:
    """Wall clock, monotonic clock and sleep, moved by hand and together."""

    seconds: float = 1000.0
    slept: list[float] = field(default_factory=list)

    def now(self) -> datetime:
        return START + timedelta(seconds=self.seconds - 1000)

    def monotonic(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds += seconds


@dataclass(frozen=True)
class Reply:
    """An answer, read to its end."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body, parse_float=Decimal)

    @property
    def code(self) -> Any:
        return self.json["code"]


@dataclass
class Stage:
    """One account on one running exchange, and a way to call it."""

    served: Served
    world: World
    account: Account
    http: aiohttp.ClientSession

    async def call(
        self, target: str, headers: Mapping[str, str] | None = None, **more: Any
    ) -> Reply:
        """Send the target byte for byte."""
        method = more.pop("method", "GET")
        url = URL(self.served.url + target, encoded=True)
        more.setdefault("skip_auto_headers", ("Content-Type",))
        more.setdefault("allow_redirects", False)
        async with self.http.request(method, url, headers=headers, **more) as response:
            return Reply(response.status, response.headers, await response.read())


OpenStage = Callable[..., Awaitable[Stage]]

KEYS = {
    "okx": Key("okx-key", "okx-secret", "okx-pass"),
    "coinw": Key("coinw-key", "coinw-secret"),
    "xt": Key("xt-key", "xt-secret"),
}


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
async def open_stage(clock: HandClock) -> AsyncIterator[OpenStage]:
    """Open an exchange with one account; clocks are by hand unless given."""
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(aiohttp.ClientSession())

        async def open_one(slug: str, **options: Any) -> Stage:
            world = World()
            account = world.add_account(slug, KEYS[slug])
            options = {
                "clock": clock.now,
                "monotonic": clock.monotonic,
                "sleep": clock.sleep,
            } | options
            served = await stack.enter_async_context(serve_exchange(slug, world, **options))
            return Stage(served, world, account, http)

        yield open_one
