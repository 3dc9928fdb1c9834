"""Views: what a person reads, word for word, and that it always fits and never breaks."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from html import unescape
from html.parser import HTMLParser
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from typing_extensions import override

from bot.chat.views.alerts import events_text
from bot.chat.views.balances import balance_blocks, reading_text
from bot.chat.views.digests import digest_text
from bot.chat.views.layout import COLUMNS, columns, pages
from bot.chat.views.rules import rule_pages
from bot.chat.views.standing import alert_pages
from bot.chat.views.words import usage_text, whoami_text
from bot.core.alerts import AlertState, Hush
from bot.core.digest import Digest, build_digest
from bot.core.events import (
    Alert,
    AlertCleared,
    AlertEnded,
    AlertRaised,
    AlertReminded,
    SourceFound,
    SourceLost,
    SubAccountsChanged,
)
from bot.core.health import Health
from bot.core.portfolio import WalletState, staked_only, totals_by_coin
from bot.core.rules import parse_rule
from bot.core.stock import Stock
from bot.core.valuation import Currency, PriceBook, Worth, appraise
from bot.core.value_change import Books, past_of
from bot.fetchers.model import Balance, Price, Staking
from bot.services.manage_rules import RuleStatus
from bot.services.report_balances import AlertReport, BalanceReport

NOW = datetime(2026, 3, 1, 12, 0, 30, tzinfo=UTC)
UTC_ZONE, BERLIN = ZoneInfo("UTC"), ZoneInfo("Europe/Berlin")
Prices = Sequence[Price] | tuple[Currency, Sequence[Price]]
NO_PRICES: Prices = []
TAGS = {"b", "i", "code", "pre"}
DOWN = Health(2, NOW - timedelta(minutes=2), "ExchangeUnavailable", "okx answered HTTP 502")


def ago(**span: float) -> datetime:
    return NOW - timedelta(**span)


def alert(**more: Any) -> Alert:
    return Alert(
        **{
            "incident": "A1B2C3",
            "rule": "low",
            "subject": "main/funding",
            "asset": "USDT",
            "part": "total",
            "comparison": "<",
            "limit": Decimal(500),
            "clear": Decimal(525),
            "severity": "warning",
            "since": ago(seconds=60),
            **more,
        }
    )


def raised(amount: str = "412.5", before: str | None = None, **more: Any) -> AlertRaised:
    was = None if before is None else Decimal(before)
    return AlertRaised(alert=alert(**more), amount=Decimal(amount), before=was, at=NOW)


def told(*events: Any, maybe_repeated: bool = False, zone: ZoneInfo = UTC_ZONE) -> str:
    return events_text(events, zone=zone, now=NOW, maybe_repeated=maybe_repeated)


def coin(
    asset: str, total: str | None, available: str | None = None, held: str | None = None
) -> Balance:
    told_total, told_available, told_held = (
        None if part is None else Decimal(part) for part in (total, available, held)
    )
    return Balance(asset, told_total, told_available, told_held)


def wallet(path: str, *balances: Balance, **more: Any) -> WalletState:
    return replace(WalletState(path, balances, ago(seconds=5)), **more)


def price(pair: str, last: str, **span: float) -> Price:
    base, quote = pair.split("-")
    return Price(base, quote, Decimal(last), ago(**span))


def worth_of(wallets: Sequence[WalletState], by: Prices, *, coin: str | None = None) -> Worth:
    """Value wallets in USDT, or as `by` says, by prices of one market."""
    currency, prices = by if isinstance(by, tuple) else ("USDT", by)
    book = PriceBook({"okx": prices}, currency, now=NOW)
    markets = {state.path.partition("/")[0]: "okx" for state in wallets}
    return appraise(wallets, book, markets=markets, now=NOW, coin=coin)


def report(
    *wallets: WalletState, coin: str | None = None, by: Prices = NO_PRICES
) -> BalanceReport:
    totals = totals_by_coin(wallets)
    return BalanceReport(
        at=NOW,
        wallets=wallets,
        totals={c: amount for c, amount in totals.items() if coin in {None, c}},
        worth=worth_of(wallets, by, coin=coin),
        staked=staked_only(wallets),
        coin=coin,
    )


def shown(*wallets: WalletState, coin: str | None = None, by: Prices = NO_PRICES) -> str:
    return "\n".join(balance_blocks(report(*wallets, coin=coin, by=by), UTC_ZONE))


class Reader(HTMLParser):
    """Reads as Telegram does: only these tags, each closed in its order."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.text = ""

    @override
    def handle_starttag(self, tag: str, attrs: object) -> None:
        assert tag in TAGS
        self.open.append(tag)

    @override
    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    @override
    def handle_data(self, data: str) -> None:
        self.text += data


