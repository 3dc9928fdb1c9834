"""Which exchanges there are: one row each, with everything that is asked about them."""

import ipaddress
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from types import MappingProxyType

import httpx

from . import through_ccxt
from ._clock import Clock, utc_now
from ._contract import Fetcher
from ._http import HttpClient
from ._limits import Pacer
from .coinw import CoinwFetcher
from .model import Credentials
from .okx import OkxFetcher
from .xt import V1_URL, VERSIONS, XtFetcher


@dataclass(frozen=True, slots=True)
class Exchange:
    """What the rest of a program must know about an exchange."""

    slug: str
    fetcher: type[Fetcher]
    base_url: str | None
    """Where it is asked; None: ccxt knows."""
    wallets: tuple[str, ...]
    """The wallets that every account has, in the order in which they are shown."""
    sub_wallets: tuple[str, ...] = ()
    """What the key of a master account reads of a sub-account: "" is `sub:NAME`, any other one is
    `sub:NAME/WALLET`; (): it reads none."""
    needs_passphrase: bool = False
    has_demo: bool = False
    restricted: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """The only assets that a wallet can hold; a wallet that is not listed can hold any."""
    versions: tuple[str, ...] = ()
    """The versions of its API that a key can belong to, where that makes a difference."""
    leaves_out_zeros: bool = True
    """Whether a coin that a good answer leaves out is zero."""

    @property
    def sub_accounts(self) -> bool:
        """Whether the key of a master account reads sub-accounts."""
        return bool(self.sub_wallets)

    def has_wallet(self, wallet: str) -> bool:
        """Say whether an account can have this wallet; a sub-account need not exist."""
        name = wallet.removeprefix("sub:").partition("/")[0]
        of_sub = self.wallets_of_sub(name, self.sub_wallets) if name else ()
        return wallet in self.wallets or wallet in of_sub

    def wallets_of_sub(self, name: str, wallets: Collection[str]) -> tuple[str, ...]:
        """Name the wallets of a sub-account; but for the first, those also in `wallets`."""
        return tuple(
            f"sub:{name}/{kind}" if kind else f"sub:{name}"
            for kind in self.sub_wallets
            if not kind or kind in wallets
        )

    def assets_of(self, wallet: str) -> frozenset[str] | None:
        """Name the only assets that a wallet can hold; None: any."""
        return self.restricted.get(wallet)


_ROWS = (
    Exchange(
        slug="coinw",
        fetcher=CoinwFetcher,
        base_url="https://api.coinw.com",
        wallets=("spot",),
    ),
    Exchange(
        slug="okx",
        fetcher=OkxFetcher,
        base_url="https://www.okx.com",
        wallets=("funding", "trading", "savings", "eth-staking", "sol-staking"),
        sub_wallets=("", "trading"),
        needs_passphrase=True,
        has_demo=True,
        restricted={"eth-staking": frozenset({"BETH"}), "sol-staking": frozenset({"OKSOL"})},
    ),
    Exchange(
        slug="xt",
        fetcher=XtFetcher,
        base_url=V1_URL,
        wallets=("spot",),
        versions=VERSIONS,
    ),
)

EXCHANGES: Mapping[str, Exchange] = MappingProxyType({row.slug: row for row in _ROWS})
"""Every exchange that needs no other package, by its slug."""


def find_exchange(slug: str) -> Exchange:
    """Find an exchange by its slug: one of `EXCHANGES`, or `ccxt:<id>` where ccxt is installed.

    Raises:
        ValueError: There is none of that name, or only with ccxt; says so in a sentence.
    """
    ccxt_id = slug.removeprefix(through_ccxt.PREFIX)
    if slug in EXCHANGES:
        return EXCHANGES[slug]
    if ccxt_id == slug:
        raise ValueError(f"expected {', '.join(EXCHANGES)} or ccxt:<id>, got «{slug}»")
    if not through_ccxt.is_installed():
        raise ValueError("needs the package ccxt, which is not installed")
    if ccxt_id not in through_ccxt.known_ids():
        raise ValueError(f"ccxt knows no exchange «{ccxt_id}»")
    return Exchange(slug, through_ccxt.fetcher_of(ccxt_id), base_url=None, wallets=("spot",))


def open_fetcher(
    exchange: str,
    credentials: Credentials,
    http: HttpClient,
    *,
    base_url: str | None = None,
    demo: bool = False,
    version: str | None = None,
    pacer: Pacer | None = None,
    clock: Clock = utc_now,
    deadline: timedelta = timedelta(seconds=15),
) -> Fetcher:
    """Make the fetcher of one account.

    Args:
        exchange: What `find_exchange()` finds.
        credentials: A key that may read. What is wrong with it shows in the readings.
        http: Stays the caller's, who closes it. One for all accounts is best; a transport alone
            costs less than a client and will do.
        base_url: Another server than the usual one; without TLS on loopback only.
        demo: Read the demo account, for a key that was made for it.
        version: Of the API that the key belongs to, one of the row's `versions`; None: whichever
            turns out to know it.
        pacer: Share one between all fetchers of a process, so that limits per key and per
            address hold over all of them.
        clock: Stamps the readings and, corrected by the exchange's clock, the requests.
        deadline: Network time for one fetch; waiting for the pace is not counted.

    Raises:
        ValueError: The exchange is not known or has no demo or no such version, or the base URL
            cannot be used.
    """
    row = find_exchange(exchange)
    if demo and not row.has_demo:
        raise ValueError(f"{exchange} has no demo accounts")
    if version is not None and version not in row.versions:
        raise ValueError(f"{exchange} has no version {version!r} of its API to choose")
    if row.needs_passphrase and credentials.passphrase is None:
        credentials = replace(credentials, passphrase="")  # said in the readings, as other flaws
    return row.fetcher(
        credentials,
        http,
        base_url=_checked_url(url) if (url := base_url or row.base_url) else None,
        demo=demo,
        version=version,
        pacer=pacer or Pacer(),
        clock=clock,
        deadline=deadline,
    )


def _checked_url(text: str) -> httpx.URL:
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL:
        raise ValueError("the base URL is not an address") from None
    if url.query or url.fragment or url.userinfo or not url.host:
        raise ValueError("the base URL must be a scheme, a host and perhaps a path")
    if url.scheme != "https" and not (url.scheme == "http" and _is_loopback(url.host)):
        raise ValueError("the base URL must begin with https:// (http:// on loopback only)")
    return url


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
