"""ccxt's exchanges through our checks: what it would take for an empty account is unreadable."""

import json
import logging
import traceback
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest
import pytest_asyncio

from bot.fetchers import (
    ClockSkewed,
    Credentials,
    CredentialsRejected,
    ExchangeUnavailable,
    Fetcher,
    FetchError,
    Pacer,
    PermissionMissing,
    RateLimited,
    UnexpectedAnswer,
    find_exchange,
    open_fetcher,
    through_ccxt,
)
from bot.fetchers._http import HttpClient
from bot.sandbox.exchanges import serve_exchange
from bot.sandbox.faults import FAULTS, Fault
from bot.sandbox.world import Key, World
from bot.transport import WireTransport

CREDENTIALS = Credentials("KEY-a1b2c3d4e5", "SECRET-f6g7h8i9j0", "PHRASE-k1l2m3")
LONG = "12345.678901234567890123"
KINDS: dict[str, type[FetchError]] = {
    "garbage": UnexpectedAnswer,
    "unavailable": ExchangeUnavailable,
    "limited": RateLimited,
    "lost": ExchangeUnavailable,
    "silent": ExchangeUnavailable,
    "clock": ClockSkewed,
}

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def transport() -> AsyncIterator[WireTransport]:
    """Give one transport for all tests: its TLS context takes long to build."""
    async with WireTransport() as transport:
        yield transport


def furnished() -> World:
    """Build a world with one account whose trading wallet, ccxt's default, has two coins."""
    world = World()
    key = Key(CREDENTIALS.api_key, CREDENTIALS.api_secret, CREDENTIALS.passphrase)
    account = world.add_account("okx", key)
    account.set("trading", "USDT", available=LONG, held="0.000000000000000001")
    account.set("trading", "BTC", available="0.10")
    return world


def answering(*contents: Any) -> httpx.MockTransport:
    """Answer one request after the other with these contents, the last one for ever."""
    left = list(contents)

    def answer(_: httpx.Request) -> httpx.Response:
        content = left.pop(0) if len(left) > 1 else left[0]
        return httpx.Response(200, text=json.dumps(content))

    return httpx.MockTransport(answer)


def trading(*rows: dict[str, str]) -> dict[str, Any]:
    """Write the answer about a trading account."""
    return {"code": "0", "msg": "", "data": [{"totalEq": "1", "details": list(rows)}]}


def row(coin: str, amount: str) -> dict[str, str]:
    """Write one coin of it."""
    return {"ccy": coin, "eq": amount, "cashBal": amount, "availBal": amount, "frozenBal": "0"}


def opened(http: HttpClient, **options: Any) -> Fetcher:
    """Open ccxt's OKX, whose server is the sandbox's or a function."""
    return open_fetcher("ccxt:okx", CREDENTIALS, http, **options)


async def test_amounts_to_the_last_digit(transport: WireTransport) -> None:
    """What was put in comes out; no float on the way."""
    async with serve_exchange("okx", furnished()) as served:
        reading = await opened(transport, base_url=served.url).fetch("spot")
    found = {b.asset: (b.total, b.available, b.held) for b in reading.balances or ()}
    assert found == {
        "BTC": (Decimal("0.10"), Decimal("0.10"), Decimal(0)),
        "USDT": (Decimal("12345.678901234567890124"), Decimal(LONG), Decimal("1e-18")),
    }


# An int in place of a text is no difference to ccxt, and the amounts are the honest ones.
SPOILING = [fault for fault in FAULTS.values() if fault.name != "code_of_wrong_type"]


@pytest.mark.parametrize("fault", SPOILING, ids=lambda fault: fault.name)
async def test_every_fault_of_the_sandbox(transport: WireTransport, fault: Fault) -> None:
    """Each has its error, and none is an account without money."""
    deadline = timedelta(seconds=0.3 if fault.kind == "silent" else 15)
    async with serve_exchange("okx", furnished()) as served:
        fetcher = opened(transport, base_url=served.url, deadline=deadline)
        served.faults.inject("account/balance", fault)
        reading = await fetcher.fetch("spot")
        assert reading.balances is None
        assert type(reading.error) is KINDS[fault.kind]
        assert str(reading.error).isprintable()


