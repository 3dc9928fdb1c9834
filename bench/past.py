"""A past to look back at: 90 days in which each wallet has changed once an hour."""

from datetime import datetime, timedelta
from decimal import Decimal

from bot.core.past_prices import hour_of
from bot.core.portfolio import WalletState
from bot.fetchers.model import Balance
from bot.services.ports import OpenUnit

DAYS = 90
COINS = ("BTC", "ETH", "USDT")


async def fill(open_unit: OpenUnit, paths: list[str], *, now: datetime) -> None:
    """Write the past as checks would have done, and prices of every sixth hour."""
    for number in range(DAYS * 24, -1, -1):
        at = now - timedelta(hours=number)
        coin = COINS[number % len(COINS)]
        amount = Decimal(number + 1) / 7
        states = [
            WalletState(path, (Balance(coin, amount, amount, Decimal(0)),), at) for path in paths
        ]
        async with open_unit() as unit:
            await unit.wallets.save(states, most_apart=timedelta(hours=2))
            if number % 6 == 0:
                prices = {("okx", "BTC"): Decimal(60000), ("okx", "ETH"): Decimal(1800)}
                await unit.past.keep_prices(prices, hour=hour_of(at))
