"""Accounts, wallets and totals: what is meant, what counts once, and what is not known."""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.errors import UnknownName
from bot.core.health import Health
from bot.core.portfolio import (
    Account,
    Amount,
    WalletState,
    amount_in,
    amount_of,
    is_listing,
    matches,
    may_match,
    nearest,
    staked_only,
    sub_of,
    total_of,
    totals_by_coin,
)
from bot.fetchers.model import Balance, Staking, SubAccount

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SNAPSHOT = Staking(NOW, Decimal(0), Decimal(0))
FAILING = Health(failures=1, failing_since=NOW, error="ExchangeUnavailable", message="down")


def coin(asset: str, total: str | Decimal | None, available: str | None = None) -> Balance:
    return Balance(
        asset,
        total=Decimal(total) if total is not None else None,
        available=Decimal(available) if available is not None else None,
        held=None,
    )


def staked(amount: str) -> Balance:
    return Balance("BETH", Decimal(amount), None, None, SNAPSHOT)


def wallet(path: str, *balances: Balance, health: Health | None = None) -> WalletState:
    return WalletState(path, balances, NOW, health or Health())


@pytest.mark.parametrize(
    ("pattern", "path", "meant"),
    [
        ("*", "main/funding", True),
        ("*", "main/sub:desk1", True),
        ("main", "main/funding", True),  # without a slash: whole accounts
        ("main", "main2/funding", False),
        ("ma*", "main2/funding", True),
        ("main/funding", "main/funding", True),
        ("MAIN/Funding", "main/funding", True),
        ("main/funding", "main/funding2", False),
        ("main/fund", "main/funding", False),
        ("*/spot", "coinw/spot", True),
        ("*/spot", "main/funding", False),
        ("main/sub:*", "main/sub:desk1", True),
        ("main/sub:*", "main/funding", False),
        ("main/sub:DESK1", "main/sub:Desk1", True),
        ("*/*", "main/sub:desk1", True),
        ("main/sub:desk?", "main/sub:desk1", False),
        ("main/sub:desk[1]", "main/sub:desk1", False),
        ("main/sub:desk[1]", "main/sub:desk[1]", True),  # what is shown can be typed
        # Segment by segment: a trading account is not its sub-account's funding account.
        ("main/sub:*", "main/sub:desk1/trading", False),
        ("main/sub:desk1", "main/sub:desk1/trading", False),
        ("main/sub:*/trading", "main/sub:desk1/trading", True),
        ("main/sub:*/trading", "main/sub:desk1", False),
        ("main/sub:*/trading", "main/trading", False),
        ("*/trading", "main/trading", True),
        ("*/trading", "main/sub:desk1/trading", False),
        ("main/*ing", "main/sub:desk1/trading", False),
        # A star alone at the end is all that is below.
        ("main/*", "main/sub:desk1/trading", True),
        ("main/*", "main2/funding", False),
        ("main", "main/sub:desk1/trading", True),
        ("*", "main/sub:desk1/trading", True),
        ("main/sub:*/*", "main/sub:desk1/trading", True),
        ("main/sub:*/*", "main/sub:desk1", False),
        ("funding", "main/funding", False),  # a wallet alone is not a path
    ],
)
def test_patterns(pattern: str, path: str, *, meant: bool) -> None:
    """A path or glob means these wallets, in whatever case."""
    assert matches(pattern, path) is meant


names = st.text("ab", min_size=1, max_size=3)
globs = st.text("ab*?", min_size=1, max_size=4)


def spelt_out(glob: str) -> str:
    """Write a glob as a regular expression that knows nothing of slashes but their meaning."""
    *most, last = glob.split("/")
    one = {"*": "[^/]*", "?": r"\?"}
    parts = ["".join(one.get(letter, letter) for letter in part) for part in most]
    if not most:
        return "".join(one.get(letter, letter) for letter in last) + "/.+"
    parts.append(".+" if last == "*" else "".join(one.get(letter, letter) for letter in last))
    return "/".join(parts)


@given(
    st.lists(globs, min_size=1, max_size=3).map("/".join),
    st.lists(names, min_size=2, max_size=3).map("/".join),
)
def test_globs_go_segment_by_segment(pattern: str, path: str) -> None:
    """What is meant is what the same glob means as a regular expression over the whole path."""
    assert matches(pattern, path) == (re.fullmatch(spelt_out(pattern), path) is not None)


