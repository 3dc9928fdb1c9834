"""The answer to `/rules`: each rule as it was written, how it stands, what a change has done."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from bot.chat.numbers import AT_LEAST, amount_text, span_text, value_text
from bot.chat.views.layout import MOST_UNITS, length_of, one_line, path_text
from bot.core.alerts import AlertState
from bot.core.forecast import LONGEST
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
        return [RulePage("There are no rules yet. /rule makes one.", ())]
    laid: list[list[RuleStatus]] = [[]]
    for status in sorted(rules, key=lambda status: status.rule.pattern):  # stable within a wallet
        if laid[-1] and not _fits([*laid[-1], status]):
            laid.append([])
        laid[-1].append(status)
    return [
        RulePage(
            _page_text(page),
            tuple(status.made for status in page if status.made is not None),
        )
        for page in laid
    ]


def _fits(page: Sequence[RuleStatus]) -> bool:
    return len(page) <= _MOST_RULES and length_of(_page_text(page)) <= MOST_UNITS


def _page_text(page: Sequence[RuleStatus]) -> str:
    lines = ["<b>Rules</b>"]
    pattern = ""
    for status in page:
        if status.rule.pattern != pattern:
            pattern = status.rule.pattern
            lines.append(f"\n📍 <b>{one_line(pattern)}</b>")
        lines += _rule(status)
    if any(status.made is None for status in page):
        lines.append("\n🔒 fixed in the settings")
    return "\n".join(lines)


def _rule(status: RuleStatus) -> Iterator[str]:
    made = status.made
    name = f"<b>{one_line(status.name)}</b>"
    who = f"🔒 {name}" if made is None else f"{name} by {one_line(made.made_by)}"
    yield f"{who}: {rule_text(status.rule)}"
    if made is not None and made.deleted_at is not None:
        yield f"🗑 deleted; it can be had back for {span_text(UNDO_FOR)}"
    elif made is not None and made.paused:
        yield "⏸ paused: nothing is judged by it"
    else:
        yield from _states(status.rule, status.states)


def rule_text(rule: Rule) -> str:
    """Show a rule so that a touch copies it; one that is very long is cut."""
    return f"<code>{one_line(str(rule))}</code>"


def _states(rule: Rule, states: Sequence[AlertState]) -> Iterator[str]:
    if not states:
        yield "▫️ covers nothing yet"
    worst_first = sorted(states, key=lambda state: _WORST_FIRST.index(state.phase))
    alone = len(states) == 1 and (rule.summed or states[0].subject == rule.pattern)
    for state in worst_first[:MOST_SUBJECTS]:
        yield state_line(rule, state, named=not alone)
    if len(worst_first) > MOST_SUBJECTS:
        yield f"… and {len(worst_first) - MOST_SUBJECTS} more"


def unjudged_text(rule: Rule) -> str:
    """Say why nothing is known: a rate of spending needs some readings first."""
    return "collecting data" if rule.measure == "runway" else "not judged yet"


def state_line(rule: Rule, state: AlertState, *, named: bool) -> str:
    """Tell how a rule stands for one subject."""
    subject = f"{_subject(state)}: " if named else ""
    if state.amount is None:
        return f"▫️ {subject}{unjudged_text(rule)}"
    critical = state.phase == "firing" and rule.severity == "critical"
    sign = "🔴" if critical else _SIGNS[state.phase]
    counting = f", {state.bad_reads} bad in a row" if state.phase == "pending" else ""
    return f"{sign} {subject}{measured_text(rule, state)}{counting}"


def measured_text(rule: Rule, state: AlertState) -> str:
    """Write what was measured last, with its unit; the caller has seen that something was."""
    measured, asset = state.amount or Decimal(0), one_line(rule.asset)
    least = AT_LEAST if state.at_least else ""
    match rule.measure:
        case "drop":
            return f"{asset} has fallen by {amount_text(round(measured, 1))} %"
        case "runway" if measured >= _seconds(LONGEST):
            return f"{asset} is not being spent"
        case "runway":
            return f"{asset} lasts {span_text(timedelta(seconds=int(measured)))}"
        case "value":
            value = value_text(measured, rule.asset, at_least=state.at_least)
            return f"{least}{value} {asset}"
        case _:
            return f"{least}{amount_text(measured)} {asset}"


def _seconds(span: timedelta) -> int:
    return span // timedelta(seconds=1)


def _subject(state: AlertState) -> str:
    summed = "sum " if state.subject.startswith("sum ") else ""
    return summed + path_text(state.subject.removeprefix("sum "))


def accepted_text(change: RuleChange) -> str:
    """Confirm a rule, and say what has ended with what it was before."""
    made = change.made
    state = "is kept, and still paused" if made.paused else "is in force from the next reading on"
    lines = [f"✅ <b>{made.name}</b> {state}: {rule_text(made.rule)}"]
    return "\n".join([*lines, *_ended(change)])


def toast_text(change: RuleChange) -> str:
    """Say in a few words what a press has done."""
    made = change.made
    if made.deleted_at is not None:
        state = "deleted" if change.done else "is deleted already"
    elif made.paused:
        state = "is paused" if change.done else "is paused already"
    else:
        state = "is in force" if change.done else "is in force already"
    return ". ".join([f"{made.name} {state}", *_ended(change)])


def _ended(change: RuleChange) -> list[str]:
    if not change.ended:
        return []
    several = (
        f"{change.ended} alerts that were firing have"
        if change.ended > 1
        else ("An alert that was firing has")
    )
    return [f"{several} ended with it, which is told to all"]
