"""Every fault on every endpoint, over real sockets: the right error, no zero, no secret.

The server speaks bytes, so that it can do what no web framework lets it.
"""

import asyncio
import gzip
import json
import logging
import traceback
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio

from bot.fetchers import (
    EXCHANGES,
    Credentials,
    ExchangeUnavailable,
    Fetcher,
    FetchError,
    Pacer,
    PermissionMissing,
    RateLimited,
    UnexpectedAnswer,
    open_fetcher,
)
from bot.fetchers._http import HttpClient
from bot.transport import WireTransport

CREDENTIALS = Credentials("KEY-a1b2c3d4e5", "SECRET-f6g7h8i9j0", "PHRASE-k1l2m3")
NOW = datetime(2026, 1, 15, 9, tzinfo=UTC)
BIG = 6 * 1024 * 1024

# Every wallet of every exchange, with its recorded answer: a new one needs a recording.
ROWS = EXCHANGES.values()
ENDPOINTS = [(row.slug, name, f"{row.slug}-{name}") for row in ROWS for name in row.wallets]
ENDPOINTS += [(row.slug, "sub:desk 1", f"{row.slug}-funding") for row in ROWS if row.sub_accounts]

# One client for all: it takes long to build (the TLS context), and must survive every fault.
pytestmark = pytest.mark.asyncio(loop_scope="module")


@dataclass
class RawServer:
    """Answers every request with the bytes of a script."""

    url: str = ""
    script: Callable[[bytes], list[bytes | float]] = lambda _: []
    """From the head of a request to what is written; a number is a pause, 0 is for ever."""
    heads: list[bytes] = field(default_factory=list)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            self.heads.append(head)
            for part in self.script(head):
                if isinstance(part, bytes):
                    writer.write(part)
                    await writer.drain()
                elif part:
                    await asyncio.sleep(part)
                else:
                    await reader.read()  # until the other side gives up
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client hung up first, as it should with some faults
        finally:
            writer.close()


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def http(open_client: Callable[..., HttpClient]) -> AsyncIterator[HttpClient]:
    """Give a client over real sockets."""
    async with open_client(WireTransport()) as client:
        yield client


@pytest_asyncio.fixture(loop_scope="module")
async def server() -> AsyncIterator[RawServer]:
    """Serve on the loopback, and hang up whatever is still open at the end."""
    raw = RawServer()
    async with await asyncio.start_server(raw.answer, "127.0.0.1", 0, limit=2**16) as listening:
        raw.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
        yield raw


OpenAt = Callable[..., Fetcher]


@pytest.fixture
def open_at(server: RawServer, http: HttpClient) -> OpenAt:
    """Open a fetcher of an exchange that lives at the server."""

    def build(exchange: str, deadline_s: float = 10) -> Fetcher:
        return open_fetcher(
            exchange,
            CREDENTIALS,
            http,
            base_url=server.url,
            pacer=Pacer(enabled=False),
            clock=lambda: NOW,
            deadline=timedelta(seconds=deadline_s),
        )

    return build


def answered(body: bytes, *headers: str, status: int = 200) -> list[bytes | float]:
    """Write a whole answer."""
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(body)}", *headers]
    return ["\r\n".join([*lines, "Connection: close", "", ""]).encode() + body]


def rewritten(**members: Any) -> Callable[[bytes], bytes]:
    """Change members of the honest answer."""
    return lambda honest: json.dumps({**json.loads(honest), **members}).encode()


def without(member: str) -> Callable[[bytes], bytes]:
    """Leave a member out of the honest answer."""

    def change(honest: bytes) -> bytes:
        content = json.loads(honest)
        del content[member]
        return json.dumps(content).encode()

    return change


def other_code(honest: bytes) -> bytes:
    """Give the good code the other type."""
    code = json.loads(honest)["code"]
    return rewritten(code=int(code) if isinstance(code, str) else str(code))(honest)


def in_first_row(change: Callable[[dict[str, Any]], None]) -> Callable[[bytes], bytes]:
    """Change the amounts of the first row: its members, whatever the exchange calls them."""

    def changed(honest: bytes) -> bytes:
        content = json.loads(honest)
        data = content["data"]
        if isinstance(data, list):
            change(data[0])
        elif isinstance(first := next(iter(data.values())), dict):
            change(first)
        else:
            change(data)
        return json.dumps(content).encode()

    return changed


