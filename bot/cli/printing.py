"""What commands print alike: amounts, instants, errors, tables and JSON objects."""

import json
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from rich.console import Console
from rich.table import Table

from bot.fetchers import RateLimited, Reading


def amount_text(amount: Decimal | None) -> str | None:
    """Write an amount to its last digit; None: it is unknown."""
    return None if amount is None else f"{amount:f}"


def instant_text(at: datetime) -> str:
    """Write an instant in UTC, to the millisecond."""
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"


def error_of(reading: Reading) -> dict[str, str]:
    """Tell scripts why something cannot be read; nothing where it was."""
    if reading.error is None:
        return {}
    told = {"error": type(reading.error).__name__, "message": str(reading.error)}
    if isinstance(reading.error, RateLimited):
        told["retry_at"] = instant_text(reading.error.retry_at)
    return told


def unreadable_text(path: str, reading: Reading) -> str:
    """Tell people why something cannot be read."""
    return f"{path} cannot be read: {reading.error} ({type(reading.error).__name__})"


def print_object(found: Mapping[str, Any]) -> None:
    """Print a JSON object."""
    Console().out(json.dumps(found, indent=2, ensure_ascii=False))


def plain_console() -> Console:
    """Return a console that prints what it is given, with no marks and no breaks of its own."""
    return Console(markup=False, emoji=False, highlight=False, soft_wrap=True)


def new_table(*columns: str) -> Table:
    """Return a table without lines."""
    return Table(*columns, box=None, pad_edge=False, header_style="bold")


def print_table(table: Table, console: Console) -> None:
    """Print a table whole; one without rows is not printed."""
    if not table.rows:
        return
    # A line that is too long for the terminal is better than an amount that is cut.
    needed = Console(width=10_000).measure(table).maximum
    console.width = max(console.width, needed)
    console.print(table)
