"""`balance-bot rules test`: print what a line would mean as a rule."""

from decimal import Context, Decimal
from typing import Any

from rich.cells import cell_len

from bot.cli.printing import (
    amount_text,
    error_of,
    instant_text,
    new_table,
    plain_console,
    print_object,
    print_table,
    unreadable_text,
)
from bot.cli.process import DONE, FAILED, USAGE_ERROR, say
from bot.cli.trial import Standing, Trial, try_line
from bot.clock import utc_now
from bot.core.errors import RuleError
from bot.core.portfolio import Amount
from bot.core.rules import Rule
from bot.settings import Settings

_PLACES = Decimal("1e-8")
"""Of a value: it goes over prices, whose quotients have no last digit."""
_WIDE = Context(prec=100)
_HOW = {"drop": "drops", "runway": "lasts <"}


async def print_trial(settings: Settings, line: str, *, as_json: bool) -> int:
    """Say what a line would mean as a rule; return the exit code."""
    try:
        trial = await try_line(settings, line)
    except RuleError as e:
        _point_at(line, e)
        return USAGE_ERROR
    if as_json:
        print_object(_object(trial))
    else:
        _print(trial)
    return DONE if trial.is_done else FAILED


def _point_at(line: str, error: RuleError) -> None:
    """Show the line with a mark below the word at fault, and say what was expected."""
    shown = "".join(sign if sign.isprintable() else " " for sign in line)
    before = cell_len(shown[: error.column - 1])
    say(f"{error}\n  {shown}\n  {' ' * before}{'^' * max(cell_len(error.got), 1)}")


def _object(trial: Trial) -> dict[str, Any]:
    rule = trial.rule
    found: dict[str, Any] = {
        "read_at": instant_text(utc_now()),
        "rule": str(rule),
        "measure": rule.measure,
        "asset": rule.asset,
        "comparison": rule.comparison,
        "limit": rule.level_text(rule.limit),
        "for_reads": rule.for_reads,
        "covers": list(trial.covers),
        "subjects": [_subject(rule, standing) for standing in trial.standings],
        "unreadable": [{"path": path, **error_of(r)} for path, r in trial.unread.items()],
    }
    return found | ({"hint": trial.hint} if trial.hint else {})


def _subject(rule: Rule, standing: Standing) -> dict[str, Any]:
    amount = standing.amount
    row: dict[str, Any] = {
        "subject": standing.subject,
        "amount": _number(rule, amount),
        "part": amount and amount.part,
        "at_least": amount and amount.at_least,
        "would_fire": standing.fires,
    }
    return row | ({"why": standing.why} if standing.why else {})


def _number(rule: Rule, amount: Amount | None) -> str | None:
    """Write an amount to its last digit; a value has eight places at most."""
    if amount is None:
        return None
    if rule.measure != "value":
        return amount_text(amount.value)
    return amount_text(amount.value.quantize(_PLACES, context=_WIDE).normalize(_WIDE))


def _print(trial: Trial) -> None:
    console = plain_console()
    console.print(str(trial.rule))
    console.print(_covered(trial))
    table = new_table("subject")
    for name in ("now", "limit"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("would it fire now?", no_wrap=True)
    limit = _limit(trial.rule)
    for standing in trial.standings:
        shown = _amount(trial.rule, standing.amount)
        table.add_row(standing.subject, shown, limit, _verdict(trial.rule, standing))
    print_table(table, console)
    for path, reading in trial.unread.items():
        console.print(unreadable_text(path, reading))
    if trial.hint:
        console.print(trial.hint)


def _covered(trial: Trial) -> str:
    count, names = len(trial.covers), ", ".join(trial.covers)
    if not count:
        return "covers nothing yet: no such sub-account is known"
    if count == 1:
        return f"covers {names}"
    how = "together" if trial.rule.summed else "each on its own"
    return f"covers {count} wallets, {how}: {names}"


def _limit(rule: Rule) -> str:
    how, level = _HOW.get(rule.measure, rule.comparison), rule.level_text(rule.limit)
    return f"{how} {level}" if rule.measure in _HOW else f"{how} {level} {rule.asset}"


def _amount(rule: Rule, amount: Amount | None) -> str:
    if amount is None:
        return "unknown"
    least = "≥ " if amount.at_least else ""
    part = " available" if amount.part == "available" else ""
    return f"{least}{_number(rule, amount)} {rule.asset}{part}"


def _verdict(rule: Rule, standing: Standing) -> str:
    if standing.fires is None:
        return f"not known: {standing.why}"
    if not standing.fires:
        return "would not fire"
    return "would fire" + (f", after {rule.for_reads} such reads" * (rule.for_reads > 1))
