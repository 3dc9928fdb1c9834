"""Shared balance fetchers: what lies in the wallets of an exchange account, exactly.

Needs httpx and the standard library, nothing of the program around it: copy the folder to where
it is wanted. Read-only keys are enough.

    import asyncio, httpx
    from fetchers import Credentials, open_fetcher

    async def main():
        async with httpx.AsyncHTTPTransport() as http:
            fetcher = open_fetcher("okx", Credentials("KEY", "SECRET", "PASSPHRASE"), http)
            reading = await fetcher.fetch("funding")
        for balance in reading.balances or ():
            print(balance.asset, balance.total)
        if reading.error:
            print(type(reading.error).__name__, reading.error)

    asyncio.run(main())

`fetch()` does not raise for what an exchange does: an unreadable wallet is a reading with `error`,
and has no balances that could pass for zero.
"""

from ._clock import Clock
from ._contract import Fetcher
from ._limits import Limit, Pacer, Slot, WindowClosed
from .errors import (
    ClockSkewed,
    CredentialsRejected,
    ExchangeUnavailable,
    FetchError,
    PermissionMissing,
    RateLimited,
    UnexpectedAnswer,
)
from .model import (
    Balance,
    Credentials,
    KeyReport,
    Price,
    Reading,
    Staking,
    SubAccount,
    exact_sum,
)
from .registry import EXCHANGES, Exchange, find_exchange, open_fetcher

__all__ = [
    "EXCHANGES",
    "Balance",
    "Clock",
    "ClockSkewed",
    "Credentials",
    "CredentialsRejected",
    "Exchange",
    "ExchangeUnavailable",
    "FetchError",
    "Fetcher",
    "KeyReport",
    "Limit",
    "Pacer",
    "PermissionMissing",
    "Price",
    "RateLimited",
    "Reading",
    "Slot",
    "Staking",
    "SubAccount",
    "UnexpectedAnswer",
    "WindowClosed",
    "exact_sum",
    "find_exchange",
    "open_fetcher",
]
