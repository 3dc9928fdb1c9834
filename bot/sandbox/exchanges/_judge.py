"""The frame of every emulated exchange: arrival, limits, verdict, journal, and faults on top.

An exchange's own module says who signs how and what the answers look like (`Judge`); this one
runs it behind a server, and does not know any exchange.
"""

import asyncio
import time
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Protocol
from urllib.parse import parse_qsl

from aiohttp import web

from bot.sandbox.faults import FAULTS, Answer, Fault, Faults
from bot.sandbox.world import Account, Key, World


def utc_now() -> datetime:
    """Tell the time, in production."""
    return datetime.fromtimestamp(time.time(), UTC)


@dataclass(frozen=True, slots=True)
class Limit:
    """So many requests in any window of so many seconds; `lock_s` is the penalty for more."""

    requests: int
    window_s: float
    per_ip: bool = False
    lock_s: float = 0


@dataclass(frozen=True, slots=True)
class Call:
    """A request as it arrived."""

    method: str
    target: str
    """Path and query exactly as they came over the wire."""
    path: str
    """The part before the question mark."""
    query: Mapping[str, str]
    """The parameters, decoded."""
    headers: Mapping[str, str]
    body: bytes
    ip: str
    arrived_at: datetime
    """By the exchange's own clock."""

    @property
    def content_type(self) -> str:
        """The type of the body, without its parameters, in lower case."""
        return self.headers.get("Content-Type", "").partition(";")[0].strip().lower()


def _call(request: web.Request, body: bytes, *, arrived_at: datetime) -> Call:
    path, _, query = request.raw_path.partition("?")
    return Call(
        method=request.method,
        target=request.raw_path,
        path=path,
        query=dict(parse_qsl(query, keep_blank_values=True)),
        headers=request.headers,
        body=body,
        ip=request.remote or "",
        arrived_at=arrived_at,
    )


@dataclass(frozen=True, slots=True)
class User:
    """Who sent a request; limits are counted by this name."""

    account: Account
    key: Key

    @property
    def name(self) -> str:
        """The account, and the sub-account where the key is of one."""
        return f"{self.account.name}/{self.key.sub}" if self.key.sub else self.account.name


class Refused(Exception):
    """The request is refused, with the exchange's own code."""

    def __init__(self, code: str, message: str, *, status: int = 200) -> None:
        """Say why, and under which HTTP status."""
        super().__init__(message)
        self.code = code
        self.status = status


class LimitExceeded(Exception):
    """A request did not fit into its window, or its sender is locked."""


class Judge(Protocol):
    """One exchange: what it calls its endpoints, whom it believes, what it answers."""

    @property
    def slug(self) -> str:
        """The exchange's name."""
        ...

    @property
    def limits(self) -> Mapping[str, Limit]:
        """The documented limits by endpoint; `*` is one shared by all."""
        ...

    def endpoint(self, call: Call) -> str | None:
        """Name the endpoint; None when there is none."""
        ...

    def authenticate(self, call: Call, endpoint: str) -> User | None:
        """Find who calls, None where nobody need say; raises Refused."""
        ...

    def answer(self, call: Call, endpoint: str, user: User | None) -> Answer:
        """Answer a request that is in order; raises Refused."""
        ...

    def accepted(self, endpoint: str) -> str:
        """Give the code of a good answer."""
        ...

    def refusal(self, refused: Refused, endpoint: str) -> Answer:
        """Put a refusal into the exchange's words."""
        ...

    def too_many(self) -> Refused:
        """Say that a limit was exceeded."""
        ...


class Windows:
    """Strict sliding windows over arrival times: the request that does not fit is not counted."""

    def __init__(self) -> None:
        """Begin with empty windows."""
        self._arrivals: defaultdict[tuple[str, str], deque[float]] = defaultdict(deque)
        self._locked_until: dict[tuple[str, str], float] = {}

    def admit(self, whose: tuple[str, str], limit: Limit, arrived: float) -> bool:
        """Count a request, or refuse it (and lock whoever sent it, where the limit says so)."""
        if arrived < self._locked_until.get(whose, arrived):
            return False
        arrivals = self._arrivals[whose]
        while arrivals and arrived - arrivals[0] >= limit.window_s:
            arrivals.popleft()
        if len(arrivals) >= limit.requests:
            self._locked_until[whose] = arrived + limit.lock_s
            return False
        arrivals.append(arrived)
        return True


