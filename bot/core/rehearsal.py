"""A test alert: what a rule would tell if it were broken, marked as what it is."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from bot.core.alerts import AlertState, Observation, step
from bot.core.events import AlertRaised, AlertTested
from bot.core.portfolio import Amount
from bot.core.rules import Rule, parse_rule
from bot.core.sentences import Sentence

INCIDENT = "TEST"
NO_RULE_YET = Sentence("An example: there is no rule yet")
EXAMPLE = parse_rule(f'main/funding USDT < 500 · "{NO_RULE_YET}"')
_BEYOND = Decimal("0.1")
_EVERYTHING = Decimal(100)
"""No fall is deeper, in percent."""


def rehearse(name: str, rule: Rule, subject: str, *, now: datetime) -> AlertTested:
    """Break a rule for one subject as a reading would do it, and keep nothing of it.

    What is measured lies a tenth of the limit beyond it, as far as anything can.
    """
    at_once = replace(rule, for_reads=1)
    amount = Amount(_beyond(rule), rule.part)
    seen = Observation(amount, oldest_at=now, newest_at=now)
    _, events = step(AlertState(name, subject, rule.asset), at_once, seen, now=now)
    (raised,) = (event for event in events if isinstance(event, AlertRaised))
    alert = replace(raised.alert, incident=INCIDENT)
    return AlertTested(alert=alert, amount=raised.amount, at=now)


def _beyond(rule: Rule) -> Decimal:
    margin = rule.limit.copy_abs() * _BEYOND or Decimal(1)
    if rule.measure == "drop":
        return min(rule.limit + margin, _EVERYTHING)
    return rule.limit - margin if rule.comparison == "<" else rule.limit + margin
