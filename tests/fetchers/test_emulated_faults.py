"""The sandbox's faults on everything that is asked for: the right error, and never a zero.

The emulators speak HTTP as a web framework does, and judge signatures and clocks; what only bytes
can do is in `wire/`.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

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
    RateLimited,
    SubAccount,
    UnexpectedAnswer,
    open_fetcher,
)
from bot.fetchers._http import HttpClient
from bot.sandbox.exchanges import ENDPOINTS as EMULATED
from bot.sandbox.exchanges import NO_LIMITS, Served, serve_exchange
from bot.sandbox.faults import FAULTS, Fault, instead
from bot.sandbox.world import Account, Key, World
from bot.transport import WireTransport
from tests.fetchers.endpoints import ENDPOINTS, NO_SUCH_COMMAND, Endpoint, attempt

CREDENTIALS = Credentials("key-abcdef", "secret-abcdef", "phrase-abcdef")
COINS = {"BTC": "0.10", "USDT": "12345.678901234567890123"}
REFUSED = Fault("no_such_command", "refused", instead(NO_SUCH_COMMAND))

EXPECTED: Mapping[str, type[FetchError]] = {
    "garbage": UnexpectedAnswer,
    "unavailable": ExchangeUnavailable,
    "limited": RateLimited,
    "lost": ExchangeUnavailable,
    "silent": ExchangeUnavailable,
    "clock": ClockSkewed,
}

pytestmark = pytest.mark.asyncio(loop_scope="module")


def furnished(endpoint: Endpoint) -> World:
    """Build a world with one account that has something in each of its wallets, and prices."""
    world = World()
    key = Key(
        CREDENTIALS.api_key,
        CREDENTIALS.api_secret,
        CREDENTIALS.passphrase,
        version="4" if "version 4" in endpoint.name else "1",
    )
    account = world.add_account(endpoint.exchange, key)
    if endpoint.exchange == "okx":
        furnish_okx(account)
    else:
        fill(account, "spot")
    for base in ("BTC", "ETH"):
        world.set_price(endpoint.exchange, base, "USDT", "97412.3")
    return world


def furnish_okx(account: Account) -> None:
    sub = account.add_sub("desk 1")
    for wallet in ("funding", "trading", sub, f"{sub}/trading"):
        fill(account, wallet)
    for coin, amount in COINS.items():
        account.save(coin, amount)
    account.stake("0.63926191", total="0.01", taken_at=datetime(2026, 1, 15, 8, tzinfo=UTC))
    account.stake_sol("0.01100012", latest="0.00000012", total="0.00000012")


def fill(account: Account, wallet: str) -> None:
    for coin, amount in COINS.items():
        account.set(wallet, coin, available=amount, held="0.000000000000000001")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def emulated() -> AsyncIterator[dict[str, Served]]:
    """Serve each endpoint from a world of its own, without limits."""
    async with AsyncExitStack() as stack:
        running = {}
        for endpoint in ENDPOINTS:
            serving = serve_exchange(endpoint.exchange, furnished(endpoint), limits=NO_LIMITS)
            running[endpoint.name] = await stack.enter_async_context(serving)
        yield running


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def http(open_client: Callable[..., HttpClient]) -> AsyncIterator[HttpClient]:
    """Give a client over real sockets."""
    async with open_client(WireTransport()) as client:
        yield client


@pytest.fixture(scope="module")
def open_at(http: HttpClient, emulated: dict[str, Served]) -> Callable[..., Fetcher]:
    """Open a fetcher of the exchange that has an endpoint."""

    def build(endpoint: Endpoint, deadline_s: float = 15) -> Fetcher:
        return open_fetcher(
            endpoint.exchange,
            CREDENTIALS,
            http,
            base_url=emulated[endpoint.name].url,
            version=endpoint.version,
            pacer=Pacer(enabled=False),
            deadline=timedelta(seconds=deadline_s),
        )

    return build


def behave(endpoint: Endpoint, served: Served) -> None:
    """Let all be well, but for a command that is not there."""
    served.faults.clear()
    if endpoint.exchange == "coinw":
        for command in endpoint.others:
            served.faults.inject(command, REFUSED, times=None)


def name_at_the_emulator(endpoint: Endpoint) -> str:
    names = (name for name in EMULATED[endpoint.exchange] if endpoint.route.endswith(name))
    return max(names, key=len)


def is_meant(endpoint: Endpoint, fault: Fault, error: FetchError | None, value: Any) -> bool:
    """Say whether it is by design that a fault is not the error that it usually is."""
    if fault.kind == "clock":  # XT calls it a bad request; who is not asked for the time is fine
        is_v1 = endpoint.name.startswith("xt spot, version 1")
        return type(error) is UnexpectedAnswer if is_v1 else not endpoint.skewed and bool(value)
    if endpoint.name == "okx list of sub-accounts" and fault.name == "duplicate_coin":
        return bool(value == (SubAccount("desk 1"),))
    in_a_row = fault.name.startswith(("row_", "amount_", "duplicate_"))
    if "price" in endpoint.name and (in_a_row or "USD" in endpoint.name):
        markets = {(price.base, price.last) for price in value or ()}
        return error is None and bool(markets) and {last for _, last in markets} <= LAST_PRICES
    if endpoint.exchange == "coinw" and endpoint.is_wallet and fault.name == "data_missing":
        return error is None and value == ()  # said to be so where nothing is held
    if fault.name in {"http_404", "code_unknown"}:  # no such way
        if endpoint.name == "coinw spot, complete":
            return {balance.asset: balance.available for balance in value} == AVAILABLE
        is_fresh_v4 = endpoint.name == "xt spot, version 4" and fault.name == "http_404"
        return is_fresh_v4 and type(error) is CredentialsRejected  # there is no version 4 here
    return False


LAST_PRICES = {Decimal("97412.3"), Decimal("7.162")}
AVAILABLE = {coin: Decimal(amount) for coin, amount in COINS.items()}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
async def test_every_fault_of_the_sandbox(
    emulated: dict[str, Served], open_at: Callable[..., Fetcher], fault: Fault
) -> None:
    """The right error on each, no value, and a good answer as soon as all is well again."""

    async def suffer(endpoint: Endpoint) -> list[object]:
        served = emulated[endpoint.name]
        behave(endpoint, served)
        fetcher = open_at(endpoint, 1 if fault.kind == "silent" else 15)
        if endpoint.has_been_read:
            await attempt(endpoint, fetcher)
        served.faults.inject(name_at_the_emulator(endpoint), fault, times=None)
        error, value = await attempt(endpoint, fetcher)
        is_right = type(error) is EXPECTED[fault.kind] and value is None
        wrong = [] if is_right or is_meant(endpoint, fault, error, value) else [error or value]
        behave(endpoint, served)
        error, value = await attempt(endpoint, fetcher)
        return wrong if value or fault.kind == "limited" else [*wrong, error]

    found = await asyncio.gather(*map(suffer, ENDPOINTS))
    by_name = {endpoint.name: wrong for endpoint, wrong in zip(ENDPOINTS, found, strict=True)}
    assert not {name: wrong for name, wrong in by_name.items() if wrong}
