"""The timetable: APScheduler as a heartbeat, each tick one call of a service.

What is due is decided by the services from the database and the wall clock. Ticks know nothing,
so one that is missed or comes late loses nothing.
"""

from collections.abc import Awaitable, Callable, Mapping

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

log = structlog.get_logger(__name__)

Tick = Callable[[], Awaitable[None]]


def build_timetable(ticks: Mapping[float, Mapping[str, Tick]]) -> AsyncIOScheduler:
    """Arrange ticks by their distance in seconds; nothing runs before `start()`.

    An error of a tick is logged and the next tick comes as ever.
    """
    timetable = AsyncIOScheduler(
        timezone="UTC",
        job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
    )
    for seconds, jobs in ticks.items():
        for name, tick in jobs.items():
            timetable.add_job(_guarded(name, tick), "interval", seconds=seconds, id=name)
    return timetable


def _guarded(name: str, tick: Tick) -> Tick:
    async def guarded() -> None:
        try:
            await tick()
        except Exception:
            log.exception("A tick broke off", action=name)

    return guarded
