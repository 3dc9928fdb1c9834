"""Blocks, columns and pages: what fits a phone and what fits a message."""

import re
from collections.abc import Iterable, Sequence
from html import escape, unescape

from bot.chat.i18n import _, ngettext
from bot.chat.numbers import fitted, width_of
from bot.core.portfolio import is_listing
from bot.core.portions import LONGEST_LINE, LONGEST_NAME, MOST_PATHS, MOST_UNITS

COLUMNS = 34
"""What a phone shows of monospaced text in one line."""
MOST_ROWS = 32
"""A row whose amount nobody has seen yet may have a hundred characters."""
_COIN_WIDTH = 10
_TAG = re.compile(r"</?[a-z-]+(?: [^<>]*)?>")

Row = tuple[str, str]


def length_of(text: str) -> int:
    """Count as Telegram does: in UTF-16 units, after the marks of HTML are taken out."""
    return _units(unmarked(text))


def unmarked(html: str) -> str:
    """Take the marks of our HTML out."""
    return unescape(_TAG.sub("", html))


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "replace")) // 2


def path_text(path: str) -> str:
    """Show a path so that a touch copies it."""
    return f"<code>{escape(name_text(path, width=LONGEST_NAME))}</code>"


def source_text(path: str) -> str:
    """Name a wallet, or a list of sub-accounts as what it is: nobody knows it by its path."""
    if not is_listing(path):
        return path
    return _("sub-accounts of {account}").format(account=path.partition("/")[0])


def paths_text(paths: Sequence[str]) -> str:
    """Name the first few paths, and how many more there are."""
    named = ", ".join(path_text(path) for path in paths[:MOST_PATHS])
    more = len(paths) - MOST_PATHS
    if more <= 0:
        return named
    return ngettext("{names} and {n} more", "{names} and {n} more", more).format(
        names=named, n=more
    )


def name_text(name: str, *, width: int = _COIN_WIDTH) -> str:
    """Shorten a name to a column; control and direction marks would disorder the line."""
    shown = "".join(c for c in name if c.isprintable())
    if _units(shown) <= width:
        return shown
    while _units(shown) >= width:
        shown = shown[: -max(1, (_units(shown) - width) // 2)]
    return f"{shown}…"


def one_line(text: str) -> str:
    """Show words of others within ours: what they may do to the line is taken out."""
    return escape(name_text(text, width=LONGEST_LINE))


def columns(rows: Sequence[Row]) -> str:
    """Set names to the left and amounts to the right, as narrow as they all fit."""
    if not rows:
        return ""
    left = max(width_of(name) for name, _amount in rows)
    amounts = [fitted(amount, width=COLUMNS - left - 1) for _name, amount in rows]
    right = max(map(width_of, amounts))
    gap = max(1, min(COLUMNS - left - right, 4))
    lines = (
        f"{name}{' ' * (left - width_of(name) + gap + right - width_of(amount))}{amount}"
        for (name, _amount), amount in zip(rows, amounts, strict=True)
    )
    return f"<pre>{escape(chr(10).join(lines))}</pre>"


def tables(rows: Sequence[Row]) -> list[str]:
    """Set rows as one table, or several where they are too many for one message."""
    starts = range(0, len(rows), MOST_ROWS)
    return [columns(rows[start : start + MOST_ROWS]) for start in starts]


def pages(blocks: Iterable[str]) -> list[str]:
    """Lay blocks out on pages that each fit one message; a block is never torn."""
    laid: list[str] = []
    for block in blocks:
        joined = f"{laid[-1]}\n{block}" if laid else block
        if laid and length_of(joined) <= MOST_UNITS:
            laid[-1] = joined
        else:
            laid.append(block)
    return laid or [""]


def first_page(blocks: Sequence[str], *, more: str) -> str:
    """Lay out what fits one message, and say what to ask for the rest."""
    laid = pages(blocks)
    return laid[0] if len(laid) == 1 else f"{laid[0]}\n{more}"
