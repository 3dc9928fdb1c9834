"""List the sub-accounts of an account like one more wallet: the list has a path and a health."""

from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from bot.core.portfolio import LISTING, Account
from bot.core.sentences import Sentence
from bot.fetchers.errors import FetchError, UnexpectedAnswer
from bot.fetchers.model import Reading, SubAccount
from bot.services.ports import Clock, SubAccountLister
from bot.services.read_wallets import read_wallets

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Listing:
    """How listing went."""

    account: Account
    """With the sub-accounts that were listed; as it was where they could not be."""
    reading: Reading
    """Good and empty, or the reason why there is no list."""


async def list_sub_accounts(
    lister: SubAccountLister, account: Account, *, clock: Clock
) -> Listing:
    """List the sub-accounts; once more when some seem to be gone, and then by both lists."""
    first = await _list(lister, account, clock)
    if first.reading.error is not None or not _missing(account, first):
        return first
    missing = sorted(sub.name for sub in _missing(account, first))
    log.warning(
        "Sub-accounts are gone: listing again",
        action="confirm_gone",
        account=account.name,
        gone=missing,
    )
    second = await _list(lister, account, clock)
    if second.reading.error is not None:
        return second
    # A cut list must not end what is watched: only what both leave out is gone.
    listed = {sub.name: sub for sub in (*first.account.subs, *second.account.subs)}
    return Listing(account.with_subs(listed.values()), second.reading)


def _missing(account: Account, listing: Listing) -> set[SubAccount]:
    listed = {sub.name for sub in listing.account.subs}
    return {sub for sub in account.subs if sub.name not in listed}


async def _list(lister: SubAccountLister, account: Account, clock: Clock) -> Listing:
    found: tuple[SubAccount, ...] = account.subs

    async def read(path: str) -> Reading:
        nonlocal found
        try:
            found = _named(await lister(account.name))
        except FetchError as e:
            return Reading(LISTING, clock(), None, e.with_traceback(None))
        return Reading(LISTING, clock(), ())

    readings = await read_wallets(read, [LISTING], clock=clock)
    return Listing(account.with_subs(found), readings[LISTING])


def _named(subs: Sequence[SubAccount]) -> tuple[SubAccount, ...]:
    """Refuse names that would be mistaken for other paths: what lies there would be missed."""
    if any(not sub.name or "*" in sub.name or "/" in sub.name for sub in subs):
        raise UnexpectedAnswer(Sentence("a sub-account has a name that is no part of a path"))
    return tuple(subs)
