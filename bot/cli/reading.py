"""Reading now, without the database: which sub-accounts there are, then the wallets."""

import asyncio
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from bot.clock import utc_now
from bot.core.errors import UnknownName
from bot.core.portfolio import Account, matches, nearest
from bot.fetchers import Fetcher, Reading
from bot.services.list_sub_accounts import Listing, list_sub_accounts
from bot.services.read_wallets import read_wallets
from bot.settings import Settings
from bot.sources import lister_of, reader_of


@dataclass(frozen=True, slots=True)
class There:
    """What there is to be read."""

    accounts: tuple[Account, ...]
    """With the sub-accounts that were listed now."""
    lists: Mapping[str, Reading]
    """How listing went, by the paths of the lists that were asked for."""

    @property
    def failed(self) -> dict[str, Reading]:
        """The lists that could not be read."""
        return {path: r for path, r in self.lists.items() if r.error is not None}


@dataclass(frozen=True, slots=True)
class Found:
    """What was read now, without the database."""

    readings: Mapping[str, Reading]
    """By path; a list of sub-accounts is among them only where it could not be read."""
    frozen: frozenset[str]
    """The paths of sub-accounts that are out of use."""


async def read_now(
    settings: Settings, patterns: Sequence[str], fetchers: Mapping[str, Fetcher]
) -> Found:
    """List the sub-accounts that may be meant, then read what is meant.

    Raises:
        UnknownName: a pattern covers nothing.
    """
    there = await list_now(settings, patterns, fetchers)
    failed = there.failed
    meant = {path for p in patterns for path in _meant(p, there.accounts, failed)}
    paths = [path for account in there.accounts for path in account.sources if path in meant]
    wallets = [path for path in paths if path not in failed]
    readings = await read_paths(wallets, fetchers) | failed
    frozen = frozenset(chain.from_iterable(account.frozen for account in there.accounts))
    return Found({path: readings[path] for path in paths}, frozen)


async def list_now(
    settings: Settings, patterns: Sequence[str], fetchers: Mapping[str, Fetcher]
) -> There:
    """List the sub-accounts of the accounts in which `patterns` may mean some."""
    lister = lister_of(fetchers)
    async with asyncio.TaskGroup() as group:
        tasks = {
            account.name: group.create_task(list_sub_accounts(lister, account, clock=utc_now))
            for account in settings.watched
            if any(account.may_come_under(pattern) for pattern in patterns)
        }
    listings: dict[str, Listing] = {name: task.result() for name, task in tasks.items()}
    return There(
        accounts=tuple(
            listings[account.name].account if account.name in listings else account
            for account in settings.watched
        ),
        lists={
            listing.account.listing: listing.reading
            for listing in listings.values()
            if listing.account.listing is not None
        },
    )


async def read_paths(
    wallets: Iterable[str], fetchers: Mapping[str, Fetcher]
) -> dict[str, Reading]:
    """Read wallets by their paths."""
    return await read_wallets(reader_of(fetchers), wallets, clock=utc_now)


def _meant(pattern: str, accounts: Sequence[Account], failed: Collection[str]) -> Iterator[str]:
    """List the paths that `pattern` covers, and the failed lists of what it may cover."""
    blind = [a for a in accounts if a.listing in failed and a.may_come_under(pattern)]
    if not blind and not any(account.is_meant_by(pattern) for account in accounts):
        raise UnknownName(
            pattern, nearest(pattern, chain.from_iterable(a.paths for a in accounts))
        )
    for account in accounts:
        yield from (path for path in account.paths if matches(pattern, path))
    yield from (account.listing for account in blind if account.listing)
