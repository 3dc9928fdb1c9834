"""Alerts and sources, as they happen; `standing.py` tells what is wrong now."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from html import escape
from zoneinfo import ZoneInfo

from bot.chat.i18n import _, later, ngettext
from bot.chat.numbers import (
    age_text,
    amount_text,
    amounts_are_hidden,
    change_text,
    clock_text,
    masked,
    span_text,
    value_text,
)
from bot.chat.views.figures import (
    ORDER,
    figures,
    figures_at_the_end,
    limit_text,
    measured_text,
    subject_text,
    title_text,
)
from bot.chat.views.layout import first_page, one_line, path_text, paths_text
from bot.chat.views.mistakes import reason_text
from bot.chat.views.notices import notice_blocks
from bot.core.elsewhere import Late
from bot.core.events import (
    Alert,
    AlertCleared,
    AlertEnded,
    AlertRaised,
    AlertReminded,
    AlertTested,
    Event,
    SourceFound,
    SourceLost,
    SubAccountsChanged,
    about,
)
from bot.core.portfolio import SUB, is_listing
from bot.core.quiet import Begun, Over, place_of, settled
from bot.core.rehearsal import NO_RULE_YET
from bot.fetchers.model import exact_sum

SIGNS = {"critical": later("🔴 CRITICAL"), "warning": later("🟠 WARNING")}


def events_text(
    events: Sequence[Event],
    *,
    zone: ZoneInfo,
    now: datetime,
    maybe_repeated: bool,
    late: Late | None = None,
) -> str:
    """Set what is told together in one message, the worst first; a test says that it is one."""
    events, passed = settled(events)
    anew = {place_of(event) for event in events if isinstance(event, Begun)}
    blocks = [
        *_tested(events, zone, now),
        *_raised(events, zone, now),
        *_reminded(events, zone, now),
        *(_cleared(e) for e in events if isinstance(e, AlertCleared)),
        *(_ended(e) for e in events if isinstance(e, AlertEnded)),
        *_lost(events, now),
        *_found(events),
        *(_sub_accounts(e) for e in events if isinstance(e, SubAccountsChanged)),
        *notice_blocks(events),
        *(
            _begun_anew(begun, over, zone, now)
            if place_of(begun) in anew
            else _passed(begun, over, zone, now)
            for begun, over in passed
        ),
    ]
    if late is not None:
        blocks.append(_late(late, zone, now))
    if maybe_repeated:
        blocks.append(_("<i>This may be a repeat: Telegram did not confirm the first one.</i>"))
    return first_page(_spaced(blocks), more=_("… and more: /alerts shows all"))


def event_line(event: Event) -> str:
    """Tell in one line what an event is about, and the amount if it has one."""
    match event:
        case AlertRaised() | AlertReminded() | AlertTested():
            sign = _(SIGNS[event.alert.severity])
        case AlertCleared():
            sign = "✅"
        case AlertEnded():
            sign = "⏹"
        case _:
            return escape(about(event))
    return f"{sign} · {title_text(event.alert)} · {measured_text(event.alert, event.amount)}"


def _late(late: Late, zone: ZoneInfo, now: datetime) -> str:
    """Say that it is told long after it should have been, and whether it is news."""
    since = clock_text(late.since, zone, now=now)
    if late.elsewhere:
        said = _("<i>late: since {since}, told by other channels meanwhile</i>")
    else:
        said = _("<i>late: this is from {since}</i>")
    return said.format(since=escape(since))


def _spaced(blocks: Sequence[str]) -> list[str]:
    return [block if n == 0 else f"\n{block}" for n, block in enumerate(blocks)]


def _raised(events: Sequence[Event], zone: ZoneInfo, now: datetime) -> Iterator[str]:
    raised = [event for event in events if isinstance(event, AlertRaised)]
    for event in sorted(raised, key=lambda e: ORDER[e.alert.severity]):
        alert = event.alert
        yield "\n".join(
            [
                f"{_(SIGNS[alert.severity])} · {title_text(alert)}",
                figures(alert, event.amount, held=event.held),
                *_changes(event),
                *_outlook(event),
                *_story(alert, zone, now),
            ]
        )


def _tested(events: Sequence[Event], zone: ZoneInfo, now: datetime) -> Iterator[str]:
    for event in events:
        if isinstance(event, AlertTested):
            note = _(NO_RULE_YET) if event.alert.note == NO_RULE_YET else event.alert.note
            alert = replace(event.alert, note=note)
            told = AlertRaised(alert=alert, amount=event.amount, before=None, at=event.at)
            yield _("🧪 TEST · nothing is wrong, this is how an alert arrives")
            yield from _raised([told], zone, now)


def _reminded(events: Sequence[Event], zone: ZoneInfo, now: datetime) -> Iterator[str]:
    reminded = [event for event in events if isinstance(event, AlertReminded)]
    for event in sorted(reminded, key=lambda e: ORDER[e.alert.severity]):
        alert = event.alert
        yield "\n".join(
            [
                _("{sign} · {title} · reminder {n}").format(
                    sign=_(SIGNS[alert.severity]), title=title_text(alert), n=event.number
                ),
                figures(alert, event.amount),
                *_story(alert, zone, now),
            ]
        )


def _story(alert: Alert, zone: ZoneInfo, now: datetime) -> Iterator[str]:
    yield since_text(alert, zone, now)
    if alert.note:
        yield f"“{one_line(masked(alert.note))}”"
    yield _signature(alert)


def since_text(alert: Alert, zone: ZoneInfo, now: datetime) -> str:
    """Say since when an episode lasts."""
    at, age = clock_text(alert.since, zone, now=now), age_text(alert.since, now)
    return _("since {at}, {age}").format(at=at, age=age)


def _signature(alert: Alert) -> str:
    return f"<i>{one_line(alert.rule)} · {alert.incident}</i>"


def _changes(event: AlertRaised) -> Iterator[str]:
    """Tell what has changed since the last reading and in a day, and of money why."""
    if event.alert.measure == "value":
        yield from _value_changes(event)
        return
    moved = event.alert.measure == "amount" and event.before not in {None, event.amount}
    told = ""
    if moved and event.change_24h:
        told = _("{difference} against the reading before, {change} in 24 h")
    elif moved:
        told = _("{difference} against the reading before")
    elif event.change_24h:
        told = _("{change} in 24 h")
    if told:
        change = change_text(event.change_24h, of=_a_day_ago(event)) if event.change_24h else ""
        yield told.format(difference=_difference(event), change=change)


def _value_changes(event: AlertRaised) -> Iterator[str]:
    alert = event.alert
    if event.before not in {None, event.amount}:
        yield _cause(event)
    if event.change_24h:
        by = money_text(event.change_24h, alert.asset, of=_a_day_ago(event))
        yield _("{change} by amounts in 24 h, at present prices").format(change=by)
    elif event.change_24h is not None:
        yield _("no amount has changed in 24 h, at present prices")


def _cause(event: AlertRaised) -> str:
    """Tell a fall in amounts apart from a fall in prices."""
    difference, by = _difference(event), ""
    if event.by_amounts is None:
        told = _("{difference} against the reading before")
    elif not event.by_amounts:
        told = _("{difference} against the reading before, by prices alone")
    else:
        by = money_text(event.by_amounts, event.alert.asset, of=event.before)
        told = (
            _("{difference} against the reading before, by amounts alone")
            if by == difference
            else _("{difference} against the reading before, of which {by} by amounts")
        )
    return told.format(difference=difference, by=by)


def _difference(event: AlertRaised) -> str:
    difference = exact_sum([event.amount, (event.before or Decimal(0)).copy_negate()])
    if event.alert.measure == "value":
        return money_text(difference, event.alert.asset, of=event.before)
    return change_text(difference, of=event.before)


def _a_day_ago(event: AlertRaised) -> Decimal | None:
    """Return what there was, which a change is told in percent of where amounts are hidden."""
    if event.change_24h is None or event.alert.measure not in {"amount", "value"}:
        return event.held
    return exact_sum([event.amount, event.change_24h.copy_negate()])


def money_text(difference: Decimal, currency: str, *, of: Decimal | None = None) -> str:
    """Write a difference in money with its sign."""
    sign = "+" if difference > 0 else ""
    told = f"{sign}{value_text(difference, currency, at_least=False, of=of)}"
    return told if amounts_are_hidden() else f"{told} {currency}"


def _outlook(event: AlertRaised) -> Iterator[str]:
    """Tell how long it lasts, and where there is more of it."""
    if event.empty_in is not None and event.alert.measure != "runway":
        empty_in = span_text(event.empty_in)
        yield _("at the present rate empty in {span}").format(span=empty_in)
    if event.elsewhere:
        places = [_place(path, amount) for path, amount in event.elsewhere]
        if len(places) == 1:
            yield _("available in {places}").format(places=places[0])
        else:
            yield "\n· ".join([_("available in:"), *places])


def _place(path: str, amount: Decimal) -> str:
    return path_text(path) if amounts_are_hidden() else f"{path_text(path)} {amount_text(amount)}"


def _cleared(event: AlertCleared) -> str:
    alert = event.alert
    # A fall is over when its height lies too far back: nothing need have come back.
    over = alert.measure == "drop"
    heading = _("✅ OVER · {subject}") if over else _("✅ RECOVERED · {subject}")
    return "\n".join(
        [
            heading.format(subject=subject_text(alert)),
            figures_at_the_end(alert, event.amount),
            _("after {span}").format(span=span_text(event.at - alert.since)),
            _signature(alert),
        ]
    )


def _ended(event: AlertEnded) -> str:
    alert = event.alert
    return "\n".join(
        [
            _("⏹ ENDED · {title}").format(title=title_text(alert)),
            _(
                "its rule or wallet is no longer there as it was; "
                "whether it has recovered is unknown"
            ),
            _("last seen {amount}, limit {limit}").format(
                amount=measured_text(alert, event.amount), limit=escape(limit_text(alert))
            ),
            _signature(alert),
        ]
    )


def _passed(begun: Begun, over: Over, zone: ZoneInfo, now: datetime) -> str:
    """Tell in one line what is over before it could be told."""
    when = clock_text(over.at, zone, now=now)
    match begun, over:
        case AlertRaised(alert=alert), AlertCleared(amount=amount):
            return _("✅ {title} for {span}, recovered {when}, now {amount}").format(
                title=title_text(alert),
                span=span_text(over.at - alert.since),
                when=when,
                amount=measured_text(alert, amount),
            )
        case AlertRaised(alert=alert), _:
            return _("⏹ {title} for {span}, ended {when}").format(
                title=title_text(alert), span=span_text(over.at - alert.since), when=when
            )
        case _:
            return _("🟢 {path} could not be read for {span}, until {when}").format(
                path=path_text(begun.path), span=span_text(over.at - begun.since), when=when
            )


def _begun_anew(begun: Begun, over: Over, zone: ZoneInfo, now: datetime) -> str:
    """Tell in one line what was over for a while, and is told as it stands above."""
    when = clock_text(over.at, zone, now=now)
    if isinstance(begun, AlertRaised):
        return _("↩️ {title} for {span}, until {when}, and has begun anew").format(
            title=title_text(begun.alert), span=span_text(over.at - begun.alert.since), when=when
        )
    return _("↩️ {path} could not be read for {span}, until {when}, and has begun anew").format(
        path=path_text(begun.path), span=span_text(over.at - begun.since), when=when
    )


def _lost(events: Sequence[Event], now: datetime) -> Iterator[str]:
    by_reason: dict[tuple[str, str], list[SourceLost]] = defaultdict(list)
    for event in events:
        if isinstance(event, SourceLost):
            by_reason[event.error, event.message].append(event)
    for (error, message), lost in by_reason.items():
        paths = paths_text([event.path for event in lost])
        good = [event.last_good_at for event in lost if event.last_good_at is not None]
        known = (
            _("last read {age}; {consequence}") if good else _("never read so far; {consequence}")
        )
        age = age_text(min(good), now) if good else ""
        yield "\n".join(
            [
                _("🔌 CANNOT READ · {paths}").format(paths=paths),
                one_line(reason_text(error, message)),
                known.format(age=age, consequence=_consequence(lost)),
                f"<i>{escape(error)}</i>",
            ]
        )


def _consequence(lost: Sequence[SourceLost]) -> str:
    blind = blind_text(max(event.blind for event in lost), at_least=len(lost) > 1)
    if all(is_listing(event.path) for event in lost):
        if not any(event.blind for event in lost):
            return _("sub-accounts known before are read all the same, new ones are not seen")
        return _(
            "sub-accounts known before are read all the same, new ones are not seen; {blind}"
        ).format(blind=blind)
    return blind


def blind_text(rules: int, *, at_least: bool = False) -> str:
    """Say how many rules cannot be judged while something cannot be read."""
    if rules == 0:
        return _("no rule needs it")
    if at_least:
        several = ngettext(
            "at least {n} rule cannot be judged meanwhile",
            "at least {n} rules cannot be judged meanwhile",
            rules,
        )
    else:
        several = ngettext(
            "{n} rule cannot be judged meanwhile", "{n} rules cannot be judged meanwhile", rules
        )
    return several.format(n=rules)


def _found(events: Sequence[Event]) -> Iterator[str]:
    found = [event for event in events if isinstance(event, SourceFound)]
    if found:
        paths = paths_text([event.path for event in found])
        longest = max(event.at - event.since for event in found)
        span = span_text(longest)
        yield _("🟢 READABLE AGAIN · {paths}\nafter {span}").format(paths=paths, span=span)


def _sub_accounts(event: SubAccountsChanged) -> str:
    changes = {
        _("new: {paths}"): event.added,
        _("gone: {paths}"): event.gone,
        _("frozen, still read: {paths}"): event.frozen,
        _("in use again: {paths}"): event.thawed,
    }
    told = (
        what.format(paths=paths_text([f"{event.account}/{SUB}{name}" for name in names]))
        for what, names in changes.items()
        if names
    )
    heading = _("👥 SUB-ACCOUNTS · {account}").format(account=path_text(event.account))
    return "\n".join([heading, *told])
