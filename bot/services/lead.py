"""Lead: see to it that of several processes one talks to Telegram, and that always one does.

Who leads holds a lease in the database and prolongs it all the time; when it dies, another takes
over as soon as the lease has run out. Who cannot prolong it stops before that. Its transactions
look at the lease first, so that one that was suspended and wakes up too late changes nothing.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import structlog

from bot.services.ports import Clock, OpenUnit, Unit

log = structlog.get_logger(__name__)

LEADS_FOR = timedelta(seconds=8)
RENEW_EVERY_S = 2.0
ASK_WITHIN_S = 2.0
STOP_BEFORE_S = 2.0
"""By how much who cannot prolong the lease stops before it ends."""


class NoLongerLeading(Exception):
    """Another process has taken over: what was begun here is not to be done."""


class Lead:
    """Waits until it may lead, and does its work while it does."""

    def __init__(self, name: str, *, open_unit: OpenUnit, clock: Clock) -> None:
        """`name` is this process's own."""
        self._name = name
        self._open_unit = open_unit
        self._clock = clock
        self._fence: int | None = None
        self._renewed_at = 0.0
        self._fails = False

    @asynccontextmanager
    async def open_unit(self) -> AsyncIterator[Unit]:
        """Open a unit of work that ends with an error where we do not lead any more."""
        async with self._open_unit() as unit:
            fence = self._fence
            if fence is None or not await unit.leases.is_held(self._name, fence):
                raise NoLongerLeading("another process leads")
            yield unit

    async def run(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do the work whenever we lead, until cancelled."""
        while True:
            await self._wait_for_turn()
            log.info("This process talks to Telegram now", action="lead", process=self._name)
            try:
                await self._work(work)
            finally:
                await self._release()
            log.info("Another process may talk to Telegram now", action="lead")

    async def _wait_for_turn(self) -> None:
        while True:
            if await self._take():
                return
            await asyncio.sleep(RENEW_EVERY_S)

    async def _work(self, work: Callable[[], Awaitable[None]]) -> None:
        """Work and prolong; returns when we may not lead any more, and have stopped."""
        working = asyncio.ensure_future(work())
        try:
            while not working.done() and await self._may_go_on():
                await asyncio.wait({working}, timeout=RENEW_EVERY_S)
        finally:
            working.cancel()
            await asyncio.wait({working})
        if not working.cancelled():
            working.result()  # an error of the work is one of ours

    async def _take(self) -> bool:
        """Try to get the lease; what goes wrong is said once."""
        try:
            async with asyncio.timeout(ASK_WITHIN_S), self._open_unit() as unit:
                now = await unit.leases.clock() or self._clock()
                fence = await unit.leases.take(self._name, now=now, until=now + LEADS_FOR)
        except Exception as e:  # noqa: BLE001 - it is logged, once
            self._note(e)
            return False
        self._note(None)
        self._fence, self._renewed_at = fence, asyncio.get_running_loop().time()
        return fence is not None

    async def _may_go_on(self) -> bool:
        """Prolong the lease; a database that does not answer is waited for, while it lasts."""
        asked_at = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(ASK_WITHIN_S), self._open_unit() as unit:
                now = await unit.leases.clock() or self._clock()
                fence = self._fence or 0
                held = await unit.leases.renew(self._name, fence, until=now + LEADS_FOR)
        except Exception as e:  # noqa: BLE001 - it is logged, once
            self._note(e)
            lasts_s = LEADS_FOR.total_seconds() - STOP_BEFORE_S
            return asyncio.get_running_loop().time() - self._renewed_at < lasts_s
        self._note(None)
        self._renewed_at = asked_at
        return held

    async def _release(self) -> None:
        """Let somebody else lead at once; what fails here only takes them longer."""
        fence, self._fence = self._fence, None
        if fence is None:
            return
        try:
            async with asyncio.timeout(ASK_WITHIN_S), self._open_unit() as unit:
                await unit.leases.release(self._name, fence)
        except Exception as e:  # noqa: BLE001 - it is logged, once
            self._note(e)

    def _note(self, error: Exception | None) -> None:
        if error is not None and not self._fails:
            log.warning(
                "The database does not say who leads",
                action="lead",
                error=f"{type(error).__name__}: {error}"[:300],
            )
        elif error is None and self._fails:
            log.info("The database says again who leads", action="lead")
        self._fails = error is not None
