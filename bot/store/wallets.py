"""What is known of the wallets: the last good reading whole, and each change for ever."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    ColumnElement,
    Double,
    Row,
    String,
    Text,
    and_,
    bindparam,
    cast,
    column,
    delete,
    extract,
    func,
    insert,
    select,
    true,
    type_coerce,
    values,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.core.health import Health
from bot.core.history import Coin, History, Point
from bot.core.portfolio import Holdings, WalletState
from bot.core.series import MOST_APART
from bot.fetchers.model import Balance
from bot.services.ports import Step, WalletOutline
from bot.store._lists import none_of, one_of
from bot.store._upsert import upsert
from bot.store.schema import changes, gaps, wallets

_NONE = Decimal(0)


class SqlWallets:
    """`WalletRepository` in SQL."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def retain(self, paths: Collection[str]) -> None:
        """See the port."""
        await self._connection.execute(delete(wallets).where(none_of(wallets.c.path, paths)))

    async def forget(self, paths: Collection[str]) -> None:
        """See the port."""
        if paths:
            await self._connection.execute(delete(wallets).where(one_of(wallets.c.path, paths)))

    async def load(self, paths: Collection[str] | None = None) -> Mapping[str, WalletState]:
        """See the port."""
        query = select(wallets)
        if paths is not None:
            query = query.where(one_of(wallets.c.path, paths))
        rows = await self._connection.execute(query)
        return {row.path: _state(row) for row in rows}

    async def outlines(self) -> Sequence[WalletOutline]:
        """See the port."""
        rows = await self._connection.execute(
            select(wallets.c.path, wallets.c.read_at, wallets.c.failures)
        )
        return [WalletOutline(*row) for row in rows]

    async def save(
        self, states: Iterable[WalletState], *, most_apart: timedelta = MOST_APART
    ) -> None:
        """See the port."""
        states = list(states)
        before = await self.load([state.path for state in states])
        await self.advance(
            [Step(before.get(s.path, WalletState(s.path)), s, most_apart) for s in states]
        )

    async def advance(self, steps: Sequence[Step]) -> None:
        """See the port."""
        rows = [row for step in steps for row in _changes(step.before, step.after)]
        if rows:
            await self._connection.execute(insert(changes), rows)
        await upsert(self._connection, gaps, [_gap(step) for step in steps if _is_gap(step)])
        same = [step.after for step in steps if _is_only_newer(step)]
        if same:
            this = wallets.c.path == bindparam("of")
            await self._connection.execute(
                wallets.update().where(this).values(read_at=bindparam("at")),
                [{"of": state.path, "at": state.read_at} for state in same],
            )
        others = [_row(step.after) for step in steps if not _is_only_newer(step)]
        await upsert(self._connection, wallets, others)
        await self._note_first([s.after for s in steps if s.before.read_at is None])

    async def _note_first(self, states: Iterable[WalletState]) -> None:
        if paths := [state.path for state in states if state.read_at is not None]:
            await self._connection.execute(
                wallets.update()
                .where(one_of(wallets.c.path, paths), wallets.c.first_read_at.is_(None))
                .values(first_read_at=wallets.c.read_at)
            )

    async def richest(self, asset: str, *, most: int) -> Collection[str]:
        """See the port."""
        named, available = _parts_of_balances(self._connection.dialect.name)
        rows = await self._connection.scalars(
            select(wallets.c.path)
            .where(wallets.c.failures == 0, named == asset, available > 0)
            .order_by(available.desc(), wallets.c.path)
            .limit(most)
        )
        return list(rows)

    async def holdings_at(self, at: datetime) -> Holdings:
        """See the port."""
        known = await self._connection.scalars(
            select(wallets.c.path).where(wallets.c.first_read_at <= at)
        )
        holdings: dict[str, list[Balance]] = {path: [] for path in known}
        newest = (
            select(func.max(changes.c.id).label("id"))
            # What is older belongs to an earlier life of the wallet in the settings.
            .join(wallets, wallets.c.path == changes.c.path)
            .where(changes.c.at.between(wallets.c.first_read_at, at))
            .group_by(changes.c.path, changes.c.asset)
            .subquery()
        )
        rows = await self._connection.execute(select(changes).where(changes.c.id == newest.c.id))
        for row in rows:
            if row.path in holdings:
                balance = Balance(row.asset, row.total, row.available, row.held)
                holdings[row.path].append(balance)
        return holdings

    async def history(
        self,
        paths: Collection[str],
        assets: Collection[str] | None,
        *,
        since: datetime,
        every: timedelta | None = None,
    ) -> History:
        """See the port."""
        known = await self._connection.execute(
            select(wallets.c.path, wallets.c.first_read_at, wallets.c.read_at).where(
                one_of(wallets.c.path, paths), wallets.c.first_read_at.is_not(None)
            )
        )
        rows = known.all()
        read = {row.path: row.first_read_at for row in rows}
        if assets is None:
            assets = await self._assets_of(read)
        points = await self._points(read, assets, since, every) if assets else {}
        return History(points, read, {row.path: row.read_at for row in rows})

    async def count_changes(self, paths: Collection[str], asset: str, *, since: datetime) -> int:
        """See the port."""
        query = (
            select(func.count())
            .select_from(changes)
            .where(one_of(changes.c.path, paths), changes.c.asset == asset, changes.c.at >= since)
        )
        return (await self._connection.execute(query)).scalar_one()

    async def _assets_of(self, paths: Collection[str]) -> Collection[str]:
        query = select(changes.c.asset).distinct().where(one_of(changes.c.path, paths))
        return list(await self._connection.scalars(query))

    async def _points(
        self,
        read: Mapping[str, datetime],
        assets: Collection[str],
        since: datetime,
        every: timedelta | None,
    ) -> Mapping[Coin, Sequence[Point]]:
        """Seek in the index what is asked for: the table grows for ever.

        What is older than the first reading, by path, belongs to an earlier life of the wallet in
        the settings. The database is not told: it might take that for the narrower limit.
        """
        coins = values(column("asset", String)).data([(coin,) for coin in assets]).cte("coins")
        older = changes.alias()
        last_before = (
            select(older.c.id)
            .where(
                older.c.path == wallets.c.path,
                older.c.asset == coins.c.asset,
                older.c.at <= since,
            )
            .order_by(older.c.at.desc(), older.c.id.desc())
            .limit(1)
            .scalar_subquery()
        )
        begun = select(last_before).join_from(wallets, coins, true())
        first = select(*_POINT).where(changes.c.id.in_(begun.where(one_of(wallets.c.path, read))))
        of_these = and_(
            one_of(changes.c.path, read), one_of(changes.c.asset, assets), changes.c.at > since
        )
        wanted = of_these if every is None else _last_of_each(every, of_these, since)
        then = select(*_POINT).where(wanted).order_by(changes.c.at, changes.c.id)
        points: dict[Coin, list[Point]] = defaultdict(list)
        for query in (first, then):
            for row in await self._connection.execute(query):
                if row.at >= read[row.path]:
                    point = Point(row.at, row.before_at, row.total, row.available)
                    points[row.path, row.asset].append(point)
        return points


