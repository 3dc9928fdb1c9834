"""An exchange that behaves: what it is asked, byte for byte, and that its answers are read."""

import gzip
import json
import re
from typing import Any

import pytest

from bot.fetchers._http import HttpClient
from tests.fetchers.endpoints import ENDPOINTS, Endpoint, attempt
from tests.fetchers.wire.server import OpenAt, RawServer, answered

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.name)
@pytest.mark.parametrize("compressed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("by_client", [False, True], ids=["transport", "client"])
async def test_the_honest_answer_passes(
    servers: dict[str, RawServer],
    open_at: OpenAt,
    http: HttpClient,
    client: HttpClient,
    by_client: bool,
    honest: dict[str, Any],
    endpoint: Endpoint,
    compressed: bool,
) -> None:
    """Otherwise the faults would prove nothing: unspoilt, and with unknown members, it is read."""
    server = servers[endpoint.name]
    content = json.loads(server.honest(endpoint.route))
    body = json.dumps({**content, "extra": {"rate": 1e-8}}).encode()
    packed = answered(gzip.compress(body), "Content-Encoding: gzip")
    server.script = lambda _: packed if compressed else answered(body)
    fetcher = open_at(server, through=client if by_client else http)
    error, value = await attempt(endpoint, fetcher)
    assert error is None
    assert value == honest[endpoint.name]
    assert value


TARGETS = {
    "okx funding": [b"GET /api/v5/asset/balances"],
    "okx trading": [b"GET /api/v5/account/balance"],
    "okx savings": [b"GET /api/v5/finance/savings/balance"],
    "okx eth-staking": [b"GET /api/v5/finance/staking-defi/eth/balance"],
    "okx sol-staking": [b"GET /api/v5/finance/staking-defi/sol/balance"],
    "okx sub:desk 1": [b"GET /api/v5/asset/subaccount/balances?subAcct=desk%201"],
    "okx sub:desk 1/trading": [b"GET /api/v5/account/subaccount/balances?subAcct=desk%201"],
    "okx list of sub-accounts": [b"GET /api/v5/users/subaccount/list?limit=100"],
    "okx key": [b"GET /api/v5/account/config"],
    "okx clock": [b"GET /api/v5/public/time"],
    "okx prices": [
        b"GET /api/v5/market/tickers?instType=SPOT",
        b"GET /api/v5/market/exchange-rate",
    ],
    "coinw spot, available": [
        b"POST /api/v1/private?command=returnCompleteBalances&api_key=KEY-a1b2c3d4e5",
        b"POST /api/v1/private?command=returnBalances&api_key=KEY-a1b2c3d4e5",
    ],
    "coinw prices": [b"GET /api/v1/public?command=returnTicker"],
    "xt spot, version 4": [
        b"GET /trade/api/v1/getBalance?accesskey=KEY-a1b2c3d4e5&nonce=1768467600000",
        b"GET /v4/balances",
    ],
    "xt clock, version 1": [b"GET /trade/api/v1/getServerTime"],
    "xt clock, version 4": [b"GET /v4/public/time"],
    "xt prices": [b"GET /data/api/v1/getTickers"],
}


async def test_requests_as_they_go_over_the_wire(
    servers: dict[str, RawServer], open_at: OpenAt
) -> None:
    """Methods, targets and bodies are those of the documents, byte for byte."""
    for name, targets in TARGETS.items():
        server = servers[name]
        assert (await attempt(server.endpoint, open_at(server)))[0] is None
        lines = [head.split(b" HTTP/1.1\r\n")[0] for head in server.heads]
        assert [re.split(b"&sign", line)[0] for line in lines] == targets
    for head in servers["coinw spot, available"].heads:
        assert b"content-type: application/json\r\n" in head.lower()
        assert b"content-length: 0\r\n" in head.lower()
    v1, v4 = (head.lower() for head in servers["xt spot, version 4"].heads)
    assert b"content-type: application/x-www-form-urlencoded\r\n" in v1
    assert b"validate-timestamp: 1768467600000\r\n" in v4