def read(html: str) -> str:
    """Check that the markup is whole and that it fits a message; return what is seen."""
    reader = Reader()
    reader.feed(html)
    reader.close()
    assert reader.open == []
    assert len(reader.text.encode("utf-16-le")) // 2 <= 4096
    assert "&" not in re.sub(r"&(amp|lt|gt|quot|#x27);", "", html)
    return reader.text


def lines_of_tables(html: str) -> Iterator[str]:
    for table in re.findall(r"<pre>(.*?)</pre>", html, re.DOTALL):
        yield from unescape(table).split("\n")


def test_raised() -> None:
    """An alert says what, how much, how it has changed, since when, why and its number."""
    event = raised("412.5", "612.5", severity="critical", note="Grid bot <needs> 500")
    assert told(event, zone=BERLIN) == (
        "🔴 CRITICAL · <code>main/funding</code> · <b>USDT</b> low\n"
        "<pre>balance     412.5\n"
        "limit       &lt; 500\n"
        "short        87.5\n"
        "to clear    112.5</pre>\n"
        "−200 against the reading before\n"
        "since 12:59:30 CET, 1 min ago\n"
        "“Grid bot &lt;needs&gt; 500”\n"
        "<i>low · A1B2C3</i>"
    )


def test_raised_sum_and_high() -> None:
    """A sum says so, and what is too much is over, not short."""
    high: dict[str, Any] = {"comparison": ">", "limit": Decimal(50000), "clear": Decimal(47500)}
    event = raised("50001", subject="sum */spot", **high)
    assert told(event) == (
        "🟠 WARNING · sum <code>*/spot</code> · <b>USDT</b> high\n"
        "<pre>balance       50,001\n"
        "limit       &gt; 50,000\n"
        "over               1\n"
        "to clear       2,501</pre>\n"
        "since 11:59:30 UTC, 1 min ago\n"
        "<i>low · A1B2C3</i>"
    )


def test_what_helps_to_judge_an_alert() -> None:
    """What has changed, how long it lasts, and where there is more of it."""
    event = replace(
        raised("412.5", "412.5"),
        change_24h=Decimal(-1240),
        empty_in=timedelta(hours=9, minutes=5),
        elsewhere=(("main/trading", Decimal(1240)), ("xt/spot", Decimal("3.5"))),
    )
    assert told(event).split("</pre>\n")[1] == (
        "−1,240 in 24 h\n"
        "at the present rate empty in 9 h 5 min\n"
        "available in:\n"
        "· <code>main/trading</code> 1,240\n"
        "· <code>xt/spot</code> 3.5\n"
        "since 11:59:30 UTC, 1 min ago\n"
        "<i>low · A1B2C3</i>"
    )
    one = replace(event, elsewhere=event.elsewhere[:1])
    assert "\navailable in <code>main/trading</code> 1,240\nsince" in told(one)
    both = replace(raised("412.5", "612.5"), change_24h=Decimal(30))
    assert "\n−200 against the reading before, +30 in 24 h\n" in told(both)
    assert "24 h" not in told(replace(event, change_24h=Decimal(0)))


def money(before: str | None = "10500", **more: Any) -> AlertRaised:
    """Raise `main total < 10000 USD` at 9,400.256."""
    event = raised(
        "9400.256",
        before,
        subject="sum main",
        asset="USD",
        measure="value",
        limit=Decimal(10000),
        clear=Decimal(10500),
    )
    return replace(event, **more)


