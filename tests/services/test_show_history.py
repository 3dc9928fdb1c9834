"""The answer to `/history`: what a question means, and what was read, missed and told then."""

from datetime import timedelta
from decimal import Decimal

import pytest

from bot.core.errors import UnknownName
from bot.core.rules import parse_rule
from bot.core.series import Band
from bot.fetchers.errors import ExchangeUnavailable
from bot.fetchers.model import Price
from bot.services.record_prices import RecordPrices
from bot.services.show_history import (
    HistoryReport,
    Limit,
    Question,
    ShowHistory,
    UnknownSpan,
    ask,
)
from tests.services.conftest import START, House

MINUTE = timedelta(minutes=1)
MARKETS = {"main": "okx", "xt": "xt"}


def show(house: House) -> ShowHistory:
    return ShowHistory(
        watched=house.watched or house.watch(),
        prices=house.prices,
        markets=MARKETS,
        currency="USDT",
        open_unit=house.open_unit,
        clock=house.clock,
    )


async def report(house: House, *words: str) -> HistoryReport:
    return await show(house).report(ask(words))


def last(band: Band) -> Decimal | None:
    return band.values[-1]


@pytest.mark.parametrize(
    ("words", "question"),
    [
        ("", Question("*", "7d")),
        ("30d", Question("*", "30d")),
        ("main/funding usdt 1D", Question("main/funding usdt", "1d")),
        ("90d btc", Question("btc", "90d")),
        ("1INCH", Question("1INCH", "7d")),
    ],
)
def test_what_is_asked(words: str, question: Question) -> None:
    """Words in any order; a coin that begins with a digit is no time."""
    assert ask(words.split()) == question


@pytest.mark.parametrize("words", ["5d", "main 1w", "7", "7d 30d", "2 months".replace(" ", "")])
def test_times_of_which_there_is_no_picture(words: str) -> None:
    """They are refused by name, and not taken for names of coins."""
    with pytest.raises(UnknownSpan):
        ask(words.split())


async def test_amounts_of_a_coin(house: House) -> None:
    """By account over all wallets, with the time in which one could not be read, and its limit."""
    house.rules["all"] = parse_rule("sum * USDT < 90")
    house.exchange.answers = {"main/funding": {"USDT": "600"}, "xt/spot": {"USDT": "70.25"}}
    checks = await house.start()
    for _ in range(3):
        await house.check(checks)
    house.exchange.answers["xt/spot"] = ExchangeUnavailable("busy")
    for _ in range(9):
        await house.check(checks)
    found = await report(house, "usdt", "1d")
    assert found.unit == "USDT"
    assert not found.is_value
    assert not found.may_turn
    assert found.bands == "account"
    assert {band.name: last(band) for band in found.series.bands} == {
        "main": Decimal(600),
        "xt": None,
    }
    assert found.series.unread == {"xt/spot": 9 * MINUTE}
    closing = found.series.closing
    assert closing is not None
    assert (closing.value, closing.unread) == (Decimal(600), True)
    house.exchange.answers["xt/spot"] = {"USDT": "70.25"}
    await house.check(checks)
    found = await report(house, "usdt", "1d")
    assert found.series.unread == {"xt/spot": 10 * MINUTE}
    assert found.limits == (Limit(Decimal(90), "<"),)  # `low` is about one wallet of two
    assert found.since == START + MINUTE


async def test_limits_and_alerts_of_a_wallet(house: House) -> None:
    """A rule's line is there where the picture shows just what it is about; alerts are marked."""
    house.exchange.answers = {"main/funding": {"USDT": "600", "BTC": "1"}}
    checks = await house.start()
    await house.check(checks)
    house.exchange.answers["main/funding"] = {"USDT": "400", "BTC": "1"}
    await house.check(checks)
    house.exchange.answers["main/funding"] = {"USDT": "900", "BTC": "1"}
    await house.check(checks)
    found = await report(house, "main/funding", "USDT")
    assert found.limits == (Limit(Decimal(500), "<"),)
    assert [(mark.at - START, mark.raised) for mark in found.marks] == [
        (2 * MINUTE, True),
        (3 * MINUTE, False),
    ]
    assert (await report(house, "USDT")).limits == found.limits  # all of it lies there
    assert len((await report(house)).marks) == 2
    btc = await report(house, "BTC")
    assert (btc.limits, btc.marks) == ((), ())
    assert (await report(house, "xt")).marks == ()