async def test_secrets_stay_in(transport: WireTransport, caplog: pytest.LogCaptureFixture) -> None:
    """What ccxt puts into its errors (address, headers, the whole answer) is not passed on."""
    caplog.set_level(logging.DEBUG)

    def echo(request: httpx.Request) -> httpx.Response:
        told = dict(request.headers.items())
        return httpx.Response(401, json={"code": "50111", "msg": str(told), "data": []})

    error = (await opened(httpx.MockTransport(echo)).fetch("spot")).error
    assert type(error) is CredentialsRejected
    assert error.__cause__ is error.__context__ is None
    assert error.__traceback__ is None
    shown = "".join([*traceback.format_exception(error), repr(vars(error)), caplog.text])
    for secret in (CREDENTIALS.api_key, CREDENTIALS.api_secret, "PHRASE", "ok-access"):
        assert secret.lower() not in shown.lower()


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("50111", CredentialsRejected),
        ("50110", PermissionMissing),
        ("50011", RateLimited),
        ("50001", ExchangeUnavailable),
        ("51000", UnexpectedAnswer),
        ("987654", UnexpectedAnswer),
    ],
)
async def test_codes(code: str, kind: type[FetchError]) -> None:
    """What ccxt makes of a code is one of our errors, and a pause has an end."""
    http = answering({"code": code, "msg": "", "data": []})
    assert type((await opened(http).fetch("spot")).error) is kind


async def test_an_empty_account_needs_evidence() -> None:
    """No coin at all is believed where there were some before, in the same place, and only so."""
    http = answering(
        trading(),
        trading(row("BTC", "1")),
        {"code": "0", "data": [{"details": {}}]},
        {"code": "0", "data": []},
        trading(),
    )
    fetcher = opened(http)
    for expected in (None, 1, None, None, 0):
        balances = (await fetcher.fetch("spot")).balances
        assert expected == (None if balances is None else len(balances))


async def test_the_clock_is_corrected(transport: WireTransport) -> None:
    """Ten minutes off, the wallet is read at once, and the difference is told."""
    behind = timedelta(minutes=10)
    async with serve_exchange("okx", furnished()) as served:
        fetcher = opened(
            transport,
            base_url=served.url,
            clock=lambda: datetime.now(UTC) - behind,  # noqa: TID251 - a real skew
        )
        assert (await fetcher.fetch("spot")).error is None
        asked = [entry.endpoint for entry in served.journal]
        assert (await fetcher.fetch("spot")).error is None
        offset = await fetcher.measure_clock()
    assert asked == ["account/balance", "public/time", "account/balance"]
    assert offset is not None
    assert abs(offset - behind) < timedelta(seconds=2)


async def test_prices() -> None:
    """The tickers of spot markets, by ccxt's names; what has no price has none."""

    def public(request: httpx.Request) -> httpx.Response:
        query = dict(request.url.params)
        markets = [
            {"instId": "BTC-USDT", "baseCcy": "BTC", "quoteCcy": "USDT"},
            {"instId": "NEW-USDT", "baseCcy": "NEW", "quoteCcy": "USDT"},
        ]
        common = {"instType": "SPOT", "state": "live", "tickSz": "0.1", "lotSz": "0.1"}
        data: list[dict[str, str]] = []
        if request.url.path.endswith("/instruments") and query["instType"] == "SPOT":
            data = [common | market for market in markets]
        if request.url.path.endswith("/tickers"):
            data = [
                {"instId": "BTC-USDT", "last": "97000.5", "ts": "1"},
                {"instId": "NEW-USDT", "last": "", "ts": "1"},
            ]
        return httpx.Response(200, json={"code": "0", "msg": "", "data": data})

    prices = await opened(httpx.MockTransport(public)).fetch_prices()
    assert [(p.base, p.quote, p.last) for p in prices] == [("BTC", "USDT", Decimal("97000.5"))]


async def test_who_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of ccxt's has a row; others, and all where it is missing, are refused in words."""
    assert len(through_ccxt.known_ids()) > 50
    row = find_exchange("ccxt:kraken")
    assert (row.wallets, row.base_url, row.needs_passphrase) == (("spot",), None, False)
    for slug, words in [("ccxt:mtgox", "knows no exchange «mtgox»"), ("ccxt:", "no exchange «»")]:
        with pytest.raises(ValueError, match=words):
            find_exchange(slug)
    monkeypatch.setattr(through_ccxt, "is_installed", lambda: False)
    with pytest.raises(ValueError, match="not installed"):
        find_exchange("ccxt:kraken")


@pytest.mark.parametrize("slug", ["ccxt:binance", "ccxt:kraken", "ccxt:gate", "ccxt:bitfinex"])
async def test_others_sign_and_ask(slug: str) -> None:
    """Other exchanges go the same way: a page of HTML is no balance anywhere."""
    asked: list[httpx.Request] = []

    def page(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, text="<html>We will be back</html>")

    credentials = Credentials("k" * 32, "c2VjcmV0c2VjcmV0", "p")
    fetcher = open_fetcher(slug, credentials, httpx.MockTransport(page))
    reading = await fetcher.fetch("spot")
    assert type(reading.error) is UnexpectedAnswer
    assert asked[0].url.scheme == "https"
    with pytest.raises(ValueError, match="has no wallet"):
        await fetcher.fetch("funding")


