"""What each exchange's good answers and error codes mean."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx
import pytest

from bot.fetchers import (
    Balance,
    ClockSkewed,
    Credentials,
    CredentialsRejected,
    ExchangeUnavailable,
    FetchError,
    KeyReport,
    PermissionMissing,
    RateLimited,
    Staking,
    SubAccount,
    UnexpectedAnswer,
    coinw,
    okx,
    open_fetcher,
    xt,
)
from bot.fetchers._http import HttpClient
from bot.fetchers._parsing import Malformed, decode_object

Parse = Callable[[dict[str, Any]], tuple[Balance, ...]]


XT_ROW = {"available": "1", "freeze": "0"}


def amount(text: str) -> Decimal:
    """Shorten the tables."""
    return Decimal(text)


def test_okx_funding(recorded: Callable[[str], bytes]) -> None:
    """The document's answer gives all three parts."""
    (balance,) = okx.parse_funding(decode_object(recorded("okx-funding")))
    assert balance == Balance("ETH", amount("37.11827078"), amount("37.11827078"), Decimal(0))


def test_okx_eth_staking(recorded: Callable[[str], bytes]) -> None:
    """Staking tells a total, its interest, and the time of its snapshot."""
    (balance,) = okx.parse_eth_staking(decode_object(recorded("okx-eth-staking")))
    snapshot = Staking(
        datetime(2023, 11, 6, 8, tzinfo=UTC), amount("0.00006549"), amount("0.01490596")
    )
    assert balance == Balance("BETH", amount("0.63926191"), None, None, snapshot)


def test_okx_trading(recorded: Callable[[str], bytes]) -> None:
    """The total is the equity, which a debt makes negative."""
    btc, usdt = okx.parse_trading(decode_object(recorded("okx-trading")))
    assert btc == Balance("BTC", amount("-0.25"), Decimal(0), Decimal(0))
    equity = amount("4992.890093622894")
    assert usdt == Balance("USDT", equity, amount("4834.317093622894"), amount("158.573"))


def test_okx_savings(recorded: Callable[[str], bytes]) -> None:
    """What is lent can be redeemed, but how much of it at once is not told; it earns."""
    (balance,) = okx.parse_savings(decode_object(recorded("okx-savings")))
    earned = amount("0.0010737388791526")
    assert balance == Balance("USDT", amount("11.0010737453457821"), None, None, earned=earned)


@pytest.mark.parametrize(
    ("told", "earned"),
    [
        ({}, None),
        ({"earnings": ""}, None),
        ({"earnings": None}, None),
        ({"earnings": "0"}, Decimal(0)),
        ({"earnings": 0}, Decimal(0)),
        ({"earnings": "0.000000000000000001"}, amount("1e-18")),
    ],
    ids=str,
)
def test_okx_savings_without_interest(told: dict[str, Any], earned: Decimal | None) -> None:
    """Interest that is not told is unknown, and one of zero is zero."""
    (balance,) = okx.parse_savings({"data": [{"ccy": "USDT", "amt": "1"} | told]})
    assert (balance.total, balance.earned) == (Decimal(1), earned)


def test_okx_sol_staking(recorded: Callable[[str], bytes]) -> None:
    """The age of the snapshot is unknown, which is not the time of the reading."""
    (balance,) = okx.parse_sol_staking(decode_object(recorded("okx-sol-staking")))
    staking = Staking(None, amount("0.00000012"), amount("0.00000012"))
    assert balance == Balance("OKSOL", amount("0.01100012"), None, None, staking)


def test_okx_sub_accounts(recorded: Callable[[str], bytes]) -> None:
    """A name stays as it is written, and who is not enabled is frozen."""
    made_at = datetime(2022, 8, 1, 6, 19, 16, tzinfo=UTC)
    assert okx.parse_sub_accounts(decode_object(recorded("okx-sub-accounts"))) == (
        (made_at, SubAccount("desk1")),
        (made_at, SubAccount("Desk 2", frozen=True)),
    )


def test_okx_config(recorded: Callable[[str], bytes]) -> None:
    """What the key may do is in our words."""
    assert okx.parse_config(decode_object(recorded("okx-config"))) == KeyReport(
        may=frozenset({"read", "trade", "withdraw"}),
        addresses=("203.0.113.7", "2001:db8::7"),
        label="balances",
        sub_account=False,
    )


