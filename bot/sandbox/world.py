"""The world behind the emulated exchanges: accounts, their keys, and what they hold.

Pure state: no network, no clock, no chance. Amounts are exact and are printed as they were set.
The emulators read it, tests and the demo write it. It knows nothing of the program under test.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal, Inexact
from hashlib import blake2b
from types import MappingProxyType

# The default context rounds to 28 digits, which a sum of two long amounts can exceed.
_EXACT = Context(prec=400, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[Inexact])

MAIN_WALLET: Mapping[str, str] = MappingProxyType(
    {"okx": "funding", "coinw": "spot", "xt": "spot"}
)
"""The wallet that every account of an exchange has."""


def plain(amount: Decimal) -> str:
    """Write an amount digit by digit, trailing zeros included, never with an exponent."""
    return f"{amount:f}"


def amount_of(text: str | Decimal) -> Decimal:
    """Take an amount to the last digit; refuse what no wallet can hold."""
    amount = Decimal(text)
    if not amount.is_finite():
        raise ValueError(f"no wallet can hold {text}")
    return amount


@dataclass(frozen=True, slots=True)
class Holding:
    """One coin in one wallet, in units of the coin."""

    available: Decimal
    held: Decimal = Decimal(0)

    @property
    def total(self) -> Decimal:
        """The exact sum of both parts."""
        return _EXACT.add(self.available, self.held)


@dataclass(frozen=True, slots=True)
class Staking:
    """The snapshot of ETH staking: all BETH of the account, and what it has earned."""

    amount: Decimal
    latest_interest: Decimal
    total_interest: Decimal
    taken_at: datetime


@dataclass(frozen=True, slots=True, repr=False)
class Key:
    """An API key as the exchange has it on file."""

    api_key: str
    api_secret: str
    passphrase: str | None = None
    permissions: frozenset[str] = frozenset({"read"})
    addresses: frozenset[str] = frozenset()
    """The client addresses it may be used from; empty means all."""
    demo: bool = False
    """Whether it was made for demo trading, and works there only."""
    sub: str | None = None
    """The sub-account it belongs to; None is the master account."""


@dataclass(slots=True)
class Account:
    """What one user of an exchange holds, by wallet and coin (in upper case)."""

    exchange: str
    name: str
    wallets: dict[str, dict[str, Holding]]
    staking: Staking | None = None

    def set(
        self, wallet: str, coin: str, *, available: str | Decimal, held: str | Decimal = "0"
    ) -> None:
        """Put an amount of a coin into a wallet, in place of what was there."""
        coins = self._coins(wallet)
        coins[coin.upper()] = Holding(amount_of(available), amount_of(held))

    def remove(self, wallet: str, coin: str) -> None:
        """Take a coin out of a wallet, so that not even a zero is listed."""
        del self._coins(wallet)[coin.upper()]

    def add_sub(self, name: str) -> str:
        """Open an empty sub-account; gives the name of its wallet."""
        wallet = f"sub:{name}"
        self.wallets[wallet] = {}
        return wallet

    def stake(
        self, amount: str, *, latest: str = "0", total: str = "0", taken_at: datetime
    ) -> None:
        """Replace the snapshot of the staking wallet; `taken_at` is aware."""
        self.staking = Staking(amount_of(amount), amount_of(latest), amount_of(total), taken_at)

    def _coins(self, wallet: str) -> dict[str, Holding]:
        if wallet not in self.wallets:
            raise ValueError(f"{self.exchange} account {self.name} has no wallet {wallet}")
        return self.wallets[wallet]


class World:
    """Every account of every emulated exchange; several emulators may share one world."""

    def __init__(self) -> None:
        """Begin with nobody."""
        self.down: set[str] = set()
        """The exchanges that answer 502 at the moment."""
        self._accounts: dict[tuple[str, str], Account] = {}
        self._keys: dict[tuple[str, str], tuple[Account, Key]] = {}

    def __iter__(self) -> Iterator[Account]:
        return iter(self._accounts.values())

    def add_account(self, exchange: str, key: Key, *, name: str = "main") -> Account:
        """Open an account with its main wallet empty; the name is unique within the exchange."""
        if (exchange, name) in self._accounts:
            raise ValueError(f"{exchange} has an account {name} already")
        account = Account(exchange, name, {MAIN_WALLET[exchange]: {}})
        self._accounts[exchange, name] = account
        self.add_key(account, key)
        return account

    def add_key(self, account: Account, key: Key) -> None:
        """File another key of an account."""
        self._keys[account.exchange, key.api_key] = (account, key)

    def revoke(self, account: Account, api_key: str) -> None:
        """Forget a key, as after its user has deleted it."""
        del self._keys[account.exchange, api_key]

    def account(self, exchange: str, name: str = "main") -> Account:
        """Find an account; KeyError when there is none."""
        return self._accounts[exchange, name]

    def keys(self, account: Account) -> list[Key]:
        """List the keys of an account, oldest first."""
        return [key for owner, key in self._keys.values() if owner is account]

    def find_key(self, exchange: str, api_key: str) -> tuple[Account, Key] | None:
        """Find who a key belongs to; None when nobody has it."""
        return self._keys.get((exchange, api_key))


# ---- the demo -----------------------------------------------------------------------------------

_FUNDING_USDT = Decimal("2345.67")
_CENT = Decimal("0.01")
_LOW_USDT = Decimal("470.123456789012345678")
_LEAST_BEFORE_LOW = Decimal(540)
_CYCLE_S, _LOW_AFTER_S, _LOW_FOR_S, _SPEND_EVERY_S = 240, 30, 40, 3
_OUTAGE_EVERY_S, _OUTAGE_AT_S, _OUTAGE_FOR_S = 180, 100, 20
_DIGITS = Decimal("1e-18")


@dataclass(frozen=True, slots=True)
class _Trade:
    """A wallet that now and then swaps a little of one coin for another."""

    exchange: str
    account: str
    wallet: str
    coin: str
    price: Decimal
    size: Decimal
    every_s: int


_TRADES = (
    _Trade("okx", "main", "sub:desk1", "ETH", Decimal("3120.55"), Decimal("0.02"), 5),
    _Trade("okx", "main", "sub:desk2", "BTC", Decimal("97412.3"), Decimal("0.0015"), 7),
    _Trade("coinw", "coinw", "spot", "BTC", Decimal("97390.1"), Decimal("0.0002"), 6),
    _Trade("xt", "xt", "spot", "ETH", Decimal("3119.87"), Decimal("0.05"), 4),
)


def demo_world(*, now: datetime) -> World:
    """Build the world of the demo as it is at its start, `now` (aware)."""
    world = World()
    key = Key("demo-okx-key", "demo-okx-secret", "demo-okx-passphrase")
    _furnish_okx(world.add_account("okx", key, name="main"), now=now)
    coinw = world.add_account("coinw", Key("demo-coinw-key", "demo-coinw-secret"), name="coinw")
    _fill(coinw, "spot", USDT="257.518301140000000", BTC="0.0412", CWT="400.000", SAND="108.467")
    xt = world.add_account("xt", Key("demo-xt-key", "demo-xt-secret"), name="xt")
    xt.set("spot", "USDT", available="3867.43650012", held="3062.17437341")
    xt.set("spot", "ETH", available="2.40000000", held="0.75000000")
    _fill(xt, "spot", BTC="0.00", LTC="0.00")
    return world


def _furnish_okx(main: Account, *, now: datetime) -> None:
    _fill(main, "funding", USDT=plain(_FUNDING_USDT), ETH="37.11827078", BTC="0.84512003")
    # Held in funding as well: the snapshot below counts it once more.
    _fill(main, "funding", BETH="0.25")
    taken_at = now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=2)
    main.stake("8.63926191", latest="0.00086549", total="0.19490596", taken_at=taken_at)
    _fill(main, main.add_sub("desk1"), USDT="12345.678901234567890123", ETH="4.2")
    _fill(main, main.add_sub("desk2"), USDT="8120.55", BTC="0.311")
    _fill(main, main.add_sub("desk3"), USDT="1500")


def _fill(account: Account, wallet: str, **available: str) -> None:
    for coin, amount in available.items():
        account.set(wallet, coin, available=amount)


class DemoStory:
    """What happens in the demo: a pure function of the seconds since its start, and a seed.

    - Four wallets trade a little every few seconds.
    - `okx main/funding` USDT is spent: about 30 s after the start it falls below 500, stays there
      for 40 s, and is topped up. The same again every four minutes.
    - XT answers 502 for 20 s of every three minutes.
    """

    def __init__(self, world: World, seed: int = 1) -> None:
        """Remember how the wallets began; `world` is one of `demo_world`."""
        self.world = world
        self._seed = seed
        self._began = {
            (trade, coin): world.account(trade.exchange, trade.account).wallets[trade.wallet][coin]
            for trade in _TRADES
            for coin in (trade.coin, "USDT")
        }

    def tell(self, elapsed_s: float) -> None:
        """Bring the world to where it is so many seconds after the start; any order will do."""
        main = self.world.account("okx", "main")
        main.set("funding", "USDT", available=self._funding_usdt(elapsed_s).quantize(_CENT))
        for trade in _TRADES:
            self._swap(trade, count=int(elapsed_s // trade.every_s))
        self._set_outage(elapsed_s)

    def _funding_usdt(self, elapsed_s: float) -> Decimal:
        cycle, seconds = divmod(elapsed_s, _CYCLE_S)
        low_at = _LOW_AFTER_S + float(3 * self._jitter("low", int(cycle)))
        spent = int(seconds // _SPEND_EVERY_S)
        if seconds < low_at:
            return self._before_low(int(cycle), spent)
        if seconds < low_at + _LOW_FOR_S:
            return _LOW_USDT + 15 * self._jitter("lull", int(cycle), spent)
        return _FUNDING_USDT + 40 * self._jitter("calm", int(cycle), spent)

    def _before_low(self, cycle: int, spent: int) -> Decimal:
        """Go down in even steps, each a little off, to just above the limit."""
        steps = (_LOW_AFTER_S + 3) // _SPEND_EVERY_S
        share = Decimal(spent) / steps
        wobble = 15 * self._jitter("spend", cycle, spent) if spent else Decimal(0)
        return _FUNDING_USDT - share * (_FUNDING_USDT - _LEAST_BEFORE_LOW) + wobble

    def _swap(self, trade: _Trade, *, count: int) -> None:
        bought = Decimal(0)
        if count:
            bought = trade.size * self._jitter(trade.exchange, trade.wallet, count)
            bought = bought.quantize(Decimal("1e-8"))
        account = self.world.account(trade.exchange, trade.account)
        for coin, change in (
            (trade.coin, bought),
            ("USDT", (-bought * trade.price).quantize(_CENT)),
        ):
            began = self._began[trade, coin]
            available = _EXACT.add(began.available, change)
            account.set(trade.wallet, coin, available=available, held=began.held)

    def _set_outage(self, elapsed_s: float) -> None:
        since = elapsed_s % _OUTAGE_EVERY_S - _OUTAGE_AT_S
        if 0 <= since < _OUTAGE_FOR_S:
            self.world.down.add("xt")
        else:
            self.world.down.discard("xt")

    def _jitter(self, *what: object) -> Decimal:
        """Give a number between -1 and 1 that depends on the seed and on `what` alone."""
        text = "/".join(str(part) for part in (self._seed, *what))
        number = int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big")
        return (Decimal(number) / Decimal(2**63) - 1).quantize(_DIGITS)
