"""Keeping checks: together where many end at once, and as if it were one after the other."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.core.alerts import Observation
from bot.core.measures import Facts, observe
from bot.core.portfolio import Account
from bot.core.rules import parse_rule
from bot.core.verdict import reach_verdict
from bot.core.watches import Watch
from bot.fetchers.model import Price
from bot.services.check_accounts import LEASE
from bot.services.ports import OpenUnit, Unit

MINUTE = timedelta(minutes=1)
MANY = 60


@pytest.fixture
def crowd(house: Any) -> Any:
    """Watch many accounts, each by itself and all of them as one."""
    house.accounts = tuple(Account(f"a{n:02}", "okx", ("funding",), MINUTE) for n in range(MANY))
    house.rules = {
        "low": parse_rule("* USDT < 100"),
        "all": parse_rule("sum * USDT < 20000 · clear 25000"),
        "fall": parse_rule("sum * USDT drops 50% in 10m"),
    }
    for n in range(MANY):
        house.exchange.answers[f"a{n:02}/funding"] = {"USDT": str(500 + n)}
    return house


def counting(open_unit: OpenUnit, opened: list[Unit], *, gate: asyncio.Event | None) -> OpenUnit:
    """Take down each unit that is opened; the first waits for the gate."""

    @asynccontextmanager
    async def unit() -> AsyncIterator[Unit]:
        if gate is not None:
            await gate.wait()
        async with open_unit() as inner:
            opened.append(inner)
            yield inner

    return unit


async def together(house: Any, checks: Any) -> int:
    """Let all end while none can be kept yet; give the number of transactions that it takes."""
    opened: list[Unit] = []
    gate = asyncio.Event()
    checks._keeping._open_unit = counting(house.open_unit, opened, gate=gate)
    await checks.start_due()
    async with asyncio.timeout(10):
        await _all_waiting(checks)
    gate.set()
    await house.settle()
    checks._keeping._open_unit = house.open_unit
    return len(opened)


async def _all_waiting(checks: Any) -> None:
    """Wait until all have been read; the first is at work already."""
    while len(checks._keeping._waiting) < MANY - 1:  # noqa: ASYNC110 - nothing tells of it
        await asyncio.sleep(0)


async def told(house: Any) -> set[tuple[str, str, Decimal | None]]:
    return {
        (e.kind, e.alert.subject, e.amount)
        for parcel in await house.queued()
        for e in parcel.events
    }


@pytest.mark.parametrize(("at_once", "transactions"), [(100, 2), (7, 10), (1, MANY)])
async def test_what_ends_together_is_kept_together(
    crowd: Any, monkeypatch: pytest.MonkeyPatch, at_once: int, transactions: int
) -> None:
    """Sixty checks take two transactions, not sixty, and say what sixty would have said."""
    monkeypatch.setattr("bot.services.keep_checks.AT_ONCE", at_once)
    checks = await crowd.start()
    assert await together(crowd, checks) == transactions
    assert await crowd.queued() == []
    for n in range(40):
        crowd.exchange.answers[f"a{n:02}/funding"] = {"USDT": "99"}
    crowd.clock.advance(minutes=1)
    assert await together(crowd, checks) == transactions
    low = {("alert_raised", f"a{n:02}/funding", Decimal(99)) for n in range(40)}
    found = await told(crowd)
    assert low <= found
    sums = len(found - low)
    assert {subject for _, subject, _ in found - low} == {"sum *"}
    async with crowd.open_unit() as unit:
        (total,) = [s for s in (await unit.alerts.load()).values() if s.rule == "all"]
    assert total.amount == 40 * 99 + sum(range(540, 560))
    for n in range(40):
        crowd.exchange.answers[f"a{n:02}/funding"] = {"USDT": "700"}
    crowd.clock.advance(minutes=1)
    await together(crowd, checks)
    found = await told(crowd)
    assert {kind for kind, _, _ in found} == {"alert_cleared"}
    assert len(found) == 40 + sums


async def test_a_sum_is_judged_once_in_a_transaction(
    crowd: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And every wallet once; what moves between two of them meanwhile is missing nowhere."""
    crowd.rules["all"] = parse_rule("sum * USDT < 31770")  # all that there is
    checks = await crowd.start()
    await together(crowd, checks)
    judged: Counter[str] = Counter()

    def count(watch: Watch, facts: Facts, *, now: datetime) -> Observation | None:
        judged[watch.subject] += 1
        return observe(watch, facts, now=now)

    monkeypatch.setattr("bot.core.verdict.observe", count)
    crowd.exchange.answers["a20/funding"] = {"USDT": "120"}
    crowd.exchange.answers["a40/funding"] = {"USDT": "940"}
    crowd.clock.advance(minutes=1)
    assert await together(crowd, checks) == 2
    assert judged.pop("sum *") == 2 * 2  # two rules, two transactions
    assert set(judged.values()) == {1}
    assert len(judged) == MANY
    assert await told(crowd) == set()


