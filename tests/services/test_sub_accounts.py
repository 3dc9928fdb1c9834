"""Sub-accounts that are discovered: they come, go, freeze, fail to be listed, and outlive us."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.core.events import AlertRaised, SourceLost, SubAccountsChanged
from bot.core.portfolio import Account
from bot.core.rules import parse_rule
from bot.fetchers.errors import ExchangeUnavailable, RateLimited
from bot.fetchers.model import SubAccount
from tests.services.test_check_accounts import breaking

LIST = "main/sub:*"
DOWN = ExchangeUnavailable("okx answered HTTP 502")
POOR, RICH = {"USDT": "1"}, {"USDT": "5000"}


def subs(*names: str, frozen: tuple[str, ...] = ()) -> list[SubAccount]:
    return [SubAccount(name, frozen=name in frozen) for name in names]


@pytest.fixture
async def desk(house: Any) -> Any:
    """Let `main` discover its sub-accounts; there are `a` and `b`, and both are rich."""
    main = Account(
        "main",
        "okx",
        ("funding",),
        timedelta(minutes=1),
        sub_wallets=("sub:*", "sub:*/trading"),
    )
    house.accounts = (main, house.accounts[1])
    house.rules = {"subs": parse_rule("main/sub:* USDT < 100")}
    house.exchange.subs = subs("a", "b")
    house.exchange.answers = {"main/sub:a": RICH, "main/sub:b": RICH}
    return house


async def events(house: Any) -> list[Any]:
    """Take what was queued for the owner, one after the other."""
    return [event for parcel in await house.queued() for event in parcel.events]


async def kinds(house: Any) -> list[str]:
    return [event.kind for event in await events(house)]


async def paths(house: Any) -> list[str]:
    """Name what is known to the database."""
    async with house.open_unit() as unit:
        return sorted(await unit.wallets.load())


async def shown(house: Any, query: str = "main") -> dict[str, bool]:
    """Say of each wallet in an answer whether it can be read."""
    report = await house.build_balances().balances(query)
    return {wallet.path: wallet.readable for wallet in report.wallets}


async def test_first_discovery_is_no_news(desk: Any) -> None:
    """Wallets of all sub-accounts are read in the very check that found them; nothing is told."""
    checks = await desk.start()
    await desk.check(checks, minutes=0)
    theirs = ["main/sub:a", "main/sub:a/trading", "main/sub:b", "main/sub:b/trading"]
    assert desk.exchange.asked[0] in {LIST, "xt/spot"}
    asked = [path for path in desk.exchange.asked if path.startswith("main/")]
    assert asked == [LIST, "main/funding", *theirs]
    assert await paths(desk) == sorted(["main/funding", LIST, *theirs, "xt/spot"])
    assert await kinds(desk) == []


async def test_a_good_list_is_shown_nowhere(desk: Any) -> None:
    """Not among the wallets, not among the empty, not in a count, not in a digest."""
    checks = await desk.start()
    assert (await shown(desk))[LIST] is False  # nobody knows yet who is there
    await desk.check(checks, minutes=0)
    reports = desk.build_balances()
    assert LIST not in await shown(desk)
    assert LIST not in reports.paths
    assert LIST not in [w.path for w in (await reports.alerts()).wallets]
    assert LIST not in [w.path for w in (await desk.build_digests().preview()).wallets]
    assert list(await shown(desk, "main/sub:*")) == ["main/sub:a", "main/sub:b"]
    trading = ["main/sub:a/trading", "main/sub:b/trading"]
    assert list(await shown(desk, "main/sub:*/trading")) == trading


async def test_a_new_sub_account_is_watched_at_once(desk: Any) -> None:
    """It is read in the check that finds it, told once, and judged by the rules that cover it."""
    checks = await desk.start()
    await desk.check(checks)
    desk.exchange.subs = subs("a", "b", "c")
    desk.exchange.answers["main/sub:c"] = POOR
    await desk.check(checks)
    changed, raised = await events(desk)
    assert isinstance(changed, SubAccountsChanged)
    assert (changed.account, changed.added, changed.gone) == ("main", ("c",), ())
    assert isinstance(raised, AlertRaised)
    assert raised.alert.subject == "main/sub:c"  # and not the empty trading accounts
    await desk.check(checks)
    assert await kinds(desk) == []
    (status,) = await desk.build_rules().status()
    assert [s.subject for s in status.states] == ["main/sub:a", "main/sub:b", "main/sub:c"]


async def test_one_that_vanished_ends_with_a_word(desk: Any) -> None:
    """Its wallets are forgotten; its alert ends as ended, a reply, and not as recovered."""
    checks = await desk.start()
    desk.exchange.answers["main/sub:b"] = POOR
    await desk.check(checks)
    (raised,) = await desk.queued()
    desk.exchange.subs = subs("a")
    await desk.check(checks)
    changed, ended = await desk.queued()
    assert [e.gone for e in changed.events] == [("b",)]
    assert [e.kind for e in ended.events] == ["alert_ended"]
    assert ended.reply_to == 100 + raised.id
    assert [p for p in await paths(desk) if "sub:b" in p] == []
    assert "main/sub:b" not in await shown(desk)
    async with desk.open_unit() as unit:
        assert [s.subject for s in (await unit.alerts.load()).values()] == ["main/sub:a"]
    desk.exchange.asked.clear()
    await desk.check(checks)
    assert "main/sub:b" not in desk.exchange.asked
    assert await kinds(desk) == []


async def test_frozen_ones_are_read_and_named(desk: Any) -> None:
    """What lies in a frozen sub-account counts; the change is told both ways, once each."""
    checks = await desk.start()
    await desk.check(checks)
    told = []
    for frozen in ((), ("b",), ("b",), ()):
        desk.exchange.subs = subs("a", "b", frozen=frozen)
        await desk.check(checks)
        told.append([(e.frozen, e.thawed) for e in await events(desk)])
        report = await desk.build_balances().balances("main")
        assert {w.path for w in report.wallets if w.frozen} == {
            f"main/sub:{name}{kind}" for name in frozen for kind in ("", "/trading")
        }
        assert all(wallet.readable for wallet in report.wallets)
    assert told == [[], [(("b",), ())], [], [((), ("b",))]]


async def test_a_restart_knows_them_before_the_first_list(desk: Any) -> None:
    """What was discovered comes from the database; a change while we were away is told."""
    desk.exchange.subs = subs("a", "b", frozen=("b",))
    await desk.check(await desk.start())
    await desk.queued()
    desk.exchange.subs = DOWN
    desk.exchange.answers["main/sub:b"] = POOR
    checks = await desk.start()
    assert [w for w in (await shown(desk)) if w == "main/sub:b/trading"]
    await desk.check(checks)
    (raised,) = await events(desk)
    assert raised.alert.subject == "main/sub:b"
    report = await desk.build_balances().balances("main/sub:b")
    assert [wallet.frozen for wallet in report.wallets] == [True]
    desk.exchange.subs = subs("a", "c")
    await desk.check(await desk.start())
    changed, *_ = await events(desk)
    assert (changed.added, changed.gone, changed.thawed) == (("c",), ("b",), ())


async def test_a_restart_with_other_settings(desk: Any) -> None:
    """Who no longer discovers keeps what is named only; alerts of the others end with a word."""
    desk.exchange.answers["main/sub:b"] = POOR
    await desk.check(await desk.start())
    assert await kinds(desk) == ["alert_raised"]
    desk.accounts = (Account("main", "okx", ("funding", "sub:a"), timedelta(minutes=1)),)
    await desk.start()
    assert await kinds(desk) == ["alert_ended"]
    assert await paths(desk) == ["main/funding", "main/sub:a"]


async def test_a_failed_list_is_a_source_that_is_lost(desk: Any) -> None:
    """Known sub-accounts are read all the same; loss and return of the list are told once."""
    checks = await desk.start()
    await desk.check(checks)
    desk.exchange.subs = DOWN
    told = []
    for _ in range(4):
        desk.exchange.asked.clear()
        await desk.check(checks)
        told += await events(desk)
        assert "main/sub:a/trading" in desk.exchange.asked
    (lost,) = told
    assert isinstance(lost, SourceLost)
    assert (lost.path, lost.message) == (LIST, "okx answered HTTP 502")
    found = await desk.build_balances().balances("main")
    assert {w.path for w in found.wallets if not w.readable} == {LIST}
    assert found.wallets[-1].path == LIST
    assert not found.totals["USDT"].complete  # ≥: there may be more sub-accounts
    unreadable = (await desk.build_balances().alerts()).unreadable
    assert [w.path for w in unreadable] == [LIST]
    assert LIST in [w.path for w in (await desk.build_digests().preview()).unreadable]
    assert list(await shown(desk, "main/sub:*")) == ["main/sub:a", "main/sub:b", LIST]
    assert list(await shown(desk, "main/funding")) == ["main/funding"]
    desk.exchange.subs = subs("a", "b")
    await desk.check(checks)
    assert await kinds(desk) == ["source_found"]
    assert (await desk.build_balances().balances("main")).totals["USDT"].complete


async def test_a_list_that_fails_from_the_first(desk: Any) -> None:
    """Nothing is known of sub-accounts, which is told; the account's own wallets are read."""
    desk.exchange.subs = DOWN
    checks = await desk.start()
    for _ in range(3):
        await desk.check(checks)
    assert await kinds(desk) == ["source_lost"]
    assert await shown(desk) == {"main/funding": True, LIST: False}
    desk.exchange.subs = subs("a")
    await desk.check(checks)
    assert await kinds(desk) == ["source_found"]  # the first list is no news


