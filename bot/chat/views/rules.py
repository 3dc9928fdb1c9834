"""The answer to `/rules`: each rule as it was written, how it stands, what a change has done."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal

from bot.chat.i18n import _, ngettext
from bot.chat.numbers import (
    AT_LEAST,
    HIDDEN,
    amount_text,
    amounts_are_hidden,
    masked,
    percent_text,
    span_text,
    value_text,
)
from bot.chat.views.layout import length_of, one_line, path_text
from bot.core.alerts import AlertState
from bot.core.forecast import LONGEST
from bot.core.portions import MOST_UNITS
from bot.core.rules import Rule
from bot.services.manage_rules import UNDO_FOR, RuleChange, RuleStatus
from bot.services.ports import MadeRule

_SIGNS = {"firing": "🟠", "pending": "🟡", "ok": "✅"}
_WORST_FIRST = list(_SIGNS)
MOST_SUBJECTS = 5
_MOST_RULES = 8
"""On one page: each may have a row of buttons."""


@dataclass(frozen=True, slots=True)
class RulePage:
    """A part of the list that fits one message."""

    text: str
    made: tuple[MadeRule, ...]
    """Those on it that can be changed."""


def rule_pages(rules: Sequence[RuleStatus]) -> list[RulePage]:
    """List the rules by wallet, with their states, on as many pages as are needed."""
    if not rules:
        return [RulePage(_("There are no rules yet. /rule makes one."), ())]
    laid: list[list[RuleStatus]] = [[]]
    for status in sorted(rules, key=lambda status: status.rule.pattern):  # stable within a wallet
        if laid[-1] and not _fits([*laid[-1], status]):
            laid.append([])
        laid[-1].append(status)
    return [
        RulePage(
            _page_text(page),
            tuple(s.made for s in page if s.made is not None and s.may_change),
        )
        for page in laid
    ]


def _fits(page: Sequence[RuleStatus]) -> bool:
    return len(page) <= _MOST_RULES and length_of(_page_text(page)) <= MOST_UNITS


def _page_text(page: Sequence[RuleStatus]) -> str:
    lines = [_("<b>Rules</b>")]
    pattern = ""
    for status in page:
        if status.rule.pattern != pattern:
            pattern = status.rule.pattern
            lines.append(f"\n📍 <b>{one_line(pattern)}</b>")
        lines += _rule(status)
    if any(status.made is None for status in page):
        lines += ["", _("🔒 fixed in the settings")]
    return "\n".join(lines)


def _rule(status: RuleStatus) -> Iterator[str]:
    made = status.made
    name = f"<b>{one_line(status.name)}</b>"
    rule = rule_text(status.rule)
    if made is None:
        yield _("🔒 {name}: {rule}").format(name=name, rule=rule)
    else:
        by = one_line(made.made_by)
        yield _("{name} by {by}: {rule}").format(name=name, by=by, rule=rule)
    if made is not None and made.deleted_at is not None:
        yield _("🗑 deleted; it can be had back for {span}").format(span=span_text(UNDO_FOR))
    elif made is not None and made.paused:
        yield _("⏸ paused: nothing is judged by it")
    else:
        yield from _states(status.rule, status.states)


def rule_text(rule: Rule) -> str:
    """Show a rule so that a touch copies it; one that is very long is cut."""
    return f"<code>{one_line(_masked_rule(rule))}</code>"


def _masked_rule(rule: Rule) -> str:
    """Write a rule; where amounts are hidden, with nothing that is told in coins or in money."""
    if not amounts_are_hidden():
        return str(rule)
    if rule.measure in {"drop", "runway"}:
        return str(replace(rule, least=None, note=masked(rule.note)))
    sum_of, part = ("sum " if rule.summed else ""), (" available" if rule.part != "total" else "")
    what = "total" if rule.measure == "value" else f"{rule.asset}{part}"
    return f"{sum_of}{rule.pattern} {what} {rule.comparison} {HIDDEN}"


def _states(rule: Rule, states: Sequence[AlertState]) -> Iterator[str]:
    if not states:
        yield _("▫️ covers nothing yet")
    worst_first = sorted(states, key=lambda state: _WORST_FIRST.index(state.phase))
    alone = len(states) == 1 and (rule.summed or states[0].subject == rule.pattern)
    for state in worst_first[:MOST_SUBJECTS]:
        yield state_line(rule, state, named=not alone)
    if len(worst_first) > MOST_SUBJECTS:
        yield and_more_text(len(worst_first) - MOST_SUBJECTS)


def and_more_text(count: int) -> str:
    """Say how many are not shown."""
    return ngettext("… and {n} more", "… and {n} more", count).format(n=count)


def state_line(rule: Rule, state: AlertState, *, named: bool) -> str:
    """Tell how a rule stands for one subject."""
    sign, standing = _standing(rule, state)
    if not named:
        return f"{sign} {standing}"
    return f"{sign} {subject_line(rule, state)}"


def subject_line(rule: Rule, state: AlertState) -> str:
    """Tell it of one subject without a sign, below a line that has it."""
    return _("{subject}: {standing}").format(
        subject=_subject(state), standing=_standing(rule, state)[1]
    )


def _standing(rule: Rule, state: AlertState) -> tuple[str, str]:
    if state.amount is None:
        # A rate of spending needs some readings first.
        return "▫️", _("collecting data") if rule.measure == "runway" else _("not judged yet")
    measured = measured_text(rule, state)
    if state.phase == "pending":
        counted = ngettext(
            "{measured}, {n} bad in a row", "{measured}, {n} bad in a row", state.bad_reads
        )
        return _SIGNS[state.phase], counted.format(measured=measured, n=state.bad_reads)
    critical = state.phase == "firing" and rule.severity == "critical"
    return "🔴" if critical else _SIGNS[state.phase], measured


def measured_text(rule: Rule, state: AlertState) -> str:
    """Write what was measured last, with its unit; the caller has seen that something was."""
    measured, asset = state.amount or Decimal(0), one_line(rule.asset)
    least = AT_LEAST if state.at_least else ""
    match rule.measure:
        case "drop":
            fall = percent_text(round(measured, 1))
            return _("{coin} has fallen by {percent}").format(coin=asset, percent=fall)
        case "runway" if measured >= _seconds(LONGEST):
            return _("{coin} is not being spent").format(coin=asset)
        case "runway":
            left = span_text(timedelta(seconds=int(measured)))
            return _("{coin} lasts {span}").format(coin=asset, span=left)
        case "value":
            value = value_text(measured, rule.asset, at_least=state.at_least, of=rule.limit)
            return f"{least}{value}" if amounts_are_hidden() else f"{least}{value} {asset}"
        case _:
            return f"{least}{amount_text(measured, of=rule.limit)} {asset}"


def _seconds(span: timedelta) -> int:
    return span // timedelta(seconds=1)


def _subject(state: AlertState) -> str:
    path = path_text(state.subject.removeprefix("sum "))
    return _("sum {path}").format(path=path) if state.subject.startswith("sum ") else path


def accepted_text(change: RuleChange) -> str:
    """Confirm a rule, and say what has ended with what it was before."""
    made = change.made
    if made.paused:
        accepted = _("✅ <b>{name}</b> is kept, and still paused: {rule}")
    else:
        accepted = _("✅ <b>{name}</b> is in force from the next reading on: {rule}")
    line = accepted.format(name=made.name, rule=rule_text(made.rule))
    return "\n".join([line, *_ended(change)])


def toast_text(change: RuleChange) -> str:
    """Say in a few words what a press has done."""
    made = change.made
    if made.deleted_at is not None:
        done = _("{name} deleted") if change.done else _("{name} is deleted already")
    elif made.paused:
        done = _("{name} is paused") if change.done else _("{name} is paused already")
    else:
        done = _("{name} is in force") if change.done else _("{name} is in force already")
    said, ended = done.format(name=made.name), _ended(change)
    return _("{done}. {ended}").format(done=said, ended=ended[0]) if ended else said


def _ended(change: RuleChange) -> list[str]:
    if not change.ended:
        return []
    ended = ngettext(
        "An alert that was firing has ended with it, which is told to all",
        "{n} alerts that were firing have ended with it, which is told to all",
        change.ended,
    )
    return [ended.format(n=change.ended)]
