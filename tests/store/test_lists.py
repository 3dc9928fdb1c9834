"""Lists in statements: any text can be in them, and any length makes the same statement."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, insert, literal, select
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.core.alerts import AlertState
from bot.core.portfolio import WalletState
from bot.services.ports import Claim, OpenUnit, Unit
from bot.store._lists import none_of, one_of, one_of_rows
from bot.store.schema import accounts

ODD = ["", " ", "a", "A", "ä", "a\u0308", 'say "no"', "it's", "a\\b", "[]", "null", "1", "%s", "?"]
ODD += ["a,b", "line\nbreak", "中文", "🔔", "$[0]", ":name", "\x7f"]

Ask = Callable[[Unit, list[str], datetime], Awaitable[Any]]

ASKED: dict[str, Ask] = {
    "claim_due": lambda unit, names, now: unit.accounts.claim_due(
        now=now, until=now, busy=names, most=1
    ),
    "retain accounts": lambda unit, names, now: unit.accounts.retain(names),
    "leased": lambda unit, names, now: unit.accounts.leased(names, now=now),
    "renew": lambda unit, names, now: unit.accounts.renew(
        [Claim(name, 0) for name in names], until=now
    ),
    "finish": lambda unit, names, now: unit.accounts.finish(
        {Claim(name, 0): now for name in names}
    ),
    "load wallets": lambda unit, names, now: unit.wallets.load(names),
    "retain wallets": lambda unit, names, now: unit.wallets.retain(names),
    "forget wallets": lambda unit, names, now: unit.wallets.forget(names),
    "save wallets": lambda unit, names, now: unit.wallets.save(
        [WalletState(name, (), now) for name in names]
    ),
    "history": lambda unit, names, now: unit.wallets.history(names, ["USDT"], since=now),
    "count changes": lambda unit, names, now: unit.past.count_changes(names, names, since=now),
    "coins": lambda unit, names, now: unit.past.coins(names),
    "was held": lambda unit, names, now: unit.past.was_held(names, "USDT"),
    "gaps": lambda unit, names, now: unit.past.gaps(names, since=now),
    "prices": lambda unit, names, now: unit.past.prices(since=now, every_h=1, coins=names),
    "load alerts": lambda unit, names, now: unit.alerts.load(
        [("low", name, "USDT") for name in names]
    ),
    "save alerts": lambda unit, names, now: unit.alerts.save(
        [AlertState("low", name, "USDT") for name in names]
    ),
    "remove alerts": lambda unit, names, now: unit.alerts.remove(
        [("low", name, "USDT") for name in names]
    ),
}


@pytest.mark.parametrize("what", ASKED)
async def test_length_makes_no_other_statement(
    engine: AsyncEngine, open_unit: OpenUnit, now: datetime, what: str
) -> None:
    """Each would be kept, prepared, by the driver: the longer the list, the more memory it is."""
    said: list[str] = []
    names = [f"a{n}/funding" for n in range(70)]
    async with open_unit() as unit:
        await unit.accounts.add(names, now=now - timedelta(minutes=1))
        await ASKED[what](unit, names, now)  # what is there already is written in another way

    @event.listens_for(engine.sync_engine, "before_cursor_execute")
    def _note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        said.append(statement)

    shapes = []
    for length in (2, 3, 70):
        said.clear()
        async with open_unit() as unit:
            await ASKED[what](unit, names[:length], now)
        shapes.append(set(said))
    assert shapes[0] == shapes[1] == shapes[2]
    assert shapes[0]


async def test_any_text_is_found_as_it_is(engine: AsyncEngine, now: datetime) -> None:
    rows = [{"name": name, "due_at": now, "fence": 0} for name in ODD]
    async with engine.begin() as connection:
        await connection.execute(insert(accounts), rows)
        for name in ODD:
            here = select(accounts.c.name).where(one_of(accounts.c.name, [name, "other"]))
            assert list(await connection.scalars(here)) == [name]
            there = select(accounts.c.name).where(none_of(accounts.c.name, [name, "other"]))
            assert set(await connection.scalars(there)) == {*ODD} - {name}
            row = (accounts.c.name, literal("x"))
            both = select(accounts.c.name).where(one_of_rows(row, [(name, "x"), ("a", "y")]))
            assert list(await connection.scalars(both)) == [name]


async def test_no_text_is_in_a_list_without_any(engine: AsyncEngine, now: datetime) -> None:
    async with engine.begin() as connection:
        await connection.execute(insert(accounts), {"name": "a", "due_at": now, "fence": 0})
        none = select(accounts.c.name).where(one_of(accounts.c.name, []))
        assert list(await connection.scalars(none)) == []
        every = select(accounts.c.name).where(none_of(accounts.c.name, []))
        assert list(await connection.scalars(every)) == ["a"]
