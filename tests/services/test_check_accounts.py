"""Checking accounts: from readings to rows, all or nothing, each account by one at a time."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import chain
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.core.alerts import Hush
from bot.core.portfolio import Account, WalletState
from bot.core.rules import parse_rule
from bot.core.spread import PORTION_EVERY_S
from bot.fetchers.errors import CredentialsRejected, ExchangeUnavailable, RateLimited
from bot.fetchers.model import Price
from bot.services.check_accounts import LEASE
from bot.services.ports import NotKept, OpenUnit, Outdated
from bot.store.leases import SqlLeases

USDT = {"USDT": "12345.678901234567890123"}


async def known(house: Any) -> dict[str, WalletState]:
    async with house.open_unit() as unit:
        return dict(await unit.wallets.load())


async def kinds(house: Any) -> list[list[str]]:
    """Take what was queued for the owner; tell the kinds of events, message by message."""
    return [[event.kind for event in parcel.events] for parcel in await house.queued()]


async def test_check_keeps_every_wallet(house: Any) -> None:
    """A check reads all wallets of all accounts that are due, and keeps them to the last digit."""
    house.exchange.answers = {"main/funding": USDT, "xt/spot": {"ETH": "1"}}
    checks = house.build_checks()
    assert not checks.all_attempted
    await house.check(checks, minutes=0)
    assert checks.all_attempted
    assert sorted(house.exchange.asked) == ["main/funding", "main/trading", "xt/spot"]
    wallets = await known(house)
    (balance,) = wallets["main/funding"].balances or ()
    assert balance.total == Decimal(USDT["USDT"])
    assert wallets["main/trading"].balances == ()
    assert wallets["xt/spot"].read_at == house.clock()


async def test_checked_again_when_due(house: Any) -> None:
    """An account is left alone until its time has come."""
    checks = house.build_checks()
    for minutes, times in ((0, 1), (0.99, 1), (0.01, 2)):
        await house.check(checks, minutes=minutes)
        assert house.exchange.asked.count("xt/spot") == times


async def test_clock_that_was_ahead_holds_up_no_check(house: Any) -> None:
    """What was read by a clock that is put back is due again at once, and then as ever."""
    checks = house.build_checks()
    house.clock.advance(hours=6)
    for minutes, times in ((0, 1), (-360, 2), (0.5, 2), (0.5, 3)):
        await house.check(checks, minutes=minutes)
        assert house.exchange.asked.count("xt/spot") == times


async def test_clock_put_back_during_a_check(house: Any) -> None:
    """A check that began by a clock that was ahead is followed by the next in time, too."""
    checks = house.build_checks()
    house.exchange.gate = asyncio.Event()
    await checks.start_due()
    await house.exchange.wait_for(1)
    house.clock.advance(hours=-6)
    await checks.start_due()
    house.exchange.gate.set()
    await house.settle()
    await house.check(checks)
    assert house.exchange.asked.count("xt/spot") == 2


async def test_alert_is_told_once_and_ended_once(house: Any) -> None:
    """Low: one alert. Still low: nothing. Recovered: one word, a reply to the alert."""
    checks = house.build_checks()
    told = []
    for amount in ("600", "499.99", "499.98", "510", "480", "525", "600"):
        house.exchange.answers["main/funding"] = {"USDT": amount}
        await house.check(checks)
        told.append(await house.queued())
    assert [[e.kind for p in parcels for e in p.events] for parcels in told] == [
        [], ["alert_raised"], [], [], [], ["alert_cleared"], [],
    ]  # fmt: skip
    (first,), (last,) = told[1], told[5]
    assert (first.reply_to, last.reply_to) == (None, 100 + first.id)
    assert first.events[0].amount == Decimal("499.99")
    assert first.events[0].before == Decimal(600)
    assert first.events[0].alert.incident == last.events[0].alert.incident


async def test_restart_forgets_and_repeats_nothing(house: Any) -> None:
    """A process that starts anew goes on from the database: no second alert, the recovery told."""
    house.exchange.answers["main/funding"] = {"USDT": "1"}
    await house.check(house.build_checks())
    assert await kinds(house) == [["alert_raised"]]
    await house.check(house.build_checks())
    assert await kinds(house) == []
    house.exchange.answers["main/funding"] = {"USDT": "1000"}
    await house.check(house.build_checks())
    assert await kinds(house) == [["alert_cleared"]]


async def test_failed_readings_move_nothing(house: Any) -> None:
    """Failures neither raise nor end an alert, and never become a zero; they are told once."""
    checks = house.build_checks()
    house.exchange.answers["main/funding"] = {"USDT": "600"}
    await house.check(checks)
    good = (await known(house))["main/funding"]
    house.exchange.answers["main/funding"] = ExchangeUnavailable("okx answered HTTP 502")
    told = []
    for _ in range(5):
        await house.check(checks)
        told += await kinds(house)
    assert told == [["source_lost"]]
    failing = (await known(house))["main/funding"]
    assert (failing.balances, failing.read_at) == (good.balances, good.read_at)
    assert (failing.readable, failing.health.failures) == (False, 5)
    house.exchange.answers["main/funding"] = {"USDT": "600"}
    await house.check(checks)
    assert await kinds(house) == [["source_found"]]


async def test_firing_alert_outlasts_an_outage(house: Any) -> None:
    """An alert that fires goes on through failures, and ends with the first good reading only."""
    checks = house.build_checks()
    answers = [{"USDT": "1"}, CredentialsRejected("the key is not known"), {"USDT": "1"}]
    told = []
    for answer in answers:
        house.exchange.answers["main/funding"] = answer
        await house.check(checks)
        told += await kinds(house)
    assert told == [["alert_raised"], ["source_lost"], ["source_found"]]


async def test_failed_wallet_does_not_spoil_the_others(house: Any) -> None:
    """The other wallets of the same account are kept and judged."""
    house.exchange.answers = {
        "main/funding": {"USDT": "1"},
        "main/trading": ExchangeUnavailable("no answer"),
    }
    await house.check(house.build_checks())
    assert await kinds(house) == [["alert_raised"]]
    assert not (await known(house))["main/trading"].readable


async def test_sum_over_accounts(house: Any) -> None:
    """A sum is judged with the other accounts as they are known, and not while one is unknown."""
    house.rules = {"all": parse_rule("sum * USDT < 500")}
    house.exchange.answers = {
        "main/funding": {"USDT": "100"},
        "xt/spot": ExchangeUnavailable("no answer"),
    }
    checks = house.build_checks()
    await house.check(checks)
    assert await kinds(house) == []
    house.exchange.answers["xt/spot"] = {"USDT": "399"}
    await house.check(checks)
    (parcel,) = await house.queued()
    assert [event.amount for event in parcel.events] == [Decimal(499)]


def usdt(amount: str) -> dict[str, str]:
    return {"USDT": amount}


async def check_all(house: Any, amounts: list[str], *, minutes: float = 1) -> list[list[Any]]:
    """Check once for each amount in `main/funding`; give the events that each has brought."""
    told = []
    checks = house.build_checks()
    for amount in amounts:
        house.exchange.answers["main/funding"] = usdt(amount)
        await house.check(checks, minutes=minutes)
        told.append([event for parcel in await house.queued() for event in parcel.events])
    return told


async def test_a_sudden_fall(house: Any) -> None:
    """Against the highest reading of the last ten minutes, by a third and by no small amount."""
    house.rules = {"out": parse_rule("main/funding USDT drops 30% and 500 in 10m")}
    told = await check_all(house, ["1000", "2000", "1600", "1500", "1400"])
    assert [[e.kind for e in events] for events in told] == [[], [], [], [], ["alert_raised"]]
    (raised,) = told[4]
    assert (raised.amount, raised.held, raised.before) == (Decimal(30), Decimal(1400), Decimal(25))
    told = await check_all(house, ["1400"] * 10)
    assert [e.kind for events in told for e in events] == ["alert_cleared"]


async def test_a_fall_while_nobody_looked(house: Any) -> None:
    """A night without readings makes no sudden fall of what went in it."""
    house.rules = {"out": parse_rule("main/funding USDT drops 30% in 1h")}
    told = await check_all(house, ["2000", "2000"])
    house.clock.advance(hours=9)
    told += await check_all(house, ["500", "500", "500"])
    assert told == [[]] * 5


async def test_what_runs_out(house: Any) -> None:
    """Spending of 10 a minute lets 600 last for an hour."""
    house.rules = {"empty": parse_rule("main/funding USDT lasts < 1h")}
    told = await check_all(house, [f"{n}" for n in range(1300, 500, -10)])
    (raised,) = [event for events in told for event in events]
    assert raised.kind == "alert_raised"
    assert Decimal(3500) <= raised.amount < 3600
    assert raised.held == 590


async def test_a_value_in_another_currency(house: Any) -> None:
    """Money is judged by prices, and the alert says what of a change prices have done."""
    house.rules = {"worth": parse_rule("main total < 1000 EUR")}
    house.exchange.answers["main/trading"] = {"ETH": "1"}

    async def told_at(price: str, amount: str) -> list[Any]:
        at = house.clock() + timedelta(minutes=1)
        house.exchange.prices["okx"] = [
            Price("ETH", "EUR", Decimal(price), at),
            Price("USDT", "EUR", Decimal("0.5"), at),
        ]
        await house.prices.refresh()
        (events,) = await check_all(house, [amount])
        return events

    assert await check_all(house, ["400"]) == [[]]  # no prices yet
    assert await told_at("900", "400") == []
    (by_prices,) = await told_at("700", "400")
    assert (by_prices.amount, by_prices.before) == (Decimal(900), Decimal(1100))
    assert (by_prices.by_amounts, by_prices.alert.asset) == (Decimal(0), "EUR")
    (cleared,) = await told_at("900", "400")
    assert cleared.kind == "alert_cleared"
    house.clock.advance(minutes=5)
    (by_amounts,) = await told_at("900", "100")
    assert (by_amounts.amount, by_amounts.by_amounts) == (Decimal(950), Decimal(-150))


async def test_what_is_told_with_an_alert(house: Any) -> None:
    """What has changed in a day, and where the coin is available; of other accounts, too."""
    house.exchange.answers |= {"main/trading": usdt("70"), "xt/spot": usdt("800")}
    await check_all(house, ["1740"])
    assert await check_all(house, ["500"], minutes=12 * 60) == [[]]
    ((raised,),) = await check_all(house, ["412.5"], minutes=13 * 60)
    assert raised.change_24h == Decimal("-1327.5")
    assert raised.elsewhere == (("xt/spot", Decimal(800)), ("main/trading", Decimal(70)))


async def test_a_lost_source_says_what_is_blind(house: Any) -> None:
    """Each rule that needs the wallet counts; those about others do not."""
    house.rules = {
        "low": parse_rule("main/funding USDT < 500"),
        "all": parse_rule("sum * USDT < 500"),
        "any": parse_rule("main ETH < 5 · for 9 reads"),
        "other": parse_rule("xt/spot USDT < 0"),
    }
    house.exchange.answers["main/funding"] = CredentialsRejected("the key is not known")
    await house.check(house.build_checks())
    (event,) = [event for parcel in await house.queued() for event in parcel.events]
    assert (event.kind, event.blind) == ("source_lost", 3)


async def test_reminders_and_silence_outlive_a_restart(house: Any) -> None:
    """After four hours it is told again, by whatever process; silence holds that back."""
    (first,) = await check_all(house, ["400"])
    assert [event.kind for event in first] == ["alert_raised"]
    told = await check_all(house, ["390", "380"], minutes=121)
    assert [[event.kind for event in events] for events in told] == [[], ["alert_reminded"]]
    async with house.open_unit() as unit:
        (state,) = (await unit.alerts.load()).values()
        hush = Hush("until", house.clock() + timedelta(hours=20), "Ada", house.clock())
        await unit.alerts.save([replace(state, hush=hush)])
    told = [events for _ in range(4) for events in await check_all(house, ["380"], minutes=301)]
    assert [[event.kind for event in events] for events in told] == [
        [], [], [], ["alert_reminded"],
    ]  # fmt: skip
    assert told[3][0].number == 2


class BreaksOnAdd:
    """A unit whose outbox cannot be written."""

    def __init__(self, unit: Any) -> None:
        self._unit = unit

    def __getattr__(self, name: str) -> Any:
        if name == "outbox":
            raise OSError("the disk is full")
        return getattr(self._unit, name)


def breaking(open_unit: OpenUnit) -> OpenUnit:
    @asynccontextmanager
    async def unit() -> AsyncIterator[Any]:
        async with open_unit() as real:
            yield BreaksOnAdd(real)

    return unit


async def test_all_or_nothing(house: Any) -> None:
    """A failed last write leaves nothing of a check; the next one tells all the same."""
    house.exchange.answers["main/funding"] = {"USDT": "1"}
    sound, house.open_unit = house.open_unit, breaking(house.open_unit)
    await house.check(house.build_checks())
    house.open_unit = sound
    assert (await known(house))["main/funding"].balances is None
    async with sound() as unit:
        assert {state.phase for state in (await unit.alerts.load()).values()} <= {"ok"}
    assert await house.queued() == []
    await house.check(house.build_checks())
    assert await kinds(house) == [["alert_raised"]]


async def test_two_who_ask_share_one_read(house: Any) -> None:
    """Concurrent questions join one read, and both return when it is done."""
    house.exchange.gate = asyncio.Event()
    checks = house.build_checks()
    async with asyncio.TaskGroup() as group:
        for _ in range(2):
            group.create_task(checks.read_now(["xt"]))
        await house.exchange.wait_for(1)
        late = group.create_task(checks.read_now(["xt", "main"]))
        await house.exchange.wait_for(3)
        assert not late.done()
        house.exchange.gate.set()
    assert sorted(house.exchange.asked) == ["main/funding", "main/trading", "xt/spot"]
    await checks.read_now(["xt"])
    assert house.exchange.asked.count("xt/spot") == 2


async def test_reading_for_a_person_alerts_too(house: Any) -> None:
    """What is read because somebody asked is judged and kept like any other check."""
    house.exchange.answers["main/funding"] = {"USDT": "1"}
    await house.build_checks().read_now(["main"])
    assert await kinds(house) == [["alert_raised"]]
    assert house.changed.is_set()


async def test_question_about_an_unknown_account_returns(house: Any) -> None:
    """A name that is not there is nothing to wait for."""
    async with asyncio.timeout(5):
        await house.build_checks().read_now(["nobody"])


async def test_lost_lease_writes_nothing(house: Any) -> None:
    """Who comes back after the lease has passed on writes nothing; the newer check counts."""
    slow, fast = house.build_checks(), house.build_checks()
    house.exchange.gate = asyncio.Event()
    house.exchange.answers["main/funding"] = {"USDT": "600"}
    await slow.start_due()
    await house.exchange.wait_for(3)
    old_gate, house.exchange.gate = house.exchange.gate, None
    house.clock.advance(seconds=LEASE.total_seconds())
    await fast.read_now(["main", "xt"])
    kept = await known(house)
    house.exchange.answers["main/funding"] = {"USDT": "1"}
    old_gate.set()
    await house.settle()
    assert await known(house) == kept
    assert await house.queued() == []


async def test_sudden_emptiness_is_read_again(house: Any) -> None:
    """A wallet that held something and is suddenly empty is believed only the second time."""
    checks = house.build_checks()
    house.exchange.answers["main/funding"] = {"USDT": "600"}
    await house.check(checks)

    def come_back(path: str) -> None:
        if house.exchange.asked.count("main/funding") == 3:
            house.exchange.answers["main/funding"] = {"USDT": "600"}

    house.exchange.answers["main/funding"] = {}
    house.exchange.on_ask = come_back
    await house.check(checks)
    assert house.exchange.asked.count("main/funding") == 3
    assert house.exchange.asked.count("main/trading") == 2
    assert await kinds(house) == []
    house.exchange.answers["main/funding"] = {"USDT": "0"}
    await house.check(checks)
    assert house.exchange.asked.count("main/funding") == 5
    assert await kinds(house) == [["alert_raised"]]


async def test_emptiness_that_cannot_be_confirmed(house: Any) -> None:
    """When the second reading fails, the wallet is unreadable, not empty."""
    checks = house.build_checks()
    house.exchange.answers["main/funding"] = {"USDT": "600"}
    await house.check(checks)

    def fail(path: str) -> None:
        if house.exchange.asked.count("main/funding") == 3:
            house.exchange.answers["main/funding"] = ExchangeUnavailable("no answer")

    house.exchange.answers["main/funding"] = {}
    house.exchange.on_ask = fail
    await house.check(checks)
    assert await kinds(house) == []
    funding = (await known(house))["main/funding"]
    assert not funding.readable
    assert [balance.total for balance in funding.balances or ()] == [Decimal(600)]


async def test_rate_limited_wallet_rests(house: Any) -> None:
    """Until the pause is over nobody asks for it, not after a restart, either; others are read."""
    checks = house.build_checks()
    retry_at = house.clock() + timedelta(minutes=10)
    house.exchange.answers["main/trading"] = RateLimited("locked", retry_at=retry_at)
    await house.check(checks, minutes=0)
    house.exchange.asked.clear()
    await house.check(checks, minutes=9.9)
    await house.build_checks().read_now(["main"])
    await house.settle()
    assert set(house.exchange.asked) == {"main/funding", "xt/spot"}
    assert (await known(house))["main/trading"].health.message == "locked"
    house.exchange.answers.clear()
    await house.check(checks, minutes=1)
    assert "main/trading" in house.exchange.asked


async def test_long_pause_is_told_as_a_loss(house: Any) -> None:
    """A wallet that may not be asked cannot be read: that is told, as any other reason is."""
    retry_at = house.clock() + timedelta(minutes=10)
    house.exchange.answers["main/trading"] = RateLimited("locked", retry_at=retry_at)
    house.exchange.answers["main/funding"] = {"USDT": "600"}
    checks = house.build_checks()
    for _ in range(4):
        await house.check(checks)
    assert await kinds(house) == [["source_lost"]]


async def test_clock_that_jumps_starts_no_second_check(house: Any) -> None:
    """An account is checked by us once at a time, even when its lease has run out meanwhile."""
    house.exchange.gate = asyncio.Event()
    checks = house.build_checks()
    await checks.start_due()
    await house.exchange.wait_for(3)
    house.clock.advance(minutes=5)
    await checks.start_due()
    house.exchange.gate.set()
    await house.settle()
    assert len(house.exchange.asked) == 3
    assert set(await known(house)) == {"main/funding", "main/trading", "xt/spot"}


async def test_unexpected_error_ends_one_check_only(house: Any) -> None:
    """A reader that breaks stops neither the others nor, for good, its own account; it is told."""
    house.exchange.answers["main/funding"] = ZeroDivisionError("a bug")
    checks = house.build_checks()
    async with asyncio.timeout(5):
        await checks.read_now(["main", "xt"])
    await house.settle()
    assert checks.all_attempted
    states = await known(house)
    assert [path for path, state in states.items() if state.readable] == ["xt/spot"]
    assert "a fault of the bot" in str(states["main/funding"].health.message)
    assert await house.queued() == []
    for _ in range(2):
        await house.check(checks)
    assert set(chain.from_iterable(await kinds(house))) == {"source_lost"}
    house.exchange.answers["main/funding"] = {"USDT": "600"}
    await house.check(checks)
    assert (await known(house))["main/funding"].readable


async def test_lease_is_prolonged_while_reading(house: Any) -> None:
    """A reading that takes longer than the lease keeps it, and is kept."""
    house.exchange.gate = asyncio.Event()
    house.exchange.answers["main/funding"] = {"USDT": "1"}
    checks, other = house.build_checks(), house.build_checks()
    await checks.start_due()
    await house.exchange.wait_for(3)
    for _ in range(3):
        house.clock.advance(seconds=LEASE.total_seconds() - 1)
        await checks.start_due()
        await other.start_due()
    house.exchange.gate.set()
    await house.settle()
    assert len(house.exchange.asked) == 3
    assert await kinds(house) == [["alert_raised"]]


@dataclass
class ServerClock:
    """The clock of the database that several processes share."""

    ours: Callable[[], datetime]
    ahead: timedelta = timedelta(0)
    outdated: bool = False

    async def tell(self) -> datetime | None:
        if self.outdated:
            raise Outdated("a newer version is at work")
        return self.ours() + self.ahead


@pytest.fixture
def server(house: Any, monkeypatch: pytest.MonkeyPatch) -> ServerClock:
    """Have a database with a clock; what it tells can be put forward."""
    server = ServerClock(house.clock)
    monkeypatch.setattr(SqlLeases, "clock", lambda _: server.tell())
    return server


async def test_who_has_a_wrong_clock_claims_nothing(house: Any, server: ServerClock) -> None:
    """Not even when a person asks; what others change is followed all the same."""
    checks = await house.start()
    server.ahead = timedelta(hours=1)
    async with asyncio.timeout(5):
        await checks.read_now(["main"])
    async with house.open_unit() as unit:
        assert not await unit.accounts.leased(["main"], now=house.clock())
        await unit.rules.add(parse_rule("xt/spot ETH < 1"), by="Ada", at=house.clock())
        await unit.leases.add_news()
    await house.check(checks)
    assert house.exchange.asked == []
    assert set(house.watched.rules) == {"low", "#1"}
    server.ahead = timedelta(0)
    await house.check(checks)
    assert sorted(house.exchange.asked) == ["main/funding", "main/trading", "xt/spot"]


async def test_who_is_outdated_claims_nothing(house: Any, server: ServerClock) -> None:
    """What the database is like, only a newer version knows; whoever talks to it ends us."""
    checks = await house.start()
    server.outdated = True
    with capture_logs() as logs:
        await checks.start_due()
        await checks.read_now(["main"])
    assert (house.exchange.asked, logs) == ([], [])


@pytest.mark.parametrize("somebody_asks", [True, False])
async def test_waiting_long_for_others_is_no_wrong_clock(
    house: Any, server: ServerClock, somebody_asks: bool
) -> None:
    """Who has waited for somebody's work looks at the clock after it; leases count from then."""
    checks, sound = await house.start(), house.open_unit
    server.ahead = timedelta(seconds=1)

    @asynccontextmanager
    async def late() -> AsyncIterator[Any]:
        async with sound() as unit:
            house.clock.advance(seconds=20)
            yield unit

    checks._open_unit = late
    house.exchange.gate = asyncio.Event()
    work = checks.read_now(["main", "xt"]) if somebody_asks else checks.start_due()
    begun = asyncio.ensure_future(work)
    await house.exchange.wait_for(3)
    async with sound() as unit:
        almost = house.clock() + LEASE - timedelta(seconds=1)
        assert set(await unit.accounts.leased(["main", "xt"], now=almost)) == {"main", "xt"}
    house.exchange.gate.set()
    await begun


