"""The thirty days before the demo: what its bot would have kept, had it been running.

Amounts and prices go up and down without any chance in it, and end at those of the world.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from hashlib import blake2b

from bot.core.past_prices import hour_of
from bot.core.portfolio import WalletState
from bot.fetchers.model import Balance
from bot.sandbox.world import Account, Holding, World
from bot.services.ports import OpenUnit
from bot.settings import Settings
from bot.sources import kept_as
from bot.store.database import open_database
from bot.store.unit_of_work import units_of

DAYS = 30
_STEP, _MOST_APART = timedelta(hours=6), timedelta(hours=7)
_STEPS = DAYS * 4
_CHANGES_EVERY = 5
"""So many steps pass between two changes of a coin."""
_DIGITS, _CENT = Decimal("1e-8"), Decimal("0.01")
_AWAY = range(38, 41)
"""The steps, counted back from now, in which XT could not be read."""


async def write_past(settings: Settings, world: World, *, now: datetime) -> None:
    """Fill the database of the settings, which is made by that; no wallet was low in it."""
    async with open_database(settings.database_url.get_secret_value()) as engine:
        await _fill(units_of(engine), kept_as(settings), world, now)


async def _fill(
    open_unit: OpenUnit, markets: Mapping[str, str], world: World, now: datetime
) -> None:
    # Of older prices only those of every sixth hour of the day are kept.
    last = hour_of(now) - timedelta(hours=now.hour % 6)
    times = [(back, last - back * _STEP) for back in range(_STEPS, -1, -1)]
    async with open_unit() as unit:
        for back, at in (*times, (0, now)):
            states = [state for account in world for state in _states(account, back, at)]
            await unit.wallets.save(states, most_apart=_MOST_APART)
            for account in world:
                prices = _prices(world, account.exchange, back)
                kept = {(markets[account.name], coin): price for coin, price in prices.items()}
                await unit.past.keep_prices(kept, hour=hour_of(at))


def _states(account: Account, back: int, at: datetime) -> Iterator[WalletState]:
    """Say what an account held so many steps ago."""
    if account.exchange == "xt" and back in _AWAY:
        return
    for wallet, coins in account.wallets.items():
        path = f"{account.name}/{wallet}"
        held = (_balance(path, coin, holding, back) for coin, holding in sorted(coins.items()))
        yield WalletState(path, tuple(held), at)
    if account.subs:
        yield WalletState(f"{account.name}/sub:*", (), at)  # the list of them
    for wallet, coin, staking in (
        ("eth-staking", "BETH", account.staking),
        ("sol-staking", "OKSOL", account.sol_staking),
    ):
        if staking is not None:
            amount = staking.amount - back * staking.latest_interest / 4
            yield WalletState(f"{account.name}/{wallet}", (Balance(coin, amount, None, None),), at)


def _balance(path: str, coin: str, holding: Holding, back: int) -> Balance:
    # Changes fall on other steps in each wallet, and the last one lies a while back.
    since = (back + _noise(path, coin) % _CHANGES_EVERY) // _CHANGES_EVERY
    step = _CENT if coin == "USDT" else _DIGITS
    swayed = (holding.total * (1 + _sway(f"{path} {coin}", since, 12))).quantize(step)
    total = swayed if since else holding.total
    return Balance(coin, total, total - holding.held, holding.held)


def _prices(world: World, exchange: str, back: int) -> Mapping[str, Decimal]:
    """Say what coins cost so many steps ago, in USDT."""
    found = {}
    for (base, quote), price in world.prices[exchange].items():
        if quote == "USDT":
            found[base] = price * (1 + _sway(base, back, 4)) * (1 - Decimal(back) / 2000)
        elif base == "USDT":
            found[quote] = 1 / price
    if "USD" in found:
        found["CNY"] = found["USD"] / world.usd_cny
    return {coin: price.quantize(_DIGITS) for coin, price in found.items()}


def _sway(of: str, number: int, percent: int) -> Decimal:
    """Go up and down by at most so much, slowly; nothing at number 0."""
    if number == 0:
        return Decimal(0)
    # Halfway between what is known of every fourth number.
    last, into = divmod(number, 4)
    low, high = _corner(of, last), _corner(of, last + 1)
    return (low * (4 - into) + high * into) / 4 * percent / 100


def _corner(of: str, number: int) -> Decimal:
    """Give something from -1 to 1; nothing at number 0."""
    return Decimal(_noise(of, str(number)) % 2001 - 1000) / 1000 if number else Decimal(0)


def _noise(*words: str) -> int:
    """Give a number that is always the same for the same words."""
    return int.from_bytes(blake2b(" ".join(words).encode(), digest_size=4).digest(), "big")
