"""A bell among processes that share a PostgreSQL: who queues a message rings, who sends hears.

Nothing relies on it: the outbox is looked at every second, bell or no bell. It rings when the
transaction is kept, and only then.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.core.delivery import pause_after
from bot.store.locks import is_for_many

if TYPE_CHECKING:  # a bot with a file does without that library
    from psycopg import AsyncConnection as Line

log = structlog.get_logger(__name__)

_NAME = "balance_bot_outbox"


async def ring(connection: AsyncConnection) -> None:
    """Ring when this transaction is kept; nobody else can hear it in a file."""
    if is_for_many(connection):
        await connection.execute(text("SELECT pg_notify(:name, '')"), {"name": _NAME})


async def hear(
    engine: AsyncEngine,
    heard: Callable[[], None],
    *,
    pause: Callable[[float], Awaitable[object]] = asyncio.sleep,
) -> None:
    """Call `heard` whenever it rings, until cancelled; a line that breaks is laid anew.

    Args:
        engine: Has a connection to spare, for as long as this goes on.
        heard: Is called after each break, too: it may have rung meanwhile.
        pause: Waits for so many seconds.
    """
    breaks = 0

    def connected() -> None:
        nonlocal breaks
        if breaks:
            log.info("What other processes queue is heard of at once again", action="hear")
        breaks = 0
        heard()

    while True:
        try:
            await _listen(engine, connected, heard)
        except Exception as e:  # noqa: BLE001 - it is logged, once
            breaks += 1
            if breaks == 1:
                what = type(e).__name__
                log.warning("What other processes queue is looked for", action="hear", error=what)
        await pause(pause_after(breaks).total_seconds())


async def _listen(
    engine: AsyncEngine, connected: Callable[[], None], heard: Callable[[], None]
) -> None:
    async with engine.connect() as connection:
        try:
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            await connection.execute(text(f"LISTEN {_NAME}"))
            line: Line | None = (await connection.get_raw_connection()).driver_connection
            connected()
            if line is not None:
                async for _ in line.notifies():
                    heard()
        finally:
            await connection.invalidate()  # nobody else is to be called on this line
