"""Every way to misbehave: what becomes of an honest answer, and the error that it is."""

import gzip
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from bot.fetchers import (
    ClockSkewed,
    ExchangeUnavailable,
    FetchError,
    RateLimited,
    UnexpectedAnswer,
)
from tests.fetchers.endpoints import Endpoint
from tests.fetchers.wire.server import Parts, RawServer, answered

BIG = 6 * 1024 * 1024


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


def is_clock(route: str) -> bool:
    """Say whether a request is for the time."""
    return route.lower().endswith("time")