def test_coinw_complete(recorded: Callable[[str], bytes]) -> None:
    """The total is what is available and on orders, exactly."""
    balances = coinw.parse_complete(decode_object(recorded("coinw-spot")))
    assert [balance.asset for balance in balances] == ["BTC", "CWT", "ETH", "SAND", "USDT"]
    usdt = balances[-1]
    assert (usdt.total, usdt.held) == (Decimal(300), amount("42.481698860000000"))
    assert f"{usdt.available:f}" == "257.518301140000000"


def test_coinw_available(recorded: Callable[[str], bytes]) -> None:
    """Only the available part is known; trailing zeros are kept."""
    balances = coinw.parse_available(decode_object(recorded("coinw-spot-available")))
    assert [balance.asset for balance in balances] == ["BTC", "CWT", "ETH", "SAND", "USDT"]
    assert {(balance.total, balance.held) for balance in balances} == {(None, None)}
    assert f"{balances[-1].available:f}" == "257.518301140000000"


def test_xt_spot(recorded: Callable[[str], bytes]) -> None:
    """The total is the exact sum; coins are in upper case; zeros that are listed stay."""
    balances = xt.parse_spot(decode_object(recorded("xt-spot")))
    assert [balance.asset for balance in balances] == ["BTC", "ETH", "LTC", "USDT"]
    assert balances[-1] == Balance(
        "USDT", amount("6929.61087353"), amount("3867.43650012"), amount("3062.17437341")
    )


def test_xt_v4_spot(recorded: Callable[[str], bytes]) -> None:
    """Version 4 tells the same as version 1."""
    v1 = {b.asset: b for b in xt.parse_spot(decode_object(recorded("xt-spot")))}
    v4 = {b.asset: b for b in xt.parse_v4_spot(decode_object(recorded("xt-v4-spot")))}
    assert v4 == {asset: v1[asset] for asset in ("BTC", "USDT")}


def test_sums_do_not_round() -> None:
    """More digits than the 28 of the default context survive the sum."""
    available, frozen = "12345678901234567890.123456789012345678", "0.000000000000000001"
    (balance,) = xt.parse_spot({"data": {"btc": {"available": available, "freeze": frozen}}})
    assert balance.total == amount("12345678901234567890.123456789012345679")


def test_clocks(recorded: Callable[[str], bytes]) -> None:
    """All clocks tell milliseconds."""
    expected = datetime(2020, 8, 10, 2, 26, 23, 85000, tzinfo=UTC)
    assert okx.parse_time(decode_object(recorded("okx-time"))) == expected
    assert xt.parse_time(decode_object(recorded("xt-time"))) == expected
    assert xt.parse_v4_time(decode_object(recorded("xt-v4-time"))) == expected


@pytest.mark.parametrize(
    ("parse", "content"),
    [
        (okx.parse_funding, {"data": []}),  # only coins above zero are listed
        (okx.parse_eth_staking, {"data": []}),
        (okx.parse_trading, {"data": [{"details": []}]}),
        (okx.parse_savings, {"data": []}),
        (okx.parse_sol_staking, {"data": []}),
        (coinw.parse_available, {"data": {}, "success": True, "failed": False}),
        (coinw.parse_available, {"success": True}),
        (coinw.parse_complete, {"data": {}, "success": True, "failed": False}),
        (coinw.parse_complete, {"success": True}),
        (xt.parse_spot, {"data": {}}),
        (xt.parse_v4_spot, {"result": {"assets": []}}),
    ],
)
def test_who_holds_nothing(parse: Parse, content: dict[str, Any]) -> None:
    """An empty answer of the right shape is a good one."""
    assert parse(content) == ()


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"data": {}},
        {"data": {}, "success": False},
        {"data": {}, "success": "true"},
        {"data": {}, "success": 1},
        {"data": {}, "success": None},
        {"data": {}, "success": True, "failed": True},
        {"data": None, "success": True},
        {"data": [], "success": True},
        {"data": "", "success": True},
        {"success": False},
        {"data": {"BTC": "1"}, "success": False},
        {"data": {"BTC": "1"}, "failed": True},
        {"data": {"BTC": "1"}, "success": True, "failed": None},
        {"data": {"BTC": {"available": "1"}}, "success": True},
        {"data": {"BTC": ["1"]}, "success": True},
        {"data": {"": "1"}, "success": True},
    ],
    ids=str,
)
@pytest.mark.parametrize("parse", [coinw.parse_available, coinw.parse_complete])
def test_coinw_believes_nothing_without_success(parse: Parse, content: dict[str, Any]) -> None:
    """CoinW's empty answer needs its `success: true`, and no answer may deny it."""
    with pytest.raises(Malformed):
        parse(content)


