"""What a fetcher gives: balances of one wallet at one moment, or the reason why there are none."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal, Inexact

from .errors import FetchError

# The default context rounds to 28 digits, and 18 before the point with 18 behind it are 36.
_EXACT = Context(prec=400, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[Inexact])


def exact_sum(amounts: Iterable[Decimal]) -> Decimal:
    """Add amounts without rounding; the sum of none is 0."""
    total = Decimal(0)
    for amount in amounts:
        total = _EXACT.add(total, amount)
    return total


@dataclass(frozen=True, slots=True)
class Staking:
    """What a staking balance tells beyond its amount."""

    as_of: datetime | None
    """When the exchange took the snapshot (aware, UTC), perhaps long before the reading; None: it
    does not say."""
    interest_latest: Decimal
    interest_total: Decimal


@dataclass(frozen=True, slots=True)
class Balance:
    """One asset in one wallet, in units of the asset; what the exchange does not tell is None."""

    asset: str
    """The coin in upper case."""
    total: Decimal | None
    available: Decimal | None
    held: Decimal | None
    staking: Staking | None = None
    earned: Decimal | None = None
    """What it has brought in so far, which is part of the total; staking tells that for itself."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The balances of one wallet at one moment, or the reason why it could not be read.

    Exactly one of `balances` and `error` is None. In a good reading a coin that is not listed is
    zero; in a failed one everything is unknown, and there is no list that could pass for empty.
    """

    wallet: str
    read_at: datetime
    """When the answer had arrived, or the attempt had failed (aware, UTC)."""
    balances: tuple[Balance, ...] | None
    """In the order of the coins' names."""
    error: FetchError | None = None

    def __post_init__(self) -> None:
        """Refuse what is neither or both."""
        if (self.balances is None) == (self.error is None):
            raise ValueError("a reading has either balances or an error")


@dataclass(frozen=True, slots=True)
class SubAccount:
    """A sub-account of the account that a key belongs to."""

    name: str
    frozen: bool = False
    """Whether it is out of use; what lies in it can still be read."""


@dataclass(frozen=True, slots=True)
class Price:
    """What one unit of a coin was last worth on an exchange."""

    base: str
    """The coin in upper case."""
    quote: str
    """The coin or currency it is told in, in upper case."""
    last: Decimal
    """Units of `quote` for one of `base`; above zero."""
    at: datetime
    """When the exchange said so, or when it was asked (aware, UTC)."""


@dataclass(frozen=True, slots=True)
class KeyReport:
    """What an exchange says of the key itself; None where it does not tell."""

    may: frozenset[str] | None
    """Out of `read`, `trade` and `withdraw`."""
    addresses: tuple[str, ...] | None
    """From where it may be used; () is: from everywhere."""
    label: str | None = None
    """The name that its owner gave it."""
    sub_account: bool | None = None
    """Whether it belongs to a sub-account, and so cannot see the others."""


@dataclass(frozen=True, slots=True, repr=False)
class Credentials:
    """One API key; its `repr` shows nothing of it."""

    api_key: str
    api_secret: str
    passphrase: str | None = None