@given(
    st.lists(globs, max_size=2),
    st.lists(names, min_size=1, max_size=1),
    st.sampled_from(["a/sub:*", "a/sub:*/b"]),
)
def test_what_may_match_is_whatever_some_name_would(
    behind: list[str], name: list[str], template: str
) -> None:
    """A pattern that means a path of a template may match it, whoever the sub-account is."""
    pattern = "/".join(["a", *(f"sub:{glob}" for glob in behind[:1]), *behind[1:]])
    path = template.replace("*", name[0])
    assert may_match(pattern, template) or not matches(pattern, path)


@pytest.mark.parametrize(
    ("pattern", "template", "may"),
    [
        ("main", "main/sub:*", True),
        ("main/*", "main/sub:*/trading", True),
        ("main/s*", "main/sub:*", True),
        ("main/su*:x*", "main/sub:*", True),
        ("main/*1", "main/sub:*", True),
        ("main/sub:desk1", "main/sub:*", True),
        ("main/sub:desk1", "main/sub:*/trading", False),
        ("main/sub:d*a/trading", "main/sub:*/trading", True),
        ("main/funding", "main/sub:*", False),
        ("main/f*", "main/sub:*", False),
        ("xt/sub:*", "main/sub:*", False),
        ("main/sub:*/savings", "main/sub:*/trading", False),
    ],
)
def test_what_a_pattern_may_mean_later(pattern: str, template: str, *, may: bool) -> None:
    """A pattern may mean sub-accounts that nobody has seen yet, or surely none."""
    assert may_match(pattern, template) is may


def test_sub_accounts_of_an_account() -> None:
    """Those that are discovered take the place of the ones before; the own wallets stay."""
    account = Account(
        "main", "okx", ("funding",), timedelta(minutes=1), sub_wallets=("sub:*", "sub:*/trading")
    )
    assert account.sources == ("main/funding", "main/sub:*")
    grown = account.with_subs([SubAccount("b", frozen=True), SubAccount("a")])
    theirs = ("sub:a", "sub:a/trading", "sub:b", "sub:b/trading")
    assert grown.wallets == ("funding", *theirs)
    assert grown.sources == (*grown.paths, "main/sub:*")
    assert grown.frozen == {"main/sub:b", "main/sub:b/trading"}
    assert grown.with_subs([]) == account
    assert grown.with_subs(account.subs) == account
    assert account.may_come_under("main/sub:x")
    assert not account.may_come_under("main/funding")
    assert account.is_meant_by("main/sub:*/trading")
    assert not account.is_meant_by("main/sub:x")
    plain = Account("xt", "xt", ("spot",), timedelta(minutes=1))
    assert (plain.listing, plain.sources) == (None, ("xt/spot",))
    assert not plain.may_come_under("*")


def test_paths_of_sub_accounts() -> None:
    """A path tells whose wallet it is; the list is nobody's."""
    paths = ["main/funding", "main/sub:a", "main/sub:a/trading", "main/sub:*"]
    assert [sub_of(path) for path in paths] == [None, "a", "a", "*"]
    assert [is_listing(path) for path in paths] == [False, False, False, True]


def test_nearest_names() -> None:
    """A name that is not known is told with those that it may have meant."""
    paths = ("main/funding", "main/eth-staking", "coinw/spot")
    assert nearest("main/fundign", paths)[0] == "main/funding"
    assert nearest("USTD", ["USDT", "BTC"]) == ("USDT",)
    assert str(UnknownName("zzz", ())) == "nothing here is called zzz"
    assert str(UnknownName("a", ("b", "c"))).endswith("; did you mean b or c?")


def test_paths_that_can_hold_a_coin() -> None:
    """A wallet that can hold certain coins only is not asked about others."""
    account = Account(
        name="main",
        exchange="okx",
        wallets=("funding", "eth-staking"),
        check_every=timedelta(minutes=1),
        coins={"eth-staking": frozenset({"BETH"})},
    )
    assert account.paths == ("main/funding", "main/eth-staking")
    assert account.paths_for("USDT") == ("main/funding",)
    assert account.paths_for("BETH") == account.paths


@pytest.mark.parametrize(
    ("balance", "part", "expected"),
    [
        (coin("A", "5", "3"), "total", Amount(Decimal(5))),
        (coin("A", "5", "3"), "available", Amount(Decimal(3), "available")),
        # Available stands in for a total that is not told, as the least there is.
        (coin("A", None, "3"), "total", Amount(Decimal(3), "available", complete=False)),
        (coin("A", None, "3"), "available", Amount(Decimal(3), "available")),
        (coin("A", None, "0"), "total", Amount(Decimal(0), "available", complete=False)),
        (coin("A", "5"), "available", None),
        (coin("A", None), "total", None),
        (coin("A", "0"), "total", Amount(Decimal(0))),
    ],
)
def test_parts_of_a_balance(balance: Balance, part: str, expected: Amount | None) -> None:
    """A part that is not told is unknown, never zero."""
    assert amount_of(balance, "total" if part == "total" else "available") == expected


