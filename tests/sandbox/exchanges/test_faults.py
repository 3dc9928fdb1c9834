"""Every fault does what its name says, on the answers of every exchange."""

import gzip
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sandbox.exchanges import EMULATORS
from bot.sandbox.faults import FAULTS, Answer, Fault, Faults, dripping, skewed_clock

OpenStage = Callable[..., Awaitable[Any]]
Ask = Callable[..., Awaitable[Any]]

# Signed for the clock of these tests, see the tests of each exchange.
OKX = {
    "OK-ACCESS-KEY": "okx-key",
    "OK-ACCESS-PASSPHRASE": "okx-pass",
    "OK-ACCESS-SIGN": "THVW9F2/CTgyI32XVGzWTIhD5HKH1NCRGqB33bVJQRM=",
    "OK-ACCESS-TIMESTAMP": "2026-01-15T09:00:00.000Z",
}
COINW = (
    "/api/v1/private?command=returnBalances&api_key=coinw-key"
    "&sign=77789A9EB2F5CFCC679C54C60E1F38A3"
)
XT = (
    "/trade/api/v1/getBalance?accesskey=xt-key&nonce=1768467600000"
    "&signature=33904b3db5352cfc59917c5aef733b1175f204c9d67cf9b9a7d95c6a3b3f0dba"
)
REQUESTS: dict[str, tuple[str, str, dict[str, str]]] = {
    "okx": ("GET", "/api/v5/asset/balances", OKX),
    "coinw": ("POST", COINW, {"Content-Type": "application/json"}),
    "xt": ("GET", XT, {"Content-Type": "application/x-www-form-urlencoded"}),
}
FIRST_AMOUNTS = {
    "okx": lambda data: [data[0][name] for name in ("availBal", "bal", "frozenBal")],
    "coinw": lambda data: [data["USDT"]],
    "xt": lambda data: [data["usdt"][name] for name in ("available", "freeze")],
}


