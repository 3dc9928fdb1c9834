"""What has happened, word for word: alerts from the first word to the last, sources, the order."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from bot.core.events import (
    AlertCleared,
    AlertEnded,
    AlertRaised,
    AlertReminded,
    SourceFound,
    SubAccountsChanged,
)
from tests.chat.views.samples import BERLIN, NOW, ago, alert, lost, raised, told


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


def test_a_sum_that_is_not_told_whole_says_at_least() -> None:
    """Where an exchange tells only a part, the sum in an alert is marked as in /balance."""
    event = raised(subject="sum *", at_least=True)
    assert "balance     ≥ 412.5" in told(event)
    assert "≥" not in told(raised(subject="sum *"))
