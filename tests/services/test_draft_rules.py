"""Drafts: what is chosen step by step, whose words are meant, and what has grown old."""

from typing import Any

import pytest

from bot.core.portfolio import Account
from bot.services.draft_rules import DraftRules, Step, chosen

OWNER, GROUP = 1001, -4001


@pytest.fixture
def drafts(house: Any) -> DraftRules:
    return DraftRules(watched=house.watch(), open_unit=house.open_unit, clock=house.clock)


@pytest.mark.parametrize(
    ("text", "step", "word", "result"),
    [
        ("", "wallet", "main/funding", "main/funding"),
        ("xt USDT <", "wallet", "sum *", "sum *"),
        ("main/funding", "coin", "USDT", "main/funding USDT"),
        ("main/funding ETH", "coin", "USDT", "main/funding USDT"),  # pressed twice, or anew
        ("sum *", "coin", "USDT", "sum * USDT"),
        ("sum * ETH <", "coin", "USDT", "sum * USDT"),
        ("sum *", "coin", "total", "* total"),  # a value is a sum in any case
        ("main", "coin", "total", "main total"),
        ("main/funding USDT", "condition", "<", "main/funding USDT <"),
        ("main/funding USDT >", "condition", "lasts <", "main/funding USDT lasts <"),
        ("sum * USDT lasts <", "condition", "drops", "sum * USDT drops"),
        ("main total", "condition", "<", "main total <"),
    ],
)
def test_words_are_set_at_their_step(text: str, step: Step, word: str, result: str) -> None:
    """What is chosen replaces what was chosen there and after, however often it is pressed."""
    assert chosen(text, step, word) == result
    assert chosen(result, step, word) == result


async def test_words_go_to_the_draft_that_waits(drafts: DraftRules) -> None:
    """In private the next words count; in a group only a reply to the question does."""
    private = await drafts.begin(OWNER, OWNER)
    group = await drafts.begin(GROUP, OWNER)
    assert await drafts.awaited(OWNER, OWNER, reply_to=None) is None
    await drafts.ask(private.id, question=5)
    await drafts.ask(group.id, question=6)
    found = [
        await drafts.awaited(chat, user, reply_to=reply_to)
        for chat, user, reply_to in [
            (OWNER, OWNER, None), (OWNER, OWNER, 5), (OWNER, OWNER, 4),
            (GROUP, OWNER, 6), (GROUP, OWNER, None), (GROUP, OWNER, 5), (GROUP, 2002, 6),
        ]
    ]  # fmt: skip
    assert [d.id if d else None for d in found] == [
        private.id, private.id, None, group.id, None, None, None,
    ]  # fmt: skip
    await drafts.fill(private.id, "main USDT < 5")
    assert await drafts.awaited(OWNER, OWNER, reply_to=None) is None


async def test_a_new_talk_ends_the_one_before(drafts: DraftRules) -> None:
    """Words are waited for by one draft only; what is previewed may still be added."""
    previewed = await drafts.begin(OWNER, OWNER, text="main USDT < 5")
    waiting = await drafts.begin(OWNER, OWNER)
    await drafts.ask(waiting.id, question=5)
    new = await drafts.begin(OWNER, OWNER, edits=7)
    assert await drafts.find(waiting.id) is None
    assert (await drafts.find(previewed.id), await drafts.find(new.id)) == (previewed, new)
    assert await drafts.choose(waiting.id, "wallet", "main") is None


async def test_a_draft_grows_old(house: Any, drafts: DraftRules) -> None:
    """After a day nobody remembers what it was about: no button and no word reaches it."""
    draft = await drafts.begin(OWNER, OWNER)
    await drafts.ask(draft.id, question=5)
    house.clock.advance(days=1)
    assert await drafts.awaited(OWNER, OWNER, reply_to=5) is not None
    house.clock.advance(seconds=1)
    assert await drafts.awaited(OWNER, OWNER, reply_to=5) is None
    assert await drafts.find(draft.id) is None
    assert not await drafts.cancel(draft.id)


async def test_cancelled_once(drafts: DraftRules) -> None:
    """Pressed again, there is nothing left to give up."""
    draft = await drafts.begin(OWNER, OWNER)
    assert await drafts.cancel(draft.id)
    assert not await drafts.cancel(draft.id)


def test_no_choice_is_two_words(house: Any) -> None:
    """A sub-account with a space in its name cannot be said in a rule, so it is not offered."""
    wallets = ("funding", "sub:my desk")
    house.accounts = (Account("main", "okx", wallets, house.accounts[0].check_every),)
    drafts = DraftRules(watched=house.watch(), open_unit=house.open_unit, clock=house.clock)
    assert drafts.wallets() == ("sum *", "*", "main", "main/funding")


async def test_choices_are_what_is_there(house: Any, drafts: DraftRules) -> None:
    """Wallets come in the words of a rule; coins are those that lie in the chosen ones."""
    assert drafts.wallets() == (
        "sum *", "*", "main", "xt", "main/funding", "main/trading", "xt/spot",
    )  # fmt: skip
    house.exchange.answers |= {
        "main/funding": {"USDT": "1", "BTC": "2"},
        "main/trading": {"USDT": "1"},
        "xt/spot": {"XRP": "1"},
    }
    await house.check(house.build_checks())
    draft = await drafts.begin(OWNER, OWNER)
    for words, coins in {
        "main/*": ["USDT", "BTC"],
        "sum *": ["USDT", "BTC", "XRP"],
        "xt": ["XRP"],
    }.items():
        chosen_one = await drafts.choose(draft.id, "wallet", words)
        assert chosen_one is not None
        assert await drafts.coins(chosen_one) == coins
