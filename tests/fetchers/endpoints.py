"""Everything that the fetchers ask for: one row each, with what its honest answer looks like."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.fetchers import Fetcher, FetchError, Reading

Ask = Callable[[Fetcher], Awaitable[Any]]

# By what a request asks for, the recorded answer.
RECORDED: Mapping[str, str] = {
    "/api/v5/asset/balances": "okx-funding",
    "/api/v5/account/balance": "okx-trading",
    "/api/v5/finance/savings/balance": "okx-savings",
    "/api/v5/finance/staking-defi/eth/balance": "okx-eth-staking",
    "/api/v5/finance/staking-defi/sol/balance": "okx-sol-staking",
    "/api/v5/asset/subaccount/balances": "okx-funding",
    "/api/v5/account/subaccount/balances": "okx-trading",
    "/api/v5/users/subaccount/list": "okx-sub-accounts",
    "/api/v5/account/config": "okx-config",
    "/api/v5/public/time": "okx-time",
    "/api/v5/market/tickers": "okx-tickers",
    "/api/v5/market/exchange-rate": "okx-exchange-rate",
    "returnCompleteBalances": "coinw-spot",
    "returnBalances": "coinw-spot-available",
    "returnTicker": "coinw-tickers",
    "/trade/api/v1/getBalance": "xt-spot",
    "/trade/api/v1/getServerTime": "xt-time",
    "/data/api/v1/getTickers": "xt-tickers",
    "/v4/balances": "xt-v4-spot",
    "/v4/public/time": "xt-v4-time",
}

NO_SUCH_COMMAND = b'{"code": "-3", "data": null, "msg": "", "success": false, "failed": true}'
NO_SUCH_KEY_V1 = b'{"code": 307, "info": "Access key error"}'
NO_SUCH_KEY_V4 = b'{"rc": 1, "mc": "AUTH_101", "ma": [], "result": null}'


@dataclass(frozen=True)
class Endpoint:
    """One thing to ask for."""

    name: str
    exchange: str
    route: str
    """A key of `RECORDED`: the request that is meant."""
    ask: Ask
    rows: tuple[str | int, ...] = ("data",)
    """Where in the answer the rows are: a list, or an object of them by name."""
    label: str | None = "ccy"
    """The member that names a row; "": rows are in an object; None: there is one, without."""
    value: str | None = "bal"
    """The member that matters; "": the row itself is it; None: it is not a number."""
    verdict: str | None = "code"
    """The member with the code; None: answers have none."""
    skewed: bytes | None = None
    """How a clock that is off is refused."""
    others: Mapping[str, bytes] = field(default_factory=dict)
    """What other requests are answered, where that is not the recorded answer."""
    version: str | None = None
    """Of the API, where only one is asked."""
    has_been_read: bool = False
    """Whether it is asked for once, honestly, before anything goes wrong."""
    is_wallet: bool = False


def wallet(name: str) -> Ask:
    """Read a wallet."""
    return lambda fetcher: fetcher.fetch(name)


OKX_CLOCK = b'{"code": "50102", "msg": "Timestamp request expired"}'
V1_CLOCK = b'{"code": 400, "info": "Bad Request"}'
V4_CLOCK = b'{"rc": 1, "mc": "AUTH_105", "ma": [], "result": null}'


def okx(name: str, path: str, ask: Ask, **options: Any) -> Endpoint:
    return Endpoint(f"okx {name}", "okx", f"/api/v5/{path}", ask, **options)


def okx_wallet(name: str, path: str, *, value: str, **options: Any) -> Endpoint:
    return okx(name, path, wallet(name), value=value, skewed=OKX_CLOCK, is_wallet=True, **options)


def coinw(name: str, command: str, ask: Ask, **options: Any) -> Endpoint:
    return Endpoint(f"coinw {name}", "coinw", command, ask, label="", **options)


def coinw_spot(name: str, command: str, *, value: str, **options: Any) -> Endpoint:
    return coinw(f"spot, {name}", command, wallet("spot"), value=value, is_wallet=True, **options)


def xt(name: str, path: str, ask: Ask, **options: Any) -> Endpoint:
    return Endpoint(f"xt {name}", "xt", path, ask, **options)


def xt_v1(name: str, **options: Any) -> Endpoint:
    return xt(
        name,
        "/trade/api/v1/getBalance",
        wallet("spot"),
        label="",
        value="available",
        skewed=V1_CLOCK,
        is_wallet=True,
        others={"/v4/balances": NO_SUCH_KEY_V4},
        **options,
    )


def xt_v4(name: str, **options: Any) -> Endpoint:
    return xt(
        name,
        "/v4/balances",
        wallet("spot"),
        rows=("result", "assets"),
        label="currency",
        value="availableAmount",
        verdict="rc",
        skewed=V4_CLOCK,
        is_wallet=True,
        others={"/trade/api/v1/getBalance": NO_SUCH_KEY_V1},
        **options,
    )


DETAILS: tuple[str | int, ...] = ("data", 0, "details")

ENDPOINTS = (
    okx_wallet("funding", "asset/balances", value="bal"),
    okx_wallet("trading", "account/balance", value="eq", rows=DETAILS),
    okx_wallet("savings", "finance/savings/balance", value="amt"),
    okx_wallet("eth-staking", "finance/staking-defi/eth/balance", value="amt"),
    okx_wallet("sol-staking", "finance/staking-defi/sol/balance", value="amt"),
    okx_wallet("sub:desk 1", "asset/subaccount/balances", value="availBal"),
    okx_wallet(
        "sub:desk 1/trading", "account/subaccount/balances", value="frozenBal", rows=DETAILS
    ),
    okx(
        "list of sub-accounts",
        "users/subaccount/list",
        lambda fetcher: fetcher.list_sub_accounts(),
        label="subAcct",
        value="ts",
        skewed=OKX_CLOCK,
    ),
    okx(
        "key",
        "account/config",
        lambda fetcher: fetcher.check_key(),
        label=None,
        value=None,
        skewed=OKX_CLOCK,
    ),
    okx("clock", "public/time", lambda fetcher: fetcher.measure_clock(), label=None, value="ts"),
    okx(
        "prices",
        "market/tickers",
        lambda fetcher: fetcher.fetch_prices(),
        label="instId",
        value="last",
    ),
    okx(
        "price of USD",
        "market/exchange-rate",
        lambda fetcher: fetcher.fetch_prices(),
        label=None,
        value="usdCny",
    ),
    coinw_spot("complete", "returnCompleteBalances", value="available"),
    coinw_spot(
        "complete, read before", "returnCompleteBalances", value="onOrders", has_been_read=True
    ),
    coinw_spot(
        "available",
        "returnBalances",
        value="",
        others={"returnCompleteBalances": NO_SUCH_COMMAND},
    ),
    coinw("prices", "returnTicker", lambda fetcher: fetcher.fetch_prices(), value="last"),
    xt_v1("spot, version 1"),
    xt_v1("spot, version 1, read before", has_been_read=True),
    xt_v4("spot, version 4"),
    xt_v4("spot, version 4, read before", has_been_read=True),
    xt(
        "clock, version 1",
        "/trade/api/v1/getServerTime",
        lambda fetcher: fetcher.measure_clock(),
        label=None,
        value="serverTime",
    ),
    xt(
        "clock, version 4",
        "/v4/public/time",
        lambda fetcher: fetcher.measure_clock(),
        rows=("result",),
        label=None,
        value="serverTime",
        verdict="rc",
        version="4",
    ),
    xt(
        "prices",
        "/data/api/v1/getTickers",
        lambda fetcher: fetcher.fetch_prices(),
        rows=(),
        label="",
        value="price",
        verdict=None,
    ),
)
"""Every wallet by every way, and all else that is asked for."""

WALLETS = tuple(endpoint for endpoint in ENDPOINTS if endpoint.is_wallet)


def route_of(head: bytes) -> str:
    """Find out what a request asks for."""
    target = head.split(b" ", 2)[1].decode("ascii")
    path, _, query = target.partition("?")
    command = query.removeprefix("command=").partition("&")[0]
    if command in RECORDED:
        return command
    return next((route for route in RECORDED if path.endswith(route)), path)


async def attempt(endpoint: Endpoint, fetcher: Fetcher) -> tuple[FetchError | None, Any]:
    """Ask once; give the error, or what was learned."""
    try:
        value = await endpoint.ask(fetcher)
    except FetchError as e:
        return e, None
    return (value.error, value.balances) if isinstance(value, Reading) else (None, value)
