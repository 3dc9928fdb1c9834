"""XT, version 4: who is believed, what is answered, and the lock after too much."""

import hashlib
import hmac
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from bot.sandbox.exchanges import ENDPOINTS
from bot.sandbox.world import Key

NOW_MS = 1768467600000
# Computed with openssl for that time and a window of five seconds.
SIGN = "d784d77ef9862eb9ed55200b25692f2e28a1ce3c52712c3f16bd6a10d02dfd99"
QUERY_SIGN = "9f0aed115e0341acf8dda6b3166c12c7cc45d0e4544d4c1eb0fe289999c432f9"
BALANCES = "/v4/balances"
TIME = "/v4/public/time"
SECRET = "xt4-secret"
KEY = Key("xt4-key", SECRET, version="4")

OpenStage = Callable[..., Awaitable[Any]]


def headers(sign: str = SIGN, **changes: str | None) -> dict[str, str]:
    """Give the five headers, with changes; None leaves one out."""
    named: dict[str, str | None] = {
        "algorithms": "HmacSHA256",
        "appkey": "xt4-key",
        "recvwindow": "5000",
        "timestamp": str(NOW_MS),
        "signature": sign,
    }
    named |= changes
    return {f"validate-{name}": value for name, value in named.items() if value is not None}


def signed(stamp: object = NOW_MS, window: object = 5000, secret: str = SECRET) -> Any:
    """Sign any time and window."""
    text = (
        f"validate-algorithms=HmacSHA256&validate-appkey=xt4-key&validate-recvwindow={window}"
        f"&validate-timestamp={stamp}#GET#{BALANCES}"
    )
    sign = hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()
    return headers(sign, recvwindow=str(window), timestamp=str(stamp))


@pytest.fixture
async def stage(open_stage: OpenStage) -> Any:
    """Serve an account that has a key of each version."""
    stage = await open_stage("xt")
    stage.world.add_key(stage.account, KEY)
    return stage


async def test_spot_to_the_last_digit(stage: Any) -> None:
    """Every coin comes in lower case, zeros too, with its parts and their sum."""
    stage.account.set("spot", "USDT", available="3867.436500120000000001", held="3062.17437341")
    stage.account.set("spot", "LTC", available="0.00", held="0.00")

    reply = await stage.call(BALANCES, headers())

    assert reply.status == 200
    assert reply.json == {
        "rc": 0,
        "mc": "SUCCESS",
        "ma": [],
        "result": {
            "assets": [
                {
                    "currency": "usdt",
                    "availableAmount": "3867.436500120000000001",
                    "frozenAmount": "3062.17437341",
                    "totalAmount": "6929.610873530000000001",
                },
                {
                    "currency": "ltc",
                    "availableAmount": "0.00",
                    "frozenAmount": "0.00",
                    "totalAmount": "0.00",
                },
            ]
        },
    }
    assert [entry.code for entry in stage.served.journal] == ["SUCCESS"]


async def test_a_query_is_signed(stage: Any) -> None:
    """As it is on the wire, behind the path."""
    target = f"{BALANCES}?currencies=usdt,btc"
    assert (await stage.call(target, headers(QUERY_SIGN))).json["mc"] == "SUCCESS"
    assert (await stage.call(target, headers(SIGN))).json["mc"] == "AUTH_103"


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ({}, "AUTH_001"),
        (headers(appkey=None), "AUTH_001"),
        (headers(timestamp=None), "AUTH_002"),
        (headers(recvwindow=None), "AUTH_003"),
        (headers(algorithms=None), "AUTH_005"),
        (headers(algorithms="HmacMD5"), "AUTH_006"),
        (headers(signature=None), "AUTH_007"),
        (headers(appkey="somebody"), "AUTH_101"),
        (headers(appkey="xt-key"), "AUTH_101"),  # a key of version 1
        (headers(f"0{SIGN[1:]}"), "AUTH_103"),
        (headers(recvwindow="5001"), "AUTH_103"),  # not what was signed
        (headers(timestamp=str(NOW_MS + 1)), "AUTH_103"),
        (signed(secret="guessed"), "AUTH_103"),
    ],
)
async def test_refuses_a_stranger(stage: Any, sent: dict[str, str], code: str) -> None:
    """Each has its own word, under 200, and no result."""
    reply = await stage.call(BALANCES, sent)
    assert (reply.status, reply.json["rc"], reply.json["mc"]) == (200, 1, code)
    assert reply.json["result"] is None
    assert [entry.code for entry in stage.served.journal] == [code]


