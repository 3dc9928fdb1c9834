"""What the past needs beside the changes: prices of every hour, gaps in the readings, episodes."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import Integer, Text, and_, delete, func, or_, select, type_coerce
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.core.events import AlertCleared, AlertEnded, AlertRaised
from bot.core.exports import Changed
from bot.core.past_prices import KeptPrices
from bot.core.series import Gap
from bot.core.valuation import Pair
from bot.services.ports import Turn
from bot.store.schema import changes, gaps, kept_prices, outbox, wallets

_THIN = ((timedelta(days=8), 6), (timedelta(days=100), 24))
"""Of what is so old, one price in so many hours stays."""
_TURNS = ("alert_raised", "alert_cleared", "alert_ended")
_MOST_MESSAGES = 2000
_NUMBER = type_coerce(kept_prices.c.hour, Integer)
"""Of an hour, counted from 1970."""


class SqlPast:
    """`PastRepository` in SQL."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def keep_prices(self, prices: Mapping[Pair, Decimal], *, hour: datetime) -> None:
        """See the port."""
        rows = [
            {"market": market, "coin": coin, "hour": hour, "price": price}
            for (market, coin), price in prices.items()
        ]
        if rows:
            statement = insert(kept_prices).on_conflict_do_nothing()
            await self._connection.execute(statement, rows)

    async def thin_prices(self, *, now: datetime) -> None:
        """See the port."""
        for age, hours in _THIN:
            old = and_(kept_prices.c.hour < now - age, _NUMBER % hours != 0)
            await self._connection.execute(delete(kept_prices).where(old))

    async def prices(self, *, since: datetime, every_h: int, coins: Collection[str]) -> KeptPrices:
        """See the port."""
        rows = await self._connection.execute(
            select(kept_prices)
            .where(
                kept_prices.c.hour >= since,
                kept_prices.c.coin.in_(coins),
                _NUMBER % every_h == 0,
            )
            .order_by(kept_prices.c.hour)
        )
        found: dict[Pair, list[tuple[datetime, Decimal]]] = defaultdict(list)
        for row in rows:
            found[row.market, row.coin].append((row.hour, row.price))
        return found

    async def gaps(
        self, paths: Collection[str], *, since: datetime
    ) -> Mapping[str, Sequence[Gap]]:
        """See the port."""
        rows = await self._connection.execute(
            select(gaps)
            # What is older belongs to an earlier life of the wallet in the settings.
            .join(wallets, wallets.c.path == gaps.c.path)
            .where(
                gaps.c.path.in_(paths),
                gaps.c.ends_at > since,
                gaps.c.begins_at >= wallets.c.first_read_at,
            )
            .order_by(gaps.c.begins_at)
        )
        found: dict[str, list[Gap]] = defaultdict(list)
        for row in rows:
            found[row.path].append(Gap(row.begins_at, row.ends_at))
        return found

    async def count_changes(
        self, paths: Collection[str], assets: Collection[str] | None, *, since: datetime
    ) -> int:
        """See the port."""
        query = select(func.count()).where(changes.c.path.in_(paths), changes.c.at >= since)
        if assets is not None:
            query = query.where(changes.c.asset.in_(assets))
        return (await self._connection.execute(query)).scalar_one()

    async def coins(self, paths: Collection[str]) -> Sequence[tuple[str, str]]:
        """See the port."""
        rows = await self._connection.execute(
            select(changes.c.path, changes.c.asset)
            .where(changes.c.path.in_(paths))
            .distinct()
            .order_by(changes.c.path, changes.c.asset)
        )
        return [(row.path, row.asset) for row in rows]

    async def changed(
        self, path: str, coin: str, *, since: datetime, after: int, most: int
    ) -> Sequence[Changed]:
        """See the port."""
        of_it = and_(changes.c.path == path, changes.c.asset == coin)
        # What is older belongs to an earlier life of the wallet in the settings.
        begun = select(wallets.c.first_read_at).where(wallets.c.path == path).scalar_subquery()
        there = (
            select(func.max(changes.c.at))
            .where(of_it, changes.c.at <= since, changes.c.at >= begun)
            .scalar_subquery()
        )
        rows = await self._connection.execute(
            select(changes)
            .where(of_it, changes.c.at >= func.coalesce(there, begun), changes.c.id > after)
            .order_by(changes.c.id)
            .limit(most)
        )
        return [
            Changed(row.id, row.at, path, coin, row.total, row.available, row.held) for row in rows
        ]

    async def was_held(self, paths: Collection[str], coin: str) -> bool:
        """See the port."""
        there = select(changes.c.id).where(changes.c.path.in_(paths), changes.c.asset == coin)
        return await self._connection.scalar(there.limit(1)) is not None

    async def turns(self, *, since: datetime) -> Sequence[Turn]:
        """See the port."""
        written = type_coerce(outbox.c.events, Text)
        told = or_(*(written.contains(f'"kind":"{kind}"') for kind in _TURNS))
        rows = await self._connection.scalars(
            select(outbox.c.events)
            .where(outbox.c.queued_at >= since, told)
            .order_by(outbox.c.id.desc())
            .limit(_MOST_MESSAGES)
        )
        # Every chat was told the same.
        found = {
            (event.alert.incident, event.kind): event
            for events in rows
            for event in events
            if isinstance(event, AlertRaised | AlertCleared | AlertEnded) and event.at >= since
        }
        return sorted(found.values(), key=lambda event: event.at)
