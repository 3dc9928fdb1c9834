"""Every exchange against its emulator, which has the protocol from the documents."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from bot.fetchers import (
    EXCHANGES,
    ClockSkewed,
    Credentials,
    CredentialsRejected,
    Pacer,
    PermissionMissing,
    Reading,
    open_fetcher,
)
from bot.fetchers._http import HttpClient
from bot.sandbox.exchanges import ENDPOINTS, serve_exchange
from bot.sandbox.world import Account, Key, World

SUB = "sub:desk 1, Zürich"  # what is quoted in an address must be signed as it is quoted
KEY = Key("key-abcdef", "secret-abcdef", "phrase-abcdef")
CREDENTIALS = Credentials(KEY.api_key, KEY.api_secret, KEY.passphrase)

WALLETS = [(row.slug, wallet) for row in EXCHANGES.values() for wallet in row.wallets]
WALLETS += [("okx", SUB), ("okx", f"{SUB}/trading")]


def furnished(slug: str) -> World:
    """Build a world with one account that has something in each of its wallets."""
    world = World()
    account = world.add_account(slug, KEY)
    main = "funding" if slug == "okx" else "spot"
    account.set(main, "USDT", available="12345.678901234567890123", held="0.000000000000000001")
    account.set(main, "BTC", available="0.10")
    if slug == "okx":
        furnish_okx(account)
    return world


def furnish_okx(account: Account) -> None:
    account.set(account.add_sub(SUB.removeprefix("sub:")), "ETH", available="2.5")
    account.set(f"{SUB}/trading", "SOL", available="3", held="0.5")
    account.set("trading", "USDT", available="7", held="1", owed="9.5")
    account.save("USDT", "11.0010737453457821", earned="0.0010737388791526")
    account.stake("0.63926191", total="0.01", taken_at=datetime(2026, 1, 15, 8, tzinfo=UTC))
    account.stake_sol("0.01100012", latest="0.00000012", total="0.00000012")


async def read(
    slug: str,
    wallet: str,
    http: HttpClient,
    *,
    world: World,
    credentials: Credentials = CREDENTIALS,
    prepare: Callable[[Any], None] = lambda _: None,
    **options: Any,
) -> Reading:
    """Read one wallet of an emulated exchange."""
    async with serve_exchange(slug, world) as served:
        prepare(served)
        fetcher = open_fetcher(slug, credentials, http, base_url=served.url, **options)
        return await fetcher.fetch(wallet)


def amounts(reading: Reading) -> Mapping[str, tuple[Decimal | None, ...]]:
    """Take the amounts out of a good reading."""
    assert reading.error is None
    return {b.asset: (b.total, b.available, b.held) for b in reading.balances or ()}


D = Decimal
IN_OTHER_WALLETS: Mapping[str, Mapping[str, tuple[Decimal | None, ...]]] = {
    "trading": {"USDT": (D("-1.5"), D(7), D(1))},
    "savings": {"USDT": (D("11.0010737453457821"), None, None)},
    "eth-staking": {"BETH": (D("0.63926191"), None, None)},
    "sol-staking": {"OKSOL": (D("0.01100012"), None, None)},
    SUB: {"ETH": (D("2.5"), D("2.5"), D(0))},
    f"{SUB}/trading": {"SOL": (D("3.5"), D(3), D("0.5"))},
}


@pytest.mark.parametrize(("slug", "wallet"), WALLETS)
async def test_each_wallet_is_read_to_the_last_digit(
    http: HttpClient, slug: str, wallet: str
) -> None:
    """What was put in comes out."""
    found = amounts(await read(slug, wallet, http, world=furnished(slug)))
    if wallet in IN_OTHER_WALLETS:
        assert found == IN_OTHER_WALLETS[wallet]
    else:
        total, available, held = found["USDT"]
        assert total == Decimal("12345.678901234567890124")
        assert (available, held) == (Decimal("12345.678901234567890123"), Decimal("1e-18"))


@pytest.mark.parametrize(("slug", "wallet"), WALLETS)
@pytest.mark.parametrize("part", ["secret", "key"])
async def test_wrong_credentials_are_refused(
    http: HttpClient, slug: str, wallet: str, part: str
) -> None:
    """The emulator checks key and signature, and we say so."""
    wrong = (
        Credentials(KEY.api_key, "other", KEY.passphrase)
        if part == "secret"
        else Credentials("other", KEY.api_secret, KEY.passphrase)
    )
    reading = await read(slug, wallet, http, world=furnished(slug), credentials=wrong)
    assert type(reading.error) is CredentialsRejected


async def test_a_wrong_passphrase_is_refused(http: HttpClient) -> None:
    """OKX checks the passphrase, too."""
    wrong = Credentials(KEY.api_key, KEY.api_secret, "other")
    reading = await read("okx", "funding", http, world=furnished("okx"), credentials=wrong)
    assert type(reading.error) is CredentialsRejected
    assert "passphrase" in str(reading.error)


@pytest.mark.parametrize(("slug", "wallet"), WALLETS)
async def test_a_clock_that_is_off_does_no_harm(http: HttpClient, slug: str, wallet: str) -> None:
    """Ten minutes off, and every wallet is read at once."""
    reading = await read(
        slug,
        wallet,
        http,
        world=furnished(slug),
        clock=lambda: datetime.now(UTC) - timedelta(minutes=10),  # noqa: TID251 - a real skew
    )
    assert reading.error is None


async def test_a_server_with_two_clocks(http: HttpClient) -> None:
    """When the time is refused although the clocks agree, that is what is said."""
    reading = await read(
        "okx",
        "funding",
        http,
        world=furnished("okx"),
        prepare=lambda served: served.faults.inject("asset/balances", "skewed_clock"),
    )
    assert type(reading.error) is ClockSkewed


async def test_an_address_that_is_not_on_the_list(http: HttpClient) -> None:
    """The address that OKX saw is told."""
    world = furnished("okx")
    account = world.account("okx")
    world.add_key(account, Key("listed", "s", "p", addresses=frozenset({"203.0.113.7"})))
    credentials = Credentials("listed", "s", "p")
    reading = await read("okx", "funding", http, world=world, credentials=credentials)
    assert type(reading.error) is PermissionMissing
    assert "127.0.0.1" in str(reading.error)


async def test_demo_keys(http: HttpClient) -> None:
    """A demo key works with `demo`, and is refused without."""
    world = World()
    world.add_account("okx", Key("key-abcdef", "secret-abcdef", "phrase-abcdef", demo=True))
    assert (await read("okx", "funding", http, world=world, demo=True)).balances == ()
    error = (await read("okx", "funding", http, world=world)).error
    assert type(error) is CredentialsRejected


async def test_a_sub_account_that_does_not_exist(http: HttpClient) -> None:
    """It is told as what it is, and not as an empty wallet."""
    reading = await read("okx", "sub:nobody", http, world=furnished("okx"))
    assert type(reading.error) is PermissionMissing


@pytest.mark.parametrize("slug", EXCHANGES)
async def test_clocks(http: HttpClient, slug: str) -> None:
    """Where there is a clock, it is compared with ours."""
    async with serve_exchange(slug, World()) as served:
        offset = await open_fetcher(slug, CREDENTIALS, http, base_url=served.url).measure_clock()
    if slug == "coinw":
        assert offset is None
    else:
        assert offset is not None
        assert abs(offset) < timedelta(seconds=1)


async def test_twelve_sub_accounts_at_full_speed(http: HttpClient) -> None:
    """Two bursts fit into two seconds and a little; the strict window refuses nothing."""
    world = World()
    account = world.add_account("okx", KEY)
    wallets = [account.add_sub(f"desk{number}") for number in range(12)]
    async with serve_exchange("okx", world) as served:
        fetcher = open_fetcher("okx", CREDENTIALS, http, base_url=served.url, pacer=Pacer())
        async with asyncio.timeout(3):
            readings = await asyncio.gather(*map(fetcher.fetch, wallets))
    assert not [reading.error for reading in readings if reading.error]
    assert len(served.journal) == 12
    assert not served.journal.limited()


async def test_the_pace_is_shared_by_fetchers_of_one_pacer(http: HttpClient) -> None:
    """Two fetchers of one key ask no faster than one; XT would lock it for ten minutes."""
    world = furnished("xt")
    pacer = Pacer()
    async with serve_exchange("xt", world) as served:
        fetchers = [
            open_fetcher("xt", CREDENTIALS, http, base_url=served.url, pacer=pacer)
            for _ in range(2)
        ]
        readings = await asyncio.gather(*(f.fetch("spot") for f in fetchers * 3))
    assert not [reading.error for reading in readings if reading.error]
    assert not served.journal.limited()


def test_the_emulators_are_those_of_the_registry() -> None:
    """A new exchange needs an emulator."""
    assert set(ENDPOINTS) == set(EXCHANGES)