@pytest.fixture(params=EMULATORS)
def slug(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def ask(open_stage: OpenStage, slug: str) -> Ask:
    """Ask an exchange for two coins; a fault named is injected before."""
    stage = await open_stage(slug)
    wallet = "funding" if slug == "okx" else "spot"
    stage.account.set(wallet, "USDT", available="100.50", held="1")
    stage.account.set(wallet, "ETH", available="2")
    method, target, headers = REQUESTS[slug]

    async def ask_for(fault: Fault | str | None = None, times: int | None = 1, **more: Any) -> Any:
        if fault:
            stage.served.faults.inject("*", fault, times=times)
        return await stage.call(target, headers, method=method, **more)

    return ask_for


async def test_honest_without_a_fault(ask: Ask) -> None:
    """The requests of these tests are good ones."""
    reply = await ask()
    assert reply.status == 200
    assert len(reply.json["data"]) == 2


@given(st.decimals(-(10**12), 10**12, allow_nan=False, allow_infinity=False))
def test_numbers_to_the_last_digit(number: Decimal) -> None:
    """A decimal becomes a number, and comes back as it was."""
    assert json.loads(Answer([number]).body(), parse_float=Decimal) == [number]


@pytest.mark.parametrize(
    ("name", "status", "begins"),
    [
        ("http_400", 400, b"<!doctype html>"),
        ("http_403", 403, b"<!doctype html>"),
        ("http_404", 404, b"<!doctype html>"),
        ("http_429", 429, b"<!doctype html>"),
        ("http_429_retry_after", 429, b"<!doctype html>"),
        ("http_500", 500, b"<!doctype html>"),
        ("http_502", 502, b"<!doctype html>"),
        ("http_503", 503, b"<!doctype html>"),
        ("http_504", 504, b"<!doctype html>"),
        ("good_body_under_500", 500, b'{"code":'),
        ("redirect", 302, b""),
        ("html", 200, b"<!doctype html>"),
        ("text", 200, b"upstream"),
        ("empty_body", 200, b""),
        ("json_of_another_kind", 200, b"[]"),
        ("byte_order_mark", 200, b'\xef\xbb\xbf{"code":'),
        ("not_utf8", 200, b'{"\xff":0,"code":'),
    ],
)
async def test_another_response(ask: Ask, name: str, status: int, begins: bytes) -> None:
    """Status and body are those of the name; afterwards the exchange is honest again."""
    reply = await ask(name)
    assert (reply.status, reply.body[: len(begins)]) == (status, begins)
    assert bool(reply.body) == bool(begins)
    assert (await ask()).status == 200


async def test_headers_of_a_fault(ask: Ask, slug: str) -> None:
    """Only one of the two 429 names a time; the redirect leads to the same address."""
    assert "Retry-After" not in (await ask("http_429")).headers
    assert (await ask("http_429_retry_after")).headers["Retry-After"] == "7"
    assert (await ask("redirect")).headers["Location"] == REQUESTS[slug][1]


async def test_broken_bodies(ask: Ask) -> None:
    """Cut JSON cannot be parsed; a big body could, but has more than 5 MiB."""
    with pytest.raises(json.JSONDecodeError):
        _ = (await ask("cut_json")).json
    big = await ask("big_body")
    assert len(big.body) > 6 * 1024 * 1024
    assert len(big.json["data"]) == 2


@pytest.mark.parametrize("name", ["bad_gzip", "cut_gzip"])
async def test_broken_gzip(ask: Ask, name: str) -> None:
    """What says it is gzip cannot be unpacked to an answer."""
    with pytest.raises((aiohttp.ClientPayloadError, json.JSONDecodeError)):
        _ = (await ask(name)).json


async def test_cut_gzip_is_the_beginning_of_one(ask: Ask, open_stage: OpenStage) -> None:
    """Its bytes begin as gzip does, which those of `bad_gzip` do not."""
    act = FAULTS["cut_gzip"].act
    response = await act(None, Answer({"code": 0, "data": []}))  # type: ignore[arg-type]
    assert isinstance(response.body, bytes)  # type: ignore[attr-defined]
    with pytest.raises(EOFError):
        gzip.decompress(response.body)  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", ["cut_before_answer", "cut_within_answer"])
async def test_cut_connections(ask: Ask, name: str) -> None:
    """The connection ends before the answer does; aiohttp's client asks once more by itself."""
    errors = {
        "cut_before_answer": aiohttp.ServerDisconnectedError,
        "cut_within_answer": aiohttp.ClientPayloadError,
    }
    with pytest.raises(errors[name]):
        await ask(name, times=None)


@pytest.mark.parametrize("name", ["never_answering", "slow"])
async def test_silence(ask: Ask, name: str) -> None:
    """No answer within a deadline."""
    with pytest.raises(TimeoutError):
        await ask(name, timeout=aiohttp.ClientTimeout(total=0.2))


async def test_dripping_arrives_in_the_end(ask: Ask) -> None:
    """A slow answer is the honest one, if one has the patience."""
    reply = await ask(Fault("dripping", "silent", dripping(0.0001)))
    assert reply.json == (await ask()).json


async def test_codes(ask: Ask) -> None:
    """The code turns to the other type, to nothing, to null, to an unknown one."""
    honest = (await ask()).code
    wrong = (await ask("code_of_wrong_type")).code
    assert (type(wrong), int(wrong)) == ({str: int, int: str}[type(honest)], int(honest))
    assert "code" not in (await ask("code_missing")).json


@pytest.mark.parametrize(("name", "code"), [("code_null", None), ("code_unknown", "987654321")])
async def test_other_codes(ask: Ask, name: str, code: object) -> None:
    """Everything but the code stays as it was."""
    reply = await ask(name)
    assert reply.code == code
    assert len(reply.json["data"]) == 2


async def test_data(ask: Ask, slug: str) -> None:
    """Data goes missing, or changes its shape."""
    assert "data" not in (await ask("data_missing")).json
    assert (await ask("data_null")).json["data"] is None
    assert (await ask("data_wrong_shape")).json["data"] == ({} if slug == "okx" else [])


async def test_data_as_text(ask: Ask) -> None:
    """Data may come as text that looks like data."""
    assert (await ask("data_text")).json["data"] == "[]"


async def test_no_rows(ask: Ask) -> None:
    """Where nothing is around the rows but the answer, `data` itself turns to null."""
    assert (await ask("rows_missing")).json["data"] is None
    assert (await ask("rows_null")).json["data"] is None


async def test_rows(ask: Ask, slug: str) -> None:
    """One row loses its shape, its amount, its currency; the other one stays."""
    shapeless = (await ask("row_wrong_shape")).json["data"]
    amountless = (await ask("row_without_amount")).json["data"]
    nameless = (await ask("row_without_currency")).json["data"]
    first = 0 if slug == "okx" else next(iter(shapeless))
    assert shapeless[first] == ["1"]
    assert amountless[first] == {"okx": {"ccy": "USDT"}, "coinw": None, "xt": {}}[slug]
    assert "ccy" not in nameless[0] if slug == "okx" else "" in nameless
    assert {len(shapeless), len(amountless), len(nameless)} == {2}


async def test_duplicate_coin(ask: Ask, slug: str) -> None:
    """The same coin stands in one answer twice."""
    body = (await ask("duplicate_coin")).body.lower()
    assert body.count(b"usdt") == 2
    assert b"@" not in body


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("amount_nan", b":NaN"),
        ("amount_nan_text", b':"NaN"'),
        ("amount_infinity", b":Infinity"),
        ("amount_infinity_text", b':"Infinity"'),
        ("amount_huge", b":1e999"),
        ("amount_huge_text", b':"1e999"'),
        ("amount_boolean", b":true"),
        ("amount_null", b":null"),
        ("amount_empty", b':""'),
        ("amount_in_words", b':"1,234.5"'),
    ],
)
async def test_amounts(ask: Ask, slug: str, name: str, written: bytes) -> None:
    """Every amount of one row is written so, and the other row stays good."""
    honest, spoilt = await ask(), await ask(name)
    amounts = FIRST_AMOUNTS[slug](spoilt.json["data"])
    assert len({str(amount) for amount in amounts}) == 1
    plain = spoilt.body.count(written) - honest.body.count(written)
    assert plain == len(amounts)
    assert spoilt.body.count(b'"2"') == honest.body.count(b'"2"')


