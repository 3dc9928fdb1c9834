"""By how much a value has changed: amounts and prices add up, and what is unknown is unknown."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from bot.core.health import Health
from bot.core.portfolio import WalletState
from bot.core.stock import Stock
from bot.core.valuation import PriceBook
from bot.core.value_change import Books, ValueChange, change_of, past_of
from bot.fetchers.model import Balance, Price, Staking

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
THEN = NOW - timedelta(hours=24)
SNAPSHOT = Staking(None, Decimal(0), Decimal(0))
Amounts = Mapping[str, Mapping[str, str]]


def book(prices: Mapping[str, str], at: datetime, market: str) -> PriceBook:
    told = [Price(coin, "USD", Decimal(price), at) for coin, price in prices.items()]
    return PriceBook({market: told}, "USD", now=at)


def balances(held: Mapping[str, str], path: str) -> tuple[Balance, ...]:
    staking = SNAPSHOT if path.endswith("staking") else None
    return tuple(Balance(c, Decimal(a), None, None, staking) for c, a in held.items())


def changed(
    was: Amounts,
    now: Amounts,
    *,
    then_prices: Mapping[str, str] | None,
    prices: Mapping[str, str],
    unread: tuple[str, ...] = (),
    coin: str | None = None,
) -> ValueChange | None:
    failing = Health(1, NOW, "ExchangeUnavailable", "no answer")
    states = [
        WalletState(path, balances(held, path), NOW, failing if path in unread else Health())
        for path, held in now.items()
    ]
    snapshots = {(path, "BETH") for path in was if path.endswith("staking")}
    # The history does not keep that a coin is a snapshot.
    kept = {
        path: [Balance(c, Decimal(a), None, None) for c, a in held.items()]
        for path, held in was.items()
    }
    then = None if then_prices is None else book(then_prices, THEN, "kept")
    accounts = {path.partition("/")[0] for path in {**was, **now}}
    books = Books(
        book(prices, NOW, "x"), then, dict.fromkeys(accounts, "x"), dict.fromkeys(accounts, "kept")
    )
    stock = Stock(states, books.now, markets=books.markets, now=NOW, coin=coin)
    return change_of(stock, states, past_of(kept, snapshots, at=THEN), books)


def test_amounts_and_prices() -> None:
    """What has come is told at present prices, what was there by how its price has moved."""
    change = changed(
        {"a/spot": {"ETH": "2", "USD": "100"}},
        {"a/spot": {"ETH": "3", "USD": "50"}},
        then_prices={"ETH": "1000"},
        prices={"ETH": "1100"},
    )
    assert change is not None
    assert (change.by_amounts, change.by_prices) == (Decimal(1050), Decimal(200))
    assert (change.before, change.difference) == (Decimal(2100), Decimal(1250))
    assert change.percent is not None
    assert round(change.percent, 3) == Decimal("59.524")
    assert change.without == ()


coins = st.dictionaries(
    st.sampled_from(["ETH", "BTC", "USD"]), st.decimals("-99", "99", places=4).map(str)
)
wallets = st.dictionaries(st.sampled_from(["a/spot", "a/x", "b/spot"]), coins, min_size=1)
quotes = st.fixed_dictionaries(
    {coin: st.decimals("0.01", "999", places=2).map(str) for coin in ("ETH", "BTC")}
)


@given(wallets, quotes, quotes, st.data())
def test_both_add_up(
    was: Amounts, before: Mapping[str, str], prices: Mapping[str, str], data: st.DataObject
) -> None:
    """The value then and the change make the value now, whatever has moved."""
    now = {path: data.draw(coins) for path in was}
    change = changed(was, now, then_prices=before, prices=prices)
    assert change is not None

    def worth(held: Amounts, by: Mapping[str, str]) -> Decimal:
        rates = {"USD": Decimal(1), **{coin: Decimal(price) for coin, price in by.items()}}
        return sum((Decimal(a) * rates[c] for w in held.values() for c, a in w.items()), Decimal())

    assert change.before == worth(was, before)
    assert change.difference == worth(now, prices) - worth(was, before)


def test_what_a_coin_was_worth_is_unknown() -> None:
    """Then only amounts are told: no change of prices is guessed, and no 0 stands for it."""
    before, now = {"a/spot": {"ETH": "2"}}, {"a/spot": {"ETH": "3"}}
    for then in (None, {"BTC": "1"}):
        change = changed(before, now, then_prices=then, prices={"ETH": "10"})
        assert change is not None
        assert change.by_amounts == 10
        assert (change.by_prices, change.difference, change.percent) == (None, None, None)


def test_what_cannot_be_compared() -> None:
    """A wallet that is unread now, or was not read then, is left out on both sides and named."""
    change = changed(
        {"a/spot": {"USD": "1"}, "b/spot": {"USD": "50"}},
        {"a/spot": {"USD": "4"}, "b/spot": {"USD": "60"}, "c/spot": {"USD": "70"}},
        then_prices={},
        prices={},
        unread=("b/spot",),
    )
    assert change is not None
    assert (change.difference, change.without) == (Decimal(3), ("b/spot", "c/spot"))
    nothing = changed({}, {"a/spot": {"USD": "4"}}, then_prices={}, prices={})
    assert nothing is None


def test_a_snapshot_counts_once() -> None:
    """What is moved from one wallet to where it is staked changes nothing."""
    change = changed(
        {"a/funding": {"BETH": "4"}, "a/eth-staking": {"BETH": "4"}},
        {"a/funding": {"BETH": "1"}, "a/eth-staking": {"BETH": "4"}},
        then_prices={"BETH": "10"},
        prices={"BETH": "10"},
    )
    assert change is not None
    assert change.difference == 0


def test_of_one_coin() -> None:
    """Other coins do not come in."""
    before, now = {"a/spot": {"ETH": "2", "USD": "9"}}, {"a/spot": {"ETH": "3", "USD": "1"}}
    change = changed(before, now, then_prices={"ETH": "10"}, prices={"ETH": "10"}, coin="ETH")
    assert change is not None
    assert change.difference == 10
