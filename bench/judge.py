"""What judging costs, and how often a balance that sways around its limit is told.

    python -m bench.judge

First 1,000 rules are judged against new readings of 200 wallets, as one check does. Then 30 days
of hourly readings that sway by 3 % around a limit are replayed, with the machine and with a plain
threshold, which tells each time that the limit is passed.
"""

import statistics
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from random import Random

from bench.fetch import print_head
from bot.core.alerts import AlertState, Observation, step
from bot.core.events import AlertCleared, AlertRaised
from bot.core.history import History, Point
from bot.core.measures import Facts
from bot.core.portfolio import Account, Amount, WalletState
from bot.core.rules import parse_rule
from bot.core.valuation import PriceBook
from bot.core.verdict import reach_verdict
from bot.core.watches import Watch, watches_of
from bot.fetchers.model import Balance, Price, Reading

NOW = datetime(2026, 3, 1, tzinfo=UTC)
RULES, WALLETS, RUNS = 1000, 200, 15
COINS = ("USDT", "ETH", "BTC", "SOL", "XRP")
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
DESK = Account("m", "okx", tuple(f"sub:{n}" for n in range(WALLETS)), MINUTE)
SHARES = (
    (0.90, "m/sub:{n} {coin} < {limit}"),
    (0.05, "m/sub:{n} {coin} drops 30% and 5 in 1h"),
    (0.03, "m/sub:{n} {coin} lasts < 24h"),
    (0.01, "m/sub:{n} total < {limit} USD"),
    (0.01, "sum m/sub:*{digit} {coin} < {limit}"),
)
"""What rules there are, and how many of each among them."""


def rules() -> list[Watch]:
    """Write so many rules, of every kind."""
    watches: list[Watch] = []
    for share, line in SHARES:
        for n in range(round(RULES * share)):
            text = line.format(n=n % WALLETS, coin=COINS[n % 5], limit=500 + n, digit=n % 10)
            watches += watches_of(f"r{len(watches)}", parse_rule(text), [DESK])
    assert len(watches) == RULES
    return watches


def reading(dice: Random, at: datetime) -> Reading:
    """Read some of each coin."""
    amounts = [(coin, Decimal(dice.randint(0, 10**9)) / 10**6) for coin in COINS]
    balances = [Balance(coin, amount, amount, Decimal(0)) for coin, amount in amounts]
    return Reading("w", at, tuple(balances))


def past(dice: Random) -> History:
    """Remember a day, in which each coin changed every hour."""
    points = {
        (path, coin): [
            Point(
                NOW - (24 - hour) * HOUR,
                NOW - (24 - hour) * HOUR - MINUTE,
                Decimal(dice.randint(0, 10**9)) / 10**6,
                None,
            )
            for hour in range(24)
        ]
        for path in DESK.paths
        for coin in COINS
    }
    times = dict.fromkeys(DESK.paths, NOW)
    return History(points, dict.fromkeys(DESK.paths, NOW - 9 * DAY), times)


def judging_ms() -> float:
    """Judge all rules once more and again, each time by new readings; give the median."""
    dice = Random(7)  # noqa: S311 - the same readings in each run
    watches, history = rules(), past(dice)
    prices = [Price(coin, "USD", Decimal(3), NOW) for coin in COINS]
    alerts: dict[tuple[str, str, str], AlertState] = {}
    wallets: dict[str, WalletState] = {}
    took: list[float] = []
    for run in range(RUNS):
        now = NOW + run * MINUTE
        readings = {path: reading(dice, now) for path in DESK.paths}
        books = {"USD": PriceBook({"okx": prices}, "USD", now=NOW)}
        facts = Facts(wallets, history=history, books=books, markets={"m": "okx"})
        began = time.perf_counter()
        verdict = reach_verdict(readings, watches=watches, facts=facts, alerts=alerts, now=now)
        took.append((time.perf_counter() - began) * 1000)
        wallets = {state.path: state for state in verdict.wallets}
        alerts = {state.key: state for state in verdict.alerts}
    assert sum(state.amount is not None for state in alerts.values()) >= RULES * 0.97
    return statistics.median(took)


def swaying(dice: Random) -> Sequence[Decimal]:
    """Give 30 days of hourly readings within 3 % of 500."""
    return [Decimal(dice.randint(48500, 51500)) / 100 for _ in range(30 * 24)]


def episodes(amounts: Sequence[Decimal]) -> tuple[int, int]:
    """Count how often the machine tells that it is low, and that it has recovered."""
    rule, state = parse_rule("m/sub:1 USDT < 500"), AlertState("r", "m/sub:1", "USDT")
    raised = cleared = 0
    for n, amount in enumerate(amounts):
        at = NOW + n * HOUR
        state, events = step(state, rule, Observation(Amount(amount), at, at), now=at)
        raised += any(isinstance(event, AlertRaised) for event in events)
        cleared += any(isinstance(event, AlertCleared) for event in events)
    return raised, cleared


def plain_threshold(amounts: Sequence[Decimal]) -> int:
    """Count how often the limit is passed downwards."""
    falls = sum(before >= 500 > after for before, after in pairwise(amounts))
    return falls + (amounts[0] < 500)


def main() -> None:
    """Measure both, and print it."""
    print_head()
    print(f"{RULES:,} rules judged by new readings of {WALLETS} wallets, median of {RUNS}")
    print(f"  {judging_ms():6.1f} ms  reach_verdict")
    amounts = swaying(Random(7))  # noqa: S311 - the same sway in each run
    raised, _ = episodes(amounts)
    print("30 days of hourly readings that sway by 3 % around the limit")
    print(f"  {raised:6}     episodes told by `main/funding USDT < 500`")
    print(f"  {plain_threshold(amounts):6}     by a plain threshold")


if __name__ == "__main__":
    main()
