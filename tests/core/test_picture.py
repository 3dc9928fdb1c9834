"""The past as a picture needs it: bands that add up, gaps that stay gaps, no price that is 0."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bot.core.history import History, Point
from bot.core.picture import POINTS, build_series
from bot.core.portfolio import WalletState, totals_by_coin
from bot.core.series import Figure, Gap, Past, Series
from bot.fetchers.model import Balance, Staking, exact_sum

START = datetime(2026, 3, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
FUNDING, TRADING, STAKING = "main/funding", "main/trading", "main/eth-staking"
Amounts = Mapping[tuple[str, str], Sequence[tuple[float, str | None]]]


def at(minute: float) -> datetime:
    return START + minute * MINUTE


def past(
    amounts: Amounts,
    *,
    gaps: Mapping[str, Sequence[tuple[float, float]]] | None = None,
    first: Mapping[str, float] | None = None,
    spanning: Sequence[tuple[str, str]] = (),
) -> Past:
    """Say by path and coin from which minute on how much there was."""
    points = {
        key: [
            Point(at(minute), None, None if total is None else Decimal(total), None)
            for minute, total in told
        ]
        for key, told in amounts.items()
    }
    paths = {path for path, _ in amounts} | set(first or {})
    begins = {path: at((first or {}).get(path, 0)) for path in paths}
    return Past(
        History(points, begins, {path: at(100) for path in paths}),
        {path: [Gap(at(a), at(b)) for a, b in told] for path, told in (gaps or {}).items()},
        spanning,
    )


PRICES = {"BTC": Decimal("60000.5"), "ETH": Decimal("1234.56789"), "USDT": Decimal(1)}


def price(account: str, coin: str, when: datetime) -> Decimal | None:
    return PRICES.get(coin)


def series(
    known: Past,
    *,
    coin: str | None = None,
    by_coin: bool = False,
    since: float = 0,
    now: float = 100,
) -> Series:
    return build_series(
        known,
        sorted(known.history.first_read_at),
        coin=coin,
        band_of=lambda path, held: held if by_coin else path,
        rate_at=None if coin else price,
        since=at(since),
        now=at(now),
    )


def figure(found: Series, minute: float) -> Figure:
    """Return what is told of an instant, or of the last one before it."""
    return [f for f in found.totals if f.at <= at(minute)][-1]


def band(found: Series, name: str, minute: float) -> Decimal | None:
    (values,) = [band.values for band in found.bands if band.name == name]
    return values[found.totals.index(figure(found, minute))]


def test_amounts_go_from_change_to_change() -> None:
    """At each instant it is what was read last; the edges of a change are sharp."""
    found = series(past({(FUNDING, "USDT"): [(0, "5"), (33.3, "7")]}), coin="USDT")
    assert figure(found, 33.2).value == 5
    assert figure(found, 33.3).at == at(33.3)
    assert figure(found, 33.3).value == 7
    assert len(found.totals) == POINTS + 2
    assert all(f.complete for f in found.totals)
    assert found.opening == found.lowest
    assert found.highest is not None
    assert found.highest.at == at(33.3)


def test_a_gap_stays_a_gap() -> None:
    """From the last reading before it to the first after it nothing is told."""
    found = series(
        past({(FUNDING, "USDT"): [(0, "5")]}, gaps={FUNDING: [(20.2, 60.7)]}), coin="USDT"
    )
    unknown = [f for f in found.totals if at(20.2) < f.at < at(60.7)]
    assert unknown
    assert {f.value for f in unknown} == {None}
    assert unknown[0].at - at(20.2) < timedelta(seconds=1)  # nothing is drawn into it
    assert figure(found, 20.2).at == at(20.2)
    assert figure(found, 20.2).value == 5
    assert figure(found, 60.7).at == at(60.7)
    assert figure(found, 60.7).value == 5
    assert found.unread == {FUNDING: 40.5 * MINUTE}


def test_a_gap_of_one_wallet_leaves_the_others() -> None:
    """The total is not all then, and what is left of it is neither its least nor its most."""
    known = past(
        {(FUNDING, "USDT"): [(0, "5")], (TRADING, "USDT"): [(0, "100")]},
        gaps={TRADING: [(20, 60)]},
    )
    found = series(known, coin="USDT")
    assert figure(found, 40) == Figure(figure(found, 40).at, Decimal(5), unread=True)
    assert band(found, TRADING, 40) is None
    assert found.lowest is not None
    assert found.lowest.value == 105


def test_a_gap_that_goes_on_is_known_to_the_end() -> None:
    """What is not read now is no closing amount."""
    known = past(
        {(FUNDING, "USDT"): [(0, "5")], (TRADING, "USDT"): [(0, "100")]},
        gaps={TRADING: [(90, 2000)]},
    )
    found = series(known, coin="USDT")
    assert found.closing == Figure(at(100), Decimal(5), unread=True)
    assert found.unread == {TRADING: 10 * MINUTE}


def test_what_was_owed_and_is_unread_may_make_it_less() -> None:
    """Then the rest is no least amount."""
    known = past(
        {(FUNDING, "USDT"): [(0, "5")], (TRADING, "USDT"): [(0, "-3")]},
        gaps={TRADING: [(20, 60)]},
    )
    assert figure(series(known, coin="USDT"), 10).value == 2
    assert figure(series(known, coin="USDT"), 40).may_be_less


def test_what_has_no_price_is_never_nothing() -> None:
    """It is named, and its value is unknown; beside what has one the total is not all."""
    alone = series(past({(FUNDING, "XYZ"): [(0, "5")]}))
    assert {f.value for f in alone.totals} == {None}
    assert alone.unpriced == ("XYZ",)
    assert alone.bands == ()
    beside = series(past({(FUNDING, "XYZ"): [(0, "5")], (FUNDING, "USDT"): [(0, "7"), (50, "0")]}))
    assert figure(beside, 10) == Figure(figure(beside, 10).at, Decimal(7), partly=True)
    assert figure(beside, 60).value is None
    owed = series(past({(FUNDING, "XYZ"): [(0, "-5")], (TRADING, "USDT"): [(0, "7")]}))
    assert figure(owed, 10).may_be_less


def test_nothing_is_zero() -> None:
    """A wallet in which there is nothing is worth nothing, which is known."""
    found = series(past({}, first={FUNDING: 0}))
    assert {f.value for f in found.totals} == {Decimal(0)}
    assert all(f.complete for f in found.totals)


def test_it_begins_with_the_first_reading() -> None:
    """What came later is named; before that the total is not all. What never came, too."""
    known = past(
        {(FUNDING, "USDT"): [(30, "5")], (TRADING, "USDT"): [(70, "1")]},
        first={FUNDING: 30, TRADING: 70},
    )
    found = build_series(
        known,
        [FUNDING, TRADING, "xt/spot"],
        coin="USDT",
        band_of=lambda path, coin: path,
        rate_at=None,
        since=START,
        now=at(100),
    )
    assert found.totals[0] == Figure(at(30), Decimal(5), partly=True)
    assert found.unwatched == {TRADING: at(70), "xt/spot": None}
    assert band(found, TRADING, 40) is None
    nothing = build_series(
        Past(History()), [FUNDING], coin=None, band_of=lambda path, coin: path, rate_at=None,
        since=START, now=at(100),
    )  # fmt: skip
    assert nothing == Series()
    assert nothing.opening is None
    assert nothing.lowest is None


def test_what_is_not_told_is_not_nothing() -> None:
    """An amount that the exchange does not tell makes the total less than all."""
    known = past({(FUNDING, "USDT"): [(0, "5"), (50, None)], (TRADING, "USDT"): [(0, "1")]})
    found = series(known, coin="USDT")
    assert figure(found, 60) == Figure(figure(found, 60).at, Decimal(1), partly=True)


@pytest.mark.parametrize(
    ("funding", "staked", "beyond"), [("1", "3", "2"), ("3", "1", "0"), ("-5", "3", "8")]
)
def test_a_snapshot_counts_once(funding: str, staked: str, beyond: str) -> None:
    """Of a coin of which a snapshot spans all wallets of the account, it has the larger."""
    known = past(
        {(FUNDING, "BETH"): [(0, funding)], (STAKING, "BETH"): [(0, staked)]},
        spanning=[(STAKING, "BETH"), (STAKING, "ETH")],
    )
    found = series(known, coin="BETH")
    assert figure(found, 5).value == max(Decimal(funding), Decimal(staked))
    if Decimal(beyond):
        assert band(found, STAKING, 5) == Decimal(beyond)


def test_others_are_one_band() -> None:
    """Where there are many, the largest stay, and the rest is one; the sum stays the sum."""
    found = series(past({(FUNDING, f"C{n}"): [] for n in range(3)}))
    assert found.folded(2) is found
    many = build_series(
        past({(f"a{n}/spot", "USDT"): [(0, str(n))] for n in range(1, 31)}),
        [f"a{n}/spot" for n in range(1, 31)],
        coin="USDT",
        band_of=lambda path, coin: path,
        rate_at=None,
        since=START,
        now=at(100),
    ).folded(8)
    assert [b.name for b in many.bands] == [f"a{n}/spot" for n in range(30, 23, -1)] + [""]
    assert many.bands[-1].values[0] == sum(range(1, 24))
    assert many.totals[0].value == sum(range(1, 31))


amounts = st.one_of(
    st.none(), st.decimals("-1e6", "1e12", allow_nan=False, allow_infinity=False, places=8)
)
worlds = st.dictionaries(
    st.tuples(
        st.sampled_from([FUNDING, TRADING, STAKING, "main/sub:a", "xt/spot"]),
        st.sampled_from(["BTC", "ETH", "XYZ"]),
    ),
    st.lists(st.tuples(st.integers(0, 99), amounts), min_size=1, max_size=4).map(
        lambda told: sorted(told, key=lambda one: one[0])
    ),
    min_size=1,
    max_size=8,
)
gaps_of = st.dictionaries(
    st.sampled_from([FUNDING, TRADING, "xt/spot"]),
    st.tuples(st.integers(0, 60), st.integers(1, 40)).map(lambda g: [(g[0], g[0] + g[1])]),
)


@given(worlds, gaps_of, st.booleans())
def test_bands_add_up_and_nothing_is_told_of_a_gap(
    world: dict[tuple[str, str], list[tuple[int, Decimal | None]]],
    gaps: dict[str, list[tuple[float, float]]],
    by_coin: bool,
) -> None:
    """At every instant; and a band whose wallet is not read has no value."""
    told = {
        key: [(minute, None if amount is None else f"{amount:f}") for minute, amount in points]
        for key, points in world.items()
    }
    found = series(past(told, gaps=gaps, spanning=[(STAKING, "ETH")]), by_coin=by_coin)
    for n, total in enumerate(found.totals):
        parts = [b.values[n] for b in found.bands if b.values[n] is not None]
        if total.value is not None:
            assert exact_sum(p for p in parts if p is not None) == total.value
        for path, ((begin, end),) in gaps.items():
            if path in {p for p, _ in world} and at(begin) < total.at < at(end):
                assert total.unread
                assert all(b.values[n] is None for b in found.bands if b.name == path)
    assert "XYZ" not in {b.name for b in found.bands}


@given(worlds)
def test_totals_are_those_of_the_present(
    world: dict[tuple[str, str], list[tuple[int, Decimal | None]]],
) -> None:
    """What is told of an instant is what the wallets would have been added up to then."""
    staked = [a for (path, _), p in world.items() if path == STAKING for _, a in p]
    assume(all(amount is not None and amount >= 0 for amount in staked))
    told = {
        key: [(minute, None if amount is None else f"{amount:f}") for minute, amount in points]
        for key, points in world.items()
    }
    held: dict[str, list[Balance]] = {}
    for (path, coin), points in world.items():
        total = points[-1][1]
        staking = Staking(None, Decimal(0), Decimal(0)) if path == STAKING else None
        held.setdefault(path, []).append(Balance(coin, total, None, None, staking))
    states = [WalletState(path, tuple(found), at(100)) for path, found in held.items()]
    for coin in ("BTC", "ETH"):
        known = past(told, spanning=[(STAKING, coin)])
        found = series(known, coin=coin)
        present = totals_by_coin(states).get(coin)
        last = found.totals[-1]
        assert (last.value or 0) == (present.value if present else 0)
        if present is not None:
            assert last.partly == (not present.complete)
