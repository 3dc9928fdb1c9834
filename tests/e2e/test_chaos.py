"""A short campaign with real processes, and what its account must notice."""

import random

import pytest

from bench.chaos.__main__ import QUICK_KILLS, run
from bench.chaos.ledger import Account, Ledger
from bench.chaos.phone import DIGEST, Post
from bench.chaos.table import table
from bench.chaos.truth import Truth, sayings
from bench.chaos.weather import REFUSED_BEHIND
from bot.sandbox.world import World

SEED = 1
HERE, THERE = 1001, -4001
MARK = "This may be a repeat: Telegram did not confirm the first one."
LIFE, SENT_AT = 7, 100.0


@pytest.mark.timeout(240)  # 45 CPU seconds: a minute by itself, more beside others
async def test_a_short_campaign_loses_nothing_and_finds_what_does() -> None:
    """Killed anywhere and cut off, the bot tells everything; builds that do not are found out."""
    result = await run(kills=QUICK_KILLS, seed=SEED, quick=True)
    told = table(result.kills, result.controls, result.outages, seed=SEED)
    assert result.kills.faults == {}, told
    assert result.kills.killed >= QUICK_KILLS, told
    assert result.kills.due > 100, told
    assert [control.build for control in result.controls if not control.found] == [], told
    assert [passed.name for passed in result.outages if passed.lost] == [], told
    assert result.is_good, told


def account_of(*texts: str, trouble: str = "", window: float | None = None) -> Account:
    """Judge what was said, one message after another, about one subject that went low."""
    truth = Truth(World(), random.Random(SEED))  # noqa: S311 - repeatable on purpose
    subject = truth.subjects[0]
    ledger = Ledger(truth, [HERE, THERE])
    low = truth.move(subject)
    ledger.expect(low)
    for chat_id in (HERE, THERE) if texts else ():
        for number, text in enumerate(texts if chat_id == HERE else texts[:1]):
            said = text.format(what=f"{subject.path} · {subject.coin}", amount=low.amount)
            post = Post(chat_id, number, said, LIFE, SENT_AT, trouble, list(sayings(said)))
            ledger.take(post)
    ledger.give_up()
    ledger.judge({} if window is None else {LIFE: {HERE: window}})
    return ledger.account


LOW = "🟠 WARNING · {what} low\nbalance {amount}\nlimit < 500"


def test_the_account_of_what_is_told_once_is_clean() -> None:
    """Nothing is due, nothing is wrong."""
    assert account_of(LOW).faults == {}


def test_the_account_notices_what_is_not_told() -> None:
    """In each chat for itself."""
    assert account_of().faults == {"lost": 2}


@pytest.mark.parametrize(
    ("trouble", "window", "faults"),
    [
        ("", None, {"repeats of what surely had arrived": 1}),
        ("", SENT_AT + 1, {"repeats of what surely had arrived": 1}),  # another was on its way
        ("", SENT_AT - 1, {}),  # killed before the mark
        ("the connection was cut", None, {}),
    ],
)
def test_the_account_wants_a_reason_for_a_repeat(
    trouble: str, window: float | None, faults: dict[str, int]
) -> None:
    """Only what may not have arrived is told again."""
    again = account_of(LOW, f"{LOW}\n\n{MARK}", trouble=trouble, window=window)
    assert again.repeats == 1
    assert again.faults == faults


def test_the_account_wants_a_repeat_to_say_so() -> None:
    """A reason alone is not enough."""
    told = account_of(LOW, LOW, window=SENT_AT - 1)
    assert told.faults == {"repeats that do not say so": 1}


@pytest.mark.parametrize(
    "text",
    [
        LOW.replace("{amount}", "0"),
        LOW.replace("{amount}", "470.25"),  # it was never that
        "✅ RECOVERED · {what}\nbalance {amount}",  # it has not
        LOW.replace("{what}", "other/spot · USDT"),
    ],
)
def test_the_account_notices_what_is_not_true(text: str) -> None:
    """An amount of nobody, a recovery that was none, a subject that is none."""
    assert account_of(LOW, text).faults == {"told and not true": 1}


def test_the_account_notices_a_digest_that_comes_twice() -> None:
    """A digest says its date; one chat gets each date once."""
    digest = f"{DIGEST}Sat 21 Nov 2026 · 00:00 UTC\nlate"
    assert account_of(LOW, digest, digest).faults == {"digests told twice": 1}


@pytest.mark.parametrize(
    ("trouble", "again", "faults", "behind"),
    [
        (REFUSED_BEHIND, f"\n<i>{MARK}</i>", {}, 1),
        (REFUSED_BEHIND, "", {"digests told twice": 1}, 0),  # it does not say so
        ("the connection was cut", f"\n{MARK}", {"digests told twice": 1}, 0),  # not tried again
    ],
)
def test_the_account_wants_a_repeated_digest_to_say_so(
    trouble: str, again: str, faults: dict[str, int], behind: int
) -> None:
    """Only what a server in between refused in vain may come again, and only with the mark."""
    digest = f"{DIGEST}Sat 21 Nov 2026 · 00:00 UTC"
    account = account_of(LOW, digest, f"{digest}{again}", trouble=trouble)
    assert (account.faults, len(account.digests_behind)) == (faults, behind)
