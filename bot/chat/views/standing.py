"""What is wrong now: all that fires, is silenced or is not read (`/alerts`)."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from html import escape
from zoneinfo import ZoneInfo

from bot.chat.i18n import _, ngettext
from bot.chat.numbers import age_text, clock_text, span_text, until_text
from bot.chat.views.alerts import SIGNS, blind_text, since_text
from bot.chat.views.figures import ORDER, limit_text, measured_text, title_text
from bot.chat.views.layout import one_line, pages, path_text
from bot.chat.views.mistakes import reason_text
from bot.core.alerts import AlertState, Hush
from bot.core.events import Alert
from bot.core.portfolio import WalletState
from bot.services.report_balances import AlertReport


def alert_pages(report: AlertReport, zone: ZoneInfo) -> list[str]:
    """Answer "is anything wrong now?": what is critical, what is not read, what else is wrong.

    What is silenced is told as well, at the end: without it one would think that all is well. Each
    page begins with how much there is of each.
    """
    if not (report.firing or report.unreadable or report.stale):
        return [_all_well(report)]
    firing: dict[str, list[AlertState]] = defaultdict(list)
    for state in report.firing:
        severity = state.alert.severity if state.alert is not None else "warning"
        firing["silent" if state.is_silenced(report.at) else severity].append(state)
    blocks = [
        *firing_lines(firing["critical"], zone, report.at),
        *_unread_blocks(report),
        *firing_lines(firing["warning"], zone, report.at),
        *firing_lines(firing["silent"], zone, report.at),
    ]
    laid = pages(f"\n{block}" for block in blocks)
    return [f"{_counts(report, silent=len(firing['silent']))}\n{page}" for page in laid]


def _counts(report: AlertReport, *, silent: int) -> str:
    firing, unread = len(report.firing) - silent, len(report.unreadable) + len(report.stale)
    told = [
        (ngettext("🔔 {n} firing", "🔔 {n} firing", firing), firing),
        (ngettext("🔕 {n} silenced", "🔕 {n} silenced", silent), silent),
        (ngettext("🔌 {n} not read", "🔌 {n} not read", unread), unread),
    ]
    return f"<b>{' · '.join(text.format(n=count) for text, count in told if count)}</b>"


def _unread_blocks(report: AlertReport) -> Iterator[str]:
    told = {state.path: _unreadable(state, report.at) for state in report.unreadable}
    told |= {state.path: stale_text(state, report.at) for state in report.stale}
    for path, text in told.items():
        blind = blind_text(report.blind.get(path, 0))
        yield _("{unread}; {blind}").format(unread=text, blind=blind)


def _all_well(report: AlertReport) -> str:
    ages = [state.read_at for state in report.wallets if state.read_at is not None]
    count = len(report.wallets)
    if not ages:
        well = ngettext("✅ All is well: {n} wallet.", "✅ All is well: {n} wallets.", count)
        return well.format(n=count)
    well = ngettext(
        "✅ All is well: {n} wallet, oldest reading {span} ago.",
        "✅ All is well: {n} wallets, oldest reading {span} ago.",
        count,
    )
    return well.format(n=count, span=span_text(report.at - min(ages)))


def firing_lines(firing: Sequence[AlertState], zone: ZoneInfo, now: datetime) -> list[str]:
    """Tell each alert that fires in a few lines, the worst first."""
    found = [state for state in firing if state.alert is not None and state.amount is not None]
    found.sort(key=lambda state: ORDER[state.alert.severity] if state.alert else 0)
    return [_firing(state.alert, state, zone, now) for state in found if state.alert]


def _firing(alert: Alert, state: AlertState, zone: ZoneInfo, now: datetime) -> str:
    amount = measured_text(alert, state.amount) if state.amount is not None else _("unknown")
    told = _("{amount}, limit {limit}, rule {rule}").format(
        amount=amount, limit=escape(limit_text(alert)), rule=one_line(alert.rule)
    )
    title = f"{_(SIGNS[alert.severity])} · {title_text(alert)}"
    lines = [title, told, since_text(alert, zone, now)]
    if state.hush is not None:
        lines.append(pressed_text(state.hush, zone, now=now))
    return "\n".join(lines)


def pressed_text(hush: Hush, zone: ZoneInfo, *, now: datetime) -> str:
    """Say what was pressed about an alert, by whom and when."""
    by = f"{one_line(hush.by)}, {escape(clock_text(hush.at, zone, now=now))}"
    return f"{hush_text(hush, zone, now=now)} · {by}"


def hush_text(hush: Hush, zone: ZoneInfo, *, now: datetime) -> str:
    """Say what was pressed: seen, silent, or no longer silent."""
    if hush.kind == "seen":
        return _("👁 seen")
    if hush.until is None:
        return _("🔕 silent until recovered")
    until = until_text(hush.until, zone, now=now)
    told = _("🔕 silent until {until}") if now < hush.until else _("🔔 was silent until {until}")
    return told.format(until=until)


def unreadable_lines(unreadable: Sequence[WalletState], now: datetime) -> list[str]:
    """Tell each wallet that cannot be read: why, and how old the last good value is."""
    return [_unreadable(state, now) for state in unreadable]


def _unreadable(state: WalletState, now: datetime) -> str:
    if state.health.message is None:
        return _("⏳ {path}\nnot read yet").format(path=path_text(state.path))
    reason = one_line(reason_text(state.health.error, state.health.message))
    good = _("never read so far")
    if state.read_at is not None:
        good = _("last read {age}").format(age=age_text(state.read_at, now))
    return f"🔌 {path_text(state.path)}\n{reason}\n{good}"


def stale_text(state: WalletState, now: datetime) -> str:
    """Tell that a wallet is not read any more, without a reading that failed."""
    age = now - state.read_at if state.read_at is not None else timedelta(0)
    if age >= timedelta(0):
        return _("⏳ {path}\nnot read for {span}").format(
            path=path_text(state.path), span=span_text(age)
        )
    return _(
        "⏳ {path}\nnot read any more, last read {span} in the future: the clock was put back"
    ).format(path=path_text(state.path), span=span_text(-age))