def test_raised_value() -> None:
    """Money is told in cents, and what of its change is due to amounts."""
    event = money(by_amounts=Decimal(-1000), change_24h=Decimal(-3200))
    assert told(event) == (
        "🟠 WARNING · <code>main</code> · <b>value</b> low\n"
        "<pre>value USD    9,400.26\n"
        "limit        &lt; 10,000\n"
        "short          599.74\n"
        "to clear     1,099.74</pre>\n"
        "−1,099.74 USD against the reading before, of which −1,000.00 USD by amounts\n"
        "−3,200.00 USD by amounts in 24 h, at present prices\n"
        "since 11:59:30 UTC, 1 min ago\n"
        "<i>low · A1B2C3</i>"
    )


@pytest.mark.parametrize(
    ("by_amounts", "cause"),
    [
        (None, "before\n"),
        (Decimal(0), "before, by prices alone\n"),
        (Decimal("-1099.744"), "before, by amounts alone\n"),
        (Decimal("-1099.741"), "before, by amounts alone\n"),  # to the cent
        (Decimal(50), "before, of which +50.00 USD by amounts\n"),
    ],
)
def test_why_a_value_fell(by_amounts: Decimal | None, cause: str) -> None:
    """A fall in prices is told apart from one in amounts."""
    assert f"−1,099.74 USD against the reading {cause}" in told(money(by_amounts=by_amounts))


def test_a_value_whose_amounts_have_not_changed() -> None:
    """Nothing has moved in a day: it must have been prices."""
    text = told(money(before=None, change_24h=Decimal(0)))
    assert "</pre>\nno amount has changed in 24 h, at present prices\nsince" in text


def fall(percent: str, **more: Any) -> AlertRaised:
    about = {"measure": "drop", "comparison": ">", "limit": Decimal(30), "clear": Decimal("28.5")}
    event = raised(percent, "12", window=timedelta(hours=1), **about)
    return replace(event, held=Decimal("412.5"), **more)


def test_raised_fall() -> None:
    """A fall says how much there is, by how much it has fallen, and in which time."""
    assert told(fall("33.3333333333", change_24h=Decimal(-200))) == (
        "🟠 WARNING · <code>main/funding</code> · <b>USDT</b> falling\n"
        "<pre>balance            412.5\n"
        "fallen            33.3 %\n"
        "limit      ≥ 30 % in 1 h</pre>\n"
        "−200 in 24 h\n"
        "since 11:59:30 UTC, 1 min ago\n"
        "<i>low · A1B2C3</i>"
    )


def test_the_end_of_a_fall_is_no_recovery() -> None:
    """When its height has left the window nothing need have come back."""
    event = AlertCleared(alert=fall("30").alert, amount=Decimal(3), at=NOW)
    text = told(event)
    assert text.startswith("✅ OVER · <code>main/funding</code> · <b>USDT</b>\n")
    assert "fallen              3 %\n" in text
    assert "clear          ≤ 28.5 %</pre>" in text


def test_raised_runway() -> None:
    """What runs out says how long it lasts; the forecast is not told twice."""
    event = raised("32700", "40000", measure="runway", limit=Decimal(86400), clear=Decimal(90720))
    event = replace(event, held=Decimal("412.5"), empty_in=timedelta(seconds=32700))
    assert told(event) == (
        "🟠 WARNING · <code>main/funding</code> · <b>USDT</b> running out\n"
        "<pre>balance        412.5\n"
        "lasts      9 h 5 min\n"
        "limit          &lt; 1 d</pre>\n"
        "since 11:59:30 UTC, 1 min ago\n"
        "<i>low · A1B2C3</i>"
    )


def test_reminded() -> None:
    """A reminder says which it is, and how it stands now."""
    critical = alert(severity="critical", note="Top up", since=ago(hours=4))
    event = AlertReminded(alert=critical, amount=Decimal(400), at=NOW, number=2)
    assert told(event) == (
        "🔴 CRITICAL · <code>main/funding</code> · <b>USDT</b> low · reminder 2\n"
        "<pre>balance       400\n"
        "limit       &lt; 500\n"
        "short         100\n"
        "to clear      125</pre>\n"
        "since 08:00:30 UTC, 4 h ago\n"
        "“Top up”\n"
        "<i>low · A1B2C3</i>"
    )


