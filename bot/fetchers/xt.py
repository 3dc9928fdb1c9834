"""XT (version 1 of the API), by the document "Get trading (spot) account assets" (`getBalance`).

Limits: 3 in 1 s per user; the clock 10 in 1 s; both count in 1,000 a minute per IP address. Who
goes over the limit is locked out for ten minutes.

Quirks:

- `code` is a number.
- Coins are in lower case, and those that are zero are listed.
- There is no total: it is what is available and what is frozen together.
- The nonce is a time, checked by the exchange's clock; a bad one is refused with 400 (bad request)
  or 308 (signature), which can mean other things, too.
"""

from collections.abc import Callable, Generator
from datetime import datetime, timedelta

import httpx

from ._clock import Clock
from ._contract import Content, Fetcher, Source
from ._http import Call, Dialect, Refusal
from ._limits import Limit
from ._parsing import Malformed, asset_name, instant, ordered, plain_decimal
from ._signing import encoded_query, unix_ms, xt_signature
from .errors import CredentialsRejected, RateLimited, UnexpectedAnswer
from .model import Balance, Credentials, exact_sum

_FORM = "application/x-www-form-urlencoded"

_BALANCE = Limit("getBalance", 3, timedelta(seconds=1))
_TIME = Limit("getServerTime", 10, timedelta(seconds=1), per_address=True)
_ALL = Limit("all", 1000, timedelta(minutes=1), per_address=True)

_DIALECT = Dialect(
    exchange="xt",
    good_code=200,
    refusals={
        "307": Refusal(CredentialsRejected, "does not know this access key"),
        "308": Refusal(
            CredentialsRejected,
            "says that the signature is wrong: is the secret right?",
            may_be_clock=True,
        ),
        "400": Refusal(UnexpectedAnswer, "calls it a bad request", may_be_clock=True),
        "404": Refusal(UnexpectedAnswer, "answered with an error that it does not explain"),
        "429": Refusal(RateLimited, "had too many requests"),
    },
    lock=timedelta(minutes=10),
)


class XtAuth(httpx.Auth):
    """Sign with key and secret, at the time that `now` tells."""

    def __init__(self, credentials: Credentials, now: Clock) -> None:
        self._credentials = credentials
        self._now = now

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Put key, nonce and signature into the query of a request that has none."""
        parameters = [
            ("accesskey", self._credentials.api_key),
            ("nonce", str(unix_ms(self._now()))),
        ]
        signature = xt_signature(self._credentials.api_secret, parameters)
        query = encoded_query([*parameters, ("signature", signature)])
        request.url = httpx.URL(f"{request.url}?{query}")
        yield request


class XtFetcher(Fetcher):
    """Reads `spot`."""

    dialect = _DIALECT

    def build_auth(self, credentials: Credentials, *, demo: bool) -> httpx.Auth:
        """Sign by the exchange's time."""
        return XtAuth(credentials, self.exchange_time)

    def build_source(self, wallet: str) -> Source | None:
        """Know the one wallet."""
        if wallet != "spot":
            return None
        call = self.call("GET", "/trade/api/v1/getBalance", _BALANCE, _ALL, content_type=_FORM)
        return Source(call, parse_spot)

    def build_clock(self) -> tuple[Call, Callable[[Content], datetime]]:
        """Ask the public clock."""
        return self.call(
            "GET", "/trade/api/v1/getServerTime", _TIME, _ALL, public=True
        ), parse_time


def parse_spot(content: Content) -> tuple[Balance, ...]:
    """Read what is available and frozen of each coin."""
    return ordered(
        _balance(asset, amounts) for asset, amounts in _members(content.get("data")).items()
    )


def parse_time(content: Content) -> datetime:
    """Read the exchange's clock."""
    return instant(_members(content.get("data")).get("serverTime"))


def _balance(asset: str, amounts: object) -> Balance:
    parts = _members(amounts)
    available, frozen = plain_decimal(parts.get("available")), plain_decimal(parts.get("freeze"))
    return Balance(asset_name(asset), exact_sum([available, frozen]), available, frozen)


def _members(value: object) -> dict[str, object]:
    if type(value) is not dict:
        raise Malformed("the balances are not JSON objects")
    return value
