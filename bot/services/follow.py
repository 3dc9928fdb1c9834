"""Follow: take up what another process has changed of what is watched.

The rules and the list of sub-accounts are known in memory, because every check asks for them.
Who changes them counts on, in the same transaction; who begins one looks at that count first.
"""

from collections import defaultdict
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import structlog

from bot.core.stock import account_of
from bot.services.lead import MOST_OUT_OF_STEP
from bot.services.ports import Clock, OpenUnit, Unit
from bot.services.watched import Watched

log = structlog.get_logger(__name__)

_LATEST = 2 * MOST_OUT_OF_STEP
"""By so much two clocks may differ, neither of which is out of step."""
LEFT_AFTER = timedelta(minutes=10)
"""Whoever names an account has it read before that; five minutes later nobody would be well."""


async def follow(unit: Unit, watched: Watched) -> None:
    """Take up the rules that were made and the sub-accounts that were found elsewhere, if any."""
    news = await unit.leases.news()
    if news == watched.news:
        return
    made = {rule.name: rule.rule for rule in await unit.rules.load() if rule.in_force}
    watched.recall((await unit.wallets.load()).values())
    watched.set_rules(watched.fixed | made)
    watched.news = news


async def begin_to_watch(unit: Unit, watched: Watched, *, now: datetime) -> None:
    """Bring what is watched in line with the database at the start; every account is due."""
    await follow(unit, watched)
    await unit.accounts.add([account.name for account in watched.accounts], now=now)


async def stay_watched(unit: Unit, watched: Watched, *, now: datetime) -> None:
    """Have due at once what a process with older settings has forgotten, or put off for too long.

    Nor does anything wait for an instant that was told by a clock which has been put back.
    """
    await unit.accounts.add_missing([account.name for account in watched.accounts], now=now)
    alike: dict[timedelta, list[str]] = defaultdict(list)
    for account in watched.accounts:
        alike[account.round].append(account.name)
    for every, names in alike.items():
        await unit.accounts.hasten(names, beyond=now + every + _LATEST, now=now)


async def forget_others(unit: Unit, watched: Watched) -> None:
    """Forget the accounts and the wallets that are not watched any more."""
    await unit.accounts.retain([account.name for account in watched.accounts])
    await unit.wallets.retain(watched.sources)


async def forget_left(
    open_unit: OpenUnit, watched: Watched, *, settle: Callable[[], Awaitable[None]], clock: Clock
) -> None:
    """Forget what a process with older settings has left behind; called by the timetable.

    It has had again what was forgotten when another began to lead, and ended after that. `settle`
    ends the alerts of what is not watched.
    """
    now = clock()
    before = now - LEFT_AFTER
    async with open_unit() as unit:
        oldest = await unit.accounts.oldest_due(now=now)
    if oldest is None or watched.has(oldest[0]) or oldest[1] > before:
        return
    await settle()
    async with open_unit() as unit:
        due = await unit.accounts.due()
        left = {n for n, due_at in due.items() if due_at <= before and not watched.has(n)}
        left -= set(await unit.accounts.leased(left, now=now))
        wallets = await unit.wallets.outlines()
        await unit.accounts.retain(due.keys() - left)
        await unit.wallets.forget([w.path for w in wallets if account_of(w.path) in left])
    log.info("What nobody watches is forgotten", action="forget", accounts=sorted(left))


async def tell_others(unit: Unit, watched: Watched) -> None:
    """Let them know that what we watch is not what it was."""
    before, news = watched.news, await unit.leases.add_news()
    # Where others have told something meanwhile, that is still to be taken up.
    watched.news = news if before is not None and news == before + 1 else None