_POINT = [changes.c[name] for name in ("path", "asset", "at", "before_at", "total", "available")]


def _last_of_each(
    every: timedelta, of_these: ColumnElement[bool], since: datetime
) -> ColumnElement[bool]:
    """Choose of each coin the last change in each time that is so long."""
    seconds = cast(extract("epoch", changes.c.at), BigInteger) - int(since.timestamp())
    number = seconds // int(every.total_seconds())
    last = (
        select(func.max(changes.c.id))
        .where(of_these)
        .group_by(changes.c.path, changes.c.asset, number)
    )
    return changes.c.id.in_(last)


_PARTS = ("asset", "available")


def _parts_of_balances(dialect: str) -> tuple[ColumnElement[str], ColumnElement[float]]:
    """Give the coin and what is available of each balance in a wallet, read by the database."""
    written = type_coerce(wallets.c.balances, Text)
    if dialect == "postgresql":
        each = func.json_array_elements(cast(written, JSON)).table_valued(
            "value", joins_implicitly=True
        )
        parts = [func.json_extract_path_text(each.c.value, name) for name in _PARTS]
    else:
        each = func.json_each(written).table_valued("value", joins_implicitly=True)
        parts = [func.json_extract(each.c.value, f"$.{name}") for name in _PARTS]
    return parts[0], cast(parts[1], Double)


def _amounts(balance: Balance) -> tuple[Decimal | None, Decimal | None, Decimal | None]:
    return balance.total, balance.available, balance.held


def _state(row: Row[Any]) -> WalletState:
    health = Health(
        failures=row.failures,
        failing_since=row.failing_since,
        error=row.error,
        message=row.message,
        retry_at=row.retry_at,
        lost_for=row.lost_for,
    )
    return WalletState(row.path, row.balances, row.read_at, health, row.frozen)


def _changes(before: WalletState, after: WalletState) -> Iterator[Mapping[str, Any]]:
    """Tell what is not as it was, coin by coin."""
    if after.read_at is None or after.read_at == before.read_at:
        return
    was = {b.asset: _amounts(b) for b in before.balances or ()}
    now = {b.asset: _amounts(b) for b in after.balances or ()}
    gone = dict.fromkeys(was.keys() - now.keys(), (_NONE, _NONE, _NONE))
    for asset, amounts in {**now, **gone}.items():
        if was.get(asset) != amounts:
            total, available, held = amounts
            yield {
                "path": after.path,
                "asset": asset,
                "at": after.read_at,
                "before_at": before.read_at,
                "total": total,
                "available": available,
                "held": held,
            }


def _is_only_newer(step: Step) -> bool:
    """Whether the same was read again, and nothing else has changed."""
    was_read = step.before.read_at is not None and step.after.read_at is not None
    return was_read and replace(step.after, read_at=step.before.read_at) == step.before


def _is_gap(step: Step) -> bool:
    """Whether a wallet was not read for a while before it was read now."""
    was, now = step.before.read_at, step.after.read_at
    return was is not None and now is not None and now - was > step.most_apart


def _gap(step: Step) -> Mapping[str, Any]:
    read_at = {"begins_at": step.before.read_at, "ends_at": step.after.read_at}
    return {"path": step.after.path, **read_at}


def _row(state: WalletState) -> dict[str, Any]:
    seen = {"path": state.path, "balances": state.balances, "read_at": state.read_at}
    return {**seen, **asdict(state.health), "frozen": state.frozen}
