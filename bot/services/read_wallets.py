"""Read wallets: all at once as far as the limits let us, and a little later what had to wait."""

import asyncio
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from bot.fetchers.errors import RateLimited
from bot.fetchers.model import Reading
from bot.services.ports import Clock, WalletReader

SHORT_PAUSE = timedelta(seconds=5)


async def read_wallets(
    reader: WalletReader, paths: Iterable[str], *, clock: Clock
) -> dict[str, Reading]:
    """Read wallets by their paths; those that an exchange puts off by a moment, once more."""
    readings = await _read(reader, paths)
    pauses = _short_pauses(readings, clock())
    await asyncio.sleep(max(pauses.values(), default=timedelta(0)).total_seconds())
    return readings | await _read(reader, pauses)


async def _read(reader: WalletReader, paths: Iterable[str]) -> dict[str, Reading]:
    async with asyncio.TaskGroup() as group:
        tasks = {path: group.create_task(reader(path)) for path in paths}
    return {path: task.result() for path, task in tasks.items()}


def _short_pauses(readings: Mapping[str, Reading], now: datetime) -> dict[str, timedelta]:
    pauses = {
        path: max(reading.error.retry_at - now, timedelta(0))
        for path, reading in readings.items()
        if isinstance(reading.error, RateLimited)
    }
    return {path: pause for path, pause in pauses.items() if pause <= SHORT_PAUSE}
