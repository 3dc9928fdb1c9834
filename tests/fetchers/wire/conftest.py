"""What the tests over real sockets share: servers of every endpoint, and one client for all.

A client takes long to build (the TLS context), and must survive every fault.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio

from bot.fetchers import Fetcher, Pacer, open_fetcher
from bot.fetchers._http import HttpClient
from bot.transport import WireTransport
from tests.fetchers.endpoints import ENDPOINTS, attempt
from tests.fetchers.wire.server import CREDENTIALS, NOW, OpenAt, RawServer


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def http() -> AsyncIterator[HttpClient]:
    """Give the transport of the product, over real sockets."""
    async with WireTransport() as transport:
        yield transport


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def client(open_client: Callable[..., HttpClient]) -> AsyncIterator[HttpClient]:
    """Give a client, which does more than a transport, and logs more."""
    async with open_client(WireTransport()) as client:
        yield client


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def listening(recorded: Callable[[str], bytes]) -> AsyncIterator[list[RawServer]]:
    """Serve each endpoint on the loopback, and hang up whatever is still open at the end."""
    servers = [RawServer(endpoint, recorded) for endpoint in ENDPOINTS]
    async with contextlib.AsyncExitStack() as stack:
        for raw in servers:
            sockets = await asyncio.start_server(raw.answer, "127.0.0.1", 0, limit=2**16)
            await stack.enter_async_context(sockets)
            raw.url = f"http://127.0.0.1:{sockets.sockets[0].getsockname()[1]}"
        yield servers


@pytest.fixture
def servers(listening: list[RawServer]) -> dict[str, RawServer]:
    """Give the servers, honest and with nothing asked, by the names of their endpoints."""
    for raw in listening:
        raw.script = None
        raw.heads.clear()
    return {raw.endpoint.name: raw for raw in listening}


@pytest.fixture(scope="module")
def open_at(http: HttpClient) -> OpenAt:
    """Open a fetcher of the exchange that lives at a server."""

    def build(server: RawServer, deadline_s: float = 10, *, through: HttpClient = http) -> Fetcher:
        return open_fetcher(
            server.endpoint.exchange,
            CREDENTIALS,
            through,
            base_url=server.url,
            version=server.endpoint.version,
            pacer=Pacer(enabled=False),
            clock=lambda: NOW,
            deadline=timedelta(seconds=deadline_s),
        )

    return build


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def honest(listening: list[RawServer], open_at: OpenAt) -> dict[str, Any]:
    """Ask every endpoint while it behaves."""
    found = {}
    for server in listening:
        server.script = None
        error, value = await attempt(server.endpoint, open_at(server))
        assert error is None, (server.endpoint.name, error)
        found[server.endpoint.name] = value
    return found
