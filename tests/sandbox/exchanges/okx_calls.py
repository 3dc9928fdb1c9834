"""OKX as it is called: its addresses, and requests signed without the program's help."""

import base64
import hashlib
import hmac
from collections.abc import Awaitable, Callable
from typing import Any

from bot.sandbox.world import Key

FUNDING = "/api/v5/asset/balances"
SUB = "/api/v5/asset/subaccount/balances"
STAKING = "/api/v5/finance/staking-defi/eth/balance"
TRADING = "/api/v5/account/balance"
SUB_TRADING = "/api/v5/account/subaccount/balances"
SAVINGS = "/api/v5/finance/savings/balance"
SOL_STAKING = "/api/v5/finance/staking-defi/sol/balance"
SUBS = "/api/v5/users/subaccount/list"
CONFIG = "/api/v5/account/config"
TICKERS = "/api/v5/market/tickers?instType=SPOT"
EXCHANGE_RATE = "/api/v5/market/exchange-rate"
TIME = "/api/v5/public/time"
STAMP = "2026-01-15T09:00:00.000Z"
# Computed with openssl, not with this program's language.
FUNDING_SIGN = "THVW9F2/CTgyI32XVGzWTIhD5HKH1NCRGqB33bVJQRM="
SPACE_SIGN = "Zpw/GDLRHyzGXdatWT/kaBA+hR0EUgVNZq0YJyelTMc="
SPACE_SIGN_UNENCODED = "5JdD50ACMlsxkfUvWhQkTxCnBEMA0KX5yGuM+s2/mBo="

OpenStage = Callable[..., Awaitable[Any]]


def signed(target: str, stamp: str = STAMP, **changes: str | None) -> dict[str, str]:
    """Give the four headers, with changes; None leaves one out."""
    text = f"{stamp}GET{target}"
    digest = hmac.new(b"okx-secret", text.encode(), hashlib.sha256).digest()
    headers: dict[str, str | None] = {
        "OK-ACCESS-KEY": "okx-key",
        "OK-ACCESS-PASSPHRASE": "okx-pass",
        "OK-ACCESS-SIGN": base64.b64encode(digest).decode(),
        "OK-ACCESS-TIMESTAMP": stamp,
    }
    headers |= {name.replace("_", "-"): value for name, value in changes.items()}
    return {name: value for name, value in headers.items() if value is not None}


def with_key(key: Key, target: str) -> dict[str, str]:
    """Sign with another key."""
    digest = hmac.new(key.api_secret.encode(), f"{STAMP}GET{target}".encode(), hashlib.sha256)
    return {
        "OK-ACCESS-KEY": key.api_key,
        "OK-ACCESS-PASSPHRASE": key.passphrase or "",
        "OK-ACCESS-SIGN": base64.b64encode(digest.digest()).decode(),
        "OK-ACCESS-TIMESTAMP": STAMP,
    }


async def ask(stage: Any, target: str, key: Key | None = None) -> Any:
    """Call with a good signature, of the master key unless another is given."""
    return await stage.call(target, with_key(key, target) if key else signed(target))
