"""Rows of three: a name, what there is, and what it is worth or its share."""

from collections.abc import Sequence
from html import escape
from typing import NamedTuple

from bot.chat.numbers import fitted, width_of
from bot.chat.views.layout import COLUMNS, columns, name_text

_NAME, _LAST = 8, 15
"""How wide a name is at least, if it is so long, and what stands last at most."""
_GAPS = 3
"""Between three at least: one and two."""


class Triple(NamedTuple):
    """One row, as it is to be read from left to right."""

    name: str
    amount: str
    last: str
    """A value or a share; empty where there is none."""


def triples(rows: Sequence[Triple]) -> list[str]:
    """Set rows as one table; where three are too wide for a phone, the last goes below."""
    if not rows:
        return []
    lasts = [fitted(row.last, width=_LAST) for row in rows]
    last = max(map(width_of, lasts))
    gaps = _GAPS if last else 1
    room = COLUMNS - last - gaps
    name = min(max(width_of(row.name) for row in rows), _NAME)
    amounts = [fitted(row.amount, width=room - name) for row in rows]
    amount = max(map(width_of, amounts))
    if amount > room - name or last > _LAST:
        return [_in_pairs(rows)]
    name = room - amount
    names = [_cut(row.name, name) for row in rows]
    name = max(map(width_of, names))
    first = 1 + min(COLUMNS - name - amount - last - gaps, 1)
    lines = (
        _left(one, name + first) + _right(two, amount) + _right(three, gaps - 1 + last)
        for one, two, three in zip(names, amounts, lasts, strict=True)
    )
    return [f"<pre>{escape(chr(10).join(lines))}</pre>"]


def _in_pairs(rows: Sequence[Triple]) -> str:
    pairs = []
    for row in rows:
        pairs.append((_cut(row.name, _NAME + 2), row.amount))
        if row.last:
            pairs.append(("·", row.last))
    return columns(pairs)


def _cut(name: str, width: int) -> str:
    """Shorten a name until it fits; wide characters take two columns each."""
    for most in range(width, 0, -1):
        shown = name_text(name, width=most)
        if width_of(shown) <= width:
            return shown
    return "…"


def _left(text: str, width: int) -> str:
    return text + " " * (width - width_of(text))


def _right(text: str, width: int) -> str:
    return " " * (width - width_of(text)) + text
