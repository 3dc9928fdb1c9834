"""The way out, byte by byte: what is sent is what was asked for, and errors tell what has left."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx
import pytest

from bot.transport import WireTransport

Client = httpx.AsyncClient  # noqa: TID251 - a client over the transport, to ask with

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
COOKIE = b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nContent-Length: 2\r\n\r\nok"
CUT = b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nhalf"
CUT_CHUNK = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nhalf"
REDIRECT = b"HTTP/1.1 302 Found\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n"
GZIP = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\nok"


@dataclass
class Server:
    """Answers each request with the next bytes; None hangs up, "" never answers."""

    answers: list[bytes | None]
    url: str = ""
    heads: list[bytes] = field(default_factory=list)
    connections: int = 0
    released: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while answer := await self._answer(reader):
                writer.write(answer)
                if answer in (CUT, CUT_CHUNK):
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader) -> bytes | None:
        self.heads.append(await reader.readuntil(b"\r\n\r\n"))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if answer == b"":
            await self.released.wait()
        return answer

    @property
    def targets(self) -> list[str]:
        return [head.split(b" ")[1].decode() for head in self.heads]


@asynccontextmanager
async def serving(*answers: bytes | None) -> AsyncIterator[Server]:
    server = Server(list(answers))
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    server.url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    try:
        yield server
    finally:
        server.released.set()
        listener.close()


@pytest.fixture
async def http() -> AsyncIterator[Client]:
    """A client over the transport."""
    async with Client(transport=WireTransport()) as client:
        yield client


@pytest.mark.parametrize(
    "target",
    [
        "/a?ccy=BTC%2CETH",
        "/a?ccy=BTC,ETH",
        "/a?subAcct=desk%201",
        "/a?x=~user+1&y=a%2Bb",
        "/a%2Fb/c?q=%E2%82%AC&empty=&flag",
        "/a?x=%7e&y=%7E",
        "/a;v=1?x='()*!:@$",
    ],
)
async def test_address_arrives_as_it_was_written(http: Client, target: str) -> None:
    """What was signed is what is sent: nothing is quoted or unquoted on the way."""
    async with serving(OK) as server:
        url = httpx.URL(server.url).copy_with(raw_path=target.encode())
        await http.get(url)
        assert server.targets == [target]


async def test_headers_and_body_arrive(http: Client) -> None:
    """Headers go out as they were given, repeated ones too, and with a length to the body."""
    async with serving(OK) as server:
        answer = await http.post(server.url, content=b"", headers=[("X-A", "1"), ("X-A", "2")])
        head = server.heads[0].lower()
    assert (answer.status_code, answer.text) == (200, "ok")
    assert head.count(b"x-a: ") == 2
    assert b"content-length: 0" in head
    assert head.count(b"host: ") == 1


async def test_header_arrives_byte_for_byte(http: Client) -> None:
    """A header of other letters goes out as the bytes that were given."""
    name = "Büro".encode()
    async with serving(OK) as server:
        await http.get(server.url, headers=[(b"X-Name", name)])
        assert b"X-Name: " + name + b"\r\n" in server.heads[0]


@pytest.mark.parametrize("size", [0, 1, 950, 40_000, 3_000_000])
async def test_body_is_whole_and_its_connection_used_again(http: Client, size: int) -> None:
    """Whether a body comes with its head or long after it: every byte, and one connection."""
    body = bytes(number % 251 for number in range(size))
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n".encode()
    async with serving(head + body) as server:
        assert [(await http.get(server.url)).content for _ in range(3)] == [body] * 3
        assert server.connections == 1


async def test_body_after_its_head(http: Client) -> None:
    """The head alone is handed over at once; the body follows when it comes."""
    asked_for_more = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK.removesuffix(b"ok"))
        await asked_for_more.wait()
        writer.write(b"ok")
        writer.close()

    listener = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    async with listener, http.stream("GET", url) as answer:
        assert answer.status_code == 200
        asked_for_more.set()
        assert await answer.aread() == b"ok"


async def test_no_cookie_is_kept(http: Client) -> None:
    """What a server sets does not come back to it: two accounts must not be seen as one."""
    async with serving(COOKIE) as server:
        for _ in range(2):
            await http.get(server.url)
    assert all(b"cookie" not in head.lower() for head in server.heads)


async def test_redirect_is_not_followed(http: Client) -> None:
    """A redirect is an answer like any other: a signed request goes nowhere else."""
    async with serving(REDIRECT) as server:
        assert (await http.get(server.url)).status_code == 302
        assert len(server.heads) == 1


async def test_refused_connection(http: Client) -> None:
    """Where nobody listens, surely nothing has left."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
        with pytest.raises(httpx.ConnectError):
            await http.get(url)


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_hang_up_after_the_request(http: Client, method: str) -> None:
    """A server that hangs up may have done it: no connect error, and no second request."""
    async with serving(None) as server:
        with pytest.raises(httpx.TransportError) as failed:
            await http.request(method, server.url)
        assert len(server.heads) == 1
    assert not isinstance(failed.value, httpx.ConnectError | httpx.ConnectTimeout)


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_hang_up_on_a_connection_in_use(http: Client, method: str) -> None:
    """The same on a connection that has served before: the request is not repeated on another."""
    async with serving(OK, None) as server:
        await http.get(server.url)
        with pytest.raises(httpx.TransportError) as failed:
            await http.request(method, server.url)
        assert len(server.heads) == 2
    assert not isinstance(failed.value, httpx.ConnectError | httpx.ConnectTimeout)


