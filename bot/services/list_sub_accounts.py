"""List the sub-accounts of an account like one more wallet: the list has a path and a health."""

from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from bot.core.portfolio import LISTING, Account
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
    """List the sub-accounts; once more when there suddenly seem to be none."""
    listing = await _list(lister, account, clock)
    if account.subs and not listing.account.subs:
        log.warning(
            "All sub-accounts are gone: listing again", action="confirm_none", account=account.name
        )
        listing = await _list(lister, account, clock)
    return listing


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
        raise UnexpectedAnswer("a sub-account has a name that is no part of a path")
    return tuple(subs)
