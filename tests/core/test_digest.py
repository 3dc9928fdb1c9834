"""What a digest tells: from the opening to the close, as sums that add up, and no guesses."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Context, Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.alerts import AlertState
from bot.core.digest import Digest, build_digest, evenly
from bot.core.health import Health
from bot.core.portfolio import WalletState
from bot.core.stock import Stock
from bot.core.valuation import PriceBook
from bot.core.value_change import Books, past_of
from bot.fetchers.model import Balance, Price, Staking, exact_sum

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
YESTERDAY = NOW - timedelta(days=1)
FAILING = Health(failures=1, failing_since=NOW, error="ExchangeUnavailable", message="down")
Book = Mapping[str, str]
EXACT = Context(prec=200)


def coin(asset: str, total: str | Decimal | None, staking: Staking | None = None) -> Balance:
    return Balance(asset, None if total is None else Decimal(total), None, None, staking)


def wallet(path: str, *held: Balance, health: Health = Health()) -> WalletState:  # noqa: B008
    return WalletState(path, held, NOW, health)


def book(prices: Book, at: datetime) -> PriceBook:
    told = [Price(base, "USDT", Decimal(last), at) for base, last in prices.items()]
    return PriceBook({"okx": told}, "USDT", now=at)


def digest(
    wallets: Sequence[WalletState],
    *,
    before: Mapping[str, Sequence[Balance]] | None = None,
    now: Book | None = None,
    then: Book | None = None,
    **more: Any,
) -> Digest:
    markets = {state.path.partition("/")[0]: "okx" for state in wallets}
    books = Books(
        book(now or {}, NOW),
        None if then is None else book(then, YESTERDAY),
        markets,
        markets,
    )
    stock = Stock(wallets, books.now, markets=markets, now=NOW)
    past = None if before is None else past_of(before, (), at=YESTERDAY)
    return build_digest(
        **{
            "local_date": date(2026, 3, 1),
            "late": False,
            "stock": stock,
            "wallets": wallets,
            "past": past,
            "books": books,
            **more,
        }
    )


amounts = st.decimals(-(10**9), 10**12, places=8)
prices = st.decimals("0.00000001", 10**7, places=8)
COINS = ("BTC", "ETH", "USDT")
held = st.dictionaries(st.sampled_from(COINS), amounts)
holdings = st.dictionaries(st.sampled_from(["a/spot", "a/funding", "b/spot"]), held, min_size=1)
books = st.fixed_dictionaries({"BTC": prices, "ETH": prices})


def worth(held: Mapping[str, Mapping[str, Decimal]], by: Mapping[str, Decimal]) -> Decimal:
    """Value what is held, by hand, and to the last digit."""
    rates = {**by, "USDT": Decimal(1)}
    return exact_sum(
        EXACT.multiply(amount, rates[coin])
        for coins in held.values()
        for coin, amount in coins.items()
    )


@settings(max_examples=200)
@given(was=holdings, is_=holdings, then=books, now=books)
def test_moved_and_prices_are_the_difference_to_the_last_digit(
    was: Mapping[str, Mapping[str, Decimal]],
    is_: Mapping[str, Mapping[str, Decimal]],
    then: Mapping[str, Decimal],
    now: Mapping[str, Decimal],
) -> None:
    """In all and for each account: opening, what moved and what prices did are the close."""
    made = digest(
        [wallet(path, *(coin(c, a) for c, a in held.items())) for path, held in is_.items()],
        before={path: [coin(c, a) for c, a in held.items()] for path, held in was.items()},
        now={c: str(p) for c, p in now.items()},
        then={c: str(p) for c, p in then.items()},
    )
    accounts = {sheet.name: sheet for sheet in made.accounts}
    for name, sheet in {"": made.total, **accounts}.items():
        both = [path for path in is_ if path in was and path.partition("/")[0].startswith(name)]
        if sheet.change is None:
            assert not both
            continue
        opening = worth({path: was[path] for path in both}, then)
        close = worth({path: is_[path] for path in both}, now)
        change = sheet.change
        assert (change.before, change.after) == (opening, close)
        assert change.by_prices is not None
        assert exact_sum([change.by_amounts, change.by_prices]) == exact_sum(
            [close, opening.copy_negate()]
        )
        moved = {
            path: {
                c: EXACT.subtract(is_[path].get(c, Decimal(0)), was[path].get(c, Decimal(0)))
                for c in {*is_[path], *was[path]}
            }
            for path in both
        }
        assert change.by_amounts == worth(moved, now)


def test_what_moved_most_comes_first() -> None:
    """By what it is worth now; what has no price comes last; what is as it was is not told."""
    made = digest(
        [wallet("m/f", coin("BTC", "1"), coin("ETH", "2.5"), coin("XRP", "7"), coin("Y", "1"))],
        before={
            "m/f": [coin("BTC", "1.0"), coin("ETH", f"2.4{'9' * 30}"), coin("DOGE", "3"),
                    coin("Y", "9")],
        },
        now={"ETH": "2000", "DOGE": "0.5"},
        then={"ETH": "2000", "DOGE": "0.5"},
    )  # fmt: skip
    assert [(m.coin, m.difference, m.worth) for m in made.moved] == [
        ("DOGE", Decimal(-3), Decimal("-1.5")),
        ("ETH", Decimal("1E-31"), Decimal("2E-28")),
        ("XRP", Decimal(7), None),
        ("Y", Decimal(-8), None),
    ]


def test_what_prices_have_done() -> None:
    """Of each coin over all wallets, the most first; what was not there before is not told."""
    made = digest(
        [wallet("a/x", coin("ETH", "1"), coin("BTC", "2")), wallet("b/x", coin("ETH", "4"))],
        before={"a/x": [coin("ETH", "3")], "b/x": [coin("ETH", "1"), coin("SOL", "2")]},
        now={"ETH": "90", "BTC": "5", "SOL": "30"},
        then={"ETH": "100", "BTC": "1", "SOL": "10"},
    )
    assert [(t.coin, t.percent, t.effect) for t in made.turned] == [
        ("ETH", Decimal(-10), Decimal(-40)),
        ("SOL", Decimal(200), Decimal(40)),
    ]


def test_what_is_not_read_is_not_compared() -> None:
    """What cannot be read now, or was not known then, would be a guess: it is named instead."""
    wallets = [
        wallet("a/spot", coin("BTC", "5"), health=FAILING),
        WalletState("b/spot"),
        wallet("c/spot", coin("BTC", "9")),
        wallet("d/spot", coin("BTC", "2")),
    ]
    before = {"a/spot": [coin("BTC", "1")], "b/spot": [coin("BTC", "1")], "d/spot": []}
    made = digest(wallets, before=before, now={"BTC": "10"}, then={"BTC": "10"})
    assert [m.path for m in made.moved] == ["d/spot"]
    assert made.total.change is not None
    assert made.total.change.without == ("a/spot", "b/spot", "c/spot")
    assert {s.name: s.change is None for s in made.accounts} == {
        "a": True,
        "b": True,
        "c": True,
        "d": False,
    }
    assert [state.path for state in made.unreadable] == ["a/spot", "b/spot"]
    assert made.total.worth.at_least


def test_an_amount_that_is_not_told_has_not_moved() -> None:
    """A coin that was known and is listed without an amount has not fallen to nothing."""
    for was, now in (("1", None), (None, "1")):
        made = digest([wallet("m/f", coin("BTC", now))], before={"m/f": [coin("BTC", was)]})
        assert made.moved == ()
        assert made.total.change is None


def test_a_price_of_then_that_is_not_known_is_not_nothing() -> None:
    """What moved can be told at present prices; what prices did, nobody knows."""
    made = digest(
        [wallet("m/f", coin("BTC", "3"))], before={"m/f": [coin("BTC", "2")]}, now={"BTC": "10"}
    )
    change = made.total.change
    assert change is not None
    assert (change.by_amounts, change.by_prices, change.after) == (Decimal(10), None, None)


def test_the_first_digest_compares_with_nothing() -> None:
    """Where nothing is known of the time before, nothing is said of it."""
    nothing: list[Mapping[str, Sequence[Balance]] | None] = [None, {}]
    for before in nothing:
        made = digest([wallet("m/f", coin("BTC", "1"))], before=before)
        assert (made.since, made.total.change, made.moved, made.turned) == (None, None, (), ())


EARNED = {"BTC": None, "ETH": Decimal(0), "USDT": Decimal("0.3")}
"""By coin what it has earned; it is not told of the first, and the second has earned nothing."""


def lent(asset: str, earned: Decimal | None) -> Balance:
    return Balance(asset, Decimal(5), None, None, earned=earned)


def test_interest_is_told_where_it_can_be_read() -> None:
    staking = Staking(NOW, Decimal("0.1"), Decimal("2.5"))
    made = digest(
        [
            wallet("a/eth-staking", coin("BETH", "4", staking)),
            wallet("b/eth-staking", coin("BETH", "4", staking), health=FAILING),
            wallet("a/savings", *(lent(name, earned) for name, earned in EARNED.items())),
        ]
    )
    assert [(i.path, i.coin, i.latest, i.total) for i in made.interest] == [
        ("a/eth-staking", "BETH", Decimal("0.1"), Decimal("2.5")),
        ("a/savings", "USDT", None, Decimal("0.3")),
    ]


def test_the_rest_is_passed_on() -> None:
    firing, old = AlertState("low", "m/f", "USDT"), wallet("m/f")
    made = digest([old], late=True, period="weekly", firing=[firing], stale=[old])
    assert (made.local_date, made.late, made.period) == (date(2026, 3, 1), True, "weekly")
    assert (made.firing, made.stale, made.currency) == ((firing,), (old,), "USDT")


def test_a_course_at_even_distances() -> None:
    """Each step has the last that was known by then, or that nothing was."""
    values = [
        (NOW, Decimal(1)),
        (NOW + timedelta(minutes=5), None),
        (NOW + timedelta(minutes=6), Decimal(3)),
        (NOW + timedelta(minutes=10), Decimal(4)),
    ]
    assert list(evenly(values, steps=6)) == [Decimal(n) for n in (1, 1, 1, 3, 3, 4)]
    ones: list[Decimal | None] = [Decimal(1)] * 5
    assert list(evenly(values[:3], steps=7)) == [*ones, None, Decimal(3)]
    assert evenly(values[:1], steps=3) == ()
