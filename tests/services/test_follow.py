"""Several processes watch the same: what one of them changes, all others take up."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.portfolio import Account
from bot.core.rules import Rule, parse_rule
from bot.fetchers.errors import ExchangeUnavailable
from bot.fetchers.model import SubAccount
from bot.services.check_accounts import CheckAccounts
from bot.services.draft_rules import DraftRules
from bot.services.follow import follow, forget_left, forget_others, tell_others
from bot.services.ports import NotKept, OpenUnit
from bot.services.watched import Watched
from tests.services.test_rules_of_chats import TRADING, kinds, make

MINUTE = timedelta(minutes=1)
FUNDING = Account("main", "okx", ("funding",), MINUTE)
PROCESSES = 3


@dataclass
class Shared:
    """What is in the database for all of them, and how often somebody has read it."""

    number: int = 0
    made: dict[str, Rule] = field(default_factory=dict)
    read: int = 0

    @property
    def unit(self) -> Any:
        rules = SimpleNamespace(load=self.load)
        return SimpleNamespace(leases=self, rules=rules, wallets=SimpleNamespace(load=_nothing))

    async def news(self) -> int:
        return self.number

    async def add_news(self) -> int:
        self.number += 1
        return self.number

    async def load(self) -> Sequence[Any]:
        self.read += 1
        return [SimpleNamespace(name=n, rule=r, in_force=True) for n, r in self.made.items()]

    async def change(self, watched: Watched) -> None:
        """Make one more rule, as a process does that knows of no other change."""
        name = f"#{len(self.made)}"
        self.made[name] = parse_rule(f"main/funding USDT < {len(self.made)}")
        watched.set_rules({**watched.rules, name: self.made[name]})
        await tell_others(self.unit, watched)


async def _nothing() -> Mapping[str, Any]:
    return {}


@given(st.lists(st.tuples(st.integers(0, PROCESSES - 1), st.sampled_from(["follow", "change"]))))
def test_nobody_misses_what_another_has_changed(steps: list[tuple[int, str]]) -> None:
    """Whoever follows knows it all, in whatever order they have followed and changed before."""

    async def play() -> None:
        shared = Shared()
        processes = [Watched([FUNDING], {}) for _ in range(PROCESSES)]
        for number, step in steps:
            if step == "change":
                await shared.change(processes[number])
            else:
                await follow(shared.unit, processes[number])
                assert processes[number].rules == shared.made
        for watched in processes:
            await follow(shared.unit, watched)
            assert watched.rules == shared.made

    asyncio.run(play())


async def test_what_we_have_changed_ourselves_is_not_read_again() -> None:
    """While nobody else changes anything, nothing but the number of news is asked for."""
    shared, watched = Shared(), Watched([FUNDING], {})
    for _ in range(3):
        await follow(shared.unit, watched)
        await shared.change(watched)
    await follow(shared.unit, watched)
    assert shared.read == 1
    assert len(watched.rules) == 3


async def test_who_names_a_forgotten_account_has_it_again(house: Any) -> None:
    """A process with older settings has led for a moment; half a minute later it is read again."""
    checks = await house.start()
    await house.check(checks, minutes=0)
    async with house.open_unit() as unit:
        await forget_others(unit, Watched(house.accounts[:1], {}))
        assert set(await unit.accounts.due()) == {"main"}
    house.exchange.asked.clear()
    await house.check(checks, minutes=0.5)
    assert house.exchange.asked == ["xt/spot"]
    async with house.open_unit() as unit:
        assert set(await unit.accounts.due()) == {"main", "xt"}
        assert "xt/spot" in await unit.wallets.load()


@dataclass
class Update:
    """`old` has `main` and `xt`, `new` leads and has `main` only; both have checked since."""

    before: Any
    house: Any
    old: CheckAccounts
    new: CheckAccounts

    async def pass_by(self, minutes: int, *, with_old: bool) -> None:
        """Let the leader go round for a while, beside the other or alone."""
        for _ in range(minutes):
            await self.house.check(self.new)
            settle = self.house.build_rules().settle
            watched, clock = self.house.watched, self.house.clock
            await forget_left(self.house.open_unit, watched, settle=settle, clock=clock)
            names, wallets = await self.known()
            assert "main" in names
            assert "main/funding" in wallets
            if with_old:
                assert "xt" in names
                assert "xt/spot" in wallets
                await self.before.check(self.old, minutes=0)
            stale = (await self.house.vitals.look()).stale
            assert [found for found in stale if "should have been checked" in found.reason] == []

    async def known(self) -> tuple[set[str], set[str]]:
        async with self.house.open_unit() as unit:
            return set(await unit.accounts.due()), set(await unit.wallets.load())


@pytest.fixture
async def update(house: Any) -> Update:
    house.rules |= {"poor": parse_rule("xt/spot BTC < 1")}
    house.exchange.answers["main/funding"] = {"USDT": "900"}
    house.exchange.answers["xt/spot"] = {"BTC": "5"}
    before = replace(house, tasks=set())
    old = await before.start()
    await before.check(old)
    house.accounts, house.rules = house.accounts[:1], {"low": house.rules["low"]}
    new = await house.start()
    house.exchange.answers["xt/spot"] = {"BTC": "0.5"}
    await house.check(new, minutes=0.5)
    await before.check(old, minutes=0.5)
    await house.queued()
    return Update(before, house, old, new)


async def test_what_was_left_behind_is_forgotten(update: Update) -> None:
    """Before anybody is called unwell for it; an alert about it ends with a word."""
    assert await update.known() == (
        {"main", "xt"},
        {"main/funding", "main/trading", "xt/spot"},
    )
    await update.pass_by(40, with_old=False)
    assert await update.known() == ({"main"}, {"main/funding", "main/trading"})
    assert "alert_ended" in await kinds(update.house)


async def test_what_another_process_watches_is_not_left_behind(update: Update) -> None:
    """It stands as that one has read it, whoever leads."""
    await update.pass_by(40, with_old=True)
    assert await update.known() == (
        {"main", "xt"},
        {"main/funding", "main/trading", "xt/spot"},
    )
    assert await kinds(update.house) == []


async def test_what_another_process_reads_for_long_is_not_left_behind(update: Update) -> None:
    """Its lease is prolonged all the time."""
    house = update.house
    await house.check(update.new)
    async with house.open_unit() as unit:
        now = house.clock()
        held = await unit.accounts.claim("xt", now=now, until=now + MINUTE / 2)
    assert held is not None
    for _ in range(20):
        async with house.open_unit() as unit:
            await unit.accounts.renew([held], until=house.clock() + 1.5 * MINUTE)
        await update.pass_by(1, with_old=False)
        assert (await update.known())[0] == {"main", "xt"}


async def test_what_was_left_behind_takes_nothing_with_it(update: Update) -> None:
    """What another process watches stays also when something else is forgotten."""
    async with update.house.open_unit() as unit:
        await unit.accounts.add_missing(["gone"], now=update.house.clock())
    await update.pass_by(20, with_old=True)
    assert (await update.known())[0] == {"main", "xt"}


@pytest.fixture
def desk(house: Any) -> Any:
    """Let `main` discover its sub-account `a`, which is rich."""
    main = replace(FUNDING, sub_wallets=("sub:*",))
    house.accounts = (main, Account("xt", "xt", ("spot",), MINUTE))
    house.rules = {"subs": parse_rule("main/sub:* USDT < 100")}
    house.exchange.subs = [SubAccount("a")]
    house.exchange.answers["main/sub:a"] = {"USDT": "5000"}
    return house


async def test_a_changed_rule_ends_nothing_of_what_another_has_found(desk: Any) -> None:
    """It is changed within the second in which the other has told of a sub-account's alert."""
    other = replace(desk, tasks=set())
    await desk.start()
    checks = await other.start()
    await other.check(checks)
    desk.exchange.answers["main/sub:a"] = {"USDT": "1"}
    await other.check(checks)
    assert "main/sub:a" not in desk.watched.paths
    await make(desk, "xt/spot BTC < 0")
    assert await kinds(desk) == ["alert_raised"]
    assert "main/sub:a" in desk.watched.paths
    async with desk.open_unit() as unit:
        assert len(await unit.alerts.firing()) == 1


