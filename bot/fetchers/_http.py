"""The one way to an exchange: `Wire.request()`, where every failure becomes one of our six errors.

Neither an error's text nor its causes hold a signed address, a header or a text of the server.
"""

import asyncio
import ipaddress
import logging
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TypeVar, cast

import httpx

from ._clock import Clock
from ._limits import Limit, Pacer, Slot, WindowClosed
from ._parsing import MAX_BODY, Malformed, decode_object, gunzip
from .errors import (
    ExchangeUnavailable,
    FetchError,
    PermissionMissing,
    RateLimited,
    UnexpectedAnswer,
)

HttpClient = httpx.AsyncClient | httpx.AsyncBaseTransport  # noqa: TID251 - none is built here
"""What requests go through: a transport alone saves what a client does and we have no use for."""

HEADERS = (
    ("Accept", "application/json"),
    ("Accept-Encoding", "gzip"),  # the one that `gunzip` undoes, within a limit
    ("User-Agent", "balance-fetchers"),
)

_ABSENT = {404, 405, 410}
Body = TypeVar("Body", bytes, bytearray)

_SLEPT_S = 5  # beyond the deadline: the answer is as old as that, and would be taken for fresh
_LONGEST_PAUSE = timedelta(hours=1)  # whatever a Retry-After says, ask again once an hour
# No limits for the phases: the deadline of the fetch is the one limit.
_EXTENSIONS = {"timeout": httpx.Timeout(None).as_dict()}

_NO_BODY = httpx.ByteStream(b"")

_log = logging.getLogger(__name__)


class _QueryFilter(logging.Filter):
    """Take the query, which holds signatures, out of the addresses that httpx logs at INFO."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(
                arg.copy_with(query=None) if isinstance(arg, httpx.URL) else arg
                for arg in record.args
            )
        return True


logging.getLogger("httpx").addFilter(_QueryFilter())


@dataclass(frozen=True, slots=True)
class Refusal:
    """What an error code means for us."""

    kind: type[FetchError]
    text: str
    """Goes on after the exchange's name: "does not know this API key"."""
    remedy: str = ""
    """What a person can do; empty: what the kind of error says."""
    may_be_clock: bool = False
    """Whether a clock that is off can be the reason."""
    elsewhere: bool = False
    """Whether another way to the same wallet may be open."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """How an exchange says yes and no."""

    exchange: str
    good_code: str | int | None
    """The verdict in a good answer, type included; None: good answers have none."""
    refusals: Mapping[str, Refusal]
    verdict: str = "code"
    """The member that says whether an answer is good."""
    reason: str = "code"
    """The member that has the code of a refusal."""
    lock: timedelta | None = None
    """How long the exchange locks out who was too fast; None: as its answer says."""

    def accepts(self, content: Mapping[str, object]) -> bool:
        """Say whether an answer that came with status 200 is a good one."""
        found = content.get(self.verdict)
        good = self.good_code
        if good is None:
            return self.refusal_in(content) is None
        return type(found) is type(good) and found == good

    def refusal_in(self, content: Mapping[str, object]) -> Refusal | None:
        """Find what an answer says that is not good; None: nothing that is known."""
        code = content.get(self.reason)
        return self.refusals.get(str(code)) if type(code) in {str, int} else None


Headers = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Call:
    """A request, prepared as far as it is the same each time."""

    dialect: Dialect
    method: str
    url: httpx.URL
    headers: Headers
    """All of them but those of the signature: nothing adds any later."""
    limits: tuple[Limit, ...]
    """The windows it counts in, its own first."""
    sign: "Sign | None" = None
    """None: public, unsigned."""
    body: bytes = b""
    most_bytes: int = MAX_BODY
    """What an answer may have at most, after decompression."""


Sign = Callable[[Call], tuple[httpx.URL, Headers]]
"""Gives the address and the further headers that a request is signed with, now."""


@dataclass(slots=True)
class Deadline:
    """The network time that a fetch may still use; waiting for the pace is not counted."""

    left_s: float
    text: str
    """The whole of it, for a message: "15 s"."""


class Refused(Exception):
    """The exchange said no in a way that something can be done about; else it means `error`."""

    def __init__(
        self,
        error: FetchError,
        *,
        may_be_clock: bool = False,
        elsewhere: bool = False,
        is_absent: bool = False,
    ) -> None:
        super().__init__()
        self.error = error
        self.may_be_clock = may_be_clock
        self.elsewhere = elsewhere or is_absent
        self.is_absent = is_absent  # there is nothing at this address


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, whatever it means."""

    status: int
    headers: httpx.Headers
    body: bytes
    """As it came, perhaps compressed."""

    def plain(self, most_bytes: int = MAX_BODY) -> bytes:
        """Decompress the body; raise `Malformed` where that cannot be done."""
        encoding = self.headers.get("content-encoding", "identity").lower()
        if encoding == "gzip":
            return gunzip(self.body, most_bytes)
        if encoding != "identity":
            raise Malformed("it is compressed in a way that we did not ask for")
        return self.body