def test_a_coin_that_a_good_reading_leaves_out_is_zero() -> None:
    """Exchanges leave out what is empty; what they list and do not tell stays unknown."""
    assert amount_in((), "USDT") == Amount(Decimal(0))
    assert amount_in((coin("ETH", "1"),), "USDT", "available") == Amount(Decimal(0), "available")
    assert amount_in((coin("USDT", None),), "USDT") is None


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        # The snapshot has all BETH of the account: what is in funding is in it, too.
        ([wallet("m/funding", coin("BETH", "1")), wallet("m/eth-staking", staked("3"))], 3),
        ([wallet("m/funding", coin("BETH", "4")), wallet("m/eth-staking", staked("3"))], 4),
        ([wallet("m/funding"), wallet("m/eth-staking", staked("3"))], 3),
        ([wallet("m/funding", coin("BETH", "4")), wallet("m/eth-staking")], 4),
        (
            [
                wallet("m/funding", coin("BETH", "2")),
                wallet("m/trading", coin("BETH", "2")),
                wallet("m/eth-staking", staked("3")),
            ],
            4,
        ),
        # Sub-accounts and other accounts stake for themselves.
        (
            [
                wallet("m/funding", coin("BETH", "1")),
                wallet("m/eth-staking", staked("3")),
                wallet("m/sub:a", coin("BETH", "10")),
                wallet("m/sub:b", coin("BETH", "20")),
            ],
            33,
        ),
        (
            [
                wallet("m/funding", coin("BETH", "1")),
                wallet("m/eth-staking", staked("3")),
                wallet("n/funding", coin("BETH", "5")),
                wallet("n/eth-staking", staked("2")),
            ],
            8,
        ),
    ],
)
def test_staked_ether_counts_once(states: list[WalletState], expected: int) -> None:
    """The total of BETH is the larger of the snapshot and the other wallets of the account."""
    assert total_of(states, "BETH") == Amount(Decimal(expected))
    assert totals_by_coin(states)["BETH"] == Amount(Decimal(expected))


def test_a_sum_needs_every_wallet() -> None:
    """One wallet that is unread, unreadable or silent about the coin, and there is no sum."""
    good = wallet("a/spot", coin("USDT", "5", "4"))
    assert total_of([good], "USDT") == Amount(Decimal(5))
    assert total_of([good], "USDT", "available") == Amount(Decimal(4), "available")
    assert total_of([good, wallet("b/spot")], "USDT") == Amount(Decimal(5))
    assert total_of([good, WalletState("b/spot")], "USDT") is None
    assert total_of([good, wallet("b/spot", health=FAILING)], "USDT") is None
    assert total_of([good, wallet("b/spot", coin("USDT", None))], "USDT") is None
    assert total_of([good, wallet("b/spot", coin("USDT", "1"))], "USDT", "available") is None
    assert total_of([], "USDT") is None


def test_totals_say_what_is_missing() -> None:
    """Each total is marked as the least that there is, unless all of it is known."""
    good = wallet("a/spot", coin("USDT", "5"), coin("ETH", "0"))
    assert totals_by_coin([good]) == {"USDT": Amount(Decimal(5))}
    least = {"USDT": Amount(Decimal(5), complete=False)}
    for other in (
        WalletState("b/spot"),  # never read
        wallet("b/spot", coin("USDT", "7"), health=FAILING),  # its old value is not counted
        wallet("b/spot", coin("USDT", None)),
        wallet("b/spot", coin("USDT", None, "0")),  # something may be held
    ):
        assert totals_by_coin([good, other]) == least
    partly = wallet("b/spot", coin("USDT", None, "2"))
    assert totals_by_coin([good, partly]) == {"USDT": Amount(Decimal(7), complete=False)}
    assert totals_by_coin([partly]) == {"USDT": Amount(Decimal(2), "available", complete=False)}
    assert totals_by_coin([]) == {}


def test_readable_is_what_was_read_at_the_last_attempt() -> None:
    """A state without a reading, or with a failure since, must not be judged."""
    assert wallet("a/spot").readable
    assert not WalletState("a/spot").readable
    assert not wallet("a/spot", health=FAILING).readable


