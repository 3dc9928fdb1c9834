"""CoinW: who is believed, what is answered, and how much is too much."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from bot.sandbox.world import Key

JSON = {"Content-Type": "application/json"}
# Computed with md5sum.
SIGN = "77789A9EB2F5CFCC679C54C60E1F38A3"
TARGET = f"/api/v1/private?command=returnBalances&api_key=coinw-key&sign={SIGN}"

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


async def test_a_user_without_assets(open_stage: OpenStage) -> None:
    """Holding nothing is an empty, successful answer."""
    stage = await open_stage("coinw")
    reply = await stage.call(TARGET, JSON, method="POST")
    assert (reply.code, reply.json["data"], reply.json["success"]) == ("200", {}, True)


@pytest.mark.parametrize(
    ("target", "code"),
    [
        (TARGET.replace("coinw-key", "somebody"), "1003"),
        (TARGET.partition("&")[0], "1003"),  # neither key nor signature
        (TARGET.replace(SIGN, SIGN.lower()), "6000"),
        (TARGET.partition("&sign")[0], "6000"),
        (f"{TARGET}&more=1", "6000"),  # every parameter is signed
        (TARGET.replace("returnBalances", "returnGhosts"), "-3"),
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


async def test_limit(open_stage: OpenStage, clock: Any) -> None:
    """Three pass in a second and no more, until the first has left the window."""
    stage = await open_stage("coinw")

    async def ask() -> str:
        reply = await stage.call(TARGET, JSON, method="POST")
        return str(reply.code)

    assert [await ask() for _ in range(4)] == ["200", "200", "200", "29001"]
    clock.seconds += 1
    assert await ask() == "200"
