"""When a digest comes, as a person says it."""

from datetime import UTC, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.plans import WEEKDAYS, PlanMistake, change_plan
from bot.core.timing import DigestPlan

NOW = datetime(2026, 1, 15, 8, tzinfo=UTC)
USUAL = DigestPlan(at=time(7, 30))


def plan(said: str, before: DigestPlan = USUAL) -> DigestPlan:
    return change_plan(said.split(), before, now=NOW)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("daily", {"period": "daily"}),
        ("daily at 18:05", {"period": "daily", "at": time(18, 5)}),
        ("9:00", {"at": time(9)}),
        ("at 09:00", {"at": time(9)}),
        ("weekly", {"period": "weekly"}),
        ("weekly mon", {"period": "weekly", "weekday": 0}),
        ("Weekly on SUNDAY at 09:00", {"period": "weekly", "weekday": 6, "at": time(9)}),
        ("weekly 09:00", {"period": "weekly", "at": time(9)}),
        ("weekly th", {"period": "weekly", "weekday": 3}),
        ("weekly mon, 18:00", {"period": "weekly", "weekday": 0, "at": time(18)}),
        ("monthly", {"period": "monthly"}),
        ("monthly 31", {"period": "monthly", "day": 31}),
        ("monthly on 15 at 06:00", {"period": "monthly", "day": 15, "at": time(6)}),
        ("at 06:00 monthly 2", {"period": "monthly", "day": 2, "at": time(6)}),
        ("off", {"at": None}),
        ("on", {}),
    ],
)
def test_what_can_be_said(said: str, expected: dict[str, object]) -> None:
    """What is not said stays as it was; from now on the new plan counts."""
    fields = {"at": time(7, 30), "since": NOW, **expected}
    assert plan(said) == DigestPlan(**fields)  # type: ignore[arg-type]


def test_what_was_off_comes_at_the_usual_time() -> None:
    """Whoever wants it back need not say when."""
    assert plan("weekly fri", DigestPlan(at=None)).at == time(9)
    assert plan("off", plan("weekly fri")).weekday == 4


@pytest.mark.parametrize(
    ("said", "word", "wanted", "near"),
    [
        ("weekly mom", "mom", "weekday", "monday"),
        ("weekly wendsday", "wendsday", "weekday", "wednesday"),
        ("weekly t", "t", "weekday", ""),
        ("monthly 32", "32", "day", ""),
        ("monthly 0", "0", "day", ""),
        ("monthly ²", "²", "day", ""),
        ("at 25:00", "25:00", "time", ""),
        ("at", "", "time", ""),
        ("9am", "9am", "time", ""),
        ("9", "9", "time", ""),
        ("weekly mon 9 o'clock", "9", "time", ""),
        ("dayly", "dayly", "period", "daily"),
        ("mondays", "mondays", "period", "weekly monday"),
        ("tuesday", "tuesday", "period", "weekly tuesday"),
        ("now", "now", "period", ""),
    ],
)
def test_the_word_at_fault(said: str, word: str, wanted: str, near: str) -> None:
    """The word is named, what it would have to be, and what it looks like."""
    with pytest.raises(PlanMistake) as caught:
        plan(said)
    assert (caught.value.word, caught.value.wanted) == (word, wanted)
    assert len(caught.value.nearest) <= 3
    assert not near or near in caught.value.nearest


@given(st.lists(st.text(max_size=8) | st.sampled_from(["weekly", "monthly", "at", "on", "mon"])))
def test_any_words_are_a_plan_or_a_mistake(words: list[str]) -> None:
    """Nothing else comes of whatever is typed."""
    try:
        made = change_plan(words, USUAL, now=NOW)
    except PlanMistake:
        return
    assert 0 <= made.weekday < len(WEEKDAYS)
    assert 1 <= made.day <= 31
