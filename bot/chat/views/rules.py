"""The answer to `/rules`: each rule as it was written, and how it stands now."""

from collections.abc import Sequence

from bot.chat.numbers import AT_LEAST, amount_text
from bot.chat.views.layout import first_page, one_line, path_text
from bot.core.alerts import AlertState
from bot.services.manage_rules import RuleStatus

_SIGNS = {"ok": "✅", "pending": "🟡", "firing": "🟠"}
_MOST_SUBJECTS = 10


def rules_text(rules: Sequence[RuleStatus]) -> str:
    """List the rules with their states."""
    if not rules:
        return "There are no rules yet. Put one into settings.env:\n" + _example()
    blocks = [_rule(status) for status in rules]
    return first_page(["<b>Rules</b>, fixed in the settings", *blocks], more="… and more")


def _example() -> str:
    return "<code>BOT_RULES__LOW=main/funding USDT &lt; 500</code>"


def _rule(status: RuleStatus) -> str:
    lines = [f"\n<b>{one_line(status.name)}</b> <code>{one_line(str(status.rule))}</code>"]
    worst_first = sorted(status.states, key=lambda s: ("firing", "pending", "ok").index(s.phase))
    lines += [_state(state) for state in worst_first[:_MOST_SUBJECTS]]
    if len(worst_first) > _MOST_SUBJECTS:
        lines.append(f"… and {len(worst_first) - _MOST_SUBJECTS} more")
    return "\n".join(lines)


def _state(state: AlertState) -> str:
    if state.amount is None:
        return f"▫️ {_subject(state)}: not judged yet"
    least = AT_LEAST if state.at_least else ""
    amount = f"{least}{amount_text(state.amount)} {one_line(state.asset)}"
    counting = f", {state.bad_reads} bad in a row" if state.phase == "pending" else ""
    return f"{_SIGNS[state.phase]} {_subject(state)}: {amount}{counting}"


def _subject(state: AlertState) -> str:
    summed = "sum " if state.subject.startswith("sum ") else ""
    return summed + path_text(state.subject.removeprefix("sum "))
