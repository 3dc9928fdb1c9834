"""Lead: see to it that of several processes one talks to Telegram, and that always one does.

Who leads holds a lease in the database and prolongs it all the time; when it dies, another takes
over as soon as the lease has run out. Who cannot prolong it stops long before that: whatever the
database does, its own clock tells it to. Its transactions look at the lease first, so that one
that was suspended and wakes up too late changes nothing.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import structlog

from bot.services.ports import Clock, NotKept, OpenUnit, Outdated, Unit

log = structlog.get_logger(__name__)

LEADS_FOR = timedelta(seconds=10)
RENEW_EVERY_S = 1.5
STOP_AFTER_S = 5.0
"""Who could not prolong the lease for so long stops; what is being sent has time to arrive."""
ASK_WITHIN_S = 2.0
MOST_OUT_OF_STEP = timedelta(seconds=5)
"""By so much the clocks of processes that share a database may differ."""


class NoLongerLeading(Exception):
    """Another process has taken over: what was begun here is not to be done."""


class Lead:
    """Waits until it may lead, and does its work while it does."""

    def __init__(
        self, name: str, *, open_unit: OpenUnit, open_lease: OpenUnit, clock: Clock
    ) -> None:
        """Take the name of this process alone, and how transactions are opened.

        `open_unit` opens what works alone, `open_lease` what waits for nobody's work.
        """
        self._name = name
        self._open_unit = open_unit
        self._open_lease = open_lease
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
        """Do the work whenever we lead, until cancelled; an error of the work ends it.

        Raises:
            Outdated: a newer version has changed the database; who waits finds that, too.
        """
        while True:
            await self._wait_for_turn()
            log.info("This process talks to Telegram now", action="lead", process=self._name)
            try:
                await self._work(work)
            except (NoLongerLeading, NotKept) as e:
                self._note(e)
            finally:
                await self._release()
            log.info("Another process may talk to Telegram now", action="lead")
            await asyncio.sleep(RENEW_EVERY_S)

    async def _wait_for_turn(self) -> None:
        while True:
            if await self._take():
                return
            await asyncio.sleep(RENEW_EVERY_S)

    async def _work(self, work: Callable[[], Awaitable[None]]) -> None:
        """Work and prolong; returns when we may not lead any more, and have stopped."""
        working = asyncio.ensure_future(work())
        prolonging = asyncio.ensure_future(self._prolong())
        try:
            while not (working.done() or prolonging.done()) and self._left_s() > 0:
                await asyncio.wait(
                    {working, prolonging},
                    timeout=self._left_s(),
                    return_when=asyncio.FIRST_COMPLETED,
                )
        finally:
            working.cancel()
            prolonging.cancel()
            await asyncio.wait({working})
            await asyncio.wait({prolonging})
        for ended in (prolonging, working):
            if not ended.cancelled():
                ended.result()  # an error of the work is one of ours

    def _left_s(self) -> float:
        """Say for how long we may go on without prolonging the lease."""
        return self._renewed_at + STOP_AFTER_S - asyncio.get_running_loop().time()

    async def _take(self) -> bool:
        """Try to get the lease; what goes wrong is said once."""
        asked_at = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(ASK_WITHIN_S), self._open_unit() as unit:
                now = await unit.leases.clock() or self._clock()
                self._compare(now)
                fence = await unit.leases.take(self._name, now=now, until=now + LEADS_FOR)
        except Outdated:
            raise
        except Exception as e:  # noqa: BLE001 - it is logged, once
            self._note(e)
            return False
        self._note(None)
        self._fence, self._renewed_at = fence, asked_at
        return fence is not None

    async def _prolong(self) -> None:
        """Prolong the lease until it is another's; a database that does not answer is asked on."""
        held = True
        while held:
            await asyncio.sleep(RENEW_EVERY_S)
            asked_at = asyncio.get_running_loop().time()
            try:
                async with asyncio.timeout(ASK_WITHIN_S), self._open_lease() as unit:
                    now = await unit.leases.clock() or self._clock()
                    self._compare(now)
                    fence = self._fence or 0
                    held = await unit.leases.renew(self._name, fence, until=now + LEADS_FOR)
            except Outdated:
                raise
            except Exception as e:  # noqa: BLE001 - it is logged, once
                self._note(e)
            else:
                self._note(None)
                self._renewed_at = asked_at

    def _compare(self, common: datetime) -> None:
        """Refuse to lead by a clock that is wrong."""
        if abs(common - self._clock()) > MOST_OUT_OF_STEP:
            raise RuntimeError("the clock of this machine differs from that of the database")

    async def _release(self) -> None:
        """Let somebody else lead at once; what fails here only takes them longer."""
        fence, self._fence = self._fence, None
        if fence is None:
            return
        try:
            async with asyncio.timeout(ASK_WITHIN_S), self._open_lease() as unit:
                await unit.leases.release(self._name, fence)
        except Exception as e:  # noqa: BLE001 - it is logged, once
            self._note(e)

    def _note(self, error: Exception | None) -> None:
        if error is not None and not self._fails:
            what = f"{type(error).__name__}: {error}"[:300]
            log.warning("This process cannot lead", action="lead", error=what)
        elif error is None and self._fails:
            log.info("This process can lead again", action="lead")
        self._fails = error is not None