async def test_a_pause_of_the_list_is_kept(desk: Any) -> None:
    """Until it is over nobody lists, also after a restart; the wallets are read."""
    checks = await desk.start()
    await desk.check(checks)
    retry_at = desk.clock() + timedelta(minutes=10)
    desk.exchange.subs = RateLimited("too many", retry_at=retry_at)
    await desk.check(checks)
    desk.exchange.subs = subs("a", "b", "c")
    for minutes, listed in ((4, False), (4, False), (2, True)):
        desk.exchange.asked.clear()
        await desk.check(await desk.start(), minutes=minutes)
        assert (LIST in desk.exchange.asked) is listed
        assert "main/sub:a" in desk.exchange.asked


async def test_a_sum_waits_for_the_list(desk: Any) -> None:
    """While the list fails there may be sub-accounts that nobody knows: no sum is judged."""
    desk.rules = {"all": parse_rule("sum main/* USDT < 20000")}
    desk.exchange.subs = DOWN
    checks = await desk.start()
    await desk.check(checks)
    assert await kinds(desk) == []
    desk.exchange.subs = subs("a", "b")
    await desk.check(checks)
    (raised,) = await events(desk)
    assert raised.amount == 10000


@pytest.mark.parametrize(("floor_s", "judged"), [(120, True), (0, False)])
async def test_a_sum_over_a_long_sweep(desk: Any, floor_s: int, *, judged: bool) -> None:
    """Where the limits stretch a sweep, its first and last readings still belong together."""
    desk.rules = {"all": parse_rule("sum main/* USDT < 20000")}
    desk.exchange.floor = timedelta(seconds=floor_s)

    def answer(path: str) -> None:
        if path == "main/sub:b":
            desk.clock.advance(minutes=4)  # more than three rounds of a minute

    desk.exchange.on_ask = answer
    await desk.check(await desk.start())
    assert ("alert_raised" in await kinds(desk)) is judged


