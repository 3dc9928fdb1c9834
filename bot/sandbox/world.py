"""The world behind the emulated exchanges: accounts, their keys, what they hold, and prices.

Pure state: no network, no clock, no chance. Amounts are exact and are printed as they were set.
The emulators read it, tests and the demo write it. It knows nothing of the program under test.
"""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal, Inexact
from hashlib import blake2b
from types import MappingProxyType

# The default context rounds to 28 digits, which a sum of two long amounts can exceed.
_EXACT = Context(prec=400, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[Inexact])

WALLETS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"okx": ("funding", "trading", "savings"), "coinw": ("spot",), "xt": ("spot",)}
)
"""The wallets that every account of an exchange has, the main one first."""

MAIN_WALLET: Mapping[str, str] = MappingProxyType(
    {slug: names[0] for slug, names in WALLETS.items()}
)
"""The first of them."""

_FIRST_SUB_AT = datetime(2025, 1, 1, tzinfo=UTC)


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
    owed: Decimal = Decimal(0)
    """What was borrowed, in a trading account."""
    profit: Decimal = Decimal(0)
    """What open positions have gained, or lost where it is below zero."""

    @property
    def cash(self) -> Decimal:
        """The exact sum without open positions; below zero it is a debt."""
        return _EXACT.subtract(_EXACT.add(self.available, self.held), self.owed)

    @property
    def total(self) -> Decimal:
        """The exact sum of all parts."""
        return _EXACT.add(self.cash, self.profit)

    def __bool__(self) -> bool:
        """Tell whether any part of it is not zero."""
        return any((self.available, self.held, self.owed, self.profit))


@dataclass(frozen=True, slots=True)
class Staking:
    """What is staked of one coin, and what it has earned."""

    amount: Decimal
    latest_interest: Decimal
    total_interest: Decimal


@dataclass(frozen=True, slots=True)
class Snapshot(Staking):
    """ETH staking as it was at a time: all BETH of the account."""

    taken_at: datetime


@dataclass(frozen=True, slots=True, repr=False)
class Key:
    """An API key as the exchange has it on file."""

    api_key: str
    api_secret: str
    passphrase: str | None = None
    permissions: frozenset[str] = frozenset({"read"})
    """Some of `read`, `trade` and `withdraw`."""
    refused: frozenset[str] = frozenset()
    """The endpoints that are kept from it although it may read."""
    addresses: frozenset[str] = frozenset()
    """The client addresses it may be used from; empty means all."""
    demo: bool = False
    """Whether it was made for demo trading, and works there only."""
    sub: str | None = None
    """The sub-account it belongs to; None is the master account."""
    label: str = ""
    """What its owner calls it."""
    version: str = "1"
    """The version of the API it was made for, where that matters: `1` or `4` at XT."""


@dataclass(slots=True)
class SubAccount:
    """A sub-account, as the list of its master tells it."""

    name: str
    created_at: datetime
    enabled: bool = True
    """False: it is frozen; its wallets can be read all the same."""
    label: str = ""


