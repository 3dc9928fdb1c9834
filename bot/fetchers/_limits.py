"""When a request may leave: sliding windows as the *server* sees them.

The server counts a request at some moment between its sending and its answer. So a slot is taken
before sending and counts until the answer's head came (or the request failed) *plus* the period:
a request leaves only when fewer than N earlier ones can still lie in the server's window, whatever
the latencies. It leaves as soon as that holds; what waits, leaves in the order of its coming.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

_UNLIMITED = 2**62
_FEW_WINDOWS = 256


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `requests` in any `period`; windows of one name are shared by all who name it."""

    name: str
    requests: int
    period: timedelta
    per_address: bool = False
    """Counted for our IP address, over all keys, and not for each key."""


class WindowClosed(Exception):
    """The exchange asked for a pause, which still lasts `seconds`."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


class Pacer:
    """The windows of all keys: one per process, shared by its fetchers.

    With `enabled=False` nothing waits (to measure, and against servers without limits); a pause
    that the exchange asked for is kept all the same.
    """

    def __init__(self, *, enabled: bool = True) -> None:
        self._enabled = enabled
        self._windows: dict[tuple[bytes, str, str], _Window] = {}
        self._tidy_at = _FEW_WINDOWS

    async def take(self, limits: Sequence[Limit], *, host: bytes, user: str) -> "Slot":
        """Wait for a place in every window; raise `WindowClosed` when one is closed.

        Cancelled, it leaves no trace: nothing was sent.
        """
        taken: list[_Window] = []
        try:
            for limit in limits:
                window = self._window(limit, host=host, user=user)
                await window.take()
                taken.append(window)
            for window in taken:  # one may have been closed while another was waited for
                window.refuse_if_closed()
        except BaseException:
            for window in taken:
                window.forget()
            raise
        return Slot(taken)

    def is_free(self, limits: Sequence[Limit], *, host: bytes, user: str) -> bool:
        """Whether there is a place in every window at once."""
        return all(self._window(limit, host=host, user=user).is_free for limit in limits)

    def close(self, limit: Limit, *, host: bytes, user: str, seconds: float) -> None:
        """Let nothing through for so long; those who wait are turned away."""
        self._window(limit, host=host, user=user).close(seconds)

    def _window(self, limit: Limit, *, host: bytes, user: str) -> "_Window":
        # Looked up anew for each request, so that one who holds a forgotten window cannot exist.
        key = (host, "" if limit.per_address else user, limit.name)
        window = self._windows.get(key)
        if window is None:
            self._tidy()
            requests = limit.requests if self._enabled else _UNLIMITED
            window = self._windows[key] = _Window(requests, limit.period.total_seconds())
        return window

    def _tidy(self) -> None:
        """Forget idle windows now and then, so that keys that come and go leave nothing."""
        if len(self._windows) >= self._tidy_at:
            now = asyncio.get_running_loop().time()
            self._windows = {k: w for k, w in self._windows.items() if not w.is_idle(now)}
            self._tidy_at = max(_FEW_WINDOWS, 2 * len(self._windows))


class Slot:
    """A place in some windows; it counts until `done()` plus the period of each.

    Only the first word counts: what was done or given back is no longer held.
    """

    __slots__ = ("_windows",)

    def __init__(self, windows: Sequence["_Window"]) -> None:
        self._windows = windows

    def done(self) -> None:
        """Say that the answer came or that the request failed: the server sees it no later."""
        for window in self._let_go():
            window.done()

    def give_back(self) -> None:
        """Say that nothing was sent."""
        for window in self._let_go():
            window.forget()

    def _let_go(self) -> Sequence["_Window"]:
        held, self._windows = self._windows, ()
        return held


class _Window:
    """At most N requests of which the server may have counted any within the last period."""

    __slots__ = (
        "_closed_until",
        "_free_at",
        "_open",
        "_period",
        "_requests",
        "_timer",
        "_waiting",
    )

    def __init__(self, requests: int, period_s: float) -> None:
        self._requests = requests
        self._period = period_s
        self._open = 0  # taken, and not yet answered
        self._free_at: deque[float] = deque()  # answered, and still counting; in order of time
        self._waiting: deque[asyncio.Future[bool]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._closed_until = 0.0

    async def take(self) -> None:
        loop = asyncio.get_running_loop()
        self.refuse_if_closed()
        if not self._waiting and self._open + len(self._free_at) < self._requests:
            self._open += 1
            return
        turn: asyncio.Future[bool] = loop.create_future()
        self._waiting.append(turn)
        self._let_through()
        try:
            let_through = await turn
        except asyncio.CancelledError:
            self._give_up(turn)
            raise
        if not let_through:
            raise WindowClosed(max(0.0, self._closed_until - loop.time()))

    @property
    def is_free(self) -> bool:
        self._let_through()
        is_open = self._closed_until <= asyncio.get_running_loop().time()
        has_place = self._open + len(self._free_at) < self._requests
        return is_open and has_place and not self._waiting

    def done(self) -> None:
        self._open -= 1
        self._free_at.append(asyncio.get_running_loop().time() + self._period)
        self._let_through()

    def forget(self) -> None:
        self._open -= 1
        self._let_through()

    def close(self, seconds: float) -> None:
        until = asyncio.get_running_loop().time() + seconds
        self._closed_until = max(self._closed_until, until)
        while self._waiting:
            _resolve(self._waiting.popleft(), let_through=False)

    def is_idle(self, now: float) -> bool:
        counting = self._open or self._waiting or (self._free_at and self._free_at[-1] > now)
        return not counting and self._closed_until <= now

    def _give_up(self, turn: "asyncio.Future[bool]") -> None:
        if turn in self._waiting:
            self._waiting.remove(turn)
        elif not turn.cancelled() and turn.result():
            self.forget()  # let through in the very moment of the cancellation

    def refuse_if_closed(self) -> None:
        now = asyncio.get_running_loop().time()
        if self._closed_until > now:
            raise WindowClosed(self._closed_until - now)

    def _let_through(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        while self._free_at and self._free_at[0] <= now:
            self._free_at.popleft()
        while self._waiting and self._open + len(self._free_at) < self._requests:
            if _resolve(self._waiting.popleft(), let_through=True):
                self._open += 1
        if self._waiting and self._free_at and self._timer is None:
            self._timer = loop.call_at(self._free_at[0], self._on_time)

    def _on_time(self) -> None:
        self._timer = None
        self._let_through()


def _resolve(turn: "asyncio.Future[bool]", *, let_through: bool) -> bool:
    """Answer one who waits; say whether he still does."""
    if turn.done():
        return False
    turn.set_result(let_through)
    return True
