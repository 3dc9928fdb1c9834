"""XT's version 4, as its documents describe it: the spot account and the clock.

Signed by headers, with codes in words. That errors come under HTTP 200 is assumed, and so are the
codes of a header that is missing or malformed.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from bot.sandbox.exchanges._judge import Call, Refused, User
from bot.sandbox.faults import Answer
from bot.sandbox.world import Holding, World, plain

BALANCES: Final = "v4/balances"
TIME: Final = "v4/public/time"

ENDPOINTS: Final = (BALANCES, TIME)

SUCCESS: Final = "SUCCESS"

_LONGEST_WINDOW_MS = 60_000
_NUMBER = re.compile(r"[0-9]{1,13}")

# In the order in which they are looked for; all but the signature are signed by name.
_HEADERS = (
    ("validate-appkey", "AUTH_001"),
    ("validate-timestamp", "AUTH_002"),
    ("validate-recvwindow", "AUTH_003"),
    ("validate-algorithms", "AUTH_005"),
    ("validate-signature", "AUTH_007"),
)
_SIGNED = tuple(sorted(name for name, _ in _HEADERS[:-1]))


def authenticate(call: Call, world: World) -> User:
    """Check headers, key, signature and clock, and what the key may do; raises Refused."""
    for header, code in _HEADERS:
        if not call.headers.get(header):
            raise Refused(code, f"missing header {header}")
    if call.headers["validate-algorithms"] != "HmacSHA256":
        raise Refused("AUTH_006", "bad header validate-algorithms")
    found = world.find_key("xt", call.headers["validate-appkey"])
    if found is None or found[1].version != "4":
        raise Refused("AUTH_101", "ApiKey does not exist")
    user = User(*found)
    if call.headers["validate-signature"] != _signature(call, user.key.api_secret):
        raise Refused("AUTH_103", "signature error")
    _check_clock(call)
    if user.key.addresses and call.ip not in user.key.addresses:
        raise Refused("AUTH_104", f"IP {call.ip} is not bound")
    if "read" not in user.key.permissions or BALANCES in user.key.refused:
        raise Refused("AUTH_106", "exceeds the permission of the ApiKey")
    return user


def answer(call: Call, user: User | None) -> Answer:
    """List every coin, zeros too; or tell the time."""
    if user is None:
        return _said(0, SUCCESS, {"serverTime": _milliseconds(call.arrived_at)})
    wallet = user.account.wallets["spot"]
    return _said(0, SUCCESS, {"assets": [_row(coin, held) for coin, held in wallet.items()]})


def refusal(refused: Refused) -> Answer:
    """Write the code as a word, without a result."""
    return _said(1, refused.code, None, status=refused.status)


def _signature(call: Call, secret: str) -> str:
    """Digest the headers by name, then method, path and query as they came over the wire."""
    headers = "&".join(f"{name}={call.headers[name]}" for name in _SIGNED)
    _, _, query = call.target.partition("?")
    request = "#".join(["", call.method, call.path, *([query] if query else [])])
    return hmac.new(secret.encode(), (headers + request).encode(), hashlib.sha256).hexdigest()


def _check_clock(call: Call) -> None:
    window, stamp = (call.headers[f"validate-{name}"] for name in ("recvwindow", "timestamp"))
    if not _NUMBER.fullmatch(window) or int(window) > _LONGEST_WINDOW_MS:
        raise Refused("AUTH_004", "bad header validate-recvwindow")
    arrived = _milliseconds(call.arrived_at)
    if not _NUMBER.fullmatch(stamp) or abs(arrived - int(stamp)) > int(window):
        raise Refused("AUTH_105", "the message is outdated")


def _row(coin: str, holding: Holding) -> dict[str, str]:
    return {
        "currency": coin.lower(),
        "availableAmount": plain(holding.available),
        "frozenAmount": plain(holding.held),
        "totalAmount": plain(holding.total),
    }


def _said(rc: int, mc: str, result: Mapping[str, Any] | None, *, status: int = 200) -> Answer:
    return Answer({"rc": rc, "mc": mc, "ma": [], "result": result}, status=status)


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
