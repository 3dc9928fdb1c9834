"""OKX, as its version 5 documents describe it: wallets, sub-accounts, keys, prices, clock."""

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from bot.sandbox.exchanges import _okx_answers as answers
from bot.sandbox.exchanges._judge import Call, Limit, Refused, User
from bot.sandbox.faults import Answer
from bot.sandbox.world import World

ENDPOINTS: Final = (*answers.PRIVATE, *answers.PUBLIC)

LIMITS: Final[Mapping[str, Limit]] = {
    answers.FUNDING: Limit(6, 1),
    answers.SUB_FUNDING: Limit(6, 2),
    answers.TRADING: Limit(10, 2),
    answers.SUB_TRADING: Limit(6, 2),
    answers.SAVINGS: Limit(6, 1),
    answers.ETH_STAKING: Limit(6, 1),
    answers.SOL_STAKING: Limit(6, 1),
    answers.SUB_ACCOUNTS: Limit(20, 2),
    answers.CONFIG: Limit(5, 2),
    answers.TIME: Limit(10, 2, per_ip=True),
    answers.TICKERS: Limit(20, 2, per_ip=True),
    answers.EXCHANGE_RATE: Limit(1, 2, per_ip=True),
}

_PREFIX = "/api/v5/"
_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
_WINDOW = timedelta(seconds=30)

# In the order in which they are looked for.
_HEADERS = (
    ("OK-ACCESS-KEY", "50103"),
    ("OK-ACCESS-PASSPHRASE", "50104"),
    ("OK-ACCESS-SIGN", "50106"),
    ("OK-ACCESS-TIMESTAMP", "50107"),
)


class Okx:
    """The judge of OKX."""

    slug = "okx"
    limits = LIMITS

    def __init__(self, world: World) -> None:
        """Know the accounts."""
        self._world = world

    def endpoint(self, call: Call) -> str | None:
        """Name the endpoint by its path below /api/v5."""
        name = call.path.removeprefix(_PREFIX)
        return name if call.method == "GET" and name in ENDPOINTS else None

    def authenticate(self, call: Call, endpoint: str) -> User | None:
        """Check the four headers, the clock, the signature, and what the key may do."""
        if endpoint not in ENDPOINTS:
            raise Refused("404", "Invalid request URI", status=404)
        if endpoint in answers.PUBLIC:
            return None
        user = self._owner(call)
        _check_clock(call)
        _check_signature(call, user)
        _check_rights(call, user, endpoint)
        return user

    def answer(self, call: Call, endpoint: str, user: User | None) -> Answer:
        """Answer one of the endpoints."""
        if user is None:
            data = answers.PUBLIC[endpoint](self._world, call)
        else:
            data = answers.PRIVATE[endpoint](self._world, call, user)
        payload: dict[str, Any] = {"code": "0", "data": data, "msg": ""}
        return Answer(payload)

    def accepted(self, _endpoint: str) -> str:
        """Say 0."""
        return "0"

    def refusal(self, refused: Refused, _endpoint: str) -> Answer:
        """Write code and message; an error need not have data."""
        payload = {"code": refused.code, "data": [], "msg": str(refused)}
        return Answer(payload, status=refused.status)

    def too_many(self) -> Refused:
        """Say 50011."""
        return Refused("50011", "Too Many Requests", status=429)

    def _owner(self, call: Call) -> User:
        for header, code in _HEADERS:
            if not call.headers.get(header):
                raise Refused(code, f'Request header "{header}" cannot be empty.', status=401)
        found = self._world.find_key(self.slug, call.headers["OK-ACCESS-KEY"])
        if found is None:
            raise Refused("50111", "Invalid OK-ACCESS-KEY", status=401)
        user = User(*found)
        if user.key.demo != (call.headers.get("x-simulated-trading") == "1"):
            message = "APIKey does not match current environment."
            raise Refused("50101", message, status=401)
        return user


def _check_clock(call: Call) -> None:
    text = call.headers["OK-ACCESS-TIMESTAMP"]
    if not _TIMESTAMP.fullmatch(text):
        raise Refused("50112", "Invalid OK-ACCESS-TIMESTAMP", status=401)
    try:
        sent_at = datetime.fromisoformat(text)
    except ValueError:
        raise Refused("50112", "Invalid OK-ACCESS-TIMESTAMP", status=401) from None
    if abs(call.arrived_at - sent_at) > _WINDOW:
        raise Refused("50102", "Timestamp request expired", status=401)


def _check_signature(call: Call, user: User) -> None:
    timestamp = call.headers["OK-ACCESS-TIMESTAMP"]
    text = f"{timestamp}{call.method}{call.target}".encode() + call.body
    digest = hmac.new(user.key.api_secret.encode(), text, hashlib.sha256).digest()
    if call.headers["OK-ACCESS-SIGN"] != base64.b64encode(digest).decode():
        raise Refused("50113", "Invalid Sign", status=401)
    if call.headers["OK-ACCESS-PASSPHRASE"] != user.key.passphrase:
        raise Refused("50105", 'Request header "OK-ACCESS-PASSPHRASE" incorrect.', status=401)


def _check_rights(call: Call, user: User, endpoint: str) -> None:
    if user.key.addresses and call.ip not in user.key.addresses:
        message = f"Your IP {call.ip} is not included in your API key's IP whitelist."
        raise Refused("50110", message, status=401)
    if "read" not in user.key.permissions or endpoint in user.key.refused:
        message = "This API key doesn't have permission to use this function"
        raise Refused("50120", message, status=401)