@pytest.mark.parametrize("answer", [CUT, CUT_CHUNK])
async def test_cut_body(http: Client, answer: bytes) -> None:
    """Half an answer is an error, never a short answer."""
    async with serving(answer) as server:
        with pytest.raises(httpx.ReadError):
            await http.get(server.url)


async def test_bad_gzip(http: Client) -> None:
    """The body is unpacked by httpx, which says when it cannot be."""
    async with serving(GZIP) as server:
        with pytest.raises(httpx.DecodingError):
            await http.get(server.url)


@pytest.mark.parametrize("begun", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"])
async def test_no_answer_in_time(http: Client, begun: bytes) -> None:
    """An answer that does not come, or stops, ends in a read time-out."""
    timeout = httpx.Timeout(5, read=0.05)
    async with serving(begun) as server:
        with pytest.raises(httpx.ReadTimeout):
            await http.get(server.url, timeout=timeout)
        assert len(server.heads) == 1


async def test_connections_survive_abuse(http: Client) -> None:
    """Cancelled requests give their places back: after a hundred of them others get through."""
    async with serving(b"") as server:
        for _ in range(3):
            tasks = [asyncio.ensure_future(http.get(server.url)) for _ in range(100)]
            await asyncio.sleep(0.02)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
    async with serving(OK) as other:
        assert (await http.get(other.url)).text == "ok"


async def test_full_pool_is_surely_unsent(make_client: Callable[..., Client]) -> None:
    """Who finds no free connection in time has sent nothing, and says so."""
    async with serving(b"") as server, make_client(WireTransport(most_per_host=1)) as http:
        first = asyncio.ensure_future(http.get(server.url))
        while not server.heads:  # noqa: ASYNC110 - the server tells nobody
            await asyncio.sleep(0.001)
        with pytest.raises(httpx.ConnectTimeout):
            await http.get(server.url, timeout=httpx.Timeout(5, pool=0.05))
        assert len(server.heads) == 1
        first.cancel()


async def test_errors_carry_no_address(http: Client) -> None:
    """An address may hold a signature: it is in no text and in no cause of an error."""
    async with serving(None) as server:
        for url in (f"{server.url}/?sign=SECRET", "http://127.0.0.1:9/?sign=SECRET"):
            with pytest.raises(httpx.TransportError) as failed:
                await http.get(url)
            error: BaseException | None = failed.value
            while error is not None:
                assert "SECRET" not in f"{error} {error!r}"
                error = error.__cause__ or error.__context__


@pytest.fixture
def make_client() -> Callable[..., Client]:
    """Build a client over a transport."""
    return lambda transport: Client(transport=transport)
