"""Any of the exchanges that ccxt knows, by the optional package of that name.

ccxt knows where to ask, how to sign and what the members of an answer are called. The request goes
our way, with our deadline and our limits of size, and the answer is looked at before and after
ccxt has seen it: by itself it makes an empty balance, without an error, out of a page of HTML, cut
JSON, an empty body or `data: null`.

Limits: those that ccxt knows (`rateLimit` and the weight of a request), per key.

Quirks:

- An answer in which ccxt finds no coin is believed only where it has an empty list or object in a
  place where an earlier one, in which there were coins, had a filled one; else a broken answer
  could pass for an empty account.
- Coins have the names that the exchange and ccxt's table of synonyms give them; the markets, tens
  of megabytes at some exchanges, are loaded for prices only.
- ccxt's exchanges all have `spot`, which is the account that `fetch_balance()` shows by default.
- What a key may do, ccxt does not tell.
"""

import importlib
from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from importlib.util import find_spec
from typing import Any, ClassVar, TypeVar

import httpx

from ._contract import Balances, Fetcher, Source
from ._http import HEADERS, Answer, Call, Deadline, Dialect, odd_answer
from ._limits import Limit
from ._parsing import (
    MAX_BODY,
    Malformed,
    asset_name,
    decode,
    instant,
    market_prices,
    ordered,
    sane_decimal,
)
from ._shapes import Place, empty_places, places_of_rows, refuse_doubles, refuse_giants, verdict_of
from ._signing import unix_ms
from .errors import (
    ClockSkewed,
    CredentialsRejected,
    ExchangeUnavailable,
    FetchError,
    PermissionMissing,
    UnexpectedAnswer,
)
from .model import Balance, Credentials, Price

PREFIX = "ccxt:"

T = TypeVar("T")

_MOST_PER_SECOND = 50  # from this address, over all keys; for the pauses that it is asked to make
_MOST_BYTES_OF_MARKETS = 64 * 1024 * 1024
_NOT_COINS = {"info", "timestamp", "datetime", "free", "used", "total", "debt"}

# By the names of ccxt's classes, so that it is not needed here; the nearest ancestor is taken.
_TOO_FAST = {"RateLimitExceeded", "DDoSProtection"}
_KINDS: Mapping[str, tuple[type[FetchError], str]] = {
    "PermissionDenied": (PermissionMissing, "does not let this key read that"),
    "AccountSuspended": (PermissionMissing, "has suspended the account"),
    "AuthenticationError": (CredentialsRejected, "refuses the key or its signature"),
    "InvalidNonce": (ClockSkewed, "says that our clock is off"),
    "NetworkError": (ExchangeUnavailable, "is busy or down"),
    "NotSupported": (UnexpectedAnswer, "does not offer that"),
    "BaseError": (UnexpectedAnswer, "refuses, and ccxt does not know why"),
}


def is_installed() -> bool:
    """Say whether the package is there."""
    return find_spec("ccxt") is not None


@cache
def known_ids() -> frozenset[str]:
    """Name the exchanges that ccxt knows; none where it is not installed."""
    return frozenset(_ccxt().exchanges) if is_installed() else frozenset()


@cache
def fetcher_of(ccxt_id: str) -> "type[CcxtFetcher]":
    """Make the class that reads one of these exchanges."""
    members = {"ccxt_id": ccxt_id, "exchange": f"{PREFIX}{ccxt_id}"}
    return type(f"CcxtFetcher_{ccxt_id}", (CcxtFetcher,), members)


def _ccxt() -> Any:
    """Load it, which takes a second and some 60 MB, only where it is used."""
    return importlib.import_module("ccxt.async_support")


class _Failed(Exception):
    """One of our errors on its way through ccxt, which knows none of them."""

    def __init__(self, error: FetchError) -> None:
        super().__init__()
        self.error = error


@dataclass(slots=True)
class _Asking:
    """What holds for the requests that ccxt makes on the way to one answer."""

    deadline: Deadline
    most_bytes: int = MAX_BODY
    weight: float = 1.0


_asking: ContextVar[_Asking] = ContextVar("_asking")