digits = st.integers(0, 10**30 - 1)


@given(st.lists(st.tuples(digits, st.integers(0, 18)), min_size=1, max_size=20))
def test_sums_are_exact(amounts: Sequence[tuple[int, int]]) -> None:
    """Sums of amounts of 30 digits agree with those of whole numbers, to the last digit."""
    states = [
        wallet(f"a{n}/spot", coin("USDT", Decimal(f"{number}E-{places}")))
        for n, (number, places) in enumerate(amounts)
    ]
    expected = sum(number * 10 ** (18 - places) for number, places in amounts)
    total = total_of(states, "USDT")
    assert total is not None
    numerator, denominator = total.value.as_integer_ratio()
    assert numerator * 10**18 == expected * denominator
    assert totals_by_coin(states).get("USDT", Amount(Decimal(0))) == total


@given(st.lists(st.sampled_from(["known", "partly", "silent", "failing", "unread"]), min_size=1))
def test_unknown_parts_never_become_zero(kinds: list[str]) -> None:
    """There is a sum only when each part is known, and a whole total only when each is whole."""
    made: dict[str, Callable[[str], WalletState]] = {
        "known": lambda path: wallet(path, coin("USDT", "1")),
        "partly": lambda path: wallet(path, coin("USDT", None, "1")),
        "silent": lambda path: wallet(path, coin("USDT", None)),
        "failing": lambda path: wallet(path, coin("USDT", "1"), health=FAILING),
        "unread": WalletState,
    }
    states = [made[kind](f"a{n}/spot") for n, kind in enumerate(kinds)]
    total, shown = total_of(states, "USDT"), totals_by_coin(states).get("USDT")
    assert (total is None) == bool(set(kinds) - {"known", "partly"})
    assert total is None or total.value == len(kinds)
    assert (shown is None) == (not set(kinds) & {"known", "partly"})
    assert shown is None or shown.complete == (set(kinds) == {"known"})


def test_a_coin_left_out_of_a_partial_answer_is_not_a_total_of_zero() -> None:
    """Where an exchange tells the available part only, that is all that is known of the rest."""
    partial = (Balance("BTC", None, Decimal(1), None),)
    assert amount_in(partial, "USDT") == Amount(Decimal(0), "available", complete=False)
    assert amount_in((), "USDT") == Amount(Decimal(0))


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        (
            [wallet("m/funding", coin("BETH", "1")), wallet("m/eth-staking", staked("3"))],
            Amount(Decimal(2)),
        ),
        ([wallet("m/funding", coin("BETH", "4")), wallet("m/eth-staking", staked("3"))], None),
        ([wallet("m/eth-staking", staked("3"))], Amount(Decimal(3))),
        ([wallet("m/funding", coin("BETH", "3"))], None),
        # Sub-accounts and other accounts stake for themselves.
        (
            [
                wallet("m/eth-staking", staked("3")),
                wallet("m/sub:a", coin("BETH", "1")),
                wallet("m/sub:a/trading", coin("BETH", "1")),
                wallet("n/funding", coin("BETH", "1")),
                wallet("n/eth-staking", staked("1.5")),
            ],
            Amount(Decimal("3.5")),
        ),
        # What cannot be read may hold all of it.
        ([WalletState("m/funding"), wallet("m/eth-staking", staked("3"))], None),
        ([wallet("m/funding", coin("BETH", None)), wallet("m/eth-staking", staked("3"))], None),
        ([wallet("m/funding", health=FAILING), wallet("m/eth-staking", staked("3"))], None),
        (
            [
                WalletState("m/funding"),
                wallet("m/eth-staking", staked("3")),
                wallet("n/eth-staking", staked("1")),
            ],
            Amount(Decimal(1), complete=False),
        ),
    ],
)
def test_what_is_staked_only(states: list[WalletState], expected: Amount | None) -> None:
    """Of a snapshot, what lies in no other wallet of the account; unknown is not zero."""
    assert staked_only(states) == ({} if expected is None else {"BETH": expected})


def test_debts_go_off() -> None:
    """A wallet that owes lowers the total, also below zero."""
    states = [wallet("m/funding", coin("USDT", "1")), wallet("m/trading", coin("USDT", "-3"))]
    assert total_of(states, "USDT") == Amount(Decimal(-2))
    assert totals_by_coin(states) == {"USDT": Amount(Decimal(-2))}
