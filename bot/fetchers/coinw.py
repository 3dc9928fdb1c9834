"""CoinW, by the document "Get Spot Account Balance" (`returnBalances`).

Limits: 3 in 1 s per user. There is no clock to compare with, and none is needed.

Quirks:

- It tells the available part only: total and held are unknown, not equal to it.
- A user without assets gets an empty answer: `data` is `{}` or missing. It is believed only with
  `success: true`.
- The signature has no time in it and holds for ever: a logged address is a leaked credential.
- `code` is a text, of an error, too, which comes with HTTP 200.
"""

from collections.abc import Generator
from datetime import timedelta

import httpx

from ._contract import Content, Fetcher, Source
from ._http import Dialect, Refusal
from ._limits import Limit
from ._parsing import Malformed, asset_name, ordered, plain_decimal
from ._signing import coinw_signature, encoded_query
from .errors import CredentialsRejected, ExchangeUnavailable, RateLimited, UnexpectedAnswer
from .model import Balance, Credentials

_BALANCES = Limit("returnBalances", 3, timedelta(seconds=1))

_KEY = Refusal(CredentialsRejected, "refuses the key or its signature")
_PARAMETER = Refusal(UnexpectedAnswer, "says that a parameter is missing or wrong")
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


class CoinwAuth(httpx.Auth):
    """Add the key and its signature, which are always the same, to the query."""

    def __init__(self, credentials: Credentials) -> None:
        key = [("api_key", credentials.api_key)]
        signature = coinw_signature(credentials.api_secret, key)
        self._query = f"&{encoded_query([*key, ('sign', signature)])}"

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Sign a request that has a `command` in its query and no other parameter."""
        request.url = httpx.URL(str(request.url) + self._query)
        yield request


class CoinwFetcher(Fetcher):
    """Reads `spot`."""

    dialect = _DIALECT

    def build_auth(self, credentials: Credentials, *, demo: bool) -> httpx.Auth:
        """Sign once for all requests."""
        return CoinwAuth(credentials)

    def build_source(self, wallet: str) -> Source | None:
        """Know the one wallet."""
        if wallet != "spot":
            return None
        target = "/api/v1/private?command=returnBalances"
        call = self.call("POST", target, _BALANCES, content_type="application/json")
        return Source(call, parse_spot)


def parse_spot(content: Content) -> tuple[Balance, ...]:
    """Read the available amounts."""
    data = content.get("data", {})
    if type(data) is not dict:
        raise Malformed("the balances are not a JSON object")
    # An empty answer needs its `success`; one with balances must at least not deny it.
    succeeded = content.get("success", bool(data)) is True
    if not succeeded or content.get("failed", False) is not False:
        raise Malformed("it does not say that it succeeded")
    return ordered(
        Balance(asset_name(asset), total=None, available=plain_decimal(amount), held=None)
        for asset, amount in data.items()
    )
