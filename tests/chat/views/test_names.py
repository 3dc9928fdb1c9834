"""Names are text: whatever coins, accounts, chats, people and notes are called, it is no markup.

Each view that shows a name is fed with names made of what could do harm; the markup stays ours,
whole and balanced, and no mark that turns the direction of a line survives.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chat.handlers.rule import _line
from bot.chat.views.alerts import events_text
from bot.chat.views.balances import balance_blocks, reading_text
from bot.chat.views.cards import card_text
from bot.chat.views.digests import digest_text
from bot.chat.views.drafts import (
    coin_question,
    condition_question,
    edit_question,
    limit_question,
    mistake_text,
    preview_text,
)
from bot.chat.views.rules import accepted_text, rule_pages
from bot.chat.views.standing import alert_pages, pressed_text
from bot.core.alerts import AlertState, Hush
from bot.core.errors import RuleError
from bot.core.events import (
    AlertCleared,
    AlertEnded,
    AlertReminded,
    AlertTested,
    ChatFound,
    ChatLost,
    Event,
    PollContested,
    SourceFound,
    SourceLost,
    SubAccountsChanged,
)
from bot.core.faces import Face
from bot.core.replay import Replay
from bot.core.rules import Rule, parse_rule
from bot.services.manage_rules import RuleChange, RuleStatus
from bot.services.ports import MadeRule
from bot.services.preview_rule import Preview
from bot.services.report_balances import AlertReport
from tests.chat.views.reading import TAGS, read
from tests.chat.views.samples import (
    DOWN,
    NOW,
    UTC_ZONE,
    alert,
    coin,
    digest,
    raised,
    report,
    wallet,
)

HARM = [
    "<evil>", "</evil>", "</pre>", "</code>", "<b>", "&evil;", "&", "<", ">", '"', "'", "{0}",
    "{n}", "%s", "\n", "\r", "\0", "\u200b", "\u200d", "\u200e", "\u200f", "\u202a", "\u202e",
    "\u2066", "\u2069", "\ufeff", "\u061c", "\u2028", "😀", "ש", "x", "/", "*", " ", "_",
]  # fmt: skip
names = st.lists(st.sampled_from(HARM), min_size=1, max_size=40).map("".join) | st.sampled_from(
    ["<evil>" * 50, "\u202e" * 300, "x" * 300, "😀" * 150, "&" * 300]
)


def rule(name: str) -> Rule:
    return replace(parse_rule("* USDT < 5"), pattern=name, asset=name, note=name)


def made(name: str) -> MadeRule:
    return MadeRule(1, rule(name), made_by=name, made_at=NOW)


def state(name: str) -> AlertState:
    hush = Hush("seen", None, name, NOW)
    about = alert(subject=name, asset=name, note=name, rule=name)
    return AlertState(name, name, name, amount=Decimal(1), alert=about, hush=hush)


def events(name: str) -> Iterator[Event]:
    """Make one of each kind, with the name wherever there is one."""
    about = alert(subject=name, asset=name, note=name, rule=name)
    summed = alert(subject=f"sum {name}", asset=name, note=name, rule=name)
    amount = Decimal(1)
    yield raised(subject=name, asset=name, note=name, rule=name)
    yield replace(raised(), elsewhere=((name, amount),))
    yield AlertReminded(alert=about, amount=amount, at=NOW, number=1)
    yield AlertTested(alert=summed, amount=amount, at=NOW)
    yield AlertCleared(alert=summed, amount=amount, at=NOW)
    yield AlertEnded(alert=about, amount=amount, at=NOW)
    yield SourceLost(path=name, error="X", message=name, since=NOW, last_good_at=None, at=NOW)
    yield SourceFound(path=name, since=NOW, at=NOW)
    some = (name, f"{name}x")
    yield SubAccountsChanged(account=name, added=some, gone=some, frozen=some, thawed=some, at=NOW)
    yield ChatLost(chat_id=-1, title=name, reason="put out", at=NOW)
    yield ChatFound(chat_id=-1, title=name, at=NOW)
    yield PollContested(host=name, at=NOW)


def told(name: str) -> Iterator[str]:
    for event in events(name):
        yield events_text([event], zone=UTC_ZONE, now=NOW, maybe_repeated=True)
    yield events_text(list(events(name)), zone=UTC_ZONE, now=NOW, maybe_repeated=False)


def cards(name: str) -> Iterator[str]:
    event = raised(subject=name, asset=name, note=name, rule=name)
    hush = Hush("seen", None, name, NOW)
    for face in (Face(Decimal(1), hush), Face(Decimal(1), hush, over="cleared", over_at=NOW)):
        faces = {event.alert.incident: face}
        yield card_text([event], faces, zone=UTC_ZONE, now=NOW, read_at=NOW)
    yield pressed_text(hush, UTC_ZONE, now=NOW)


def alerts(name: str) -> Iterator[str]:
    unread = wallet(name, health=replace(DOWN, message=name))
    yield from alert_pages(AlertReport(NOW, (state(name),), (unread,), (unread,)), UTC_ZONE)


def balances(name: str) -> Iterator[str]:
    unread = wallet(f"{name}/b", coin(name, "1"), health=replace(DOWN, message=name))
    there = wallet(f"{name}/a", coin(name, "1"), coin(f"{name}x", "-1"))
    for one in (None, name):
        yield "\n".join(balance_blocks(report(there, unread, coin=one), UTC_ZONE))
    yield reading_text([name, name])


def digests(name: str) -> Iterator[str]:
    there = wallet(name, coin(name, "1"))
    unread = wallet(f"{name}/b", health=replace(DOWN, message=name))
    given_ = digest(there, unread, before={name: [coin(name, "5")]}, firing=[state(name)])
    yield digest_text(given_, UTC_ZONE)


def rules(name: str) -> Iterator[str]:
    states = (state(name),)
    for one in (None, made(name), replace(made(name), paused=True)):
        yield from (page.text for page in rule_pages([RuleStatus(name, rule(name), states, one)]))
    yield accepted_text(RuleChange(made(name), ended=2))
    yield edit_question(made(name))


def talks(name: str) -> Iterator[str]:
    yield coin_question(name)
    yield condition_question(name)
    yield limit_question(name, example="500")
    past = Replay(NOW - timedelta(days=30), ())
    for unknown in (None, (), (name, name)):
        given_ = Preview(
            at=NOW, rule=rule(name), covers=(name,), states=(state(name),), past=past,
            unknown_coin=unknown,
        )  # fmt: skip
        yield preview_text(given_, UTC_ZONE, edits=made(name))
    line = _line(name)
    yield mistake_text(line, RuleError(expected=name, got=line[:5], column=1))


VIEWS = [told, cards, alerts, balances, digests, rules, talks]


@pytest.mark.parametrize("view", VIEWS)
@given(name=names)
def test_names_are_text(view: Callable[[str], Iterator[str]], name: str) -> None:
    """No markup but ours, no direction but that of the line, and no line that the name begins."""
    for html in view(name):
        shown = read(html)
        assert not any(_turns(character) for character in shown)
        assert "\0" not in shown
        assert set(re.findall(r"</?([a-z]+)", html)) <= TAGS


def _turns(character: str) -> bool:
    return unicodedata.category(character) == "Cf" or character in "\r\u2028\u2029"


def test_what_is_checked_can_be_missed() -> None:
    """The reader refuses what a name must not do."""
    for html in ("<evil>", "</b>", "<b>", "&evil;"):
        with pytest.raises((AssertionError, IndexError)):
            read(html)