@pytest.fixture
async def found_elsewhere(desk: Any) -> CheckAccounts:
    """Let another process find a sub-account that is poor; ours knows nothing of it yet."""
    other = replace(desk, tasks=set())
    checks: CheckAccounts = await desk.start()
    theirs = await other.start()
    await other.check(theirs)
    await checks.start_due()
    await desk.settle()
    desk.exchange.subs.append(SubAccount("b"))
    desk.exchange.answers["main/sub:b"] = {"USDT": "1"}
    await other.check(theirs)
    assert await kinds(desk) == ["sub_accounts_changed", "alert_raised"]
    assert "main/sub:b" not in desk.watched.paths
    return checks


async def told_and_firing(desk: Any) -> tuple[list[str], list[str]]:
    async with desk.open_unit() as unit:
        assert {"main/sub:a", "main/sub:b"} <= (await unit.wallets.load()).keys()
        firing = await unit.alerts.firing()
    return await kinds(desk), [state.subject for state in firing]


async def test_who_asks_ends_nothing_of_what_another_has_found(
    desk: Any, found_elsewhere: CheckAccounts
) -> None:
    """Somebody wants to know within the second, and the list cannot be had."""
    desk.exchange.subs = ExchangeUnavailable("HTTP 502")
    await found_elsewhere.read_now(["main"])
    assert await told_and_firing(desk) == ([], ["main/sub:b"])


