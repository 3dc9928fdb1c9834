"""XT, versions 1 and 4 of the API.

By the document "Get trading (spot) account assets" (`getBalance`), and for version 4, which newer
keys belong to, by "Get balances" (`/v4/balances`).

Limits: the balances 3 in 1 s per user; the clocks 10 in 1 s and all together 1,000 a minute, per
IP address. Who goes over a limit is locked out for ten minutes. What a key may do, XT does not
tell.

Quirks:

- A key belongs to one version and is unknown to the other. Without a word which, version 1 is
  asked first, and the other one where that does not know the key.
- Version 1: `code` is a number. Coins are in lower case, and those that are zero are listed. There
  is no total: it is what is available and what is frozen together. The nonce is a time, checked by
  the exchange's clock; a bad one is refused with 400 (bad request) or 308 (signature), which can
  mean other things, too. Prices are JSON numbers, without a code around them.
- Version 4: `rc` is 0 in a good answer, and `mc` says what is wrong in another one.
"""

from datetime import datetime, timedelta

import httpx

from ._clock import Clock
from ._contract import Balances, Content, Fetcher, Source
from ._http import Call, Dialect, Headers, Refusal
from ._limits import Limit
from ._parsing import asset_name, instant, market_prices, members, ordered, plain_decimal, rows
from ._signing import encoded_query, unix_ms, xt_signature, xt_v4_signature
from .errors import (
    ClockSkewed,
    CredentialsRejected,
    PermissionMissing,
    RateLimited,
    UnexpectedAnswer,
)
from .model import Balance, Credentials, Price, exact_sum

V1_URL, V4_URL = "https://api.xt.com", "https://sapi.xt.com"
VERSIONS = ("1", "4")

_FORM = "application/x-www-form-urlencoded"
_LOCK = timedelta(minutes=10)
_RECEIVE_WINDOW_MS = "30000"

_BALANCE = Limit("getBalance", 3, timedelta(seconds=1))
_BALANCES_V4 = Limit("v4 balances", 3, timedelta(seconds=1))
_TIME = Limit("getServerTime", 10, timedelta(seconds=1), per_address=True)
_TIME_V4 = Limit("v4 time", 10, timedelta(seconds=1), per_address=True)
_TICKERS = Limit("getTickers", 10, timedelta(seconds=1), per_address=True)
_ALL = Limit("all", 1000, timedelta(minutes=1), per_address=True)

_SIGNATURE = "says that the signature is wrong: is the secret right?"
_TOO_FAST = Refusal(RateLimited, "had too many requests")

_V1 = Dialect(
    exchange="xt",
    good_code=200,
    refusals={
        "307": Refusal(CredentialsRejected, "does not know this access key", elsewhere=True),
        "308": Refusal(CredentialsRejected, _SIGNATURE, may_be_clock=True),
        "400": Refusal(UnexpectedAnswer, "calls it a bad request", may_be_clock=True),
        "404": Refusal(UnexpectedAnswer, "answered with an error that it does not explain"),
        "429": _TOO_FAST,
    },
    lock=_LOCK,
)

_V4 = Dialect(
    exchange="xt",
    verdict="rc",
    good_code=0,
    reason="mc",
    refusals={
        "AUTH_101": Refusal(CredentialsRejected, "does not know this API key", elsewhere=True),
        "AUTH_103": Refusal(CredentialsRejected, _SIGNATURE),
        "AUTH_104": Refusal(
            PermissionMissing,
            "does not let this key in from our address",
            "put this machine's address on the key's list",
        ),
        "AUTH_105": Refusal(ClockSkewed, "says that our clock is off", may_be_clock=True),
        "AUTH_106": Refusal(PermissionMissing, "does not let this key read that"),
    },
    lock=_LOCK,
)

_BARE = Dialect(exchange="xt", good_code=None, refusals=_V1.refusals, lock=_LOCK)


class XtSigner:
    """Signs for version 1 with key and secret, at the time that `now` tells."""

    def __init__(self, credentials: Credentials, now: Clock) -> None:
        self._credentials = credentials
        self._now = now

    def __call__(self, call: Call) -> tuple[httpx.URL, Headers]:
        """Put key, nonce and signature into the query of a request that has none."""
        parameters = [
            ("accesskey", self._credentials.api_key),
            ("nonce", str(unix_ms(self._now()))),
        ]
        signature = xt_signature(self._credentials.api_secret, parameters)
        query = encoded_query([*parameters, ("signature", signature)])
        return httpx.URL(f"{call.url}?{query}"), ()


