"""The world: exact amounts, keys, and the story of the demo."""

from copy import deepcopy
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from bot.sandbox.world import DemoStory, Holding, Key, World, demo_world, plain

NOW = datetime(2026, 1, 15, 9, 20, tzinfo=UTC)


def story(seed: int = 1) -> DemoStory:
    return DemoStory(demo_world(now=NOW), seed)


def usdt_at(told: DemoStory, second: float) -> Decimal:
    """What the funding account has then."""
    told.tell(second)
    return told.world.account("okx").wallets["funding"]["USDT"].available


def picture(world: World) -> object:
    """Everything that a story changes, as it would be printed."""
    wallets = [
        (account.exchange, wallet, coin, plain(held.available), plain(held.held))
        for account in world
        for wallet, coins in account.wallets.items()
        for coin, held in coins.items()
    ]
    prices = [
        (exchange, market, plain(price))
        for exchange, markets in world.prices.items()
        for market, price in markets.items()
    ]
    return wallets, prices, sorted(world.down)


@pytest.mark.parametrize(
    "text",
    [
        "12345.678901234567890123",
        "257.518301140000000",
        "0.00000000000000000001",
        "0.00",
        "1000000000000000000000000000000000001",
    ],
)
def test_amounts_are_printed_as_they_were_set(text: str) -> None:
    """Digit by digit, without an exponent."""
    account = World().add_account("okx", Key("k", "s"))
    account.set("funding", "usdt", available=text)
    assert plain(account.wallets["funding"]["USDT"].available) == text


def test_an_exponent_is_spelt_out() -> None:
    """However an amount was made, it is printed as a plain decimal."""
    assert plain(Decimal("1E+3")) == "1000"
    assert plain(Decimal("1E-9")) == "0.000000001"


def test_total_is_exact() -> None:
    """Adding does not round to the 28 digits of the default context."""
    holding = Holding(Decimal(10**18), Decimal("0.000000000000000001"))
    assert plain(holding.total) == "1000000000000000000.000000000000000001"


def test_a_trading_account_may_owe() -> None:
    """Debts and losses lower the total exactly; what sums up to nothing is still something."""
    account = World().add_account("okx", Key("k", "s"))
    account.set("trading", "BTC", available="1", held="0.5", owed="2", profit="-0.25")
    account.set("trading", "ETH", available="3", owed="3")
    account.set("trading", "LTC", available="0.00")
    wallet = account.wallets["trading"]
    assert (plain(wallet["BTC"].cash), plain(wallet["BTC"].total)) == ("-0.5", "-0.75")
    assert wallet["ETH"].total == 0
    assert [coin for coin, holding in wallet.items() if holding] == ["BTC", "ETH"]


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity"])
def test_refuses_what_no_wallet_can_hold(text: str) -> None:
    """Such amounts come from faults, not from the world."""
    account = World().add_account("xt", Key("k", "s"))
    with pytest.raises(ValueError, match="no wallet"):
        account.set("spot", "BTC", available=text)


def test_refuses_a_wallet_that_is_not_there() -> None:
    """A misspelt wallet in a test must not be a new one."""
    account = World().add_account("okx", Key("k", "s"))
    with pytest.raises(ValueError, match="has no wallet spot"):
        account.set("spot", "BTC", available="1")
    assert account.add_sub("desk1") == "sub:desk1"
    account.set("sub:desk1", "BTC", available="1")
    account.remove("sub:desk1", "btc")
    assert account.wallets["sub:desk1"] == {}


def test_sub_accounts() -> None:
    """Each has two wallets and a time of its own, later than those before; closed, it is gone."""
    account = World().add_account("okx", Key("k", "s"))
    account.add_sub("a", created_at=NOW, enabled=False, label="first")
    for name in ("b", "c"):
        account.add_sub(name)
    account.remove_sub("b")
    account.add_sub("d")
    account.set("sub:d/trading", "BTC", available="1")

    assert [sub.name for sub in account.subs.values()] == ["a", "c", "d"]
    times = [sub.created_at for sub in account.subs.values()]
    assert times == sorted(set(times))
    assert (account.subs["a"].enabled, account.subs["a"].label) == (False, "first")
    assert "sub:b" not in account.wallets
    assert "sub:b/trading" not in account.wallets
    assert account.wallets["sub:d"] == {}


def test_prices() -> None:
    """A market of an exchange has one price; those of another exchange are its own."""
    world = World()
    world.set_price("okx", "btc", "usdt", "97412.30")
    assert {market: plain(price) for market, price in world.prices["okx"].items()} == {
        ("BTC", "USDT"): "97412.30"
    }
    assert world.prices["xt"] == {}
    with pytest.raises(ValueError, match="NaN"):
        world.set_price("okx", "BTC", "USDT", "NaN")


def test_keys() -> None:
    """A key leads to its account, on its exchange only, until it is revoked."""
    world = World()
    main = world.add_account("okx", Key("k1", "s"))
    other = world.add_account("okx", Key("k2", "s"), name="other")
    world.add_account("xt", Key("k1", "s"))
    world.add_key(main, Key("k3", "s"))

    found = world.find_key("okx", "k1")
    assert found is not None
    assert found[0] is main
    assert [key.api_key for key in world.keys(main)] == ["k1", "k3"]
    assert world.account("okx", "other") is other

    world.revoke(main, "k1")
    assert world.find_key("okx", "k1") is None
    assert world.find_key("coinw", "k3") is None
    with pytest.raises(ValueError, match="already"):
        world.add_account("okx", Key("k4", "s"))


