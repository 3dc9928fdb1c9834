"""What rules are about: each rule for each of its subjects."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import timedelta

from bot.core.alerts import AlertKey
from bot.core.forecast import LOOK_BACK
from bot.core.portfolio import Account, matches
from bot.core.rules import Rule

MISSED_ROUNDS = 3
"""A reading that has missed so many rounds of its account is stale."""


@dataclass(frozen=True, slots=True)
class Watch:
    """One rule for one subject: what an alert state belongs to."""

    rule_name: str
    rule: Rule
    subject: str
    """The path, or `sum PATTERN`."""
    paths: tuple[str, ...]
    """What has to be known to judge it."""
    most_apart: timedelta
    """How far apart its readings may lie: after a night's pause half a sum is old news."""

    @property
    def key(self) -> AlertKey:
        """The key of its alert state."""
        return (self.rule_name, self.subject, self.rule.asset)

    @property
    def look_back(self) -> timedelta | None:
        """How much of the past is needed to judge it; None: nothing."""
        return LOOK_BACK if self.rule.measure == "runway" else self.rule.window


def watches_of(name: str, rule: Rule, accounts: Collection[Account]) -> tuple[Watch, ...]:
    """List what a rule is about among the wallets that can hold its coin; () if it covers none."""
    found = [
        (path, account.round)
        for account in accounts
        for path in (account.paths if rule.measure == "value" else account.paths_for(rule.asset))
        if matches(rule.pattern, path)
    ]
    if not found:
        return ()
    paths = tuple(path for path, _ in found)
    most_apart = MISSED_ROUNDS * max(one_round for _, one_round in found)
    if rule.summed:
        paths += _listings(rule, accounts)
        return (Watch(name, rule, f"sum {rule.pattern}", paths, most_apart),)
    return tuple(Watch(name, rule, path, (path,), most_apart) for path in paths)


def _listings(rule: Rule, accounts: Iterable[Account]) -> tuple[str, ...]:
    """Name the lists without which nobody knows whether a sum has all its parts."""
    concerned = (account for account in accounts if account.may_come_under(rule.pattern))
    return tuple(account.listing for account in concerned if account.listing)


def blind_rules(watches: Iterable[Watch], path: str) -> int:
    """Count the rules that cannot be judged, for a subject at least, while a path is unread."""
    return len({watch.rule_name for watch in watches if path in watch.paths})
