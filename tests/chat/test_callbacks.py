"""Buttons: what they carry fits, comes back the same, and is told from what others carry."""

import re
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from bot.chat.balance_buttons import (
    BALANCE_PATTERN,
    BalancePress,
    Place,
    decode_balance,
    name_for,
)
from bot.chat.callbacks import (
    ALERT_PATTERN,
    MOST_BYTES,
    PAGE_PATTERN,
    AlertPress,
    PagePress,
    decode_alert,
    decode_page,
)

places = st.builds(
    Place,
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=200),
    st.sampled_from(["places", "coins", "full"]),
    st.integers(0, 9999),
)
presses = st.builds(BalancePress, st.sampled_from(["show", "refresh"]), places)


@given(presses, st.lists(st.text(max_size=70), max_size=5))
def test_a_button_carries_what_was_put_into_it(press: BalancePress, others: list[str]) -> None:
    """What is encoded is small enough for Telegram, matches, and means the same afterwards."""
    data = press.encode()
    assert len(data.encode()) <= MOST_BYTES
    assert re.match(BALANCE_PATTERN, data)
    read = decode_balance(data)
    name = name_for(read.place.query, [*others, press.place.query])
    assert name == press.place.query
    assert replace(read, place=replace(read.place, query=name)) == press


@given(presses)
def test_a_button_whose_name_is_gone(press: BalancePress) -> None:
    """Where it carries a mark, nobody else is taken for the name that it stood for."""
    query = decode_balance(press.encode()).place.query
    assert name_for(query, ["main", "xt/spot"]) in {None, press.place.query}


def test_what_is_not_ours_does_not_match() -> None:
    """Data of other buttons, or of a forger, are not taken for ours."""
    for data in ("", "b:", "b:xp:0:main", "b:rp:-1:main", "b:rp:00000:main", "xb:rp:0:main"):
        assert not re.match(BALANCE_PATTERN, data), data
    assert not re.match(BALANCE_PATTERN, "b:rp:0:")


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
