"""CoinW, as its spot documents describe it: the spot account, and last prices.

Errors come under HTTP 200 with a code of their own, as in its published clients; which code
stands for what beyond authentication and limits is assumed.
"""

import hashlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from bot.sandbox.exchanges._judge import Call, Limit, Refused, User
from bot.sandbox.faults import Answer
from bot.sandbox.world import Holding, World, plain

BALANCES: Final = "returnBalances"
COMPLETE: Final = "returnCompleteBalances"
TICKER: Final = "returnTicker"

ENDPOINTS: Final = (BALANCES, COMPLETE, TICKER)

LIMITS: Final[Mapping[str, Limit]] = {
    BALANCES: Limit(3, 1),
    COMPLETE: Limit(5, 2),
    TICKER: Limit(80, 1, per_ip=True),
}

_PRIVATE, _PUBLIC = "/api/v1/private", "/api/v1/public"
_COMMANDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {_PRIVATE: (BALANCES, COMPLETE), _PUBLIC: (TICKER,)}
)


class CoinW:
    """The judge of CoinW."""

    slug = "coinw"
    limits = LIMITS

    def __init__(self, world: World) -> None:
        """Know the accounts."""
        self._world = world

    def endpoint(self, call: Call) -> str | None:
        """Name the endpoint by its command."""
        command = call.query.get("command")
        return command if command in _COMMANDS.get(call.path, ()) else None

    def authenticate(self, call: Call, endpoint: str) -> User | None:
        """Check form and signature, and what the key may do."""
        _check_command(call, endpoint)
        if call.path == _PUBLIC:
            return None
        _check_form(call)
        found = self._world.find_key(self.slug, call.query.get("api_key", ""))
        if found is None:
            raise Refused("1003", "api_key does not exist")
        user = User(*found)
        if call.query.get("sign") != _signature(call.query, user.key.api_secret):
            raise Refused("6000", "sign error")
        _check_rights(call, user, endpoint)
        return user

    def answer(self, _call: Call, endpoint: str, user: User | None) -> Answer:
        """List the spot account, without zeros, or the last prices."""
        if user is None:
            data = _tickers(self._world)
        elif endpoint == BALANCES:
            data = _available(user.account.wallets["spot"])
        else:
            data = _complete(user.account.wallets["spot"])
        payload: dict[str, Any] = {"code": "200", "data": data, "msg": "SUCCESS"}
        return Answer(payload | {"success": True, "failed": False})

    def accepted(self, _endpoint: str) -> str:
        """Say 200."""
        return "200"

    def refusal(self, refused: Refused, _endpoint: str) -> Answer:
        """Write code and message."""
        payload = {"code": refused.code, "data": None, "msg": str(refused)}
        return Answer(payload | {"success": False, "failed": True}, status=refused.status)

    def too_many(self) -> Refused:
        """Say 29001."""
        return Refused("29001", "Too many requests")


def _available(wallet: Mapping[str, Holding]) -> dict[str, Any]:
    return {coin: plain(held.available) for coin, held in wallet.items() if held.available}


def _complete(wallet: Mapping[str, Holding]) -> dict[str, Any]:
    return {
        coin: {"available": plain(holding.available), "onOrders": plain(holding.held)}
        for coin, holding in wallet.items()
        if holding
    }


def _tickers(world: World) -> dict[str, Any]:
    return {
        f"{base}_{quote}": {
            "highestBid": plain(price),
            "last": plain(price),
            "lowestAsk": plain(price),
        }
        for (base, quote), price in world.prices["coinw"].items()
    }


def _check_command(call: Call, endpoint: str) -> None:
    if call.path not in _COMMANDS:
        raise Refused("404", "Not Found", status=404)
    if endpoint not in ENDPOINTS:
        raise Refused("-3", "command is wrong")
    if call.method != ("GET" if call.path == _PUBLIC else "POST"):
        raise Refused("405", "Method Not Allowed", status=405)


def _check_form(call: Call) -> None:
    if call.body:
        raise Refused("-103", "the body must be empty")
    if call.content_type != "application/json":
        raise Refused("-103", "Content-Type must be application/json")


def _check_rights(call: Call, user: User, endpoint: str) -> None:
    if user.key.addresses and call.ip not in user.key.addresses:
        raise Refused("1003", f"IP {call.ip} is not bound to this api_key")
    if "read" not in user.key.permissions:
        raise Refused("1003", "api_key has no permission")
    if endpoint in user.key.refused:
        raise Refused("-3", "command is not open to this api_key")


def _signature(query: Mapping[str, str], secret: str) -> str:
    """Digest the sorted parameters, not encoded, and the secret; there is no time in it."""
    names = sorted(set(query) - {"command", "sign"})
    text = "&".join([*(f"{name}={query[name]}" for name in names), f"secret_key={secret}"])
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest().upper()
