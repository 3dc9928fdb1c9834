"""More than one way to a wallet: which is tried, which is kept, and what is said when none is."""

import asyncio
import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest
from typing_extensions import override

from bot.fetchers import (
    ClockSkewed,
    Credentials,
    CredentialsRejected,
    ExchangeUnavailable,
    Fetcher,
    FetchError,
    PermissionMissing,
    RateLimited,
    UnexpectedAnswer,
    open_fetcher,
)
from tests.fetchers.conftest import START, Instantly, OverHandler, WallClock

CREDENTIALS = Credentials("key-123456", "secret-123456")
HTML = "<!doctype html><html></html>"

COMPLETE, AVAILABLE = "returnCompleteBalances", "returnBalances"
V1, V4, V1_TIME, V4_TIME = "getBalance", "balances", "getServerTime", "time"

Told = tuple[int, Any] | Exception


def good(data: Any) -> Told:
    return 200, {"code": "200", "data": data, "success": True, "failed": False}


def refused(code: str | int) -> Told:
    return 200, {"code": code, "data": None, "success": False, "failed": True}


def v4(mc: str, **result: Any) -> Told:
    return 200, {"rc": 0 if mc == "SUCCESS" else 1, "mc": mc, "ma": [], "result": result}


WHOLE = good({"BTC": {"available": "1", "onOrders": "2"}})
PARTLY = good({"BTC": "1"})
V1_GOOD: Told = (200, {"code": 200, "data": {"btc": {"available": "1", "freeze": "2"}}})
V4_GOOD = v4("SUCCESS", assets=[{"currency": "btc", "availableAmount": "1", "frozenAmount": "2"}])


class Server:
    """Answers by what is asked for, and remembers what that was."""

    def __init__(self, told: Mapping[str, Told]) -> None:
        self.told = dict(told)
        self.asked: list[str] = []
        self.urls: list[str] = []
        self.latency_s = 0.0

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(self.latency_s)
        route = request.url.params.get("command") or request.url.path.rpartition("/")[2]
        self.asked.append(route)
        self.urls.append(str(request.url.copy_with(query=None)))
        told = self.told[route]
        if isinstance(told, Exception):
            raise told
        status, content = told
        return httpx.Response(
            status, text=content if type(content) is str else json.dumps(content)
        )


OpenAt = Callable[..., Fetcher]


@pytest.fixture
def open_at(over_handler: OverHandler) -> OpenAt:
    """Open a fetcher whose requests come to a server."""

    def build(exchange: str, server: Server, **options: Any) -> Fetcher:
        options.setdefault("clock", lambda: START)
        return open_fetcher(exchange, CREDENTIALS, over_handler(server), **options)

    return build


async def total_of(fetcher: Fetcher) -> Decimal | None:
    """Read the one coin of the wallet."""
    reading = await fetcher.fetch("spot")
    assert reading.error is None, reading.error
    (balance,) = reading.balances or ()
    assert balance.available == 1
    return balance.total


async def error_of(fetcher: Fetcher) -> FetchError | None:
    reading = await fetcher.fetch("spot")
    assert reading.balances is None
    return reading.error


# ---- CoinW --------------------------------------------------------------------------------------

NO_WAY: Mapping[str, Told] = {
    "-3": refused("-3"),
    "-103": refused("-103"),
    "-3 as a number": refused(-3),
    "unknown": refused("987654"),
    "404": (404, HTML),
    "405": (405, HTML),
    "410": (410, HTML),
    "404 with a code": (404, {"code": "404", "msg": "no such command"}),
}
NO_REASON: Mapping[str, tuple[Told, type[FetchError]]] = {
    "1003": (refused("1003"), CredentialsRejected),
    "6000": (refused("6000"), CredentialsRejected),
    "29001": (refused("29001"), RateLimited),
    "429": ((429, HTML), RateLimited),
    "-200": (refused("-200"), ExchangeUnavailable),
    "502": ((502, HTML), ExchangeUnavailable),
    "cut": (httpx.ReadError(""), ExchangeUnavailable),
    "page": ((200, HTML), UnexpectedAnswer),
    "empty": ((200, ""), UnexpectedAnswer),
    "403": ((403, HTML), UnexpectedAnswer),
    "302": ((302, ""), UnexpectedAnswer),
    "no code": ((200, {"data": {}}), UnexpectedAnswer),
    "code of the other type": ((200, {"code": 200, "data": {}}), UnexpectedAnswer),
    "data null": (good(None), UnexpectedAnswer),
    "rows of the other command": (PARTLY, UnexpectedAnswer),
}


