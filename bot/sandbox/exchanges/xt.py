"""XT, as its documents describe it: the spot account, last prices, and the clock.

This module has version 1 of the API; version 4, on the same server, is in `_xt4`. A key belongs to
one of them and is unknown to the other.

Refusals for a limit, for an address and for a missing permission are not documented for version 1;
they are assumed to be 429 and "404, other".
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from bot.sandbox.exchanges import _xt4
from bot.sandbox.exchanges._judge import Call, Limit, Refused, User
from bot.sandbox.faults import Answer
from bot.sandbox.world import World, plain

BALANCE: Final = "getBalance"
TIME: Final = "getServerTime"
TICKERS: Final = "getTickers"

ENDPOINTS: Final = (BALANCE, TIME, TICKERS, *_xt4.ENDPOINTS)

_LOCK_S = 600

LIMITS: Final[Mapping[str, Limit]] = {
    "*": Limit(1000, 60, per_ip=True, lock_s=_LOCK_S),
    BALANCE: Limit(3, 1, lock_s=_LOCK_S),
    TICKERS: Limit(10, 1, per_ip=True, lock_s=_LOCK_S),
    # No limit of its own is documented; that of version 1 is the stricter guess.
    _xt4.BALANCES: Limit(3, 1, lock_s=_LOCK_S),
}

_PATHS: Mapping[str, str] = MappingProxyType(
    {
        "/trade/api/v1/getBalance": BALANCE,
        "/trade/api/v1/getServerTime": TIME,
        "/data/api/v1/getTickers": TICKERS,
        **{f"/{name}": name for name in _xt4.ENDPOINTS},
    }
)
_FORM = "application/x-www-form-urlencoded"
_NONCE = re.compile(r"[0-9]{13}")
# How far a nonce may be off is not documented.
_WINDOW_MS = 30_000


class Xt:
    """The judge of XT."""

    slug = "xt"
    limits = LIMITS

    def __init__(self, world: World) -> None:
        """Know the accounts."""
        self._world = world

    def endpoint(self, call: Call) -> str | None:
        """Name the endpoint by its path."""
        return _PATHS.get(call.path) if call.method == "GET" else None

    def authenticate(self, call: Call, endpoint: str) -> User | None:
        """Check form, key, signature and nonce, and what the key may do."""
        if endpoint not in ENDPOINTS:
            raise Refused("404", "Not Found", status=404)
        if endpoint in (TIME, TICKERS, _xt4.TIME):
            return None
        if endpoint == _xt4.BALANCES:
            return _xt4.authenticate(call, self._world)
        if call.content_type != _FORM:
            raise Refused("400", "Bad Request: Content-Type")
        found = self._world.find_key(self.slug, call.query.get("accesskey", ""))
        if found is None or found[1].version != "1":
            raise Refused("307", "Access key error")
        user = User(*found)
        _check_signature(call.query, user.key.api_secret)
        _check_nonce(call)
        _check_rights(call, user, endpoint)
        return user

    def answer(self, call: Call, endpoint: str, user: User | None) -> Answer:
        """List every coin, zeros too; tell the prices or the time."""
        if endpoint in _xt4.ENDPOINTS:
            return _xt4.answer(call, user)
        if endpoint == TICKERS:
            return Answer(_tickers(self._world))
        if user is None:
            return _said(200, "success", {"serverTime": _milliseconds(call.arrived_at)})
        data = {
            coin.lower(): {"freeze": plain(holding.held), "available": plain(holding.available)}
            for coin, holding in user.account.wallets["spot"].items()
        }
        return _said(200, "success", data)

    def accepted(self, endpoint: str) -> str:
        """Say 200, or SUCCESS in version 4."""
        return _xt4.SUCCESS if endpoint in _xt4.ENDPOINTS else "200"

    def refusal(self, refused: Refused, endpoint: str) -> Answer:
        """Write code, without data, and what went wrong."""
        if endpoint in _xt4.ENDPOINTS:
            return _xt4.refusal(refused)
        return Answer({"code": int(refused.code), "info": str(refused)}, status=refused.status)

    def too_many(self) -> Refused:
        """Say 429: the user is locked for ten minutes."""
        return Refused("429", "Too many requests, locked for ten minutes", status=429)


def _tickers(world: World) -> dict[str, Any]:
    """Give prices as numbers, not as text, and nothing around them."""
    return {
        f"{base}_{quote}".lower(): {"price": price, "high": price, "low": price}
        for (base, quote), price in world.prices["xt"].items()
    }


def _check_signature(query: Mapping[str, str], secret: str) -> None:
    names = sorted(set(query) - {"signature"})
    text = "&".join(f"{name}={query[name]}" for name in names)
    digest = hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()
    if query.get("signature", "").lower() != digest:
        raise Refused("308", "Signature error")


def _check_nonce(call: Call) -> None:
    nonce = call.query.get("nonce", "")
    if not _NONCE.fullmatch(nonce):
        raise Refused("400", "Bad Request: nonce must be 13 digits")
    if abs(_milliseconds(call.arrived_at) - int(nonce)) > _WINDOW_MS:
        raise Refused("400", "Bad Request: nonce expired")


def _check_rights(call: Call, user: User, endpoint: str) -> None:
    if user.key.addresses and call.ip not in user.key.addresses:
        raise Refused("404", f"IP {call.ip} is not allowed")
    if "read" not in user.key.permissions or endpoint in user.key.refused:
        raise Refused("404", "No permission")


def _said(code: int, info: str, data: Mapping[str, Any]) -> Answer:
    return Answer({"code": code, "data": data, "info": info})


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
