"""What a server can do wrong, on purpose: one table of faults, shared by all emulators.

A fault takes the honest answer of an emulator and sends something else. It finds its way in the
answers of every exchange by their shape, so that one table serves all of them:

    {code, data: rows}   {code, data: [{details: rows}]}   {rc, mc, result: {assets: rows}}   rows

where rows are a list of objects, or an object with a member for each coin or market. It does not
know what the program under test should make of it.
"""

import asyncio
import gzip
import json
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from aiohttp import web

BOM = b"\xef\xbb\xbf"
BIG_BODY_BYTES = 6 * 1024 * 1024
HTML = "<!doctype html><html><head><title>{0}</title></head><body><h1>{0}</h1></body></html>"

# json cannot be made to write 1e999, the same name twice, or a number to its last digit, so these
# stand in for them.
_HUGE, _TWICE = "@huge@", "@twice@"
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
        text = text.replace(f'"{_HUGE}"', "1e999").replace(_TWICE, "")
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


def _code(payload: Any) -> str:
    """Name the member that says whether all is well."""
    return "rc" if "rc" in payload else "code"


def _data(payload: Any) -> str:
    return "result" if "rc" in payload else "data"


def enveloped(change: Callable[[Any], None]) -> Act:
    """Change what is around the rows; where nothing is, first put there what does not belong."""

    def change_all(payload: Any) -> None:
        if _is_bare(payload):
            rows = dict(payload)
            payload.clear()
            payload.update(code=200, data=rows)
        change(payload)

    return changed(change_all)


def _is_bare(payload: Any) -> bool:
    return _code(payload) not in payload


def _code_of_the_other_type(payload: Any) -> None:
    code = payload[_code(payload)]
    payload[_code(payload)] = int(code) if isinstance(code, str) else str(code)


def _without_code(payload: Any) -> None:
    del payload[_code(payload)]


def _code_null(payload: Any) -> None:
    payload[_code(payload)] = None


def _code_unknown(payload: Any) -> None:
    for name in {_code(payload), "mc"} & payload.keys():
        payload[name] = "987654321"


def _without_data(payload: Any) -> None:
    payload.pop(_data(payload), None)


def _with_data(value: object) -> Callable[[Any], None]:
    return lambda payload: payload.update({_data(payload): value})


def _data_of_the_other_shape(payload: Any) -> None:
    name = _data(payload)
    payload[name] = {} if isinstance(payload.get(name), list) else []


def _without_rows(payload: Any) -> None:
    """Take out what has the rows inside of `data`; where that is `data` itself, leave null."""
    for holder, name in _nested(payload):
        del holder[name]
        return
    payload[_data(payload)] = None


def _null_for_rows(payload: Any) -> None:
    for holder, name in _nested(payload):
        holder[name] = None
        return
    payload[_data(payload)] = None


def _row_of_another_shape(payload: Any) -> None:
    for rows, where in _first_row(payload):
        rows[where] = ["1"]


def _row_without_amount(payload: Any) -> None:
    """Take the amounts out of a row; where the row is nothing else, leave null."""
    for rows, where in _first_row(payload):
        row = rows[where]
        if isinstance(row, dict):
            for name in _amounts(row):
                del row[name]
        else:
            rows[where] = None


def _row_without_currency(payload: Any) -> None:
    """Take out of a row what it is about; where it is about nothing, everything."""
    for rows, where in _first_row(payload):
        if isinstance(rows, list):
            for name in [name for name in rows[where] if name in _NAMES] or [*rows[where]]:
                del rows[where][name]
        else:
            rows[""] = rows.pop(where)


def _duplicate_coin(payload: Any) -> None:
    """List the first coin once more, with the same amounts."""
    for rows, where in _first_row(payload):
        if isinstance(rows, list):
            rows.append(rows[where])
        else:
            rows[where + _TWICE] = rows[where]


def _every_amount(value: object) -> Callable[[Any], None]:
    """Put this in place of every amount of the first row."""

    def change(payload: Any) -> None:
        for rows, where in _first_row(payload):
            if isinstance(rows[where], dict):
                rows[where].update(dict.fromkeys(_amounts(rows[where]), value))
            else:
                rows[where] = value

    return change


def _first_row(payload: Any) -> Iterator[tuple[Any, Any]]:
    """Give the rows and the index or name of the first, or nothing: an error has none to spoil."""
    rows = payload if _is_bare(payload) else payload.get(_data(payload))
    for holder, name in _nested(payload):
        rows = holder[name]
    if isinstance(rows, list) and rows:
        yield rows, 0
    elif isinstance(rows, dict) and rows:
        yield rows, next(iter(rows))


def _nested(payload: Any) -> Iterator[tuple[Any, str]]:
    """Give the object inside of `data` that has the rows, and under which name, if one has."""
    data = payload.get(_data(payload))
    inner = data[0] if isinstance(data, list) and data else data
    if isinstance(inner, dict):
        yield from ((inner, name) for name in _LISTS if name in inner)


def _amounts(row: Mapping[str, Any]) -> list[str]:
    """Name the amounts of a row: all but what comes with them, unless that is all there is."""
    return [name for name in row if name not in _NAMES | _BESIDE] or [*row]


_LISTS = ("details", "assets")
_NAMES = frozenset({"ccy", "currency", "instId", "subAcct", "perm"})
"""What a row is about."""
_BESIDE = frozenset(
    {"ts", "uTime", "instType", "type", "enable", "label", "ip", "uid", "mainUid", "acctLv"}
)
"""What comes with the amounts of a row, or with its name."""


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
    Fault("code_of_wrong_type", "garbage", enveloped(_code_of_the_other_type)),
    Fault("code_missing", "garbage", enveloped(_without_code)),
    Fault("code_null", "garbage", enveloped(_code_null)),
    Fault("code_unknown", "garbage", enveloped(_code_unknown)),
    Fault("data_missing", "garbage", enveloped(_without_data)),
    Fault("data_null", "garbage", enveloped(_with_data(None))),
    Fault("data_wrong_shape", "garbage", enveloped(_data_of_the_other_shape)),
    Fault("data_text", "garbage", enveloped(_with_data("[]"))),
    Fault("rows_missing", "garbage", enveloped(_without_rows)),
    Fault("rows_null", "garbage", enveloped(_null_for_rows)),
    Fault("row_wrong_shape", "garbage", changed(_row_of_another_shape)),
    Fault("row_without_amount", "garbage", changed(_row_without_amount)),
    Fault("row_without_currency", "garbage", changed(_row_without_currency)),
    Fault("duplicate_coin", "garbage", changed(_duplicate_coin)),
    Fault("amount_nan", "garbage", changed(_every_amount(float("nan")))),
    Fault("amount_nan_text", "garbage", changed(_every_amount("NaN"))),
    Fault("amount_infinity", "garbage", changed(_every_amount(float("inf")))),
    Fault("amount_infinity_text", "garbage", changed(_every_amount("Infinity"))),
    Fault("amount_huge", "garbage", changed(_every_amount(_HUGE))),
    Fault("amount_huge_text", "garbage", changed(_every_amount("1e999"))),
    Fault("amount_boolean", "garbage", changed(_every_amount(True))),
    Fault("amount_null", "garbage", changed(_every_amount(None))),
    Fault("amount_empty", "garbage", changed(_every_amount(""))),
    Fault("amount_in_words", "garbage", changed(_every_amount("1,234.5"))),
    skewed_clock(timedelta(minutes=2)),
)  # fmt: skip
"""Every fault by its name."""
