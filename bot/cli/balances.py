"""`balance-bot balances`: read now, print, and say by the exit code whether all was read."""

import asyncio
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import chain
from typing import Any

from rich.console import Console
from rich.table import Table

from bot.cli.process import DONE, FAILED, USAGE_ERROR
from bot.clock import utc_now
from bot.core.errors import UnknownName
from bot.core.portfolio import LISTING, Account, matches, nearest
from bot.fetchers import Balance, Fetcher, RateLimited, Reading
from bot.services.list_sub_accounts import Listing, list_sub_accounts
from bot.services.ports import SubAccountLister
from bot.services.read_wallets import read_wallets
from bot.settings import Settings
from bot.sources import lister_of, open_fetchers, reader_of
from bot.transport import WireTransport


@dataclass(frozen=True, slots=True)
class Found:
    """What was read now, without the database."""

    readings: Mapping[str, Reading]
    """By path; a list of sub-accounts is among them only where it could not be read."""
    frozen: frozenset[str]
    """The paths of sub-accounts that are out of use."""


async def print_balances(settings: Settings, patterns: Sequence[str], *, as_json: bool) -> int:
    """Read the wallets that `patterns` cover and print them; return the exit code."""
    try:
        async with WireTransport() as http:
            found = await read_now(settings, patterns, open_fetchers(settings, http))
    except UnknownName as e:
        Console(stderr=True).print(str(e), markup=False, highlight=False)
        return USAGE_ERROR
    if as_json:
        Console().out(json.dumps(_object(settings, found.readings), indent=2, ensure_ascii=False))
    else:
        _print_table(found)
    all_read = all(reading.error is None for reading in found.readings.values())
    return DONE if all_read else FAILED


async def read_now(
    settings: Settings, patterns: Sequence[str], fetchers: Mapping[str, Fetcher]
) -> Found:
    """List the sub-accounts that may be meant, then read what is meant.

    Raises:
        UnknownName: a pattern covers nothing.
    """
    listings = await _listings(settings, patterns, lister_of(fetchers))
    accounts = [
        listings[account.name].account if account.name in listings else account
        for account in settings.watched
    ]
    failed = {
        f"{name}/{LISTING}": listing.reading
        for name, listing in listings.items()
        if listing.reading.error is not None
    }
    meant = {path for p in patterns for path in _meant(p, accounts, failed)}
    paths = [path for account in accounts for path in account.sources if path in meant]
    wallets = [path for path in paths if path not in failed]
    readings = await read_wallets(reader_of(fetchers), wallets, clock=utc_now) | failed
    frozen = frozenset(chain.from_iterable(account.frozen for account in accounts))
    return Found({path: readings[path] for path in paths}, frozen)


async def _listings(
    settings: Settings, patterns: Sequence[str], lister: SubAccountLister
) -> dict[str, Listing]:
    """List the sub-accounts of the accounts in which `patterns` may mean some."""
    async with asyncio.TaskGroup() as group:
        listing = {
            account.name: group.create_task(list_sub_accounts(lister, account, clock=utc_now))
            for account in settings.watched
            if any(account.may_come_under(pattern) for pattern in patterns)
        }
    return {name: task.result() for name, task in listing.items()}


def _meant(pattern: str, accounts: Sequence[Account], failed: Collection[str]) -> Iterator[str]:
    """List the paths that `pattern` covers, and the failed lists of what it may cover."""
    blind = [a for a in accounts if a.listing in failed and a.may_come_under(pattern)]
    if not blind and not any(account.is_meant_by(pattern) for account in accounts):
        raise UnknownName(
            pattern, nearest(pattern, chain.from_iterable(a.paths for a in accounts))
        )
    for account in accounts:
        yield from (path for path in account.paths if matches(pattern, path))
    yield from (account.listing for account in blind if account.listing)


def _object(settings: Settings, readings: Mapping[str, Reading]) -> dict[str, Any]:
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


def _print_table(found: Found) -> None:
    table = Table("wallet", "coin", box=None, pad_edge=False, header_style="bold")
    for name in ("total", "available", "held"):
        table.add_column(name, justify="right", no_wrap=True)
    for path, reading in found.readings.items():
        name = f"{path} (frozen)" if path in found.frozen else path
        for balance in reading.balances or ():
            parts = (balance.total, balance.available, balance.held)
            table.add_row(name, balance.asset, *(_amount(part) or "unknown" for part in parts))
        if reading.balances == ():
            table.add_row(name, "empty")
    console = Console(markup=False, highlight=False, soft_wrap=True)
    if table.rows:
        # A line that is too long for the terminal is better than an amount that is cut.
        needed = Console(width=10_000).measure(table).maximum
        console.width = max(console.width, needed)
        console.print(table)
    if not found.readings:
        console.print("there is no such sub-account now")
    for path, reading in found.readings.items():
        if reading.error is not None:
            console.print(
                f"{path} cannot be read: {reading.error} ({type(reading.error).__name__})"
            )
