"""Signs of life, judged: what is stale, since when, and why."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.core.vitals import (
    CHECKS_WITHIN,
    DELIVERY_WITHIN,
    OVERDUE_AFTER,
    PARTS,
    POLL_WITHIN,
    UNDELIVERED_AFTER,
    Part,
    Stale,
    Vitals,
    stale,
)

NOW = datetime(2026, 1, 15, 9, tzinfo=UTC)
SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)
WELL = Vitals(
    at=NOW,
    began_at=NOW - timedelta(days=1),
    worked_at=dict.fromkeys(PARTS, NOW - SECOND),
    overdue=("main", NOW - SECOND),
    undelivered_since=NOW - SECOND,
)


def test_all_is_well() -> None:
    """What is due this moment is no fault."""
    assert WELL.stale == ()
    assert replace(WELL, overdue=None, undelivered_since=None).stale == ()


@pytest.mark.parametrize(
    ("part", "within", "reason"),
    [
        ("poll", POLL_WITHIN, "nothing has got through from Telegram for 121 s"),
        ("checks", CHECKS_WITHIN, "nobody has looked for accounts that are due for 61 s"),
        ("delivery", DELIVERY_WITHIN, "nobody has looked for messages to deliver for 61 s"),
    ],
)
def test_a_part_that_gets_nowhere(part: Part, within: timedelta, reason: str) -> None:
    """Up to its time it is well, and then it says since when it is not."""
    last = NOW - within
    assert replace(WELL, worked_at={**WELL.worked_at, part: last}).stale == ()
    last -= SECOND
    found = replace(WELL, worked_at={**WELL.worked_at, part: last}).stale
    assert found == (Stale(part, last, reason),)


def test_what_never_worked_is_not_well() -> None:
    """A bot that is started anew every minute must not look alive."""
    found = Vitals(at=NOW, began_at=NOW).stale
    assert [stale.part for stale in found] == list(PARTS)
    assert all(stale.since == NOW for stale in found)
    assert found[0].reason == "nothing has got through from Telegram since the start"


def test_what_waits_too_long() -> None:
    """An account that nobody checks, and a message that does not leave."""
    edge = replace(
        WELL,
        overdue=("main", NOW - OVERDUE_AFTER),
        undelivered_since=NOW - UNDELIVERED_AFTER,
    )
    assert edge.stale == ()
    found = replace(edge, at=NOW + SECOND, worked_at=dict.fromkeys(PARTS, NOW)).stale
    assert [(stale.part, stale.reason) for stale in found] == [
        ("checks", "main should have been checked 901 s ago"),
        ("delivery", "a message has waited for 301 s to be delivered"),
    ]


def test_a_clock_that_was_put_back() -> None:
    """What happened in the future is no sign of death."""
    ahead = replace(WELL, at=NOW - timedelta(hours=1))
    assert ahead.stale == ()


def test_who_does_not_lead_only_checks() -> None:
    """Neither poll nor delivery, nor what waits for them, is for a process that does not lead."""
    waits = replace(
        Vitals(at=NOW, began_at=NOW - DAY, leads=False),
        undelivered_since=NOW - DAY,
        unheard_since=NOW - DAY,
        overdue=("main", NOW - DAY),
    )
    assert [found.part for found in stale(waits)] == ["checks", "checks"]


def test_where_nobody_leads_no_process_is_well() -> None:
    """As soon as a message waits too long: whoever could send it would have sent it."""
    alone = replace(WELL, leads=False, led=False, undelivered_since=NOW - UNDELIVERED_AFTER)
    assert alone.stale == ()
    assert [found.part for found in stale(replace(alone, at=NOW + SECOND))] == ["delivery"]
