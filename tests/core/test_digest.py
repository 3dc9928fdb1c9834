"""The digest put together: totals, changes since the last, what is low, what is unread."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from bot.core.alerts import AlertState
from bot.core.digest import Change, Digest, build_digest
from bot.core.health import Health
from bot.core.portfolio import Amount, WalletState
from bot.core.valuation import Valuation
from bot.fetchers.model import Balance

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
YESTERDAY = NOW - timedelta(days=1)
VALUE = Valuation("USD", Decimal(7))
FAILING = Health(failures=1, failing_since=NOW, error="ExchangeUnavailable", message="down")


def coin(asset: str, total: str | None) -> Balance:
    return Balance(asset, None if total is None else Decimal(total), None, None)


def digest(wallets: list[WalletState], **more: Any) -> Digest:
    return build_digest(
        **{
            "local_date": date(2026, 3, 1),
            "late": False,
            "at": NOW,
            "since": YESTERDAY,
            "wallets": wallets,
            "value": VALUE,
            "before": {},
            "firing": [],
            **more,
        }
    )


def test_changes_are_exact_and_in_order() -> None:
    """Each coin that came, went or moved is named with both amounts; the rest is not."""
    wallet = WalletState("m/f", (coin("BTC", "1"), coin("ETH", "2.5"), coin("XRP", "7")), NOW)
    before = {"m/f": [coin("BTC", "1.0"), coin("ETH", f"2.4{'9' * 30}"), coin("DOGE", "3")]}
    changes = digest([wallet], before=before).changes
    assert changes == (
        Change("m/f", "DOGE", Decimal(3), Decimal(0)),
        Change("m/f", "ETH", Decimal(f"2.4{'9' * 30}"), Decimal("2.5")),
        Change("m/f", "XRP", Decimal(0), Decimal(7)),
    )
    assert [c.difference for c in changes] == [Decimal(-3), Decimal("1E-31"), Decimal(7)]


def test_unreadable_wallets_have_no_changes() -> None:
    """What cannot be read now, or was not known then, is not compared: it would be a guess."""
    before = {"a/spot": [coin("BTC", "1")], "b/spot": [coin("BTC", "1")]}
    wallets = [
        WalletState("a/spot", (coin("BTC", "5"),), YESTERDAY, FAILING),
        WalletState("b/spot"),
        WalletState("c/spot", (coin("BTC", "9"),), NOW),
    ]
    made = digest(wallets, before=before)
    assert made.changes == ()
    assert [wallet.path for wallet in made.unreadable] == ["a/spot", "b/spot"]
    assert made.totals == {"BTC": Amount(Decimal(9), complete=False)}


def test_an_amount_that_is_not_told_is_no_change_to_zero() -> None:
    """A coin that was known and is listed without an amount has not fallen to nothing."""
    wallet = WalletState("m/f", (coin("BTC", None),), NOW)
    assert digest([wallet], before={"m/f": [coin("BTC", "1")]}).changes == ()
    wallet = WalletState("m/f", (coin("BTC", "1"),), NOW)
    assert digest([wallet], before={"m/f": [coin("BTC", None)]}).changes == ()


def test_the_first_digest_compares_with_nothing() -> None:
    """Without a digest before there are no changes, rather than everything."""
    wallet = WalletState("m/f", (coin("BTC", "1"),), NOW)
    assert digest([wallet], since=None, before={}).changes is None
    assert digest([wallet], before={"m/f": []}).changes == (
        Change("m/f", "BTC", Decimal(0), Decimal(1)),
    )


def test_the_rest_is_passed_on() -> None:
    """Date, lateness, value and alerts are as they were given."""
    firing = AlertState("low", "m/f", "USDT")
    made = digest([], late=True, firing=[firing])
    assert (made.local_date, made.late, made.firing) == (date(2026, 3, 1), True, (firing,))
    assert made.value == VALUE