@dataclass(slots=True)
class Account:
    """What one user of an exchange holds, by wallet and coin (in upper case).

    A sub-account has two wallets here: `sub:NAME` is its funding account, `sub:NAME/trading` its
    trading account.
    """

    exchange: str
    name: str
    wallets: dict[str, dict[str, Holding]]
    staking: Snapshot | None = None
    sol_staking: Staking | None = None
    subs: dict[str, SubAccount] = field(default_factory=dict)
    earnings: dict[str, Decimal] = field(default_factory=dict)
    """What each coin in `savings` has earned so far."""

    def set(
        self,
        wallet: str,
        coin: str,
        *,
        available: str | Decimal,
        held: str | Decimal = "0",
        owed: str | Decimal = "0",
        profit: str | Decimal = "0",
    ) -> None:
        """Put an amount of a coin into a wallet, in place of what was there."""
        parts = map(amount_of, (available, held, owed, profit))
        self._coins(wallet)[coin.upper()] = Holding(*parts)

    def remove(self, wallet: str, coin: str) -> None:
        """Take a coin out of a wallet, so that not even a zero is listed."""
        del self._coins(wallet)[coin.upper()]

    def add_sub(
        self,
        name: str,
        *,
        created_at: datetime | None = None,
        enabled: bool = True,
        label: str = "",
    ) -> str:
        """Open an empty sub-account; gives the name of its funding wallet.

        Without a time (aware) it was opened a second after the newest one.
        """
        newest = max((sub.created_at for sub in self.subs.values()), default=_FIRST_SUB_AT)
        opened_at = created_at or newest + timedelta(seconds=1)
        self.subs[name] = SubAccount(name, opened_at, enabled, label)
        wallet = f"sub:{name}"
        self.wallets |= {wallet: {}, f"{wallet}/trading": {}}
        return wallet

    def remove_sub(self, name: str) -> None:
        """Close a sub-account, with all that is in it."""
        del self.subs[name], self.wallets[f"sub:{name}"], self.wallets[f"sub:{name}/trading"]

    def stake(
        self, amount: str, *, latest: str = "0", total: str = "0", taken_at: datetime
    ) -> None:
        """Replace the snapshot of ETH staking; `taken_at` is aware."""
        self.staking = Snapshot(amount_of(amount), amount_of(latest), amount_of(total), taken_at)

    def stake_sol(self, amount: str, *, latest: str = "0", total: str = "0") -> None:
        """Replace what is staked of SOL."""
        self.sol_staking = Staking(amount_of(amount), amount_of(latest), amount_of(total))

    def save(self, coin: str, amount: str, *, earned: str = "0") -> None:
        """Put a coin into the savings, in place of what was there."""
        self.set("savings", coin, available=amount)
        self.earnings[coin.upper()] = amount_of(earned)

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
        self.prices: dict[str, dict[tuple[str, str], Decimal]] = {slug: {} for slug in WALLETS}
        """By exchange, the last price of each market: (base, quote), in upper case."""
        self.usd_cny = Decimal("7.162")
        """Yuan for a dollar."""
        self._accounts: dict[tuple[str, str], Account] = {}
        self._keys: dict[tuple[str, str], tuple[Account, Key]] = {}

    def __iter__(self) -> Iterator[Account]:
        return iter(self._accounts.values())

    def add_account(self, exchange: str, key: Key, *, name: str = "main") -> Account:
        """Open an account with empty wallets; the name is unique within the exchange."""
        if (exchange, name) in self._accounts:
            raise ValueError(f"{exchange} has an account {name} already")
        account = Account(exchange, name, {wallet: {} for wallet in WALLETS[exchange]})
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

    def set_price(self, exchange: str, base: str, quote: str, price: str | Decimal) -> None:
        """Let a market of an exchange have traded last at a price, in units of the quote."""
        self.prices[exchange][base.upper(), quote.upper()] = amount_of(price)

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
_PRICES: Mapping[str, Mapping[str, str]] = {
    "okx": {
        "BTC-USDT": "97412.3",
        "ETH-USDT": "3120.55",
        "BETH-USDT": "3117.90",
        "SOL-USDT": "197.35",
        "OKSOL-USDT": "214.62",
        "USDT-USD": "0.99960",
        "USDT-EUR": "0.86210",
        "BTC-EUR": "83980.5",
    },
    "coinw": {"BTC-USDT": "97390.1", "SAND-USDT": "0.28410"},  # CWT has none
    "xt": {"BTC-USDT": "97401.55", "ETH-USDT": "3119.87", "LTC-USDT": "84.120"},
}
_WOBBLE, _WOBBLE_EVERY_S = Decimal("0.002"), 5


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
    for exchange, markets in _PRICES.items():
        for market, price in markets.items():
            base, quote = market.split("-")
            world.set_price(exchange, base, quote, price)
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
    _fill(main, main.add_sub("desk4", enabled=False, label="closed in May"), USDT="1080.4")
    _fill(main, "sub:desk1/trading", USDT="2210.08", SOL="14.5")
    _fill(main, "trading", USDT="1240.5", BTC="0.052")
    main.set("trading", "ETH", available="1.15", held="0.35")
    main.save("USDT", "1800.25", earned="3.41870013")
    main.stake_sol("21.40733185", latest="0.00391204", total="0.40733185")


def _fill(account: Account, wallet: str, **available: str) -> None:
    for coin, amount in available.items():
        account.set(wallet, coin, available=amount)


class DemoStory:
    """What happens in the demo: a pure function of the seconds since its start, and a seed.

    - Four wallets trade a little every few seconds.
    - `okx main/funding` USDT is spent: about 30 s after the start it falls below 500, stays there
      for 40 s, and is topped up. The same again every four minutes.
    - XT answers 502 for 20 s of every three minutes.
    - Every price wobbles, by at most a five-hundredth of what it was at the start.
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
        self._first_prices = deepcopy(world.prices)

    def tell(self, elapsed_s: float) -> None:
        """Bring the world to where it is so many seconds after the start; any order will do."""
        main = self.world.account("okx", "main")
        main.set("funding", "USDT", available=self._funding_usdt(elapsed_s).quantize(_CENT))
        for trade in _TRADES:
            self._swap(trade, count=int(elapsed_s // trade.every_s))
        self._set_outage(elapsed_s)
        self._set_prices(count=int(elapsed_s // _WOBBLE_EVERY_S))

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

    def _set_prices(self, *, count: int) -> None:
        for exchange, markets in self._first_prices.items():
            for (base, quote), price in markets.items():
                jitter = self._jitter(exchange, base, quote, count) if count else Decimal(0)
                wobbled = (price * (1 + _WOBBLE * jitter)).quantize(price)
                self.world.set_price(exchange, base, quote, wobbled)

    def _jitter(self, *what: object) -> Decimal:
        """Give a number between -1 and 1 that depends on the seed and on `what` alone."""
        text = "/".join(str(part) for part in (self._seed, *what))
        number = int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big")
        return (Decimal(number) / Decimal(2**63) - 1).quantize(_DIGITS)
