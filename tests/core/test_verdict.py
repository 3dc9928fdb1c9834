"""The verdict on a check: readings become states and events, a failure is never a balance."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.alerts import AlertKey, AlertState
from bot.core.events import AlertCleared, AlertRaised
from bot.core.measures import Facts
from bot.core.portfolio import Account, WalletState
from bot.core.rules import parse_rule
from bot.core.verdict import Verdict, reach_verdict
from bot.core.watches import watches_of
from bot.fetchers.errors import CredentialsRejected, ExchangeUnavailable, FetchError
from bot.fetchers.model import Balance, Reading, SubAccount

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
DOWN = ExchangeUnavailable("it is down")
MAIN = Account(
    "main",
    "okx",
    ("funding", "eth-staking", "sub:desk1"),
    timedelta(minutes=1),
    coins={"eth-staking": frozenset({"BETH"})},
)
COINW = Account("coinw", "coinw", ("spot",), timedelta(minutes=1))
ACCOUNTS = (COINW, MAIN)


def at(minute: int) -> datetime:
    return START + timedelta(minutes=minute)


def usdt(total: str | None, available: str | None = None) -> Balance:
    return Balance(
        "USDT",
        None if total is None else Decimal(total),
        None if available is None else Decimal(available),
        None,
    )


def read(what: str | Balance | FetchError | None, minute: int = 0) -> Reading:
    """Read so much USDT, this balance, nothing at all, or not read."""
    if isinstance(what, FetchError):
        return Reading("w", at(minute), None, what)
    held = (usdt(what),) if isinstance(what, str) else (what,) if what else ()
    return Reading("w", at(minute), held)


class Bot:
    """Keeps states between checks, as the database does."""

    def __init__(self, *lines: str) -> None:
        self.watches = [
            watch
            for n, line in enumerate(lines)
            for watch in watches_of(f"r{n}", parse_rule(line), ACCOUNTS)
        ]
        self.known: dict[str, WalletState] = {}
        self.alerts: dict[AlertKey, AlertState] = {}

    def check(self, readings: Mapping[str, Reading]) -> Verdict:
        concerned = [watch for watch in self.watches if set(watch.paths) & set(readings)]
        verdict = reach_verdict(
            readings,
            watches=concerned,
            facts=Facts(self.known),
            alerts=self.alerts,
            now=max((r.read_at for r in readings.values()), default=START),
        )
        self.known |= {state.path: state for state in verdict.wallets}
        self.alerts |= {state.key: state for state in verdict.alerts}
        return verdict

    def kinds(self, readings: Mapping[str, Reading]) -> list[str]:
        return [event.kind for event in self.check(readings).events]


@pytest.mark.parametrize(
    ("line", "subjects"),
    [
        ("main USDT < 5", {"main/funding": 1, "main/sub:desk1": 1}),  # none can be in eth-staking
        ("main BETH < 5", {"main/funding": 1, "main/eth-staking": 1, "main/sub:desk1": 1}),
        ("*/spot USDT < 5", {"coinw/spot": 1}),
        ("sum * USDT < 5", {"sum *": 3}),
        ("sum main/sub:* USDT < 5", {"sum main/sub:*": 1}),
        ("nobody USDT < 5", {}),
        ("sum nobody USDT < 5", {}),
        ("main/eth-staking USDT < 5", {}),
    ],
)
def test_what_a_rule_covers(line: str, subjects: dict[str, int]) -> None:
    """Each wallet that can hold the coin is a subject of its own; a sum is one subject."""
    watches = watches_of("low", parse_rule(line), ACCOUNTS)
    assert {watch.subject: len(watch.paths) for watch in watches} == subjects
    assert all(watch.key == ("low", watch.subject, watch.rule.asset) for watch in watches)


def test_a_good_reading_is_kept_and_judged() -> None:
    """The states carry what was read, when, and where the alert stands."""
    bot = Bot("main/funding USDT < 500")
    verdict = bot.check({"main/funding": read("400")})
    (wallet,) = verdict.wallets
    assert wallet == WalletState("main/funding", (usdt("400"),), START)
    (event,) = verdict.events
    assert isinstance(event, AlertRaised)
    assert (event.amount, event.at) == (Decimal(400), START)
    assert [state.phase for state in verdict.alerts] == ["firing"]


def test_a_coin_that_is_left_out_is_zero() -> None:
    """A good answer without the coin breaks a rule; that is what an empty wallet looks like."""
    verdict = Bot("main/funding USDT < 500").check({"main/funding": read(None)})
    (event,) = verdict.events
    assert isinstance(event, AlertRaised)
    assert event.amount == 0


def test_a_part_that_is_not_told_is_not_judged() -> None:
    """A total where only that is told says nothing about what is available."""
    bot = Bot("main/funding USDT available < 500")
    assert bot.kinds({"main/funding": read(usdt("1"))}) == []
    assert bot.kinds({"main/funding": read(usdt("1000", "499"))}) == ["alert_raised"]


def test_a_failure_keeps_the_last_good_value() -> None:
    """What was known stays, with its age; only the health has changed."""
    bot = Bot()
    bot.check({"main/funding": read("400")})
    (state,) = bot.check({"main/funding": read(DOWN, 1)}).wallets
    assert (state.balances, state.read_at) == ((usdt("400"),), START)
    assert not state.readable
    assert state.health.message == "it is down"


def test_a_failure_does_not_spoil_the_others() -> None:
    """One wallet is judged as usual while another of its account cannot be read."""
    bot = Bot("main USDT < 500")
    kinds = bot.kinds({"main/funding": read(DOWN), "main/sub:desk1": read("1")})
    assert kinds == ["alert_raised"]


def test_sources_are_told_before_alerts() -> None:
    """The order in a verdict: sources first, then alerts in the order of the rules."""
    bot = Bot("main/sub:* USDT < 500", "main/funding USDT < 500")
    refused = CredentialsRejected("no")
    verdict = bot.check(
        {
            "main/funding": read("1"),
            "main/sub:desk1": read("1"),
            "main/eth-staking": read(refused),
        }
    )
    assert [event.kind for event in verdict.events] == [
        "source_lost",
        "alert_raised",
        "alert_raised",
    ]
    subjects = [e.alert.subject for e in verdict.events if isinstance(e, AlertRaised)]
    assert subjects == ["main/sub:desk1", "main/funding"]


def test_a_sum_is_judged_only_when_all_of_it_is_readable_now() -> None:
    """A sum waits for its last wallet, is silent while one fails, and then goes on."""
    bot = Bot("sum * USDT < 500 · clear 500")
    main = {"main/funding": read("100"), "main/sub:desk1": read("100")}
    assert bot.kinds(main) == []  # coinw was never read
    assert bot.kinds({"coinw/spot": read(DOWN)}) == []
    assert bot.kinds({"coinw/spot": read("100", 1)}) == ["alert_raised"]
    assert bot.kinds({"coinw/spot": read(DOWN, 2)}) == []
    rich = {"main/funding": read("9000", 3), "main/sub:desk1": read("100", 3)}
    assert bot.kinds(rich) == []  # enough in itself, but nobody knows the rest
    assert bot.kinds({"coinw/spot": read("0", 4)}) == ["alert_cleared"]


def test_a_sum_for_two_reads_needs_each_wallet_twice() -> None:
    """Reading one account often does not make a sum bad twice."""
    bot = Bot("sum * USDT < 500 · for 2 reads")
    main = ("main/funding", "main/sub:desk1")
    assert bot.kinds({path: read("1", 0) for path in main} | {"coinw/spot": read("1", 0)}) == []
    for minute in range(1, 5):
        assert bot.kinds({path: read("1", minute) for path in main}) == []
    assert bot.kinds({"coinw/spot": read("1", 5)}) == ["alert_raised"]


def test_a_sum_of_old_and_new_is_not_judged() -> None:
    """After a pause the first wallet that is read does not make a sum with news of yesterday."""
    bot = Bot("sum main USDT < 500")
    bot.check({"main/funding": read("1000"), "main/sub:desk1": read("1000")})
    assert bot.kinds({"main/sub:desk1": read("0", 3)}) == []  # 1000 in all: three rounds are fine
    assert bot.kinds({"main/funding": read("0", 7)}) == []
    assert bot.kinds({"main/sub:desk1": read("0", 7)}) == ["alert_raised"]


def test_a_sum_needs_the_list_of_its_sub_accounts() -> None:
    """Without the list nobody knows whether the sum is whole; an empty list has no sum."""
    bare = Account("m", "okx", ("funding",), timedelta(minutes=1), sub_wallets=("sub:*",))
    desk = bare.with_subs([SubAccount("a")])
    rule = parse_rule("sum m/sub:* USDT < 500")
    assert watches_of("low", rule, [bare]) == ()
    (watch,) = watches_of("low", rule, [desk])
    assert watch.paths == ("m/sub:a", "m/sub:*")
    (single,) = watches_of("low", parse_rule("m/sub:* USDT < 500"), [desk])
    assert single.paths == ("m/sub:a",)
    (own,) = watches_of("low", parse_rule("sum m/funding USDT < 500"), [desk])
    assert own.paths == ("m/funding",)
    for listed, events in ((read(DOWN), []), (read(None), ["alert_raised"])):
        readings = {"m/sub:a": read("1"), "m/sub:*": listed}
        verdict = reach_verdict(readings, watches=[watch], facts=Facts({}), alerts={}, now=START)
        assert [event.kind for event in verdict.events] == events


what_is_read = st.one_of(st.just(DOWN), st.integers(0, 600).map(str), st.none())
check_of_all = st.fixed_dictionaries(
    {}, optional={path: what_is_read for account in ACCOUNTS for path in account.paths}
)


@given(st.lists(check_of_all, max_size=15))
def test_failures_move_no_alert(checks: list[dict[str, str | FetchError | None]]) -> None:
    """In any story an alert moves by good readings alone, and no failure passes for a zero."""
    bot = Bot("main USDT < 500 · for 2 reads", "sum * USDT < 900")
    for minute, found in enumerate(checks):
        before = dict(bot.alerts)
        readings = {path: read(what, minute) for path, what in found.items()}
        failed = {path for path, reading in readings.items() if reading.error}
        verdict = bot.check(readings)
        for watch in bot.watches:
            if set(watch.paths) & failed:
                start = AlertState(*watch.key)
                assert bot.alerts.get(watch.key, start) == before.get(watch.key, start)
        told = [e for e in verdict.events if isinstance(e, AlertRaised | AlertCleared)]
        assert not {event.alert.subject for event in told} & failed
        assert all(event.at == at(minute) for event in told)


def test_a_watch_without_a_reading_is_not_judged() -> None:
    """A wallet that nothing is known of leaves its alert as it was."""
    (watch,) = watches_of("low", parse_rule("main/funding USDT < 5"), ACCOUNTS)
    verdict = reach_verdict({}, watches=[watch], facts=Facts({}), alerts={}, now=START)
    assert verdict.alerts == (AlertState("low", "main/funding", "USDT"),)
    assert verdict.events == ()
