"""The answer to `/balance`: word for word, and that it loses no number and always fits."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bot.chat.numbers import hiding_amounts, width_of
from bot.chat.views.changes import change_lines
from bot.chat.views.holdings import Page, overview_page
from bot.chat.views.layout import COLUMNS
from bot.chat.views.triples import Triple, triples
from bot.core.health import Health
from bot.core.overview import By, overview_of
from bot.core.portfolio import WalletState
from bot.core.stock import Stock
from bot.core.valuation import PriceBook
from bot.core.value_change import ValueChange
from bot.fetchers.model import Price, Staking
from tests.chat.views.reading import lines_of_tables, read
from tests.chat.views.samples import DOWN, NOW, UTC_ZONE, ago, coin, price, wallet

ETH = [price("ETH-USDT", "2000")]


def pages_of(
    *states: WalletState,
    query: str = "*",
    by: By = "places",
    of: str | None = None,
    prices: Sequence[Price] = ETH,
    change: ValueChange | None = None,
    status: str = "",
) -> list[Page]:
    book = PriceBook({"okx": prices}, "USDT", now=NOW)
    markets = {state.path.partition("/")[0]: "okx" for state in states}
    stock = Stock(states, book, markets=markets, now=NOW, coin=of)
    shown = [s for s in states if query in {"*", s.path, s.path.partition("/")[0]} or of]
    overview = overview_of(stock, shown, query=query, by=by, change=change)
    laid: list[Page] = []
    while not laid or len(laid) < laid[0].pages:
        page = overview_page(
            overview,
            UTC_ZONE,
            by=by,
            small=Decimal(1),
            page=len(laid),
            status=status,
        )
        laid.append(page)
    return laid


def text_of(*states: WalletState, **more: Any) -> str:
    (page,) = pages_of(*states, **more)
    return page.text


def test_everything() -> None:
    """The total, how old it is, and the accounts, the largest first, with their shares."""
    change = ValueChange(NOW - timedelta(days=1), Decimal(-60), Decimal(20), Decimal(8000))
    text = text_of(
        wallet("small/spot", coin("USDT", "40")),
        wallet("main/funding", coin("ETH", "2"), read_at=ago(minutes=3)),
        wallet("main/trading", coin("USDT", "3960")),
        wallet("none/spot"),
        change=change,
    )
    assert text == (
        "<b>Balances</b> · <b>≈ 8,000.00 USDT</b>\n"
        "▼ −40.00 USDT (−0.5 %) in 24 h\n"
        "amounts −60.00 · prices +20.00\n"
        "<i>12:00:30 UTC · oldest reading 3 min ago</i>\n"
        "<pre>main   7,960.00  100 %\nsmall     40.00  &lt; 1 %</pre>\n"
        "empty: <code>none</code>"
    )


def test_what_cannot_be_read_is_marked() -> None:
    """The value is the least there is; each reason is told once, with the last good reading."""
    page = pages_of(
        wallet("main/funding", coin("ETH", "2"), read_at=ago(minutes=4), health=DOWN),
        wallet("main/trading", coin("USDT", "5")),
        wallet("xt/spot", coin("ETH", "1"), health=DOWN),
        WalletState("new/spot"),
    )[0]
    lines = page.text.split("\n")
    assert lines[0] == "<b>Balances</b> · <b>≥ 5.00 USDT</b>"
    assert (
        "⚠️ <code>main/funding</code>, <code>xt/spot</code>: okx answered HTTP 502 · "
        "last good 4 min ago"
    ) in lines
    assert "⚠️ <code>new/spot</code>: not read yet" in lines
    assert "<pre>main  ≥ 5.00  100 %</pre>" in lines
    assert [c.label for c in page.choices] == ["⚠️ main", "⚠️ new", "⚠️ xt"]


def test_by_coin() -> None:
    """Coins by worth; what is small is one line, what has no price is listed."""
    small = [coin(f"S{n}", "0.1") for n in range(7)]
    text = text_of(
        wallet("a/spot", coin("ETH", "0.5"), coin("ODD", "3"), coin("USDT", "2000"), *small),
        wallet("b/spot", coin("ETH", "1")),
        by="coins",
        prices=[*ETH, *(price(f"S{n}-USDT", "4.5") for n in range(7))],
    )
    assert "<b>≥ 5,003.15 USDT</b>\nno price: ODD\n" in text
    assert (
        "<pre>ETH     1.5  3,000.00\nUSDT  2,000  2,000.00\nODD       3  no price</pre>\n"
        "7 coins below 1 USDT each: ≈ 3.15 USDT"
    ) in text


def test_a_wallet() -> None:
    """Each coin with what is free and held and what it is worth, and when all was read."""
    text = text_of(
        wallet("main/funding", coin("ETH", "2", "1.5", "0.5"), coin("USDT", "7")),
        wallet("main/trading", coin("USDT", "3993")),
        query="main/funding",
    )
    assert text == (
        "<b>Balances</b> · <code>main/funding</code>\n"
        "<b>≈ 4,007.00 USDT</b> · 50 % of all\n"
        "<i>12:00:30 UTC · read 5 s ago</i>\n"
        "<pre>ETH              2\n· free         1.5\n· held         0.5\n"
        "· USDT    4,000.00\nUSDT             7</pre>"
    )


def test_a_wallet_that_cannot_be_read() -> None:
    """It says why and what it held, and that is in no total."""
    failing = wallet("a/spot", coin("ETH", "3"), read_at=ago(minutes=4), health=DOWN)
    text = text_of(failing, wallet("b/spot", coin("USDT", "1")), query="a/spot")
    assert text.endswith(
        "\n⚠️ okx answered HTTP 502\nlast good value, 4 min ago:\n<pre>ETH    3</pre>"
    )
    assert "6,000" not in text
    never = text_of(WalletState("a/spot", health=DOWN), query="a/spot")
    assert never.endswith("\n⚠️ okx answered HTTP 502; never read so far")
    assert text_of(WalletState("a/spot"), query="a/spot").endswith("\n⏳ not read yet")


def test_one_coin() -> None:
    """How much there is, its worth and price, what is free, and where it lies."""
    text = text_of(
        wallet("a/spot", coin("ETH", "2", "1", "1"), coin("USDT", "2000")),
        wallet("b/spot", coin("ETH", "1", "1", "0")),
        query="eth",
        of="ETH",
        prices=[price("ETH-USDT", "2000", seconds=12)],
    )
    assert text == (
        "<b>Balances</b> · <b>ETH</b>\n<b>3 ETH</b>\n<b>≈ 6,000.00 USDT</b> · 75 % of all\n"
        "1 ETH = 2,000 USDT · 12 s ago\nfree 2 · held 1\n"
        "<i>12:00:30 UTC · oldest reading 5 s ago</i>\n<pre>a  2  67 %\nb  1  33 %</pre>"
    )


def test_staking_counts_once() -> None:
    """The snapshot is told whole, and what of it lies in no other wallet is what counts."""
    staking = Staking(ago(hours=3), Decimal("0.1"), Decimal("0.2"))
    states = [
        wallet("main/funding", coin("BETH", "1.5")),
        wallet("main/eth-staking", replace(coin("BETH", "4"), staking=staking)),
    ]
    prices = [price("BETH-USDT", "1000")]
    text = text_of(*states, query="main", prices=prices)
    assert "≈ 4,000.00 USDT" in text
    assert "eth-staking  2,500.00  62 %\nfunding      1,500.00  38 %" in text
    alone = text_of(*states, query="main/eth-staking", prices=prices)
    assert "BETH                  4\n· only here         2.5\n· USDT         2,500.00" in alone
    assert "snapshot 3 h ago · interest 0.1, in all 0.2" in alone


def test_what_is_lent_has_earned() -> None:
    """A wallet of savings tells what it has brought in; in percent that would say nothing."""
    lent = wallet("main/savings", replace(coin("USDT", "11"), earned=Decimal("0.001")))
    assert "interest in all 0.001" in text_of(lent, query="main/savings")
    with hiding_amounts(True):
        assert "interest" not in text_of(lent, query="main/savings")


def test_what_has_changed() -> None:
    """What is not known of a change is said, and never told as 0."""

    def told(by_amounts: str, by_prices: str | None, *without: str) -> list[str]:
        prices = None if by_prices is None else Decimal(by_prices)
        before = None if prices is None else Decimal(100)
        since = NOW - timedelta(days=1)
        change = ValueChange(since, Decimal(by_amounts), prices, before, without)
        return list(change_lines(change, "USD"))

    assert told("5", "0") == ["▲ +5.00 USD (+5 %) in 24 h", "by amounts alone"]
    assert told("0", "-5") == ["▼ −5.00 USD (−5 %) in 24 h", "by prices alone"]
    assert told("0.001", "0") == ["24 h: no change"]
    assert told("5", None, "a/b", "c/d") == [
        "24 h: +5.00 USD by amounts, at present prices",
        "2 wallets cannot be compared",
    ]


def numbers_of(pages: Sequence[Page]) -> Decimal:
    """Add up the values of all tables."""
    lines = [line for page in pages for line in lines_of_tables(page.text)]
    told = [found for line in lines for found in re.findall(r"−?[\d,]+\.\d\d", line)]
    assert len(told) == len(lines)
    return sum((Decimal(n.replace(",", "").replace("−", "-")) for n in told), Decimal())


paths = st.tuples(
    st.from_regex(r"[a-z]{1,20}", fullmatch=True), st.from_regex(r"[a-z&<]{1,60}", fullmatch=True)
).map("/".join)
cents = st.integers(-(10**9), 10**12).map(lambda n: f"{n}e-2").map(Decimal)


@given(st.dictionaries(paths, cents, min_size=1, max_size=40))
def test_no_number_is_lost(held: dict[str, Decimal]) -> None:
    """The subtotals that are shown on all pages add up to the total, to the cent."""
    states = [wallet(path, coin("USDT", f"{amount:f}")) for path, amount in held.items()]
    pages = pages_of(*states)
    if len(held) > 1:
        assert numbers_of(pages) == sum(held.values())
    names = [choice.query for page in pages for choice in page.choices]
    assert len(names) == len(set(names))


awkward = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)
health = st.one_of(
    st.just(Health()),
    st.builds(lambda words: Health(2, NOW, "UnexpectedAnswer", words), st.text(max_size=400)),
)
wholes = st.integers(0, 10**18).map(lambda n: f"{n}.{n:018}")
balances = st.lists(
    st.builds(coin, awkward.map(str.upper), wholes, st.none() | wholes, st.none() | wholes),
    max_size=20,
    unique_by=lambda balance: balance.asset,
)


@given(
    st.lists(
        st.tuples(paths, balances, health), min_size=1, max_size=30, unique_by=lambda s: s[0]
    ),
    st.sampled_from(["places", "coins"]),
    st.booleans(),
)
def test_every_page_fits(drawn: list[tuple[str, list[Any], Health]], by: By, priced: bool) -> None:
    """Whatever is held wherever, and however it fails: whole markup, one message, 34 columns."""
    states = [wallet(path, *held, health=how) for path, held, how in drawn]
    coins = {balance.asset for _path, held, _how in drawn for balance in held}
    prices = [Price(c, "USDT", Decimal("0.37"), NOW) for c in coins if priced]
    for query in ("*", states[0].path, states[0].path.partition("/")[0]):
        for page in pages_of(*states, query=query, by=by, prices=prices, status="⏳ reading …"):
            read(page.text)
            widths = [width_of(line) for line in lines_of_tables(page.text)]
            assert max(widths, default=0) <= COLUMNS


@given(st.lists(st.builds(Triple, awkward, wholes, wholes | st.just("")), min_size=1))
def test_rows_of_three(rows: list[Triple]) -> None:
    """What is too wide for three goes in two; no digit before the point is ever cut."""
    (table,) = triples(rows)
    lines = list(lines_of_tables(table))
    assert max(map(width_of, lines)) <= COLUMNS
    digits = " ".join(lines)
    assert all(row.amount.partition(".")[0] in digits for row in rows)
    assert re.sub(r"\s", "", digits)
