"""Laws of all texts: they fit a message and a phone, stay whole, and no failure shows as zero."""

import re
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.chat.views.balances import balance_blocks, reading_text
from bot.chat.views.digests import digest_text
from bot.chat.views.layout import COLUMNS, columns, pages
from bot.chat.views.rules import rule_pages
from bot.chat.views.standing import alert_pages
from bot.chat.views.words import usage_text, whoami_text
from bot.core.alerts import AlertState
from bot.core.events import AlertCleared, AlertEnded, AlertRaised, AlertReminded, SourceFound
from bot.core.portfolio import WalletState
from bot.core.rules import parse_rule
from bot.fetchers.model import Balance, Price
from bot.services.manage_rules import RuleStatus
from bot.services.report_balances import AlertReport
from tests.chat.views.reading import lines_of_tables, read
from tests.chat.views.samples import (
    DOWN,
    NOW,
    UTC_ZONE,
    alert,
    coin,
    digest,
    lost,
    price,
    raised,
    report,
    shown,
    told,
    wallet,
)

coins = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Zs"], exclude_characters="\n"),
    min_size=1,
    max_size=64,
)
numbers = st.builds(
    lambda whole, fraction: f"{whole}.{fraction:018}",
    st.integers(0, 10**18 - 1),
    st.integers(0, 10**18 - 1),
)
parts = st.none() | numbers
balances = st.lists(st.builds(coin, coins, parts, parts, parts), max_size=8)


@given(
    st.lists(balances, min_size=1, max_size=3),
    st.decimals("0.00000001", "1", places=8),  # so that no value is beyond 18 digits
)
@example(
    [
        [coin("0", None, "903306.000000000000000001", None)],
        [
            coin("0", None, "999999999999096694", None),
            coin("0000000000", None, "0.000000000000000001", None),
        ],
    ],
    Decimal(1),
)
def test_tables_of_balances_fit_a_phone(wallets: list[list[Balance]], last: Decimal) -> None:
    """Whatever coins and amounts there are, no line of a table is wider than a phone."""
    states = [wallet(f"a{n}/spot", *held) for n, held in enumerate(wallets)]
    prices = [Price(b.asset, "USDT", last, NOW) for held in wallets for b in held]
    for block in balance_blocks(report(*states, by=prices), UTC_ZONE):
        read(block)
        assert all(len(line) <= COLUMNS for line in lines_of_tables(block))


@given(balances, balances)
def test_tables_of_digests_fit_a_phone(before: list[Balance], after: list[Balance]) -> None:
    """Totals and differences keep to the same width."""
    text = digest_text(digest(wallet("a/spot", *after), before={"a/spot": before}), UTC_ZONE)
    read(text)
    assert all(len(line) <= COLUMNS for line in lines_of_tables(text))


amounts = numbers.map(Decimal)


@given(
    amounts,
    amounts,
    amounts,
    st.sampled_from("<>"),
    st.sampled_from([{"part": "total"}, {"part": "available"}, {"measure": "value"}]),
)
def test_tables_of_alerts_fit_a_phone(
    amount: Decimal, limit: Decimal, clear: Decimal, sign: str, more: dict[str, str]
) -> None:
    """Balance, limit and shortfall keep to the same width."""
    given_ = alert(limit=limit, clear=clear, comparison=sign, **more)
    for event in (
        AlertRaised(alert=given_, amount=amount, before=None, at=NOW),
        AlertReminded(alert=given_, amount=amount, at=NOW, number=1),
        AlertCleared(alert=given_, amount=amount, at=NOW),
    ):
        assert all(len(line) <= COLUMNS for line in lines_of_tables(told(event)))


NASTY = [
    "<b>",
    "&",
    "&amp;",
    "</pre>",
    "\u202eabc\u202c",
    "a\nb",
    "'\"",
    "x" * 300,
    "<" * 300,
    "😀" * 50,
]


