"""A sweep: who is asked first, and who must not be asked at all."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.alerts import AlertKey, AlertState, Observation, step
from bot.core.health import Health
from bot.core.portfolio import Account, Amount, WalletState
from bot.core.rules import parse_rule
from bot.core.sweep import by_need, resting
from bot.core.watches import Watch, watches_of
from bot.fetchers.errors import RateLimited

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
WALLETS = ("funding", "trading", "sub:a", "sub:a/trading", "sub:b", "sub:b/trading")
MAIN = Account("main", "okx", WALLETS, timedelta(minutes=1))


def known(**minutes_ago: int | None) -> dict[str, WalletState]:
    """Know wallets by the age of their readings; None: tried, and never read."""
    return {
        f"main/{name}": WalletState(f"main/{name}", (), None)
        if minutes is None
        else WalletState(f"main/{name}", (), NOW - timedelta(minutes=minutes))
        for name, minutes in minutes_ago.items()
    }


def judged(watch: Watch, amount: str) -> tuple[AlertKey, AlertState]:
    """Give the state of an alert after one reading of so much."""
    seen = Observation(Amount(Decimal(amount)), NOW, NOW)
    state, _ = step(AlertState(*watch.key), watch.rule, seen, now=NOW)
    return watch.key, state


def order(rule: str, amounts: dict[str, str], states: dict[str, WalletState]) -> list[str]:
    """Order the wallets of main, by one rule and what was last judged by its subjects."""
    watches = watches_of("r", parse_rule(rule), [MAIN])
    alerts = dict(judged(w, amounts[w.subject]) for w in watches if w.subject in amounts)
    paths = by_need(MAIN.paths, known=states, watches=watches, alerts=alerts)
    return [path.removeprefix("main/") for path in paths]


def test_the_order_of_need() -> None:
    """An alert, then near the limit, then never read, then the oldest reading."""
    states = known(funding=1, trading=9) | {
        "main/sub:a": WalletState("main/sub:a", (), NOW),
        "main/sub:b/trading": WalletState("main/sub:b/trading", (), NOW),
    }
    amounts = {"main/sub:a": "1", "main/sub:b/trading": "119"}
    assert order("main/* USDT < 100", amounts, states) == [
        "sub:a",  # fires
        "sub:b/trading",  # near
        "sub:a/trading",  # never read
        "sub:b",
        "trading",  # nine minutes old
        "funding",
    ]


@pytest.mark.parametrize(
    ("rule", "amount", "first"),
    [
        ("main/sub:b USDT < 100", "120", True),  # 20 % above is near
        ("main/sub:b USDT < 100", "120.01", False),
        ("main/sub:b USDT < 100", "100", True),
        ("main/sub:b USDT > 100", "80", True),
        ("main/sub:b USDT > 100", "79.99", False),
        ("main/sub:b USDT < 100 · for 3 reads", "5", True),  # pending
        ("main/sub:b USDT > 0", "0", True),
    ],
)
def test_what_is_near(rule: str, amount: str, *, first: bool) -> None:
    """Within a fifth of the limit on the safe side, or in an alert that may come to fire."""
    states = known(funding=9, trading=9, **dict.fromkeys(WALLETS[2:], 9))
    found = order(rule, {"main/sub:b": amount}, states)
    assert (found[0] == "sub:b") is first


def test_pending_goes_before_near() -> None:
    """What may fire with the next reading is needed more than what is only near."""
    amounts = {"main/sub:a": "101", "main/sub:b": "99"}
    states = {p: WalletState(p, (), NOW) for p in MAIN.paths}
    found = order("main/sub:* USDT < 100 · for 3 reads", amounts, states)
    assert found[:2] == ["sub:b", "sub:a"]


def test_all_of_a_sum_is_needed() -> None:
    """A sum that fires needs each of its wallets."""
    states = {p: WalletState(p, (), NOW) for p in MAIN.paths}
    states["main/trading"] = WalletState("main/trading", (), NOW - timedelta(days=1))
    found = order("sum main/sub:* USDT < 100", {"sum main/sub:*": "5"}, states)
    assert found[:3] == ["sub:a", "sub:b", "trading"]


def test_a_firing_alert_goes_first_though_it_has_recovered_halfway() -> None:
    """Between the limit and the clear level an alert still fires."""
    (watch,) = watches_of("r", parse_rule("main/sub:b USDT < 100 · clear 900"), [MAIN])
    key, firing = judged(watch, "5")
    better = Observation(Amount(Decimal(800)), NOW, NOW)
    firing, _ = step(firing, watch.rule, better, now=NOW)
    found = by_need(MAIN.paths, known={}, watches=[watch], alerts={key: firing})
    assert found[0] == "main/sub:b"


ages = st.one_of(st.none(), st.integers(0, 5))


@given(st.lists(ages, min_size=6, max_size=6), st.permutations(MAIN.paths))
def test_nobody_is_left_out_and_the_calm_are_by_age(
    minutes: list[int | None], paths: Sequence[str]
) -> None:
    """Every wallet is asked once; without alerts the one waits longest that was read last."""
    states = known(**dict(zip(WALLETS, minutes, strict=True)))
    found = by_need(paths, known=states, watches=(), alerts={})
    assert sorted(found) == sorted(paths)
    read_at = [states[path].read_at for path in found]
    never = [at for at in read_at if at is None]
    assert read_at == never + sorted(at for at in read_at if at is not None)


def asleep(path: str, minutes: int) -> dict[str, WalletState]:
    health = Health(1, NOW, "RateLimited", "locked", NOW + timedelta(minutes=minutes))
    return {path: WalletState(path, health=health)}


def test_a_pause_holds_for_the_same_wallet_of_all_sub_accounts() -> None:
    """They share a limit, so none of them runs into the lock; others are asked."""
    states = known(**{"sub:a": 1}) | asleep("main/sub:b", 10)
    found = resting(MAIN.paths, states, now=NOW)
    assert set(found) == {"main/sub:a", "main/sub:b"}
    for reading in found.values():
        assert isinstance(reading.error, RateLimited)
        assert reading.error.retry_at == NOW + timedelta(minutes=10)
        assert reading.balances is None


def test_pauses_end_and_the_longest_counts() -> None:
    """A pause that is over holds nobody; of two that last, the later end does."""
    assert resting(MAIN.paths, asleep("main/sub:b", 0), now=NOW) == {}
    states = asleep("main/sub:b/trading", 3) | asleep("main/sub:a/trading", 5)
    found = resting(MAIN.paths, states, now=NOW)
    assert set(found) == {"main/sub:a/trading", "main/sub:b/trading"}
    ends = {r.error.retry_at for r in found.values() if isinstance(r.error, RateLimited)}
    assert ends == {NOW + timedelta(minutes=5)}
    assert set(resting(MAIN.paths, asleep("main/funding", 5), now=NOW)) == {"main/funding"}


def test_a_list_that_rests_lets_its_wallets_be_read() -> None:
    """The list of sub-accounts has a limit of its own."""
    assert resting(MAIN.paths, asleep("main/sub:*", 5), now=NOW) == {}


def test_a_rule_that_was_never_judged_hurries_nobody() -> None:
    """Without an amount nothing is known to be near."""
    watches = watches_of("r", parse_rule("main/sub:b USDT < 100"), [MAIN])
    assert by_need(MAIN.paths, known={}, watches=watches, alerts={}) == MAIN.paths
