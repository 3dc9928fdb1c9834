"""Amounts, instants and durations as a person reads them on a phone."""

from datetime import datetime, timedelta
from decimal import ROUND_FLOOR, ROUND_HALF_EVEN, Context, Decimal
from zoneinfo import ZoneInfo

MINUS = "−"
AT_LEAST = "≥ "
ABOUT = "≈ "
_PLACES = {"BTC": 8}
_WIDE = Context(prec=1000)
"""Room for every digit before the point, so that only what lies behind it is rounded."""
_STEPS = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))


def amount_text(amount: Decimal) -> str:
    """Write an amount out, grouped and exact; zeros at the end of a fraction tell nothing."""
    text = f"{amount:,f}".replace("-", MINUS)
    return text.rstrip("0").rstrip(".") if "." in text else text


def value_text(value: Decimal, currency: str, *, at_least: bool) -> str:
    """Write a value with two digits behind the point, or eight in BTC.

    The least that there is gets rounded down, so that it stays true.
    """
    unit = Decimal(1).scaleb(-_PLACES.get(currency, 2))
    rounding = ROUND_FLOOR if at_least else ROUND_HALF_EVEN
    rounded = value.quantize(unit, rounding, _WIDE)
    return f"{rounded or unit * 0:,f}".replace("-", MINUS)


def fitted(text: str, *, width: int) -> str:
    """Make the text of an amount fit a width, as far as that can be done without a lie.

    Digits of the fraction are cut off, never rounded up, and an ellipsis says so; where that is
    not enough, the groups are closed up. The whole part stays whole, however wide it is.
    """
    closed = text.replace(",", "")
    for shown in (text, closed):
        if len(shown) <= width:
            return shown
        if -1 < shown.find(".") < width - 2:
            return f"{shown[: width - 1]}…"
    whole, point, _ = closed.partition(".")
    return f"{whole}…" if point else whole


def change_text(difference: Decimal) -> str:
    """Write a difference with its sign."""
    return f"+{amount_text(difference)}" if difference > 0 else amount_text(difference)


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
