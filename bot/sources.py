"""What is read, by the settings: accounts with their fetchers, and where prices come from."""

from collections.abc import Mapping, Sequence

from bot.clock import utc_now
from bot.fetchers import Fetcher, Pacer, Reading, SubAccount, find_exchange, open_fetcher
from bot.services.keep_prices import KeepPrices
from bot.services.ports import Clock, SubAccountLister, SweepFloor, WalletReader
from bot.settings import Settings
from bot.transport import WireTransport


def open_fetchers(
    settings: Settings, http: WireTransport, *, clock: Clock = utc_now
) -> dict[str, Fetcher]:
    """Make a fetcher for each account; they share one pace."""
    pacer = Pacer()
    return {
        name: open_fetcher(
            account.exchange,
            account.credentials,
            http,
            base_url=account.base_url,
            demo=account.demo,
            version=None if account.api_version == "auto" else account.api_version,
            pacer=pacer,
            clock=clock,
        )
        for name, account in settings.accounts.items()
    }


def reader_of(fetchers: Mapping[str, Fetcher]) -> WalletReader:
    """Read by path what the fetchers read by account and wallet."""

    async def read(path: str) -> Reading:
        account, _, wallet = path.partition("/")
        return await fetchers[account].fetch(wallet)

    return read


def lister_of(fetchers: Mapping[str, Fetcher]) -> SubAccountLister:
    """List the sub-accounts of an account by its name."""

    async def list_subs(account: str) -> Sequence[SubAccount]:
        return await fetchers[account].list_sub_accounts()

    return list_subs


def floor_of(fetchers: Mapping[str, Fetcher]) -> SweepFloor:
    """Tell how fast the wallets of an account can be read at all."""
    return lambda account, wallets: fetchers[account].sweep_floor(wallets)


def markets_of(settings: Settings) -> dict[str, str]:
    """Name for each account the one that asks for its prices: the first at the same server."""
    first: dict[tuple[str, str | None], str] = {}
    return {
        name: first.setdefault((account.exchange, account.base_url or usual_url), name)
        for name, account in sorted(settings.accounts.items())
        for usual_url in [find_exchange(account.exchange).base_url]
    }


def open_prices(
    settings: Settings, fetchers: Mapping[str, Fetcher], *, clock: Clock
) -> KeepPrices:
    """Keep the prices of those servers only that are asked for balances, too."""
    markets = markets_of(settings)
    return KeepPrices(
        readers={market: fetchers[market].fetch_prices for market in markets.values()},
        markets=markets,
        currency=settings.currency,
        clock=clock,
    )


def kept_as(settings: Settings) -> dict[str, str]:
    """Name for each account what its prices are kept as: the server, whatever accounts it has."""
    return {
        name: " ".join(filter(None, (account.exchange, account.base_url)))
        for name, account in settings.accounts.items()
    }