@pytest.mark.parametrize("refusal", NO_WAY.values(), ids=NO_WAY)
async def test_the_complete_balances_are_refused(open_at: OpenAt, refusal: Told) -> None:
    """Then the available part is read, and no second refusal is asked for."""
    server = Server({COMPLETE: refusal, AVAILABLE: PARTLY})
    fetcher = open_at("coinw", server)
    assert await total_of(fetcher) is None
    assert await total_of(fetcher) is None
    assert server.asked == [COMPLETE, AVAILABLE, AVAILABLE]
    assert fetcher.sweep_floor(["spot"]) == timedelta(seconds=1) / 3


async def test_the_better_way_is_tried_again_once_an_hour(open_at: OpenAt) -> None:
    """A hiccup at the start must not hide what is on orders for ever."""
    now = START
    server = Server({COMPLETE: (404, HTML), AVAILABLE: PARTLY})
    fetcher = open_at("coinw", server, clock=lambda: now)
    for minutes in range(0, 130, 10):
        now = START + timedelta(minutes=minutes)
        assert await total_of(fetcher) is None
    assert [n for n, command in enumerate(server.asked) if command == COMPLETE] == [0, 7, 14]
    server.told[COMPLETE] = WHOLE
    now = START + timedelta(minutes=180)
    assert await total_of(fetcher) == 3
    now = START + timedelta(days=1)
    server.told[COMPLETE] = refused("-3")
    assert type(await error_of(fetcher)) is UnexpectedAnswer


@pytest.mark.parametrize("refusal", NO_WAY.values(), ids=NO_WAY)
async def test_a_way_that_has_worked_is_kept(open_at: OpenAt, refusal: Told) -> None:
    """From then on a refusal is an error, and no reason to know less."""
    server = Server({COMPLETE: WHOLE, AVAILABLE: PARTLY})
    fetcher = open_at("coinw", server)
    assert await total_of(fetcher) == 3
    server.told[COMPLETE] = refusal
    assert type(await error_of(fetcher)) is UnexpectedAnswer
    server.told[COMPLETE] = WHOLE
    assert await total_of(fetcher) == 3
    assert server.asked == [COMPLETE] * 3


@pytest.mark.parametrize(("told", "kind"), NO_REASON.values(), ids=NO_REASON)
async def test_no_reason_to_go_another_way(
    open_at: OpenAt, told: Told, kind: type[FetchError]
) -> None:
    """What is not about the command itself is an error at once."""
    server = Server({COMPLETE: told, AVAILABLE: PARTLY})
    assert type(await error_of(open_at("coinw", server))) is kind
    assert server.asked == [COMPLETE]


@pytest.mark.parametrize(
    ("second", "kind"),
    [
        (refused("-3"), UnexpectedAnswer),
        ((404, HTML), UnexpectedAnswer),
        (refused("1003"), CredentialsRejected),
        (refused("-200"), ExchangeUnavailable),
        ((200, HTML), UnexpectedAnswer),
    ],
    ids=["-3", "404", "1003", "-200", "page"],
)
async def test_neither_command_is_open(
    open_at: OpenAt, second: Told, kind: type[FetchError]
) -> None:
    """The second one tells more, and next time both are tried again."""
    server = Server({COMPLETE: refused("-3"), AVAILABLE: second})
    fetcher = open_at("coinw", server)
    assert type(await error_of(fetcher)) is kind
    server.told[COMPLETE] = WHOLE
    assert await total_of(fetcher) == 3
    assert server.asked == [COMPLETE, AVAILABLE, COMPLETE]


# ---- XT -----------------------------------------------------------------------------------------


