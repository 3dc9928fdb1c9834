"""What the past needs beside the changes: prices of every hour, gaps in the readings, episodes."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import (
    Integer,
    Text,
    and_,
    bindparam,
    delete,
    func,
    or_,
    select,
    tuple_,
    type_coerce,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.core.events import AlertCleared, AlertEnded, AlertRaised
from bot.core.exports import Changed
from bot.core.past_prices import KeptPrices
from bot.core.series import Gap
from bot.core.thinning import Change, thinned
from bot.core.valuation import Pair
from bot.services.ports import Mark, Turn
from bot.store._columns import Instant
from bot.store._lists import one_of
from bot.store._upsert import insert_into
from bot.store.schema import changes, gaps, kept_prices, outbox, wallets

_THIN = ((timedelta(days=8), 6), (timedelta(days=100), 24))
"""Of what is so old, one price in so many hours stays."""
KEEP_PRICES = timedelta(days=730)
"""Twice as long as any comparison of a year looks back."""
_AT_ONCE = 100
"""Changes in one step: it takes some milliseconds, and nothing is written meanwhile."""
_NOWHERE: Mark = ("", "", None)
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
            statement = insert_into(self._connection, kept_prices).on_conflict_do_nothing()
            await self._connection.execute(statement, rows)

    async def thin_changes(
        self, mark: Mark | None, *, since: datetime | None, until: datetime, now: datetime
    ) -> Mark | None:
        """See the port."""
        path, asset, at = mark or await self._coin_behind("", "") or _NOWHERE
        if not path:
            return None
        begin = max((instant for instant in (at, since) if instant is not None), default=None)
        of_it = and_(changes.c.path == path, changes.c.asset == asset)
        old = and_(of_it, changes.c.at <= until)
        rows = await self._connection.execute(
            select(changes.c.id, changes.c.at, changes.c.before_at)
            .where(old if begin is None else and_(old, changes.c.at >= begin))
            .order_by(changes.c.at, changes.c.id)
            .limit(_AT_ONCE)
        )
        found = [Change(*row) for row in rows]
        await self._replace(found, thinned(found, now=now))
        if len(found) == _AT_ONCE and found[-1].at > found[0].at:
            return path, asset, found[-1].at
        return await self._coin_behind(path, asset)

    async def _replace(self, found: Sequence[Change], stay: Sequence[Change]) -> None:
        gone = {change.id for change in found} - {change.id for change in stay}
        joined = [{"of": c.id, "to": c.before_at} for c in set(stay) - set(found)]
        if gone:
            await self._connection.execute(delete(changes).where(changes.c.id.in_(gone)))
        if joined:
            await self._connection.execute(
                changes.update()
                .where(changes.c.id == bindparam("of"))
                .values(before_at=bindparam("to", type_=Instant)),
                joined,
            )

    async def _coin_behind(self, path: str, asset: str) -> Mark | None:
        """Find the next coin of which there are changes, in the order of the index."""
        place = tuple_(changes.c.path, changes.c.asset)
        query = select(changes.c.path, changes.c.asset).where(place > tuple_(path, asset))
        rows = await self._connection.execute(query.order_by(*place.clauses).limit(1))
        return next(((row.path, row.asset, None) for row in rows), None)

    async def thin_prices(self, after: Pair | None, *, now: datetime) -> Pair | None:
        """See the port."""
        place = tuple_(kept_prices.c.market, kept_prices.c.coin)
        query = select(kept_prices.c.market, kept_prices.c.coin)
        query = query if after is None else query.where(place > tuple_(*after))
        rows = await self._connection.execute(query.order_by(*place.clauses).limit(1))
        pair = next(((row.market, row.coin) for row in rows), None)
        if pair is not None:
            too_many = [
                and_(kept_prices.c.hour < now - age, _NUMBER % hours != 0) for age, hours in _THIN
            ]
            old = or_(*too_many, kept_prices.c.hour < now - KEEP_PRICES)
            await self._connection.execute(delete(kept_prices).where(place == pair, old))
        return pair

    async def forget_gaps(self, after: str | None, *, before: datetime) -> str | None:
        """See the port."""
        query = select(func.min(gaps.c.path)).where(gaps.c.path > (after or ""))
        path: str | None = await self._connection.scalar(query)
        if path is not None:
            old = and_(gaps.c.begins_at < before, gaps.c.ends_at < before)
            await self._connection.execute(delete(gaps).where(gaps.c.path == path, old))
        return path

    async def prices(self, *, since: datetime, every_h: int, coins: Collection[str]) -> KeptPrices:
        """See the port."""
        rows = await self._connection.execute(
            select(kept_prices)
            .where(
                kept_prices.c.hour >= since,
                one_of(kept_prices.c.coin, coins),
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
                one_of(gaps.c.path, paths),
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
        query = select(func.count()).where(one_of(changes.c.path, paths), changes.c.at >= since)
        if assets is not None:
            query = query.where(one_of(changes.c.asset, assets))
        return (await self._connection.execute(query)).scalar_one()

    async def coins(self, paths: Collection[str]) -> Sequence[tuple[str, str]]:
        """See the port."""
        rows = await self._connection.execute(
            select(changes.c.path, changes.c.asset)
            .where(one_of(changes.c.path, paths))
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
        there = select(changes.c.id).where(one_of(changes.c.path, paths), changes.c.asset == coin)
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
