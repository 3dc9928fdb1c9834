"""Alert states come back as they went in."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from bot.core.alerts import AlertState, Hush
from bot.core.events import Alert
from bot.services.ports import OpenUnit


async def test_state_comes_back_whole(
    open_unit: OpenUnit, alert: Callable[[str], Alert], now: datetime
) -> None:
    """A firing alert is the same after a round trip, and is replaced, not added, when saved."""
    limit = Decimal("123456789012345678.901234567890123456")
    fall = replace(
        alert("A1B2C3"),
        measure="drop",
        limit=limit,
        window=timedelta(minutes=90),
        least=Decimal("0.5"),
        note="“it's” <b>",
    )
    later = now + timedelta(minutes=2)
    firing = AlertState(
        rule="low",
        subject="main/funding",
        asset="USDT",
        bad_reads=3,
        condition="drop total < 5",
        since=now,
        counted_at=later,
        amount=limit,
        measure="drop",
        at_least=True,
        alert=fall,
        reminded_at=later,
        reminders=2,
        ended_at=now,
        hush=Hush("until", later, "Ada", now),
    )
    calm = AlertState("low", "sum *", "USDT")
    async with open_unit() as unit:
        await unit.alerts.save([calm, firing])
        await unit.alerts.save([firing])
    async with open_unit() as unit:
        assert await unit.alerts.load() == {firing.key: firing, calm.key: calm}
        assert await unit.alerts.load([firing.key, ("x", "y", "z")]) == {firing.key: firing}
        assert await unit.alerts.load([]) == {}


async def test_removed_state_is_gone(open_unit: OpenUnit) -> None:
    """Only the states that were named are forgotten."""
    a, b = AlertState("low", "main/funding", "USDT"), AlertState("low", "main/funding", "ETH")
    async with open_unit() as unit:
        await unit.alerts.save([a, b])
        await unit.alerts.remove([])
        await unit.alerts.remove([a.key])
        assert list(await unit.alerts.load()) == [b.key]


async def test_any_number_is_found_and_forgotten(open_unit: OpenUnit) -> None:
    """An account may have more watches than one statement takes."""
    keys = [(f"r{n}", "main/funding", "USDT") for n in range(100_000)]
    some = [AlertState(*key) for key in keys[::9_999]]
    others = AlertState("other", "main/funding", "USDT")
    async with open_unit() as unit:
        await unit.alerts.save([*some, others])
        assert await unit.alerts.load(keys) == {state.key: state for state in some}
        await unit.alerts.remove(keys)
        assert list(await unit.alerts.load()) == [others.key]