async def test_skewed_clock(open_stage: OpenStage) -> None:
    """The server's clock is ahead: stamps are refused, and its own time says why."""
    stage = await open_stage("okx")
    stage.served.faults.inject("*", skewed_clock(timedelta(seconds=31)), times=2)
    method, target, headers = REQUESTS["okx"]
    refused = await stage.call(target, headers, method=method)
    told = await stage.call("/api/v5/public/time")
    assert refused.code == "50102"
    assert told.json["data"] == [{"ts": str(1768467600000 + 31_000)}]
    assert (await stage.call(target, headers, method=method)).code == "0"
    assert FAULTS["skewed_clock"].skew == timedelta(minutes=2)


async def test_faults_of_the_staking_row(open_stage: OpenStage) -> None:
    """A snapshot loses its amounts and keeps its coin and time."""
    act = FAULTS["row_without_amount"].act
    row = {"amt": "1", "ccy": "BETH", "latestInterestAccrual": "1", "ts": "1699257600000"}
    response = await act(None, Answer({"code": "0", "data": [row]}))  # type: ignore[arg-type]
    assert json.loads(response.body)["data"] == [  # type: ignore[attr-defined]
        {"ccy": "BETH", "ts": "1699257600000"}
    ]
    assert "amt" in row


def test_injected_faults_wait_in_order() -> None:
    """Each endpoint has its queue, `*` is in all of them, and what is used up is gone."""
    faults = Faults()
    faults.inject("a", "html", times=2)
    faults.inject("*", "text")
    faults.inject("b", "http_503", times=None)
    taken = [faults.take(endpoint) for endpoint in ("a", "a", "a", "a", "b", "b", "c")]
    names = [fault.name if fault else None for fault in taken]
    assert names == ["html", "html", "text", None, "http_503", "http_503", None]
    faults.clear()
    assert faults.take("b") is None


def test_every_fault_is_tested_here() -> None:
    """A new fault in the table needs a line in this file."""
    text = Path(__file__).read_text(encoding="utf-8")
    assert [name for name in FAULTS if f'"{name}"' not in text] == []
