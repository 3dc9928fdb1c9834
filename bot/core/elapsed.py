"""How far time has come for certain: by what was read, not by a clock.

What is deleted by a clock that is ahead never comes back. That something was read says how late it
was, but for the gaps before: in those the clock may have been put forward. After a week in which
all is read by a clock it is believed, and no more is kept for a long absence.
"""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from bot.core.series import Gap

BELIEVED_AFTER = timedelta(days=7)
LATELY = timedelta(days=1)


def read_lately(read_at: Mapping[str, datetime], *, now: datetime) -> Mapping[str, datetime]:
    """Choose by path those that were read last, and leave out what a clock ahead has written."""
    known = {path: at for path, at in read_at.items() if at <= now}
    newest = max(known.values(), default=now)
    return {path: at for path, at in known.items() if at > newest - LATELY}


def certainly(
    read_at: Mapping[str, datetime], gaps: Mapping[str, Collection[Gap]]
) -> datetime | None:
    """Return the instant that has come for certain; None: nothing was read.

    A wallet that was not there before a gap knows nothing of it, so the one counts that knows of
    the longest.

    Args:
        read_at: By path, when wallets were read last.
        gaps: By path, those that ended less than `BELIEVED_AFTER` before.
    """
    return min(
        (at - _missed(gaps.get(path, ()), at) for path, at in read_at.items()), default=None
    )


def _missed(gaps: Collection[Gap], at: datetime) -> timedelta:
    """Add up the gaps that were over at an instant; others are of a clock that was put back."""
    over = (gap.ends_at - gap.begins_at for gap in gaps if at - BELIEVED_AFTER < gap.ends_at <= at)
    return sum(over, timedelta(0))
