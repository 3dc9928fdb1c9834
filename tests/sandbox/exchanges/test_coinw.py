"""CoinW: who is believed, what is answered, and how much is too much."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from bot.sandbox.exchanges import ENDPOINTS
from bot.sandbox.world import Key

JSON = {"Content-Type": "application/json"}
# Computed with md5sum.
SIGN = "77789A9EB2F5CFCC679C54C60E1F38A3"
TARGET = f"/api/v1/private?command=returnBalances&api_key=coinw-key&sign={SIGN}"

COMPLETE = TARGET.replace("returnBalances", "returnCompleteBalances")
TICKER = "/api/v1/public?command=returnTicker"

OpenStage = Callable[..., Awaitable[Any]]


async def test_spot_to_the_last_digit(open_stage: OpenStage) -> None:
    """Only what is available comes, trailing zeros included; zeros are left out."""
    stage = await open_stage("coinw")
    stage.account.set("spot", "USDT", available="257.518301140000000", held="12")
    stage.account.set("spot", "CWT", available="400.000")
    stage.account.set("spot", "ETH", available="0.0", held="3")

    reply = await stage.call(TARGET, JSON, method="POST")

    assert reply.status == 200
    assert reply.json == {
        "code": "200",
        "data": {"USDT": "257.518301140000000", "CWT": "400.000"},
        "msg": "SUCCESS",
        "success": True,
        "failed": False,
    }


async def test_complete_balances(open_stage: OpenStage) -> None:
    """What is on orders comes, too, also where nothing is available."""
    stage = await open_stage("coinw")
    stage.account.set("spot", "USDT", available="257.518301140000000", held="12")
    stage.account.set("spot", "ETH", available="0.0", held="3")
    stage.account.set("spot", "BTC", available="0.00")

    reply = await stage.call(COMPLETE, JSON, method="POST")

    assert (reply.status, reply.code, reply.json["success"]) == (200, "200", True)
    assert reply.json["data"] == {
        "USDT": {"available": "257.518301140000000", "onOrders": "12"},
        "ETH": {"available": "0.0", "onOrders": "3"},
    }


async def test_the_complete_answer_may_be_kept_from_a_key(open_stage: OpenStage) -> None:
    """It may still read what is available."""
    stage = await open_stage("coinw")
    key = Key("coinw-key", "coinw-secret", refused=frozenset({"returnCompleteBalances"}))
    stage.world.add_key(stage.account, key)
    refused = await stage.call(COMPLETE, JSON, method="POST")
    good = await stage.call(TARGET, JSON, method="POST")
    assert (refused.status, refused.code, refused.json["data"]) == (200, "-3", None)
    assert good.code == "200"


async def test_ticker(open_stage: OpenStage) -> None:
    """Every market of CoinW with its last price, for anybody, by GET alone."""
    stage = await open_stage("coinw")
    stage.world.set_price("coinw", "BTC", "USDT", "97390.10")
    stage.world.set_price("okx", "ETH", "USDT", "3120")
    reply = await stage.call(TICKER)
    assert (reply.status, reply.code) == (200, "200")
    assert {market: row["last"] for market, row in reply.json["data"].items()} == {
        "BTC_USDT": "97390.10"
    }
    assert (await stage.call(TICKER, JSON, method="POST")).status == 405


@pytest.mark.parametrize("target", [TARGET, COMPLETE])
async def test_a_user_without_assets(open_stage: OpenStage, target: str) -> None:
    """Holding nothing is an empty, successful answer."""
    stage = await open_stage("coinw")
    reply = await stage.call(target, JSON, method="POST")
    assert (reply.code, reply.json["data"], reply.json["success"]) == ("200", {}, True)


@pytest.mark.parametrize(
    ("target", "code"),
    [
        (TARGET.replace("coinw-key", "somebody"), "1003"),
        (TARGET.partition("&")[0], "1003"),  # neither key nor signature
        (TARGET.replace(SIGN, SIGN.lower()), "6000"),
        (TARGET.partition("&sign")[0], "6000"),
        (f"{TARGET}&more=1", "6000"),  # every parameter is signed
        (COMPLETE.replace(SIGN, f"0{SIGN[1:]}"), "6000"),
        (TARGET.replace("returnBalances", "returnGhosts"), "-3"),
        (TARGET.replace("returnBalances", "returnTicker"), "-3"),  # of the public ones
        (TARGET.replace("private", "public"), "-3"),
    ],
)
async def test_refuses_a_stranger(open_stage: OpenStage, target: str, code: str) -> None:
    """A wrong key, signature or command has its code, under 200 and without data."""
    stage = await open_stage("coinw")
    reply = await stage.call(target, JSON, method="POST")
    assert (reply.status, reply.code) == (200, code)
    assert (reply.json["data"], reply.json["success"]) == (None, False)


@pytest.mark.parametrize(
    ("method", "headers", "body", "status", "code"),
    [
        ("POST", JSON, b"{}", 200, "-103"),
        ("POST", {}, None, 200, "-103"),
        ("POST", {"Content-Type": "application/x-www-form-urlencoded"}, None, 200, "-103"),
        ("POST", {"Content-Type": "Application/JSON; charset=utf-8"}, None, 200, "200"),
        ("GET", JSON, None, 405, "405"),
    ],
)
async def test_form(
    open_stage: OpenStage,
    method: str,
    headers: dict[str, str],
    body: bytes | None,
    status: int,
    code: str,
) -> None:
    """It takes POST with an empty body and JSON as its type, nothing else."""
    stage = await open_stage("coinw")
    reply = await stage.call(TARGET, headers, method=method, data=body)
    assert (reply.status, reply.code) == (status, code)


@pytest.mark.parametrize(
    "key",
    [
        Key("coinw-key", "coinw-secret", permissions=frozenset()),
        Key("coinw-key", "coinw-secret", addresses=frozenset({"203.0.113.9"})),
    ],
)
async def test_what_a_key_may_do(open_stage: OpenStage, key: Key) -> None:
    """A key without the permission, or from another address, is refused."""
    stage = await open_stage("coinw")
    stage.world.add_key(stage.account, key)
    assert (await stage.call(TARGET, JSON, method="POST")).code == "1003"


async def test_unknown_path(open_stage: OpenStage) -> None:
    """What does not exist is 404."""
    stage = await open_stage("coinw")
    reply = await stage.call("/api/v2/private?command=returnBalances", JSON, method="POST")
    assert reply.status == 404


@pytest.mark.parametrize(
    ("method", "target", "most", "window_s"),
    [("POST", TARGET, 3, 1), ("POST", COMPLETE, 5, 2), ("GET", TICKER, 80, 1)],
)
async def test_limits(
    open_stage: OpenStage, clock: Any, method: str, target: str, most: int, window_s: int
) -> None:
    """So many pass in a window and no more, until the first has left it."""
    stage = await open_stage("coinw")

    async def ask() -> str:
        return str((await stage.call(target, JSON, method=method)).code)

    assert [await ask() for _ in range(most + 1)] == ["200"] * most + ["29001"]
    clock.seconds += window_s - 0.001
    assert await ask() == "29001"
    clock.seconds += 0.001
    assert await ask() == "200"


def test_every_endpoint_is_tested_here() -> None:
    """Two with a key, one without."""
    commands = {target.partition("command=")[2].partition("&")[0] for target in (TARGET, COMPLETE)}
    assert commands | {TICKER.partition("=")[2]} == set(ENDPOINTS["coinw"])
