"""Reports: what the database knows, under the names that a person may use."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from bot.core.errors import UnknownName
from bot.fetchers.errors import ExchangeUnavailable
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


async def test_before_the_first_reading(house: Any) -> None:
    """A wallet that was never read is there, and unreadable."""
    report = house.build_balances()
    assert [w.readable for w in (await report.balances()).wallets] == [False] * 3
