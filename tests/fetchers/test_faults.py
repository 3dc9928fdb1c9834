"""Every fault on every endpoint, over real sockets: the right error, no zero, no secret.

The server speaks bytes, so that it can do what no web framework lets it. What becomes of each
fault, and what the next attempt does, is written down in `faults.md`, which a test compares.
"""

import asyncio
import contextlib
import gzip
import json
import logging
import re
import traceback
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from bot.fetchers import (
    Balance,
    ClockSkewed,
    Credentials,
    CredentialsRejected,
    ExchangeUnavailable,
    Fetcher,
    FetchError,
    Pacer,
    PermissionMissing,
    Price,
    RateLimited,
    UnexpectedAnswer,
    open_fetcher,
)
from bot.fetchers._http import HttpClient
from bot.transport import WireTransport
from tests.fetchers.endpoints import ENDPOINTS, RECORDED, Endpoint, attempt, route_of

CREDENTIALS = Credentials("KEY-a1b2c3d4e5", "SECRET-f6g7h8i9j0", "PHRASE-k1l2m3")
NOW = datetime(2026, 1, 15, 9, tzinfo=UTC)
BIG = 6 * 1024 * 1024

# One client for all: it takes long to build (the TLS context), and must survive every fault.
pytestmark = pytest.mark.asyncio(loop_scope="module")

Parts = list[bytes | float]
"""What is written, one by one; a number is a pause in seconds, 0 is for ever."""


@dataclass
class RawServer:
    """Answers for one endpoint, honestly or with the bytes of a script."""

    endpoint: Endpoint
    recorded: Callable[[str], bytes]
    url: str = ""
    script: "Callable[[RawServer], Parts] | None" = None
    """What becomes of the endpoint's requests; None: they are answered honestly."""
    heads: list[bytes] = field(default_factory=list)

    @property
    def asked(self) -> list[str]:
        return [route_of(head) for head in self.heads]

    def honest(self, route: str) -> bytes:
        found = self.endpoint.others.get(route)
        return self.recorded(RECORDED[route]) if found is None else found

    def parts(self) -> Parts:
        route = self.asked[-1]
        if self.script and route == self.endpoint.route:
            return self.script(self)
        return answered(self.honest(route))

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            self.heads.append(await reader.readuntil(b"\r\n\r\n"))
            for part in self.parts():
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


OpenAt = Callable[..., Fetcher]


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


def answered(body: bytes, *headers: str, status: int = 200) -> Parts:
    """Write a whole answer."""
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(body)}", *headers]
    return ["\r\n".join([*lines, "Connection: close", "", ""]).encode() + body]


# ---- faults -------------------------------------------------------------------------------------


Spoil = Callable[[Endpoint, bytes], Parts | None]
"""From the honest body of an endpoint to what is written; None: it has no such fault."""


@dataclass(frozen=True)
class Fault:
    """One way to misbehave, and the error that it is."""

    spoil: Spoil
    error: type[FetchError] = UnexpectedAnswer
    text: str = "gave an unusable answer"
    deadline_s: float = 10
    until_clock: bool = False
    """Whether all is well after the clock was asked."""

    def script(self, server: RawServer) -> Parts:
        honest = server.honest(server.endpoint.route)
        mended = self.until_clock and any(map(is_clock, server.asked))
        spoilt = None if mended else self.spoil(server.endpoint, honest)
        return answered(honest) if spoilt is None else spoilt


def garbled(change: Callable[[bytes], bytes]) -> Fault:
    """Write other bytes with HTTP 200."""
    return Fault(lambda _, honest: answered(change(honest)))


def wire(
    error: type[FetchError],
    text: str,
    parts: Callable[[bytes], Parts],
    *,
    deadline_s: float = 10,
) -> Fault:
    """Do something below the body."""
    return Fault(lambda _, honest: parts(honest), error, text, deadline_s)


