"""OKX (API v5).

By the documents "Get balance" (funding account), "Get sub-account funding balance" and "GET /
Balance" (ETH staking, SOL staking), and their neighbours on the trading account, Simple Earn,
sub-accounts, API keys and market data, at https://www.okx.com/docs-v5/en/.

Limits, per user: funding, savings and the stakings 6 in 1 s each; the funding accounts of
sub-accounts 6 in 2 s, all of them together, and so their trading accounts; the trading account 10
in 2 s; the list of sub-accounts 20 in 2 s; the key 5 in 2 s. Per IP address: the clock 10 in 2 s,
tickers 20 in 2 s, the exchange rate 1 in 2 s.

Quirks:

- The accounts leave out coins that are zero.
- `amt` of ETH staking is *all* BETH of the account: what lies in its other wallets, too, and what
  is being redeemed. Adding it to them counts BETH twice. The same with OKSOL of SOL staking, whose
  answer does not say when the snapshot was taken.
- `eq` of a trading account is what is its own: a debt makes it negative.
- What lies in Simple Earn can be redeemed, but is not available before. Its `earnings` are all
  that the holding has brought in so far, and `amt` has them.
- The signature covers the target as it goes over the wire. The official sample signs it before
  the percent-encoding, and so fails for a name with a space.
- Sub-accounts are read with the key of the master account only.
- Keys of one domain (`www`, `my`, `app`) are unknown at the others.
- `code` may be an error under HTTP 200, too, and is always a text.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TypeVar

import httpx

from ._clock import Clock
from ._contract import Balances, Content, Fetcher, Source
from ._http import Call, Dialect, Headers, Refusal
from ._limits import Limit
from ._parsing import (
    Malformed,
    asset_name,
    instant,
    market_prices,
    ordered,
    plain_decimal,
    rows,
    word,
)
from ._signing import encoded_query, okx_signature, okx_timestamp, unix_ms
from .errors import (
    ClockSkewed,
    CredentialsRejected,
    ExchangeUnavailable,
    FetchError,
    PermissionMissing,
    RateLimited,
    UnexpectedAnswer,
)
from .model import Balance, Credentials, KeyReport, Price, Staking, SubAccount

T = TypeVar("T")

_SUB = "sub:"

_SECOND, _TWO_SECONDS = timedelta(seconds=1), timedelta(seconds=2)

_TIME = Limit("time", 10, _TWO_SECONDS, per_address=True)
_TICKERS = Limit("tickers", 20, _TWO_SECONDS, per_address=True)
_RATE = Limit("exchange-rate", 1, _TWO_SECONDS, per_address=True)
_LIST = Limit("sub-accounts", 20, _TWO_SECONDS)
_CONFIG = Limit("config", 5, _TWO_SECONDS)

_PERMISSION_WORD = re.compile(r"[a-z_]{1,32}")
_PAGE = 100
_MOST_PAGES = 1000

_KEY = Refusal(
    CredentialsRejected,
    "does not know this API key",
    "copy the key again; one of my.okx.com (EEA) or app.okx.com (US) needs that base URL",
)
_PASSPHRASE = Refusal(
    CredentialsRejected,
    "says that the passphrase is wrong",
    "give the passphrase that was chosen when the key was made; it is not the log-in password",
)
_SIGNATURE = Refusal(
    CredentialsRejected,
    "says that the signature is wrong: is the secret right?",
    "copy the secret again, or make the key anew",
)
_ENVIRONMENT = Refusal(
    CredentialsRejected,
    "says that this key is for the other of demo and live",
    "turn demo on for a key of demo trading, and off for a live one",
)
_TIMESTAMP = Refusal(ClockSkewed, "says that our clock is off", may_be_clock=True)
_ADDRESS = Refusal(
    PermissionMissing,
    "does not let this key in from our address",
    "put that address on the key's list",
)
_PERMISSION = Refusal(
    PermissionMissing, "does not let this key read that", "give the key the right to read"
)
_NO_SUB = Refusal(
    PermissionMissing,
    "knows no sub-account of this name under this key",
    "check the name; only a key of the master account sees sub-accounts",
)
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


class OkxSigner:
    """Signs with key, secret and passphrase, at the time that `now` tells."""

    def __init__(self, credentials: Credentials, now: Clock, *, demo: bool = False) -> None:
        self._api_secret = credentials.api_secret
        self._now = now
        self._fixed = [
            ("OK-ACCESS-KEY", credentials.api_key),
            ("OK-ACCESS-PASSPHRASE", credentials.passphrase or ""),
            *([("x-simulated-trading", "1")] if demo else []),
        ]

    def __call__(self, call: Call) -> tuple[httpx.URL, Headers]:
        """Give the four headers; a fifth leads to demo trading."""
        timestamp = okx_timestamp(self._now())
        signature = okx_signature(
            self._api_secret,
            timestamp=timestamp,
            method=call.method,
            target=call.url.raw_path.decode("ascii"),
        )
        signed = ("OK-ACCESS-TIMESTAMP", timestamp), ("OK-ACCESS-SIGN", signature)
        return call.url, (*self._fixed, *signed)


def parse_funding(content: Content) -> Balances:
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


def parse_trading(content: Content) -> Balances:
    """Read a trading account, of a master or of a sub-account: of each coin its equity."""
    return ordered(
        Balance(
            asset=asset_name(row.get("ccy")),
            total=plain_decimal(row.get("eq")),
            available=_free(row),
            held=plain_decimal(row.get("frozenBal")),
        )
        for row in rows(_only_row(content).get("details"))
    )


def _free(row: dict[str, object]) -> Decimal | None:
    """Read what is free of a coin; in some modes of the account only its equity can be."""
    for name in ("availBal", "availEq"):
        if row.get(name, "") != "":
            return plain_decimal(row[name])
    if "availBal" not in row:
        raise Malformed("an amount is missing, or not a number")
    return None


def parse_savings(content: Content) -> Balances:
    """Read Simple Earn; how much of it could be had at once, it does not tell."""
    return ordered(
        Balance(
            asset=asset_name(row.get("ccy")),
            total=plain_decimal(row.get("amt")),
            available=None,
            held=None,
            earned=_earned(row),
        )
        for row in rows(content.get("data"))
    )


def _earned(row: dict[str, object]) -> Decimal | None:
    told = row.get("earnings")
    return None if told is None or told == "" else plain_decimal(told)


def parse_eth_staking(content: Content) -> Balances:
    """Read the snapshot of all BETH; which part of it is free, it does not tell."""
    return ordered(_staked(row, instant(row.get("ts"))) for row in rows(content.get("data")))


def parse_sol_staking(content: Content) -> Balances:
    """Read all OKSOL; of which moment that is, and which part of it is free, it does not tell."""
    return ordered(_staked(row, None) for row in rows(content.get("data")))


def parse_time(content: Content) -> datetime:
    """Read the exchange's clock."""
    return instant(_only_row(content).get("ts"))


