"""`balance-bot balances`: read now, print, and say by the exit code whether all was read."""

import json
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from rich.console import Console
from rich.table import Table

from bot.app import open_fetchers, open_http, reader_of, utc_now
from bot.core.errors import UnknownName
from bot.core.portfolio import select_paths
from bot.fetchers import Balance, RateLimited, Reading
from bot.services.read_wallets import read_wallets
from bot.settings import Settings

ALL_READ, NOT_ALL_READ, NO_SUCH_PATH = 0, 1, 2


async def print_balances(settings: Settings, patterns: Sequence[str], *, as_json: bool) -> int:
    """Read the wallets that `patterns` cover and print them; return the exit code."""
    known = [path for account in settings.watched for path in account.paths]
    try:
        paths = {path for pattern in patterns for path in select_paths(pattern, known)}
    except UnknownName as e:
        Console(stderr=True).print(str(e), markup=False, highlight=False)
        return NO_SUCH_PATH
    readings = await read_now(settings, [path for path in known if path in paths])
    if as_json:
        Console().out(json.dumps(_object(settings, readings), indent=2, ensure_ascii=False))
    else:
        _print_table(readings)
    return ALL_READ if all(r.error is None for r in readings.values()) else NOT_ALL_READ


async def read_now(settings: Settings, paths: Sequence[str]) -> dict[str, Reading]:
    """Read wallets now, all at once as far as the limits let us, without the database."""
    async with open_http() as http:
        reader = reader_of(open_fetchers(settings, http))
        return await read_wallets(reader, paths, clock=utc_now)


def _object(settings: Settings, readings: dict[str, Reading]) -> dict[str, Any]:
    return {
        "read_at": _instant(utc_now()),
        "wallets": [_wallet(settings, path, reading) for path, reading in readings.items()],
    }


def _wallet(settings: Settings, path: str, reading: Reading) -> dict[str, Any]:
    account = settings.accounts[path.partition("/")[0]]
    return {
        "path": path,
        "exchange": account.exchange,
        "status": "ok" if reading.error is None else "unreadable",
        **_error(reading),
        "read_at": _instant(reading.read_at),
        "balances": [_balance(balance) for balance in reading.balances or ()],
    }


def _error(reading: Reading) -> dict[str, str]:
    if reading.error is None:
        return {}
    told = {"error": type(reading.error).__name__, "message": str(reading.error)}
    if isinstance(reading.error, RateLimited):
        told["retry_at"] = _instant(reading.error.retry_at)
    return told


def _balance(balance: Balance) -> dict[str, str | None]:
    row: dict[str, str | None] = {
        "asset": balance.asset,
        "total": _amount(balance.total),
        "available": _amount(balance.available),
        "held": _amount(balance.held),
    }
    if balance.staking is not None:
        row["as_of"] = _instant(balance.staking.as_of) if balance.staking.as_of else None
        row["interest_latest"] = _amount(balance.staking.interest_latest)
        row["interest_total"] = _amount(balance.staking.interest_total)
    return row


def _amount(amount: Decimal | None) -> str | None:
    return None if amount is None else f"{amount:f}"


def _instant(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"


def _print_table(readings: dict[str, Reading]) -> None:
    table = Table("wallet", "coin", box=None, pad_edge=False, header_style="bold")
    for name in ("total", "available", "held"):
        table.add_column(name, justify="right", no_wrap=True)
    for path, reading in readings.items():
        for balance in reading.balances or ():
            parts = (balance.total, balance.available, balance.held)
            table.add_row(path, balance.asset, *(_amount(part) or "unknown" for part in parts))
        if reading.balances == ():
            table.add_row(path, "empty")
    console = Console(markup=False, highlight=False, soft_wrap=True)
    if table.rows:
        # A line that is too long for the terminal is better than an amount that is cut.
        needed = Console(width=10_000).measure(table).maximum
        console.width = max(console.width, needed)
        console.print(table)
    for path, reading in readings.items():
        if reading.error is not None:
            console.print(
                f"{path} cannot be read: {reading.error} ({type(reading.error).__name__})"
            )
