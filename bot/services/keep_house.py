"""Keep house: delete what nobody will ask for again, and thin out what is long past.

All is swept in small steps, each a transaction of some milliseconds, with pauses in which others
write; how old it is, is told by what was read, not by a clock that may be ahead. A SQLite file
does not shrink by it: what has become free is used for what comes next.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from time import monotonic
from typing import TypeVar

from bot.core.elapsed import BELIEVED_AFTER, certainly, read_lately
from bot.core.series import Gap
from bot.core.thinning import thinned_to_days_until, thinned_until
from bot.services.ports import Clock, Mark, OpenUnit, Unit

KEEP_UPDATES = timedelta(days=7)
"""Telegram itself keeps an update for a day."""
KEEP_MESSAGES = timedelta(days=90)
KEEP_DIGESTS = timedelta(days=400)
"""When they were posted; far longer than any of them looks back."""
KEEP_DEEDS = timedelta(days=365)
KEEP_GAPS = timedelta(days=365)
"""As long as there is more than one change a day to tell them from."""
THIN_EVERY = timedelta(days=1)
OVERLAP = timedelta(days=2)
"""Days that end between two sweeps are looked at whole."""
AT_ONCE_S = 0.005
"""For so long steps are taken in one transaction, one of them at least."""
PIECE = 500
"""So many wallets are asked for their gaps in one transaction."""
PAUSE_S = 0.1
"""Between two transactions: some ten times as long as they take."""

M = TypeVar("M")


class KeepHouse:
    """Sweeps the inbox, the outbox, what was told elsewhere, old deeds, and the long past."""

    def __init__(self, *, open_unit: OpenUnit, clock: Clock, pause_s: float = PAUSE_S) -> None:
        self._open_unit = open_unit
        self._clock = clock
        self._pause_s = pause_s
        self._stopping = asyncio.Event()
        self._began_thinning_at: datetime | None = None
        self._thinned_at: datetime | None = None

    def stop(self) -> None:
        """End after the step that is under way; what is left is swept another time."""
        self._stopping.set()

    async def sweep(self) -> None:
        """Delete what is old; doing it again deletes nothing more."""
        self._stopping.clear()
        now = await self._certainly()
        if now is None:
            return
        await self._forget(lambda unit: unit.inbox.forget(before=now - KEEP_UPDATES))
        await self._forget(lambda unit: unit.elsewhere.forget(before=now - KEEP_MESSAGES))
        await self._forget(lambda unit: unit.audit.forget(before=now - KEEP_DEEDS))
        await self._forget(lambda unit: unit.outbox.forget(before=now - KEEP_MESSAGES))
        if self._is_time_to_thin(now):
            self._began_thinning_at = now
            await self._thin(now)

    def _is_time_to_thin(self, now: datetime) -> bool:
        began_at = self._began_thinning_at
        return began_at is None or not timedelta(0) <= now - began_at < THIN_EVERY

    async def _certainly(self) -> datetime | None:
        """Tell what time it is at least: `now` for all that is swept; None: nothing was read."""
        async with self._open_unit() as unit:
            outlines = await unit.wallets.outlines()
        read_at = {o.path: o.read_at for o in outlines if o.read_at is not None}
        lately = read_lately(read_at, now=self._clock())
        return certainly(lately, await self._gaps(lately))

    async def _gaps(self, read_at: Mapping[str, datetime]) -> Mapping[str, Sequence[Gap]]:
        """Load a piece at a time, so that others have their turn between."""
        paths, found = list(read_at), dict[str, Sequence[Gap]]()
        for begin in range(0, len(paths), PIECE):
            async with self._open_unit() as unit:
                found |= await unit.past.gaps(
                    paths[begin : begin + PIECE], since=min(read_at.values()) - BELIEVED_AFTER
                )
        return found

    async def _thin(self, now: datetime) -> None:
        """Go through all wallets and prices; the first time since the start, through all times."""

        async def forget(unit: Unit, path: str | None) -> str | None:
            return await unit.past.forget_gaps(path, before=now - KEEP_GAPS)

        dates = (now - KEEP_DIGESTS).date()
        await self._forget(lambda unit: unit.digests.forget(before=dates))
        await self._walk(lambda unit, pair: unit.past.thin_prices(pair, now=now))
        await self._walk(forget)
        await self._thin_changes(thinned_until, now)
        if self._thinned_at is not None:  # otherwise those of long ago were among them
            await self._thin_changes(thinned_to_days_until, now)
        if not self._stopping.is_set():
            self._thinned_at = now

    async def _thin_changes(self, border: Callable[[datetime], datetime], now: datetime) -> None:
        """Go through what has come to lie behind a border since the last time."""
        before = self._thinned_at
        since = None if before is None else border(before) - OVERLAP

        async def thin(unit: Unit, mark: Mark | None) -> Mark | None:
            return await unit.past.thin_changes(mark, since=since, until=border(now), now=now)

        await self._walk(thin)

    async def _forget(self, some: Callable[[Unit], Awaitable[bool]]) -> None:
        """Delete some time and again, until there is no more."""

        async def step(unit: Unit, _more: bool | None) -> bool | None:
            return await some(unit) or None

        await self._walk(step)

    async def _walk(self, step: Callable[[Unit, M | None], Awaitable[M | None]]) -> None:
        """Do one step after another, each from where the one before ended, until there is none."""
        place: M | None = None
        while not self._stopping.is_set():
            until = monotonic() + AT_ONCE_S
            async with self._open_unit() as unit:
                place = await step(unit, place)
                while place is not None and monotonic() < until:
                    place = await step(unit, place)
            if place is None:
                return
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), self._pause_s)