def parse_sub_accounts(content: Content) -> tuple[tuple[datetime, SubAccount], ...]:
    """Read a page of sub-accounts, each with the time of its making, by which pages follow."""
    return tuple((instant(row.get("ts")), _sub_account(row)) for row in rows(content.get("data")))


def parse_config(content: Content) -> KeyReport:
    """Read what a key may do."""
    row = _only_row(content)
    permissions = [part.strip() for part in word(row.get("perm")).split(",")]
    user, master = word(row.get("uid")), word(row.get("mainUid"))
    addresses, label = row.get("ip"), row.get("label")
    if not isinstance(addresses, str):
        raise Malformed("the list of addresses is missing")
    if not all(_PERMISSION_WORD.fullmatch(part) for part in permissions):
        raise Malformed("a permission has an impossible name")
    return KeyReport(
        may=frozenset("read" if part == "read_only" else part for part in permissions),
        addresses=tuple(part.strip() for part in addresses.split(",") if part.strip()),
        label=word(label) if label else None,
        sub_account=user != master,
    )


def _only_row(content: Content) -> dict[str, object]:
    found = rows(content.get("data"))
    if len(found) != 1:
        raise Malformed("it has not one row, but none or several")
    return found[0]


def _staked(row: dict[str, object], as_of: datetime | None) -> Balance:
    return Balance(
        asset=asset_name(row.get("ccy")),
        total=plain_decimal(row.get("amt")),
        available=None,
        held=None,
        staking=Staking(
            as_of=as_of,
            interest_latest=plain_decimal(row.get("latestInterestAccrual")),
            interest_total=plain_decimal(row.get("totalInterestAccrual")),
        ),
    )


def _sub_account(row: dict[str, object]) -> SubAccount:
    name, enabled = word(row.get("subAcct")), row.get("enable")
    if "/" in name:
        raise Malformed("a sub-account has an impossible name")
    if type(enabled) is not bool:
        raise Malformed("a sub-account does not say whether it is enabled")
    return SubAccount(name, frozen=not enabled)


@dataclass(frozen=True, slots=True)
class _Wallet:
    """What is asked for a wallet; of a sub-account, its name follows."""

    path: str
    limit: Limit
    parse: Callable[[Content], Balances]


