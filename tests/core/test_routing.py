"""Who hears what: by scope and by what a chat wants, and nothing of what it may not know."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.delivery import Chat
from bot.core.events import (
    Alert,
    AlertCleared,
    AlertEnded,
    AlertRaised,
    AlertReminded,
    AlertTested,
    ChatApproved,
    ChatAsked,
    ChatFound,
    ChatLost,
    DigestDue,
    Event,
    PollContested,
    PollRegained,
    SourceFound,
    SourceLost,
    SubAccountsChanged,
)
from bot.core.preferences import Kind, Loudness, Preferences
from bot.core.routing import heard, is_silent, kind_of, seen
from bot.core.scope import Scope

NOW = datetime(2026, 1, 15, 9, tzinfo=UTC)
PATHS = ("main/funding", "main/sub:*", "main/sub:a", "main/sub:b", "secret/spot")


def alert_of(subject: str, severity: str = "warning") -> Alert:
    return Alert(
        incident="A1",
        rule="low",
        subject=subject,
        asset="USDT",
        part="total",
        comparison="<",
        limit=Decimal(500),
        clear=Decimal(525),
        severity=severity,  # type: ignore[arg-type] # one of two words
        since=NOW,
    )


def events_about(subject: str, severity: str) -> list[Event]:
    """Make one of each kind."""
    alert, amount = alert_of(subject, severity), Decimal(1)
    places = (("main/funding", Decimal(7)), ("secret/spot", Decimal(8)))
    return [
        AlertRaised(alert=alert, amount=amount, before=None, elsewhere=places, at=NOW),
        AlertReminded(alert=alert, amount=amount, at=NOW, number=1),
        AlertCleared(alert=alert, amount=amount, at=NOW),
        AlertEnded(alert=alert, amount=amount, at=NOW),
        SourceLost(path=subject, error="E", message="m", since=NOW, last_good_at=None, at=NOW),
        SourceFound(path=subject, since=NOW, at=NOW),
        SubAccountsChanged(
            account="main", added=("a", "b"), gone=(), frozen=(), thawed=(), at=NOW
        ),
    ]


ALWAYS: list[Event] = [
    AlertTested(alert=alert_of("main/funding"), amount=Decimal(1), at=NOW),
    ChatAsked(chat_id=5, title="", user_id=None, name="", at=NOW),
    ChatApproved(role="viewer", at=NOW),
]
OF_ALL: list[Event] = [
    DigestDue(local_date=date(2026, 1, 15), since=None, late=False, at=NOW),
    ChatLost(chat_id=5, title="", reason="blocked", at=NOW),
    ChatFound(chat_id=5, title="", at=NOW),
    PollContested(host="", at=NOW),
    PollRegained(since=NOW, at=NOW),
]
KINDS: tuple[Kind, ...] = get_args(Kind)
LOUDNESS: tuple[Loudness, ...] = get_args(Loudness)
_SUBJECT = st.sampled_from(["main/funding", "secret/spot", "sum *", "main/sub:a", "sum main/*"])
_SCOPE = st.sampled_from(["main", "main/funding", "main/sub:a", "main/sub:*", "secret", "*"])


@given(
    subject=_SUBJECT,
    severity=st.sampled_from(["warning", "critical"]),
    patterns=st.lists(_SCOPE, max_size=2),
)
def test_nothing_outside_the_scope_is_heard(
    subject: str, severity: str, patterns: list[str]
) -> None:
    """Whatever the scope, no word of an event names what it has not."""
    scope = Scope(tuple(patterns))
    told = heard(events_about(subject, severity), Chat(1, scope=scope), PATHS)
    words = repr(told)
    for path in PATHS:
        name = path.partition("/sub:")[2]
        if not scope.has(path) and name in {"a", "b"}:
            assert f"'{name}'" not in words.replace("sub:", "")
        elif not scope.has(path) and "*" not in path:
            assert path not in words
    if "sum *" in words:
        assert all(scope.has(path) for path in PATHS)


def test_all_is_heard_where_all_may_be_known() -> None:
    """A chat as it is by default gets everything as it was."""
    told = [*events_about("sum *", "critical"), *events_about("secret/spot", "warning")]
    assert heard([*told, *ALWAYS, *OF_ALL], Chat(1), ()) == (*told, *ALWAYS, *OF_ALL)


@given(loudness=st.dictionaries(st.sampled_from(KINDS), st.sampled_from(LOUDNESS)))
def test_off_is_not_heard_and_nothing_else_is_lost(loudness: dict[Kind, Loudness]) -> None:
    """What is off is left out; what is asked, approved or tested is told in any case."""
    chat = Chat(1, preferences=Preferences(loudness=loudness))
    told = [*events_about("main/funding", "critical"), *events_about("main/funding", "warning")]
    for event in (*told, *ALWAYS, *OF_ALL):
        kind = kind_of(event)
        off = kind is not None and loudness.get(kind) == "off"
        assert bool(heard([event], chat, PATHS)) is not off
        assert seen([event], chat, PATHS), "what is known does not depend on what is wanted"
        silent = kind is not None and loudness.get(kind) == "silent"
        assert is_silent([event], chat) is silent


def test_one_loud_event_makes_the_message_loud() -> None:
    """A message is silent only where all of it is."""
    chat = Chat(1, preferences=Preferences(loudness={"warnings": "silent"}))
    warning, critical = (events_about("main/funding", s)[0] for s in ("warning", "critical"))
    assert is_silent([warning], chat)
    assert not is_silent([warning, critical], chat)


@pytest.mark.parametrize("kind", KINDS)
def test_loudness_is_kept_by_kind(kind: Kind) -> None:
    """Making one kind loud again leaves nothing behind, and the others alone."""
    quiet = Preferences().with_loudness(kind, "off").with_loudness("digests", "silent")
    assert quiet.with_loudness(kind, "on").loud(kind) == "on"
    assert quiet.with_loudness("digests", "on").loudness.get("digests") is None
    assert replace(quiet, language="zh").loud("digests") == "silent"
