"""`balance-bot balances`: read now, print, and say by the exit code whether all was read."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from bot.cli.printing import (
    amount_text,
    error_of,
    instant_text,
    new_table,
    plain_console,
    print_object,
    print_table,
    unreadable_text,
)
from bot.cli.process import DONE, FAILED, USAGE_ERROR, say
from bot.cli.reading import Found, read_now
from bot.clock import utc_now
from bot.core.errors import UnknownName
from bot.fetchers import Balance, Reading
from bot.settings import Settings
from bot.sources import open_fetchers
from bot.transport import WireTransport


async def print_balances(settings: Settings, patterns: Sequence[str], *, as_json: bool) -> int:
    """Read the wallets that `patterns` cover and print them; return the exit code."""
    try:
        async with WireTransport() as http:
            found = await read_now(settings, patterns, open_fetchers(settings, http))
    except UnknownName as e:
        say(str(e))
        return USAGE_ERROR
    if as_json:
        print_object(_object(settings, found.readings))
    else:
        _print_table(found)
    all_read = all(reading.error is None for reading in found.readings.values())
    return DONE if all_read else FAILED


def _object(settings: Settings, readings: Mapping[str, Reading]) -> dict[str, Any]:
    return {
        "read_at": instant_text(utc_now()),
        "wallets": [_wallet(settings, path, reading) for path, reading in readings.items()],
    }


def _wallet(settings: Settings, path: str, reading: Reading) -> dict[str, Any]:
    account = settings.accounts[path.partition("/")[0]]
    return {
        "path": path,
        "exchange": account.exchange,
        "status": "ok" if reading.error is None else "unreadable",
        **error_of(reading),
        "read_at": instant_text(reading.read_at),
        "balances": [_balance(balance) for balance in reading.balances or ()],
    }


def _balance(balance: Balance) -> dict[str, str | None]:
    row: dict[str, str | None] = {
        "asset": balance.asset,
        "total": amount_text(balance.total),
        "available": amount_text(balance.available),
        "held": amount_text(balance.held),
    }
    if balance.staking is not None:
        row["as_of"] = instant_text(balance.staking.as_of) if balance.staking.as_of else None
        row["interest_latest"] = amount_text(balance.staking.interest_latest)
        row["interest_total"] = amount_text(balance.staking.interest_total)
    if balance.earned is not None:
        row["earned"] = amount_text(balance.earned)
    return row


def _print_table(found: Found) -> None:
    table = new_table("wallet", "coin")
    earns = any(_earned(balance) is not None for balance in _balances(found))
    for name in ("total", "available", "held", *["earned"] * earns):
        table.add_column(name, justify="right", no_wrap=True)
    for path, reading in found.readings.items():
        name = f"{path} (frozen)" if path in found.frozen else path
        for balance in reading.balances or ():
            parts = (balance.total, balance.available, balance.held)
            earned = [amount_text(_earned(balance)) or ""] * earns
            shown = (amount_text(part) or "unknown" for part in parts)
            table.add_row(name, balance.asset, *shown, *earned)
        if reading.balances == ():
            table.add_row(name, "empty")
    console = plain_console()
    print_table(table, console)
    if not found.readings:
        console.print("there is no such sub-account now")
    for path, reading in found.readings.items():
        if reading.error is not None:
            console.print(unreadable_text(path, reading))


def _balances(found: Found) -> Iterator[Balance]:
    for reading in found.readings.values():
        yield from reading.balances or ()


def _earned(balance: Balance) -> Decimal | None:
    """Tell what a coin has brought in so far, by staking or lent; None: nobody says that."""
    return balance.earned if balance.staking is None else balance.staking.interest_total
