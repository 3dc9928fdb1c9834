"""Buttons: what they carry fits, comes back the same, and is told from what others carry."""

import re

from hypothesis import given
from hypothesis import strategies as st

from bot.chat.callbacks import (
    ALERT_PATTERN,
    BALANCE_PATTERN,
    MOST_BYTES,
    PAGE_PATTERN,
    AlertPress,
    BalancePress,
    PagePress,
    decode_alert,
    decode_balance,
    decode_page,
)
from bot.chat.keyboards import balance_keyboard

presses = st.builds(
    BalancePress,
    st.sampled_from(["refresh", "turn"]),
    st.integers(0, 9999),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=70),
)


@given(presses)
def test_a_button_carries_what_was_put_into_it(press: BalancePress) -> None:
    """What is encoded is small enough for Telegram, matches, and is decoded to the same."""
    data = press.encode()
    if data is None:
        assert len(press.query.encode()) > MOST_BYTES - len("b:r:9999:")
    else:
        assert len(data.encode()) <= MOST_BYTES
        assert re.match(BALANCE_PATTERN, data)
        assert decode_balance(data) == press


def test_what_is_not_ours_does_not_match() -> None:
    """Data of other buttons, or of a forger, are not taken for ours."""
    for data in ("", "b:", "b:x:0:main", "b:r:-1:main", "b:r:00000:main", "xb:r:0:main", "b:r:0"):
        assert not re.match(BALANCE_PATTERN, data), data


alert_presses = st.builds(
    AlertPress,
    st.sampled_from(["seen", "hour", "eight_hours", "recovered", "unmute", "check"]),
    st.from_regex(r"[0-9A-F]{6}", fullmatch=True) | st.just("TEST"),
    st.sampled_from(["news", "answer"]),
)


@given(alert_presses)
def test_a_button_under_an_alert(press: AlertPress) -> None:
    """What is encoded matches, is decoded to the same, and is nobody else's."""
    data = press.encode()
    assert len(data.encode()) <= MOST_BYTES
    assert re.match(ALERT_PATTERN, data)
    assert not re.match(BALANCE_PATTERN, data)
    assert decode_alert(data) == press


def test_what_is_no_button_under_an_alert() -> None:
    """Neither what others carry nor what nobody could have made."""
    for data in (
        "",
        "a:",
        "a:s:",
        "a:x:A1B2C3",
        "b:s:A1B2C3",
        "a:s:a1b2c3",
        "a:s:A1:B2",
        "xa:s:A1",
    ):
        assert not re.match(ALERT_PATTERN, data), data


@given(st.builds(PagePress, st.integers(0, 9999)))
def test_a_button_that_turns_a_page(press: PagePress) -> None:
    """What is encoded matches, is decoded to the same, and is nobody else's."""
    data = press.encode()
    assert re.match(PAGE_PATTERN, data)
    assert not re.match(BALANCE_PATTERN, data)
    assert not re.match(ALERT_PATTERN, data)
    assert decode_page(data) == press


def labels(query: str, page: int, pages: int) -> list[list[str]]:
    keyboard = balance_keyboard(query, page=page, pages=pages)
    return [[b.text for b in row] for row in keyboard.inline_keyboard] if keyboard else []


def test_rows_of_buttons() -> None:
    """There is a way on and a way back where there is one, and always a way to read again."""
    assert labels("*", 0, 1) == [["🔄 Refresh"]]
    assert labels("*", 0, 3) == [["2/3 ›"], ["🔄 Refresh"]]
    assert labels("*", 1, 3) == [["‹ Back", "3/3 ›"], ["🔄 Refresh"]]
    assert labels("*", 2, 3) == [["‹ Back"], ["🔄 Refresh"]]
    assert labels("x" * 80, 1, 3) == []