async def test_a_value_by_the_prices_of_its_time(house: House) -> None:
    """Each instant by the price kept nearest to it, the last by the present one."""
    house.exchange.answers = {"main/funding": {"BTC": "2"}, "xt/spot": {"USDT": "5"}}
    checks = await house.start()
    record = RecordPrices(
        prices=house.prices, markets=MARKETS, open_unit=house.open_unit, clock=house.clock
    )
    await house.check(checks)
    for price in ("100", "200", "300"):
        told = Price("BTC", "USDT", Decimal(price), house.clock())
        house.exchange.prices["okx"] = [told]
        await record.refresh()
        for _ in range(4):
            await house.check(checks, minutes=5)
        house.clock.advance(minutes=40)
    await house.check(checks)
    found = await report(house)
    values = {f.at: f.value for f in found.series.totals}
    assert next(v for at, v in values.items() if START + MINUTE < at < START + 20 * MINUTE) == 205
    later = [v for at, v in values.items() if START + 67 * MINUTE < at < START + 80 * MINUTE]
    assert set(later) == {Decimal(405)}
    assert found.series.closing is not None
    assert found.series.closing.value == 605
    assert found.series.unpriced == ()
    by_coin = await show(house).report(Question("*", "7d", "coin"))
    assert {band.name: last(band) for band in by_coin.series.bands} == {
        "BTC": Decimal(600),
        "USDT": Decimal(5),
    }


async def test_without_prices_there_is_no_value(house: House) -> None:
    """It is unknown and named, not 0."""
    house.exchange.answers = {"main/funding": {"BTC": "2"}}
    checks = await house.start()
    await house.check(checks)
    found = await report(house)
    assert found.series.unpriced == ("BTC",)
    assert found.series.known == []


async def test_a_wallet_that_was_not_looked_at_for_a_night(house: House) -> None:
    """Nothing had changed, and still the night is a gap; also while it goes on."""
    house.exchange.answers = {"main/funding": {"USDT": "600"}}
    checks = await house.start()
    await house.check(checks)
    await house.check(checks)
    house.clock.advance(hours=8)
    going_on = await report(house, "main/funding", "USDT")
    assert going_on.series.unread == {"main/funding": timedelta(hours=8)}
    assert going_on.series.totals[-1].value is None
    await house.check(checks)
    found = await report(house, "main/funding", "USDT")
    assert found.series.unread == {"main/funding": timedelta(hours=8, minutes=1)}
    assert found.series.totals[-1].value == 600


async def test_names(house: House) -> None:
    """What is not known is refused with the nearest; what was held once is known."""
    house.exchange.answers = {"main/funding": {"USDT": "600", "DOGE": "1"}}
    checks = await house.start()
    await house.check(checks)
    house.exchange.answers["main/funding"] = {"USDT": "600"}
    await house.check(checks)
    doge = await report(house, "doge")
    assert doge.series.closing is not None
    assert doge.series.closing.value == 0
    for words, nearest in [("main/fundin", "main/funding"), ("usdd", "USDT")]:
        with pytest.raises(UnknownName) as error:
            await report(house, words)
        assert nearest in error.value.nearest
    for words in ("main xt", "usdt doge", "usdt main nothing"):
        with pytest.raises(UnknownName):
            await report(house, *words.split())


async def test_before_the_first_reading(house: House) -> None:
    """There is nothing to be drawn."""
    await house.start()
    found = await report(house, "main")
    assert found.series.totals == ()


async def test_long_names_have_short_ones(house: House) -> None:
    """Which are found again, as long as there is what they stand for."""
    found = show(house)
    short = found.shortened("main/funding")
    assert short is not None
    assert len(short) < 20
    assert found.lengthened(short) == "main/funding"
    assert found.lengthened("#00") is None
    assert found.shortened("a*b*c") is None
