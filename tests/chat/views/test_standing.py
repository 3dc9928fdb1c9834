"""Is anything wrong now, word for word, on as many pages as it takes."""

from decimal import Decimal

from bot.chat.views.standing import alert_pages
from bot.core.alerts import AlertState, Hush
from bot.services.report_balances import AlertReport
from tests.chat.views.reading import read
from tests.chat.views.samples import DOWN, NOW, UTC_ZONE, ago, alert, wallet


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
