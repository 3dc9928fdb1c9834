"""What the tests of the fetchers share: clients, and recorded answers."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.fetchers import Credentials
from bot.fetchers._http import HttpClient
from bot.transport import WireTransport

OpenClient = Callable[[httpx.AsyncBaseTransport], HttpClient]
OverHandler = Callable[[Callable[..., Any]], HttpClient]
Instantly = Callable[[Callable[[], Coroutine[Any, Any, Any]]], Any]
WallClock = Callable[[], datetime]

CREDENTIALS = Credentials("key-123456", "secret-123456", "phrase-123456")
START = datetime(2026, 1, 15, 9, tzinfo=UTC)
EMPTY = '{"code": "0", "data": [], "msg": ""}'


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the table of faults be written anew."""
    parser.addoption(
        "--renew-faults", action="store_true", help="write tests/fetchers/wire/faults.md"
    )


@pytest.fixture(scope="session")
def open_client() -> OpenClient:
    """Build a client over a transport; whoever asks for it closes it, or needs no closing."""
    return lambda transport: httpx.AsyncClient(transport=transport)  # noqa: TID251 - the tests' one


@pytest.fixture(scope="session")
def over_handler(open_client: OpenClient) -> OverHandler:
    """Build a client whose requests are answered by a function."""
    return lambda handler: open_client(httpx.MockTransport(handler))


@pytest.fixture
async def http(open_client: OpenClient) -> AsyncIterator[HttpClient]:
    """Give a client over real sockets."""
    async with open_client(WireTransport()) as client:
        yield client


@pytest.fixture(scope="session")
def wall_clock() -> WallClock:
    """Tell a time that goes with the running loop's."""
    return lambda: START + timedelta(seconds=asyncio.get_running_loop().time())


@pytest.fixture(scope="session")
def recorded() -> Callable[[str], bytes]:
    """Read an answer of the exchanges' documents."""
    folder = Path(__file__).parent / "answers"
    return lambda name: (folder / f"{name}.json").read_bytes()
