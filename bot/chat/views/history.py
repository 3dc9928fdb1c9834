"""The answer to `/history`: what is drawn, and the few lines below it."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from html import escape
from zoneinfo import ZoneInfo

from bot.chat.i18n import _, later, ngettext
from bot.chat.numbers import (
    ABOUT,
    AT_LEAST,
    amount_text,
    amounts_are_hidden,
    clock_text,
    day_text,
    fitted,
    minute_text,
    percent_text,
    point_text,
    span_text,
    value_text,
)
from bot.chat.picture import Picture, Strip
from bot.chat.views.layout import length_of, name_text, one_line, path_text, source_text
from bot.core.portfolio import is_listing
from bot.core.series import Figure
from bot.fetchers.model import exact_sum
from bot.services.show_history import EVERYTHING, SPANS, By, HistoryReport, UnknownSpan

MOST_NAMES = 3
_MOST_UNITS = 1000
"""A caption has 1,024 UTF-16 units; tags are counted, too, which is on the safe side."""
_AMOUNT_WIDTH = 24
_NAME_WIDTH = 40
_MOST_TICKS = 6
_PERCENT = Decimal("0.1")
_MINUTES = (1, 5, 15, 30, 60, 120, 180, 360, 720)
_DAYS = (1, 2, 3, 7, 14, 28)
_STEPS = (*(timedelta(minutes=n) for n in _MINUTES), *(timedelta(days=n) for n in _DAYS))
_DAY = timedelta(days=1)

DRAWING = later("Drawing…")
NOTHING_THEN = later("Nothing is known of that time.")
NOT_DRAWN = later("⚠️ The picture could not be drawn; the log of the bot says why.")
_BY: Mapping[str, str] = {
    "coin": later("📊 By coin"),
    "account": later("📊 By account"),
    "wallet": later("📊 By wallet"),
}


def by_text(report: HistoryReport, by: By) -> str:
    """Write on a button which bands it shows."""
    return _(_BY["coin" if by == "coin" else report.places])


def span_mistake(error: UnknownSpan) -> str:
    """Say which times there are pictures of."""
    if str(error).lower() in SPANS:
        return _("A picture shows one time, as in {example}").format(
            example="<code>/history main 30d</code>"
        )
    return _("No picture of {time}: there are 1d, 7d, 30d and 90d, as in {example}").format(
        time=f"«{one_line(str(error))}»", example="<code>/history main 30d</code>"
    )


def nothing_text(report: HistoryReport) -> str:
    """Say why there is no picture."""
    if not report.series.totals:
        return _("Nothing of that was ever read, so there is no history yet.")
    if report.series.unpriced:
        return _(
            "There is no picture: no price was kept for what was there ({coins}). Prices are "
            "kept from now on. The amount of one coin needs none: {example}"
        ).format(
            coins=_named([escape(name_text(coin)) for coin in report.series.unpriced]),
            example=f"<code>/history {escape(name_text(report.series.unpriced[0]))}</code>",
        )
    return _("Nothing of that was read in this time, so there is no picture.")


def caption(report: HistoryReport, zone: ZoneInfo, numbered: Mapping[str, str]) -> str:
    """Say below the picture what it shows in numbers, and what is missing."""
    text = f"<b>{escape(_title(report))}</b> · {report.question.span}"
    named = (f"{short} = {escape(_short(name))}" for short, name in numbered.items())
    for line in (*_figures(report, zone), *named, *_missing(report, zone)):
        if length_of(f"{text}\n{line}") <= _MOST_UNITS:
            text += f"\n{line}"
    return text


def _title(report: HistoryReport) -> str:
    """Name what is shown: which wallets, and which coin of them."""
    where = _("All wallets") if report.pattern == EVERYTHING else _short(report.pattern)
    return f"{where} · {_('value') if report.is_value else name_text(report.unit)}"


def _short(name: str) -> str:
    return name_text(name, width=_NAME_WIDTH)


def _path(path: str) -> str:
    return escape(_short(source_text(path))) if is_listing(path) else path_text(_short(path))


def _figures(report: HistoryReport, zone: ZoneInfo) -> Iterator[str]:
    series = report.series
    first, last = series.opening, series.closing
    low, high = series.lowest, series.highest
    if first is None or last is None or low is None or high is None:
        return
    unit = "" if amounts_are_hidden() else f" {escape(name_text(report.unit))}"
    yield f"{_amount(report, first)} → <b>{_amount(report, last)}</b>{unit}"
    if change := _change(report, first, last):
        yield change
    if low.value == high.value:
        return
    for name, figure in ((_("min"), low), (_("max"), high)):
        at = clock_text(figure.at, zone, now=report.at)
        yield f"{name} {_amount(report, figure)} · {at}"


def _amount(report: HistoryReport, figure: Figure) -> str:
    """Write what there was, marked where it is not all."""
    least = not figure.complete and not figure.may_be_less
    mark = AT_LEAST if least else "" if figure.complete else ABOUT
    return f"{mark}{_plain(report, figure.value or Decimal(0), at_least=least)}"


def _plain(report: HistoryReport, value: Decimal, *, at_least: bool = False) -> str:
    if report.is_value:
        return value_text(value, report.unit, at_least=at_least, of=_base(report))
    return fitted(amount_text(value, of=_base(report)), width=_AMOUNT_WIDTH)


def _base(report: HistoryReport) -> Decimal | None:
    """Return what is 100 percent where amounts are hidden: what there was first, or the most."""
    series = report.series
    figures = (series.opening, series.highest, series.lowest)
    return next((figure.value for figure in figures if figure and figure.value), None)


def _change(report: HistoryReport, first: Figure, last: Figure) -> str:
    """Say how much more there is; nothing where a part of one of both was not read."""
    if first.unread or last.unread or first.value is None or last.value is None:
        return ""
    difference = exact_sum([last.value, first.value.copy_negate()])
    if not difference:
        return _("no change")
    sign = "+" if difference > 0 else ""
    mark = "" if first.complete and last.complete else ABOUT
    told = f"{mark}{sign}{_plain(report, difference)}"
    if first.value <= 0 or amounts_are_hidden():
        return told
    percent = (difference / first.value * 100).quantize(_PERCENT)
    return f"{told} ({percent_text(percent) if percent <= 0 else '+' + percent_text(percent)})"


def _missing(report: HistoryReport, zone: ZoneInfo) -> Iterator[str]:
    series = report.series
    if series.unread:
        longest = sorted(series.unread.items(), key=lambda told: -told[1])
        named = [f"{_path(path)} {span_text(span)}" for path, span in longest]
        yield _("⚠️ not read: {names}").format(names=_named(named))
    begun = [
        f"{_path(path)} {_('never') if at is None else clock_text(at, zone, now=report.at)}"
        for path, at in series.unwatched.items()
    ]
    if begun:
        yield _("first read: {names}").format(names=_named(begun))
    if series.unpriced:
        coins = [escape(name_text(coin)) for coin in series.unpriced]
        yield _("at times without a price: {names}").format(names=_named(coins))


def _named(names: Sequence[str]) -> str:
    """Name the first few, and how many more there are."""
    told = ", ".join(names[:MOST_NAMES])
    more = len(names) - MOST_NAMES
    if more <= 0:
        return told
    return ngettext("{names} and {n} more", "{names} and {n} more", more).format(
        names=told, n=more
    )


def picture_of(report: HistoryReport, zone: ZoneInfo) -> Picture:
    """Lay out what is drawn; where amounts are hidden, in percent and without limits."""
    series = report.series
    scale = _scale(report)

    def _drawn(value: Decimal | None) -> float | None:
        return None if value is None else float(value * scale)

    totals = series.totals
    return Picture(
        title=_title(report),
        subtitle=_subtitle(report, zone),
        unit="%" if amounts_are_hidden() else name_text(report.unit),
        times=tuple(figure.at.timestamp() for figure in totals),
        totals=tuple(_drawn(figure.value) for figure in totals),
        unread=tuple(figure.unread for figure in totals),
        strips=tuple(Strip(band.name, tuple(map(_drawn, band.values))) for band in series.bands)
        or (Strip(_short(report.pattern), tuple(_drawn(figure.value) for figure in totals)),),
        ticks=tuple(_ticks(report.since, report.at, zone)),
        limits=tuple(
            (float(limit.level), f"{limit.comparison} {amount_text(limit.level)}")
            for limit in report.limits
            if not amounts_are_hidden()
        ),
        marks=tuple((mark.at.timestamp(), mark.raised) for mark in report.marks),
        words={
            "others": _("others"),
            "unread": _("not read"),
            "raised": _("alert"),
            "cleared": _("over"),
            "point": point_text(),
        },
    )


def _scale(report: HistoryReport) -> Decimal:
    """Return what makes of an amount what is drawn of it."""
    base = _base(report)
    return 100 / base.copy_abs() if amounts_are_hidden() and base else Decimal(1)


def _subtitle(report: HistoryReport, zone: ZoneInfo) -> str:
    begin, end = report.since.astimezone(zone), report.at.astimezone(zone)
    told = " – ".join(f"{day_text(at)} {minute_text(at)}" for at in (begin, end))
    return f"{told} {end.tzname()}"


def _ticks(begin: datetime, end: datetime, zone: ZoneInfo) -> Iterator[tuple[float, str]]:
    """Mark round times of the zone; a time that a change of clocks leaves out is not marked."""
    span = end - begin
    step = next((step for step in _STEPS if span / step <= _MOST_TICKS), _STEPS[-1])
    local = begin.astimezone(zone).replace(tzinfo=None)
    at = local.replace(hour=0, minute=0, second=0, microsecond=0)
    while at <= local + span + _DAY:
        instant = at.replace(tzinfo=zone).astimezone(UTC)
        there = instant.astimezone(zone).replace(tzinfo=None) == at
        if there and begin <= instant <= end:
            midnight = at.hour == at.minute == 0
            yield instant.timestamp(), day_text(at) if midnight else minute_text(at)
        at += step
