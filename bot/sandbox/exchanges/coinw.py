"""CoinW, as its spot documents describe it: what is available in the spot account.

Errors come under HTTP 200 with a code of their own, as in its published clients; which code
stands for what beyond authentication and limits is assumed.
"""

import hashlib
from collections.abc import Mapping
from typing import Any, Final

from bot.sandbox.exchanges._judge import Call, Limit, Refused, User
from bot.sandbox.faults import Answer
from bot.sandbox.world import World, plain

BALANCES: Final = "returnBalances"

ENDPOINTS: Final = (BALANCES,)

LIMITS: Final[Mapping[str, Limit]] = {BALANCES: Limit(3, 1)}

_PATH = "/api/v1/private"


class CoinW:
    """The judge of CoinW."""

    slug = "coinw"
    accepted = "200"
    limits = LIMITS

    def __init__(self, world: World) -> None:
        """Know the accounts."""
        self._world = world

    def endpoint(self, call: Call) -> str | None:
        """Name the endpoint by its command."""
        return call.query.get("command") if call.path == _PATH else None

    def authenticate(self, call: Call, endpoint: str) -> User | None:
        """Check form and signature, and what the key may do."""
        _check_form(call, endpoint)
        found = self._world.find_key(self.slug, call.query.get("api_key", ""))
        if found is None:
            raise Refused("1003", "api_key does not exist")
        user = User(*found)
        if call.query.get("sign") != _signature(call.query, user.key.api_secret):
            raise Refused("6000", "sign error")
        if user.key.addresses and call.ip not in user.key.addresses:
            raise Refused("1003", f"IP {call.ip} is not bound to this api_key")
        if "read" not in user.key.permissions:
            raise Refused("1003", "api_key has no permission")
        return user

    def answer(self, call: Call, endpoint: str, user: User | None) -> Answer:
        """List what is available, and not zero."""
        wallet = user.account.wallets["spot"] if user else {}
        data = {
            coin: plain(holding.available) for coin, holding in wallet.items() if holding.available
        }
        payload: dict[str, Any] = {"code": "200", "data": data, "msg": "SUCCESS"}
        return Answer(payload | {"success": True, "failed": False})

    def refusal(self, refused: Refused) -> Answer:
        """Write code and message."""
        payload = {"code": refused.code, "data": None, "msg": str(refused)}
        return Answer(payload | {"success": False, "failed": True}, status=refused.status)

    def too_many(self) -> Refused:
        """Say 29001."""
        return Refused("29001", "Too many requests")


def _check_form(call: Call, endpoint: str) -> None:
    if call.path != _PATH:
        raise Refused("404", "Not Found", status=404)
    if endpoint not in ENDPOINTS:
        raise Refused("-3", "command is wrong")
    if call.method != "POST":
        raise Refused("405", "Method Not Allowed", status=405)
    if call.body:
        raise Refused("-103", "the body must be empty")
    if call.content_type != "application/json":
        raise Refused("-103", "Content-Type must be application/json")


def _signature(query: Mapping[str, str], secret: str) -> str:
    """Digest the sorted parameters, not encoded, and the secret; there is no time in it."""
    names = sorted(set(query) - {"command", "sign"})
    text = "&".join([*(f"{name}={query[name]}" for name in names), f"secret_key={secret}"])
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest().upper()
