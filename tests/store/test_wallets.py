"""What is known of the wallets: to the last digit, and a row in the history only for a change."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.core.health import Health
from bot.core.portfolio import WalletState
from bot.fetchers.model import Balance, Staking
from bot.services.ports import OpenUnit
from bot.store.schema import changes

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
