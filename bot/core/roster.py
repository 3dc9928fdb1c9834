"""The roster of an account: which of its sub-accounts came, went, froze or thawed."""

from datetime import datetime

from bot.core.events import SubAccountsChanged
from bot.core.portfolio import Account


def roster_change(
    before: Account, after: Account, *, at: datetime
) -> tuple[SubAccountsChanged, ...]:
    """Tell what has changed between two lists of one account's sub-accounts; () if nothing."""
    was = {sub.name: sub.frozen for sub in before.subs}
    now = {sub.name: sub.frozen for sub in after.subs}
    stayed = sorted(was.keys() & now.keys())
    event = SubAccountsChanged(
        account=after.name,
        added=tuple(sorted(now.keys() - was.keys())),
        gone=tuple(sorted(was.keys() - now.keys())),
        frozen=tuple(name for name in stayed if now[name] and not was[name]),
        thawed=tuple(name for name in stayed if was[name] and not now[name]),
        at=at,
    )
    return (event,) if event.added or event.gone or event.frozen or event.thawed else ()
