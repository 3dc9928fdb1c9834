"""What is believed of an answer that is good in itself, but tells less than the one before."""

from datetime import timedelta

from bot.core.portfolio import WalletState
from bot.core.sentences import Sentence
from bot.fetchers.errors import UnexpectedAnswer
from bot.fetchers.model import Balance, Reading

PATIENCE = timedelta(hours=1)
"""How long an answer that tells less must last until it is taken for what there is to know."""


def newly_empty(before: WalletState | None, reading: Reading) -> bool:
    """Whether a good answer shows nothing where there was money: read it again to believe it."""
    had = [b.total or b.available for b in (before.balances if before else None) or ()]
    has = [b.total or b.available for b in reading.balances or ()]
    return reading.balances is not None and any(had) and not any(has)


def believed(before: WalletState | None, reading: Reading) -> Reading:
    """Take an answer that has lost its totals for no answer, until that has lasted.

    Where an exchange tells all in one way and the available part in another, a hiccup of the one
    would let rules about totals be judged by less than there is.
    """
    if before is None or not _has_totals(before.balances) or not reading.balances:
        return reading
    since = before.health.failing_since
    lasted = since is not None and reading.read_at - since >= PATIENCE
    if lasted or _has_totals(reading.balances):
        return reading
    error = UnexpectedAnswer(
        Sentence("the answer tells what is available only, and told all before")
    )
    return Reading(reading.wallet, reading.read_at, None, error)


def _has_totals(balances: tuple[Balance, ...] | None) -> bool:
    return any(balance.total is not None for balance in balances or ())