@pytest.mark.parametrize(("second", "gone"), [("all", ()), ("none", ("a", "b")), ("down", ())])
async def test_sudden_emptiness_is_listed_again(
    desk: Any, second: str, gone: tuple[str, ...]
) -> None:
    """Sub-accounts that are suddenly all gone are believed to be only the second time."""
    checks = await desk.start()
    await desk.check(checks)
    desk.exchange.asked.clear()

    def answer(path: str) -> None:
        if path == LIST and desk.exchange.asked.count(LIST) == 2:
            desk.exchange.subs = {"all": subs("a", "b"), "none": [], "down": DOWN}[second]

    desk.exchange.subs = []
    desk.exchange.on_ask = answer
    await desk.check(checks)
    assert desk.exchange.asked.count(LIST) == 2
    assert [e.gone for e in await events(desk)] == ([gone] if gone else [])
    assert ("main/sub:a" in await shown(desk)) is not bool(gone)
    assert ((await shown(desk)).get(LIST) is False) is (second == "down")
    await desk.check(checks)
    assert desk.exchange.asked.count(LIST) == 3  # nothing more to lose


@pytest.mark.parametrize(
    ("first", "second", "left"),
    [("a", "ab", "ab"), ("a", "b", "ab"), ("a", "a", "a"), ("a", "", "a"), ("", "b", "b")],
)
async def test_a_cut_list_is_not_believed_alone(
    desk: Any, first: str, second: str, left: str
) -> None:
    """Only whom two lists leave out is gone: a cut one must end no alert."""
    checks = await desk.start()
    await desk.check(checks)
    desk.exchange.asked.clear()

    def answer(path: str) -> None:
        if path == LIST and desk.exchange.asked.count(LIST) == 2:
            desk.exchange.subs = subs(*second)

    desk.exchange.subs = subs(*first)
    desk.exchange.on_ask = answer
    await desk.check(checks)
    assert desk.exchange.asked.count(LIST) == 2
    assert list(await shown(desk, "main/sub:*")) == [f"main/sub:{name}" for name in left]
    gone = tuple(sorted({"a", "b"} - set(left)))
    assert [e.gone for e in await events(desk)] == ([gone] if gone else [])


