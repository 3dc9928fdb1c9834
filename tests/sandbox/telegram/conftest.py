"""A sandbox Telegram on a real socket, and a bare client for it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest

from bot.sandbox.telegram import TelegramServer, serve_telegram

Api = Callable[..., Awaitable[tuple[int, dict[str, Any]]]]


class Clock:
    """A clock that stands still until it is told to go on."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 15, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **duration: float) -> None:
        self.now += timedelta(**duration)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def server(clock: Clock) -> TelegramServer:
    """One person, You (1001), in a private chat with the bot."""
    server = TelegramServer(clock=clock)
    server.add_private_chat("You")
    return server


@pytest.fixture
async def base_url(server: TelegramServer) -> AsyncIterator[str]:
    async with serve_telegram(server) as url:
        yield url


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session:
        yield session


@pytest.fixture
def api(server: TelegramServer, base_url: str, http: aiohttp.ClientSession) -> Api:
    """Call a method with a JSON body; give the HTTP status and the answer."""

    async def call(method: str, **parameters: Any) -> tuple[int, dict[str, Any]]:
        url = f"{base_url}/bot{server.token}/{method}"
        async with http.post(url, json=parameters) as response:
            return response.status, await response.json()

    return call