class Wire:
    """The line to one exchange for one key."""

    def __init__(self, http: HttpClient, *, pacer: Pacer, clock: Clock, user: str) -> None:
        self._http = http
        self._pacer = pacer
        self._clock = clock
        self._user = user

    async def request(self, call: Call, deadline: Deadline) -> dict[str, object]:
        """Ask once, when the pace allows it, and return the content of a good answer.

        Raises:
            FetchError: There is no good answer.
            Refused: The same, and our clock or the way that was taken may be the reason.
        """
        answer = await self.send(call, deadline)
        flaw = ""
        try:
            content = decode_object(answer.plain())
        except Malformed as e:
            content, flaw = {}, str(e)
        if answer.status == 200 and not flaw and call.dialect.accepts(content):
            return content
        raise self._refused(call, answer, content, flaw=flaw)

    async def send(self, call: Call, deadline: Deadline) -> Answer:
        """Ask once, when the pace allows it, and return what came back, good or not.

        Raises:
            FetchError: Nothing came back, or not to its end.
        """
        try:
            slot = await self._pacer.take(call.limits, host=call.url.netloc, user=self._user)
        except WindowClosed as e:
            seconds = e.seconds
        else:
            return await self._exchange(call, slot, deadline)
        raise self._rate_limited(call, timedelta(seconds=seconds))

    async def _exchange(self, call: Call, slot: Slot, deadline: Deadline) -> Answer:
        loop = asyncio.get_running_loop()
        started_at, asked_at, patience_s = loop.time(), self._clock(), deadline.left_s
        response = None
        try:
            async with asyncio.timeout(patience_s):
                response = await self._hand_over(call, slot)
                body = await _read_body(response, call.most_bytes)
        except Exception as e:  # noqa: BLE001 - a transport may raise anything; translated below
            failure = _no_answer(call.dialect.exchange, e, deadline)
        else:
            if self._clock() - asked_at <= timedelta(seconds=patience_s + _SLEPT_S):
                return Answer(response.status_code, response.headers, body)
            # The machine slept, which timers do not see.
            failure = _no_answer(call.dialect.exchange, TimeoutError(), deadline)
        finally:
            deadline.left_s -= loop.time() - started_at
        if response is not None and response.status_code != 200:
            return Answer(response.status_code, response.headers, b"")  # the status says enough
        raise failure  # outside of `except`: a cause would carry the signed address

    async def _hand_over(self, call: Call, slot: Slot) -> httpx.Response:
        # Built here and not by the client, whose cookies and headers belong to others.
        try:
            url, signature = call.sign(call) if call.sign else (call.url, ())
            request = httpx.Request(
                call.method,
                url,
                headers=[*call.headers, *signature],
                stream=httpx.ByteStream(call.body) if call.body else _NO_BODY,
                extensions=_EXTENSIONS,
            )
            if isinstance(self._http, httpx.AsyncBaseTransport):
                return await self._http.handle_async_request(request)
            return await self._http.send(request, auth=None, stream=True, follow_redirects=False)
        finally:
            slot.done()

    def _refused(
        self, call: Call, answer: Answer, content: dict[str, object], *, flaw: str
    ) -> FetchError | Refused:
        refusal = call.dialect.refusal_in(content)
        kind = refusal.kind if refusal else None
        if kind is RateLimited or (answer.status == 429 and kind is not ExchangeUnavailable):
            return self.too_fast(call, answer)
        if refusal is None or 300 <= answer.status < 400:
            error = odd_answer(call.dialect.exchange, answer.status, flaw=flaw)
            return Refused(
                error,
                elsewhere=answer.status == 200 and _is_unknown(call.dialect, content),
                is_absent=_is_absent(call.dialect, answer.status, content),
            )
        return Refused(
            _meant(call.dialect, refusal, content),
            may_be_clock=refusal.may_be_clock and call.sign is not None,
            elsewhere=refusal.elsewhere,
        )

    def too_fast(self, call: Call, answer: Answer) -> RateLimited:
        """Keep the pause that an answer asks for, and say so."""
        limit = call.limits[0]
        asked = _retry_after(answer.headers.get("retry-after", ""), now=self._clock())
        pause = call.dialect.lock or min(max(asked, limit.period), _LONGEST_PAUSE)
        # Who asked without a key, is held back by the address: then nobody may ask from it.
        for closed in call.limits if call.sign is None else [limit]:
            seconds = pause.total_seconds()
            self._pacer.close(closed, host=call.url.netloc, user=self._user, seconds=seconds)
        return self._rate_limited(call, pause)

    def _rate_limited(self, call: Call, pause: timedelta) -> RateLimited:
        words = _in_words(pause)
        text = f"{call.dialect.exchange} had too many requests and is not asked for {words}"
        return RateLimited(text, retry_at=self._clock() + pause)