@pytest.mark.parametrize("name", NASTY)
def test_nasty_names_break_no_text(name: str) -> None:
    """Names with markup, marks of direction or without end leave every text whole."""
    states = [wallet(f"{name}/{name}", coin(name, "1")), wallet(name, health=DOWN)]
    firing = AlertState(name, f"{name}/x", name, amount=Decimal(1), alert=alert(asset=name))
    given_ = alert(subject=f"sum {name}", asset=name, note=name[:200], rule=name)
    health = replace(DOWN, message=name)
    texts = [
        told(
            *[raised(subject=name, asset=name, note=name[:200], rule=name)] * 3,
            AlertCleared(alert=given_, amount=Decimal(1), at=NOW),
            AlertEnded(alert=given_, amount=Decimal(1), at=NOW),
            *[lost(f"{name}{n}", name) for n in range(9)],
            SourceFound(path=name, since=NOW, at=NOW),
        ),
        shown(*states, wallet("x", health=health)),
        digest_text(digest(*states, before={name: [coin(name, "5")]}, firing=[firing]), UTC_ZONE),
        *alert_pages(AlertReport(NOW, (firing,), (states[1],), tuple(states)), UTC_ZONE),
        rule_pages([RuleStatus(name, parse_rule("* USDT < 5"), (firing,))])[0].text,
        reading_text([name, name]),
        usage_text("balance"),
        whoami_text(user_id=1, chat_id=-1, role="owner"),
    ]
    for text in texts:
        assert "\u202e" not in read(text)


def many_wallets(count: int, coins_each: int) -> Sequence[WalletState]:
    held = [coin(f"C{n:03}", "123456.789012345678") for n in range(coins_each)]
    return [wallet(f"account{n}/sub:desk{n}", *held) for n in range(count)]


def test_two_hundred_alerts_are_one_message() -> None:
    """What does not fit is left out with a word; what is left is whole."""
    events = [raised(subject=f"main/sub:desk{n}", note="n" * 200) for n in range(200)]
    text = read(told(*events, maybe_repeated=True))
    assert text.endswith("… and more: /alerts shows all")
    assert text.count("WARNING") > 5
    firing = tuple(
        AlertState("low", f"a{n}/b", "USDT", amount=Decimal(1), alert=alert()) for n in range(200)
    )
    for text in alert_pages(AlertReport(NOW, firing, (), ()), UTC_ZONE):
        read(text)
    for page in rule_pages([RuleStatus("low", parse_rule("* USDT < 5"), firing)] * 50):
        read(page.text)


@pytest.mark.parametrize(("count", "each"), [(1, 500), (500, 0), (200, 3), (3, 100)])
def test_many_balances_are_pages(count: int, each: int) -> None:
    """Each page is whole and fits, and no coin is lost between two of them."""
    states = many_wallets(count, each)
    prices = [price(f"C{n:03}-USDT", "65432.1") for n in range(each)]
    laid = pages(balance_blocks(report(*states, by=prices), UTC_ZONE))
    seen = "\n".join(read(page) for page in laid)
    assert seen.count("· USDT ") == each
    assert "<pre>·" not in "".join(laid)
    assert all(seen.count(f"C{n:03}") == count + 1 for n in range(each))
    read(digest_text(digest(*states, before={s.path: [] for s in states}), UTC_ZONE))
    read(reading_text([state.path for state in states]))


def test_many_wallets_that_cannot_be_read() -> None:
    """Five hundred failures do not make a message that Telegram refuses."""
    states = [wallet(f"a{n}/spot", coin("ETH", "1"), health=DOWN) for n in range(500)]
    for page in pages(balance_blocks(report(*states), UTC_ZONE)):
        read(page)
    read(digest_text(digest(*states), UTC_ZONE))
    read(told(*[lost(f"a{n}/spot", f"reason {n}") for n in range(500)]))


failing = st.builds(
    lambda held, known: (
        wallet("a/spot", *held, health=DOWN) if known else WalletState("a/spot", health=DOWN)
    ),
    st.lists(st.builds(coin, st.just("ETH"), st.just("0") | st.just("7")), max_size=1),
    st.booleans(),
)


@given(failing, st.sampled_from([None, "ETH"]))
@settings(max_examples=30)
def test_a_failed_wallet_never_shows_a_zero(state: WalletState, only: str | None) -> None:
    """Where nothing could be read there is no table with a nought in it, and no "empty"."""
    for text in (
        shown(state, coin=only),
        digest_text(digest(state), UTC_ZONE),
        *alert_pages(AlertReport(NOW, (), (state,), (state,)), UTC_ZONE),
        told(lost("a/spot")),
    ):
        assert "empty" not in text
        assert "nothing in any wallet" not in text
        assert not [line for line in lines_of_tables(text) if re.search(r"\s0$", line)]


def test_columns() -> None:
    """Names stand left, amounts right, as near as they may."""
    assert columns([]) == ""
    assert columns([("A", "1"), ("LONG", "22")]) == "<pre>A        1\nLONG    22</pre>"
    (line,) = lines_of_tables(columns([("A" * 10, f"{'1' * 18}.5")]))
    assert line == f"{'A' * 10}    {'1' * 18}.5"