@pytest.mark.parametrize(
    ("stamp", "window", "code"),
    [
        (NOW_MS + 5000, 5000, "SUCCESS"),
        (NOW_MS - 5000, 5000, "SUCCESS"),
        (NOW_MS + 5001, 5000, "AUTH_105"),
        (NOW_MS - 5001, 5000, "AUTH_105"),
        (NOW_MS - 60_000, 60_000, "SUCCESS"),
        (NOW_MS, 60_001, "AUTH_004"),
        (NOW_MS, "5s", "AUTH_004"),
        (NOW_MS // 1000, 5000, "AUTH_105"),  # seconds
        ("now", 5000, "AUTH_105"),
    ],
)
async def test_window_of_the_clock(stage: Any, stamp: object, window: object, code: str) -> None:
    """The sender chooses it, up to a minute."""
    assert (await stage.call(BALANCES, signed(stamp, window))).json["mc"] == code


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        ({"permissions": frozenset()}, "AUTH_106"),
        ({"refused": frozenset({"v4/balances"})}, "AUTH_106"),
        ({"addresses": frozenset({"203.0.113.9"})}, "AUTH_104"),
        ({"addresses": frozenset({"127.0.0.1"})}, "SUCCESS"),
    ],
)
async def test_what_a_key_may_do(stage: Any, limits: dict[str, Any], code: str) -> None:
    """A missing permission and another address are told apart."""
    stage.world.add_key(stage.account, Key("xt4-key", SECRET, version="4", **limits))
    assert (await stage.call(BALANCES, headers())).json["mc"] == code


async def test_time(stage: Any) -> None:
    """The clock needs no key; it is read by GET."""
    assert (await stage.call(TIME)).json == {
        "rc": 0,
        "mc": "SUCCESS",
        "ma": [],
        "result": {"serverTime": NOW_MS},
    }
    assert (await stage.call(TIME, method="POST")).status == 404


async def test_lock_of_ten_minutes(stage: Any, clock: Any) -> None:
    """The fourth request in a second locks the user; ten minutes later it is let in again."""

    async def ask(after_s: float = 0) -> tuple[int, str]:
        clock.seconds += after_s
        reply = await stage.call(BALANCES, signed(round(clock.now().timestamp() * 1000)))
        return reply.status, reply.json["mc"]

    assert [await ask() for _ in range(3)] == [(200, "SUCCESS")] * 3
    assert await ask() == (429, "429")
    assert await ask(599.9) == (429, "429")
    assert (await stage.call(TIME)).status == 200  # which needs no user
    assert await ask(0.1) == (200, "SUCCESS")
    assert len(stage.served.journal.limited()) == 2


async def test_both_versions_share_the_limit_of_an_address(stage: Any, clock: Any) -> None:
    """A thousand a minute, whatever the version; then the address is locked for both."""
    for number in range(1000):
        clock.seconds += 0.05
        path = TIME if number % 2 else "/trade/api/v1/getServerTime"
        assert (await stage.call(path)).status == 200
    for path in (TIME, "/trade/api/v1/getServerTime"):
        assert (await stage.call(path)).status == 429


def test_every_endpoint_is_tested_here() -> None:
    """What the exchange lists of version 4."""
    names = {name for name in ENDPOINTS["xt"] if name.startswith("v4/")}
    assert names == {BALANCES[1:], TIME[1:]}