async def test_what_is_found_while_we_look_is_followed(
    desk: Any, found_elsewhere: CheckAccounts
) -> None:
    """It is kept after our look at the news, and before the account is ours."""
    desk.exchange.subs = ExchangeUnavailable("HTTP 502")

    @asynccontextmanager
    async def early() -> AsyncIterator[Any]:
        async with desk.open_unit() as unit:
            news, first = unit.leases.news, iter([desk.watched.news])

            async def told() -> int:
                number: int | None = next(first, None)
                return number if number is not None else int(await news())

            unit.leases.news = told
            yield unit

    found_elsewhere._open_unit = early
    await desk.check(found_elsewhere)
    assert await told_and_firing(desk) == ([], ["main/sub:b"])


def losing(open_unit: OpenUnit, times: int) -> OpenUnit:
    """Lose the answer to a commit so many times: all is in the database, and nobody knows."""
    left = iter(range(times))

    @asynccontextmanager
    async def unit() -> AsyncIterator[Any]:
        async with open_unit() as inner:
            yield inner
        if next(left, None) is not None:
            raise NotKept("the answer got lost")

    return unit


async def test_a_rule_whose_making_was_not_confirmed_is_judged(house: Any) -> None:
    """It is in the database, so it counts, whatever was said to who made it."""
    house.exchange.answers |= {"main/funding": {"USDT": "900"}, "main/trading": {"USDT": "1"}}
    checks = await house.start()
    drafts = DraftRules(watched=house.watched, open_unit=house.open_unit, clock=house.clock)
    draft = await drafts.begin(1001, 1001, text=TRADING)
    rules = house.build_rules()
    rules._open_unit = losing(house.open_unit, 1)
    with pytest.raises(NotKept):
        await rules.accept(draft.id, by="Ada")
    assert "#1" not in house.watched.rules
    await house.check(checks)
    assert "#1" in house.watched.rules
    assert await kinds(house) == ["alert_raised"]


async def test_a_check_whose_keeping_was_not_confirmed_tells_nothing_twice(
    desk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One reading counts once; the sub-account that it found is watched from the next look on."""
    monkeypatch.setattr("bot.services.check_accounts.LOOK_AGAIN_S", 0)
    desk.accounts = desk.accounts[:1]
    desk.rules = {"empty": parse_rule("main/funding USDT < 1 · for 2 reads")}
    checks = await desk.start()
    checks._keeping._open_unit = losing(desk.open_unit, 1)
    await desk.check(checks)
    await desk.check(checks, minutes=0.01)
    assert "main/sub:a" in desk.watched.paths
    assert await kinds(desk) == []
    await desk.check(checks)
    assert await kinds(desk) == ["alert_raised"]