def test_cleared() -> None:
    """Recovery says the new balance, the levels, and how long it took."""
    event = AlertCleared(alert=alert(part="available"), amount=Decimal("900.00"), at=NOW)
    assert told(event) == (
        "✅ RECOVERED · <code>main/funding</code> · <b>USDT</b>\n"
        "<pre>available      900\n"
        "limit        &lt; 500\n"
        "clear        ≥ 525</pre>\n"
        "after 1 min\n"
        "<i>low · A1B2C3</i>"
    )


def test_ended() -> None:
    """What is no longer watched has not recovered."""
    event = AlertEnded(alert=alert(), amount=Decimal(3), at=NOW)
    assert told(event) == (
        "⏹ ENDED · <code>main/funding</code> · <b>USDT</b> low\n"
        "its rule or wallet is no longer there as it was; whether it has recovered is unknown\n"
        "last seen 3, limit &lt; 500\n"
        "<i>low · A1B2C3</i>"
    )


def lost(path: str, message: str = "okx answered HTTP 502", **more: Any) -> SourceLost:
    return SourceLost(
        **{
            "path": path,
            "error": "ExchangeUnavailable",
            "message": message,
            "since": ago(minutes=3),
            "last_good_at": ago(minutes=4),
            "at": NOW,
            **more,
        }
    )


def test_lost_sources_are_grouped_by_reason() -> None:
    """One exchange that is down is one block, with the oldest of the last good readings."""
    refused = {"error": "CredentialsRejected", "last_good_at": None, "blind": 1}
    text = told(
        lost("main/funding", blind=3),
        lost("main/eth-staking", last_good_at=ago(minutes=9), blind=1),
        lost("xt/spot", "xt does not know the key", **refused),
    )
    assert text == (
        "🔌 CANNOT READ · <code>main/funding</code>, <code>main/eth-staking</code>\n"
        "okx answered HTTP 502\n"
        "last read 9 min ago; at least 3 rules cannot be judged meanwhile\n"
        "<i>ExchangeUnavailable</i>\n"
        "\n"
        "🔌 CANNOT READ · <code>xt/spot</code>\n"
        "xt does not know the key\n"
        "never read so far; 1 rule cannot be judged meanwhile\n"
        "<i>CredentialsRejected</i>"
    )


def test_found() -> None:
    """Sources that are back are one line, with the longest silence."""
    events = [
        SourceFound(path=f"main/sub:{n}", since=ago(minutes=n + 1), at=NOW) for n in range(7)
    ]
    assert told(*events) == (
        "🟢 READABLE AGAIN · <code>main/sub:0</code>, <code>main/sub:1</code>, "
        "<code>main/sub:2</code>, <code>main/sub:3</code>, <code>main/sub:4</code> and 2 more\n"
        "after 7 min"
    )


def test_a_lost_list_of_sub_accounts() -> None:
    """Rules about the known ones are judged: what is missing are the new ones."""
    assert told(lost("main/sub:*")) == (
        "🔌 CANNOT READ · <code>main/sub:*</code>\n"
        "okx answered HTTP 502\n"
        "last read 4 min ago; sub-accounts known before are read all the same, new ones are not "
        "seen\n"
        "<i>ExchangeUnavailable</i>"
    )
    assert "no rule needs it" in told(lost("main/sub:*"), lost("main/funding"))


def sub_accounts(**names: Any) -> SubAccountsChanged:
    none = SubAccountsChanged(account="main", added=(), gone=(), frozen=(), thawed=(), at=NOW)
    return replace(none, **names)


