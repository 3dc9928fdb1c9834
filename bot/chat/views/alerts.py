"""Alerts and sources: as they happen, and all that is wrong now (`/alerts`)."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from html import escape
from zoneinfo import ZoneInfo

from bot.chat.numbers import AT_LEAST, age_text, amount_text, change_text, clock_text, span_text
from bot.chat.views.layout import columns, first_page, name_text, one_line, path_text, paths_text
from bot.core.alerts import AlertState
from bot.core.events import (
    Alert,
    AlertCleared,
    AlertEnded,
    AlertRaised,
    Event,
    SourceFound,
    SourceLost,
    SubAccountsChanged,
)
from bot.core.portfolio import SUB, WalletState, is_listing
from bot.fetchers.model import exact_sum
from bot.services.report_balances import AlertReport

SIGNS = {"critical": "🔴 CRITICAL", "warning": "🟠 WARNING"}
_ORDER = {"critical": 0, "warning": 1}


def events_text(
    events: Sequence[Event], *, zone: ZoneInfo, now: datetime, maybe_repeated: bool
) -> str:
    """Set what one check has found in one message, the worst first."""
    blocks = [
        *_raised(events, zone, now),
        *(_cleared(e) for e in events if isinstance(e, AlertCleared)),
        *(_ended(e) for e in events if isinstance(e, AlertEnded)),
        *_lost(events, now),
        *_found(events),
        *(_sub_accounts(e) for e in events if isinstance(e, SubAccountsChanged)),
    ]
    if maybe_repeated:
        blocks.append("<i>This may be a repeat: Telegram did not confirm the first one.</i>")
    return first_page(_spaced(blocks), more="… and more: /alerts shows all")


def _spaced(blocks: Sequence[str]) -> list[str]:
    return [block if n == 0 else f"\n{block}" for n, block in enumerate(blocks)]


def _raised(events: Sequence[Event], zone: ZoneInfo, now: datetime) -> Iterator[str]:
    raised = [event for event in events if isinstance(event, AlertRaised)]
    for event in sorted(raised, key=lambda e: _ORDER[e.alert.severity]):
        alert = event.alert
        yield "\n".join(
            [
                f"{SIGNS[alert.severity]} · {_what(alert)}",
                _figures(alert, event.amount),
                *_change(event),
                f"since {clock_text(alert.since, zone, now=now)}, {age_text(alert.since, now)}",
                *([f"“{one_line(alert.note)}”"] if alert.note else []),
                _signature(alert),
            ]
        )


def _signature(alert: Alert) -> str:
    return f"<i>{one_line(alert.rule)} · {alert.incident}</i>"


def _what(alert: Alert) -> str:
    subject = alert.subject.removeprefix("sum ")
    summed = "sum " if alert.subject.startswith("sum ") else ""
    side = "low" if alert.comparison == "<" else "high"
    coin = f"<b>{escape(name_text(alert.asset, width=30))}</b>"
    return f"{summed}{path_text(subject)} · {coin} {side}"


def _figures(alert: Alert, amount: Decimal) -> str:
    off = exact_sum([alert.limit, amount.copy_negate()]).copy_abs()
    return columns(
        [
            (_part(alert), _amount(alert, amount)),
            ("limit", f"{alert.comparison} {amount_text(alert.limit)}"),
            ("short" if alert.comparison == "<" else "over", amount_text(off)),
        ]
    )


def _amount(alert: Alert, amount: Decimal) -> str:
    return f"{AT_LEAST if alert.at_least else ''}{amount_text(amount)}"


def _part(alert: Alert) -> str:
    return "balance" if alert.part == "total" else "available"


def _change(event: AlertRaised) -> list[str]:
    if event.before is None or event.before == event.amount:
        return []
    difference = exact_sum([event.amount, event.before.copy_negate()])
    return [f"{change_text(difference)} against the reading before"]


def _cleared(event: AlertCleared) -> str:
    alert = event.alert
    back = "≥" if alert.comparison == "<" else "≤"
    return "\n".join(
        [
            f"✅ RECOVERED · {_what(alert).rsplit(' ', 1)[0]}",
            columns(
                [
                    (_part(alert), _amount(alert, event.amount)),
                    ("limit", f"{alert.comparison} {amount_text(alert.limit)}"),
                    ("clear", f"{back} {amount_text(alert.clear)}"),
                ]
            ),
            f"after {span_text(event.at - alert.since)}",
            _signature(alert),
        ]
    )


def _ended(event: AlertEnded) -> str:
    alert = event.alert
    return "\n".join(
        [
            f"⏹ ENDED · {_what(alert)}",
            "its rule or wallet is no longer there as it was; whether it has recovered is unknown",
            f"last seen {_amount(alert, event.amount)}, limit "
            f"{escape(alert.comparison)} {amount_text(alert.limit)}",
            _signature(alert),
        ]
    )


def _lost(events: Sequence[Event], now: datetime) -> Iterator[str]:
    by_reason: dict[tuple[str, str], list[SourceLost]] = defaultdict(list)
    for event in events:
        if isinstance(event, SourceLost):
            by_reason[event.error, event.message].append(event)
    for (error, message), lost in by_reason.items():
        paths = paths_text([event.path for event in lost])
        good = [event.last_good_at for event in lost if event.last_good_at is not None]
        known = f"last read {age_text(min(good), now)}" if good else "never read so far"
        yield "\n".join(
            [
                f"🔌 CANNOT READ · {paths}",
                one_line(message),
                f"{known}; {_consequence(lost)}",
                f"<i>{escape(error)}</i>",
            ]
        )


def _consequence(lost: Sequence[SourceLost]) -> str:
    if all(is_listing(event.path) for event in lost):
        return "sub-accounts known before are read all the same, new ones are not seen"
    return "no rule about it is judged meanwhile"


def _found(events: Sequence[Event]) -> Iterator[str]:
    found = [event for event in events if isinstance(event, SourceFound)]
    if found:
        paths = paths_text([event.path for event in found])
        longest = max(event.at - event.since for event in found)
        yield f"🟢 READABLE AGAIN · {paths}\nafter {span_text(longest)}"


def _sub_accounts(event: SubAccountsChanged) -> str:
    changes = {
        "new": event.added,
        "gone": event.gone,
        "frozen, still read": event.frozen,
        "in use again": event.thawed,
    }
    told = (
        f"{what}: {paths_text([f'{event.account}/{SUB}{name}' for name in names])}"
        for what, names in changes.items()
        if names
    )
    return "\n".join([f"👥 SUB-ACCOUNTS · {path_text(event.account)}", *told])


def alerts_text(report: AlertReport, zone: ZoneInfo) -> str:
    """Answer "is anything wrong now?" on one screen."""
    if not report.firing and not report.unreadable:
        return _all_well(report)
    blocks = [
        *firing_lines(report.firing, zone, report.at),
        *unreadable_lines(report.unreadable, report.at),
    ]
    return first_page(_spaced(blocks), more="… and more")


def _all_well(report: AlertReport) -> str:
    ages = [state.read_at for state in report.wallets if state.read_at is not None]
    oldest = f", oldest reading {span_text(report.at - min(ages))} ago" if ages else ""
    count = len(report.wallets)
    return f"✅ All is well: {count} wallet{'' if count == 1 else 's'}{oldest}."


def firing_lines(firing: Sequence[AlertState], zone: ZoneInfo, now: datetime) -> list[str]:
    """Tell each alert that fires in two lines."""
    found = [state for state in firing if state.alert is not None and state.amount is not None]
    found.sort(key=lambda state: _ORDER[state.alert.severity] if state.alert else 0)
    return [_firing(state.alert, state, zone, now) for state in found if state.alert]


def _firing(alert: Alert, state: AlertState, zone: ZoneInfo, now: datetime) -> str:
    amount = _amount(alert, state.amount) if state.amount is not None else "unknown"
    limit = f"{escape(alert.comparison)} {amount_text(alert.limit)}"
    since = f"{clock_text(alert.since, zone, now=now)}, {age_text(alert.since, now)}"
    figures = f"{amount}, limit {limit}, rule {one_line(alert.rule)}"
    return f"{SIGNS[alert.severity]} · {_what(alert)}\n{figures}\nsince {since}"


def unreadable_lines(unreadable: Sequence[WalletState], now: datetime) -> list[str]:
    """Tell each wallet that cannot be read: why, and how old the last good value is."""
    return [_unreadable(state, now) for state in unreadable]


def _unreadable(state: WalletState, now: datetime) -> str:
    if state.health.message is None:
        return f"⏳ {path_text(state.path)}\nnot read yet"
    good = f"last read {age_text(state.read_at, now)}" if state.read_at else "never read so far"
    return f"🔌 {path_text(state.path)}\n{one_line(state.health.message)}\n{good}"