def test_a_key_shows_nothing_of_itself() -> None:
    """Its repr is not a leak."""
    assert "secret" not in repr(Key("k", "secret", "secret"))


def test_the_demo_has_every_kind_of_wallet() -> None:
    """One account per exchange, four subs, amounts held, and BETH both staked and in funding."""
    world = demo_world(now=NOW)
    names = {account.exchange: account.name for account in world}
    okx = world.account("okx")
    assert names == {"okx": "main", "coinw": "coinw", "xt": "xt"}
    assert list(okx.subs) == ["desk1", "desk2", "desk3", "desk4"]
    assert [sub.name for sub in okx.subs.values() if not sub.enabled] == ["desk4"]
    filled = {wallet for wallet, coins in okx.wallets.items() if coins}
    funding = {"sub:desk1", "sub:desk2", "sub:desk3", "sub:desk4"}
    assert filled == {"funding", "trading", "savings", "sub:desk1/trading", *funding}
    assert okx.sol_staking is not None
    assert okx.staking is not None
    assert okx.staking.amount > okx.wallets["funding"]["BETH"].total
    assert timedelta(0) < NOW - okx.staking.taken_at < timedelta(days=1)
    assert world.account("xt", "xt").wallets["spot"]["USDT"].held > 0


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("cycle", [0, 1, 7])
def test_funding_goes_low_and_recovers(seed: int, cycle: int) -> None:
    """Below 500 after 25 to 35 seconds, for about forty, then above 600 until the next time."""
    told = story(seed)
    levels = [usdt_at(told, 240 * cycle + second) for second in range(240)]
    low = [second for second, level in enumerate(levels) if level < 500]
    assert 25 <= low[0] <= 35
    assert 35 <= len(low) <= 45
    assert low == list(range(low[0], low[-1] + 1))
    assert all(level > 500 for level in levels[: low[0]])
    assert all(level > 600 for level in levels[low[-1] + 1 :])
    assert usdt_at(told, 240 * (cycle + 1)) > 600


def test_spending_only_goes_down() -> None:
    """Until it is low each step is at or below the one before: it is spent, not shaken."""
    told = story()
    levels = [usdt_at(told, second) for second in range(28)]
    assert levels == sorted(levels, reverse=True)
    assert len(set(levels)) > 6


def test_the_story_is_the_same_every_time() -> None:
    """It depends on the seed and the second alone, not on what was told before."""
    one, two, other = story(5), story(5), story(6)
    for second in (3.0, 90.5, 47.25, 700.0, 0.0, 110.0):
        one.tell(second)
    two.tell(110)
    other.tell(110)
    assert picture(one.world) == picture(two.world)
    assert picture(one.world) != picture(other.world)


def test_the_story_begins_with_the_world_as_it_was() -> None:
    """At second 0 nothing has happened yet."""
    told = story()
    told.tell(0)
    assert picture(told.world) == picture(demo_world(now=NOW))


def test_small_trades_everywhere() -> None:
    """In half a minute several wallets have moved, and none has gone below zero."""
    told = story()
    seen: dict[tuple[str, str, str], set[Decimal]] = {}
    for second in range(600):
        told.tell(second)
        for account in told.world:
            for wallet, coins in account.wallets.items():
                for coin, holding in coins.items():
                    where = (account.name, wallet, coin)
                    seen.setdefault(where, set()).add(holding.available)
                    assert holding.available >= 0
    moving = {(name, wallet) for (name, wallet, _), levels in seen.items() if len(levels) > 50}
    assert moving >= {
        ("main", "funding"),
        ("main", "sub:desk1"),
        ("main", "sub:desk2"),
        ("coinw", "spot"),
        ("xt", "spot"),
    }


def test_every_coin_of_the_demo_but_one_has_a_price() -> None:
    """CWT has none; BETH and OKSOL have their own."""
    world = demo_world(now=NOW)
    unpriced = {
        coin
        for account in world
        for coins in account.wallets.values()
        for coin in coins
        if coin != "USDT" and (coin, "USDT") not in world.prices[account.exchange]
    }
    assert unpriced == {"CWT"}
    wanted = {
        ("BETH", "USDT"),
        ("OKSOL", "USDT"),
        ("USDT", "USD"),
        ("USDT", "EUR"),
        ("BTC", "EUR"),
    }
    assert wanted <= world.prices["okx"].keys()


def test_prices_wobble_a_little() -> None:
    """Each moves, stays near where it began, and is written with as many digits."""
    told = story()
    began = deepcopy(told.world.prices)
    seen: dict[tuple[str, str, str], set[Decimal]] = {}
    for second in range(0, 600, 5):
        told.tell(second)
        for exchange, markets in told.world.prices.items():
            for (base, quote), price in markets.items():
                first = began[exchange][base, quote]
                seen.setdefault((exchange, base, quote), set()).add(price)
                assert abs(price / first - 1) < Decimal("0.003")
                assert price.as_tuple().exponent == first.as_tuple().exponent
    assert len(seen) == sum(map(len, began.values()))
    assert min(map(len, seen.values())) > 20


def test_outages() -> None:
    """XT is down for twenty seconds of every three minutes, and nobody else ever is."""
    told = story()
    down = []
    for second in range(540):
        told.tell(second)
        assert told.world.down <= {"xt"}
        down += [second] if told.world.down else []
    assert down == [180 * cycle + second for cycle in range(3) for second in range(100, 120)]
