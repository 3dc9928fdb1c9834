"""Looking at a line before it is a rule: what it covers, and what is wrong if it covers nothing.

A line that parses may still never speak: nothing here is called so, or cannot hold the coin. Then
the error points at the path, as at any other word.
"""

import re
from collections.abc import Collection, Iterable, Mapping

from bot.core.errors import RuleError
from bot.core.portfolio import Account, WalletState, is_listing, nearest
from bot.core.rules import Rule
from bot.core.sentences import Sentence
from bot.core.watches import Watch, watches_of

NONE_HERE = Sentence("a wallet that this chat sees, and it sees none")
_SUM = re.compile(r"\s*(sum\s+)?", re.IGNORECASE)


def refuse_silent(line: str, rule: Rule, accounts: Collection[Account]) -> None:
    """Refuse a rule that covers nothing, and could not come to cover anything.

    Raises:
        RuleError: it could never speak.
    """
    if any(account.may_come_under(rule.pattern) for account in accounts):
        return
    if not watches_of("", rule, accounts):
        raise covers_nothing(line, rule, accounts)


def covers_nothing(line: str, rule: Rule, accounts: Collection[Account]) -> RuleError:
    """Return what is wrong with a rule that covers nothing, and what is called nearly so."""
    column = pattern_column(line)
    if any(account.is_meant_by(rule.pattern) for account in accounts):
        expected = Sentence("a wallet that can hold {coin}", coin=rule.asset)
        return RuleError(expected, rule.pattern, column)
    names = names_of(accounts)
    near = nearest(rule.pattern, names) or tuple(names[:3])
    expected = NONE_HERE
    if near:
        expected = Sentence("a wallet that is here, such as {names}", names=near)
    return RuleError(expected, rule.pattern, column)


def names_of(accounts: Collection[Account]) -> list[str]:
    """List what a rule may begin with: the accounts, then their wallets."""
    paths = [path for account in accounts for path in account.paths]
    return [*(account.name for account in accounts), *paths]


def pattern_column(line: str) -> int:
    """Say where the pattern of a line begins, counted from 1."""
    begin = _SUM.match(line)
    return begin.end() + 1 if begin else 1


def wallets_of(watches: Iterable[Watch]) -> tuple[str, ...]:
    """Name the wallets that a rule covers, each once."""
    paths = (path for watch in watches for path in watch.paths if not is_listing(path))
    return tuple(dict.fromkeys(paths))


def unknown_coin(
    rule: Rule, covers: Collection[str], known: Mapping[str, WalletState]
) -> tuple[str, ...] | None:
    """Name what is called nearly as a coin that none of the wallets holds; None: one does."""
    coins = {path: {b.asset for b in state.balances or ()} for path, state in known.items()}
    here = set().union(*(coins.get(path, set()) for path in covers))
    if rule.measure == "value" or not here or rule.asset in here:
        return None
    return nearest(rule.asset, sorted(set().union(*coins.values())))