class XtV4Signer:
    """Signs for version 4 with key and secret, at the time that `now` tells."""

    def __init__(self, credentials: Credentials, now: Clock) -> None:
        self._credentials = credentials
        self._now = now

    def __call__(self, call: Call) -> tuple[httpx.URL, Headers]:
        """Give the five headers of a request without a body."""
        signed = (
            ("validate-algorithms", "HmacSHA256"),
            ("validate-appkey", self._credentials.api_key),
            ("validate-recvwindow", _RECEIVE_WINDOW_MS),
            ("validate-timestamp", str(unix_ms(self._now()))),
        )
        signature = xt_v4_signature(
            self._credentials.api_secret,
            signed,
            method=call.method,
            target=call.url.raw_path.decode("ascii"),
        )
        return call.url, (*signed, ("validate-signature", signature))


class XtFetcher(Fetcher):
    """Reads `spot`."""

    exchange = "xt"

    def set_up(self, credentials: Credentials, *, demo: bool, version: str | None) -> None:
        """Prepare both versions; another server than the usual one has both."""
        self._version = version
        v4_url = V4_URL if self._base_url == V1_URL else ""
        self._clocks = {
            "1": Source(self.call(_V1, "/trade/api/v1/getServerTime", _TIME, _ALL), parse_time),
            "4": Source(
                self.call(_V4, "/v4/public/time", _TIME_V4, _ALL, base_url=v4_url), parse_v4_time
            ),
        }
        v1 = self.call(
            _V1,
            "/trade/api/v1/getBalance",
            _BALANCE,
            _ALL,
            sign=XtSigner(credentials, self.exchange_time),
            content_type=_FORM,
        )
        v4 = self.call(
            _V4,
            "/v4/balances",
            _BALANCES_V4,
            _ALL,
            sign=XtV4Signer(credentials, self.exchange_time),
            base_url=v4_url,
        )
        self._spot = {
            "1": Source(v1, parse_spot, self._clocks["1"]),
            "4": Source(v4, parse_v4_spot, self._clocks["4"]),
        }
        tickers = self.call(_BARE, "/data/api/v1/getTickers", _TICKERS, _ALL)
        self._prices = Source(tickers, self._parse_prices)

    @property
    def clock_source(self) -> Source[datetime]:
        """Ask the public clock of the version that is used, as far as that is known."""
        is_v4 = self._version == "4" or self.taken_source("spot") is self._spot["4"]
        return self._clocks["4" if is_v4 else "1"]

    def sources_of(self, wallet: str) -> tuple[Source[Balances], ...]:
        """Prefer the version that was named, or else the older one."""
        if wallet != "spot":
            return ()
        return tuple(
            self._spot[version] for version in VERSIONS if self._version in {None, version}
        )

    async def fetch_prices(self) -> tuple[Price, ...]:
        """Ask for all tickers."""
        return await self.ask(self._prices)

    def _parse_prices(self, content: Content) -> tuple[Price, ...]:
        told = ((market, members(row).get("price")) for market, row in content.items())
        return market_prices(told, separator="_", at=self._clock())


def parse_spot(content: Content) -> Balances:
    """Read what is available and frozen of each coin, by version 1."""
    return ordered(
        _balance(asset, members(parts).get("available"), members(parts).get("freeze"))
        for asset, parts in members(content.get("data")).items()
    )


def parse_v4_spot(content: Content) -> Balances:
    """Read what is available and frozen of each coin, by version 4."""
    return ordered(
        _balance(row.get("currency"), row.get("availableAmount"), row.get("frozenAmount"))
        for row in rows(members(content.get("result")).get("assets"))
    )


def parse_time(content: Content) -> datetime:
    """Read the exchange's clock, by version 1."""
    return instant(members(content.get("data")).get("serverTime"))


def parse_v4_time(content: Content) -> datetime:
    """Read the exchange's clock, by version 4."""
    return instant(members(content.get("result")).get("serverTime"))


def _balance(asset: object, free: object, held: object) -> Balance:
    available, frozen = plain_decimal(free), plain_decimal(held)
    return Balance(asset_name(asset), exact_sum([available, frozen]), available, frozen)
