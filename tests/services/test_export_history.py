"""Exports: every change that was read, once, in order, with the value that it had then."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from bot.core.errors import UnknownName
from bot.core.exports import Line, Wish
from bot.core.past_prices import hour_of
from bot.core.scope import Asker, Scope
from bot.services import export_history
from bot.services.export_history import ExportHistory


def exports(house: Any) -> ExportHistory:
    return ExportHistory(
        watched=house.watched or house.watch(),
        kept_as={account.name: account.exchange for account in house.accounts},
        currency="USD",
        open_unit=house.open_unit,
        clock=house.clock,
    )


async def all_lines(service: ExportHistory, wish: Wish) -> list[Line]:
    export = await service.look(wish)
    return [line async for piece in service.lines(export) for line in piece]


async def read(house: Any, **amounts: str) -> None:
    house.exchange.answers["main/funding"] = amounts
    await house.check(house.build_checks())


async def test_what_changed_with_what_was_there(house: Any) -> None:
    """The last amount before the time comes first; what changed is told once, in its order."""
    await read(house, USDT="5", ETH="1")
    house.clock.advance(days=20)
    await read(house, USDT="6", ETH="1")
    house.clock.advance(days=1)
    await read(house, USDT="0.00000000000000000001")
    lines = await all_lines(exports(house), Wish(("main",), "7d"))
    assert [(line.changed.coin, line.changed.total) for line in lines] == [
        ("ETH", Decimal(1)),
        ("ETH", Decimal(0)),
        ("USDT", Decimal(5)),
        ("USDT", Decimal(6)),
        ("USDT", Decimal("0.00000000000000000001")),
    ]
    assert lines[0].changed.at < house.clock() - timedelta(days=7)


async def test_the_value_is_that_of_then(house: Any) -> None:
    """By the price that was kept nearest to it; where none is near, there is none."""
    await read(house, ETH="2")
    prices = {("okx", "ETH"): Decimal(3000), ("okx", "USD"): Decimal("0.8")}
    async with house.open_unit() as unit:
        await unit.past.keep_prices(prices, hour=hour_of(house.clock()))
    house.clock.advance(days=2)
    await read(house, ETH="3")
    lines = await all_lines(exports(house), Wish(("ETH",)))
    assert [line.value for line in lines] == [Decimal(7500), None]


@pytest.mark.parametrize("piece", [1, 2, 3, 500])
async def test_pieces_lose_nothing_and_repeat_nothing(
    house: Any, piece: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However small they are, together they are the same."""
    monkeypatch.setattr(export_history, "PIECE", piece)
    for n in range(7):
        await read(house, USDT=str(n + 1), ETH=str(n % 2 + 1))
    service = exports(house)
    export = await service.look(Wish())
    pieces = [len(found) async for found in service.lines(export)]
    assert max(pieces) <= piece
    lines = await all_lines(service, Wish())
    assert [line.changed.id for line in lines if line.changed.coin == "USDT"] == sorted(
        {line.changed.id for line in lines if line.changed.coin == "USDT"}
    )
    assert len(lines) == 14 == sum(pieces) == export.rows


async def test_too_much_names_what_fits(house: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is read of what no file has room for; the longest time that fits is named."""
    monkeypatch.setattr(export_history, "MOST_ROWS", 3)
    for n in range(3):
        await read(house, USDT=str(n + 1))
    house.clock.advance(days=40)
    for n in range(3):
        await read(house, USDT=str(n + 9))
    export = await exports(house).look(Wish(("main/funding",), "90d"))
    assert (export.rows, export.fits, export.fitting) == (6, False, "30d")


async def test_a_chat_gets_nothing_that_it_may_not_know(house: Any) -> None:
    """Neither rows of others, nor a hint that a name of others is one."""
    await read(house, USDT="5")
    house.exchange.answers["xt/spot"] = {"BTC": "7"}
    await house.check(house.build_checks())
    narrow = exports(house).within(Asker(chat_id=1, scope=Scope(("main",))))
    assert {line.changed.path for line in await all_lines(narrow, Wish())} == {"main/funding"}
    for word in ("xt/spot", "BTC"):
        with pytest.raises(UnknownName) as caught:
            await narrow.look(Wish((word,)))
        assert not {"xt", "xt/spot", "BTC"} & set(caught.value.nearest)


async def test_nothing_was_ever_read(house: Any) -> None:
    assert await all_lines(exports(house), Wish()) == []