_WALLETS = {
    "funding": _Wallet("asset/balances", Limit("funding", 6, _SECOND), parse_funding),
    "trading": _Wallet("account/balance", Limit("trading", 10, _TWO_SECONDS), parse_trading),
    "savings": _Wallet("finance/savings/balance", Limit("savings", 6, _SECOND), parse_savings),
    "eth-staking": _Wallet(
        "finance/staking-defi/eth/balance", Limit("eth-staking", 6, _SECOND), parse_eth_staking
    ),
    "sol-staking": _Wallet(
        "finance/staking-defi/sol/balance", Limit("sol-staking", 6, _SECOND), parse_sol_staking
    ),
}
_SUB_WALLETS = {
    "": _Wallet(
        "asset/subaccount/balances", Limit("sub-account funding", 6, _TWO_SECONDS), parse_funding
    ),
    "trading": _Wallet(
        "account/subaccount/balances", Limit("sub-account trading", 6, _TWO_SECONDS), parse_trading
    ),
}


class OkxFetcher(Fetcher):
    """Reads `funding`, `trading`, `savings`, the stakings, `sub:NAME` and `sub:NAME/trading`."""

    exchange = "okx"

    def set_up(self, credentials: Credentials, *, demo: bool, version: str | None) -> None:
        """Prepare what does not depend on a wallet."""
        self._sign = OkxSigner(credentials, self.exchange_time, demo=demo)
        self._time = Source(self.call(_DIALECT, "/api/v5/public/time", _TIME), parse_time)
        target = "/api/v5/market/tickers?instType=SPOT"
        self._tickers = Source(self.call(_DIALECT, target, _TICKERS), self._parse_tickers)
        target = "/api/v5/market/exchange-rate"
        self._rate = Source(self.call(_DIALECT, target, _RATE), self._parse_rate)

    @property
    def clock_source(self) -> Source[datetime]:
        """Ask the public clock."""
        return self._time

    def sources_of(self, wallet: str) -> tuple[Source[Balances], ...]:
        """Know the wallets of the account, and those of any sub-account."""
        known = _WALLETS.get(wallet)
        if known is not None:
            return (self._private(known.path, known.limit, known.parse),)
        name, _, kind = wallet.removeprefix(_SUB).partition("/")
        known = _SUB_WALLETS.get(kind)
        if known is None or not name or not wallet.startswith(_SUB) or wallet.endswith("/"):
            return ()
        path = f"{known.path}?{encoded_query([('subAcct', name)])}"
        return (self._private(path, known.limit, known.parse),)

    async def list_sub_accounts(self) -> tuple[SubAccount, ...]:
        """Follow the pages, from the newest sub-account to the oldest."""
        found: dict[str, SubAccount] = {}
        query = f"limit={_PAGE}"
        deadline = self.new_deadline()
        for _ in range(_MOST_PAGES):
            path = f"users/subaccount/list?{query}"
            source = self._private(path, _LIST, parse_sub_accounts)
            page = await self.ask(source, within=deadline)
            fresh = {sub.name: sub for _, sub in page if sub.name not in found}
            found |= fresh
            if len(page) < _PAGE:
                return tuple(found[name] for name in sorted(found))
            if not fresh:
                break
            oldest_at = min(made_at for made_at, _ in page)
            # A millisecond later: of two that were made at once, one may be on the next page.
            query = f"limit={_PAGE}&after={unix_ms(oldest_at) + 1}"
        raise UnexpectedAnswer("okx gave a list of sub-accounts that does not end")

    async def fetch_prices(self) -> tuple[Price, ...]:
        """Ask for all spot tickers, and what a dollar is worth in CNY."""
        prices = await self.ask(self._tickers)
        try:
            return (*prices, await self.ask(self._rate))
        except FetchError:
            return prices  # no price in CNY is better than none at all

    async def check_key(self) -> KeyReport:
        """Ask for the configuration of the account."""
        return await self.ask(self._private("account/config", _CONFIG, parse_config))

    def _private(self, path: str, limit: Limit, parse: Callable[[Content], T]) -> Source[T]:
        call = self.call(_DIALECT, f"/api/v5/{path}", limit, sign=self._sign)
        return Source(call, parse, self._time)

    def _parse_tickers(self, content: Content) -> tuple[Price, ...]:
        told = ((row.get("instId"), row.get("last")) for row in rows(content.get("data")))
        return market_prices(told, separator="-", at=self._clock())

    def _parse_rate(self, content: Content) -> Price:
        told = [("USD-CNY", _only_row(content).get("usdCny"))]
        return market_prices(told, separator="-", at=self._clock())[0]