def test_sub_accounts_that_changed() -> None:
    """One line a kind of change, with paths that can be asked for."""
    event = sub_accounts(added=("a", "b"), gone=("c<d",), frozen=("e",), thawed=("f",))
    assert told(event) == (
        "👥 SUB-ACCOUNTS · <code>main</code>\n"
        "new: <code>main/sub:a</code>, <code>main/sub:b</code>\n"
        "gone: <code>main/sub:c&lt;d</code>\n"
        "frozen, still read: <code>main/sub:e</code>\n"
        "in use again: <code>main/sub:f</code>"
    )
    assert told(sub_accounts(gone=("c",))).splitlines()[1:] == ["gone: <code>main/sub:c</code>"]


def test_the_worst_comes_first() -> None:
    """Critical, warning, recovered, ended, unreadable, readable: in this order, whatever came."""
    text = told(
        sub_accounts(added=("a",)),
        SourceFound(path="a/b", since=NOW, at=NOW),
        lost("c/d"),
        AlertEnded(alert=alert(subject="e/f"), amount=Decimal(1), at=NOW),
        AlertCleared(alert=alert(subject="g/h"), amount=Decimal(1), at=NOW),
        raised(severity="warning"),
        raised(severity="critical"),
    )
    signs = [block.split(" ")[0] for block in text.split("\n\n")]
    assert signs == ["🔴", "🟠", "✅", "⏹", "🔌", "🟢", "👥"]


def test_a_repeat_says_so() -> None:
    """What may have arrived before is marked."""
    assert told(raised(), maybe_repeated=True).endswith(
        "\n<i>This may be a repeat: Telegram did not confirm the first one.</i>"
    )
    assert "repeat" not in told(raised())


def test_balances() -> None:
    """The value first, totals, then each wallet with its age and value, and what is held."""
    text = shown(
        wallet("main/funding", coin("ETH", "37.11827078", "30", "7.11827078"), coin("OLD", "0")),
        wallet("main/sub:desk1"),
        wallet("xt/spot", coin("ETH", "1", "1", "0"), coin("USDT", "1000.5")),
        by=[price("ETH-USDT", "2000.25")],
    )
    assert text == (
        "<b>Balances</b> · 12:00:30 UTC\n"
        "<b>≈ 77,246.57 USDT</b>\n"
        "<pre>ETH       38.11827078\n"
        "· USDT      76,246.07\n"
        "USDT          1,000.5</pre>\n"
        "\n<b><code>main/funding</code></b> · 5 s ago · ≈\xa074,245.82\xa0USDT\n"
        "<pre>ETH       37.11827078\n"
        "· free             30\n"
        "· held     7.11827078</pre>\n"
        "\n<b><code>xt/spot</code></b> · 5 s ago · ≈\xa03,000.75\xa0USDT\n"
        "<pre>ETH           1\n"
        "USDT    1,000.5</pre>\n"
        "\nempty: <code>main/sub:desk1</code>"
    )


def test_a_wallet_that_cannot_be_read() -> None:
    """It shows why, and its last good value with its age; no total counts it."""
    failing = wallet("main/funding", coin("ETH", "3"), read_at=ago(minutes=4), health=DOWN)
    text = shown(failing, wallet("xt/spot", coin("ETH", "1")))
    assert "<pre>ETH    ≥ 1</pre>" in text
    assert "⚠️ without <code>main/funding</code>: not readable now" in text
    assert (
        "⚠️ <b><code>main/funding</code></b>\nokx answered HTTP 502\n"
        "last good value, 4 min ago:\n<pre>ETH    3</pre>"
    ) in text


def test_a_wallet_that_was_never_read() -> None:
    """It has no number at all."""
    text = shown(WalletState("main/funding", health=DOWN))
    assert "okx answered HTTP 502; never read so far" in text
    assert "<pre>" not in text
    assert "nothing in any wallet" not in text
    assert "empty" not in text


def test_sub_accounts_out_of_use_and_unlisted() -> None:
    """A frozen one is named so; a list that cannot be read holds nothing, and does not say so."""
    frozen = shown(wallet("main/sub:a", coin("USDT", "5"), frozen=True))
    assert "<b><code>main/sub:a</code></b> · frozen · " in frozen
    unlisted = shown(wallet("main/sub:*", health=DOWN))
    assert "okx answered HTTP 502\nsub-accounts as they were listed " in unlisted
    assert "held nothing" not in unlisted


