"""What comes late says so, and texts for other channels are plain."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from bot.chat.views.alerts import events_text
from bot.chat.views.plain import plain_events
from bot.core.elsewhere import Late
from bot.core.events import Alert, AlertRaised, SourceFound

THEN = datetime(2026, 1, 15, 14, 5, tzinfo=UTC)
NOW = THEN + timedelta(minutes=20)
ZONE = ZoneInfo("UTC")
FOUND = SourceFound(path="main/a<b", since=THEN, at=THEN)


@pytest.mark.parametrize(
    ("late", "end"),
    [
        (None, ""),
        (Late(THEN, elsewhere=False), "<i>late: this is from 14:05:00 UTC</i>"),
        (
            Late(THEN, elsewhere=True),
            "<i>late: since 14:05:00 UTC, told by other channels meanwhile</i>",
        ),
    ],
)
def test_late(late: Late | None, end: str) -> None:
    """Since when, and whether it is news."""
    text = events_text([FOUND], zone=ZONE, now=NOW, maybe_repeated=False, late=late)
    assert text.endswith(end)
    assert ("late" in text) is (late is not None)


def test_plain() -> None:
    """No mark of HTML is left, and it says why it is told there."""
    text = plain_events([FOUND], zone=ZONE, now=NOW)
    assert "main/a<b" in text
    assert "<code>" not in text
    assert text.endswith("could not be told in every chat on Telegram.")


def test_plain_tells_all_of_it() -> None:
    """However much there is: no page is left out."""
    many = [SourceFound(path=f"{n}/{'x' * 70}", since=THEN, at=THEN) for n in range(5)]
    text = plain_events(many, zone=ZONE, now=NOW)
    assert all(f"{n}/x" in text for n in range(5))


def test_much_is_told_in_a_line_each() -> None:
    """A channel that has to split a text takes long for it: each alert is there, in few words."""
    alerts = [
        Alert(
            incident=f"{n:010X}",
            rule="low",
            subject=f"main/sub:desk{n}",
            asset="USDT",
            part="total",
            comparison="<",
            limit=Decimal(500),
            clear=Decimal(525),
            severity="critical",
            since=THEN,
        )
        for n in range(50)
    ]
    many = [AlertRaised(alert=a, amount=Decimal(7), before=None, at=THEN) for a in alerts]
    text = plain_events(many, zone=ZONE, now=NOW)
    assert all(f"main/sub:desk{n} · " in text for n in range(50))
    assert text.count("CRITICAL") == 50
    assert len(text) < 4000
