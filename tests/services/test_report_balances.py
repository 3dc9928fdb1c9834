"""Reports: what the database knows, under the names that a person may use."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from bot.core.errors import UnknownName
from bot.core.portfolio import Account, Amount, WalletState
from bot.fetchers.errors import ExchangeUnavailable
from bot.fetchers.model import Balance, Price, Staking
from bot.services.report_balances import ReportBalances


@pytest.fixture
async def report(house: Any) -> ReportBalances:
    """Have one good check behind us."""
    house.exchange.answers = {
        "main/funding": {"USDT": "1", "ETH": "2"},
        "xt/spot": {"USDT": "12345.678901234567890123", "BTC": "0"},
    }
    await house.check(house.build_checks())
    house.exchange.asked.clear()
    report: ReportBalances = house.build_balances()
    return report


@pytest.mark.parametrize(
    ("query", "paths", "accounts"),
    [
        ("*", ["main/funding", "main/trading", "xt/spot"], ("main", "xt")),
        ("MAIN", ["main/funding", "main/trading"], ("main",)),
        ("main/funding", ["main/funding"], ("main",)),
        ("*/spot", ["xt/spot"], ("xt",)),
        ("eth", ["main/funding"], ("main", "xt")),
    ],
)
async def test_what_a_query_means(
    report: ReportBalances, query: str, paths: list[str], accounts: tuple[str, ...]
) -> None:
    """A path, an account, a glob or a coin: what is shown, and which accounts it needs."""
    found = await report.balances(query)
    assert [wallet.path for wallet in found.wallets] == paths
    assert report.accounts_of(query) == accounts


async def test_totals_are_exact(house: Any, report: ReportBalances) -> None:
    """A total loses no digit, and nothing is asked of an exchange for it."""
    found = await report.balances("usdt")
    assert {c: a.value for c, a in found.totals.items()} == {
        "USDT": Decimal("12346.678901234567890123")
    }
    assert found.coin == "USDT"
    assert house.exchange.asked == []


async def test_unknown_name(report: ReportBalances) -> None:
    """A name that means nothing is refused with the nearest one."""
    with pytest.raises(UnknownName, match="main/funding"):
        await report.balances("main/fundin")


async def test_unreadable_wallet_stays_in_sight(house: Any, report: ReportBalances) -> None:
    """A wallet that cannot be read now is shown with its last value, also for a coin."""
    house.exchange.answers["xt/spot"] = ExchangeUnavailable("no answer")
    await house.check(house.build_checks())
    found = await report.balances("ETH")
    assert [(w.path, w.readable) for w in found.wallets] == [
        ("main/funding", True),
        ("xt/spot", False),
    ]
    assert not found.totals["ETH"].complete
    alerts = await report.alerts()
    assert [wallet.path for wallet in alerts.unreadable] == ["xt/spot"]
    assert [state.subject for state in alerts.firing] == ["main/funding"]
    assert found.wallets[1].read_at == house.clock() - timedelta(minutes=1)


@pytest.mark.parametrize(
    ("since", "stale"),
    [
        (timedelta(minutes=3), False),
        (timedelta(minutes=3, seconds=1), True),
        (timedelta(minutes=-1), False),
        (timedelta(minutes=-1, seconds=-1), True),  # the clock was put back
    ],
)
async def test_what_is_not_read_any_more(
    house: Any, report: ReportBalances, since: timedelta, stale: bool
) -> None:
    """A wallet that has missed three rounds, or was read at a time to come, is not well."""
    house.clock.advance(minutes=since / timedelta(minutes=1))
    found = await report.alerts()
    assert found.unreadable == ()
    paths = ["main/funding", "main/trading", "xt/spot"] if stale else []
    assert [state.path for state in found.stale] == paths
    assert found.blind == ({"main/funding": 1, "main/trading": 0, "xt/spot": 0} if stale else {})


async def test_before_the_first_reading(house: Any) -> None:
    """A wallet that was never read is there, and unreadable."""
    report = house.build_balances()
    assert [w.readable for w in (await report.balances()).wallets] == [False] * 3


async def test_worth(house: Any, report: ReportBalances) -> None:
    """What is shown is valued by the prices of its exchange, in all and for a coin or a path."""
    at = house.clock()
    house.exchange.prices = {
        "okx": [Price("ETH", "USDT", Decimal(2000), at)],
        "xt": [Price("BTC", "USDT", Decimal(60000), at)],
    }
    assert (await report.balances("main/funding")).worth.total.unpriced == ("ETH",)
    await house.prices.refresh()
    everything = (await report.balances()).worth
    assert everything.total.value == Decimal("16346.678901234567890123")
    assert everything.coins["ETH"].value == 4000
    assert everything.wallets["main/funding"].value == 4001
    assert (await report.balances("eth")).worth.total.value == 4000
    assert (await report.balances("xt")).worth.total.value == Decimal("12345.678901234567890123")


@pytest.mark.parametrize(
    ("query", "staked"),
    [("*", "2.5"), ("main", "2.5"), ("main/eth-staking", "2.5"), ("beth", "2.5")],
)
async def test_what_is_staked_alone(house: Any, query: str, staked: str) -> None:
    """It is told wherever the snapshot is shown, also without the wallets that it spans."""
    staking = Staking(None, Decimal(0), Decimal(0))
    house.accounts = (Account("main", "okx", ("funding", "eth-staking"), timedelta(minutes=1)),)
    beth = {"funding": "1.5", "eth-staking": "4"}
    async with house.open_unit() as unit:
        await unit.wallets.save(
            WalletState(
                f"main/{name}",
                (
                    Balance(
                        "BETH", Decimal(amount), None, None, staking if name != "funding" else None
                    ),
                ),
                house.clock(),
            )
            for name, amount in beth.items()
        )
    report = house.build_balances()
    found = await report.balances(query)
    assert found.staked == {"BETH": Amount(Decimal(staked))}
    assert (await report.balances("main/funding")).staked == {}
    assert (await report.balances("main")).totals["BETH"].value == 4


async def test_what_a_day_has_changed(house: Any, report: ReportBalances) -> None:
    """What there was a day ago is looked up, but not for an answer that must be there at once."""
    house.clock.advance(minutes=24 * 60)
    house.exchange.answers["main/funding"] = {"USDT": "4", "ETH": "2"}
    await house.check(house.build_checks())
    house.exchange.prices = {"okx": [Price("USDT", "USD", Decimal(1), house.clock())]}
    await house.prices.refresh()
    at_once = await report.overview(at_once=True)
    assert at_once.change is None
    change = (await report.overview()).change
    assert change is not None
    assert change.by_amounts == 3
    assert change.by_prices is None  # no prices are kept here
    assert (await report.overview("main/funding", at_once=True)).change is not None
    other = (await report.overview("xt")).change
    assert other is not None
    assert other.by_amounts == 0
    house.clock.advance(minutes=31)
    assert (await report.overview(at_once=True)).change is None


@pytest.mark.parametrize(
    ("query", "level"),
    [("*", "accounts"), ("main", "wallets"), ("xt", "wallet"), ("eth", "wallet")],
)
async def test_what_an_overview_lists(report: ReportBalances, query: str, level: str) -> None:
    """Accounts where there are several, then wallets, then coins."""
    found = await report.overview(query)
    assert found.level == level
    assert found.was_read
    assert await report.knows(query)
    assert not await report.knows("nobody")
    with pytest.raises(UnknownName):
        await report.overview("nobody")
