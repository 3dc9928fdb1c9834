"""When an account is due again: all in step, or spread over the interval where they are many.

What is in step is begun in portions: what one brings is told before the next is at work.
"""

from datetime import UTC, datetime, timedelta
from hashlib import blake2b

IN_STEP = 500
"""So many accounts are read within a second or two, and what moves from one to the other while
they are read is rarely missed in a sum. More would only stand in line behind each other."""

LEAST_PORTION, MOST_PORTIONS = 10, 20
PORTION_EVERY_S = 0.04
"""Of two hundred in step, ten are begun at a time: they keep the bot at work for half as long."""

_FIRST = datetime(1970, 1, 1, tzinfo=UTC)
_PARTS = 2**32


def next_due(name: str, *, begun_at: datetime, every: timedelta, among: int) -> datetime:
    """Return when an account is due after a check.

    Among many each has its own instant of the interval, whoever reads it, so that they stay apart
    however they began.

    Args:
        name: Of the account.
        begun_at: When its check began.
        every: The interval.
        among: How many accounts there are.
    """
    if among <= IN_STEP:
        return begun_at + every
    number = int.from_bytes(blake2b(name.encode(), digest_size=4).digest())
    return begun_at + every - (begun_at - _FIRST - every * (number / _PARTS)) % every


def portion_of(count: int, *, among: int) -> int:
    """Return how many checks are begun at a time, where so many are due at one look.

    What is spread is apart already, and takes half the work when it is kept together.
    """
    if among > IN_STEP:
        return count
    return max(LEAST_PORTION, -(-count // MOST_PORTIONS))
