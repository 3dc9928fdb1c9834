"""Alert messages anew: how they stand, who pressed what, how they ended."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot.chat.keyboards import alert_keyboard
from bot.chat.views.alerts import events_text
from bot.chat.views.cards import card_text, quiet_text
from bot.core.alerts import Hush
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
)
from bot.core.faces import Face, as_now
from bot.core.portfolio import WalletState
from bot.core.quiet import parse_quiet
from bot.fetchers.model import Balance

NOW = datetime(2026, 1, 15, 9, tzinfo=UTC)
ZONE = ZoneInfo("UTC")
SEEN = Hush("seen", None, "Ada <&>", NOW - timedelta(minutes=1))
HOUR = Hush("until", NOW + timedelta(hours=1), "You", NOW)


def alert(incident: str = "A1B2C3", **more: Any) -> Alert:
    return Alert(
        **{
            "incident": incident,
            "rule": "low",
            "subject": "main/funding",
            "asset": "USDT",
            "part": "total",
            "comparison": "<",
            "limit": Decimal(500),
            "clear": Decimal(525),
            "severity": "warning",
            "since": NOW - timedelta(minutes=40),
            **more,
        }
    )


def raised(incident: str = "A1B2C3", **more: Any) -> AlertRaised:
    about = alert(incident, **more)
    return AlertRaised(alert=about, amount=Decimal(320), before=Decimal(2000), at=about.since)


def card(*events: Any, read_at: datetime | None = None, **faces: Face) -> str:
    return card_text(events, faces, zone=ZONE, now=NOW, read_at=read_at)


def test_firing_on() -> None:
    """The block as it is told, then the reminders, who has seen it, and when it was read."""
    event = raised()
    face = Face(event.amount, hush=SEEN, reminders=2)
    text = card(event, A1B2C3=face, read_at=NOW - timedelta(seconds=10))
    block = events_text([event], zone=ZONE, now=NOW, maybe_repeated=False)
    assert text == (
        f"{block}\n🔁 reminded 2×\n👁 seen · Ada &lt;&amp;&gt;, 08:59:00 UTC\n"
        "<i>read 08:59:50 UTC</i>"
    )
    both = card(event, raised("B"), A1B2C3=face, B=Face(event.amount), read_at=NOW)
    assert both.endswith("\n\n<i>read 09:00:00 UTC</i>"), "it is about several"


@pytest.mark.parametrize(
    ("hush", "line"),
    [
        (HOUR, "🔕 silent until 10:00 UTC · You, 09:00:00 UTC"),
        (Hush("recovery", None, "You", NOW), "🔕 silent until recovered · You, 09:00:00 UTC"),
        (
            Hush("until", NOW, "You", NOW - timedelta(hours=1)),
            "🔔 was silent until 09:00 UTC · You, 08:00:00 UTC",
        ),
    ],
)
def test_silence(hush: Hush, line: str) -> None:
    """Until when, and by whom; what is over is told as over."""
    assert card(raised(), A1B2C3=Face(Decimal(320), hush=hush)).endswith(line)


@pytest.mark.parametrize(
    ("face", "text"),
    [
        (
            Face(Decimal(2300), over="cleared", over_at=NOW),
            "✅ <code>main/funding</code> · <b>USDT</b> low\nrecovered after 40 min, now 2,300",
        ),
        (
            Face(Decimal(320), over="ended", over_at=NOW),
            "⏹ <code>main/funding</code> · <b>USDT</b> low\n"
            "ended after 40 min: its rule or wallet is no longer there as it was",
        ),
        (
            Face(Decimal(320), over="unknown"),
            "⏹ <code>main/funding</code> · <b>USDT</b> low\nover; how it ended was not told here",
        ),
    ],
)
def test_over(face: Face, text: str) -> None:
    """In two lines how long it took and how it stands."""
    assert card(raised(), A1B2C3=face) == text


def test_a_fall_is_over() -> None:
    """When its height lies too far back: nothing need have come back."""
    face = Face(Decimal(2), over="cleared", over_at=NOW)
    fall = raised(measure="drop", comparison=">", limit=Decimal(30), clear=Decimal("28.5"))
    assert card(fall, A1B2C3=face).endswith("falling\nover after 40 min, now 2 %")


def test_what_fires_comes_first() -> None:
    """The worst of it first, then what is over, then what else was told in the message."""
    firing, over = Face(Decimal(320)), Face(Decimal(2300), over="cleared", over_at=NOW)
    lost = SourceLost(
        path="xt/spot", error="E", message="down", since=NOW, last_good_at=None, at=NOW
    )
    events = [lost, raised("A"), raised("B"), raised("C", severity="critical")]
    text = card(*events, A=over, B=firing, C=firing)
    assert [block.split(" ")[0] for block in text.split("\n\n")] == ["🔴", "🟠", "✅", "🔌"]


def test_ends_in_the_same_message_are_not_told_twice() -> None:
    """How an alert stands says all that was told of it in its message."""
    over = Face(Decimal(2300), over="cleared", over_at=NOW)
    ends = [
        AlertCleared(alert=alert(), amount=Decimal(2300), at=NOW),
        AlertEnded(alert=alert("D4E5F6"), amount=Decimal(1), at=NOW),
    ]
    text = card(raised(), *ends, A1B2C3=over)
    assert text.count("✅") == 1
    assert text.count("⏹ ENDED") == 1


def test_as_it_would_be_told_now() -> None:
    """With another amount what was found at the beginning is left out or found anew."""
    event = replace(
        raised(),
        change_24h=Decimal(-5),
        elsewhere=(("main/trading", Decimal(9)),),
        empty_in=timedelta(hours=9),
    )
    balance = Balance("USDT", Decimal(70), Decimal(70), Decimal(0))
    wallets = [WalletState("main/trading", (balance,), NOW)]
    assert as_now(event, Face(event.amount), wallets) == event
    now = as_now(event, Face(Decimal(310)), wallets)
    assert now == replace(
        raised(), amount=Decimal(310), before=None, elsewhere=(("main/trading", Decimal(70)),)
    )


def test_buttons() -> None:
    """One set for all that fires, about the worst of it; none when all is over."""
    firing, over = Face(Decimal(320)), Face(Decimal(2300), over="cleared")
    keyboard = alert_keyboard([(alert("A"), firing), (alert("B", severity="critical"), firing)])
    assert keyboard is not None
    rows = keyboard.inline_keyboard
    assert [len(row) for row in rows] == [3, 2, 1]
    assert {b.callback_data for row in rows[:2] for b in row} == {
        f"a:{short}:B" for short in "s18rc"
    }
    assert alert_keyboard([(alert("A"), over)]) is None
    assert alert_keyboard([]) is None


def test_buttons_of_what_is_silent() -> None:
    """It can be let speak again, once all of it is silent."""
    firing, silent = Face(Decimal(320)), Face(Decimal(320), silent=True)
    labels = []
    for faces in ([silent, silent], [silent, firing]):
        keyboard = alert_keyboard(zip([alert("A"), alert("B")], faces, strict=True))
        assert keyboard is not None
        labels.append(keyboard.inline_keyboard[0][0].text)
    assert labels == ["🔔 Unmute", "👁 Seen"]


@pytest.mark.parametrize(
    ("more", "amount", "copied"),
    [
        ({}, "320.123456789012345678", "179.876543210987654322"),
        ({"limit": Decimal("1E+3")}, "0E-8", "1000.00000000"),
        ({"comparison": ">"}, "600", None),
        ({}, "510", None),  # on its way to the clear level
        ({"measure": "drop"}, "40", None),
        ({"measure": "value", "asset": "USD"}, "400", None),
    ],
)
def test_shortfall_is_copied(more: dict[str, Any], amount: str, copied: str | None) -> None:
    """In plain digits, to the last one; only where coins are missing."""
    keyboard = alert_keyboard([(alert(**more), Face(Decimal(amount)))])
    assert keyboard is not None
    last = keyboard.inline_keyboard[-1][-1]
    assert (last.copy_text.text if last.copy_text else None) == copied


def test_test_says_so_in_its_first_line() -> None:
    """And then looks like an alert."""
    event = AlertTested(alert=alert("TEST"), amount=Decimal(450), at=NOW)
    first, *rest = events_text([event], zone=ZONE, now=NOW, maybe_repeated=False).split("\n")
    assert "TEST" in first
    assert "🟠 WARNING · <code>main/funding</code> · <b>USDT</b> low" in rest


def test_what_was_over_before_it_was_told() -> None:
    """One line each."""
    events: list[Event] = [
        raised(),
        AlertReminded(alert=alert(), amount=Decimal(300), at=NOW, number=1),
        AlertCleared(alert=alert(), amount=Decimal(2300), at=NOW),
        SourceLost(
            path="xt/spot", error="E", message="down", since=NOW, last_good_at=None, at=NOW
        ),
        SourceFound(path="xt/spot", since=NOW, at=NOW + timedelta(minutes=20)),
        raised("B"),
        AlertEnded(alert=alert("B"), amount=Decimal(1), at=NOW),
    ]
    text = events_text(events, zone=ZONE, now=NOW, maybe_repeated=False)
    assert text.split("\n\n") == [
        "✅ <code>main/funding</code> · <b>USDT</b> low for 40 min, recovered 09:00:00 UTC, "
        "now 2,300",
        "🟢 <code>xt/spot</code> could not be read for 20 min, until 09:20:00 UTC",
        "⏹ <code>main/funding</code> · <b>USDT</b> low for 40 min, ended 09:00:00 UTC",
    ]


def test_what_has_begun_anew() -> None:
    """What stands is told whole; what was before it is told in the past, as nothing that holds."""
    later = NOW + timedelta(minutes=20)
    events: list[Event] = [
        raised(),
        AlertCleared(alert=alert(), amount=Decimal(2300), at=NOW),
        raised("B"),
        SourceFound(path="xt/spot", since=NOW, at=NOW),
        SourceLost(
            path="xt/spot", error="E", message="down", since=NOW, last_good_at=None, at=NOW
        ),
        SourceFound(path="xt/spot", since=NOW, at=later),
        SourceLost(
            path="xt/spot", error="E", message="down", since=later, last_good_at=None, at=later
        ),
    ]
    text = events_text(events, zone=ZONE, now=later, maybe_repeated=False)
    warning, unreadable, *before = text.split("\n\n")
    assert warning.startswith("🟠 WARNING")
    assert unreadable.startswith("🔌 CANNOT READ")
    assert before == [
        "↩️ <code>main/funding</code> · <b>USDT</b> low for 40 min, until 09:00:00 UTC, "
        "and has begun anew",
        "↩️ <code>xt/spot</code> could not be read for 20 min, until 09:20:00 UTC, "
        "and has begun anew",
    ]


def test_quiet_hours() -> None:
    """From when to when, and in which zone."""
    assert "22:00–07:00 (UTC)" in quiet_text(parse_quiet("22:00-7:00"), ZONE)
    assert "No quiet hours" in quiet_text(None, ZONE)


def test_nothing_of_what_is_hidden() -> None:
    """A chat that may no longer know of an alert is left a line without it; the rest stays."""
    face = Face(Decimal("123.25"))
    assert card(A=face, read_at=NOW) == "🙈 What was told here is no longer for this chat."
    found = SourceFound(path="xt/spot", since=NOW, at=NOW)
    told = card(found, A=face)
    assert told.startswith("🙈")
    assert "READABLE AGAIN · <code>xt/spot</code>" in told
