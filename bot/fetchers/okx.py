"""OKX (API v5).

By the documents "Get balance" (funding account), "Get sub-account funding balance" and "GET /
Balance" (ETH staking) at https://www.okx.com/docs-v5/en/.

Limits, per user: funding 6 in 1 s; sub-accounts 6 in 2 s, all of them together; ETH staking 6 in
1 s; the clock 10 in 2 s per IP address.

Quirks:

- The funding accounts leave out coins that are zero.
- `amt` of ETH staking is *all* BETH of the account: what lies in its other wallets, too, and what
  is being redeemed. Adding it to them counts BETH twice.
- The signature covers the target as it goes over the wire. The official sample signs it before
  the percent-encoding, and so fails for a name with a space.
- Sub-accounts are read with the key of the master account only.
- `code` may be an error under HTTP 200, too, and is always a text.
"""

from collections.abc import Callable, Generator
from datetime import datetime, timedelta

import httpx

from ._clock import Clock
from ._contract import Content, Fetcher, Source
from ._http import Call, Dialect, Refusal
from ._limits import Limit
from ._parsing import asset_name, instant, ordered, plain_decimal, rows
from ._signing import encoded_query, okx_signature, okx_timestamp
from .errors import (
    ClockSkewed,
    CredentialsRejected,
    ExchangeUnavailable,
    PermissionMissing,
    RateLimited,
    UnexpectedAnswer,
)
from .model import Balance, Credentials, Staking

_SUB = "sub:"

_FUNDING = Limit("funding", 6, timedelta(seconds=1))
_SUB_FUNDING = Limit("sub-account funding", 6, timedelta(seconds=2))
_STAKING = Limit("eth-staking", 6, timedelta(seconds=1))
_TIME = Limit("time", 10, timedelta(seconds=2), per_address=True)

_KEY = Refusal(CredentialsRejected, "does not know this API key")
_PASSPHRASE = Refusal(CredentialsRejected, "says that the passphrase is wrong")
_SIGNATURE = Refusal(CredentialsRejected, "says that the signature is wrong: is the secret right?")
_ENVIRONMENT = Refusal(CredentialsRejected, "says that this key is for the other of demo and live")
_TIMESTAMP = Refusal(ClockSkewed, "says that our clock is off", may_be_clock=True)
_ADDRESS = Refusal(PermissionMissing, "does not let this key in from our address")
_PERMISSION = Refusal(PermissionMissing, "does not let this key read that")
_NO_SUB = Refusal(PermissionMissing, "knows no sub-account of this name under this key")
_PARAMETER = Refusal(UnexpectedAnswer, "says that a parameter is missing or wrong")
_BUSY = Refusal(ExchangeUnavailable, "is busy or down")
_TOO_FAST = Refusal(RateLimited, "had too many requests")

_DIALECT = Dialect(
    exchange="okx",
    good_code="0",
    refusals={
        "50001": _BUSY,
        "50011": _TOO_FAST,
        "50013": _BUSY,
        "50014": _PARAMETER,
        "50026": _BUSY,
        "50030": _PERMISSION,
        "50035": _PERMISSION,
        "50101": _ENVIRONMENT,
        "50102": _TIMESTAMP,
        "50103": _KEY,
        "50104": _PASSPHRASE,
        "50105": _PASSPHRASE,
        "50106": _SIGNATURE,
        "50107": _SIGNATURE,
        "50110": _ADDRESS,
        "50111": _KEY,
        "50112": _TIMESTAMP,
        "50113": _SIGNATURE,
        "50114": _PERMISSION,
        "50119": _KEY,
        "50120": _PERMISSION,
        "50121": _ADDRESS,
        "51000": _PARAMETER,
        "58115": _NO_SUB,
        "59510": _NO_SUB,
    },
)


class OkxAuth(httpx.Auth):
    """Sign with key, secret and passphrase, at the time that `now` tells."""

    def __init__(self, credentials: Credentials, now: Clock, *, demo: bool = False) -> None:
        self._credentials = credentials
        self._now = now
        self._demo = demo

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Add the four headers; a fifth leads to demo trading."""
        timestamp = okx_timestamp(self._now())
        headers = request.headers
        headers["OK-ACCESS-KEY"] = self._credentials.api_key
        headers["OK-ACCESS-PASSPHRASE"] = self._credentials.passphrase or ""
        headers["OK-ACCESS-TIMESTAMP"] = timestamp
        headers["OK-ACCESS-SIGN"] = okx_signature(
            self._credentials.api_secret,
            timestamp=timestamp,
            method=request.method,
            target=request.url.raw_path.decode("ascii"),
        )
        if self._demo:
            headers["x-simulated-trading"] = "1"
        yield request


class OkxFetcher(Fetcher):
    """Reads `funding`, `eth-staking` and `sub:NAME`."""

    dialect = _DIALECT

    def build_auth(self, credentials: Credentials, *, demo: bool) -> httpx.Auth:
        """Sign by the exchange's time."""
        return OkxAuth(credentials, self.exchange_time, demo=demo)

    def build_source(self, wallet: str) -> Source | None:
        """Know the three kinds of wallets."""
        if wallet == "funding":
            return Source(self.call("GET", "/api/v5/asset/balances", _FUNDING), parse_funding)
        if wallet == "eth-staking":
            target = "/api/v5/finance/staking-defi/eth/balance"
            return Source(self.call("GET", target, _STAKING), parse_eth_staking)
        name = wallet.removeprefix(_SUB)
        if not name or name == wallet:
            return None
        target = f"/api/v5/asset/subaccount/balances?{encoded_query([('subAcct', name)])}"
        return Source(self.call("GET", target, _SUB_FUNDING), parse_funding)

    def build_clock(self) -> tuple[Call, Callable[[Content], datetime]]:
        """Ask the public clock."""
        return self.call("GET", "/api/v5/public/time", _TIME, public=True), parse_time


def parse_funding(content: Content) -> tuple[Balance, ...]:
    """Read a funding account, of a master or of a sub-account."""
    return ordered(
        Balance(
            asset=asset_name(row.get("ccy")),
            total=plain_decimal(row.get("bal")),
            available=plain_decimal(row.get("availBal")),
            held=plain_decimal(row.get("frozenBal")),
        )
        for row in rows(content.get("data"))
    )


def parse_eth_staking(content: Content) -> tuple[Balance, ...]:
    """Read the snapshot of all BETH; which part of it is free, it does not tell."""
    return ordered(
        Balance(
            asset=asset_name(row.get("ccy")),
            total=plain_decimal(row.get("amt")),
            available=None,
            held=None,
            staking=Staking(
                as_of=instant(row.get("ts")),
                interest_latest=plain_decimal(row.get("latestInterestAccrual")),
                interest_total=plain_decimal(row.get("totalInterestAccrual")),
            ),
        )
        for row in rows(content.get("data"))
    )


def parse_time(content: Content) -> datetime:
    """Read the exchange's clock."""
    return instant(next(iter(rows(content.get("data"))), {}).get("ts"))
