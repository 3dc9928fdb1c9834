"""The timetable: APScheduler as a heartbeat, each tick one call of a service.

What is due is decided by the services from the database and the wall clock. Ticks know nothing,
so one that is missed or comes late loses nothing.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

log = structlog.get_logger(__name__)

Tick = Callable[[], Awaitable[None]]


class Timetable:
    """Calls services at their distances, from `start()` to `stop()`."""

    def __init__(self) -> None:
        self._scheduler: Any = AsyncIOScheduler(
            timezone="UTC",
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
        )
        self._ticking: set[asyncio.Task[Any]] = set()

    def add(self, name: str, tick: Tick, *, every_s: float) -> None:
        """Call `tick` every so many seconds; while one is at work, none of its name is begun."""
        self._scheduler.add_job(
            self._guarded, "interval", args=[name, tick], seconds=every_s, id=name
        )

    def start(self) -> None:
        """Begin to tick."""
        self._scheduler.start()

    async def stop(self, *, within_s: float) -> None:
        """Begin no tick any more, and let those end that are at work; the rest is cancelled."""
        self._scheduler.pause()
        if self._ticking:
            await asyncio.wait(self._ticking, timeout=within_s)
        self._scheduler.shutdown(wait=False)

    async def _guarded(self, name: str, tick: Tick) -> None:
        """Tick; an error is logged and the next tick comes as ever."""
        task = asyncio.current_task()
        if task is not None:
            self._ticking.add(task)
            task.add_done_callback(self._ticking.discard)
        try:
            await tick()
        except Exception:
            log.exception("A tick broke off", action=name)
