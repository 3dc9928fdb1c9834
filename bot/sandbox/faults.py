"""What a server can do wrong, on purpose: one table of faults, shared by all emulators.

A fault takes the honest answer of an emulator and sends something else. It finds its way in the
answers of every exchange by their shape (see `spoiling`), so that one table serves all of them. It
does not know what the program under test should make of it.
"""

import asyncio
import gzip
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from aiohttp import web

from bot.sandbox import spoiling

BOM = b"\xef\xbb\xbf"
BIG_BODY_BYTES = 6 * 1024 * 1024
HTML = "<!doctype html><html><head><title>{0}</title></head><body><h1>{0}</h1></body></html>"

# json cannot be made to write a number to its last digit, so this stands in for it.
_EXACT = re.compile(r'"@(-?[0-9.]+)@"')


@dataclass(frozen=True, slots=True)
class Answer:
    """What an emulator would honestly send."""

    payload: Any
    """Anything that json can write, and `Decimal`, which becomes a number."""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)

    def body(self) -> bytes:
        """Write the payload as JSON."""
        text = json.dumps(self.payload, separators=(",", ":"), default=_exactly)
        text = text.replace(f'"{spoiling.HUGE}"', "1e999").replace(spoiling.TWICE, "")
        return _EXACT.sub(r"\1", text).encode()

    def response(self) -> web.Response:
        """Give the response that carries it."""
        return web.Response(
            body=self.body(),
            status=self.status,
            headers=self.headers,
            content_type="application/json",
        )


def _exactly(number: object) -> str:
    if isinstance(number, Decimal):
        return f"@{number:f}@"
    raise TypeError(f"{number!r} cannot be written as JSON")


