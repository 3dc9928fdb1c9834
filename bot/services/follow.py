"""Follow: take up what another process has changed of what is watched.

The rules and the list of sub-accounts are known in memory, because every check asks for them.
Who changes them counts on, in the same transaction; who begins one looks at that count first.
"""

from collections import defaultdict
from datetime import datetime, timedelta

from bot.services.lead import MOST_OUT_OF_STEP
from bot.services.ports import Unit
from bot.services.watched import Watched

_LATEST = 2 * MOST_OUT_OF_STEP
"""By so much two clocks may differ, neither of which is out of step."""


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
        alike[account.check_every].append(account.name)
    for every, names in alike.items():
        await unit.accounts.hasten(names, beyond=now + every + _LATEST, now=now)


async def forget_others(unit: Unit, watched: Watched) -> None:
    """Forget the accounts and the wallets that are not watched any more."""
    await unit.accounts.retain([account.name for account in watched.accounts])
    await unit.wallets.retain(watched.sources)


async def tell_others(unit: Unit, watched: Watched) -> None:
    """Let them know that what we watch is not what it was."""
    before, news = watched.news, await unit.leases.add_news()
    # Where others have told something meanwhile, that is still to be taken up.
    watched.news = news if before is not None and news == before + 1 else None
