"""One table of it all, for the README."""

from collections.abc import Iterator, Sequence

from bench.chaos.campaign import AT_RANDOM, IN_PEACE
from bench.chaos.controls import Control
from bench.chaos.ledger import Account
from bench.chaos.outages import Passed
from bench.chaos.seams import (
    AFTER_COMMIT,
    AFTER_FETCH,
    AFTER_MARK,
    AFTER_SEND,
    BEFORE_COMMIT,
    BEFORE_MARK,
    BEFORE_SEND,
)

ORDER = (
    AFTER_FETCH,
    BEFORE_COMMIT,
    AFTER_COMMIT,
    BEFORE_SEND,
    AFTER_SEND,
    BEFORE_MARK,
    AFTER_MARK,
    AT_RANDOM,
    IN_PEACE,
)


def table(
    account: Account, controls: Sequence[Control], passed: Sequence[Passed], *, seed: int
) -> str:
    """Write the table in Markdown."""
    rows = [(f"what was done (seed {seed})", "what came of it"), ("---", "---")]
    rows += [*_killed(account), *map(_control, controls), *map(_passed, passed)]
    return "\n".join(f"| {what} | {came} |" for what, came in rows)


def _killed(account: Account) -> Iterator[tuple[str, str]]:
    minutes = account.seconds / 60
    kills = ", ".join(f"{point} {account.kills[point]}" for point in ORDER)
    yield f"**{account.killed:,} kills** in {minutes:.0f} min", kills
    yield f"**{account.drops.total():,} drops**", _drops(account)
    yield (
        f"**alerts and recoveries**, {account.due:,} to be told (each in each chat)",
        f"**lost {len(account.lost)}** of {account.due:,}: "
        f"below {account.bound:.2%} with 95 % certainty",
    )
    yield "told again", _repeats(account)
    yield "told and not true", str(len(account.false))
    yield f"{account.asked:,} commands and presses", _answers(account)
    yield f"{account.digests_due:,} digests", _digests(account)


def _drops(account: Account) -> str:
    """Name the drops at Telegram one by one; the wrong answers of exchanges are many."""
    at_telegram = {
        name.partition(": ")[2]: count
        for name, count in account.drops.most_common()
        if name.startswith("Telegram")
    }
    named = ", ".join(f"{name} {count}" for name, count in at_telegram.items())
    others = account.drops.total() - sum(at_telegram.values())
    return f"Telegram: {named}; exchanges: {others} answers cut, wrong or refused"


def _repeats(account: Account) -> str:
    share = account.repeats / account.due if account.due else 0
    within = account.repeats - len(account.windowless)
    return (
        f"{account.repeats:,} ({share:.1%}), {within:,} of them where nobody could know whether "
        f"the first had arrived; without saying so {len(account.unmarked)}"
    )


def _answers(account: Account) -> str:
    lost = len(account.answers_lost)
    return f"unanswered {len(account.unanswered)}; answers lost on their way {lost}"


def _digests(account: Account) -> str:
    return (
        f"twice {len(account.digests_twice)}, lost {len(account.digests_lost)}; "
        f"twice after a 502 behind which it had been taken {len(account.digests_behind)}; "
        f"not repeated because one may have arrived {account.digests_given_up}"
    )


def _control(control: Control) -> tuple[str, str]:
    verdict = "detected" if control.found else "**not detected**"
    found = f"{control.found} {control.fault} of {control.account.due}"
    return (
        f"control: a build that {control.build}",
        f"{verdict}: {found}, after {control.account.killed} kills",
    )


def _passed(passed: Passed) -> tuple[str, str]:
    told = "somebody was never told" if passed.told_s is None else f"told {passed.told_s:.1f} s"
    answered = "no answer" if passed.answered_s is None else f"answered {passed.answered_s:.1f} s"
    repeats = f"repeated {len(passed.repeats)}"
    if unmarked := [post for post in passed.repeats if not post.is_marked]:
        repeats += f" (**{len(unmarked)} without saying so**)"
    unanswered = f", unanswered {passed.unanswered} of 2" if passed.unanswered else ""
    return (
        f"fault: {passed.name}",
        f"lost {passed.lost} of {passed.due}, {repeats}; {told}, {answered} after its end"
        f"{unanswered}",
    )
