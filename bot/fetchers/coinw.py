"""CoinW, by the documents "Get Spot Account Balance" (`returnBalances`) and its neighbours.

Limits: `returnBalances` 3 in 1 s and `returnCompleteBalances` 5 in 2 s per user; `returnTicker`
80 in 1 s per IP address. There is no clock to compare with, and none is needed. What a key may do,
CoinW does not tell.

Quirks:

- `returnBalances` tells the available part only: total and held are unknown then, not equal to it.
  So `returnCompleteBalances` is asked first, and the other one where that is refused.
- A user without assets gets an empty answer: `data` is `{}` or missing. It is believed only with
  `success: true`.
- The signature has no time in it and holds for ever: a logged address is a leaked credential.
- `code` is a text, of an error, too, which comes with HTTP 200.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

import httpx

from ._contract import Balances, Content, Fetcher, Source
from ._http import Call, Dialect, Headers, Refusal
from ._limits import Limit
from ._parsing import (
    Malformed,
    asset_name,
    market_prices,
    members,
    ordered,
    plain_decimal,
)
from ._signing import coinw_signature, encoded_query
from .errors import CredentialsRejected, ExchangeUnavailable, RateLimited, UnexpectedAnswer
from .model import Balance, Credentials, Price, exact_sum

T = TypeVar("T")

_BALANCES = Limit("returnBalances", 3, timedelta(seconds=1))
_COMPLETE = Limit("returnCompleteBalances", 5, timedelta(seconds=2))
_TICKER = Limit("returnTicker", 80, timedelta(seconds=1), per_address=True)

_KEY = Refusal(CredentialsRejected, "refuses the key or its signature")
_PARAMETER = Refusal(UnexpectedAnswer, "says that a parameter is missing or wrong", elsewhere=True)
_BUSY = Refusal(ExchangeUnavailable, "is busy or down")
_TOO_FAST = Refusal(RateLimited, "had too many requests")

_DIALECT = Dialect(
    exchange="coinw",
    good_code="200",
    refusals={
        "-200": _BUSY,
        "-103": _PARAMETER,
        "-3": _PARAMETER,
        "429": _TOO_FAST,
        "1003": _KEY,
        "6000": _KEY,
        "29001": _TOO_FAST,
    },
)


class CoinwSigner:
    """Adds the key and its signature, which are always the same, to the query."""

    def __init__(self, credentials: Credentials) -> None:
        key = [("api_key", credentials.api_key)]
        signature = coinw_signature(credentials.api_secret, key)
        self._query = f"&{encoded_query([*key, ('sign', signature)])}"

    def __call__(self, call: Call) -> tuple[httpx.URL, Headers]:
        """Sign a request that has a `command` in its query and no other parameter."""
        return httpx.URL(str(call.url) + self._query), ()


class CoinwFetcher(Fetcher):
    """Reads `spot`."""

    exchange = "coinw"

    def set_up(self, credentials: Credentials, *, demo: bool, version: str | None) -> None:
        """Sign once for all requests."""
        self._sign = CoinwSigner(credentials)
        target = "/api/v1/public?command=returnTicker"
        self._prices = Source(self.call(_DIALECT, target, _TICKER), self._parse_prices)

    def sources_of(self, wallet: str) -> tuple[Source[Balances], ...]:
        """Prefer the command that tells all parts."""
        if wallet != "spot":
            return ()
        return (
            self._private("returnCompleteBalances", _COMPLETE, parse_complete),
            self._private("returnBalances", _BALANCES, parse_available),
        )

    async def fetch_prices(self) -> tuple[Price, ...]:
        """Ask for all tickers."""
        return await self.ask(self._prices)

    def _private(self, command: str, limit: Limit, parse: Callable[[Content], T]) -> Source[T]:
        call = self.call(
            _DIALECT,
            f"/api/v1/private?command={command}",
            limit,
            method="POST",
            sign=self._sign,
            content_type="application/json",
        )
        return Source(call, parse)

    def _parse_prices(self, content: Content) -> tuple[Price, ...]:
        markets = members(content.get("data")).items()
        told = ((market, members(row).get("last")) for market, row in markets)
        return market_prices(told, separator="_", at=self._clock())


def parse_complete(content: Content) -> Balances:
    """Read what is available and what is on orders."""
    return ordered(_whole(asset, amounts) for asset, amounts in _data(content).items())


def parse_available(content: Content) -> Balances:
    """Read the available amounts, which is all that `returnBalances` tells."""
    return ordered(
        Balance(asset_name(asset), total=None, available=plain_decimal(amount), held=None)
        for asset, amount in _data(content).items()
    )


def _whole(asset: str, amounts: object) -> Balance:
    parts = members(amounts)
    available, held = plain_decimal(parts.get("available")), plain_decimal(parts.get("onOrders"))
    return Balance(asset_name(asset), exact_sum([available, held]), available, held)


def _data(content: Content) -> dict[str, object]:
    """Take the coins; an empty answer needs its `success`, another must at least not deny it."""
    data = members(content.get("data", {}))
    succeeded = content.get("success", bool(data)) is True
    if not succeeded or content.get("failed", False) is not False:
        raise Malformed("it does not say that it succeeded")
    return data
