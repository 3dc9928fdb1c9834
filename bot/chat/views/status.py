"""How the bot itself stands, problems first."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from html import escape
from zoneinfo import ZoneInfo

from bot.chat.i18n import _, later, ngettext
from bot.chat.numbers import age_text, clock_text, span_text
from bot.chat.views.layout import columns, name_text, pages, source_text
from bot.chat.views.standing import stale_text, unreadable_lines
from bot.core.status import LATE_AFTER, Source, Status
from bot.core.valuation import STALE_AFTER
from bot.core.vitals import Part

ROWS_A_PAGE = 15
_NAME_WIDTH = 22
_PARTS: Mapping[Part, str] = {
    "poll": later("🔌 nothing has got through from Telegram since {since}"),
    "checks": later("🔌 accounts are not checked in time since {since}"),
    "delivery": later("🔌 messages are not delivered in time since {since}"),
}


def status_pages(status: Status, zone: ZoneInfo) -> list[str]:
    """Set it on pages: what is wrong, then the parts, then each source that is well."""
    head = [*_heading(status, zone), *_parts(status, zone)]
    problems = [f"\n{_problem(source, status)}" for source in status.problems]
    well = [source for source in status.sources if source.is_well]
    tables = [
        "\n" + columns([_row(source, status) for source in well[start : start + ROWS_A_PAGE]])
        for start in range(0, len(well), ROWS_A_PAGE)
    ]
    first = "\n".join(head)
    if problems:
        laid = pages([first, *problems])
        return [*laid, *tables]
    return [f"{first}\n{tables[0]}", *tables[1:]] if tables else [first]


def _heading(status: Status, zone: ZoneInfo) -> Iterator[str]:
    clock = escape(clock_text(status.at, zone, now=status.at))
    ill = len(status.problems) + len(status.ailing)
    well = (
        _("✅ all is well")
        if not ill
        else ngettext("⚠️ {n} problem", "⚠️ {n} problems", ill).format(n=ill)
    )
    yield f"<b>{_('Status')}</b> · {clock}\n<b>{well}</b>"


def _parts(status: Status, zone: ZoneInfo) -> Iterator[str]:
    for part, since in status.ailing.items():
        yield _(_PARTS[part]).format(since=escape(clock_text(since, zone, now=status.at)))
    read = sum(source.state.readable and not source.stale for source in status.sources)
    yield _("sources: {n} of {all} read").format(n=read, all=len(status.sources))
    yield _waiting(status)
    yield _prices(status)
    up = span_text(status.at - status.began_at)
    yield _("version {version}, running for {span}").format(
        version=escape(status.version), span=up
    )


def _waiting(status: Status) -> str:
    if not status.waiting:
        return _("no message waits to be sent")
    told = ngettext(
        "{n} message waits to be sent", "{n} messages wait to be sent", status.waiting
    ).format(n=status.waiting)
    if status.waiting_since is None:
        return told
    return f"{told}, {_('the oldest for {span}').format(span=_since(status))}"


def _since(status: Status) -> str:
    return span_text(status.at - (status.waiting_since or status.at))


def _prices(status: Status) -> str:
    """Tell how old prices are; of several markets the one that is worst."""
    if not status.prices:
        return _("prices: none are asked for")
    missing = sorted(market for market, at in status.prices.items() if at is None)
    if missing:
        names = ", ".join(escape(name_text(market)) for market in missing)
        return _("⚠️ prices: none so far of {names}").format(names=names)
    oldest = min(at for at in status.prices.values() if at is not None)
    age = max(status.at - oldest, timedelta(0))
    told = _("prices: {span} old").format(span=span_text(age))
    return f"⚠️ {told}" if age > STALE_AFTER else told


def _problem(source: Source, status: Status) -> str:
    """Tell in a few lines what is wrong with a source, and when it is read next."""
    if not source.state.readable:
        (told,) = unreadable_lines([source.state], status.at)
    else:
        told = stale_text(source.state, status.at)
    return "\n".join([told, _next(source, status)])


def _next(source: Source, status: Status) -> str:
    if source.next_at is None:
        return _("nobody knows when it is read next")
    if source.lag > LATE_AFTER:
        return _("should have been read {span} ago").format(span=span_text(source.lag))
    if source.next_at <= status.at:
        return _("is being read now")
    return _("read next in {span}").format(span=span_text(source.next_at - status.at))


def _row(source: Source, status: Status) -> tuple[str, str]:
    read_at = source.state.read_at
    age = age_text(read_at, status.at) if read_at is not None else _("never")
    return name_text(source_text(source.state.path), width=_NAME_WIDTH), age