async def test_a_key_of_version_1(open_at: OpenAt) -> None:
    """It is found at once, and version 4 never asked."""
    server = Server({V1: V1_GOOD})
    fetcher = open_at("xt", server)
    assert await total_of(fetcher) == await total_of(fetcher) == 3
    assert server.asked == [V1, V1]


async def test_a_key_of_version_4(open_at: OpenAt) -> None:
    """It is asked for where version 1 does not know it, and is remembered."""
    server = Server({V1: refused(307), V4: V4_GOOD})
    fetcher = open_at("xt", server)
    assert await total_of(fetcher) == await total_of(fetcher) == 3
    assert server.asked == [V1, V4, V4]


AFTER_307: Mapping[str, tuple[Told, type[FetchError]]] = {
    "unknown, too": (v4("AUTH_101"), CredentialsRejected),
    "wrong signature": (v4("AUTH_103"), CredentialsRejected),
    "our address": (v4("AUTH_104"), PermissionMissing),
    "permission": (v4("AUTH_106"), PermissionMissing),
    "no version 4": ((404, HTML), CredentialsRejected),
    "version 1 at both addresses": (refused(307), CredentialsRejected),
    "unreachable": (httpx.ConnectError(""), ExchangeUnavailable),
    "down": ((503, HTML), ExchangeUnavailable),
    "too fast": ((429, HTML), RateLimited),
    "page": ((200, HTML), UnexpectedAnswer),
    "403": ((403, HTML), UnexpectedAnswer),
    "unknown code": (v4("AUTH_999"), UnexpectedAnswer),
    "no code": ((200, {"result": {"assets": []}}), UnexpectedAnswer),
    "rc of the other type": ((200, {"rc": "0", "mc": "SUCCESS"}), UnexpectedAnswer),
    "no assets": (v4("SUCCESS"), UnexpectedAnswer),
}


@pytest.mark.parametrize(("told", "kind"), AFTER_307.values(), ids=AFTER_307)
async def test_version_1_does_not_know_the_key(
    open_at: OpenAt, told: Told, kind: type[FetchError]
) -> None:
    """The key is called wrong only where version 4 says so, too, or is not there."""
    server = Server({V1: refused(307), V4: told})
    fetcher = open_at("xt", server)
    error = await error_of(fetcher)
    assert type(error) is kind
    assert server.asked == [V1, V4]
    server.told[V4] = V4_GOOD
    if kind is RateLimited:  # the account is locked: no way is asked
        assert type(await error_of(fetcher)) is RateLimited
        assert server.asked == [V1, V4]
    else:
        assert await total_of(fetcher) == 3


@pytest.mark.parametrize("told", [(404, HTML), refused(999)], ids=["404", "unknown code"])
async def test_version_1_is_out_of_order(open_at: OpenAt, told: Told) -> None:
    """That version 4 does not know a key of version 1 is no reason to call the key wrong."""
    server = Server({V1: told, V4: v4("AUTH_101")})
    fetcher = open_at("xt", server)
    error = await error_of(fetcher)
    assert type(error) is UnexpectedAnswer
    assert not error.lasting
    server.told[V1] = V1_GOOD
    assert await total_of(fetcher) == 3


@pytest.mark.parametrize("code", [308, 400, 404, 429])
async def test_other_refusals_of_version_1_stand(open_at: OpenAt, code: int) -> None:
    """Who knows the key and refuses it is believed."""
    now_ms = int(START.timestamp() * 1000)
    clock: Told = (200, {"code": 200, "data": {"serverTime": now_ms}})
    server = Server({V1: refused(code), V1_TIME: clock})
    assert await error_of(open_at("xt", server))
    assert V4 not in server.asked


@pytest.mark.parametrize(
    ("version", "told"), [("1", {V1: refused(307)}), ("4", {V4: v4("AUTH_101")})], ids=["1", "4"]
)
async def test_only_the_version_that_was_named(
    open_at: OpenAt, version: str, told: Mapping[str, Told]
) -> None:
    """Who says which version it is saves a request, and hears of that one."""
    server = Server(told)
    error = await error_of(open_at("xt", server, version=version))
    assert type(error) is CredentialsRejected
    assert server.asked == [*told]