def rewritten(change: Callable[[Endpoint, Any], Any]) -> Fault:
    """Write the honest answer with other contents; None from the change: it has no such part."""

    def spoil(endpoint: Endpoint, honest: bytes) -> Parts | None:
        content = change(endpoint, json.loads(honest))
        return None if content is None else answered(json.dumps(content).encode())

    return Fault(spoil)


@cache
def bomb() -> bytes:
    """Pack 300 MiB; it takes seconds, which only who drops it is to wait for."""
    return gzip.compress(b" " * 50 * BIG, 1)


def status(code: int, *headers: str) -> Fault:
    """Write a page of a gateway under a status that is an error."""
    error = ExchangeUnavailable if code >= 500 else UnexpectedAnswer
    return wire(error, f"answered HTTP {code}", lambda _: answered(HTML, *headers, status=code))


def too_many(pause: str, *headers: str) -> Fault:
    """Ask for a pause."""
    return wire(
        RateLimited, f"not asked for {pause}", lambda _: answered(HTML, *headers, status=429)
    )


def with_data(value: object) -> Fault:
    """Put something else in the place of all data."""
    return rewritten(lambda of, content: {**content, of.rows[0]: value} if of.rows else None)


def without_data(of: Endpoint, content: Any) -> Any:
    return {k: v for k, v in content.items() if k != of.rows[0]} if of.rows else None


def with_code(value: object) -> Fault:
    """Put something else in the place of the verdict."""
    return rewritten(lambda of, content: {**content, of.verdict: value} if of.verdict else None)


def without_code(of: Endpoint, content: Any) -> Any:
    return {k: v for k, v in content.items() if k != of.verdict} if of.verdict else None


def other_code(of: Endpoint, content: Any) -> Any:
    """Give the good code the other type."""
    if of.verdict is None:
        return None
    code = content[of.verdict]
    return {**content, of.verdict: int(code) if isinstance(code, str) else str(code)}


def unknown_code(of: Endpoint, content: Any) -> Any:
    """Refuse with a code that nobody knows."""
    if of.verdict == "rc":
        return {**content, "rc": 1, "mc": "AUTH_999", "result": None}
    return {**content, of.verdict: "987654"} if of.verdict else None


def rows_of(of: Endpoint, content: Any) -> Any:
    for step in of.rows:
        content = content[step]
    return content


def first_row(of: Endpoint, content: Any) -> Any:
    rows = rows_of(of, content)
    if isinstance(rows, list):
        return rows[0]
    return rows if of.label is None else next(iter(rows.values()))


def with_value(value: object) -> Fault:
    """Put something else in the place of the first amount, price or time."""

    def change(of: Endpoint, content: Any) -> Any:
        if of.value is None:
            return None
        rows = rows_of(of, content)
        if of.value:
            first_row(of, content)[of.value] = value
        else:
            rows[next(iter(rows))] = value
        return content

    return rewritten(change)


def written(literal: bytes) -> Fault:
    """Put a literal in place of an amount, which json would not write."""
    marked = with_value("@")

    def spoil(of: Endpoint, honest: bytes) -> Parts | None:
        parts = marked.spoil(of, honest)
        if parts is None:
            return None
        body = b"".join(part for part in parts if isinstance(part, bytes))
        return answered(body.partition(b"\r\n\r\n")[2].replace(b'"@"', literal))

    return Fault(spoil)


def without_value(of: Endpoint, content: Any) -> Any:
    if not of.value:
        return None
    del first_row(of, content)[of.value]
    return content


def without_label(of: Endpoint, content: Any) -> Any:
    """Take the name out of the first row."""
    if of.label is None:
        return None
    rows = rows_of(of, content)
    if isinstance(rows, list):
        del rows[0][of.label]
    else:
        rows[""] = rows.pop(next(iter(rows)))
    return content


def row_twice(of: Endpoint, content: Any) -> Any:
    """List the first row once more; where rows are named, under its name in the other case."""
    rows = rows_of(of, content)
    if isinstance(rows, list):
        rows.append(rows[0])
        return content
    if of.label is None:
        return None
    first = next(iter(rows))
    rows[first.swapcase()] = rows[first]
    return content