Act = Callable[[web.Request, Answer], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Fault:
    """One way to misbehave."""

    name: str
    kind: str
    """`garbage`: what came must not pass for an answer · `unavailable`, `limited`: the status
    says so · `lost`: the connection ended · `silent`: only a deadline ends it · `clock`."""
    act: Act
    skew: timedelta = timedelta(0)
    """How far the server's clock is ahead while it judges the request."""


class Faults:
    """The faults that are waiting to happen, per endpoint, in the order of their injection."""

    def __init__(self) -> None:
        """Begin with good behaviour."""
        self._waiting: list[_Waiting] = []

    def inject(self, endpoint: str, fault: Fault | str, *, times: int | None = 1) -> None:
        """Spoil the next answers of an endpoint, or of every one for `*`.

        Args:
            endpoint: Its name, as the exchange's module lists it.
            fault: A fault, or the name of one in `FAULTS`.
            times: How many answers; None means until `clear`.
        """
        known = FAULTS[fault] if isinstance(fault, str) else fault
        self._waiting.append(_Waiting(endpoint, known, times))

    def take(self, endpoint: str) -> Fault | None:
        """Use up the first fault that waits for this endpoint, if there is one."""
        for waiting in self._waiting:
            if waiting.endpoint in ("*", endpoint):
                self._use(waiting)
                return waiting.fault
        return None

    def clear(self) -> None:
        """Behave again."""
        self._waiting.clear()

    def _use(self, waiting: "_Waiting") -> None:
        if waiting.times is None:
            return
        waiting.times -= 1
        if waiting.times == 0:
            self._waiting.remove(waiting)


@dataclass(slots=True, eq=False)
class _Waiting:
    endpoint: str
    fault: Fault
    times: int | None


# ---- another response in place of the honest one ------------------------------------------------


def instead(
    body: str | bytes = b"",
    *,
    status: int = 200,
    content_type: str = "application/json",
    headers: Mapping[str, str] | None = None,
) -> Act:
    """Send this and nothing of the honest answer."""
    content = body.encode() if isinstance(body, str) else body

    async def act(_request: web.Request, _answer: Answer) -> web.StreamResponse:
        return web.Response(
            body=content, status=status, content_type=content_type, headers=headers
        )

    return act


def page(status: int, title: str, **headers: str) -> Act:
    """Send a page for people, as gateways do."""
    return instead(HTML.format(title), status=status, content_type="text/html", headers=headers)


def rewritten(change: Callable[[bytes], bytes], **headers: str) -> Act:
    """Send the honest answer with other bytes in its body."""

    async def act(_request: web.Request, answer: Answer) -> web.StreamResponse:
        return web.Response(
            body=change(answer.body()),
            status=answer.status,
            content_type="application/json",
            headers=headers,
        )

    return act


async def _redirect(request: web.Request, _answer: Answer) -> web.StreamResponse:
    """Point at the same address: who follows it gets an answer to a request nobody signed."""
    return web.Response(status=302, headers={"Location": request.raw_path})


async def _good_body_under_500(_request: web.Request, answer: Answer) -> web.StreamResponse:
    return Answer(answer.payload, status=500).response()


async def honest(_request: web.Request, answer: Answer) -> web.StreamResponse:
    """Send the honest answer."""
    return answer.response()


def _bloated(body: bytes) -> bytes:
    """Keep it good JSON, so that its size is all that is wrong."""
    return body[:-1] + b',"more":"' + b"x" * BIG_BODY_BYTES + b'"}'


def _cut_gzip(body: bytes) -> bytes:
    packed = gzip.compress(body)
    return packed[: len(packed) // 2]


# ---- on the wire --------------------------------------------------------------------------------


def dripping(pause_s: float) -> Act:
    """Send the honest answer byte by byte, with a pause before each."""

    async def act(request: web.Request, answer: Answer) -> web.StreamResponse:
        body = answer.body()
        response = await _begun(request, answer, length=len(body))
        for index in range(len(body)):
            await asyncio.sleep(pause_s)
            await response.write(body[index : index + 1])
        return response

    return act


async def _never(_request: web.Request, answer: Answer) -> web.StreamResponse:
    await asyncio.Event().wait()
    return answer.response()


async def _cut_before(request: web.Request, answer: Answer) -> web.StreamResponse:
    _hang_up(request)
    return answer.response()


async def _cut_within(request: web.Request, answer: Answer) -> web.StreamResponse:
    body = answer.body()
    response = await _begun(request, answer, length=len(body))
    await response.write(body[: len(body) // 2])
    _hang_up(request)
    return response


async def _begun(request: web.Request, answer: Answer, *, length: int) -> web.StreamResponse:
    response = web.StreamResponse(status=answer.status, headers=answer.headers)
    response.content_type = "application/json"
    response.content_length = length
    await response.prepare(request)
    return response


def _hang_up(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.close()


# ---- the honest answer with something else inside -----------------------------------------------


def changed(change: Callable[[Any], None]) -> Act:
    """Send the honest answer after a change of (a copy of) its payload."""

    async def act(_request: web.Request, answer: Answer) -> web.StreamResponse:
        payload = deepcopy(answer.payload)
        change(payload)
        return Answer(payload, status=answer.status, headers=answer.headers).response()

    return act


def enveloped(change: Callable[[Any], None]) -> Act:
    """Change what is around the rows; where nothing is, first put there what does not belong."""

    def change_all(payload: Any) -> None:
        if spoiling.is_bare(payload):
            rows = dict(payload)
            payload.clear()
            payload.update(code=200, data=rows)
        change(payload)

    return changed(change_all)


# ---- the table ----------------------------------------------------------------------------------


def skewed_clock(by: timedelta) -> Fault:
    """Judge the time stamp of the request with a clock that is so far ahead."""
    return Fault("skewed_clock", "clock", honest, skew=by)


def _table(*faults: Fault) -> Mapping[str, Fault]:
    return MappingProxyType({fault.name: fault for fault in faults})


FAULTS = _table(
    Fault("http_400", "garbage", page(400, "400 Bad Request")),
    Fault("http_403", "garbage", page(403, "403 Forbidden")),
    Fault("http_404", "garbage", page(404, "404 Not Found")),
    Fault("http_500", "unavailable", page(500, "500 Internal Server Error")),
    Fault("http_502", "unavailable", page(502, "502 Bad Gateway")),
    Fault("http_503", "unavailable", page(503, "503 Service Unavailable")),
    Fault("http_504", "unavailable", page(504, "504 Gateway Time-out")),
    Fault("good_body_under_500", "unavailable", _good_body_under_500),
    Fault("http_429", "limited", page(429, "Too Many Requests")),
    Fault("http_429_retry_after", "limited", page(429, "Too Many", **{"Retry-After": "7"})),
    Fault("redirect", "garbage", _redirect),
    Fault("html", "garbage", page(200, "We will be right back")),
    Fault("text", "garbage", instead("upstream request timeout", content_type="text/plain")),
    Fault("empty_body", "garbage", instead()),
    Fault("json_of_another_kind", "garbage", instead("[]")),
    Fault("cut_json", "garbage", rewritten(lambda body: body[: len(body) // 2])),
    Fault("byte_order_mark", "garbage", rewritten(lambda body: BOM + body)),
    Fault("not_utf8", "garbage", rewritten(lambda body: b'{"\xff":0,' + body[1:])),
    Fault("big_body", "garbage", rewritten(_bloated)),
    Fault("bad_gzip", "garbage", rewritten(lambda body: body, **{"Content-Encoding": "gzip"})),
    Fault("cut_gzip", "garbage", rewritten(_cut_gzip, **{"Content-Encoding": "gzip"})),
    Fault("slow", "silent", dripping(1.0)),
    Fault("never_answering", "silent", _never),
    Fault("cut_before_answer", "lost", _cut_before),
    Fault("cut_within_answer", "lost", _cut_within),
    Fault("code_of_wrong_type", "garbage", enveloped(spoiling.code_of_the_other_type)),
    Fault("code_missing", "garbage", enveloped(spoiling.without_code)),
    Fault("code_null", "garbage", enveloped(spoiling.code_null)),
    Fault("code_unknown", "garbage", enveloped(spoiling.code_unknown)),
    Fault("data_missing", "garbage", enveloped(spoiling.without_data)),
    Fault("data_null", "garbage", enveloped(spoiling.with_data(None))),
    Fault("data_wrong_shape", "garbage", enveloped(spoiling.data_of_the_other_shape)),
    Fault("data_text", "garbage", enveloped(spoiling.with_data("[]"))),
    Fault("rows_missing", "garbage", enveloped(spoiling.without_rows)),
    Fault("rows_null", "garbage", enveloped(spoiling.null_for_rows)),
    Fault("row_wrong_shape", "garbage", changed(spoiling.row_of_another_shape)),
    Fault("row_without_amount", "garbage", changed(spoiling.row_without_amount)),
    Fault("row_without_currency", "garbage", changed(spoiling.row_without_currency)),
    Fault("duplicate_coin", "garbage", changed(spoiling.duplicate_coin)),
    Fault("amount_nan", "garbage", changed(spoiling.every_amount(float("nan")))),
    Fault("amount_nan_text", "garbage", changed(spoiling.every_amount("NaN"))),
    Fault("amount_infinity", "garbage", changed(spoiling.every_amount(float("inf")))),
    Fault("amount_infinity_text", "garbage", changed(spoiling.every_amount("Infinity"))),
    Fault("amount_huge", "garbage", changed(spoiling.every_amount(spoiling.HUGE))),
    Fault("amount_huge_text", "garbage", changed(spoiling.every_amount("1e999"))),
    Fault("amount_boolean", "garbage", changed(spoiling.every_amount(True))),
    Fault("amount_null", "garbage", changed(spoiling.every_amount(None))),
    Fault("amount_empty", "garbage", changed(spoiling.every_amount(""))),
    Fault("amount_in_words", "garbage", changed(spoiling.every_amount("1,234.5"))),
    skewed_clock(timedelta(minutes=2)),
)  # fmt: skip
"""Every fault by its name."""
