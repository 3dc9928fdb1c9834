"""What OKX answers to those it believes: one pure function an endpoint."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import blake2b
from types import MappingProxyType
from typing import Any, Final

from bot.sandbox.exchanges._judge import Call, Refused, User
from bot.sandbox.world import Account, Holding, Staking, SubAccount, World, plain

FUNDING: Final = "asset/balances"
SUB_FUNDING: Final = "asset/subaccount/balances"
TRADING: Final = "account/balance"
SUB_TRADING: Final = "account/subaccount/balances"
SAVINGS: Final = "finance/savings/balance"
ETH_STAKING: Final = "finance/staking-defi/eth/balance"
SOL_STAKING: Final = "finance/staking-defi/sol/balance"
SUB_ACCOUNTS: Final = "users/subaccount/list"
CONFIG: Final = "account/config"
TIME: Final = "public/time"
TICKERS: Final = "market/tickers"
EXCHANGE_RATE: Final = "market/exchange-rate"

Row = dict[str, Any]

_MOST_CURRENCIES = 20
_MOST_SUBS = 100
_PERMISSIONS = {"read": "read_only", "trade": "trade", "withdraw": "withdraw"}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


# ---- with a key ---------------------------------------------------------------------------------


def _funding(_world: World, call: Call, user: User) -> list[Row]:
    wallet = f"sub:{user.key.sub}" if user.key.sub else "funding"
    return _funding_rows(user.account.wallets[wallet], call)


def _sub_funding(_world: World, call: Call, user: User) -> list[Row]:
    return _funding_rows(user.account.wallets[f"sub:{_named_sub(call, user)}"], call)


def _trading(world: World, call: Call, user: User) -> list[Row]:
    wallet = f"sub:{user.key.sub}/trading" if user.key.sub else "trading"
    return _trading_rows(world, user.account.wallets[wallet], call)


def _sub_trading(world: World, call: Call, user: User) -> list[Row]:
    wallet = user.account.wallets[f"sub:{_named_sub(call, user)}/trading"]
    return _trading_rows(world, wallet, call)


def _savings(_world: World, call: Call, user: User) -> list[Row]:
    earnings = user.account.earnings
    wallet = {} if user.key.sub else user.account.wallets["savings"]
    return [
        {
            "amt": plain(holding.total),
            "ccy": coin,
            "earnings": plain(earnings.get(coin, Decimal(0))),
            "loanAmt": plain(holding.available),
            "pendingAmt": plain(holding.held),
            "rate": "0.01",
            "redemptAmt": "",
        }
        for coin, holding in _wanted(wallet, call)
    ]


def _eth_staking(_world: World, _call: Call, user: User) -> list[Row]:
    taken = None if user.key.sub else user.account.staking
    if taken is None:
        return []
    return [_staking_row("BETH", taken) | {"ts": milliseconds(taken.taken_at)}]


def _sol_staking(_world: World, _call: Call, user: User) -> list[Row]:
    taken = None if user.key.sub else user.account.sol_staking
    return [_staking_row("OKSOL", taken)] if taken else []


def _sub_accounts(_world: World, call: Call, user: User) -> list[Row]:
    """List the newest first, and of them those that are older than `after`."""
    _check_master(user)
    limit = _number(call, "limit")
    if limit is not None and not 1 <= limit <= _MOST_SUBS:
        raise Refused("51000", "Parameter limit error", status=400)
    after = _number(call, "after")
    older = [
        sub
        for sub in sorted(user.account.subs.values(), key=lambda sub: sub.created_at, reverse=True)
        if after is None or int(milliseconds(sub.created_at)) < after
    ]
    return [_sub_row(user.account, sub) for sub in older[: limit or _MOST_SUBS]]


def _config(_world: World, call: Call, user: User) -> list[Row]:
    key = user.key
    told = [word for name, word in _PERMISSIONS.items() if name in key.permissions]
    return [
        {
            "acctLv": "2",
            "ip": ",".join(sorted(key.addresses)),
            "label": key.label,
            "mainUid": _uid(user.account),
            "perm": ",".join(told),
            "uid": _uid(user.account, key.sub),
        }
    ]


# ---- for everybody ------------------------------------------------------------------------------


def _time(_world: World, call: Call) -> list[Row]:
    return [{"ts": milliseconds(call.arrived_at)}]


def _tickers(world: World, call: Call) -> list[Row]:
    kind = call.query.get("instType")
    if not kind:
        raise Refused("50014", "Parameter instType can not be empty.", status=400)
    if kind != "SPOT":
        raise Refused("51000", "Parameter instType error", status=400)
    ts = milliseconds(call.arrived_at)
    return [
        {
            "askPx": plain(price),
            "bidPx": plain(price),
            "instId": f"{base}-{quote}",
            "instType": "SPOT",
            "last": plain(price),
            "ts": ts,
        }
        for (base, quote), price in world.prices["okx"].items()
    ]


def _exchange_rate(world: World, _call: Call) -> list[Row]:
    return [{"usdCny": plain(world.usd_cny)}]


# ---- the tables ---------------------------------------------------------------------------------

PRIVATE: Mapping[str, Callable[[World, Call, User], list[Row]]] = MappingProxyType(
    {
        FUNDING: _funding,
        SUB_FUNDING: _sub_funding,
        TRADING: _trading,
        SUB_TRADING: _sub_trading,
        SAVINGS: _savings,
        ETH_STAKING: _eth_staking,
        SOL_STAKING: _sol_staking,
        SUB_ACCOUNTS: _sub_accounts,
        CONFIG: _config,
    }
)
"""What is answered to a user."""

PUBLIC: Mapping[str, Callable[[World, Call], list[Row]]] = MappingProxyType(
    {TIME: _time, TICKERS: _tickers, EXCHANGE_RATE: _exchange_rate}
)
"""What is answered to anybody."""


# ---- rows ---------------------------------------------------------------------------------------


def _funding_rows(wallet: Mapping[str, Holding], call: Call) -> list[Row]:
    return [
        {
            "availBal": plain(holding.available),
            "bal": plain(holding.total),
            "ccy": coin,
            "frozenBal": plain(holding.held),
        }
        for coin, holding in _wanted(wallet, call)
    ]


def _trading_rows(world: World, wallet: Mapping[str, Holding], call: Call) -> list[Row]:
    """Answer with one object always, also when nothing is in it."""
    now = milliseconds(call.arrived_at)
    details = [
        {
            "availBal": plain(holding.available),
            "cashBal": plain(holding.cash),
            "ccy": coin,
            "eq": plain(holding.total),
            "frozenBal": plain(holding.held),
            "liab": plain(holding.owed),
            "uTime": now,
            "upl": plain(holding.profit),
        }
        for coin, holding in _wanted(wallet, call)
    ]
    return [{"details": details, "totalEq": plain(_worth(world, wallet)), "uTime": now}]


def _worth(world: World, wallet: Mapping[str, Holding]) -> Decimal:
    """Value a wallet in dollars, one for a USDT, as far as its coins have a price."""
    prices = {("USDT", "USDT"): Decimal(1)} | world.prices["okx"]
    return sum(
        (held.total * prices.get((coin, "USDT"), Decimal(0)) for coin, held in wallet.items()),
        Decimal(0),
    )


def _wanted(wallet: Mapping[str, Holding], call: Call) -> list[tuple[str, Holding]]:
    """Pick the coins that are not zero, and that were asked for."""
    names = [coin for coin in call.query.get("ccy", "").split(",") if coin]
    if len(names) > _MOST_CURRENCIES:
        raise Refused("51000", "Parameter ccy error", status=400)
    return [(coin, held) for coin, held in wallet.items() if held and (not names or coin in names)]


def _staking_row(coin: str, staking: Staking) -> Row:
    return {
        "amt": plain(staking.amount),
        "ccy": coin,
        "latestInterestAccrual": plain(staking.latest_interest),
        "totalInterestAccrual": plain(staking.total_interest),
    }


def _sub_row(account: Account, sub: SubAccount) -> Row:
    return {
        "enable": sub.enabled,
        "label": sub.label,
        "subAcct": sub.name,
        "ts": milliseconds(sub.created_at),
        "type": "1",
        "uid": _uid(account, sub.name),
    }


def _named_sub(call: Call, user: User) -> str:
    _check_master(user)
    name = call.query.get("subAcct")
    if not name:
        raise Refused("50014", "Parameter subAcct can not be empty.", status=400)
    if name not in user.account.subs:
        raise Refused("59510", "Sub-account does not exist")
    return name


def _check_master(user: User) -> None:
    if user.key.sub:
        message = "This API key doesn't have permission to use this function"
        raise Refused("50120", message, status=401)


def _number(call: Call, name: str) -> int | None:
    text = call.query.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit()):
        raise Refused("51000", f"Parameter {name} error", status=400)
    return int(text)


def _uid(account: Account, sub: str | None = None) -> str:
    """Make up the number of a user, the same every time."""
    digest = blake2b(f"{account.name}/{sub or ''}".encode(), digest_size=6).digest()
    return str(10**14 + int.from_bytes(digest, "big"))


def milliseconds(moment: datetime) -> str:
    """Write an instant as OKX does."""
    return str((moment - _EPOCH) // timedelta(milliseconds=1))