@pytest.mark.parametrize(
    ("parse", "content"),
    [
        (okx.parse_funding, {"data": {}}),
        (okx.parse_funding, {"data": [{"bal": "1", "availBal": "1", "frozenBal": "0"}]}),
        (okx.parse_funding, {"data": [{"ccy": "A", "availBal": "1", "frozenBal": "0"}]}),
        (okx.parse_funding, {"data": [{"ccy": "A", "bal": "1", "frozenBal": "0"}]}),
        (okx.parse_funding, {"data": [{"ccy": "A", "bal": "1", "availBal": "1"}]}),
        (okx.parse_eth_staking, {"data": [{"ccy": "BETH", "amt": "1"}]}),
        (okx.parse_trading, {"data": []}),  # who has nothing gets one object, too
        (okx.parse_trading, {"data": [{}]}),
        (okx.parse_trading, {"data": [{"details": None}]}),
        (okx.parse_trading, {"data": [{"details": []}, {"details": []}]}),
        (okx.parse_trading, {"data": [{"details": [{"ccy": "A", "eq": "1", "availBal": "1"}]}]}),
        (okx.parse_trading, {"data": [{"details": [{"ccy": "A", "cashBal": "1"}]}]}),
        (okx.parse_savings, {"data": [{"ccy": "A", "earnings": "1"}]}),
        (okx.parse_savings, {"data": [{"ccy": "A", "amt": "1", "earnings": "much"}]}),
        (okx.parse_savings, {"data": [{"ccy": "A", "amt": "1", "earnings": []}]}),
        (okx.parse_sol_staking, {"data": [{"ccy": "OKSOL", "amt": "1"}]}),
        (okx.parse_time, {"data": []}),
        (xt.parse_spot, {"data": {"btc": {"available": "1"}}}),
        (xt.parse_spot, {"data": {"btc": {"freeze": "1"}}}),
        (xt.parse_spot, {"data": {"btc": "1"}}),
        (xt.parse_spot, {"data": []}),
        (
            xt.parse_spot,
            {"data": {"btc": dict(XT_ROW), "BTC": dict(XT_ROW)}},
        ),
        (xt.parse_v4_spot, {"result": {}}),
        (xt.parse_v4_spot, {"result": []}),
        (xt.parse_v4_spot, {"result": {"assets": [{"currency": "a", "frozenAmount": "1"}]}}),
        (xt.parse_v4_spot, {"result": {"assets": [{"currency": "a", "availableAmount": "1"}]}}),
        (xt.parse_v4_spot, {"result": {"assets": [{"currency": "a", "totalAmount": "1"}]}}),
        (xt.parse_time, {"data": {}}),
        (xt.parse_v4_time, {"result": {}}),
    ],
)
def test_a_part_is_missing(parse: Parse, content: dict[str, Any]) -> None:
    """A row without its coin or one of its amounts is no balance."""
    with pytest.raises(Malformed):
        parse(content)


