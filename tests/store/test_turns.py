"""Who waits for the database: many checks stand in a line of their own, and pass people by."""

import asyncio

import pytest

from bot.services.ports import OpenUnit
from bot.store.unit_of_work import in_turns


async def test_many_in_line_hold_up_nobody_else(open_unit: OpenUnit) -> None:
    """Whoever comes last of all is next but few, however many checks have ended before."""
    done: list[str] = []
    in_turn = in_turns(open_unit, most=4)

    async def work(name: str, opened: OpenUnit) -> None:
        async with opened() as unit:
            await unit.chats.load()
        done.append(name)

    async with asyncio.TaskGroup() as group:
        for _ in range(100):
            group.create_task(work("check", in_turn))
        await asyncio.sleep(0)
        group.create_task(work("person", open_unit))
    assert len(done) == 101
    assert done.index("person") < 10


async def test_a_unit_that_breaks_off_gives_its_place_back(open_unit: OpenUnit) -> None:
    """Else the line would stand still for ever."""
    in_turn = in_turns(open_unit, most=1)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            async with in_turn():
                _ = 1 / 0
    async with asyncio.timeout(5), in_turn() as unit:
        assert await unit.chats.load() == []
