"""What is told of a failure, and what is not: no secret, wherever a server repeats it."""

import asyncio
import json
import logging
import traceback
from collections.abc import Callable

import pytest

from bot.fetchers import ExchangeUnavailable, FetchError, PermissionMissing, open_fetcher
from bot.fetchers._http import HttpClient
from tests.fetchers.endpoints import ENDPOINTS, Endpoint, attempt
from tests.fetchers.wire.server import CREDENTIALS, OpenAt, Parts, RawServer, answered

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.name)
async def test_nobody_there(http: HttpClient, endpoint: Endpoint) -> None:
    """A port on which nobody listens is an exchange that could not be reached."""
    async with await asyncio.start_server(lambda *_: None, "127.0.0.1", 0) as gone:
        url = f"http://127.0.0.1:{gone.sockets[0].getsockname()[1]}"
    fetcher = open_fetcher(endpoint.exchange, CREDENTIALS, http, base_url=url)
    error, _ = await attempt(endpoint, fetcher)
    assert type(error) is ExchangeUnavailable
    assert str(error) == f"{endpoint.exchange} could not be reached"


def echoed(head: bytes, *, escaped: bool = True) -> str:
    """Give back what the request told, in one line."""
    text = head.decode("latin-1").replace("\r\n", " ")
    return json.dumps(text)[1:-1] if escaped else text


# Places in which a server can repeat what it was told.
ECHOES: dict[str, Callable[[bytes], Parts]] = {
    "page": lambda head: answered(b"<pre>" + head, status=403),
    "body of 502": lambda head: answered(head, status=502),
    "msg": lambda head: answered(f'{{"code": "50111", "msg": "{echoed(head)}"}}'.encode()),
    "msg of an address": lambda head: answered(
        f'{{"code": "50110", "msg": "{echoed(head)} Your IP 203.0.113.7 is"}}'.encode()
    ),
    "code": lambda head: answered(f'{{"code": "{echoed(head)}"}}'.encode()),
    "mc": lambda head: answered(f'{{"rc": 1, "mc": "{echoed(head)}"}}'.encode()),
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

SIGNATURES = ("ok-access-sign: ", "sign=", "signature=", "validate-signature: ")
GO_ON = {"/api/v5/market/exchange-rate", "returnCompleteBalances"}  # without it, or another way


def secrets_of(heads: list[bytes]) -> set[str]:
    """Name what must not be repeated: the credentials, and the signatures of requests."""
    found = {CREDENTIALS.api_key, CREDENTIALS.api_secret, str(CREDENTIALS.passphrase)}
    for head in heads:
        text = head.decode("latin-1")
        for mark in SIGNATURES:
            position = text.lower().find(mark)
            if position >= 0:
                found.add(text[position + len(mark) :].split()[0].split("&")[0])
    return found


@pytest.mark.parametrize("echo", ECHOES.values(), ids=ECHOES.keys())
async def test_no_secret_leaks(
    servers: dict[str, RawServer],
    open_at: OpenAt,
    client: HttpClient,
    caplog: pytest.LogCaptureFixture,
    echo: Callable[[bytes], Parts],
) -> None:
    """A server that repeats all it was told gets nothing of it into errors, causes or logs."""
    caplog.set_level(logging.DEBUG)
    for server in servers.values():
        endpoint = server.endpoint
        server.script = lambda server: echo(server.heads[-1])
        error, _ = await attempt(endpoint, open_at(server, through=client))
        secrets = secrets_of(server.heads)
        assert len(secrets) >= (4 if endpoint.is_wallet or endpoint.skewed else 3)
        told = secrets_told(error, secrets, caplog.text) if error else []
        assert not told, endpoint.name
        assert error or endpoint.route in GO_ON
        if endpoint.is_wallet and error:
            assert error.__traceback__ is None  # its frames hold the request, and all the answer


def secrets_told(error: FetchError, secrets: set[str], log: str) -> list[str]:
    """Find the secrets in an error and in the log; look at its form, too."""
    assert error.__cause__ is None
    assert error.__context__ is None
    assert str(error).isprintable()
    assert len(str(error)) < 200
    shown = [str(error), repr(error), log, str(vars(error)), *traceback.format_exception(error)]
    return [secret for secret in secrets for text in shown if secret.lower() in text.lower()]


async def test_the_query_is_not_logged(
    servers: dict[str, RawServer],
    open_at: OpenAt,
    client: HttpClient,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What httpx logs of a request ends before the signature, and is logged all the same."""
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, "httpx")  # whoever has set up the log has muted it
    server = servers["coinw spot, complete"]
    await open_at(server, through=client).fetch("spot")
    assert b"sign=" in server.heads[0]
    assert f'HTTP Request: POST {server.url}/api/v1/private "HTTP/1.1 200' in caplog.text
    assert "?" not in caplog.text


@pytest.mark.parametrize(
    ("name", "retry_after", "pause"),
    [
        ("okx funding", "", "1 s"),
        ("okx funding", "119", "119 s"),
        ("okx funding", "120", "2 min"),
        ("okx funding", "3600", "60 min"),
        ("xt spot, version 1", "", "10 min"),
    ],
)
async def test_a_pause_is_told_in_plain_numbers(
    servers: dict[str, RawServer], open_at: OpenAt, name: str, retry_after: str, pause: str
) -> None:
    """Nobody reads 3.6e+03 s; from two minutes on a pause is told in minutes."""
    server = servers[name]
    server.script = lambda _: answered(b"", f"Retry-After: {retry_after}", status=429)
    error, _ = await attempt(server.endpoint, open_at(server))
    exchange = server.endpoint.exchange
    assert str(error) == f"{exchange} had too many requests and is not asked for {pause}"


async def test_the_address_that_okx_names_is_kept(
    servers: dict[str, RawServer], open_at: OpenAt
) -> None:
    """Who must put an address on the key's list is told which: as an address, nothing else."""
    server = servers["okx funding"]
    for seen, shown in [
        ("Your IP 203.0.113.7 is not included in your API key's IP whitelist.", "203.0.113.7"),
        ("your IP 2001:db8::7, is not on the list", "2001:db8::7"),
        ("Your IP 203.0.113.7.", "203.0.113.7"),
    ]:
        body = json.dumps({"code": "50110", "msg": seen}).encode()
        server.script = lambda _, body=body: answered(body, status=401)
        error = (await open_at(server).fetch("funding")).error
        assert type(error) is PermissionMissing
        assert str(error).endswith(f"; it sees us at {shown}")
