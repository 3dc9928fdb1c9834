"""Amounts, instants and durations as a person reads them on a phone, in his language.

English is written here; what other languages do is known to Babel, which is loaded for them only.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime, timedelta
from decimal import ROUND_FLOOR, ROUND_HALF_EVEN, Context, Decimal, localcontext
from functools import cache
from unicodedata import east_asian_width
from zoneinfo import ZoneInfo

from bot.chat.i18n import ENGLISH, _, language, later

MINUS = "−"
AT_LEAST = "≥ "
ABOUT = "≈ "
HIDDEN = "•••"
"""Stands for an amount that whoever reads this may not see."""
_PLACES = {"BTC": 8}
_WIDE = Context(prec=1000)
"""Room for every digit before the point, so that only what lies behind it is rounded."""
_STEPS = (
    (later("{n} d"), 86400),
    (later("{n} h"), 3600),
    (later("{n} min"), 60),
    (later("{n} s"), 1),
)


_hidden: ContextVar[bool] = ContextVar("hidden", default=False)


@contextmanager
def hiding_amounts(hidden: bool) -> Iterator[None]:
    """Write no amount and no value within, if so it is: movement is seen, and no wealth."""
    token = _hidden.set(hidden)
    try:
        yield
    finally:
        _hidden.reset(token)


def amounts_are_hidden() -> bool:
    """Whether whoever reads this may see no amounts."""
    return _hidden.get()


def amount_text(amount: Decimal, *, of: Decimal | None = None) -> str:
    """Write an amount out, grouped and exact; zeros at the end of a fraction tell nothing.

    Where amounts are hidden it is written in percent of what it is compared with, if anything.
    """
    return _percent_of(amount, of) if _hidden.get() else _digits_text(amount)


def masked(text: str) -> str:
    """Take the numbers out of what people wrote, where amounts are hidden."""
    return re.sub(r"\d[\d.,'_  ]*", HIDDEN, text) if _hidden.get() else text


def _percent_of(amount: Decimal, whole: Decimal | None) -> str:
    if not whole:
        return HIDDEN
    percent = _WIDE.divide(_WIDE.multiply(amount, Decimal(100)), whole.copy_abs())
    return percent_text(percent.quantize(Decimal("0.1"), ROUND_HALF_EVEN, _WIDE))


def _digits_text(amount: Decimal) -> str:
    text = f"{amount:f}"
    return _written(text.rstrip("0").rstrip(".") if "." in text else text)


def value_text(value: Decimal, currency: str, *, at_least: bool, of: Decimal | None = None) -> str:
    """Write a value with two digits behind the point, or eight in BTC; see `amount_text`, too.

    The least that there is gets rounded down, so that it stays true.
    """
    if _hidden.get():
        return _percent_of(value, of)
    return _written(f"{rounded_value(value, currency, at_least=at_least):f}")


def rounded_value(value: Decimal, currency: str, *, at_least: bool = False) -> Decimal:
    """Round a value as it is written."""
    unit = Decimal(1).scaleb(-_PLACES.get(currency, 2))
    rounding = ROUND_FLOOR if at_least else ROUND_HALF_EVEN
    return value.quantize(unit, rounding, _WIDE) or unit * 0


def percent_text(percent: Decimal) -> str:
    """Write a number of percent."""
    return _("{n} %").format(n=_digits_text(percent))


def _written(digits: str) -> str:
    """Group plain digits, and give them the marks of the language that is spoken."""
    whole, _point, fraction = digits.removeprefix("-").partition(".")
    sign = MINUS if digits.startswith("-") else ""
    grouped = f"{Decimal(whole):,f}" if language() == ENGLISH else _grouped(whole, language())
    return f"{sign}{grouped}{_marks(language())[1]}{fraction}" if fraction else sign + grouped


def _grouped(whole: str, code: str) -> str:
    from babel.numbers import format_decimal

    with localcontext(_WIDE):  # Babel rounds to the digits of the context
        return format_decimal(Decimal(whole), locale=code)


@cache
def _marks(code: str) -> tuple[str, str]:
    """Name what stands between groups of digits, and before a fraction."""
    if code == ENGLISH:
        return ",", "."
    from babel.numbers import get_decimal_symbol, get_group_symbol

    return get_group_symbol(code), get_decimal_symbol(code)


def point_text() -> str:
    """Return what stands before a fraction."""
    return _marks(language())[1]


def width_of(text: str) -> int:
    """Count the columns of a text in a monospaced font: those of East Asia take two each."""
    return sum(2 if east_asian_width(c) in {"W", "F"} else 1 for c in text)


def fitted(text: str, *, width: int) -> str:
    """Make the text of an amount fit a width, as far as that can be done without a lie.

    Digits of the fraction are cut off, never rounded up, and an ellipsis says so; where that is
    not enough, the groups are closed up. The whole part stays whole, however wide it is.
    """
    group, point = map(re.escape, _marks(language()))
    closed = re.sub(rf"(?<=\d){group}(?=\d)", "", text)
    for shown in (text, closed):
        if width_of(shown) <= width:
            return shown
        fraction = re.search(rf"(?<=\d){point}(?=\d)", shown)
        if fraction and width_of(shown[: fraction.start()]) < width - 2:
            return f"{_cut(shown, width - 1)}…"
    whole, *rest = re.split(rf"(?<=\d){point}(?=\d)", closed, maxsplit=1)
    return f"{whole}…" if rest else whole


def _cut(text: str, width: int) -> str:
    """Take from the beginning of a text what fits a width."""
    shown = text[:width]
    while width_of(shown) > width:
        shown = shown[:-1]
    return shown


def change_text(difference: Decimal, *, of: Decimal | None = None) -> str:
    """Write a difference with its sign."""
    text = amount_text(difference, of=of)
    return f"+{text}" if difference > 0 else text


def span_text(span: timedelta) -> str:
    """Write a duration in its two largest units: `1 h 5 min`, `40 s`."""
    seconds = max(0, round(span.total_seconds()))
    parts: list[str] = []
    for unit, size in _STEPS:
        count, seconds = divmod(seconds, size)
        if count and len(parts) < 2:
            parts.append(_(unit).format(n=count))
        elif parts:
            break
    if len(parts) == 2:
        return _("{larger} {smaller}").format(larger=parts[0], smaller=parts[1])
    return parts[0] if parts else _("{n} s").format(n=0)


def age_text(at: datetime, now: datetime) -> str:
    """Say how long ago that was."""
    if now - at < timedelta(seconds=1):
        return _("just now")
    return _("{span} ago").format(span=span_text(now - at))


def clock_text(at: datetime, zone: ZoneInfo, *, now: datetime) -> str:
    """Write an instant by the clock of a zone, with the date unless it is today."""
    local = at.astimezone(zone)
    if local.date() == now.astimezone(zone).date():
        return f"{_skeleton(local, 'Hms', '%H:%M:%S')} {local.tzname()}"
    day, minute = _skeleton(local, "MMMd", "%d %b"), _skeleton(local, "Hm", "%H:%M")
    return f"{_together(day, minute)} {local.tzname()}"


def until_text(at: datetime, zone: ZoneInfo, *, now: datetime) -> str:
    """Write until when something lasts, as `clock_text` does, but by the minute that ends it."""
    minute = at.replace(second=0, microsecond=0)
    local = (minute if minute == at else minute + timedelta(minutes=1)).astimezone(zone)
    if local.date() != now.astimezone(zone).date():
        return clock_text(local, zone, now=now)
    return f"{minute_text(local)} {local.tzname()}"


def minute_text(at: datetime) -> str:
    """Write the hour and the minute of an instant, as its own zone has them."""
    return _skeleton(at, "Hm", "%H:%M")


def day_text(day: date) -> str:
    """Write a day and its month."""
    return _skeleton(day, "MMMd", "%d %b")


def date_text(day: date) -> str:
    """Write a date with its day of the week and its year."""
    return _skeleton(day, "yMMMEd", "%a %d %b %Y")


def weekday_text(number: int) -> str:
    """Name a day of the week; 0 is Monday."""
    a_monday = date(2024, 1, 1)
    return _skeleton(a_monday + timedelta(days=number), "EEEE", "%A")


def _skeleton(at: date, fields: str, english: str) -> str:
    """Write some fields of an instant in the order and with the names of the language."""
    if language() == ENGLISH:
        return at.strftime(english)
    from babel.dates import format_skeleton

    return format_skeleton(fields, at, locale=language())


def _together(day: str, minute: str) -> str:
    if language() == ENGLISH:
        return f"{day} {minute}"
    from babel.dates import get_datetime_format

    return str(get_datetime_format("medium", language())).format(minute, day)
