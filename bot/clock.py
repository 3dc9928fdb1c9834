"""The production clock."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """Give the present instant."""
    return datetime.now(UTC)