class CcxtFetcher(Fetcher):
    """Reads `spot` of one exchange."""

    ccxt_id: ClassVar[str]

    def set_up(self, credentials: Credentials, *, demo: bool, version: str | None) -> None:
        """Prepare an instance of ccxt that asks through us."""
        self._dialect = Dialect(self.exchange, None, {})
        self._private = self._new_client(credentials)
        self._market_data: Any = None
        self._places: set[Place] = set()
        self._verdict: Mapping[str, object] = {}

    def sources_of(self, wallet: str) -> tuple[Source[Balances], ...]:
        """Know none: where to ask is ccxt's business."""
        return ()

    def has_wallet(self, wallet: str) -> bool:
        """Know the one that ccxt shows by default."""
        return wallet == "spot"

    async def read(self, wallet: str) -> Balances:
        """Let ccxt read, and look at what it has read; once more after a clock that is off."""
        if self._flaw:
            raise CredentialsRejected(f"{self.exchange} was not asked: {self._flaw}")
        asking = _Asking(self.new_deadline())
        try:
            found = await self._asked(self._private.fetch_balance, asking)
        except ClockSkewed as e:
            skewed = e.with_traceback(None)
        else:
            return self._checked(found)
        if not await self._corrected(asking):
            raise skewed
        return self._checked(await self._asked(self._private.fetch_balance, asking))

    async def fetch_prices(self) -> tuple[Price, ...]:
        """Ask for all tickers; the markets, by which ccxt names them, are loaded once."""
        if self._market_data is None:
            self._market_data = self._new_client(None)
        if not self._market_data.has.get("fetchTickers"):
            raise UnexpectedAnswer(f"{self.exchange} shows no list of prices")
        asking = _Asking(self.new_deadline(), _MOST_BYTES_OF_MARKETS)
        found = await self._asked(self._market_data.fetch_tickers, asking)
        spot = ((symbol, t.get("last")) for symbol, t in found.items() if ":" not in str(symbol))
        return self._sane(lambda: market_prices(spot, separator="/", at=self._clock()))

    async def measure_clock(self) -> timedelta | None:
        """Ask the clock, where ccxt knows of one."""
        return await self._clock_offset(_Asking(self.new_deadline()))

    async def _corrected(self, asking: _Asking) -> bool:
        try:
            offset = await self._clock_offset(asking)
        except FetchError:
            return False
        if offset is None or abs(offset - self._offset) < timedelta(seconds=1):
            return False
        self._offset = offset
        return True

    async def _clock_offset(self, asking: _Asking) -> timedelta | None:
        if not self._private.has.get("fetchTime"):
            return None
        asked_at = self._clock()
        shown = await self._asked(self._private.fetch_time, asking)
        answered_at = self._clock()
        middle = asked_at + (answered_at - asked_at) / 2
        return self._sane(lambda: instant(shown)) - middle

    def _new_client(self, credentials: Credentials | None) -> Any:
        """Make ccxt's instance, whose requests, pace and clock are ours."""

        async def fetch(
            client: Any, url: str, method: str = "GET", headers: Any = None, body: Any = None
        ) -> Any:
            call = self._call_of(client, url, method, headers, body)
            try:
                answer = await self._wire.send(call, _asking.get().deadline)
            except FetchError as e:
                raise _Failed(e) from None
            return self._understood(client, call, answer)

        async def throttle(_client: Any, cost: float | None = None) -> None:
            _asking.get().weight = cost or 1.0

        async def no_markets(_client: Any, *_: Any) -> dict[str, Any]:
            return {}

        def milliseconds(_client: Any) -> int:
            return unix_ms(self.exchange_time())

        members: dict[str, Any] = {
            "fetch": fetch,
            "throttle": throttle,
            "milliseconds": milliseconds,
            "microseconds": lambda client: 1000 * milliseconds(client),
            "seconds": lambda client: milliseconds(client) // 1000,
        }
        key: dict[str, Any] = {}
        if credentials is not None:
            members["load_markets"] = no_markets
            phrase = credentials.passphrase or ""
            key = {
                "apiKey": credentials.api_key,
                "secret": credentials.api_secret,
                "password": phrase,
            }
        base = getattr(_ccxt(), self.ccxt_id)
        return type(self.ccxt_id, (base,), members)({**key, "number": str})

    def _call_of(self, client: Any, url: str, method: str, headers: Any, body: Any) -> Call:
        if body is not None and not isinstance(body, str):
            raise _Failed(UnexpectedAnswer(f"{self.exchange} wants a form, which we do not send"))
        target = httpx.URL(url)
        if self._base_url:
            target = httpx.URL(self._base_url + target.raw_path.decode("ascii"))
        host = ("Host", target.netloc.decode("ascii"))
        size = [("Content-Length", str(len((body or "").encode())))] if method != "GET" else []
        asking = _asking.get()
        period = timedelta(milliseconds=client.rateLimit * asking.weight)
        return Call(
            dialect=self._dialect,
            method=method,
            url=target,
            headers=(host, *HEADERS, *client.headers.items(), *(headers or {}).items(), *size),
            limits=(
                Limit(f"weight {asking.weight:g}", 1, period),
                Limit("address", _MOST_PER_SECOND, timedelta(seconds=1), per_address=True),
            ),
            body=(body or "").encode(),
            most_bytes=asking.most_bytes,
        )

    def _understood(self, client: Any, call: Call, answer: Answer) -> Any:
        """Let ccxt judge an answer that is JSON; one that is not has no chance to pass."""
        flaw = "it is not JSON"
        content = None
        try:
            plain = answer.plain(call.most_bytes)
            content = decode(plain)
            refuse_giants(content)
        except Malformed as e:
            content, flaw = None, str(e)
        if answer.status in {418, 429}:
            raise _Failed(self._wire.too_fast(call, answer))
        if isinstance(content, dict | list) and not 300 <= answer.status < 400:
            content = self._judged(client, call, answer, plain.decode())
            if answer.status in {200, 201}:
                return content
        raise _Failed(odd_answer(self.exchange, answer.status, flaw=flaw))

    def _judged(self, client: Any, call: Call, answer: Answer, text: str) -> Any:
        content = client.parse_json(text)
        url, status, reason = (
            str(call.url),
            answer.status,
            httpx.codes.get_reason_phrase(answer.status),
        )
        headers = dict(answer.headers)
        sent = dict(call.headers), call.body.decode()
        try:
            client.handle_errors(status, reason, url, call.method, headers, text, content, *sent)
            client.handle_http_status_code(status, reason, url, call.method, text)
        except Exception as e:  # noqa: BLE001 - ccxt raises whatever it finds; translated below
            failure = _meant(self.exchange, e)
            if _TOO_FAST & _names_of(e):
                failure = self._wire.too_fast(call, answer)
        else:
            return content
        raise _Failed(failure)

    async def _asked(self, ask: Callable[[], Awaitable[T]], asking: _Asking) -> T:
        """Let ccxt do something; whatever it raises becomes one of our errors."""
        token = _asking.set(asking)
        try:
            return await ask()
        except _Failed as e:
            failure = e.error
        except Exception as e:  # noqa: BLE001 - answers that it cannot digest end in any error
            failure = _meant(self.exchange, e)
        finally:
            _asking.reset(token)
        raise failure

    def _checked(self, found: Mapping[str, Any]) -> Balances:
        return self._sane(lambda: self._balances(found))

    def _balances(self, found: Mapping[str, Any]) -> Balances:
        """Take the coins that ccxt found, if the answer behind them can be right."""
        raw = found.get("info")
        refuse_doubles(raw, self._private.safe_currency_code)
        balances = ordered(
            _balance(code, parts) for code, parts in found.items() if code not in _NOT_COINS
        )
        if balances:
            self._places |= set(places_of_rows(raw))
            self._verdict = verdict_of(raw)
        elif self._places.isdisjoint(empty_places(raw)) or verdict_of(raw) != self._verdict:
            raise Malformed("it shows no coin, and no place where they are missing")
        return balances

    def _sane(self, parse: Callable[[], T]) -> T:
        try:
            return parse()
        except Malformed as e:
            flaw = str(e)
        raise UnexpectedAnswer(f"{self.exchange} gave an unusable answer: {flaw}")


def _names_of(error: Exception) -> set[str]:
    return {kind.__name__ for kind in type(error).__mro__}


def _meant(exchange: str, error: Exception) -> FetchError:
    """Translate an error of ccxt by its class alone: its text repeats the signed request."""
    for kind in type(error).__mro__:
        if kind.__name__ in _KINDS:
            ours, text = _KINDS[kind.__name__]
            return ours(f"{exchange} {text}")
    return UnexpectedAnswer(f"{exchange} gave an answer that ccxt cannot read")


def _balance(code: object, parts: Mapping[str, object]) -> Balance:
    total, available, held = (
        None if parts.get(name) is None else sane_decimal(parts[name])
        for name in ("total", "free", "used")
    )
    if total is None and available is None:
        raise Malformed("an amount is missing, or not a number")
    return Balance(asset_name(code), total, available, held)