@pytest.mark.parametrize(
    ("base_url", "first", "second"),
    [
        (None, "https://api.xt.com", "https://sapi.xt.com"),
        ("https://api.xt.com/", "https://api.xt.com", "https://sapi.xt.com"),
        ("https://api.xt.pub", "https://api.xt.pub", "https://api.xt.pub"),
        ("http://127.0.0.1:8080/xt", "http://127.0.0.1:8080/xt", "http://127.0.0.1:8080/xt"),
    ],
)
async def test_where_the_versions_are(
    open_at: OpenAt, base_url: str | None, first: str, second: str
) -> None:
    """The usual versions live at two addresses; another server has both."""
    server = Server({V1: refused(307), V4: V4_GOOD, V1_TIME: (502, ""), V4_TIME: (502, "")})
    for version in ("1", "4"):
        with pytest.raises(ExchangeUnavailable):
            await open_at("xt", server, base_url=base_url, version=version).measure_clock()
    await open_at("xt", server, base_url=base_url).fetch("spot")
    assert server.urls == [
        f"{first}/trade/api/v1/getServerTime",
        f"{second}/v4/public/time",
        f"{first}/trade/api/v1/getBalance",
        f"{second}/v4/balances",
    ]


class Xt4(Server):
    """A version 4 with a clock of its own, that is strict about it."""

    def __init__(self, now: WallClock) -> None:
        super().__init__({V1: refused(307)})
        self.now = now

    @override
    async def __call__(self, request: httpx.Request) -> httpx.Response:
        now_ms = int(self.now().timestamp() * 1000)
        stamp_ms = int(request.headers.get("validate-timestamp", 0))
        self.told[V4] = V4_GOOD if abs(now_ms - stamp_ms) < 30_000 else v4("AUTH_105")
        self.told[V4_TIME] = v4("SUCCESS", serverTime=now_ms)
        return await super().__call__(request)


async def test_version_4_has_a_clock_of_its_own(open_at: OpenAt) -> None:
    """A stamp that it refuses is corrected by its clock, and not by that of version 1."""
    server = Xt4(lambda: START + timedelta(minutes=10))
    fetcher = open_at("xt", server)
    assert await total_of(fetcher) == await total_of(fetcher) == 3
    assert server.asked == [V1, V4, V4_TIME, V4, V4]
    measured = await open_at("xt", server, version="4").measure_clock()
    assert measured == timedelta(minutes=10)


async def test_a_clock_of_version_4_that_contradicts_itself(open_at: OpenAt) -> None:
    """When the corrected time is refused, too, that is said, and no third time is tried."""
    server = Server({V4: v4("AUTH_105"), V4_TIME: v4("SUCCESS", serverTime=1_700_000_000_000)})
    error = await error_of(open_at("xt", server, version="4"))
    assert type(error) is ClockSkewed
    assert server.asked == [V4, V4_TIME, V4]


# ---- the deadline -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("exchange", "asked"),
    [("coinw", [COMPLETE, AVAILABLE]), ("xt", [V1, V4, V4_TIME, V4])],
)
def test_one_deadline_for_all_ways(
    instantly: Instantly,
    open_at: OpenAt,
    wall_clock: WallClock,
    exchange: str,
    asked: list[str],
) -> None:
    """Refusal, other way, clock and second try have 15 s of the network together."""

    async def main() -> None:
        server = Xt4(lambda: wall_clock() + timedelta(minutes=10))
        server.told |= {COMPLETE: refused("-3"), AVAILABLE: PARTLY}
        server.latency_s = 15 / len(asked) - 0.01
        fetcher = open_at(exchange, server, clock=wall_clock)
        assert (await fetcher.fetch("spot")).error is None  # it is not less, either
        assert server.asked == asked
        server.asked.clear()
        server.latency_s = 15 / len(asked) + 0.01
        started_s = asyncio.get_running_loop().time()
        error = await error_of(open_at(exchange, server, clock=wall_clock))
        assert str(error) == f"{exchange} did not answer within 15 s"
        assert server.asked == asked[:-1]  # the last one did not come back in time
        passed_s = asyncio.get_running_loop().time() - started_s
        assert passed_s == pytest.approx(15, abs=0.001)

    instantly(main)
