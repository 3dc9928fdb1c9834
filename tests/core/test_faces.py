"""What a message shows of an alert, and when that has to be changed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.alerts import AlertState, Hush
from bot.core.events import Alert, AlertCleared, AlertEnded
from bot.core.faces import Face, face_of, is_outdated

NOW = datetime(2026, 1, 15, 9, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
ALERT = Alert(
    incident="A1B2C3",
    rule="low",
    subject="main/funding",
    asset="USDT",
    part="total",
    comparison="<",
    limit=Decimal(500),
    clear=Decimal(525),
    severity="warning",
    since=NOW,
)
FIRING = AlertState(
    "low", "main/funding", "USDT", amount=Decimal(400), alert=ALERT, reminded_at=NOW
)
SEEN = Hush("seen", None, "You", NOW)
HOUR = Hush("until", NOW + timedelta(hours=1), "You", NOW)
TO_THE_END = Hush("recovery", None, "You", NOW)


def test_firing() -> None:
    """The present amount, what was pressed, and how often it was told again."""
    face = face_of(Face(Decimal(450)), replace(FIRING, reminders=2), None, now=NOW)
    assert face == Face(Decimal(400), reminders=2)


@pytest.mark.parametrize(
    ("hush", "after", "silent"),
    [
        (SEEN, timedelta(0), False),
        (HOUR, timedelta(0), True),
        (HOUR, timedelta(hours=1), False),
        (TO_THE_END, timedelta(days=9), True),
    ],
)
def test_hush(hush: Hush, after: timedelta, silent: bool) -> None:
    """Whether it silences follows from the time; who pressed it is shown in any case."""
    face = face_of(Face(Decimal(400)), replace(FIRING, hush=hush), None, now=NOW + after)
    assert (face.hush, face.silent) == (hush, silent)
    later = face_of(face, FIRING, None, now=NOW + after)
    assert (later.hush, later.silent) == (hush, False)


def test_over() -> None:
    """How it ended is what was told in the chat; where nothing was, nobody knows."""
    shown = Face(Decimal(400), SEEN, reminders=1)
    cleared = AlertCleared(alert=ALERT, amount=Decimal(2300), at=NOW)
    ended = AlertEnded(alert=ALERT, amount=Decimal(410), at=NOW)
    anew = replace(FIRING, alert=replace(ALERT, incident="D4E5F6"))
    assert face_of(shown, None, cleared, now=NOW) == Face(
        Decimal(2300), SEEN, over="cleared", over_at=NOW
    )
    assert face_of(shown, anew, ended, now=NOW).over == "ended"
    assert face_of(shown, None, None, now=NOW) == replace(shown, over="unknown")


@pytest.mark.parametrize(
    ("amount", "after", "outdated"),
    [
        ("400", MINUTE, False),
        ("404.99", MINUTE, False),
        ("405", MINUTE, True),  # one percent of the limit
        ("395", MINUTE, True),
        ("395", MINUTE - timedelta(seconds=1), False),
        ("0", timedelta(0), False),
    ],
)
def test_amounts_wait(amount: str, after: timedelta, outdated: bool) -> None:
    """Only what matters, and once a minute."""
    present = Face(Decimal(amount))
    found = is_outdated(Face(Decimal(400)), present, Decimal(500), shown_at=NOW, now=NOW + after)
    assert found is outdated


@pytest.mark.parametrize(
    "present",
    [
        Face(Decimal(400), hush=SEEN),
        Face(Decimal(400), silent=True),
        Face(Decimal(400), reminders=1),
        Face(Decimal(400), over="cleared"),
    ],
)
def test_all_else_is_shown_at_once(present: Face) -> None:
    """A press, a reminder, the end of a silence and that of the episode wait for nothing."""
    assert is_outdated(Face(Decimal(400)), present, Decimal(500), shown_at=NOW, now=NOW)


FACES = st.builds(
    Face,
    st.decimals(0, 1000, places=2),
    st.sampled_from([None, SEEN, HOUR, TO_THE_END]),
    reminders=st.integers(0, 3),
    over=st.sampled_from([None, "cleared", "ended", "unknown"]),
)


@given(FACES, st.decimals(0, 1000), st.timedeltas(timedelta(0), timedelta(hours=1)))
def test_what_is_shown_is_not_outdated(face: Face, limit: Decimal, after: timedelta) -> None:
    """An edit that was made is not made again, whatever the limit and however late."""
    assert not is_outdated(face, face, limit, shown_at=NOW, now=NOW + after)


@pytest.mark.parametrize("state", [FIRING, None])
@pytest.mark.parametrize("over", ["cleared", "unknown", None])
def test_shown_anew(state: AlertState | None, over: Any) -> None:
    """Though nothing else has changed, and once: what is shown then is not shown anew again."""
    at_rest = face_of(Face(Decimal(400), over=over), state, None, now=NOW)
    present = face_of(replace(at_rest, renew=True), state, None, now=NOW)
    changed: dict[str, Any] = {"limit": Decimal(500), "shown_at": NOW, "now": NOW}
    assert is_outdated(replace(at_rest, renew=True), present, **changed)
    assert not is_outdated(present, present, **changed)
    assert not present.renew