def row_of_another_shape(of: Endpoint, content: Any) -> Any:
    rows = rows_of(of, content)
    if of.label is None and isinstance(rows, dict):
        return None
    rows[0 if isinstance(rows, list) else next(iter(rows))] = ["1"]
    return content


def clock_refused(of: Endpoint, _: bytes) -> Parts | None:
    return None if of.skewed is None else answered(of.skewed)


HTML = b"<!doctype html><html><title>Not today</title></html>"
DROPS: Parts = [b" ", 1.0] * 500
GZIP = "Content-Encoding: gzip"
LOST = (ExchangeUnavailable, "broke before the answer was complete")
SILENT = (ExchangeUnavailable, "did not answer within 1 s")
ODD = "gave an unusable answer: it"

FAULTS: Mapping[str, Fault] = {
    # A status that says so, and what follows from it.
    "HTTP 201": wire(UnexpectedAnswer, "HTTP 201", lambda body: answered(body, status=201)),
    "HTTP 204": wire(
        UnexpectedAnswer, "HTTP 204", lambda _: [b"HTTP/1.1 204 None\r\nConnection: close\r\n\r\n"]
    ),
    "HTTP 206": wire(UnexpectedAnswer, "HTTP 206", lambda body: answered(body, status=206)),
    "HTTP 302, to the same address": status(302, "Location: /elsewhere"),
    "HTTP 307, to another server": status(307, "Location: http://127.0.0.1:9/"),
    "HTTP 400": status(400),
    "HTTP 403": status(403),
    "HTTP 404": status(404),
    "HTTP 404 with a good body": wire(
        UnexpectedAnswer, "HTTP 404", lambda body: answered(body, status=404)
    ),
    "HTTP 429": too_many(""),
    "HTTP 429, Retry-After: 7": too_many("", "Retry-After: 7"),
    "HTTP 429, cut": wire(
        RateLimited, "not asked for", lambda _: [b"HTTP/1.1 429 No\r\nContent-Length: 9\r\n\r\nx"]
    ),
    "HTTP 500 with a good body": wire(
        ExchangeUnavailable, "HTTP 500", lambda body: answered(body, status=500)
    ),
    "HTTP 502": status(502),
    "HTTP 503, cut": wire(
        ExchangeUnavailable,
        "HTTP 503",
        lambda _: [b"HTTP/1.1 503 Down\r\nContent-Length: 9\r\n\r\nx"],
    ),
    "HTTP 504": status(504),
    # The connection.
    "cut before the answer": wire(*LOST, lambda _: []),
    "cut within the answer": wire(
        *LOST, lambda body: [b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n" + body]
    ),
    "cut within a chunk": wire(
        *LOST,
        lambda body: [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfff\r\n" + body],
    ),
    "not HTTP": wire(ExchangeUnavailable, "", lambda _: [b"SSH-2.0-OpenSSH_9.6\r\n\r\n"]),
    "no answer": wire(*SILENT, lambda _: [0.0], deadline_s=1),
    "1 byte a second": wire(
        *SILENT,
        lambda _: [b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n", *DROPS],
        deadline_s=1,
    ),
    # The body, under HTTP 200.
    "gzip that is none": wire(UnexpectedAnswer, ODD, lambda body: answered(body, GZIP)),
    "gzip, cut": wire(
        UnexpectedAnswer, ODD, lambda body: answered(gzip.compress(body)[:-9], GZIP)
    ),
    "gzip of 300 MiB": wire(UnexpectedAnswer, ODD, lambda _: answered(bomb(), GZIP)),
    "gzip twice": wire(
        UnexpectedAnswer,
        ODD,
        lambda body: answered(gzip.compress(gzip.compress(body)), f"{GZIP}, gzip"),
    ),
    "brotli": wire(UnexpectedAnswer, ODD, lambda body: answered(body, "Content-Encoding: br")),
    "6 MiB": garbled(lambda honest: honest + b" " * BIG),
    "HTML": garbled(lambda _: HTML),
    "text": garbled(lambda _: b"upstream connect error"),
    "empty": garbled(lambda _: b""),
    "cut JSON": garbled(lambda honest: honest[: len(honest) // 2]),
    "byte-order mark": garbled(lambda honest: b"\xef\xbb\xbf" + honest),
    "UTF-16": garbled(lambda honest: honest.decode().encode("utf-16")),
    "not UTF-8": garbled(lambda honest: b'{"\xff": 0, ' + honest.lstrip()[1:]),
    "two answers": garbled(lambda honest: honest + honest),
    "too deep": garbled(lambda _: b'{"a": ' + b"[" * 100_000),
    "a list": garbled(lambda _: b"[]"),
    "null": garbled(lambda _: b"null"),
    "a name twice": garbled(lambda honest: b'{"x": 0, "x": 0, ' + honest.lstrip()[1:]),
    # The data.
    "data missing": rewritten(without_data),
    "data null": with_data(None),
    "data text": with_data("[]"),
    "data true": with_data(True),
    "data 0": with_data(0),
    "data [null]": with_data([None]),
    "data [[]]": with_data([[]]),
    "data of other rows": with_data({"BTC": ["1"]}),
    "row of another shape": rewritten(row_of_another_shape),
    "row without its name": rewritten(without_label),
    "row twice": rewritten(row_twice),
    # The code.
    "code of the other type": rewritten(other_code),
    "code missing": rewritten(without_code),
    "code null": with_code(None),
    "code true": with_code(True),
    "code 7": with_code(7),
    "code a list": with_code([]),
    "code unknown": rewritten(unknown_code),
    "code of 5,000 digits": with_code("0" * 5000),
    # The amount, price or time of a row.
    "amount missing": rewritten(without_value),
    "amount null": with_value(None),
    "amount empty": with_value(""),
    "amount true": with_value(True),
    "amount NaN": written(b"NaN"),
    'amount "NaN"': with_value("NaN"),
    "amount -Infinity": written(b"-Infinity"),
    'amount "Infinity"': with_value("Infinity"),
    "amount 1e999": written(b"1e999"),
    'amount "1e999"': with_value("1e999"),
    "amount with a space": with_value(" 1"),
    "amount with a comma": with_value("1,5"),
    "amount of 6,000 digits": written(b"1" * 6000),
    "amount in a list": with_value(["1"]),
    # The clock.
    "clock refused once": Fault(clock_refused, ClockSkewed, "", until_clock=True),
    "clock refused always": Fault(clock_refused, ClockSkewed, "refuses the corrected time, too"),
}


# ---- what becomes of them -----------------------------------------------------------------------


@dataclass(frozen=True)
class Outcome:
    """What one fault of one endpoint led to."""

    error: FetchError | None
    value: Any
    asked: list[str]
    """While it misbehaved."""
    next_error: FetchError | None
    next_value: Any
    next_asked: list[str]
    """When it was asked anew, and behaved."""


async def suffer(server: RawServer, fault: Fault, open_at: OpenAt) -> Outcome:
    """Ask while the server misbehaves, and once more when it does not."""
    endpoint = server.endpoint
    server.script = None
    fetcher = open_at(server, fault.deadline_s)
    if endpoint.has_been_read:
        await attempt(endpoint, fetcher)
    server.heads.clear()
    server.script = fault.script
    error, value = await attempt(endpoint, fetcher)
    asked = server.asked
    server.heads.clear()
    server.script = None
    next_error, next_value = await attempt(endpoint, fetcher)
    return Outcome(error, value, asked, next_error, next_value, server.asked)


Outcomes = dict[str, dict[str, Outcome | None]]


@pytest.fixture(scope="module")
def outcomes() -> Outcomes:
    """Keep what was found out, by fault and endpoint."""
    return {}


async def find_out(
    name: str, listening: list[RawServer], open_at: OpenAt, outcomes: Outcomes
) -> dict[str, Outcome | None]:
    """Let every endpoint misbehave in one way, all at the same time."""
    if name not in outcomes:
        fault = FAULTS[name]
        able = [
            server
            for server in listening
            if fault.spoil(server.endpoint, server.honest(server.endpoint.route)) is not None
        ]
        found = await asyncio.gather(*(suffer(server, fault, open_at) for server in able))
        by_name = {
            server.endpoint.name: outcome for server, outcome in zip(able, found, strict=True)
        }
        outcomes[name] = {endpoint.name: by_name.get(endpoint.name) for endpoint in ENDPOINTS}
    return outcomes[name]


def is_clock(route: str) -> bool:
    """Say whether a request is for the time."""
    return route.lower().endswith("time")


# ---- the table ----------------------------------------------------------------------------------

TABLE = Path(__file__).parent / "faults.md"
RENEW = "pytest tests/fetchers/test_faults.py --renew-faults"
PREAMBLE = f"""# What becomes of each fault

Every way in which an exchange can misbehave, on everything that is asked for. A test fills this
table over real sockets and compares it with this file; after a change that is meant:
`{RENEW}`.

Before the point: what came of it.

- *unexpected, unavailable, limited, clock off, key refused*: the error `UnexpectedAnswer`,
  `ExchangeUnavailable`, `RateLimited`, `ClockSkewed`, `CredentialsRejected`. There are no balances
  then, and no zeros.
- *good*: read all the same, rightly. *nothing held*: CoinW leaves out the data where nothing is
  held. *available part*: total and held are unknown. *left out*: a market without a usable price
  has none; the others have theirs.
- *by the clock*: the exchange's clock was asked, and then once more. *other way*: the other
  command, or the other version, was asked, too.

After the point: what the next attempt does, when the exchange behaves again.

- *again*: it asks at once, and is answered. *in 7 s*: nothing is asked before. *later*: the pause
  is kept, and what belongs to it left out. *other way*: it keeps to the way that has worked.
- —: there is no such fault here.
"""

WORDS: Mapping[type[FetchError], str] = {
    ClockSkewed: "clock off",
    CredentialsRejected: "key refused",
    ExchangeUnavailable: "unavailable",
    PermissionMissing: "not permitted",
    RateLimited: "limited",
    UnexpectedAnswer: "unexpected",
}


def worth_of(value: Any, honest: Any) -> str:
    """Compare a value that came of a fault with the honest one; "" is one that is wrong."""
    if value == honest:
        return "good"
    if value == ():
        return "nothing held"
    if isinstance(value, tuple) and all(isinstance(one, Price) for one in value):
        return "left out" if set(value) < set(honest) else ""
    if isinstance(value, tuple) and all(isinstance(one, Balance) for one in value):
        parts = tuple(replace(balance, total=None, held=None) for balance in honest)
        return "available part" if value == parts else ""
    return ""


def cell_of(endpoint: Endpoint, outcome: Outcome | None, honest: Any) -> str:
    """Put an outcome into a few words."""
    if outcome is None:
        return "—"
    if outcome.error:
        words = WORDS[type(outcome.error)]
    else:
        words = worth_of(outcome.value, honest) or "WRONG"
    after = outcome.asked[outcome.asked.index(endpoint.route) + 1 :]
    if any(is_clock(route) for route in after):
        words += ", by the clock"
    elif endpoint.is_wallet and after:
        words += ", other way"
    return f"{words} · {next_words(endpoint, outcome, honest)}"


def next_words(endpoint: Endpoint, outcome: Outcome, honest: Any) -> str:
    if isinstance(outcome.next_error, RateLimited) and not outcome.next_asked:
        seconds = (outcome.next_error.retry_at - NOW).total_seconds()
        return f"in {seconds:.0f} s"
    if outcome.next_error:
        return f"WRONG: {WORDS[type(outcome.next_error)]}"
    if endpoint.route not in outcome.next_asked:
        return "other way" if endpoint.is_wallet else "later"
    return "again" if outcome.next_value == honest else "WRONG"


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


def is_meant(endpoint: Endpoint, name: str, words: str) -> bool:
    """Say whether it is by design that a fault is not the error that it usually is."""
    is_no_way = name.startswith(("HTTP 404", "code "))
    match words:
        case "left out" | "left out, other way":
            return "price" in endpoint.name
        case "good":
            return (endpoint.name, name) == ("okx list of sub-accounts", "row twice")
        case "good, by the clock":
            return FAULTS[name].until_clock
        case "nothing held":
            return endpoint.exchange == "coinw" and name == "data missing"
        case "available part, other way":
            return endpoint.name == "coinw spot, complete" and is_no_way
        case "key refused":  # so it is where there is no version 4, and the key is wrong
            return endpoint.name == "xt spot, version 4" and name.startswith("HTTP 404")
    return False


@pytest.mark.parametrize("name", FAULTS)
async def test_what_becomes_of_a_fault(
    listening: list[RawServer],
    open_at: OpenAt,
    outcomes: Outcomes,
    honest: dict[str, Any],
    name: str,
) -> None:
    """Each has its error and its words on every endpoint, no value, and the right next attempt."""
    fault = FAULTS[name]
    found = await find_out(name, listening, open_at, outcomes)
    assert any(found.values())
    for endpoint in ENDPOINTS:
        outcome = found[endpoint.name]
        if outcome is None:
            continue
        cell = cell_of(endpoint, outcome, honest[endpoint.name])
        words, _, following = cell.partition(" · ")
        assert "WRONG" not in cell, endpoint.name
        if not is_meant(endpoint, name, words):
            assert type(outcome.error) is fault.error, (endpoint.name, cell)
            assert outcome.value is None
            # Where no command is open at all, what the better one says is told.
            assert fault.text in str(outcome.error) or "(code -3)" in str(outcome.error)
            assert endpoint.exchange in str(outcome.error)
        assert following.startswith("in ") == (fault.error is RateLimited) or following == "later"
        assert outcome.asked.count(endpoint.route) == (2 if "by the clock" in words else 1)
        assert "other way" not in words or not endpoint.has_been_read


def as_table(cells: dict[str, list[str]]) -> str:
    """Write Markdown."""
    lines = [["fault", *(endpoint.name for endpoint in ENDPOINTS)], ["---"] * (len(ENDPOINTS) + 1)]
    lines += [[name, *row] for name, row in cells.items()]
    return "\n".join([PREAMBLE, *(f"| {' | '.join(line)} |" for line in lines), ""])


async def test_the_table_of_faults_is_true(
    listening: list[RawServer],
    open_at: OpenAt,
    outcomes: Outcomes,
    honest: dict[str, Any],
    request: pytest.FixtureRequest,
) -> None:
    """`faults.md` says what was found out, for every fault on every endpoint."""
    cells = {}
    for name in FAULTS:
        found = await find_out(name, listening, open_at, outcomes)
        cells[name] = [cell_of(of, found[of.name], honest[of.name]) for of in ENDPOINTS]
    table = as_table(cells)
    if request.config.getoption("--renew-faults", default=False):
        TABLE.write_text(table, "utf-8")
    assert TABLE.read_text("utf-8").splitlines() == table.splitlines(), f"if it is meant: {RENEW}"


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.name)
@pytest.mark.parametrize("compressed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("by_client", [False, True], ids=["transport", "client"])
async def test_the_honest_answer_passes(
    servers: dict[str, RawServer],
    open_at: OpenAt,
    http: HttpClient,
    client: HttpClient,
    by_client: bool,
    honest: dict[str, Any],
    endpoint: Endpoint,
    compressed: bool,
) -> None:
    """Otherwise the faults would prove nothing: unspoilt, and with unknown members, it is read."""
    server = servers[endpoint.name]
    content = json.loads(server.honest(endpoint.route))
    body = json.dumps({**content, "extra": {"rate": 1e-8}}).encode()
    packed = answered(gzip.compress(body), "Content-Encoding: gzip")
    server.script = lambda _: packed if compressed else answered(body)
    fetcher = open_at(server, through=client if by_client else http)
    error, value = await attempt(endpoint, fetcher)
    assert error is None
    assert value == honest[endpoint.name]
    assert value


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.name)
async def test_nobody_there(http: HttpClient, endpoint: Endpoint) -> None:
    """A port on which nobody listens is an exchange that could not be reached."""
    async with await asyncio.start_server(lambda *_: None, "127.0.0.1", 0) as gone:
        url = f"http://127.0.0.1:{gone.sockets[0].getsockname()[1]}"
    fetcher = open_fetcher(endpoint.exchange, CREDENTIALS, http, base_url=url)
    error, _ = await attempt(endpoint, fetcher)
    assert type(error) is ExchangeUnavailable
    assert str(error) == f"{endpoint.exchange} could not be reached"


# ---- what is told, and what is not --------------------------------------------------------------


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


TARGETS = {
    "okx funding": [b"GET /api/v5/asset/balances"],
    "okx trading": [b"GET /api/v5/account/balance"],
    "okx savings": [b"GET /api/v5/finance/savings/balance"],
    "okx eth-staking": [b"GET /api/v5/finance/staking-defi/eth/balance"],
    "okx sol-staking": [b"GET /api/v5/finance/staking-defi/sol/balance"],
    "okx sub:desk 1": [b"GET /api/v5/asset/subaccount/balances?subAcct=desk%201"],
    "okx sub:desk 1/trading": [b"GET /api/v5/account/subaccount/balances?subAcct=desk%201"],
    "okx list of sub-accounts": [b"GET /api/v5/users/subaccount/list?limit=100"],
    "okx key": [b"GET /api/v5/account/config"],
    "okx clock": [b"GET /api/v5/public/time"],
    "okx prices": [
        b"GET /api/v5/market/tickers?instType=SPOT",
        b"GET /api/v5/market/exchange-rate",
    ],
    "coinw spot, available": [
        b"POST /api/v1/private?command=returnCompleteBalances&api_key=KEY-a1b2c3d4e5",
        b"POST /api/v1/private?command=returnBalances&api_key=KEY-a1b2c3d4e5",
    ],
    "coinw prices": [b"GET /api/v1/public?command=returnTicker"],
    "xt spot, version 4": [
        b"GET /trade/api/v1/getBalance?accesskey=KEY-a1b2c3d4e5&nonce=1768467600000",
        b"GET /v4/balances",
    ],
    "xt clock, version 1": [b"GET /trade/api/v1/getServerTime"],
    "xt clock, version 4": [b"GET /v4/public/time"],
    "xt prices": [b"GET /data/api/v1/getTickers"],
}


async def test_requests_as_they_go_over_the_wire(
    servers: dict[str, RawServer], open_at: OpenAt
) -> None:
    """Methods, targets and bodies are those of the documents, byte for byte."""
    for name, targets in TARGETS.items():
        server = servers[name]
        assert (await attempt(server.endpoint, open_at(server)))[0] is None
        lines = [head.split(b" HTTP/1.1\r\n")[0] for head in server.heads]
        assert [re.split(b"&sign", line)[0] for line in lines] == targets
    for head in servers["coinw spot, available"].heads:
        assert b"content-type: application/json\r\n" in head.lower()
        assert b"content-length: 0\r\n" in head.lower()
    v1, v4 = (head.lower() for head in servers["xt spot, version 4"].heads)
    assert b"content-type: application/x-www-form-urlencoded\r\n" in v1
    assert b"validate-timestamp: 1768467600000\r\n" in v4
