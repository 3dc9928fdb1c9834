"""What the views are given: alerts, wallets, prices, digests; a test tells what matters to it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from bot.chat.views.alerts import events_text
from bot.chat.views.balances import balance_blocks
from bot.core.digest import Digest, build_digest
from bot.core.events import Alert, AlertRaised, SourceLost
from bot.core.health import Health
from bot.core.portfolio import WalletState, staked_only, totals_by_coin
from bot.core.stock import Stock
from bot.core.valuation import Currency, PriceBook, Worth, appraise
from bot.core.value_change import Books, past_of
from bot.fetchers.model import Balance, Price
from bot.services.report_balances import BalanceReport

NOW = datetime(2026, 3, 1, 12, 0, 30, tzinfo=UTC)
UTC_ZONE, BERLIN = ZoneInfo("UTC"), ZoneInfo("Europe/Berlin")
Prices = Sequence[Price] | tuple[Currency, Sequence[Price]]
NO_PRICES: Prices = []
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