# Every code of protocols and documents: exchange, code as it comes, HTTP status, what it means.
CODES: list[tuple[str, str | int, int, type[FetchError]]] = [
    ("okx", "50001", 503, ExchangeUnavailable),
    ("okx", "50011", 200, RateLimited),
    ("okx", "50011", 429, RateLimited),
    ("okx", "50013", 429, ExchangeUnavailable),  # busy, not our fault
    ("okx", "50014", 400, UnexpectedAnswer),
    ("okx", "50026", 500, ExchangeUnavailable),
    ("okx", "50030", 403, PermissionMissing),
    ("okx", "50035", 403, PermissionMissing),
    ("okx", "50101", 401, CredentialsRejected),
    ("okx", "50102", 401, ClockSkewed),
    ("okx", "50103", 401, CredentialsRejected),
    ("okx", "50104", 401, CredentialsRejected),
    ("okx", "50105", 401, CredentialsRejected),
    ("okx", "50106", 401, CredentialsRejected),
    ("okx", "50107", 401, CredentialsRejected),
    ("okx", "50110", 401, PermissionMissing),
    ("okx", "50111", 401, CredentialsRejected),
    ("okx", 50111, 200, CredentialsRejected),  # an error may have the other type
    ("okx", "50111", 500, CredentialsRejected),  # a known code tells more than the status
    ("okx", "50112", 401, ClockSkewed),
    ("okx", "50113", 401, CredentialsRejected),
    ("okx", "50114", 401, PermissionMissing),
    ("okx", "50119", 200, CredentialsRejected),
    ("okx", "50120", 401, PermissionMissing),
    ("okx", "50121", 200, PermissionMissing),
    ("okx", "51000", 400, UnexpectedAnswer),
    ("okx", "58115", 200, PermissionMissing),
    ("okx", "59510", 200, PermissionMissing),
    ("okx", "1", 200, UnexpectedAnswer),
    ("okx", "50111", 302, UnexpectedAnswer),  # a redirect is nobody's answer
    ("okx", "50111", 429, RateLimited),
    ("coinw", "1003", 200, CredentialsRejected),
    ("coinw", "6000", 200, CredentialsRejected),
    ("coinw", "29001", 200, RateLimited),
    ("coinw", "429", 200, RateLimited),
    ("coinw", "-103", 200, UnexpectedAnswer),
    ("coinw", "-3", 200, UnexpectedAnswer),
    ("coinw", "-200", 200, ExchangeUnavailable),
    ("coinw", -200, 200, ExchangeUnavailable),
    ("xt", 307, 200, CredentialsRejected),
    ("xt", 308, 200, CredentialsRejected),
    ("xt", 400, 200, UnexpectedAnswer),
    ("xt", 400, 400, UnexpectedAnswer),
    ("xt", 404, 200, UnexpectedAnswer),
    ("xt", 429, 200, RateLimited),
    ("xt", "307", 200, CredentialsRejected),
]


@pytest.mark.parametrize(("exchange", "code", "status", "kind"), CODES, ids=repr)
async def test_codes(
    over_handler: Callable[[Callable[..., Any]], HttpClient],
    exchange: str,
    code: str | int,
    status: int,
    kind: type[FetchError],
) -> None:
    """A refusal has the error that asks for the right thing, and nothing of the server's text."""
    body = json.dumps({"code": code, "msg": "ask Bob <b>", "data": []})
    http = over_handler(lambda _: httpx.Response(status, text=body))
    fetcher = open_fetcher(exchange, Credentials("key", "secret", "phrase"), http)
    reading = await fetcher.fetch("spot" if exchange != "okx" else "funding")
    assert type(reading.error) is kind
    assert "Bob" not in str(reading.error)
    assert str(reading.error).startswith(exchange)


V4_CODES: list[tuple[str, int, type[FetchError]]] = [
    ("AUTH_101", 200, CredentialsRejected),
    ("AUTH_101", 401, CredentialsRejected),
    ("AUTH_103", 200, CredentialsRejected),
    ("AUTH_104", 200, PermissionMissing),
    ("AUTH_105", 200, ClockSkewed),
    ("AUTH_106", 200, PermissionMissing),
    ("AUTH_999", 200, UnexpectedAnswer),
    ("AUTH_101", 429, RateLimited),
    ("", 503, ExchangeUnavailable),
]


@pytest.mark.parametrize(("code", "status", "kind"), V4_CODES)
async def test_codes_of_xts_version_4(
    over_handler: Callable[[Callable[..., Any]], HttpClient],
    code: str,
    status: int,
    kind: type[FetchError],
) -> None:
    """Its refusals are words, beside a verdict that says only yes or no."""
    body = json.dumps({"rc": 1, "mc": code, "ma": ["ask Bob <b>"], "result": None})
    http = over_handler(lambda _: httpx.Response(status, text=body))
    fetcher = open_fetcher("xt", Credentials("key", "secret"), http, version="4")
    error = (await fetcher.fetch("spot")).error
    assert type(error) is kind
    assert "Bob" not in str(error)


def test_lasting_errors() -> None:
    """Only what a person must mend is lasting."""
    kinds = {kind for *_, kind in CODES}
    assert {kind for kind in kinds if kind.lasting} == {CredentialsRejected, PermissionMissing}
