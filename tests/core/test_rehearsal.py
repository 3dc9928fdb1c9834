"""A test alert is what the rule would tell, and cannot be taken for a real one."""

from datetime import UTC, datetime

import pytest

from bot.core.rehearsal import EXAMPLE, INCIDENT, rehearse
from bot.core.rules import parse_rule

NOW = datetime(2026, 1, 15, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("line", "amount"),
    [
        ("main/funding USDT < 500", "450"),
        ("coinw/spot USDT > 50000 · critical", "55000"),
        ("sum * USDT available < 2000 · for 3 reads", "1800"),
        ("main total < 10000 USD", "9000"),
        ("main/funding USDT drops 30% in 1h", "33"),
        ("main/funding USDT drops 30% and 500 in 1h", "33"),
        ("main/funding USDT drops 95% in 1h", "100"),  # more than all of it is never gone
        ("main/funding USDT drops 100% in 1h", "100"),
        ("main/funding USDT lasts < 10s", "9"),
        ("main/funding USDT > 0", "1"),
    ],
)
def test_every_kind_of_rule(line: str, amount: str) -> None:
    """It is broken at once, by a tenth of its limit; the rest is as the rule says."""
    rule = parse_rule(line)
    event = rehearse("low", rule, "main/funding", now=NOW)
    alert = event.alert
    assert event.amount == pytest.approx(type(event.amount)(amount))
    assert (alert.incident, alert.rule, alert.since) == (INCIDENT, "low", NOW)
    assert (alert.limit, alert.severity, alert.measure) == (
        rule.limit,
        rule.severity,
        rule.measure,
    )


def test_without_a_rule() -> None:
    """There is an example, which says that it is one."""
    assert "example" in rehearse("example", EXAMPLE, EXAMPLE.pattern, now=NOW).alert.note
