"""What one process does alone, and what the others must take up."""

from datetime import UTC, datetime, timedelta
from typing import cast

from sqlalchemy import ColumnElement, String, and_, column, func, or_, select, table
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.services.ports import Outdated
from bot.store._upsert import insert_into
from bot.store.locks import is_for_many
from bot.store.migrations import HEAD, VERSION_TABLE, MadeByNewer, is_earlier
from bot.store.schema import leases, news

_LEADING = "leading"
_WATCHED = "watched"
_VERSION = select(table(VERSION_TABLE, column("version_num", String)).c.version_num)
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
LONGEST_LEASE = timedelta(minutes=1)
"""For so long none is given, however far the clocks of those who share a database differ."""


class SqlLeases:
    """`LeaseRepository` in SQL."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def take(self, holder: str, *, now: datetime, until: datetime) -> int | None:
        """See the port."""
        row = {"name": _LEADING, "holder": holder, "fence": 1, "until": until}
        add = insert_into(self._connection, leases).values(row)
        free = or_(has_run_out(leases.c.until, now), leases.c.holder == holder)
        values = {"holder": holder, "fence": leases.c.fence + 1, "until": until}
        taken = add.on_conflict_do_update(index_elements=["name"], set_=values, where=free)
        fence: int | None = await self._connection.scalar(taken.returning(leases.c.fence))
        return fence

    async def renew(self, holder: str, fence: int, *, until: datetime) -> bool:
        """See the port."""
        done = await self._connection.execute(
            leases.update().where(*_held_by(holder, fence)).values(until=until)
        )
        return done.rowcount == 1

    async def is_held(self, holder: str, fence: int) -> bool:
        """See the port."""
        found = select(leases.c.fence).where(*_held_by(holder, fence))
        return await self._connection.scalar(found) is not None

    async def is_led(self, *, now: datetime) -> bool:
        """See the port."""
        led = and_(leases.c.name == _LEADING, ~has_run_out(leases.c.until, now))
        return await self._connection.scalar(select(leases.c.fence).where(led)) is not None

    async def release(self, holder: str, fence: int) -> None:
        """See the port."""
        # The row stays, so that no fence comes a second time.
        await self._connection.execute(
            leases.update().where(*_held_by(holder, fence)).values(until=_LONG_AGO)
        )

    async def clock(self) -> datetime | None:
        """See the port."""
        if not is_for_many(self._connection):
            return None
        asked = select(func.clock_timestamp(), _VERSION.scalar_subquery())
        now, version = (await self._connection.execute(asked)).one()
        try:
            is_earlier(version)
        except MadeByNewer:
            raise Outdated(f"the database has version {version}, this program {HEAD}") from None
        return cast("datetime", now)

    async def news(self) -> int:
        """See the port."""
        found = await self._connection.scalar(select(news.c.number).where(_ABOUT_WATCHED))
        return found or 0

    async def add_news(self) -> int:
        """See the port."""
        add = insert_into(self._connection, news).values(topic=_WATCHED, number=1)
        more = add.on_conflict_do_update(
            index_elements=["topic"], set_={"number": news.c.number + 1}
        )
        number: int = (await self._connection.execute(more.returning(news.c.number))).scalar_one()
        return number


async def is_led(connection: AsyncConnection) -> bool:
    """Whether a process leads, by the clock of the server."""
    now = (await connection.execute(select(func.clock_timestamp()))).scalar_one()
    return await SqlLeases(connection).is_led(now=now)


async def times_led(connection: AsyncConnection) -> int:
    """Count how often a process has begun to lead."""
    return await connection.scalar(select(leases.c.fence).where(leases.c.name == _LEADING)) or 0


def has_run_out(until: ColumnElement[datetime], now: datetime) -> ColumnElement[bool]:
    """Find leases that hold nobody up: also what was written by a clock that was ahead."""
    return or_(until <= now, until > now + LONGEST_LEASE)


_ABOUT_WATCHED = news.c.topic == _WATCHED


def _held_by(holder: str, fence: int) -> tuple[ColumnElement[bool], ...]:
    return leases.c.name == _LEADING, leases.c.holder == holder, leases.c.fence == fence
