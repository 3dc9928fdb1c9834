"""What the time is: a clock that is handed in, so that a test or another program can hold it."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Gives the present instant (aware, UTC)."""


def utc_now() -> datetime:
    """Read the machine's wall clock."""
    return datetime.now(UTC)  # noqa: TID251 - the one default of the clocks that are handed in