@dataclass(frozen=True, slots=True)
class Entry:
    """One request in the journal."""

    arrived: float
    """Seconds of the monotonic clock."""
    endpoint: str
    user: str | None
    """Who sent it, as far as the exchange believed it."""
    code: str
    """The code of the honest answer, whatever was sent in its place."""
    limited: bool
    """Whether it was refused for a limit."""
    fault: str | None
    """What went wrong with the answer, on purpose."""


@dataclass(slots=True)
class Journal:
    """The latest requests, oldest first."""

    entries: deque[Entry] = field(default_factory=lambda: deque(maxlen=100_000))

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    def limited(self) -> list[Entry]:
        """Give those that were refused for a limit."""
        return [entry for entry in self.entries if entry.limited]


@dataclass(frozen=True, slots=True)
class _Verdict:
    answer: Answer
    code: str
    user: User | None = None
    limited: bool = False


class Emulator:
    """An exchange as a web application."""

    def __init__(
        self,
        judge: Judge,
        world: World,
        *,
        faults: Faults | None = None,
        latency: Callable[[], float] | None = None,
        clock: Callable[[], datetime] = utc_now,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        limits: Mapping[str, Limit] | None = None,
    ) -> None:
        """Wire it.

        Args:
            judge: The exchange.
            world: Who has an account, and what it holds.
            faults: What goes wrong on purpose.
            latency: Seconds per request: half on the way in, half on the way out.
            clock: The exchange's clock (aware), for time stamps.
            monotonic: Seconds for limits and journal.
            sleep: How the latency is spent.
            limits: In place of the documented ones; `{}` for none.
        """
        self.journal = Journal()
        self.faults = faults or Faults()
        self._judge = judge
        self._world = world
        self._latency = latency
        self._clock = clock
        self._monotonic = monotonic
        self._sleep = sleep
        self._limits = judge.limits if limits is None else limits
        self._windows = Windows()

    def application(self) -> web.Application:
        """Give the application; every path leads to the same handler."""
        app = web.Application()
        app.router.add_route("*", "/{anything:.*}", self._handle)
        return app

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        on_the_way = self._latency() / 2 if self._latency else 0.0
        body = await request.read()
        await self._travel(on_the_way)
        fault, answer = self._settle(request, body)
        await self._travel(on_the_way)
        return await fault.act(request, answer) if fault else answer.response()

    async def _travel(self, seconds: float) -> None:
        if seconds:
            await self._sleep(seconds)

    def _settle(self, request: web.Request, body: bytes) -> tuple[Fault | None, Answer]:
        """Judge a request at its arrival and note it down."""
        arrived = self._monotonic()
        call = _call(request, body, arrived_at=self._clock())
        endpoint = self._judge.endpoint(call) or call.path
        fault = self._next_fault(endpoint)
        if fault and fault.skew:
            call = replace(call, arrived_at=call.arrived_at + fault.skew)
        verdict = self._decide(call, endpoint, arrived)
        user = verdict.user.name if verdict.user else None
        name = fault.name if fault else None
        entry = Entry(arrived, endpoint, user, verdict.code, verdict.limited, name)
        self.journal.entries.append(entry)
        return fault, verdict.answer

    def _next_fault(self, endpoint: str) -> Fault | None:
        if self._judge.slug in self._world.down:
            return FAULTS["http_502"]
        return self.faults.take(endpoint)

    def _decide(self, call: Call, endpoint: str, arrived: float) -> _Verdict:
        user = None
        try:
            self._count(endpoint, call.ip, arrived, per_ip=True)
            user = self._judge.authenticate(call, endpoint)
            if user:
                self._count(endpoint, user.name, arrived, per_ip=False)
            answer = self._judge.answer(call, endpoint, user)
        except LimitExceeded:
            refused = self._judge.too_many()
            words = self._judge.refusal(refused, endpoint)
            return _Verdict(words, refused.code, user, limited=True)
        except Refused as refused:
            return _Verdict(self._judge.refusal(refused, endpoint), refused.code, user)
        return _Verdict(answer, self._judge.accepted(endpoint), user)

    def _count(self, endpoint: str, who: str, arrived: float, *, per_ip: bool) -> None:
        for name in ("*", endpoint):
            limit = self._limits.get(name)
            if limit is None or limit.per_ip != per_ip:
                continue
            if not self._windows.admit((name, who), limit, arrived):
                raise LimitExceeded
