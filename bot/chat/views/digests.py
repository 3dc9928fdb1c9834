"""The digest: balances, what has changed, what is low, what cannot be read."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from zoneinfo import ZoneInfo

from bot.chat.numbers import change_text, clock_text
from bot.chat.views.alerts import firing_lines, unreadable_lines
from bot.chat.views.balances import partial_note, total_rows, value_lines
from bot.chat.views.layout import first_page, name_text, path_text, tables
from bot.core.digest import Change, Digest


def digest_text(digest: Digest, zone: ZoneInfo) -> str:
    """Set a digest in one message."""
    blocks = [*_heading(digest, zone), *_balances(digest), *_changes(digest, zone)]
    blocks += _section("Low or high", firing_lines(digest.firing, zone, digest.at))
    blocks += _section("Cannot be read", unreadable_lines(digest.unreadable, digest.at))
    return first_page(blocks, more="… and more: /balance and /alerts show all")


def _heading(digest: Digest, zone: ZoneInfo) -> Iterator[str]:
    at = digest.at.astimezone(zone)
    yield f"☀️ <b>Digest</b> · {digest.local_date:%a %d %b %Y} · {at:%H:%M} {at.tzname()}"
    if digest.late:
        yield "late: I was not running when it was due"


def _balances(digest: Digest) -> list[str]:
    rows = tables(total_rows(digest.totals)) or ["none"]
    value = value_lines(digest.value, digest.at)
    return ["\n<b>Balances</b>", *value, *rows, *partial_note(digest.totals, digest.wallets)]


def _changes(digest: Digest, zone: ZoneInfo) -> Iterator[str]:
    if digest.changes is None or digest.since is None:
        yield "\n<b>Changed</b>\nnothing to compare with yet"
        return
    yield f"\n<b>Changed</b> since {clock_text(digest.since, zone, now=digest.at)}"
    if not digest.changes:
        yield "nothing"
    for path, changes in groupby(digest.changes, key=lambda change: change.path):
        head, *rest = tables([_change_row(change) for change in changes])
        yield f"{path_text(path)}\n{head}"
        yield from rest


def _change_row(change: Change) -> tuple[str, str]:
    return name_text(change.asset), change_text(change.difference)


def _section(title: str, lines: Sequence[str]) -> list[str]:
    return [f"\n<b>{title}</b>", *(lines or ["nothing"])]
