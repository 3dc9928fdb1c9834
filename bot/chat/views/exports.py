"""A file of what was read: its rows, its name, and what is said of it."""

import csv
import re
from collections.abc import Iterable
from datetime import UTC
from decimal import Decimal
from io import StringIO
from zoneinfo import ZoneInfo

from bot.chat.i18n import _, later, ngettext
from bot.chat.numbers import date_text, rounded_value
from bot.chat.views.layout import one_line
from bot.chat.views.words import usage_text
from bot.core.exports import Line, UnknownExportSpan
from bot.core.thinning import WHOLE
from bot.services.export_history import MOST_ROWS, Export

NO_AMOUNTS = later("Amounts are not shown in this chat, so there is no file of them.")
NOTHING_KEPT = later("Nothing of that was read in this time, so there is no file.")
_HEAD = ("time", "local_time", "path", "coin", "total", "available", "held")
_BEGINS_FORMULA = re.compile("[=+\\-@＝＋－＠\t\r\n]")
_STRANGE = re.compile(r"[^A-Za-z0-9.#-]+")


def head_of(export: Export) -> bytes:
    """Write the first line; the mark before it tells spreadsheets that it is UTF-8."""
    return _written([(*_HEAD, f"value_{export.currency}")], "utf-8-sig")


def rows_of(lines: Iterable[Line], export: Export, zone: ZoneInfo) -> bytes:
    """Write a piece of the file: amounts to the last digit, unknown ones as nothing."""
    rows = []
    for line in lines:
        changed = line.changed
        value = None if line.value is None else rounded_value(line.value, export.currency)
        amounts = (changed.total, changed.available, changed.held, value)
        rows.append(
            (
                changed.at.astimezone(UTC).isoformat(timespec="milliseconds"),
                changed.at.astimezone(zone).isoformat(timespec="seconds"),
                _safe(changed.path),
                _safe(changed.coin),
                *map(_digits, amounts),
            )
        )
    return _written(rows, "utf-8")


def _written(rows: Iterable[Iterable[str]], encoding: str) -> bytes:
    text = StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode(encoding, "replace")


def _digits(amount: Decimal | None) -> str:
    return "" if amount is None else f"{amount:f}"


def _safe(name: str) -> str:
    """Keep a name from being taken for a formula: others choose what coins are called."""
    return f"'{name}" if _BEGINS_FORMULA.match(name) else name


def file_name(export: Export, zone: ZoneInfo) -> str:
    """Name the file by what is in it, and by its first and its last day."""
    what = [_STRANGE.sub("-", word).strip("-") for word in export.wish.words]
    days = [f"{at.astimezone(zone):%Y-%m-%d}" for at in (export.since, export.at)]
    return "_".join(["balances", *filter(None, what), *days]) + ".csv"


def coming_text(export: Export) -> str:
    """Say at once that the file is coming."""
    told = ngettext(
        "⏳ making a file of {n} change …", "⏳ making a file of {n} changes …", export.rows
    )
    return told.format(n=export.rows)


def too_much_text(export: Export) -> str:
    """Say how much there is, and what to ask for that a file has room for."""
    told = _("There are {n} changes in this time, and a file holds {most}.").format(
        n=f"{export.rows:,}", most=f"{MOST_ROWS:,}"
    )
    words = [one_line(word) for word in export.wish.words]
    if export.fitting is None:
        return (
            f"{told} {_('Ask for less: one wallet, or one coin of it.')}\n\n{usage_text('export')}"
        )
    asked = f"<code>{' '.join(['/export', *words, export.fitting])}</code>"
    return f"{told} {_('This fits: {command}').format(command=asked)}"


def file_text(export: Export, *, rows: int, zone: ZoneInfo) -> str:
    """Say below the file what is in it."""
    first, last = (date_text(at.astimezone(zone).date()) for at in (export.since, export.at))
    told = ngettext("{n} row", "{n} rows", rows).format(n=f"{rows:,}")
    lines = [
        f"{first} – {last} · {told}",
        _("Values in {currency}, where a price was kept.").format(currency=export.currency),
    ]
    if export.since < export.at - WHOLE:
        thinned = _("Of what is older than {days} days only the last change of each hour is kept.")
        lines.append(thinned.format(days=WHOLE.days))
    return "\n".join(lines)


def export_span_mistake(error: UnknownExportSpan) -> str:
    """Say which times there are."""
    told = _("No file of «{word}»: 7d, 30d, 90d and 1y are there, one of them at a time.")
    return f"{told.format(word=one_line(str(error)))}\n\n{usage_text('export')}"