AMOUNTS = ("bal", "amt", "freeze", "USDT")


def amount(value: Any) -> Callable[[bytes], bytes]:
    """Put something else in place of an amount."""

    def change(row: dict[str, Any]) -> None:
        row[next(name for name in AMOUNTS if name in row)] = value

    return in_first_row(change)


def no_amount(row: dict[str, Any]) -> None:
    name = next(name for name in AMOUNTS if name in row)
    if name == "USDT":
        row[name] = None  # CoinW's rows are their amounts
    else:
        del row[name]


def written(value: str) -> Callable[[bytes], bytes]:
    """Put a literal in place of an amount, which json would not write."""
    return lambda honest: amount("@")(honest).replace(b'"@"', value.encode())


def coin_twice(honest: bytes) -> bytes:
    """List the first coin once more; where coins are names, in the other case."""
    content = json.loads(honest)
    data = content["data"]
    if isinstance(data, list):
        data.append(data[0])
    else:
        first = next(iter(data))
        data[first.swapcase()] = data[first]
    return json.dumps(content).encode()


def name_twice(honest: bytes) -> bytes:
    """Repeat a name within one object."""
    return honest.replace(b'"code"', b'"code": 0, "code"', 1)


# Bodies under HTTP 200 that must not pass for a balance, made of the honest one.
BODIES: dict[str, Callable[[bytes], bytes]] = {
    "html": lambda _: b"<!doctype html><html><body>We will be back</body></html>",
    "text": lambda _: b"upstream connect error",
    "empty": lambda _: b"",
    "list": lambda _: b"[]",
    "null": lambda _: b"null",
    "cut": lambda honest: honest[: len(honest) // 2],
    "byte-order mark": lambda honest: b"\xef\xbb\xbf" + honest,
    "utf-16": lambda honest: honest.decode().encode("utf-16"),
    "not utf-8": lambda honest: b'{"\xff": 0, ' + honest.lstrip()[1:],
    "two answers": lambda honest: honest + honest,
    "too large": lambda honest: honest + b" " * BIG,
    "too deep": lambda honest: b'{"a": ' + b"[" * 100_000,
    "data null": rewritten(data=None),
    "data text": rewritten(data="[]"),
    "data true": rewritten(data=True),
    "data zero": rewritten(data=0),
    "data list of null": rewritten(data=[None]),
    "data list of lists": rewritten(data=[[]]),
    "data of other rows": rewritten(data={"BTC": ["1"]}),
    "code of the other type": other_code,
    "code missing": without("code"),
    "code null": rewritten(code=None),
    "code true": rewritten(code=True),
    "code 1": rewritten(code=1),
    "code list": rewritten(code=[]),
    "code unknown": rewritten(code="987654"),
    "code long": rewritten(code="0" * 5000),
    "amount missing": in_first_row(no_amount),
    "amount null": amount(None),
    "amount empty": amount(""),
    "amount true": amount(True),
    "amount NaN": written("NaN"),
    "amount NaN text": amount("NaN"),
    "amount -Infinity": written("-Infinity"),
    "amount Infinity text": amount("Infinity"),
    "amount 1e999": written("1e999"),
    "amount 1e999 text": amount("1e999"),
    "amount with spaces": amount(" 1"),
    "amount with comma": amount("1,5"),
    "amount of 6,000 digits": written("1" * 6000),
    "amount in a list": amount(["1"]),
    "coin twice": coin_twice,
    "name twice": name_twice,
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
@pytest.mark.parametrize(("exchange", "wallet", "name"), ENDPOINTS, ids=str)
async def test_what_must_not_pass_for_a_balance(
    server: RawServer,
    open_at: OpenAt,
    recorded: Callable[[str], bytes],
    exchange: str,
    wallet: str,
    name: str,
    body: Callable[[bytes], bytes],
) -> None:
    """Each of these bodies under HTTP 200 is an unexpected answer, and gives no balances."""
    server.script = lambda _: answered(body(recorded(name)))
    reading = await open_at(exchange).fetch(wallet)
    assert reading.balances is None
    assert type(reading.error) is UnexpectedAnswer
    assert str(reading.error).startswith(exchange)


@pytest.mark.parametrize(("exchange", "wallet", "name"), ENDPOINTS, ids=str)
@pytest.mark.parametrize("compressed", [False, True], ids=["plain", "gzip"])
async def test_the_honest_answer_passes(
    server: RawServer,
    open_at: OpenAt,
    recorded: Callable[[str], bytes],
    exchange: str,
    wallet: str,
    name: str,
    compressed: bool,
) -> None:
    """Otherwise the faults would prove nothing: unspoilt, and with unknown members, it is read."""
    body = rewritten(extra={"rate": 1e-8})(recorded(name))
    server.script = lambda _: (
        answered(gzip.compress(body), "Content-Encoding: gzip") if compressed else answered(body)
    )
    reading = await open_at(exchange).fetch(wallet)
    assert reading.error is None
    assert reading.balances
    assert reading.read_at == NOW


HTML = b"<html><title>Not today</title></html>"
BOMB = gzip.compress(b" " * 50 * BIG, 1)
DROPS: list[bytes | float] = [b" ", 0.05] * 500
DRIP: list[bytes | float] = [b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n", *DROPS]

# Beyond the body: (what the server writes from the honest body, the error, its text).
WIRE: dict[str, tuple[Callable[[bytes], list[bytes | float]], type[FetchError], str]] = {
    "500": (lambda body: answered(body, status=500), ExchangeUnavailable, "answered HTTP 500"),
    "502": (lambda _: answered(HTML, status=502), ExchangeUnavailable, "answered HTTP 502"),
    "503 cut": (
        lambda _: [b"HTTP/1.1 503 Down\r\nContent-Length: 9\r\n\r\nx"],
        ExchangeUnavailable,
        "answered HTTP 503",
    ),
    "400": (lambda _: answered(HTML, status=400), UnexpectedAnswer, "answered HTTP 400"),
    "403": (lambda _: answered(HTML, status=403), UnexpectedAnswer, "answered HTTP 403"),
    "404": (lambda body: answered(body, status=404), UnexpectedAnswer, "answered HTTP 404"),
    "201": (lambda body: answered(body, status=201), UnexpectedAnswer, "answered HTTP 201"),
    "204": (
        lambda _: [b"HTTP/1.1 204 None\r\nConnection: close\r\n\r\n"],
        UnexpectedAnswer,
        "answered HTTP 204",
    ),
    "206": (lambda body: answered(body, status=206), UnexpectedAnswer, "answered HTTP 206"),
    "302": (
        lambda body: answered(body, "Location: /elsewhere", status=302),
        UnexpectedAnswer,
        "answered HTTP 302",
    ),
    "307": (
        lambda body: answered(body, "Location: http://127.0.0.1:9/", status=307),
        UnexpectedAnswer,
        "answered HTTP 307",
    ),
    "429": (lambda _: answered(HTML, status=429), RateLimited, "too many requests"),
    "429 cut": (
        lambda _: [b"HTTP/1.1 429 Slow\r\nContent-Length: 9\r\n\r\nx"],
        RateLimited,
        "too many requests",
    ),
    "gzip that is none": (
        lambda body: answered(body, "Content-Encoding: gzip"),
        UnexpectedAnswer,
        "compression",
    ),
    "gzip cut": (
        lambda body: answered(gzip.compress(body)[:-9], "Content-Encoding: gzip"),
        UnexpectedAnswer,
        "compression",
    ),
    "gzip bomb": (
        lambda _: answered(BOMB, "Content-Encoding: gzip"),
        UnexpectedAnswer,
        "too large",
    ),
    "gzip twice": (
        lambda body: answered(gzip.compress(gzip.compress(body)), "Content-Encoding: gzip, gzip"),
        UnexpectedAnswer,
        "compressed",
    ),
    "brotli": (
        lambda body: answered(body, "Content-Encoding: br"),
        UnexpectedAnswer,
        "compressed",
    ),
    "hang up before": (lambda _: [], ExchangeUnavailable, "broke"),
    "hang up within": (
        lambda body: [b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n" + body],
        ExchangeUnavailable,
        "broke",
    ),
    "hang up within a chunk": (
        lambda body: [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfff\r\n" + body],
        ExchangeUnavailable,
        "broke",
    ),
    "not http": (lambda _: [b"SSH-2.0-OpenSSH_9.6\r\n\r\n"], ExchangeUnavailable, ""),
    "silence": (lambda _: [0.0], ExchangeUnavailable, "did not answer within 0.3 s"),
    "slow drip": (lambda _: DRIP, ExchangeUnavailable, "did not answer within 0.3 s"),
}


@pytest.mark.parametrize(("script", "kind", "text"), WIRE.values(), ids=WIRE.keys())
@pytest.mark.parametrize(("exchange", "wallet", "name"), ENDPOINTS, ids=str)
async def test_failures_on_the_way(
    server: RawServer,
    open_at: OpenAt,
    recorded: Callable[[str], bytes],
    exchange: str,
    wallet: str,
    name: str,
    script: Callable[[bytes], list[bytes | float]],
    kind: type[FetchError],
    text: str,
) -> None:
    """Each failure below the body has its error and its words, and one request is all it costs."""
    server.script = lambda _: script(recorded(name))
    reading = await open_at(exchange, 0.3 if "0.3 s" in text else 10).fetch(wallet)
    assert reading.balances is None
    assert type(reading.error) is kind
    assert exchange in str(reading.error)
    assert text in str(reading.error)
    assert len(server.heads) == 1


@pytest.mark.parametrize(("exchange", "wallet", "name"), ENDPOINTS, ids=str)
async def test_nobody_there(
    server: RawServer, http: HttpClient, exchange: str, wallet: str, name: str
) -> None:
    """A port on which nobody listens is an exchange that could not be reached."""
    async with await asyncio.start_server(lambda *_: None, "127.0.0.1", 0) as gone:
        url = f"http://127.0.0.1:{gone.sockets[0].getsockname()[1]}"
    reading = await open_fetcher(exchange, CREDENTIALS, http, base_url=url).fetch(wallet)
    assert type(reading.error) is ExchangeUnavailable
    assert str(reading.error) == f"{exchange} could not be reached"


def echoed(head: bytes, *, escaped: bool = True) -> str:
    """Give back what the request told, in one line."""
    text = head.decode("latin-1").replace("\r\n", " ")
    return json.dumps(text)[1:-1] if escaped else text


# Places in which a server can repeat what it was told.
ECHOES: dict[str, Callable[[bytes], list[bytes | float]]] = {
    "page": lambda head: answered(b"<pre>" + head, status=403),
    "body of 502": lambda head: answered(head, status=502),
    "msg": lambda head: answered(f'{{"code": "50111", "msg": "{echoed(head)}"}}'.encode()),
    "msg of an address": lambda head: answered(
        f'{{"code": "50110", "msg": "{echoed(head)} Your IP 203.0.113.7 is"}}'.encode()
    ),
    "code": lambda head: answered(f'{{"code": "{echoed(head)}"}}'.encode()),
    "coin": lambda head: answered(
        f'{{"code": "0", "data": [{{"ccy": "{echoed(head)}", "bal": "x"}}]}}'.encode()
    ),
    "amount": lambda head: answered(
        f'{{"code": "0", "data": [{{"ccy": "A", "bal": "{echoed(head)}"}}]}}'.encode()
    ),
    "location": lambda head: answered(
        b"", f"Location: /?{echoed(head, escaped=False).replace(' ', '+')}", status=302
    ),
    "retry-after": lambda head: answered(
        b"", f"Retry-After: {echoed(head, escaped=False)}", status=429
    ),
    "encoding": lambda head: answered(b"", f"Content-Encoding: {echoed(head, escaped=False)}"),
    "bad header": lambda head: [b"HTTP/1.1 200 OK\r\n" + head.replace(b":", b"") + b"\r\n\r\n"],
    "status line": lambda head: [head],
    "hang up": lambda _: [],
}


def secrets_of(head: bytes) -> set[str]:
    """Name what must not be repeated: the credentials, and the signature of a request."""
    text = head.decode("latin-1")
    found = {CREDENTIALS.api_key, CREDENTIALS.api_secret, str(CREDENTIALS.passphrase)}
    for mark in ("ok-access-sign: ", "sign=", "signature="):
        position = text.lower().find(mark)
        if position >= 0:
            found.add(text[position + len(mark) :].split()[0].split("&")[0])
    return found


@pytest.mark.parametrize("echo", ECHOES.values(), ids=ECHOES.keys())
@pytest.mark.parametrize(("exchange", "wallet", "name"), ENDPOINTS, ids=str)
async def test_no_secret_leaks(
    server: RawServer,
    open_at: OpenAt,
    caplog: pytest.LogCaptureFixture,
    exchange: str,
    wallet: str,
    name: str,
    echo: Callable[[bytes], list[bytes | float]],
) -> None:
    """A server that repeats all it was told gets nothing of it into errors, causes or logs."""
    caplog.set_level(logging.DEBUG)
    server.script = echo
    reading = await open_at(exchange).fetch(wallet)
    error = reading.error
    assert error is not None
    assert error.__cause__ is None
    assert error.__context__ is None
    assert error.__traceback__ is None  # its frames hold the request, and the whole answer
    shown = [str(error), repr(error), repr(reading), caplog.text, str(vars(error))]
    shown += traceback.format_exception(error)
    head = server.heads[0]
    secrets = secrets_of(head)
    assert len(secrets) == 4
    assert not [secret for secret in secrets for text in shown if secret.lower() in text.lower()]
    assert str(error).isprintable()
    assert len(str(error)) < 200


async def test_the_query_is_not_logged(
    server: RawServer,
    open_at: OpenAt,
    recorded: Callable[[str], bytes],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What httpx logs of a request ends before the signature, and is logged all the same."""
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, "httpx")  # whoever has set up the log has muted it
    server.script = lambda _: answered(recorded("coinw-spot"))
    await open_at("coinw").fetch("spot")
    assert b"sign=" in server.heads[0]
    assert f'HTTP Request: POST {server.url}/api/v1/private "HTTP/1.1 200' in caplog.text
    assert "?" not in caplog.text


@pytest.mark.parametrize(
    ("exchange", "retry_after", "pause"),
    [
        ("okx", "", "1 s"),
        ("okx", "119", "119 s"),
        ("okx", "120", "2 min"),
        ("okx", "3600", "60 min"),
        ("xt", "", "10 min"),
    ],
)
async def test_a_pause_is_told_in_plain_numbers(
    server: RawServer, open_at: OpenAt, exchange: str, retry_after: str, pause: str
) -> None:
    """Nobody reads 3.6e+03 s; from two minutes on a pause is told in minutes."""
    server.script = lambda _: answered(b"", f"Retry-After: {retry_after}", status=429)
    error = (await open_at(exchange).fetch(EXCHANGES[exchange].wallets[0])).error
    assert str(error) == f"{exchange} had too many requests and is not asked for {pause}"


async def test_the_address_that_okx_names_is_kept(server: RawServer, open_at: OpenAt) -> None:
    """Who must put an address on the key's list is told which: as an address, nothing else."""
    for seen, shown in [
        ("Your IP 203.0.113.7 is not included in your API key's IP whitelist.", "203.0.113.7"),
        ("your IP 2001:db8::7, is not on the list", "2001:db8::7"),
        ("Your IP 203.0.113.7.", "203.0.113.7"),
    ]:
        body = json.dumps({"code": "50110", "msg": seen}).encode()
        server.script = lambda _, body=body: answered(body, status=401)  # type: ignore[misc]
        error = (await open_at("okx").fetch("funding")).error
        assert type(error) is PermissionMissing
        assert str(error).endswith(f"; it sees us at {shown}")


async def test_requests_as_they_go_over_the_wire(
    server: RawServer, open_at: OpenAt, recorded: Callable[[str], bytes]
) -> None:
    """Methods, targets and bodies are those of the documents, byte for byte."""
    for exchange, wallet, name in ENDPOINTS:
        server.script = lambda _, name=name: answered(recorded(name))  # type: ignore[misc]
        assert (await open_at(exchange).fetch(wallet)).error is None
    assert sorted(head.split(b"\r\n")[0].split(b"&sign")[0] for head in server.heads) == [
        b"GET /api/v5/asset/balances HTTP/1.1",
        b"GET /api/v5/asset/subaccount/balances?subAcct=desk%201 HTTP/1.1",
        b"GET /api/v5/finance/staking-defi/eth/balance HTTP/1.1",
        b"GET /trade/api/v1/getBalance?accesskey=KEY-a1b2c3d4e5&nonce=1768467600000",
        b"POST /api/v1/private?command=returnBalances&api_key=KEY-a1b2c3d4e5",
    ]
    xt, coinw = (head.lower() for head in sorted(server.heads)[3:])
    assert b"content-type: application/json\r\n" in coinw
    assert b"content-length: 0\r\n" in coinw
    assert b"content-type: application/x-www-form-urlencoded\r\n" in xt