def refusing(open_unit: OpenUnit, times: int) -> OpenUnit:
    """Let the database take nothing so many times."""
    left = iter(range(times))

    @asynccontextmanager
    async def unit() -> AsyncIterator[Any]:
        if next(left, None) is not None:
            raise NotKept("the database did not take it")
        async with open_unit() as inner:
            yield inner

    return unit


@pytest.fixture
def alone(house: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Have one account, and no pause before it is kept once more."""
    monkeypatch.setattr("bot.services.check_accounts.LOOK_AGAIN_S", 0)
    house.accounts = house.accounts[:1]
    house.exchange.answers["main/funding"] = {"USDT": "600"}
    return house


async def test_what_was_not_taken_is_kept_the_second_time(alone: Any) -> None:
    """It is not read again, and no wallet is called unreadable for it."""
    checks = await alone.start()
    checks._keeping._open_unit = refusing(alone.open_unit, 1)
    await alone.check(checks)
    assert alone.exchange.asked == ["main/funding", "main/trading"]
    wallets = await known(alone)
    assert {path: wallet.readable for path, wallet in wallets.items()} == {
        "main/funding": True,
        "main/trading": True,
    }


async def test_what_was_never_taken_is_read_again(alone: Any) -> None:
    """When the lease has run out; the wallets stand as they did, and nobody is told a word."""
    checks = await alone.start()
    await alone.check(checks)
    before = await known(alone)
    alone.exchange.asked.clear()
    checks._keeping._open_unit = refusing(alone.open_unit, 2)
    await alone.check(checks)
    assert await known(alone) == before
    assert not checks.under_way
    alone.exchange.asked.clear()
    lease_min = LEASE.total_seconds() / 60
    await alone.check(checks, minutes=lease_min - 0.01)
    assert alone.exchange.asked == []
    await alone.check(checks, minutes=0.01)
    assert alone.exchange.asked == ["main/funding", "main/trading"]
    assert (await known(alone))["main/funding"].read_at == alone.clock()
    assert await kinds(alone) == []


async def test_what_is_due_at_once_is_begun_in_portions(house: Any) -> None:
    """Each when the one before it has had its time; all stay in step, and a person waits not."""
    names = [f"a{n:02}" for n in range(35)]
    house.accounts = tuple(Account(n, "okx", ("funding",), timedelta(minutes=1)) for n in names)
    paused: list[float] = []
    goes_on = asyncio.Event()

    async def pause(seconds: float) -> None:
        paused.append(seconds)
        await goes_on.wait()
        house.clock.advance(seconds=seconds)

    house.pause = pause
    checks = await house.start()
    await checks.start_due()
    await house.exchange.wait_for(10)
    while len(checks.under_way) > 25:  # noqa: ASYNC110 - nothing tells of it
        await asyncio.sleep(0)
    assert (len(house.exchange.asked), paused) == (10, [PORTION_EVERY_S])
    done = sorted(set(names) - checks.under_way)
    await checks.read_now(done[:1])
    assert len(house.exchange.asked) == 11
    due = house.clock() + timedelta(minutes=1)
    goes_on.set()
    await house.settle()
    assert paused == [PORTION_EVERY_S] * 3
    async with house.open_unit() as unit:
        assert set((await unit.accounts.due()).values()) == {due}