async def test_none_is_an_answer(desk: Any) -> None:
    """A master without sub-accounts is asked once a check, and a glob for them is no mistake."""
    desk.exchange.subs = []
    checks = await desk.start()
    await desk.check(checks)
    assert desk.exchange.asked.count(LIST) == 1
    assert await shown(desk, "main/sub:*") == {}
    assert await shown(desk, "main/sub:*/trading") == {}


@pytest.mark.parametrize("name", ["", "a/trading", "*", "a*"])
async def test_names_that_are_no_part_of_a_path(desk: Any, name: str) -> None:
    """They would pass for other wallets: the list counts as unreadable, nothing is forgotten."""
    checks = await desk.start()
    await desk.check(checks)
    desk.exchange.subs = subs("a", name)
    await desk.check(checks)
    assert (await shown(desk))[LIST] is False
    assert "main/sub:b" in await shown(desk)


async def test_all_or_nothing(desk: Any) -> None:
    """A check that breaks off has discovered nothing; the next one tells and forgets all."""
    checks = await desk.start()
    desk.exchange.answers["main/sub:b"] = POOR
    await desk.check(checks)
    await desk.queued()
    before = await paths(desk)
    desk.exchange.subs = subs("a", "c")
    desk.exchange.answers["main/sub:c"] = RICH
    checks._keeping._open_unit = breaking(desk.open_unit)
    await desk.check(checks)
    assert await paths(desk) == before
    assert await events(desk) == []
    assert "main/sub:b" in await shown(desk)
    checks._keeping._open_unit = desk.open_unit
    desk.clock.advance(minutes=1)
    await desk.check(checks)
    assert await kinds(desk) == ["sub_accounts_changed", "alert_ended"]


