"""Digests as a person reads them, word for word."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chat.i18n import speaking
from bot.chat.numbers import hiding_amounts
from bot.chat.views.digests import course_text, digest_text
from bot.chat.views.layout import COLUMNS
from bot.core.alerts import AlertState
from bot.core.digest import Digest
from bot.core.timing import Period
from bot.fetchers.model import Staking
from tests.chat.views.reading import lines_of_tables, read
from tests.chat.views.samples import (
    BERLIN,
    DOWN,
    UTC_ZONE,
    ago,
    alert,
    coin,
    digest,
    price,
    wallet,
)

USDT_600 = {"main/funding": [coin("USDT", "600"), coin("ETH", "1")]}


def of_two_accounts(**more: object) -> Digest:
    """Some USDT are gone, ETH has fallen, a wallet is new, another cannot be read."""
    staking = Staking(ago(hours=2), Decimal("0.00006549"), Decimal("0.01490596"))
    return digest(
        wallet("main/funding", coin("USDT", "400"), coin("ETH", "1"), coin("ODD", "7")),
        wallet("main/eth-staking", replace(coin("BETH", "2"), staking=staking)),
        wallet("coinw/spot", coin("USDT", "10.5")),
        wallet("xt/spot", coin("ETH", "1"), health=DOWN),
        before={
            "main/funding": [coin("USDT", "650"), coin("ETH", "1")],
            "coinw/spot": [coin("USDT", "10.5")],
            "xt/spot": [coin("ETH", "9")],
        },
        by=[price("ETH-USDT", "1900"), price("BETH-USDT", "1800")],
        then=[price("ETH-USDT", "2000")],
        **more,
    )


def test_digest() -> None:
    """The total and how it came about, accounts, movers, interest, alerts, what is not read."""
    firing = AlertState("low", "main/funding", "USDT", amount=Decimal(400), alert=alert())
    text = digest_text(
        of_two_accounts(
            firing=[firing], late=True, course=[Decimal(1), Decimal(8), None, Decimal(4)]
        ),
        BERLIN,
        maybe_repeated=True,
    )
    assert text == (
        "☀️ <b>Digest</b> · Sun 01 Mar 2026 · 13:00 CET\n"
        "<i>This may be a repeat: Telegram did not confirm the first one.</i>\n"
        "late: I was not running when it was due\n"
        "<b>≥ 5,910.50 USDT</b> ▼ −13.2 %\n"
        "no price: ODD\n"
        "<code>▁█·▄</code>\n"
        "<pre>opening    2,660.50\n"
        "moved       −250.00\n"
        "prices      −100.00\n"
        "now        2,310.50</pre>\n"
        "compared with 28 Feb 13:00 CET\n"
        "not in the comparison: <code>main/eth-staking</code>, <code>xt/spot</code>\n"
        "\n<b>Alerts</b>\n"
        "🟠 <code>main/funding</code> · <b>USDT</b> low: 400, limit &lt; 500\n"
        "\n<b>Not read</b>\n"
        "🔌 <code>xt/spot</code>\nokx answered HTTP 502\nlast read 5 s ago\n"
        "\n<b>Accounts</b>\n"
        "<code>main</code> 2,650.00 → 2,300.00\n"
        "moved −250.00 · prices −100.00\n"
        "1 wallet is not compared\n"
        "<code>coinw</code> ≈ 10.50 · no change\n"
        "<code>xt</code> unknown\n"
        "\n<b>Moved most</b>\n"
        "<code>main/funding</code> −250 USDT\n"
        "<code>main/funding</code> +7 ODD, no price\n"
        "\n<b>Prices</b>\n"
        "ETH −5 % (−100.00)\n"
        "\n<b>Interest</b>\n"
        "<code>main/eth-staking</code> BETH: last +0.00006549, in all 0.01490596"
    )


def test_what_it_is_worth_is_not_torn() -> None:
    """No phone breaks the line within the brackets."""
    prices = [price("ETH-USDT", "2000")]
    text = digest_text(
        digest(
            wallet("main/funding", coin("ETH", "1")),
            before={"main/funding": [coin("ETH", "3")]},
            by=prices,
            then=prices,
        ),
        UTC_ZONE,
    )
    assert "<code>main/funding</code> −2 ETH (≈\N{NO-BREAK SPACE}−4,000.00)" in text


def test_nothing_to_tell() -> None:
    """One account, nothing moved, no alert, all is read: a few lines."""
    held = coin("USDT", "5")
    text = digest_text(digest(wallet("a/x", held), before={"a/x": [held]}, then=[]), UTC_ZONE)
    assert text.splitlines()[1:] == [
        "<b>≈ 5.00 USDT</b>",
        "<pre>opening    5.00",
        "moved      0.00",
        "prices     0.00",
        "now        5.00</pre>",
        "compared with 28 Feb 12:00 UTC",
        "",
        "✅ No alert",
        "✅ All is read",
        "",
        "Nothing has moved",
    ]


def test_the_first_one() -> None:
    text = digest_text(digest(wallet("a/x", coin("USDT", "5"))), UTC_ZONE)
    assert "nothing to compare with yet" in text
    assert "moved" not in text.lower()


@pytest.mark.parametrize(
    ("period", "title"), [("weekly", "Weekly digest"), ("monthly", "Monthly digest")]
)
def test_which_period(period: Period, title: str) -> None:
    text = digest_text(digest(period=period), UTC_ZONE)
    assert text.startswith(f"🗓 <b>{title}</b> · Sun 01 Mar 2026 · ")


def test_what_merely_is_not_read_any_more_is_told() -> None:
    """Old without a failure is not read, either."""
    old = wallet("a/x", coin("USDT", "5"), read_at=ago(hours=3))
    text = digest_text(digest(old, stale=[old]), UTC_ZONE)
    assert "<b>Not read</b>\n⏳ <code>a/x</code>\nnot read for 3 h" in text
    assert "All is read" not in text


def test_prices_of_then_that_nobody_knows() -> None:
    """What moved is told, and that nothing is known of the rest."""
    text = digest_text(
        digest(wallet("a/x", coin("ETH", "3")), before={"a/x": [coin("ETH", "2")]},
               by=[price("ETH-USDT", "10")]),
        UTC_ZONE,
    )  # fmt: skip
    assert "moved +10.00 USDT; what it was worth then is not known" in text
    assert "opening" not in text


def test_where_amounts_are_hidden() -> None:
    """Movement is seen, and no wealth: no digit of an amount or of a value."""
    with hiding_amounts(True):
        text = read(digest_text(of_two_accounts(), UTC_ZONE))
    assert "−9.4 %" in text  # moved, of the opening
    for secret in ("2,660", "2,310", "250", "5,910", "400", "650", "10.5", "0.0149", "100.00"):
        assert secret not in text


def test_interest_of_what_is_lent() -> None:
    """What has come last is not told of it; in percent of nothing it would say nothing."""
    lent = [replace(coin(f"C{n}", "5"), earned=Decimal("0.25")) for n in range(6)]
    made = digest(wallet("main/savings", *lent))
    told = "\n<b>Interest</b>\n<code>main/savings</code> C0: in all 0.25\n"
    text = digest_text(made, UTC_ZONE)
    assert told in text
    assert text.endswith("C3: in all 0.25\nand 2 more")
    with speaking("zh"):
        assert "C0：累计 0.25\n" in digest_text(made, UTC_ZONE)
    with hiding_amounts(True):
        assert "Interest" not in digest_text(made, UTC_ZONE)


def test_many_of_all_are_cut_with_a_word() -> None:
    """Thirty accounts, movers, alerts and failures: what is left out is counted."""
    there = [wallet(f"a{n}/x", coin("USDT", str(n + 1))) for n in range(30)]
    unread = [wallet(f"z{n}/x", health=DOWN) for n in range(30)]
    firing = [
        AlertState("low", f"a{n}/x", "USDT", amount=Decimal(1), alert=alert()) for n in range(30)
    ]
    made = digest(
        *there, *unread, before={f"a{n}/x": [] for n in range(30)}, then=[], firing=firing
    )
    text = read(digest_text(made, UTC_ZONE))
    for rest in ("and 54 more accounts", "and 25 more", "and 24 more: /alerts", "and 26 more"):
        assert rest in text


@given(
    st.lists(st.none() | st.decimals(-(10**9), 10**9, places=2), max_size=30),
)
def test_a_course_is_a_sign_a_step(course: list[Decimal | None]) -> None:
    """The least is lowest, the most is highest, what is not known is a dot."""
    text = course_text(course)
    known = [value for value in course if value is not None]
    if len(set(known)) < 2:
        assert text == ""
        return
    assert len(text) == len(course)
    signs = dict(zip(course, text, strict=True))
    assert (signs[min(known)], signs[max(known)]) == ("▁", "█")
    assert signs.get(None, "·") == "·"


@given(st.decimals(-(10**9), 10**9, places=8), st.decimals(-(10**9), 10**9, places=8),
       st.decimals("0.0001", 1000, places=4), st.decimals("0.0001", 1000, places=4))  # fmt: skip
def test_what_is_shown_adds_up(was: Decimal, now: Decimal, then: Decimal, last: Decimal) -> None:
    """Rounded as they are, the lines of the sum make the last one; and they fit a phone."""
    text = digest_text(
        digest(
            wallet("a/x", coin("ETH", str(now))),
            before={"a/x": [coin("ETH", str(was))]},
            by=[price("ETH-USDT", str(last))],
            then=[price("ETH-USDT", str(then))],
        ),
        UTC_ZONE,
    )
    lines = list(lines_of_tables(text))
    assert all(len(line) <= COLUMNS for line in lines)
    told = [Decimal(line.split()[-1].replace(",", "").replace("−", "-")) for line in lines[:4]]
    assert told[0] + told[1] + told[2] == told[3]


def test_in_chinese() -> None:
    with speaking("zh"):
        text = digest_text(of_two_accounts(), UTC_ZONE)
    assert "opening" not in text


def test_a_digest_says_why_a_total_is_only_the_least() -> None:
    """The sign means the same, and is explained the same, as in /balance."""
    text = digest_text(digest(wallet("coinw/spot", coin("CWT", None, "400", None))), UTC_ZONE)
    assert "≥ at least: <code>coinw/spot</code> tells only what is available" in text