ANY_KEY = Credentials("k" * 32, "c2VjcmV0c2VjcmV0", "p")


def kraken(balances: dict[str, str]) -> dict[str, Any]:
    """Write Kraken's answer, an object with the coins as its members."""
    parts = {name: {"balance": text, "hold_trade": "0"} for name, text in balances.items()}
    return {"error": [], "result": parts}


async def spot_of(slug: str, *contents: Any) -> list[list[str] | str]:
    """Read several times: the coins, or the error's words."""
    fetcher = open_fetcher(slug, ANY_KEY, answering(*contents))
    found: list[list[str] | str] = []
    for _ in contents:
        reading = await fetcher.fetch("spot")
        coins = [balance.asset for balance in reading.balances or ()]
        found.append(str(reading.error) if reading.error else coins)
    return found


async def test_two_names_of_one_coin() -> None:
    """ccxt would take the last of them, as if the other were not there."""
    good, bad = await spot_of(
        "ccxt:kraken", kraken({"XXBT": "1", "ZUSD": "2"}), kraken({"XXBT": "1", "XBT": "4"})
    )
    assert good == ["BTC", "USD"]
    assert "a coin occurs twice" in bad


def binance(*rows: dict[str, Any]) -> dict[str, Any]:
    """Write Binance's answer."""
    return {"makerCommission": 0, "balances": list(rows)}


async def test_a_number_that_would_stop_everything() -> None:
    """ccxt writes a number out in full: 30 million digits are minutes of standing still."""
    for amount in ("1e30000000", "1E-400", "9" * 101):
        row = {"asset": "BTC", "free": amount, "locked": "1"}
        (found,) = await spot_of("ccxt:binance", binance(row))
        assert "out of all proportion" in found
    (found,) = await spot_of(
        "ccxt:binance", binance({"asset": "BTC", "free": "1e-7", "locked": "0"})
    )
    assert found == ["BTC"]


async def test_rows_of_several_kinds_must_all_say_theirs() -> None:
    """One that does not would be left out, and its coin be zero."""
    coins = [{"currency": c, "balance": "5", "available": "5", "holds": "0"} for c in ("BTC", "A")]
    whole = [row | {"type": "trade"} for row in coins]
    partly = [whole[0], coins[1]]
    (good,) = await spot_of("ccxt:kucoin", {"code": "200000", "data": whole})
    (bad,) = await spot_of("ccxt:kucoin", {"code": "200000", "data": partly})
    assert good == ["A", "BTC"]
    assert "what kind it is" in bad


async def test_an_error_with_an_empty_list_is_no_empty_account() -> None:
    """Whatever says in an answer that it is a good one must say the same when it is empty."""
    coin = {"asset": "BTC", "total": "1", "free": "1", "locked": "0"}
    filled, wrong, empty = await spot_of(
        "ccxt:hashkey",
        {"balances": [coin], "userId": "1"},
        {"code": -9999, "msg": "x", "balances": []},
        {"balances": [], "userId": "1"},
    )
    assert filled == ["BTC"]
    assert "no coin" in wrong
    assert empty == []


async def test_a_clock_beyond_all_time() -> None:
    """An impossible time is an error like others, and breaks nothing."""

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/time"):
            return httpx.Response(200, json={"serverTime": 10**18})
        return httpx.Response(400, json={"code": -1021, "msg": "Timestamp outside"})

    fetcher = open_fetcher("ccxt:binance", ANY_KEY, httpx.MockTransport(answer))
    assert type((await fetcher.fetch("spot")).error) is ClockSkewed
    with pytest.raises(UnexpectedAnswer):
        await fetcher.measure_clock()


async def test_a_ban_of_the_address_holds_for_all_keys() -> None:
    """Who is sent away with 418 asks nothing more, by whatever key."""
    asked = 0

    def ban(_: httpx.Request) -> httpx.Response:
        nonlocal asked
        asked += 1
        return httpx.Response(418, headers={"Retry-After": "120"})

    http, pacer = httpx.MockTransport(ban), Pacer()
    for key in ("a", "b"):
        fetcher = open_fetcher("ccxt:binance", Credentials(key, "s"), http, pacer=pacer)
        assert type((await fetcher.fetch("spot")).error) is RateLimited
    assert asked == 1