def test_available_only() -> None:
    """Where the exchange does not tell the total, the heading says what is shown."""
    text = shown(wallet("coinw/spot", coin("USDT", None, "257.51830114")))
    assert "<code>coinw/spot</code></b> · 5 s ago · available\n<pre>USDT    257.51830114<" in text
    assert "<pre>USDT    ≥ 257.51830114</pre>" in text


def test_staking() -> None:
    """A snapshot says how old it is, and what it has earned."""
    staking = Staking(ago(hours=3), Decimal("0.00006549"), Decimal("0.01490596"))
    beth = Balance("BETH", Decimal("0.63926191"), None, None, staking)
    text = shown(wallet("main/eth-staking", beth))
    assert text.endswith(
        "<pre>BETH    0.63926191</pre>\nsnapshot 3 h ago · interest 0.00006549, in all 0.01490596"
    )


def test_values_that_are_the_least() -> None:
    """What has no price, and what cannot be read or is not told, makes the value the least."""
    held = wallet("a/spot", coin("ETH", "2"), *(coin(f"C{n}", "1") for n in range(7)))
    prices = [price("ETH-USDT", "0.999")]
    text = shown(held, by=prices)
    assert (
        "<b>≥ 1.99 USDT</b>\nno price: C0, C1, C2, C3, C4 and 2 more\n<pre>C0           1\n"
    ) in text  # 1.998 rounded down: at least that much is there
    assert "\nETH          2\n· USDT    2.00</pre>" in text
    partly = wallet("coinw/spot", coin("ETH", None, "3"))
    text = shown(wallet("a/spot", coin("USDT", "1")), partly, by=prices)
    assert "<b>≥ 3.99 USDT</b>" in text
    assert "ETH       ≥ 3\n· USDT    ≥ 2.99\nUSDT        1</pre>".replace(" ", "") in (
        text.replace(" ", "")
    )
    assert "5 s ago · available · ≥\xa02.99\xa0USDT" in text
    blind = shown(wallet("a/spot", coin("ETH", "2")), wallet("b/spot", health=DOWN), by=prices)
    assert "<b>≥ 1.99 USDT</b>" in blind
    assert "<code>a/spot</code></b> · 5 s ago · ≈\xa02.00\xa0USDT" in blind


def test_no_price_at_all() -> None:
    """Where nothing has a price there is no value, rather than one of nothing."""
    text = shown(wallet("a/spot", coin("ETH", "2")), wallet("b/spot", coin("X<", "1")))
    assert "UTC\nno price: ETH, X&lt;\n<pre>ETH" in text
    assert not re.search("[≈≥]|USDT", text)


def test_a_value_of_debts() -> None:
    """What is owed goes off; without a price it is said that the value may be less."""
    prices = [price("ETH-USDT", "2"), price("BTC-USDT", "70000")]
    text = shown(wallet("a/trading", coin("ETH", "1"), coin("BTC", "-1")), by=prices)
    assert "<b>≈ −69,998.00 USDT</b>" in text
    assert "· USDT    −70,000.00" in text
    text = shown(wallet("a/trading", coin("ETH", "1"), coin("X", "-1"), coin("Y", "2")), by=prices)
    assert (
        "<b>≈ 2.00 USDT</b>\nno price: Y\nowed, and no price: X; it may be less\n<pre>"
    ) in text


def test_debts_that_cannot_be_read() -> None:
    """What owed something when it was last read makes of "at least" a guess, and is named."""
    prices = [price("ETH-USDT", "2")]
    indebted = wallet("a/trading", coin("USDT", "-400"), health=DOWN)
    text = shown(wallet("a/spot", coin("USDT", "1000"), coin("ETH", "2")), indebted, by=prices)
    assert "<b>≈ 1,004.00 USDT</b>" in text
    assert "ETH           ≥ 2\n· USDT     ≥ 4.00\nUSDT      ≈ 1,000<" in text
    assert "not readable now\nUSDT was owed there, so that it may be less" in text
    of_coin = shown(wallet("a/spot", coin("ETH", "2")), indebted, coin="ETH", by=prices)
    assert "≥ 2" in of_coin


