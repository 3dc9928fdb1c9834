"""The one way out: httpx over aiohttp's connections, for the exchanges and for Telegram alike.

httpx's own pool leaks and slows down; the `httpx-aiohttp` package (0.2.0) avoids that, but hands
the address over as text, which aiohttp quotes anew (`%2C` becomes `,`, and what was signed is no
longer what is sent), and it reports a server that hangs up after it took the request as
`ConnectTimeout`, as if nothing had been sent. An alert that may have arrived must not be taken for
one that surely has not.
"""

from collections.abc import AsyncIterator
from functools import cache, lru_cache
from ssl import SSLContext

import aiohttp
import httpx
import yarl
from typing_extensions import override

CHUNK_BYTES = 16 * 1024
NOT_PASSED_ON = {b"set-cookie"}
"""httpx would keep a cookie and send it back with another account's key."""


class WireTransport(httpx.AsyncBaseTransport):
    """Send exactly the bytes of the request's address, and tell "never sent" from "maybe sent".

    `httpx.ConnectError` and `httpx.ConnectTimeout` mean that no byte has left; every other
    `httpx.TransportError` leaves open whether the request has arrived.
    """

    def __init__(self, *, most_per_host: int = 100) -> None:
        """Limit the connections to each server, and not in all: one that hangs stops no other."""
        self._most_per_host = most_per_host
        self._tls = _tls()
        self._session: aiohttp.ClientSession | None = None

    @override
    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request; raise `httpx.TransportError` where no answer came."""
        try:
            answer = await self._open().request(
                request.method,
                yarl.URL(str(request.url), encoded=True),
                headers=[(name.decode(), value.decode()) for name, value in request.headers.raw],
                data=await request.aread() or None,
                allow_redirects=False,
                timeout=_timeouts(request),
            )
            body = _body(answer)
        except (aiohttp.ClientError, OSError) as e:
            failure = _translated(e)
        else:
            return httpx.Response(
                answer.status,
                headers=[h for h in answer.raw_headers if h[0].lower() not in NOT_PASSED_ON],
                stream=body,
                request=request,
            )
        raise failure

    def _open(self) -> aiohttp.ClientSession:
        """Open the session on first use: aiohttp wants a running loop for it."""
        if self._session is None:
            session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=0,
                    limit_per_host=self._most_per_host,
                    ssl=self._tls,
                    resolver=aiohttp.ThreadedResolver(),  # the system's, whatever is installed
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
            )
            # It would send a GET again on its own when the server hangs up: uncounted by the pace.
            session._retry_connection = False  # noqa: SLF001 - there is no other switch
            self._session = session
        return self._session

    @override
    async def aclose(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()


@cache
def _tls() -> SSLContext:
    """Load the authorities once: it takes tens of milliseconds, which no request should wait."""
    return httpx.create_ssl_context()


def _body(answer: aiohttp.ClientResponse) -> httpx.AsyncByteStream:
    """Hand over in one piece what has come to its end with the head, as small bodies do."""
    if answer.content.is_eof():  # and so its connection is free again already
        return httpx.ByteStream(answer.content.read_nowait())
    return _Stream(answer)


class _Stream(httpx.AsyncByteStream):
    """The answer's body as it comes; a cut one is an error, never a quiet end."""

    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self._answer = answer

    @override
    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self._answer.content.iter_chunked(CHUNK_BYTES):
                yield chunk
        except (aiohttp.ClientError, OSError) as e:
            failure = _translated(e)
        else:
            return
        raise failure

    @override
    async def aclose(self) -> None:
        """Give the connection back, or close it where the body was not read to its end."""
        self._answer.release()


def _timeouts(request: httpx.Request) -> aiohttp.ClientTimeout:
    phases = request.extensions.get("timeout", {})
    return _timeout(phases.get("pool"), phases.get("connect"), phases.get("read"))


@lru_cache(maxsize=64)
def _timeout(
    pool: float | None, connect: float | None, read: float | None
) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=None, connect=pool, sock_connect=connect, sock_read=read)


def _translated(e: Exception) -> httpx.TransportError:
    """Name the failure in httpx's words, without the cause: it may carry a signed address."""
    if isinstance(e, aiohttp.ConnectionTimeoutError):
        return httpx.ConnectTimeout("no connection in time")
    if isinstance(e, aiohttp.ClientConnectorError):
        return httpx.ConnectError("no connection")
    if isinstance(e, TimeoutError):
        return httpx.ReadTimeout("no answer in time")
    if isinstance(e, aiohttp.ServerDisconnectedError):
        return httpx.RemoteProtocolError("the server hung up without an answer")
    if isinstance(e, aiohttp.ClientPayloadError):
        return httpx.ReadError("the answer was cut")
    return httpx.ReadError("the connection broke")