async def test_who_comes_too_late_changes_nothing(desk: Any) -> None:
    """A check whose lease has passed on adopts no list."""
    checks = await desk.start()
    await desk.check(checks)
    before = await paths(desk)
    desk.exchange.subs = subs("a", "b", "c")
    desk.exchange.gate = asyncio.Event()
    desk.exchange.asked.clear()
    desk.clock.advance(minutes=1)
    await checks.start_due()
    await desk.exchange.wait_for(9)
    desk.clock.advance(minutes=1)
    async with desk.open_unit() as unit:  # another process finds the lease run out
        now = desk.clock()
        assert await unit.accounts.claim("main", now=now, until=now + timedelta(minutes=1))
    desk.exchange.gate.set()
    await desk.settle()
    assert await paths(desk) == before
    assert "main/sub:c" not in desk.watched.paths
    assert await events(desk) == []


async def test_asked_in_the_order_of_need(desk: Any) -> None:
    """Who fires is asked first, then who is near its limit, then who was never read."""
    checks = await desk.start()
    desk.exchange.subs = subs("a", "b", "c")
    desk.exchange.answers |= {"main/sub:c": POOR, "main/sub:b": {"USDT": "110"}}
    await desk.check(checks)
    desk.exchange.subs = subs("a", "b", "c", "d")
    desk.exchange.asked.clear()
    await desk.check(checks)
    asked = [path for path in desk.exchange.asked if path.startswith("main/")]
    assert asked[:4] == [LIST, "main/sub:c", "main/sub:b", "main/sub:d"]
    assert list(await shown(desk))[:3] == ["main/funding", "main/sub:a", "main/sub:a/trading"]


async def test_a_question_joins_the_sweep(desk: Any) -> None:
    """Who asks while a sweep is under way waits for it, and nothing is asked twice."""
    checks = await desk.start()
    desk.exchange.gate = asyncio.Event()
    await checks.start_due()
    await desk.exchange.wait_for(3)
    desk.spawn(checks.read_now(["main"]), name="question")
    desk.exchange.gate.set()
    await desk.settle()
    assert len(desk.exchange.asked) == len(set(desk.exchange.asked)) == 7


async def test_a_pause_is_shared_after_a_restart(desk: Any) -> None:
    """One sub-account's pause, known from the database, keeps its sisters from the lock."""
    retry_at = desk.clock() + timedelta(minutes=10)
    desk.exchange.answers["main/sub:b"] = RateLimited("locked", retry_at=retry_at)
    await desk.check(await desk.start())
    desk.exchange.asked.clear()
    await desk.check(await desk.start())
    asked = [path for path in desk.exchange.asked if path.startswith("main/")]
    assert sorted(asked) == [
        "main/funding",
        LIST,
        "main/sub:a/trading",
        "main/sub:b/trading",
    ]


async def test_too_often_is_said_once_and_per_change(desk: Any) -> None:
    """A pace that the limits do not allow is said once, and again when it is another one."""
    checks = await desk.start()
    with capture_logs() as logs:
        for floor in (60, 60.1, 60.1, 90, 60, 90):
            desk.exchange.floor = timedelta(seconds=floor)
            await desk.check(checks, minutes=2)
    told = [(e["log_level"], e["event"]) for e in logs if e["event"].startswith("main: ")]
    said = "main: 5 wallets cannot be read every 60 s; the exchange's limit allows every"
    assert told == [("warning", f"{said} {floor} s") for floor in ("60.1", "90", "90")]


async def test_what_the_limits_do_not_allow_is_not_late(desk: Any) -> None:
    """All is due again when it can have been read, however often it is wanted."""
    desk.exchange.floor = timedelta(minutes=7)
    checks = await desk.start()
    await desk.check(checks, minutes=0)
    desk.exchange.asked.clear()
    for _ in range(13):
        await desk.check(checks, minutes=0.5)
        assert (await desk.vitals.look()).overdue is None
    assert [path for path in desk.exchange.asked if path.startswith("main/")] == []
    await desk.check(checks, minutes=0.5)
    assert LIST in desk.exchange.asked
