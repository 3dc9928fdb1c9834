"""What a rule measures, and when nothing can be said."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from bot.core.alerts import Observation
from bot.core.context import elsewhere, with_context
from bot.core.events import Alert, AlertRaised
from bot.core.health import Health
from bot.core.history import History, Point
from bot.core.measures import Facts, observe
from bot.core.portfolio import Account, WalletState
from bot.core.rules import parse_rule
from bot.core.valuation import PriceBook
from bot.core.watches import Watch, blind_rules, watches_of
from bot.fetchers.model import Balance, Price, SubAccount

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
MAIN = Account("main", "okx", ("funding", "trading"), MINUTE)
XT = Account("xt", "xt", ("spot",), MINUTE)
DOWN = Health(1, NOW, "ExchangeUnavailable", "it is down")


def coin(asset: str, total: str | None, available: str | None = None) -> Balance:
    told_total, told_available = (None if n is None else Decimal(n) for n in (total, available))
    return Balance(asset, told_total, told_available, None)


def wallet(path: str, *balances: Balance, **more: Any) -> WalletState:
    return replace(WalletState(path, balances, NOW), **more)


def by_path(*wallets: WalletState) -> dict[str, WalletState]:
    return {state.path: state for state in wallets}


def watch_of(line: str) -> Watch:
    (watch,) = watches_of("r", parse_rule(line), [MAIN, XT])
    return watch


def books(
    price: str = "2000", *, age: timedelta = MINUTE, currency: str = "USD"
) -> Mapping[str, PriceBook]:
    """Tell what ETH is worth; one USDT is one USD."""
    prices = [Price("ETH", "USDT", Decimal(price), NOW - age)]
    return {currency: PriceBook({"okx": prices, "xt": []}, "USD", now=NOW)}


MARKETS = {"main": "okx", "xt": "xt"}


def facts(*wallets: WalletState, **more: Any) -> Facts:
    return Facts(**{"wallets": by_path(*wallets), "books": books(), "markets": MARKETS, **more})


def measured(line: str, known: Facts) -> Observation | None:
    return observe(watch_of(line), known, now=NOW)


def test_which_wallets_a_value_is_about() -> None:
    """All of them, whatever coins they can hold; and the list of those that may come."""
    staking = Account(
        "main",
        "okx",
        ("funding", "eth-staking"),
        MINUTE,
        coins={"eth-staking": frozenset({"BETH"})},
        sub_wallets=("sub:*",),
    ).with_subs([SubAccount("a")])
    (watch,) = watches_of("r", parse_rule("main total < 5 USD"), [staking, XT])
    assert watch.key == ("r", "sum main", "USD")
    assert watch.paths == ("main/funding", "main/eth-staking", "main/sub:a", "main/sub:*")


@pytest.mark.parametrize(
    ("line", "look_back"),
    [
        ("main/funding USDT < 5", None),
        ("main total < 5 USD", None),
        ("main/funding USDT drops 5% in 90m", timedelta(minutes=90)),
        ("main/funding USDT lasts < 2h", DAY),
    ],
)
def test_how_much_of_the_past_is_needed(line: str, look_back: timedelta | None) -> None:
    """None for what is about the present, or the window, or a day for a forecast."""
    assert watch_of(line).look_back == look_back


def test_blind_rules() -> None:
    """Each rule that needs the wallet for one of its subjects counts once."""
    watches = [
        watch
        for n, line in enumerate(["main USDT < 5", "sum * ETH < 5", "main/trading USDT < 5"])
        for watch in watches_of(f"r{n}", parse_rule(line), [MAIN, XT])
    ]
    paths = ("main/funding", "main/trading", "xt/spot", "x/y")
    assert [blind_rules(watches, path) for path in paths] == [2, 3, 1, 0]


ETH = (wallet("main/funding", coin("ETH", "4")), wallet("main/trading", coin("USDT", "1000")))
LINE_LOW, LINE_HIGH = "main total < 10000 USD", "main total > 8000 USD"


@pytest.mark.parametrize(
    ("line", "known", "value"),
    [
        (LINE_LOW, facts(*ETH), "9000"),
        (LINE_HIGH, facts(*ETH), "9000"),
        (LINE_LOW, facts(wallet("main/funding"), wallet("main/trading")), "0"),
        (LINE_LOW, facts(*ETH, books={}), None),
        (LINE_LOW, facts(*ETH, books=books(age=6 * MINUTE)), None),  # stale
        (LINE_HIGH, facts(*ETH, books=books(age=6 * MINUTE)), None),
        (LINE_LOW, facts(ETH[0], replace(ETH[1], health=DOWN)), None),
        (LINE_LOW, facts(ETH[0], replace(ETH[1], read_at=NOW - 4 * MINUTE)), None),
        (LINE_LOW, facts(ETH[0]), None),  # never read
        # The least that there is: too much is too much, and nothing else is known.
        (LINE_LOW, facts(ETH[0], wallet("main/trading", coin("NEW", "5"))), None),
        ("main total < 9000 USD", facts(ETH[0], wallet("main/trading", coin("NEW", "5"))), None),
        (LINE_HIGH, facts(ETH[0], wallet("main/trading", coin("NEW", "5"))), None),
        (LINE_HIGH, facts(*ETH[:1], wallet("main/trading", coin("NEW", "5"), coin("USDT", "1"))),
         "8001"),
        (LINE_HIGH, facts(ETH[0], wallet("main/trading", coin("USDT", None, "1"))), "8001"),
        (LINE_LOW, facts(ETH[0], wallet("main/trading", coin("USDT", None, "1"))), None),
        # Debts without a price: nobody knows.
        (LINE_HIGH, facts(*ETH[:1], wallet("main/trading", coin("NEW", "-5"), coin("USDT", "9"))),
         None),
        (LINE_LOW, facts(wallet("main/funding", coin("NEW", "5")), wallet("main/trading")), None),
    ],
)  # fmt: skip
def test_value(line: str, known: Facts, value: str | None) -> None:
    """Fresh prices and all of it, or nothing is said."""
    seen = measured(line, known)
    assert (seen and seen.amount.value) == (None if value is None else Decimal(value))


@pytest.mark.parametrize(
    ("before", "by_amounts"),
    [
        (ETH, "0"),  # only prices can have moved
        ((ETH[0], wallet("main/trading", coin("USDT", "1500"))), "-500"),
        ((wallet("main/funding", coin("ETH", "5")), ETH[1]), "-2000"),  # at present prices
        ((ETH[0], replace(ETH[1], health=DOWN)), "0"),  # its last good value
        ((ETH[0],), None),
        ((ETH[0], wallet("main/trading", coin("NEW", "-1"))), None),
    ],
)
def test_why_a_value_is_what_it_is(
    before: tuple[WalletState, ...], by_amounts: str | None
) -> None:
    """What was there before is valued at the same prices: the difference is due to amounts."""
    seen = measured(LINE_LOW, facts(*ETH, before=by_path(*before)))
    assert seen is not None
    assert seen.by_amounts == (None if by_amounts is None else Decimal(by_amounts))


def point(ago: timedelta, total: str, *, before: timedelta | None = None) -> Point:
    """Say that so much was there since then, and the amount before until a minute before."""
    last = NOW - ago - MINUTE if before is None else NOW - before
    return Point(NOW - ago, last, Decimal(total), None)


def past(*points: Point, path: str = "main/funding", first: timedelta = 9 * DAY) -> History:
    return History({(path, "USDT"): points}, {path: NOW - first}, {path: NOW - MINUTE})


NINETY = wallet("main/funding", coin("USDT", "90"))
DROP = "main/funding USDT drops 30% in 1h"


@pytest.mark.parametrize(
    ("history", "percent"),
    [
        (past(point(DAY, "90")), "0"),
        (past(point(DAY, "120")), "25"),
        (past(point(DAY, "50"), point(30 * MINUTE, "150"), point(20 * MINUTE, "90")), "40"),
        (past(point(DAY, "150"), point(61 * MINUTE, "90")), "0"),  # the height is too far back
        (past(point(DAY, "150"), point(60 * MINUTE, "90")), "0"),  # read last 61 minutes ago
        (past(point(DAY, "150"), point(59 * MINUTE, "90")), "40"),
        (past(point(DAY, "50")), "0"),  # a rise is no fall
        # The bot did not run: whether it fell within the hour nobody knows.
        (past(point(DAY, "150"), point(MINUTE, "90", before=2 * HOUR)), "0"),
        (History(), "0"),  # the first reading ever
        (past(first=HOUR), "0"),  # there was none of it
    ],
)
def test_drop(history: History, percent: str) -> None:
    """The fall is told against the highest good reading of the window."""
    seen = measured(DROP, facts(NINETY, history=history))
    assert seen is not None
    assert (seen.amount.value, seen.held) == (Decimal(percent), Decimal(90))


def test_drop_to_nothing_or_below() -> None:
    """All is gone, or more than all: a hundred percent."""
    known = past(point(DAY, "120"))
    for left in ("0", "-30"):
        state = wallet("main/funding", coin("USDT", left))
        seen = measured(DROP, facts(state, history=known))
        assert seen is not None
        assert seen.amount.value == 100
    debt = past(point(DAY, "-5"))
    seen = measured(DROP, facts(wallet("main/funding", coin("USDT", "-9")), history=debt))
    assert seen is not None
    assert seen.amount.value == 0


@pytest.mark.parametrize(("least", "counts"), [("59", True), ("60", True), ("61", False)])
def test_a_fall_of_too_little(least: str, *, counts: bool) -> None:
    """The percent is told as it is; whether it counts is another matter."""
    line = f"main/funding USDT drops 30% and {least} in 1h"
    seen = measured(line, facts(NINETY, history=past(point(DAY, "150"))))
    assert seen is not None
    assert (seen.amount.value, seen.counts) == (Decimal(40), counts)
    assert seen.breaks(parse_rule(line)) is counts


def test_drop_of_a_sum() -> None:
    """What moves between its wallets is no fall; what leaves them is."""
    trading = wallet("main/trading", coin("USDT", "60"))
    moved = History(
        {
            ("main/funding", "USDT"): [point(DAY, "150"), point(10 * MINUTE, "90")],
            ("main/trading", "USDT"): [point(DAY, "0"), point(10 * MINUTE, "60")],
        },
        dict.fromkeys(("main/funding", "main/trading"), NOW - DAY),
        dict.fromkeys(("main/funding", "main/trading"), NOW - MINUTE),
    )
    line = "sum main USDT drops 30% in 1h"
    seen = measured(line, facts(NINETY, trading, history=moved))
    assert seen is not None
    assert (seen.amount.value, seen.held) == (Decimal(0), Decimal(150))
    less = wallet("main/trading", coin("USDT", "0"))
    seen = measured(line, facts(NINETY, less, history=moved))
    assert seen is not None
    assert seen.amount.value == 40


def spending(*, hours: int = 6) -> History:
    """Let 10 USDT an hour go, down to 90 an hour before now."""
    start = 90 + 10 * hours
    return past(*[point((hours + 1 - n) * HOUR, str(start - 10 * n)) for n in range(hours + 1)])


def test_runway() -> None:
    """It lasts as long as what is there divided by what goes in an hour."""
    seen = measured("main/funding USDT lasts < 24h", facts(NINETY, history=spending()))
    assert seen is not None
    hours = seen.amount.value / 3600
    assert 9 <= hours <= 11  # the last hour has not seen anything go
    assert seen.held == 90


def test_runway_without_enough() -> None:
    """Too little is known: nothing is judged."""
    for history in (History(), past(point(30 * MINUTE, "90"), first=HOUR / 2), spending(hours=2)):
        assert measured("main/funding USDT lasts < 24h", facts(NINETY, history=history)) is None


@pytest.mark.parametrize("line", [DROP, "main/funding USDT lasts < 24h", "main/funding USDT < 5"])
def test_what_cannot_be_read_is_not_measured(line: str) -> None:
    """A failed or missing reading, or a part that is not told, gives no observation."""
    known = spending()
    assert measured(line, facts(replace(NINETY, health=DOWN), history=known)) is None
    assert measured(line, facts(history=known)) is None
    untold = wallet("main/funding", coin("USDT", None))
    assert measured(line, facts(untold, history=known)) is None


def raised(line: str, amount: str = "90") -> AlertRaised:
    rule = parse_rule(line)
    watch = watch_of(line)
    alert = Alert(
        incident="A1B2C3",
        rule="r",
        subject=watch.subject,
        asset=rule.asset,
        measure=rule.measure,
        part=rule.part,
        comparison=rule.comparison,
        limit=rule.limit,
        clear=rule.clear_level,
        severity="warning",
        since=NOW,
    )
    return AlertRaised(alert=alert, amount=Decimal(amount), before=None, at=NOW)


def completed(line: str, known: Facts) -> AlertRaised:
    watch = watch_of(line)
    (event,) = with_context([raised(line)], {watch.key: watch}, known, now=NOW)
    assert isinstance(event, AlertRaised)
    return event


RICH = (
    wallet("main/trading", coin("USDT", "50", "40")),
    wallet("xt/spot", coin("USDT", None, "700"), coin("ETH", "9", "9")),
    wallet("b/x", coin("USDT", "700", "700")),
    wallet("c/x", coin("USDT", "9", "0")),
    wallet("d/x", coin("USDT", "1000", None)),
    wallet("e/x", coin("USDT", "1000", "1000"), health=DOWN),
    wallet("f/x", coin("USDT", "1", "1")),
)


def test_elsewhere() -> None:
    """The three wallets with most of the coin available, of those that can be read."""
    event = completed("main/funding USDT < 500", facts(NINETY, *RICH))
    assert event.elsewhere == (
        ("b/x", Decimal(700)),
        ("xt/spot", Decimal(700)),
        ("main/trading", Decimal(40)),
    )
    assert completed(DROP, facts(NINETY, *RICH)).elsewhere == event.elsewhere
    for line in ("main/funding USDT > 50", "sum main USDT < 500", "main total < 5 USD"):
        assert completed(line, facts(NINETY, *RICH)).elsewhere == ()
    assert elsewhere([], "USDT", but=()) == ()


def test_change_of_a_day() -> None:
    """Against what was there 24 hours before; unknown where nobody had read it yet."""
    line = "main/funding USDT < 500"
    known = past(point(2 * DAY, "1330"), point(HOUR, "90"))
    assert completed(line, facts(NINETY, history=known)).change_24h == -1240
    assert completed(line, facts(NINETY, history=past(first=2 * DAY))).change_24h == 90
    assert completed(line, facts(NINETY, history=past(first=HOUR))).change_24h is None
    assert completed(line, facts(NINETY)).change_24h is None


def test_change_of_a_value_by_amounts() -> None:
    """What was there a day before is worth so much at present prices."""
    history = History(
        {
            ("main/funding", "ETH"): [point(2 * DAY, "5"), point(HOUR, "4")],
            ("main/trading", "USDT"): [point(2 * DAY, "1000")],
            ("main/trading", "NEW"): [point(2 * DAY, "0")],
        },
        dict.fromkeys(("main/funding", "main/trading"), NOW - 3 * DAY),
    )
    assert completed(LINE_LOW, facts(*ETH, history=history)).change_24h == -2000
    assert completed(LINE_LOW, facts(*ETH)).change_24h is None
    assert completed(LINE_LOW, facts(*ETH, history=history, books={})).change_24h is None


def test_outlook() -> None:
    """A coin that is spent is told when it runs out; one that is not, or too much of it, not."""
    line = "main/funding USDT < 500"
    left = completed(line, facts(NINETY, history=spending())).empty_in
    assert left is not None
    assert 9 * HOUR <= left <= 11 * HOUR
    assert completed(line, facts(NINETY, history=past(point(2 * DAY, "90")))).empty_in is None
    high = "main/funding USDT > 50"
    assert completed(high, facts(NINETY, history=spending())).empty_in is None


def test_an_event_without_a_watch_stays_as_it_is() -> None:
    """Nothing is told of what nobody watches any more."""
    event = raised("main/funding USDT < 500")
    assert with_context([event], {}, facts(NINETY, *RICH), now=NOW) == (event,)
