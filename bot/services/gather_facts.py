"""Gather what rules are judged by: wallets, their past and prices; no more than is needed."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import get_args

from bot.core.context import LOOKS_BACK, MOST_ELSEWHERE
from bot.core.history import History
from bot.core.measures import Facts
from bot.core.valuation import Currency, PriceBook
from bot.core.watches import Watch
from bot.services.ports import PriceSource, Unit

_CANDIDATES = MOST_ELSEWHERE + 7
"""Some more than are told: one has the alert, and the database compares no more than 15 digits."""


async def gather_facts(
    unit: Unit,
    prices: PriceSource,
    watches: Collection[Watch],
    *,
    now: datetime,
    paths: Iterable[str] = (),
) -> Facts:
    """Return all that the watches need, and what is known of these wallets, too."""
    needed = {*paths, *(path for watch in watches for path in watch.paths)}
    return Facts(
        wallets=await unit.wallets.load(needed),
        history=await _past(unit, watches, now),
        books=books_of(prices, watches),
        markets=prices.markets,
    )


async def gather_context(
    unit: Unit, prices: PriceSource, watches: Collection[Watch], *, now: datetime
) -> Facts:
    """Return what is told with the alerts of these watches.

    That is the last day of their wallets, and others in which there is more of their coins.
    """
    paths = {path for watch in watches for path in watch.paths}
    of_all = any(watch.rule.measure == "value" for watch in watches)
    assets = None if of_all else {watch.rule.asset for watch in watches}
    coins = {watch.rule.asset for watch in watches if watch.rule.measure != "value"}
    rich = await richest_in(unit, coins)
    return Facts(
        wallets=await unit.wallets.load(paths | rich),
        history=await unit.wallets.history(paths, assets, since=now - LOOKS_BACK),
        books=books_of(prices, watches),
        markets=prices.markets,
    )


async def richest_in(unit: Unit, coins: Collection[str]) -> set[str]:
    """Name the wallets in which there is most of each of these coins."""
    found = [await unit.wallets.richest(coin, most=_CANDIDATES) for coin in sorted(coins)]
    return set().union(*found)


async def _past(unit: Unit, watches: Iterable[Watch], now: datetime) -> History:
    """Ask once for all watches that need the past."""
    backward = [(watch, watch.look_back) for watch in watches if watch.look_back is not None]
    if not backward:
        return History()
    return await unit.wallets.history(
        {path for watch, _ in backward for path in watch.paths},
        {watch.rule.asset for watch, _ in backward},
        since=now - max(look_back for _, look_back in backward),
    )


def books_of(prices: PriceSource, watches: Iterable[Watch]) -> dict[str, PriceBook]:
    """Return the prices that the watches need, by the currency that they are told in."""
    wanted = {watch.rule.asset for watch in watches if watch.rule.measure == "value"}
    known: tuple[Currency, ...] = get_args(Currency)
    return {currency: prices.book(currency) for currency in known if currency in wanted}
