"""Amounts, instants and durations as a person reads them on a phone."""

from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

MINUS = "−"
_STEPS = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))


def amount_text(amount: Decimal, *, width: int | None = None) -> str:
    """Write an amount out, grouped and exact; zeros at the end of a fraction tell nothing.

    Where it must fit a width, digits of the fraction are cut off, never rounded up, and an
    ellipsis says so.
    """
    text = _plain(amount)
    whole = len(text.partition(".")[0])
    if width is None or len(text) <= width or whole >= width:
        return text
    return f"{text[: width - 1].rstrip('.')}…"


def change_text(difference: Decimal) -> str:
    """Write a difference with its sign."""
    return f"+{_plain(difference)}" if difference > 0 else _plain(difference)


def _plain(amount: Decimal) -> str:
    text = f"{amount:,f}".replace("-", MINUS)
    return text.rstrip("0").rstrip(".") if "." in text else text


def span_text(span: timedelta) -> str:
    """Write a duration in its two largest units: `1 h 5 min`, `40 s`."""
    seconds = max(0, round(span.total_seconds()))
    parts: list[str] = []
    for unit, size in _STEPS:
        count, seconds = divmod(seconds, size)
        if count and len(parts) < 2:
            parts.append(f"{count} {unit}")
        elif parts:
            break
    return " ".join(parts) or "0 s"


def age_text(at: datetime, now: datetime) -> str:
    """Say how long ago that was."""
    return "just now" if now - at < timedelta(seconds=1) else f"{span_text(now - at)} ago"


def clock_text(at: datetime, zone: ZoneInfo, *, now: datetime) -> str:
    """Write an instant by the clock of a zone, with the date unless it is today."""
    local = at.astimezone(zone)
    if local.date() == now.astimezone(zone).date():
        return f"{local:%H:%M:%S} {local.tzname()}"
    return f"{local:%d %b %H:%M} {local.tzname()}"