def test_what_a_value_rests_on() -> None:
    """Old prices are told with their age, and a USDT that nobody quotes is said to be a dollar."""
    prices = [price("ETH-USDT", "2", minutes=12)]
    held = wallet("a/spot", coin("ETH", "1"))
    assert "<b>≈ 2.00 USDT</b>\nprices 12 min old\n<pre>" in shown(held, by=prices)
    text = shown(held, by=("USD", prices))
    assert "<b>≈ 2.00 USD</b>\n1 USDT counted as 1 USD · prices 12 min old\n<pre>" in text
    fresh = [price("ETH-USDT", "2", minutes=5), price("USDT-USD", "0.5")]
    assert "<b>≈ 1.00 USD</b>\n<pre>" in shown(held, by=("USD", fresh))
    assert "<b>≈ 0.12500000 BTC</b>" in shown(held, by=("BTC", [price("ETH-BTC", "0.125")]))


def test_a_value_is_told_once() -> None:
    """Of one coin, or in one wallet, all is worth what is said at the top."""
    prices = [price("ETH-USDT", "2")]
    one = shown(wallet("a/spot", coin("ETH", "3")), by=prices)
    both = shown(
        wallet("a/spot", coin("ETH", "3"), coin("X", "1")), wallet("b/spot"), coin="ETH", by=prices
    )
    assert one.count("6.00") == 1
    assert both.count("6.00") == 2  # the second for the wallet
    assert "no price" not in both


def test_what_is_staked_alone() -> None:
    """Of staked coins it is told how much lies in no other wallet; they have their own price."""
    staking = Staking(None, Decimal(0), Decimal(0))
    text = shown(
        wallet("main/funding", coin("BETH", "1.5")),
        wallet("main/eth-staking", Balance("BETH", Decimal(4), None, None, staking)),
        by=[price("ETH-USDT", "2000"), price("BETH-USDT", "1900")],
    )
    assert (
        "<b>≈ 7,600.00 USDT</b>\n<pre>BETH    4</pre>\nBETH: of which staked or redeeming 2.5\n"
    ) in text
    blind = shown(
        wallet("main/funding", health=DOWN),
        wallet("main/eth-staking", Balance("BETH", Decimal(4), None, None, staking)),
        wallet("main2/eth-staking", Balance("BETH", Decimal(1), None, None, staking)),
    )
    assert "BETH: of which staked or redeeming ≥ 1\n" in blind
    nasty = Balance("<b>", Decimal(1), None, None, staking)
    assert "<b>: of which staked" in read(shown(wallet("a/eth-staking", nasty)))


def test_what_belongs_to_a_coin_is_in_one_table() -> None:
    """Where tables are many, none begins with a part of the coin that the one before names."""
    held = [coin(f"C{n:03}", "3", "2", "1") for n in range(100)]
    text = shown(wallet("a/spot", coin("A", "1"), *held), by=[price("C007-USDT", "2")])
    assert text.count("<pre>") == 4 + 10
    assert "<pre>·" not in text


def test_an_unknown_amount_is_unknown() -> None:
    """A coin whose amount is not told is not shown as nothing."""
    assert "<pre>ETH    unknown</pre>" in shown(wallet("a/spot", coin("ETH", None, None, "1")))


def test_one_coin() -> None:
    """Asked for one coin, no other is shown, and no empty wallet."""
    text = shown(
        wallet("a/spot", coin("ETH", "1"), coin("BTC", "2")), wallet("b/spot"), coin="BTC"
    )
    assert text.startswith("<b>Balances</b> · BTC · ")
    assert "<pre>BTC    2</pre>" in text
    assert "<pre>ETH" not in text
    assert "empty" not in text


