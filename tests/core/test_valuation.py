"""Values: by whose prices, over how many hops, how old, and what is not known of them."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import permutations
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.health import Health
from bot.core.portfolio import Amount, WalletState
from bot.core.valuation import (
    COMMON,
    HUBS,
    Currency,
    PriceBook,
    Valuation,
    Worth,
    appraise,
    value_of,
)
from bot.fetchers.model import Balance, Price, Staking

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
FAILING = Health(failures=1, failing_since=NOW, error="ExchangeUnavailable", message="down")
CURRENCIES: tuple[Currency, ...] = get_args(Currency)
MARKETS = {"main": "okx", "spare": "okx", "xt": "xt"}


def price(pair: str, last: str | Decimal = "2", **ago: float) -> Price:
    base, quote = pair.split("-")
    return Price(base, quote, Decimal(last), NOW - timedelta(**ago))


def book(currency: Currency = "USD", **markets: Sequence[Price]) -> PriceBook:
    return PriceBook(markets, currency, now=NOW)


def coin(asset: str, total: str | None, available: str | None = None) -> Balance:
    told = None if total is None else Decimal(total)
    return Balance(asset, told, None if available is None else Decimal(available), None)


def staked(amount: str) -> Balance:
    return Balance("BETH", Decimal(amount), None, None, Staking(NOW, Decimal(0), Decimal(0)))


def wallet(path: str, *balances: Balance, health: Health | None = None) -> WalletState:
    return WalletState(path, balances, NOW, health or Health())


def worth(*wallets: WalletState, by: PriceBook, **more: Any) -> Worth:
    return appraise(wallets, by, **{"markets": MARKETS, "now": NOW, **more})


def total(*wallets: WalletState, by: PriceBook, **more: Any) -> Valuation:
    return worth(*wallets, by=by, **more).total


def factor(prices: PriceBook, asset: str, market: str = "okx") -> Decimal | None:
    rate = prices.rate(market, asset, now=NOW)
    return None if rate is None else rate.factor


@pytest.mark.parametrize(
    ("currency", "prices", "expected"),
    [
        ("USDT", [price("X-USDT", "3")], "3"),
        ("USDT", [price("USDT-X", "4")], "0.25"),
        # Direct is best, then over USDT, then over BTC.
        ("EUR", [price("X-EUR", "7"), price("X-USDT"), price("USDT-EUR")], "7"),
        ("EUR", [price("X-USDT", "3"), price("USDT-EUR", "0.5"), price("X-BTC", "9")], "1.5"),
        (
            "EUR",
            [
                price("X-USDT", "3"),
                price("EUR-USDT", "2"),
                price("X-BTC", "9"),
                price("BTC-EUR", "9"),
            ],
            "1.5",
        ),
        ("USDT", [price("X-BTC", "3"), price("BTC-USDT", "50000")], "150000"),
        ("USDT", [price("X-ETH", "3"), price("ETH-USDT", "5")], "15"),
        ("USDT", [price("X-USDC", "3"), price("USDC-USDT", "5")], "15"),
        ("BTC", [price("X-USDT", "3"), price("BTC-USDT", "4")], "0.75"),
        ("USD", [price("X-USDT", "3"), price("USDT-USD", "0.5")], "1.5"),
        # Money to money is one hop.
        ("CNY", [price("X-USDT", "3"), price("USDT-USD", "0.5"), price("USD-CNY", "7")], "10.5"),
        ("CNY", [price("X-USDT", "3"), price("USD-CNY", "7")], "21"),
        ("CNY", [price("X-USDT", "3"), price("USDT-CNY", "8"), price("USD-CNY", "7")], "24"),
        # Three hops are too many, and another coin is no hub.
        ("USDT", [price("X-BTC"), price("BTC-ETH"), price("ETH-USDT")], None),
        ("USDT", [price("X-Y"), price("Y-USDT")], None),
        ("BTC", [price("X-USD"), price("USDT-USD"), price("USDT-EUR"), price("EUR-BTC")], None),
        ("USD", [], None),
    ],
)
def test_ways(currency: Currency, prices: Sequence[Price], expected: str | None) -> None:
    """The best way of at most two hops counts, each pair in either direction."""
    found = factor(book(currency, okx=prices), "X")
    assert found == (None if expected is None else Decimal(expected))


@pytest.mark.parametrize("currency", CURRENCIES)
def test_a_currency_in_itself_is_one(currency: Currency) -> None:
    """It needs no price, and whatever is quoted changes nothing."""
    for prices in ([], [price(f"{currency}-USDT"), price(f"USDT-{currency}")]):
        rate = book(currency, okx=prices).rate("okx", currency, now=NOW)
        assert rate is not None
        assert (rate.factor, rate.at, rate.at_par) == (Decimal(1), None, False)


def test_a_symbol_is_a_coin_of_its_exchange() -> None:
    """What is quoted elsewhere under the same symbol may be another coin."""
    prices = book("USDT", okx=[price("X-USDT", "3"), price("BTC-USDT", "9")], xt=[])
    assert factor(prices, "X", "okx") == 3
    assert factor(prices, "X", "xt") is None
    assert factor(prices, "BTC", "xt") == 9


def test_hubs_may_be_priced_by_anybody() -> None:
    """A coin comes to USDT by its own exchange, and on from there by whichever tells."""
    prices = book("EUR", xt=[price("X-USDT", "3")], okx=[price("USDT-EUR", "0.5")])
    assert factor(prices, "X", "xt") == Decimal("1.5")
    own = book("USDT", xt=[price("BTC-USDT", "3")], okx=[price("BTC-USDT", "4")])
    other = book("USDT", a=[price("BTC-USDT", "3")], b=[price("BTC-USDT", "4", seconds=1)])
    assert factor(other, "BTC", "xt") == 3  # the newest
    assert (factor(own, "BTC", "xt"), factor(own, "BTC", "okx")) == (Decimal(3), Decimal(4))


def test_staked_coins_have_their_own_price() -> None:
    """BETH and OKSOL are never taken for ETH and SOL."""
    prices = book("USDT", okx=[price("ETH-USDT"), price("SOL-USDT"), price("OKSOL-SOL")])
    assert factor(prices, "BETH") is None
    assert factor(prices, "OKSOL") is None
    assert factor(book("USDT", okx=[price("BETH-USDT", "5")]), "BETH") == 5


def test_at_par_only_where_nobody_quotes() -> None:
    """One USDT is one USD where nobody says otherwise, and then that is said."""
    held = wallet("xt/spot", coin("X", "10"))
    par = total(held, by=book(xt=[price("X-USDT", "3")]))
    assert (par.value, par.at_par) == (Decimal(30), True)
    for pair, last in (("USDT-USD", "0.5"), ("USD-USDT", "2")):
        quoted = total(held, by=book(xt=[price("X-USDT", "3")], okx=[price(pair, last)]))
        assert (quoted.value, quoted.at_par) == (Decimal(15), False)
        old = book(xt=[price("X-USDT", "3")], okx=[price(pair, last, hours=2)])
        assert (total(held, by=old).value, total(held, by=old).is_stale(NOW)) == (
            Decimal(15),
            True,
        )
        gone = book(xt=[price("X-USDT", "3")], okx=[price(pair, last, hours=25)])
        assert total(held, by=gone) == par
    direct = total(held, by=book(xt=[price("X-USD", "3")]))
    assert (direct.value, direct.at_par) == (Decimal(30), False)


def test_age() -> None:
    """A value is as old as the oldest price; fresh ones are preferred, and a day is too old."""
    held = wallet("main/funding", coin("X", "1"), coin("BTC", "1"))
    fresh = [price("X-USDT", minutes=4), price("BTC-USDT", minutes=1)]
    found = total(held, by=book("USDT", okx=fresh))
    assert (found.oldest, found.is_stale(NOW)) == (NOW - timedelta(minutes=4), False)
    for first, second in ((3, 1), (1, 3)):
        way = [price("X-BTC", minutes=first), price("BTC-USDT", minutes=second)]
        rate = book("USDT", okx=way).rate("okx", "X", now=NOW)
        assert rate is not None
        assert rate.at == NOW - timedelta(minutes=3)
    later = NOW + timedelta(minutes=1, seconds=1)
    assert found.is_stale(later)
    prices = book("USDT", okx=[price("X-USDT", "9", hours=2), *fresh[1:], price("X-BTC", "3")])
    assert factor(prices, "X") == 6  # the way over BTC is fresh
    stale = book("USDT", okx=[price("X-USDT", "9", hours=2)], xt=[price("X-USDT")])
    assert total(held, by=stale).is_stale(NOW)
    assert factor(book("USDT", okx=[price("X-USDT", hours=24)]), "X") == 2
    assert factor(book("USDT", okx=[price("X-USDT", hours=24, seconds=1)]), "X") is None
    aged = total(held, by=book("USDT", okx=fresh), now=NOW + timedelta(hours=24))
    assert (aged.value, aged.unpriced) == (None, ("BTC", "X"))


def test_unpriced_is_named_and_never_zero() -> None:
    """What has no price makes the value the least there is; zeros need none."""
    prices = book("USDT", okx=[price("X-USDT")])
    held = wallet("main/funding", coin("X", "5"), coin("Y", "1"), coin("A", "3"), coin("Z", "0"))
    found = total(held, by=prices)
    assert (found.value, found.unpriced, found.at_least) == (Decimal(10), ("A", "Y"), True)
    assert worth(held, by=prices).wallets["main/funding"] == found
    nothing = total(wallet("main/funding", coin("Y", "1")), by=prices)
    assert (nothing.value, nothing.unpriced) == (None, ("Y",))
    assert total(by=prices) == Valuation("USDT", None)


def test_debts() -> None:
    """What is owed goes off; without a price nobody knows on which side the truth lies."""
    prices = book("USDT", okx=[price("X-USDT"), price("Y-USDT", "3")])
    found = total(wallet("main/trading", coin("X", "5"), coin("Y", "-4")), by=prices)
    assert (found.value, found.at_least) == (Decimal(-2), False)
    unknown = total(
        wallet("main/trading", coin("X", "5"), coin("A", "-4"), coin("B", "1")), by=prices
    )
    assert (unknown.value, unknown.owed, unknown.unpriced) == (Decimal(10), ("A",), ("B",))
    assert not unknown.at_least


SILENT_ON_Y = wallet("xt/spot", coin("Y", None))


@pytest.mark.parametrize(
    "other",
    [
        WalletState("xt/spot"),
        wallet("xt/spot", coin("X", "7"), health=FAILING),
        wallet("xt/spot", coin("X", None)),
        wallet("xt/spot", coin("X", None, "0")),
        SILENT_ON_Y,
    ],
)
def test_incomplete_amounts_make_the_least(other: WalletState) -> None:
    """What cannot be read, or is not told, may be anything: the rest is the least there is."""
    prices = book("USDT", okx=[price("X-USDT")], xt=[price("X-USDT")])
    good = wallet("main/funding", coin("X", "5"))
    found = worth(good, other, by=prices)
    assert (found.total.value, found.total.at_least) == (Decimal(10), True)
    assert found.wallets["main/funding"].at_least is False
    assert ("xt/spot" in found.wallets) == other.readable
    assert not other.readable or found.wallets["xt/spot"].at_least
    assert (found.coins["X"].value, found.coins["X"].at_least) == (
        Decimal(10),
        other != SILENT_ON_Y,
    )


def test_worth_in_all_by_coin_and_by_wallet() -> None:
    """Coins are totalled by exchange, BETH once, priced there, and added."""
    prices = book(
        "USDT",
        okx=[price("X-USDT", "3"), price("BETH-USDT", "10")],
        xt=[price("X-USDT", "5")],
    )
    found = worth(
        wallet("main/funding", coin("X", "1"), coin("BETH", "2")),
        wallet("main/eth-staking", staked("6")),
        wallet("spare/funding", coin("X", "1")),
        wallet("xt/spot", coin("X", "1"), coin("USDT", "0.5")),
        by=prices,
    )
    assert found.total.value == Decimal("71.5")
    assert {c: v.value for c, v in found.coins.items()} == {
        "X": 11,
        "BETH": 60,
        "USDT": Decimal("0.5"),
    }
    assert {path: v.value for path, v in found.wallets.items()} == {
        "main/funding": 23,
        "main/eth-staking": 60,
        "spare/funding": 3,
        "xt/spot": Decimal("5.5"),
    }
    assert not found.total.at_least


def test_one_coin() -> None:
    """Asked for one coin, the others count for nothing, also where they have no price."""
    prices = book("USDT", okx=[price("X-USDT")])
    held = wallet("main/funding", coin("X", "5"), coin("Y", None))
    found = worth(held, by=prices, coin="X")
    assert (found.total.value, found.total.unpriced, found.total.at_least) == (
        Decimal(10),
        (),
        False,
    )
    assert found.wallets["main/funding"] == found.total
    assert set(found.coins) == {"X"}


def test_long_amounts_keep_their_digits() -> None:
    """Neither the size of an amount nor the smallness of a price loses anything worth showing."""
    prices = book("USDT", okx=[price("X-USDT", "0.000000000000000001"), price("USDT-Y", "3")])
    held = wallet("main/funding", coin("X", f"{'9' * 36}.{'9' * 18}"), coin("Y", "3E-30"))
    value = total(held, by=prices).value
    assert value is not None
    assert value == Decimal(f"{10**18}.{'0' * 30}999999")


ASSETS = sorted({*COMMON, "X", "Y"})
pairs = st.sampled_from(list(permutations(ASSETS, 2)))
lasts = st.integers(1, 10**12).map(lambda n: Decimal(n).scaleb(-6))
quotes = st.dictionaries(pairs, lasts, max_size=9)
currencies = st.sampled_from(CURRENCIES)
held_coins = st.dictionaries(
    st.sampled_from(ASSETS), st.integers(0, 10**9).map(lambda n: Decimal(n).scaleb(-3))
)


def priced(quoted: Mapping[tuple[str, str], Decimal]) -> list[Price]:
    return [Price(base, quote, last, NOW) for (base, quote), last in quoted.items()]


def holding(path: str, held: Mapping[str, Decimal]) -> WalletState:
    return wallet(path, *(Balance(asset, amount, None, None) for asset, amount in held.items()))


@given(quotes, currencies, st.sampled_from(ASSETS))
def test_at_most_two_hops(
    quoted: Mapping[tuple[str, str], Decimal], currency: Currency, asset: str
) -> None:
    """There is a price exactly where one or two hops lead to the currency."""
    hops = {frozenset(pair) for pair in quoted} | {frozenset({"USDT", "USD"})}
    if frozenset({"USD", "CNY"}) in hops:
        hops.add(frozenset({"USDT", "CNY"}))
    reached = (
        asset == currency
        or frozenset({asset, currency}) in hops
        or any(
            frozenset({asset, hub}) in hops and frozenset({hub, currency}) in hops for hub in HUBS
        )
    )
    assert (factor(book(currency, okx=priced(quoted)), asset) is not None) == reached


@given(quotes, currencies, st.sampled_from(ASSETS))
def test_inverse_pairs_agree(
    quoted: Mapping[tuple[str, str], Decimal], currency: Currency, asset: str
) -> None:
    """A pair told the other way round says the same, up to the last of many digits."""
    one_way = {pair: last for pair, last in quoted.items() if pair[0] < pair[1]}
    turned = [Price(b, a, 1 / last, NOW) for (a, b), last in one_way.items()]
    found = factor(book(currency, okx=priced(one_way)), asset)
    other = factor(book(currency, okx=turned), asset)
    assert (found is None) == (other is None)
    if found is not None and other is not None:
        assert abs(found - other) <= found * Decimal("1E-20")


@given(quotes, quotes, currencies, st.lists(held_coins, min_size=1, max_size=5))
def test_more_wallets_never_lower_a_value(
    okx: Mapping[tuple[str, str], Decimal],
    xt: Mapping[tuple[str, str], Decimal],
    currency: Currency,
    helds: Sequence[Mapping[str, Decimal]],
) -> None:
    """Where nothing is owed, each wallet adds something or nothing."""
    prices = book(currency, okx=priced(okx), xt=priced(xt))
    accounts = ["main", "xt", "spare", "xt", "main"]
    states = [
        holding(f"{account}/w{n}", held)
        for n, (account, held) in enumerate(zip(accounts, helds, strict=False))
    ]
    values = [total(*states[:n], by=prices).value or 0 for n in range(len(states) + 1)]
    assert values == sorted(values)


@given(quotes, currencies, held_coins)
def test_unpriced_never_adds(
    quoted: Mapping[tuple[str, str], Decimal], currency: Currency, held: Mapping[str, Decimal]
) -> None:
    """Without the coins that have no price the value is the same, and then it is whole."""
    prices = book(currency, okx=priced(quoted))
    found = total(holding("main/a", held), by=prices)
    rest = {asset: amount for asset, amount in held.items() if asset not in found.unpriced}
    without = total(holding("main/a", rest), by=prices)
    assert (without.value, without.unpriced, without.at_least) == (found.value, (), False)
    assert found.at_least == bool(found.unpriced)
    assert (found.value is None) == (not any(rest.values()))


def test_an_amount_that_is_the_least_makes_the_value_so() -> None:
    """Whatever else is known."""
    prices = book("USDT", okx=[price("X-USDT")])
    least = value_of([("okx", "X", Amount(Decimal(1), complete=False))], prices, now=NOW)
    assert (least.value, least.at_least) == (Decimal(2), True)


@given(st.lists(st.decimals(-100, 100, places=2), min_size=1, max_size=6))
def test_signs_add_up(amounts: Sequence[Decimal]) -> None:
    """Debts and possessions of a priced coin come to their sum."""
    found = value_of(
        [("okx", "X", Amount(amount)) for amount in amounts],
        book("USDT", okx=[price("X-USDT", "2")]),
        now=NOW,
    )
    assert (found.value or 0) == 2 * sum(amounts)
