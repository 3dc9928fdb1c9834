"""When accounts are due, and their leases."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, bindparam, delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.services.ports import Claim
from bot.store._lists import none_of, one_of
from bot.store._upsert import insert_into
from bot.store.leases import has_run_out
from bot.store.locks import is_for_many
from bot.store.schema import accounts

LONGEST_CHECK = timedelta(hours=1)
"""One that has not ended by then hangs; ten thousand sub-accounts take an exchange so long."""


class SqlAccounts:
    """`AccountRepository` in SQL."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, names: Collection[str], *, now: datetime) -> None:
        """See the port."""
        await self.add_missing(names, now=now)
        await self.free(now=now)

    async def add_missing(self, names: Collection[str], *, now: datetime) -> None:
        """See the port."""
        these = select(accounts.c.name).where(one_of(accounts.c.name, names))
        missing = set(names) - set(await self._connection.scalars(these))
        if missing:
            new = [{"name": name, "due_at": now} for name in sorted(missing)]
            add = insert_into(self._connection, accounts).on_conflict_do_nothing()
            await self._connection.execute(add, new)

    async def retain(self, names: Collection[str]) -> None:
        """See the port."""
        await self._connection.execute(delete(accounts).where(none_of(accounts.c.name, names)))

    async def free(self, *, now: datetime) -> None:
        """See the port."""
        if not is_for_many(self._connection):
            await self._connection.execute(update(accounts).values(due_at=now, leased_until=None))

    async def hasten(self, names: Collection[str], *, beyond: datetime, now: datetime) -> None:
        """See the port."""
        these = and_(one_of(accounts.c.name, names), accounts.c.due_at > beyond)
        waiting = select(accounts.c.name).where(these).with_for_update(skip_locked=True)
        if late := list(await self._connection.scalars(waiting)):
            sooner = update(accounts).where(one_of(accounts.c.name, late)).values(due_at=now)
            await self._connection.execute(sooner)

    async def claim_due(
        self, *, now: datetime, until: datetime, busy: Collection[str], most: int
    ) -> Sequence[Claim]:
        """See the port."""
        due = and_(accounts.c.due_at <= now, none_of(accounts.c.name, busy), _free(now))
        longest_due = (
            select(accounts.c.name)
            .where(due)
            .order_by(accounts.c.due_at)
            .limit(most)
            .with_for_update(skip_locked=True)
        )
        return await self._claim(accounts.c.name.in_(longest_due), until)

    async def claim(self, name: str, *, now: datetime, until: datetime) -> Claim | None:
        """See the port."""
        this = and_(accounts.c.name == name, _free(now))
        free = select(accounts.c.name).where(this).with_for_update(skip_locked=True)
        claims = await self._claim(accounts.c.name.in_(free), until)
        return claims[0] if claims else None

    async def leased(self, names: Collection[str], *, now: datetime) -> Collection[str]:
        """See the port."""
        these = and_(one_of(accounts.c.name, names), ~_free(now))
        return set(await self._connection.scalars(select(accounts.c.name).where(these)))

    async def _claim(self, which: ColumnElement[bool], until: datetime) -> Sequence[Claim]:
        rows = await self._connection.execute(
            update(accounts)
            .where(which)
            .values(leased_until=until, fence=accounts.c.fence + 1)
            .returning(accounts.c.name, accounts.c.fence)
        )
        return [Claim(name, fence) for name, fence in rows]

    async def renew(self, claims: Collection[Claim], *, until: datetime) -> None:
        """See the port."""
        held = await self._held(claims)
        if held:
            these = one_of(accounts.c.name, [claim.account for claim in held])
            await self._connection.execute(
                update(accounts).where(these).values(leased_until=until)
            )

    async def oldest_due(self, *, now: datetime) -> tuple[str, datetime] | None:
        """See the port."""
        waits = or_(_free(now), accounts.c.due_at <= now - LONGEST_CHECK)
        due = select(accounts.c.name, accounts.c.due_at).where(accounts.c.due_at <= now, waits)
        rows = await self._connection.execute(due.order_by(accounts.c.due_at).limit(1))
        return next(((name, due_at) for name, due_at in rows), None)

    async def due(self) -> Mapping[str, datetime]:
        """See the port."""
        rows = await self._connection.execute(select(accounts.c.name, accounts.c.due_at))
        return {row.name: row.due_at for row in rows}

    async def finish(self, due_at: Mapping[Claim, datetime]) -> Collection[Claim]:
        """See the port."""
        held = await self._held(due_at)
        if held:
            # The fence counts on, so that what was finished is not finished or prolonged again.
            done = {"due_at": bindparam("to"), "leased_until": None, "fence": accounts.c.fence + 1}
            await self._connection.execute(
                update(accounts).where(accounts.c.name == bindparam("of")).values(done),
                [{"of": claim.account, "to": due_at[claim]} for claim in held],
            )
        return held

    async def _held(self, claims: Collection[Claim]) -> Collection[Claim]:
        """Choose those that have not passed to somebody else, and keep them from it meanwhile."""
        these = one_of(accounts.c.name, [claim.account for claim in claims])
        rows = await self._connection.execute(
            select(accounts.c.name, accounts.c.fence)
            .where(these)
            .order_by(accounts.c.name)
            .with_for_update()
        )
        fences = {row.name: row.fence for row in rows}
        return [claim for claim in claims if fences.get(claim.account) == claim.fence]


def _free(now: datetime) -> ColumnElement[bool]:
    return or_(accounts.c.leased_until.is_(None), has_run_out(accounts.c.leased_until, now))