def _no_answer(exchange: str, error: Exception, deadline: Deadline) -> FetchError:
    match error:
        case Malformed():
            return UnexpectedAnswer(f"{exchange} gave an unusable answer: {error}")
        case TimeoutError():
            text = f"{exchange} did not answer within {deadline.text}"
        case httpx.ConnectError() | httpx.ConnectTimeout():
            text = f"{exchange} could not be reached"
        case httpx.TimeoutException():
            text = f"{exchange} did not answer in time"
        case httpx.HTTPError() | OSError():
            text = f"the connection to {exchange} broke before the answer was complete"
        case _:
            kind = type(error).__name__  # no more of it: it may carry the signed address
            _log.warning("asking %s failed in a way not foreseen: %s", exchange, kind)
            text = f"{exchange} could not be asked ({kind})"
    return ExchangeUnavailable(text)


def _meant(dialect: Dialect, refusal: Refusal, content: Mapping[str, object]) -> FetchError:
    text = f"{dialect.exchange} {refusal.text} (code {content[dialect.reason]})"
    address = _address_in(content.get("msg")) if refusal.kind is PermissionMissing else None
    error = refusal.kind(f"{text}; it sees us at {address}" if address else text)
    error.remedy = refusal.remedy or error.remedy
    return error


def odd_answer(exchange: str, status: int, *, flaw: str) -> FetchError:
    """Say what an answer means by its status alone, or by the flaw of its body."""
    if status >= 500:
        return ExchangeUnavailable(f"{exchange} answered HTTP {status}")
    if status != 200:
        return UnexpectedAnswer(f"{exchange} answered HTTP {status}")
    flaw = flaw or "its code is missing or unknown"
    return UnexpectedAnswer(f"{exchange} gave an unusable answer: {flaw}")


def _is_absent(dialect: Dialect, status: int, content: Mapping[str, object]) -> bool:
    """Say whether there is nothing at this address, or only who speaks the common dialect."""
    return status in _ABSENT or (dialect.verdict not in content and "code" in content)


def _is_unknown(dialect: Dialect, content: Mapping[str, object]) -> bool:
    """Say whether it is a refusal that nobody knows, and not an answer that is broken."""
    code = content.get(dialect.reason)
    return type(code) in {str, int} and str(code) != str(dialect.good_code)


def _in_words(pause: timedelta) -> str:
    seconds = max(1, round(pause.total_seconds()))
    return f"{seconds} s" if seconds < 120 else f"{round(seconds / 60)} min"


async def _read_body(response: httpx.Response, most_bytes: int) -> bytes:
    """Read the body as it came, still compressed, and stop where it becomes too large."""
    if isinstance(response.stream, httpx.ByteStream):
        return _of_size(b"".join(response.stream), most_bytes)  # all there: nothing to wait for
    body = bytearray()
    try:
        # The stream itself: it works with transports that hand over a whole body, too.
        async for chunk in cast("httpx.AsyncByteStream", response.stream):
            body += chunk
            _of_size(body, most_bytes)
    finally:
        await response.aclose()
    return bytes(body)


def _of_size(body: Body, most_bytes: int) -> Body:
    if len(body) > most_bytes:
        raise Malformed("it is too large")
    return body


def _retry_after(text: str, *, now: datetime) -> timedelta:
    """Read the header, seconds or a date; what cannot be read asks for nothing."""
    if re.fullmatch(r"[0-9]{1,9}", text):
        return timedelta(seconds=int(text))
    try:
        until = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return timedelta(0)
    return (until if until.tzinfo else until.replace(tzinfo=UTC)) - now


def _address_in(text: object) -> str | None:
    """Find the one thing in a server's text that is safe to repeat: an IP address."""
    for word in re.findall(r"[0-9A-Fa-f:.]{3,45}", text[:500] if isinstance(text, str) else ""):
        try:
            return str(ipaddress.ip_address(word.rstrip(".:")))
        except ValueError:
            continue
    return None
