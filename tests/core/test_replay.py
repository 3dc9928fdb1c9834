"""The past replayed: what would have fired is what the same readings would have fired."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.alerts import AlertState, step
from bot.core.history import History, Point
from bot.core.measures import Facts, observe
from bot.core.portfolio import Account, WalletState
from bot.core.replay import Replay, replay
from bot.core.rules import parse_rule
from bot.core.watches import Watch, watches_of
from bot.fetchers.model import Balance

START = datetime(2026, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
MAIN = Account("main", "okx", ("funding", "trading"), MINUTE)

Readings = Sequence[int | None]
"""The amount in each minute; None: nobody read it."""


def at(minute: int) -> datetime:
    return START + minute * MINUTE


def watches(line: str) -> tuple[Watch, ...]:
    return watches_of("new", parse_rule(line), [MAIN])


def history_of(**wallets: Readings) -> History:
    """Keep readings as the store does: a point where an amount has changed."""
    points: dict[tuple[str, str], list[Point]] = {}
    first: dict[str, datetime] = {}
    last: dict[str, datetime] = {}
    for wallet, readings in wallets.items():
        path = f"main/{wallet}"
        told = points[path, "USDT"] = []
        for minute, amount in enumerate(readings):
            if amount is None:
                continue
            total = Decimal(amount)
            if not told or told[-1].total != total:
                told.append(Point(at(minute), last.get(path), total, total))
            first.setdefault(path, at(minute))
            last[path] = at(minute)
    return History(points, first, last)


def replayed(line: str, *, since: datetime = START, **wallets: Readings) -> Replay:
    minutes = max(map(len, wallets.values()))
    found = replay(watches(line), history_of(**wallets), spanning=(), since=since, now=at(minutes))
    assert found is not None
    return found


def lived(line: str, readings: Readings) -> list[datetime]:
    """Let every reading act on the machine when it comes, as a check does."""
    (watch,) = watches(line)
    state, raised = AlertState(*watch.key), []
    for minute, amount in enumerate(readings):
        if amount is None:
            continue
        total, now = Decimal(amount), at(minute)
        wallet = WalletState("main/funding", (Balance("USDT", total, total, None),), now)
        past = history_of(funding=readings[:minute])
        seen = observe(watch, Facts({"main/funding": wallet}, history=past), now=now)
        before = state.alert
        state, _ = step(state, watch.rule, seen, now=now)
        raised += [now] if state.alert is not None and before is None else []
    return raised


LINES = [
    "main/funding USDT < 5",
    "main/funding USDT > 5 · clear 3",
    "main/funding USDT < 5 · for 3 reads",
    "main/funding USDT drops 30% in 4m",
    "main/funding USDT drops 50% and 4 in 9m · for 2 reads",
    "main/funding USDT drops 100% in 1h",
]


@pytest.mark.parametrize("line", LINES)
@given(st.lists(st.tuples(st.integers(0, 10), st.integers(1, 9)), min_size=1, max_size=20))
@settings(max_examples=100)
def test_replay_is_what_was_lived(line: str, stays: Sequence[tuple[int, int]]) -> None:
    """Only changes are kept, and yet every episode begins with the same reading."""
    readings = [amount for amount, minutes in stays for _ in range(minutes)]
    assert list(replayed(line, funding=readings).raised) == lived(line, readings)


def test_only_what_was_asked_for_counts() -> None:
    """What began before is no episode of the time asked for; its history still matters."""
    readings = [9, 1, 9, 9, 9, 9, 9, 9, 1, 9]
    assert replayed("main/funding USDT < 5", funding=readings).raised == (at(1), at(8))
    later = replayed("main/funding USDT < 5", funding=readings, since=at(2))
    assert (later.since, later.raised) == (at(2), (at(8),))


def test_history_may_be_short_or_missing() -> None:
    """It is said since when there is any."""
    short = replayed("main/funding USDT < 5", funding=[None, None, 9, 1], since=START)
    assert (short.since, short.raised) == (at(2), (at(3),))
    none = replayed("main/funding USDT < 5", trading=[9, 1])
    assert none == Replay(None, ())


def test_each_wallet_on_its_own_and_all_together() -> None:
    """Episodes of several wallets are counted together; a sum has its own."""
    funding, trading = [9, 9, 1, 1, 1], [9, 1, 1, 9, 9]
    each = replayed("main/* USDT < 5", funding=funding, trading=trading)
    assert each.raised == (at(1), at(2))
    together = replayed("sum main/* USDT < 5", funding=funding, trading=trading)
    assert together.raised == (at(2),)


def test_what_is_staked_counts_once() -> None:
    """A snapshot that has what lies in the other wallet is not added to it."""
    wallets = history_of(funding=[3, 3, 3], trading=[4, 4, 4])
    (watch,) = watches("sum main USDT < 5")
    for spanning, raised in (((), ()), (("main/trading",), (START,))):
        found = replay([watch], wallets, spanning=spanning, since=START, now=at(3))
        assert found is not None
        assert found.raised == raised


def test_a_transfer_is_no_low_sum() -> None:
    """What leaves one wallet and is read where it arrives a moment later was never gone."""
    second = timedelta(seconds=1)
    points = {
        ("main/funding", "USDT"): [_point(0, 9), _point(5, 1, before=4)],
        ("main/trading", "USDT"): [_point(0, 1, second), _point(5, 9, second, before=4)],
    }
    first = {path: START for path, _ in points}
    last = {"main/funding": at(9), "main/trading": at(9) + second}
    history = History(points, first, last)
    found = replay(watches("sum main/* USDT < 5"), history, spanning=(), since=START, now=at(10))
    assert found is not None
    assert found.raised == ()


def _point(
    minute: int, amount: int, late: timedelta = timedelta(0), *, before: int | None = None
) -> Point:
    before_at = None if before is None else at(before) + late
    return Point(at(minute) + late, before_at, Decimal(amount), Decimal(amount))


def test_runway_is_looked_at_while_nothing_changes() -> None:
    """A coin that is spent steadily fires once it would be gone too soon."""
    steady = [1000 - minute // 10 for minute in range(2000)]
    (raised,) = replayed("main/funding USDT lasts < 6d", funding=steady).raised
    assert at(1100) <= raised <= at(1500)
    assert replayed("main/funding USDT lasts < 1d", funding=steady).raised == ()


def test_values_are_not_kept() -> None:
    """Nobody knows what prices were."""
    value = replay(
        watches("main total < 10000 USD"), history_of(), spanning=(), since=START, now=at(1)
    )
    assert value is None
