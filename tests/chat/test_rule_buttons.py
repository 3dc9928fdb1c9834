"""Buttons of rules: what they carry fits, comes back the same, and is told from all else."""

import re
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from bot.chat.callbacks import MOST_BYTES
from bot.chat.rule_buttons import (
    DRAFT_PATTERN,
    RULE_PATTERN,
    DraftPress,
    RulePress,
    coins_keyboard,
    conditions_keyboard,
    decode_draft,
    decode_rule,
    list_keyboard,
    wallets_keyboard,
)
from bot.core.rules import parse_rule
from bot.services.ports import MadeRule

NOW = datetime(2026, 1, 15, 9, tzinfo=UTC)
ids = st.integers(1, 10**18 - 1)
words = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1, max_size=70
)


@given(
    st.builds(
        RulePress,
        st.sampled_from(["list", "pause", "resume", "delete", "undo", "edit"]),
        st.integers(0, 9999),
        ids,
    )
)
def test_rule_button_carries_what_was_put_into_it(press: RulePress) -> None:
    """What is encoded fits, matches its own pattern only, and is decoded to the same."""
    data = press.encode()
    assert len(data.encode()) <= MOST_BYTES
    assert re.match(RULE_PATTERN, data)
    assert not re.match(DRAFT_PATTERN, data)
    assert decode_rule(data) == press


@given(
    st.builds(DraftPress, st.sampled_from(["wallet", "coin", "condition"]), ids, words)
    | st.builds(DraftPress, st.sampled_from(["add", "cancel"]), ids)
    | st.builds(DraftPress, st.just("turn"), ids, st.integers(0, 9999).map(str))
)
def test_draft_button_carries_what_was_put_into_it(press: DraftPress) -> None:
    """The same for the talk; a word that is too long has no button."""
    data = press.encode()
    if data is None:
        assert len(press.chosen.encode()) > MOST_BYTES - len(f"d:w:{press.draft_id}:")
    else:
        assert len(data.encode()) <= MOST_BYTES
        assert re.match(DRAFT_PATTERN, data)
        assert not re.match(RULE_PATTERN, data)
        assert decode_draft(data) == press


def test_what_is_not_ours_does_not_match() -> None:
    """Data of other buttons, or of a forger, are not taken for ours."""
    for data in ("", "r:", "r:x:0:1", "r:p:-1:1", "r:p:0:", "r:p:0:1:2", "xr:p:0:1", "b:r:0:main"):
        assert not re.match(RULE_PATTERN, data), data
    for data in ("", "d:", "d:t:1:x", "d:w:1:", "d:a:1:x", "d:a::", "d:k:-1:<", "d:z:1:"):
        assert not re.match(DRAFT_PATTERN, data), data


def labels(keyboard: object) -> list[list[str]]:
    return [[button.text for button in row] for row in getattr(keyboard, "inline_keyboard", [])]


def made(number: int, *, paused: bool = False, deleted: bool = False) -> MadeRule:
    rule = parse_rule("main/funding USDT < 500")
    return MadeRule(number, rule, "You", NOW, paused, NOW if deleted else None)


def test_a_row_for_each_rule_of_the_chats() -> None:
    """What can be done depends on how the rule is; there is no keyboard without buttons."""
    rules = [
        made(1),
        made(2, paused=True),
        made(3, deleted=True),
        made(4, paused=True, deleted=True),
    ]
    assert labels(list_keyboard(rules, page=1, pages=3)) == [
        ["✏️ Edit #1", "⏸ Pause", "🗑 Delete"],
        ["✏️ Edit #2", "▶️ Resume", "🗑 Delete"],
        ["↩️ Undo delete of #3"],
        ["↩️ Undo delete of #4"],
        ["‹ Back", "3/3 ›"],
    ]
    assert list_keyboard([], page=0, pages=1) is None


def test_wallets_are_turned_page_by_page() -> None:
    """Each wallet is on one page; one that no button can carry is left out."""
    names = [f"main/sub:desk{n}" for n in range(30)]
    seen: list[str] = []
    for page in range(3):
        *shown, turns, cancel = labels(wallets_keyboard(7, names, page=page))
        seen += [label for row in shown for label in row]
        assert turns == [*(["‹ Back"] * (page > 0)), *(["More ›"] * (page < 2))]
        assert cancel == ["✖️ Cancel"]
    assert seen == names
    assert labels(wallets_keyboard(7, ["x" * 80, "main"], page=0)) == [["main"], ["✖️ Cancel"]]


def test_coins_and_conditions() -> None:
    """A value has no rate of spending, and many coins are not more than a keyboard holds."""
    assert labels(conditions_keyboard(7, of_value=False))[:2] == [
        ["⬇️ below", "⬆️ above"],
        ["📉 drops", "⏳ lasts less than"],
    ]
    assert labels(conditions_keyboard(7, of_value=True)) == [
        ["⬇️ below", "⬆️ above"],
        ["✖️ Cancel"],
    ]
    many = labels(coins_keyboard(7, [f"C{n}" for n in range(500)]))
    assert sum(map(len, many)) <= 100
    assert labels(coins_keyboard(7, ["BTC"]))[0] == ["BTC"]