def digest(
    *wallets: WalletState,
    by: Prices = NO_PRICES,
    before: Mapping[str, Sequence[Balance]] | None = None,
    then: Sequence[Price] | None = None,
    **more: Any,
) -> Digest:
    """Put a digest together by prices of one market, of now and of a day ago."""
    currency, prices = by if isinstance(by, tuple) else ("USDT", by)
    accounts = {state.path.partition("/")[0] for state in wallets}
    markets = dict.fromkeys(accounts, "okx")
    books = Books(
        PriceBook({"okx": prices}, currency, now=NOW),
        None if then is None else PriceBook({"okx": then}, currency, now=ago(days=1)),
        markets,
        markets,
    )
    return build_digest(
        **{
            "local_date": date(2026, 3, 1),
            "late": False,
            "stock": Stock(wallets, books.now, markets=markets, now=NOW),
            "wallets": wallets,
            "past": None if before is None else past_of(before, (), at=ago(days=1)),
            "books": books,
            **more,
        }
    )


def test_is_anything_wrong() -> None:
    """`/alerts` says that all is well, and how old that knowledge is; or what is wrong."""
    states = (wallet("a/spot"), wallet("b/spot", read_at=ago(seconds=42)))
    (well,) = alert_pages(AlertReport(NOW, (), (), states), UTC_ZONE)
    assert well == "✅ All is well: 2 wallets, oldest reading 42 s ago."
    blind = (wallet("c/spot", health=DOWN),)
    firing = (AlertState("low", "a/spot", "USDT", amount=Decimal(400), alert=alert()),)
    (text,) = alert_pages(AlertReport(NOW, firing, blind, (*states, *blind)), UTC_ZONE)
    assert "All is well" not in text
    assert "400, limit &lt; 500" in text
    assert "🔌 <code>c/spot</code>\nokx answered HTTP 502" in text


def test_what_is_not_read_any_more() -> None:
    """A wallet that nobody reads is told, with its age; then all is not well."""
    old = wallet("a/spot", read_at=ago(hours=3, minutes=20))
    ahead = wallet("b/spot", read_at=ago(hours=-6))
    report = AlertReport(NOW, (), (), (old, ahead), (old, ahead), {"a/spot": 2})
    (text,) = alert_pages(report, UTC_ZONE)
    assert "All is well" not in text
    assert (
        "⏳ <code>a/spot</code>\nnot read for 3 h 20 min; 2 rules cannot be judged meanwhile"
    ) in text
    assert "<code>b/spot</code>\nnot read any more, last read 6 h in the future" in text


def test_alerts_are_cut_off_nowhere() -> None:
    """What does not fit is on another page; each begins with how much is wrong."""
    firing = tuple(
        AlertState("low", f"main/sub:{n:02}", "USDT", amount=Decimal(1), hush=hush, alert=about)
        for n in range(41)
        for hush in [Hush("recovery", None, "You", NOW) if n == 40 else None]
        for severity in ["critical" if n == 39 else "warning"]
        for about in [alert(subject=f"main/sub:{n:02}", severity=severity)]
    )
    blind = (wallet("xt/spot", health=DOWN),)
    old = (wallet("a/spot", read_at=ago(hours=1)),)
    laid = alert_pages(AlertReport(NOW, firing, blind, (*blind, *old), old), UTC_ZONE)
    assert len(laid) > 1
    heads = {read(page).split("\n")[0] for page in laid}
    assert heads == {"🔔 40 firing · 🔕 1 silenced · 🔌 2 not read"}
    seen = "\n".join(laid)
    assert all(seen.count(f"main/sub:{n:02}<") == 1 for n in range(41))
    order = [seen.index(path) for path in ("sub:39", "xt/spot", "a/spot", "sub:00", "sub:40")]
    assert order == sorted(order)


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


def test_a_sum_that_is_not_told_whole_says_at_least() -> None:
    """Where an exchange tells only a part, the sum in an alert is marked as in /balance."""
    event = raised(subject="sum *", at_least=True)
    assert "balance     ≥ 412.5" in told(event)
    assert "≥" not in told(raised(subject="sum *"))


def test_a_digest_says_why_a_total_is_only_the_least() -> None:
    """The sign means the same, and is explained the same, as in /balance."""
    text = digest_text(digest(wallet("coinw/spot", coin("CWT", None, "400", None))), UTC_ZONE)
    assert "≥ at least: <code>coinw/spot</code> tells only what is available" in text
