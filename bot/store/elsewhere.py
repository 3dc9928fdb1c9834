"""Critical events, from when they are queued until everybody has them: see `core/elsewhere.py`."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import and_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.core.elsewhere import Critical, beginning_of, name_of
from bot.core.events import Event
from bot.core.quiet import disturbs
from bot.store._forget import forget_some
from bot.store._upsert import insert_into
from bot.store.schema import elsewhere, outbox


class SqlElsewhere:
    """`ElsewhereRepository` in SQL."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, events: Sequence[Event], *, queued: Collection[str], at: datetime) -> None:
        """Keep what is critical of `events`; the end of what nobody ever heard of is left out.

        Args:
            events: What has happened.
            queued: The names of what waits for a chat.
            at: The present instant.
        """
        critical = {name_of(event): event for event in events if disturbs(event)}
        begun = await self._known({beginning_of(event) for event in critical.values()})
        rows = [
            {"name": name, "event": event, "queued_at": at}
            for name, event in critical.items()
            if name in queued or beginning_of(event) in {None, *begun}
        ]
        if rows:  # one that is known already was told, or will be
            add = insert_into(self._connection, elsewhere).on_conflict_do_nothing()
            await self._connection.execute(add, rows)

    async def _known(self, names: Collection[str | None]) -> Collection[str]:
        asked = [name for name in names if name is not None]
        if not asked:
            return ()
        known = select(elsewhere.c.name).where(elsewhere.c.name.in_(asked))
        return set(await self._connection.scalars(known))

    async def reach(self, events: Sequence[Event]) -> None:
        """Record that a chat has these."""
        names = _names(events)
        if names:
            this = elsewhere.c.name.in_(names)
            await self._connection.execute(update(elsewhere).where(this).values(reached=True))

    async def told(self, events: Sequence[Event]) -> bool:
        """Whether other channels have told any of these."""
        this = and_(elsewhere.c.name.in_(_names(events)), elsewhere.c.told_to != ())
        return await self._connection.scalar(select(elsewhere.c.id).where(this)) is not None

    async def load(self, *, chats: Collection[int]) -> Sequence[Critical]:
        """See the port."""
        open_ones = select(elsewhere).where(elsewhere.c.done_at.is_(None)).order_by(elsewhere.c.id)
        rows = (await self._connection.execute(open_ones)).all()
        if not rows:
            return ()
        waiting = await self._waiting(chats)
        return [
            Critical(
                name=row.name,
                event=row.event,
                queued_at=row.queued_at,
                reached=row.reached,
                waits=row.name in waiting,
                told_to=frozenset(row.told_to),
            )
            for row in rows
            if row.event is not None
        ]

    async def _waiting(self, chats: Collection[int]) -> Collection[str]:
        here = and_(outbox.c.done_at.is_(None), outbox.c.chat_id.in_(chats))
        found = await self._connection.scalars(select(outbox.c.events).where(here))
        return {name for events in found for name in _names(events)}

    async def mark_told(self, names: Collection[str], *, to: str) -> None:
        """See the port."""
        these = elsewhere.c.name.in_(names)
        found = select(elsewhere.c.name, elsewhere.c.told_to).where(these)
        for name, told_to in (await self._connection.execute(found)).all():
            values = {"told_to": tuple(sorted({*told_to, to}))}
            this = elsewhere.c.name == name
            await self._connection.execute(update(elsewhere).where(this).values(values))

    async def close(self, names: Collection[str], *, at: datetime) -> None:
        """See the port."""
        these = elsewhere.c.name.in_(names)
        await self._connection.execute(update(elsewhere).where(these).values(done_at=at))

    async def forget(self, *, before: datetime) -> bool:
        """See the port."""
        return await forget_some(self._connection, elsewhere, elsewhere.c.queued_at < before)


def _names(events: Sequence[Event]) -> list[str]:
    return [name_of(event) for event in events if disturbs(event)]
