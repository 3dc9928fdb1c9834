"""XT, version 1: who is believed, what is answered, and the lock after too much."""

import hashlib
import hmac
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import pytest

from bot.sandbox.world import Key

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
NOW_MS = 1768467600000
# Computed with openssl for that nonce.
SIGN = "33904b3db5352cfc59917c5aef733b1175f204c9d67cf9b9a7d95c6a3b3f0dba"
TARGET = f"/trade/api/v1/getBalance?accesskey=xt-key&nonce={NOW_MS}&signature={SIGN}"
SECRET = "xt-secret"
TIME = "/trade/api/v1/getServerTime"
TICKERS = "/data/api/v1/getTickers"

OpenStage = Callable[..., Awaitable[Any]]


def signed(nonce: object, secret: str = SECRET) -> str:
    """Sign with any nonce; the order on the wire is not that of the signature."""
    text = f"accesskey=xt-key&nonce={nonce}"
    digest = hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()
    return f"/trade/api/v1/getBalance?nonce={nonce}&signature={digest}&accesskey=xt-key"


async def test_spot_to_the_last_digit(open_stage: OpenStage) -> None:
    """Every coin comes in lower case, zeros too, with both of its parts."""
    stage = await open_stage("xt")
    stage.account.set("spot", "USDT", available="3867.436500120000000001", held="3062.17437341")
    stage.account.set("spot", "LTC", available="0.00", held="0.00")

    reply = await stage.call(TARGET, FORM)

    assert reply.status == 200
    assert reply.json == {
        "code": 200,
        "data": {
            "usdt": {"freeze": "3062.17437341", "available": "3867.436500120000000001"},
            "ltc": {"freeze": "0.00", "available": "0.00"},
        },
        "info": "success",
    }


@pytest.mark.parametrize(
    ("target", "code"),
    [
        (TARGET.replace("xt-key", "somebody"), 307),
        (TARGET.partition("?")[0], 307),
        (TARGET.partition("&signature")[0], 308),
        (signed(NOW_MS, secret="guessed"), 308),
        (f"{TARGET}&more=1", 308),  # every parameter is signed
        (TARGET.replace(SIGN, SIGN.upper()), 200),
    ],
)
async def test_refuses_a_stranger(open_stage: OpenStage, target: str, code: int) -> None:
    """A wrong key or signature has its code, an integer, under 200; either case is accepted."""
    stage = await open_stage("xt")
    reply = await stage.call(target, FORM)
    assert (reply.status, reply.code, "data" in reply.json) == (200, code, code == 200)


@pytest.mark.parametrize(
    ("nonce", "code"),
    [
        (NOW_MS + 30_000, 200),
        (NOW_MS - 30_000, 200),
        (NOW_MS + 30_001, 400),
        (NOW_MS - 30_001, 400),
        (NOW_MS // 1000, 400),  # seconds
        (NOW_MS * 1000, 400),  # microseconds
        ("", 400),
    ],
)
async def test_nonce(open_stage: OpenStage, nonce: object, code: int) -> None:
    """It is the time in milliseconds, near the server's own."""
    stage = await open_stage("xt")
    assert (await stage.call(signed(nonce), FORM)).code == code


@pytest.mark.parametrize("headers", [{}, {"Content-Type": "application/json"}])
async def test_content_type(open_stage: OpenStage, headers: dict[str, str]) -> None:
    """Another type than the documented one is a bad request."""
    stage = await open_stage("xt")
    assert (await stage.call(TARGET, headers)).code == 400


@pytest.mark.parametrize(
    "key",
    [
        Key("xt-key", "xt-secret", permissions=frozenset()),
        Key("xt-key", "xt-secret", refused=frozenset({"getBalance"})),
        Key("xt-key", "xt-secret", addresses=frozenset({"203.0.113.9"})),
    ],
)
async def test_what_a_key_may_do(open_stage: OpenStage, key: Key) -> None:
    """A key without the permission, or from another address, is refused."""
    stage = await open_stage("xt")
    stage.world.add_key(stage.account, key)
    assert (await stage.call(TARGET, FORM)).code == 404


async def test_tickers(open_stage: OpenStage) -> None:
    """Every market of XT with its last price, for anybody: numbers, with nothing around them."""
    stage = await open_stage("xt")
    stage.world.set_price("xt", "BTC", "USDT", "97401.550000000000000000001")
    stage.world.set_price("xt", "SHIB", "USDT", "0.0000000071")
    stage.world.set_price("okx", "ETH", "USDT", "3120")
    reply = await stage.call(TICKERS)
    assert {market: row["price"] for market, row in reply.json.items()} == {
        "btc_usdt": Decimal("97401.550000000000000000001"),
        "shib_usdt": Decimal("0.0000000071"),
    }
    assert b'"shib_usdt":{"price":0.0000000071,' in reply.body


async def test_too_many_tickers(open_stage: OpenStage, clock: Any) -> None:
    """Ten a second from one address, then it is locked out of them."""
    stage = await open_stage("xt")
    assert [(await stage.call(TICKERS)).status for _ in range(11)] == [200] * 10 + [429]
    clock.seconds += 599.9
    assert (await stage.call(TICKERS)).status == 429
    clock.seconds += 0.1
    assert (await stage.call(TICKERS)).status == 200


async def test_a_key_of_version_4_is_unknown(open_stage: OpenStage) -> None:
    """A key belongs to one version."""
    stage = await open_stage("xt")
    stage.world.add_key(stage.account, Key("xt-key", SECRET, version="4"))
    assert (await stage.call(TARGET, FORM)).code == 307


async def test_time_and_unknown_paths(open_stage: OpenStage) -> None:
    """The clock needs no key; what does not exist is 404."""
    stage = await open_stage("xt")
    time = await stage.call(TIME)
    ghost = await stage.call("/trade/api/v1/getGhosts", FORM)
    assert time.json == {"code": 200, "data": {"serverTime": NOW_MS}, "info": "success"}
    assert (ghost.status, ghost.code) == (404, 404)


async def test_lock_of_ten_minutes(open_stage: OpenStage, clock: Any) -> None:
    """The fourth request in a second locks the user; ten minutes later it is let in again."""
    stage = await open_stage("xt")

    async def ask(after_s: float = 0) -> tuple[int, int]:
        clock.seconds += after_s
        reply = await stage.call(signed(_ms(clock)), FORM)
        return reply.status, reply.code

    assert [await ask() for _ in range(3)] == [(200, 200)] * 3
    assert await ask() == (429, 429)
    assert await ask(1.5) == (429, 429)  # the window is free, the lock is not
    assert await ask(598.4) == (429, 429)
    assert (await stage.call(TIME)).code == 200  # which needs no user
    assert await ask(0.1) == (200, 200)


async def test_limit_of_an_address(open_stage: OpenStage, clock: Any) -> None:
    """A thousand a minute from one address, whatever they ask; then it is locked."""
    stage = await open_stage("xt")
    for _ in range(1000):
        clock.seconds += 0.05
        assert (await stage.call(TIME)).code == 200
    assert (await stage.call(TIME)).status == 429
    clock.seconds += 60
    assert (await stage.call(TIME)).status == 429
    clock.seconds += 540
    assert (await stage.call(TIME)).status == 200


def _ms(clock: Any) -> int:
    return round(float(clock.now().timestamp()) * 1000)
