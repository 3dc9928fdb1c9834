"""What is known of the wallets: to the last digit, and a row in the history only for a change."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import event, func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.core.health import Health
from bot.core.history import History
from bot.core.portfolio import WalletState
from bot.fetchers.model import Balance, Staking
from bot.services.ports import OpenUnit
from bot.store.schema import changes
from bot.store.unit_of_work import units_of

Wallet = Callable[..., WalletState]


async def save(open_unit: OpenUnit, *states: WalletState) -> None:
    async with open_unit() as unit:
        await unit.wallets.save(states)


async def load(open_unit: OpenUnit, path: str = "main/funding") -> WalletState:
    async with open_unit() as unit:
        return (await unit.wallets.load([path]))[path]


async def held_at(open_unit: OpenUnit, at: datetime) -> dict[str, dict[str, Decimal | None]]:
    async with open_unit() as unit:
        holdings = await unit.wallets.holdings_at(at)
    return {path: {b.asset: b.total for b in balances} for path, balances in holdings.items()}


async def count_changes(engine: AsyncEngine) -> int:
    async with engine.begin() as connection:
        return await connection.scalar(select(func.count()).select_from(changes)) or 0


@pytest.mark.parametrize(
    "amount",
    [
        "123456789012345678.901234567890123456",  # 36 digits
        "0.000000000000000000000000000000000001",
        "1E+20",
        "257.518301140000000",  # the zeros at the end are part of what was told
        "0",
    ],
)
async def test_amounts_survive_to_the_last_digit(open_unit: OpenUnit, amount: str) -> None:
    """An amount comes back exactly, from the present state and from the history."""
    exact = Decimal(amount)
    at = datetime(2026, 1, 15, 9, tzinfo=UTC)
    state = WalletState("main/funding", (Balance("X", exact, exact, None),), at)
    await save(open_unit, state)
    (balance,) = (await load(open_unit)).balances or ()
    assert (balance.total, balance.available, balance.held) == (exact, exact, None)
    total = (await held_at(open_unit, at))["main/funding"]["X"]
    assert total is not None
    assert f"{total:f}" == f"{exact:f}"


async def test_state_comes_back_whole(open_unit: OpenUnit, now: datetime) -> None:
    """Everything that is known of a wallet is there after a round trip, unknown parts as None."""
    staking = Staking(now - timedelta(hours=2), Decimal("0.00006549"), Decimal("0.01490596"))
    balances = (
        Balance("BETH", Decimal("0.63926191"), None, None, staking),
        Balance("CWT", None, Decimal("400.000"), None),
        Balance("USDT", Decimal(11), None, None, earned=Decimal("0.0010737388791526")),
    )
    pause = now + timedelta(minutes=10)
    health = Health(2, now + timedelta(minutes=1), "RateLimited", "a pause", pause, "Other")
    state = WalletState("main/eth-staking", balances, now, health, frozen=True)
    await save(open_unit, state)
    assert await load(open_unit, "main/eth-staking") == state


async def test_instants_are_the_same_instants(open_unit: OpenUnit) -> None:
    """An instant keeps its microseconds and comes back aware, whatever zone it came in."""
    at = datetime(2026, 3, 29, 2, 30, 0, 1, tzinfo=timezone(timedelta(hours=5, minutes=45)))
    await save(open_unit, WalletState("main/funding", (), at))
    read_at = (await load(open_unit)).read_at
    assert read_at == at
    assert read_at.tzinfo is UTC


async def test_empty_is_not_unknown(open_unit: OpenUnit, now: datetime) -> None:
    """A wallet that is empty and one that was never read stay apart."""
    failed = WalletState("b/spot", None, None, Health(1, now, "ExchangeUnavailable", "x"))
    await save(open_unit, WalletState("a/spot", (), now), failed)
    assert (await load(open_unit, "a/spot")).balances == ()
    assert (await load(open_unit, "b/spot")).balances is None
    assert set(await held_at(open_unit, now)) == {"a/spot"}


async def test_nothing_is_written_while_nothing_changes(
    open_unit: OpenUnit, engine: AsyncEngine, wallet: Wallet
) -> None:
    """A hundred readings of the same balances add no row; one changed coin adds one."""
    await save(open_unit, wallet("main/funding", USDT="1", ETH="2"))
    assert await count_changes(engine) == 2
    for minute in range(1, 100):
        await save(open_unit, wallet("main/funding", minutes=minute, USDT="1", ETH="2"))
    assert await count_changes(engine) == 2
    await save(open_unit, wallet("main/funding", minutes=100, USDT="1", ETH="2.1"))
    assert await count_changes(engine) == 3


async def test_failed_reading_writes_no_balance(
    open_unit: OpenUnit, engine: AsyncEngine, wallet: Wallet, now: datetime
) -> None:
    """A failure changes the health alone: balances and history stay as they were."""
    good = wallet("main/funding", USDT="1")
    await save(open_unit, good)
    failing = replace(good, health=Health(1, now, "ExchangeUnavailable", "no answer"))
    await save(open_unit, failing)
    assert await load(open_unit) == failing
    assert await count_changes(engine) == 1


async def test_holdings_at_an_instant(open_unit: OpenUnit, wallet: Wallet, now: datetime) -> None:
    """The history tells what was known at any instant; a coin that has gone is zero."""
    await save(open_unit, wallet("main/funding", USDT="10", ETH="1"))
    await save(open_unit, wallet("main/funding", minutes=10, USDT="7"))
    await save(open_unit, wallet("xt/spot", minutes=20, BTC="3"))
    before, ten, end = (now + timedelta(minutes=m) for m in (-1, 10, 20))
    assert await held_at(open_unit, before) == {}
    first = {"main/funding": {"USDT": Decimal(10), "ETH": Decimal(1)}}
    assert await held_at(open_unit, now) == first
    assert await held_at(open_unit, ten - timedelta(microseconds=1)) == first
    gone = {"USDT": Decimal(7), "ETH": Decimal(0)}
    assert await held_at(open_unit, ten) == {"main/funding": gone}
    assert await held_at(open_unit, end) == {"main/funding": gone, "xt/spot": {"BTC": Decimal(3)}}


async def test_coin_that_comes_back(open_unit: OpenUnit, wallet: Wallet, now: datetime) -> None:
    """A coin that was gone and is there again with the same amount is not taken for gone."""
    await save(open_unit, wallet("main/funding", USDT="10"))
    await save(open_unit, wallet("main/funding", minutes=1))
    await save(open_unit, wallet("main/funding", minutes=2, USDT="10"))
    later = now + timedelta(minutes=3)
    assert await held_at(open_unit, later) == {"main/funding": {"USDT": Decimal(10)}}


async def test_removed_wallet_is_not_known_any_more(
    open_unit: OpenUnit, wallet: Wallet, now: datetime
) -> None:
    """A wallet that the settings no longer have is neither shown nor compared with."""
    await save(open_unit, wallet("main/funding", USDT="10"), wallet("xt/spot", USDT="5"))
    async with open_unit() as unit:
        await unit.wallets.retain(["xt/spot"])
        assert set(await unit.wallets.load()) == {"xt/spot"}
    assert set(await held_at(open_unit, now)) == {"xt/spot"}


async def test_forgotten_wallet(open_unit: OpenUnit, wallet: Wallet, now: datetime) -> None:
    """Only what is named is forgotten; forgetting nothing forgets nothing."""
    await save(open_unit, wallet("main/sub:a", USDT="10"), wallet("main/sub:b", USDT="5"))
    for gone, left in (((), {"main/sub:a", "main/sub:b"}), (("main/sub:a",), {"main/sub:b"})):
        async with open_unit() as unit:
            await unit.wallets.forget(gone)
            assert set(await unit.wallets.load()) == left
    assert set(await held_at(open_unit, now)) == {"main/sub:b"}


async def test_wallet_that_returns_begins_anew(
    open_unit: OpenUnit, wallet: Wallet, now: datetime
) -> None:
    """What a wallet held before it was taken out of the settings says nothing about later."""
    await save(open_unit, wallet("main/funding", USDT="10", ETH="1"))
    async with open_unit() as unit:
        await unit.wallets.retain([])
    await save(open_unit, wallet("main/funding", minutes=60, USDT="4"))
    later = now + timedelta(minutes=61)
    assert await held_at(open_unit, later) == {"main/funding": {"USDT": Decimal(4)}}


async def past(
    open_unit: OpenUnit, minute: float, *assets: str, path: str = "main/funding"
) -> History:
    async with open_unit() as unit:
        since = START + timedelta(minutes=minute)
        return await unit.wallets.history([path, "no/such"], assets or None, since=since)


def told(history: History, asset: str = "USDT") -> list[tuple[float, float | None, str]]:
    """Tell the points of one coin: the minute, that of the reading before, and the amount."""

    def minute(at: datetime) -> float:
        return (at - START) / timedelta(minutes=1)

    return [
        (minute(p.at), None if p.before_at is None else minute(p.before_at), f"{p.total:f}")
        for p in history.points.get(("main/funding", asset), ())
    ]


START = datetime(2026, 1, 15, 9, tzinfo=UTC)


async def read_each_minute(open_unit: OpenUnit, *readings: dict[str, str]) -> None:
    for minute, amounts in enumerate(readings):
        balances = [Balance(c, Decimal(n), Decimal(n), Decimal(0)) for c, n in amounts.items()]
        at = START + timedelta(minutes=minute)
        await save(open_unit, WalletState("main/funding", tuple(balances), at))


async def test_history_of_a_window(open_unit: OpenUnit) -> None:
    """What there was at an instant, what has changed since, and when that before was read."""
    five, six = {"USDT": "5", "ETH": "1"}, {"USDT": "6", "ETH": "1"}
    await read_each_minute(open_unit, five, five, six, six, five, {"ETH": "1"}, {"ETH": "1"})
    whole = [(0, None, "5"), (2, 1, "6"), (4, 3, "5"), (5, 4, "0")]
    assert told(await past(open_unit, 0, "USDT")) == whole
    assert told(await past(open_unit, -5, "USDT")) == whole
    assert told(await past(open_unit, 2, "USDT")) == whole[1:]
    assert told(await past(open_unit, 3.5, "USDT")) == whole[1:]
    assert told(await past(open_unit, 60, "USDT")) == whole[3:]
    some = await past(open_unit, 0, "USDT", "BTC")
    assert told(some, "ETH") == []
    assert some.first_read_at == {"main/funding": START}
    assert some.read_at == {"main/funding": START + timedelta(minutes=6)}
    assert told(await past(open_unit, 3), "ETH") == [(0, None, "1")]  # all coins
    assert await past(open_unit, 3, path="main/other") == History()


async def test_history_of_a_wallet_that_was_taken_up_again(open_unit: OpenUnit) -> None:
    """What was kept in an earlier life of the wallet is not its past."""
    await read_each_minute(open_unit, {"USDT": "5"}, {"USDT": "6"})
    async with open_unit() as unit:
        await unit.wallets.forget(["main/funding"])
    at = START + timedelta(minutes=9)
    await save(open_unit, WalletState("main/funding", (), at))
    assert told(await past(open_unit, 0)) == []
    seven = (Balance("USDT", Decimal(7), None, None),)
    await save(open_unit, WalletState("main/funding", seven, at + timedelta(minutes=1)))
    assert told(await past(open_unit, 0)) == [(10, 9, "7")]
    assert told(await past(open_unit, 30, "USDT")) == [(10, 9, "7")]


async def test_history_is_sought_in_the_index(sqlite: AsyncEngine) -> None:
    """However long the history grows, only the window is read."""
    engine, open_unit = sqlite, units_of(sqlite)
    await read_each_minute(open_unit, {"USDT": "5"}, {"USDT": "6"})
    asked: list[tuple[str, Any]] = []

    def note(_c: Any, _u: Any, statement: str, parameters: Any, *_: Any) -> None:
        asked.append((statement, parameters))

    event.listen(engine.sync_engine, "before_cursor_execute", note)
    await past(open_unit, 1, "USDT")
    event.remove(engine.sync_engine, "before_cursor_execute", note)
    async with engine.begin() as connection:
        for statement, parameters in asked:
            rows = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
            scanned = [row.detail for row in rows if "SCAN changes" in row.detail]
            assert scanned == []
    assert sum(" changes" in statement for statement, _ in asked) == 2


async def test_changes_are_counted(
    open_unit: OpenUnit, wallet: Callable[..., WalletState], now: datetime
) -> None:
    """Of one coin in some wallets, from an instant on; what stays the same is no change."""
    async with open_unit() as unit:
        for n in range(5):
            await unit.wallets.save([wallet("a/b", minutes=n, USDT=str(n), ETH="1")])
            await unit.wallets.save([wallet("x/y", minutes=n, USDT=str(n))])
        since = now + timedelta(minutes=2)
        assert await unit.wallets.count_changes(["a/b"], "USDT", since=now) == 5
        assert await unit.wallets.count_changes(["a/b", "x/y"], "USDT", since=since) == 6
        assert await unit.wallets.count_changes(["a/b"], "ETH", since=now) == 1
        assert await unit.wallets.count_changes(["a/b"], "ETH", since=since) == 0


async def test_the_richest(open_unit: OpenUnit, now: datetime) -> None:
    """Where most of a coin is available; not where nobody knows, or where there is none."""

    def holding(path: str, *held: tuple[str, str | None], failures: int = 0) -> WalletState:
        balances = tuple(
            Balance(coin, Decimal(9), None if amount is None else Decimal(amount), None)
            for coin, amount in held
        )
        return WalletState(path, balances, now, Health(failures, now) if failures else Health())

    await save(
        open_unit,
        holding("a/x", ("BTC", "99"), ("USDT", "10.5")),
        holding("b/x", ("USDT", "9")),
        holding("c/x", ("USDT", "1E+3")),
        holding("d/x", ("USDT", "2000"), failures=1),
        holding("e/x", ("USDT", None)),
        holding("f/x", ("USDT", "0"), ("ETH", "1")),
        holding("g/x", ("USDT", "-5")),
        holding("h/x"),
        WalletState("i/x"),
    )
    async with open_unit() as unit:
        assert await unit.wallets.richest("USDT", most=9) == ["c/x", "a/x", "b/x"]
        assert await unit.wallets.richest("USDT", most=2) == ["c/x", "a/x"]
        assert await unit.wallets.richest("SOL", most=2) == []