async def test_a_sum_counts_once_a_round(crowd: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """In how many transactions a round is kept says nothing about `for 3 reads`."""
    monkeypatch.setattr("bot.services.keep_checks.AT_ONCE", 7)
    crowd.rules = {"all": parse_rule("sum * USDT < 40000 · for 3 reads")}
    checks = await crowd.start()
    found = []
    for _ in range(3):
        await together(crowd, checks)
        found.append(await told(crowd))
        crowd.clock.advance(minutes=1)
    assert found == [set(), set(), {("alert_raised", "sum *", Decimal(31770))}]


async def test_what_changed_a_value_is_told_of_all_checks_together(crowd: Any) -> None:
    """The value before is that before the first of them, not before the last."""
    crowd.exchange.prices["okx"] = [Price("BTC", "USDT", Decimal(9), crowd.clock())]
    crowd.rules = {"worth": parse_rule("* total < 31000 USDT")}
    await crowd.prices.refresh()
    checks = await crowd.start()
    await together(crowd, checks)
    assert await crowd.queued() == []
    for n in range(30):
        crowd.exchange.answers[f"a{n:02}/funding"] = {"USDT": "400"}
    crowd.clock.advance(minutes=1)
    await together(crowd, checks)
    (raised,) = [e for parcel in await crowd.queued() for e in parcel.events]
    assert raised.by_amounts == raised.amount - raised.before


async def test_an_account_that_passed_on_is_left_out(crowd: Any) -> None:
    """Its state is that of who reads it now; the others of its batch are kept."""
    checks = await crowd.start()
    gate = crowd.exchange.gate = asyncio.Event()
    await checks.start_due()
    await crowd.exchange.wait_for(MANY)
    crowd.clock.advance(seconds=LEASE.total_seconds())
    async with crowd.open_unit() as unit:
        now = crowd.clock()
        assert await unit.accounts.claim("a07", now=now, until=now + LEASE)
    crowd.exchange.answers["a07/funding"] = crowd.exchange.answers["a08/funding"] = {"USDT": "1"}
    gate.set()
    await crowd.settle()
    async with crowd.open_unit() as unit:
        states = await unit.wallets.load()
        due = await unit.accounts.due()
    assert set(states) == {f"a{n:02}/funding" for n in range(MANY) if n != 7}
    assert [name for name, at in due.items() if at <= now] == ["a07"]
    assert await told(crowd) == {("alert_raised", "a08/funding", Decimal(1))}


async def test_one_that_breaks_spoils_no_other(
    crowd: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It alone is taken for unreadable; what the others brought is kept and told once."""

    def breaking(readings: Any, **how: Any) -> Any:
        reading = readings.get("a05/funding")
        if reading is not None and reading.error is None:
            raise ZeroDivisionError
        return reach_verdict(readings, **how)

    monkeypatch.setattr("bot.services.keep_checks.reach_verdict", breaking)
    crowd.exchange.answers["a20/funding"] = {"USDT": "1"}
    checks = await crowd.start()
    await together(crowd, checks)
    async with crowd.open_unit() as unit:
        states = await unit.wallets.load()
    assert len(states) == MANY
    assert [path for path, state in states.items() if not state.readable] == ["a05/funding"]
    assert await told(crowd) == {("alert_raised", "a20/funding", Decimal(1))}
    assert not checks.under_way


async def test_nothing_is_written_where_nothing_changes(crowd: Any, engine: AsyncEngine) -> None:
    """But when each account was read, and when it is due again."""
    crowd.rules = {"low": parse_rule("* USDT < 100")}
    checks = await crowd.start()
    await crowd.check(checks)
    written: list[str] = []

    def note(_c: Any, _u: Any, statement: str, *_: Any) -> None:
        if not statement.startswith(("SELECT", "BEGIN")):
            written.append(" ".join(statement.split()[:4]))

    event.listen(engine.sync_engine, "before_cursor_execute", note)
    await crowd.check(checks)
    event.remove(engine.sync_engine, "before_cursor_execute", note)
    assert set(written) == {
        "UPDATE accounts SET leased_until=?,",  # claimed
        "UPDATE accounts SET due_at=?,",
        "UPDATE wallets SET read_at=?",
    }


async def test_a_check_that_is_cancelled_leaves_nothing_behind(crowd: Any) -> None:
    """Those that wait behind it are kept, by the next in line."""
    gate = asyncio.Event()
    checks = await crowd.start()
    checks._keeping._open_unit = counting(crowd.open_unit, [], gate=gate)
    await checks.start_due()
    async with asyncio.timeout(10):
        await _all_waiting(checks)
    tasks, crowd.tasks = crowd.tasks, set()
    behind = {check.account for check in checks._keeping._waiting}
    (first,) = {account.name for account in crowd.accounts} - behind
    cancelled = {first, max(behind)}
    for task in tasks:
        if task.get_name().removeprefix("check ") in cancelled:
            task.cancel()
    await asyncio.sleep(0)
    gate.set()
    await asyncio.gather(*tasks, return_exceptions=True)
    async with crowd.open_unit() as unit:
        states = await unit.wallets.load()
    missing = {f"a{n:02}/funding" for n in range(MANY)} - set(states)
    assert missing == {f"{name}/funding" for name in cancelled}
    assert not checks._keeping._waiting
