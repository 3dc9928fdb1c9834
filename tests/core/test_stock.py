"""What there is, parted: all parts add up to the total, and no coin counts twice."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.health import Health
from bot.core.overview import overview_of
from bot.core.portfolio import WalletState, owed_unread, totals_by_coin
from bot.core.stock import SMALL, Stock, lots_of, share_of, spendable, without_dust
from bot.core.valuation import PriceBook, Valuation, appraise
from bot.fetchers.model import Balance, Price, Staking, exact_sum

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DOWN = Health(1, NOW, "ExchangeUnavailable", "no answer")
SNAPSHOT = Staking(None, Decimal(0), Decimal(0))
PRICES = [Price("ETH", "USD", Decimal(2000), NOW), Price("BETH", "USD", Decimal(1900), NOW)]


def wallet(path: str, *held: Balance, health: Health | None = None) -> WalletState:
    return WalletState(path, held, NOW - timedelta(seconds=5), health or Health())


def coin(asset: str, total: str, **more: Any) -> Balance:
    return Balance(asset, Decimal(total), None, None, **more)


def number(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def stock(*wallets: WalletState, coin: str | None = None) -> Stock:
    book = PriceBook({"x": PRICES}, "USD", now=NOW)
    return Stock(wallets, book, markets=dict.fromkeys("abc", "x"), now=NOW, coin=coin)


names = st.sampled_from(["ETH", "BETH", "USD", "ODD"])
amounts = st.none() | st.decimals("-1000", "1000", places=6)
coins = st.builds(
    lambda asset, total, free, staking: Balance(
        asset, total, free, None, staking if asset == "BETH" else None
    ),
    names,
    amounts,
    amounts,
    st.none(),
)
held = st.lists(coins, max_size=4, unique_by=lambda balance: balance.asset)
paths = ("a/funding", "a/trading", "a/sub:one", "b/spot", "c/spot")
staked = st.none() | st.decimals("0", "1000", places=6)


@st.composite
def portfolios(draw: st.DrawFn) -> list[WalletState]:
    states = [
        wallet(path, *draw(held), health=draw(st.sampled_from([Health(), Health(), DOWN])))
        for path in paths
    ]
    if (amount := draw(staked)) is not None:
        states.append(wallet("a/eth-staking", coin("BETH", str(amount), staking=SNAPSHOT)))
    return states


@given(portfolios())
def test_the_parts_add_up(states: list[WalletState]) -> None:
    """Accounts, wallets and coins each add up to the same total, which `appraise` finds, too."""
    all_ = stock(*states)
    markets = dict.fromkeys("abc", "x")
    book = PriceBook({"x": PRICES}, "USD", now=NOW)
    found = appraise(states, book, markets=markets, now=NOW).total
    total = all_.worth(states)
    assert (total.value or 0) == (found.value or 0)
    assert set(total.owed) >= set(found.owed)  # what one account owes, another may have
    assert total.owed != found.owed or total.at_least == found.at_least
    for parts in (all_.accounts(states), all_.parts(states), all_.coins(states)):
        values = [part.worth.value for part in parts if part.worth.value is not None]
        assert exact_sum(values) == (total.value or 0)
        assert values == sorted(values, reverse=True)


@given(portfolios())
def test_no_coin_is_lost(states: list[WalletState]) -> None:
    """The lots of each coin add up to its total, marks and all."""
    told = {held.coin: held.amount for held in stock(*states).coins(states)}
    totals = totals_by_coin(states)
    assert {coin: amount for coin, amount in told.items() if amount.value} == totals
    unknown = {coin for coin, amount in told.items() if not amount.value}
    assert all(not told[coin].complete for coin in unknown)


@given(portfolios(), st.decimals("0.01", "5000", places=2))
def test_no_coin_is_small_by_mistake(states: list[WalletState], limit: Decimal) -> None:
    """What is folded is worth less than the limit, owed by nobody, priced; and nothing is lost."""
    coins = stock(*states).coins(states)
    kept, dust = without_dust(coins, limit)
    folded = [held for held in coins if held not in kept]
    assert len(folded) == (dust.count if dust else 0) != 1
    assert all(held.worth.value is not None and 0 <= held.worth.value < limit for held in folded)
    if dust:
        worth = [held.worth.value for held in folded if held.worth.value is not None]
        assert dust.worth.value == exact_sum(worth)


def test_a_snapshot_is_what_lies_nowhere_else() -> None:
    """A snapshot has what no other wallet of its account has; sub-accounts have their own."""
    states = [
        wallet("a/funding", coin("BETH", "1.5")),
        wallet("a/eth-staking", coin("BETH", "4", staking=SNAPSHOT)),
        wallet("a/sub:one", coin("BETH", "2")),
        wallet("b/spot", coin("BETH", "8")),
    ]
    lots = {lot.path: lot.amount.value for lot in lots_of(states)}
    assert lots == {
        "a/funding": Decimal("1.5"),
        "a/eth-staking": Decimal("2.5"),
        "a/sub:one": Decimal(2),
        "b/spot": Decimal(8),
    }
    blind = [wallet("a/funding", coin("BETH", "1.5"), health=DOWN), *states[1:2]]
    assert [lot.amount.value for lot in lots_of(blind)] == [Decimal(4)]


def test_one_coin() -> None:
    """Its parts have amounts, its total is its own, and the whole is all that is watched."""
    states = [
        wallet("a/spot", coin("ETH", "1"), coin("USD", "500")),
        wallet("b/spot", coin("ETH", "2")),
        wallet("c/spot", coin("ETH", "9"), health=DOWN),
    ]
    of_coin = overview_of(stock(*states, coin="ETH"), states, query="eth", by="places")
    assert of_coin.total.value == 6000
    assert of_coin.whole.value == 6500
    assert [(p.name, p.amount.value if p.amount else None) for p in of_coin.parts] == [
        ("b", Decimal(2)),
        ("a", Decimal(1)),
        ("c", None),
    ]
    assert not of_coin.total.complete
    assert [rate.factor for rate in of_coin.rates] == [Decimal(2000)]


@pytest.mark.parametrize(
    ("held", "told"),
    [
        ([("1", "2")], ("1", "2")),
        ([("1", "2"), ("3", "0")], ("4", "2")),
        ([("1", None)], None),
        ([(None, "2"), ("3", "0")], None),
    ],
)
def test_what_is_free(held: Sequence[tuple[str, str]], told: tuple[str, str] | None) -> None:
    """It is told only where every wallet tells it."""
    states = [
        wallet(
            f"{path}/spot",
            Balance("ETH", None, number(parts[0]), number(parts[1])),
        )
        for path, parts in zip("ab", held, strict=False)
    ]
    expected = None if told is None else tuple(map(Decimal, told))
    assert spendable(states, "ETH") == expected


def test_shares() -> None:
    """A share is of what is known; a debt has none, and nothing has none of nothing."""

    def worth(value: str | None) -> Valuation:
        return Valuation("USD", None if value is None else Decimal(value))

    assert share_of(worth("1"), worth("8")) == Decimal("12.5")
    for part, whole in ((None, "8"), ("1", None), ("1", "0"), ("-1", "8"), ("1", "-8")):
        assert share_of(worth(part), worth(whole)) is None


def test_a_limit_for_each_currency() -> None:
    """No currency is without one."""
    assert set(SMALL) == {"USD", "USDT", "EUR", "CNY", "BTC"}


def test_what_is_owed_where_nobody_can_look() -> None:
    """It makes of "at least" a guess, for the account and for all, and not for others."""
    states = [
        wallet("a/spot", coin("USD", "5")),
        wallet("b/spot", coin("USD", "-1"), health=DOWN),
    ]
    assert owed_unread(states) == {"USD"}
    mine, other = stock(*states).accounts(states)
    assert (mine.worth.may_be_less, other.worth.may_be_less) == (False, True)
    assert stock(*states).whole.may_be_less
