"""Faults on order: what the network and Telegram do to a bot on a bad day."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot.sandbox.telegram.wire import Refusal

ANY = "*"
"""Stands for every method."""


class ConnectionCut(Exception):
    """The connection is to be cut without an answer."""


class RawAnswer(Exception):
    """Something is to be answered that is not the Bot API's JSON."""

    def __init__(self, status: int, body: bytes) -> None:
        super().__init__(f"HTTP {status}")
        self.status = status
        self.body = body


async def _nothing() -> None:
    """Let the call go on."""


@dataclass(slots=True)
class Fault:
    """What happens to a call before it is carried out, and after, in place of the answer."""

    before: Callable[[], Awaitable[None]] = _nothing
    after: Callable[[], Awaitable[None]] = _nothing
    times: int | None = 1
    """For how many calls it still stands; None: until `end_faults`."""


class Gate:
    """Holds calls of a method, not carried out yet, until it is opened."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        """Set as soon as a call stands before the gate."""
        self._opened = asyncio.Event()

    def open(self) -> None:
        """Let the held calls go on, and all later ones."""
        self._opened.set()

    async def pass_through(self) -> None:
        """Wait until the gate is open."""
        self.reached.set()
        await self._opened.wait()


class Faults:
    """The faults that stand, per method, first ordered first served."""

    def __init__(self) -> None:
        super().__init__()
        self._standing: dict[str, list[Fault]] = {}
        self._released = asyncio.Event()
        self._hole: asyncio.Event | None = None

    def fail(
        self,
        method: str,
        *,
        status: int = 500,
        description: str = "Internal Server Error",
        retry_after: int | None = None,
        times: int | None = 1,
    ) -> None:
        """Refuse the call in Telegram's way; nothing is carried out."""

        async def refuse() -> None:
            raise Refusal(status, description, retry_after=retry_after)

        self._add(method, Fault(before=refuse, times=times))

    def garble(
        self, method: str, *, status: int = 502, body: bytes = b"", times: int | None = 1
    ) -> None:
        """Answer with another body, as a proxy in between does; nothing is carried out."""

        async def garbled() -> None:
            raise RawAnswer(status, body)

        self._add(method, Fault(before=garbled, times=times))

    def drop_before(self, method: str, *, times: int | None = 1) -> None:
        """Cut the connection; nothing is carried out."""
        self._add(method, Fault(before=_cut, times=times))

    def drop_after(self, method: str, *, times: int | None = 1) -> None:
        """Carry the call out, then cut the connection in place of the answer."""
        self._add(method, Fault(after=_cut, times=times))

    def hang(self, method: str, *, times: int | None = 1) -> None:
        """Never answer; nothing is carried out."""
        self._add(method, Fault(before=self._hang, times=times))

    def hang_after(self, method: str, *, times: int | None = 1) -> None:
        """Carry the call out, and never answer."""
        self._add(method, Fault(after=self._hang, times=times))

    def gate(self, method: str) -> Gate:
        """Hold every call of the method until the gate is opened."""
        gate = Gate()
        self._add(method, Fault(before=gate.pass_through, times=None))
        return gate

    def black_hole(self) -> None:
        """Become a black hole: connections are taken, nothing is ever answered or carried out."""
        self._hole = asyncio.Event()

    def end_faults(self) -> None:
        """End all faults; connections that hang are cut."""
        self._standing.clear()
        self._released.set()
        self._released = asyncio.Event()
        if self._hole is not None:
            self._hole.set()
            self._hole = None

    async def outlast_black_hole(self) -> None:
        """Return when there is no black hole; cut the connection when one goes away."""
        if self._hole is not None:
            await self._hole.wait()
            raise ConnectionCut

    def take_fault(self, method: str) -> Fault:
        """Give the fault for this call; an empty one when none stands."""
        for name in (method, ANY):
            if standing := self._standing.get(name):
                return self._use(standing)
        return Fault()

    def _add(self, method: str, fault: Fault) -> None:
        self._standing.setdefault(method, []).append(fault)

    def _use(self, standing: list[Fault]) -> Fault:
        fault = standing[0]
        if fault.times is not None:
            fault.times -= 1
            if fault.times <= 0:
                standing.remove(fault)
        return fault

    async def _hang(self) -> None:
        await self._released.wait()
        raise ConnectionCut


async def _cut() -> None:
    raise ConnectionCut
