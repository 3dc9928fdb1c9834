"""Pages of balances and digests: whatever the names and amounts, each fits and is whole."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.chat.views.balances import balance_blocks
from bot.chat.views.digests import digest_text
from bot.chat.views.layout import length_of, pages
from bot.core.digest import build_digest
from bot.core.health import Health
from bot.core.portfolio import WalletState, staked_only, totals_by_coin
from bot.core.stock import Stock
from bot.core.valuation import PriceBook, appraise
from bot.core.value_change import Books, past_of
from bot.fetchers.model import Balance, Price
from bot.sandbox.telegram.entities import parse_html, utf16_length
from bot.services.report_balances import BalanceReport

NOW = datetime(2026, 12, 28, 22, 59, 59, tzinfo=UTC)
ZONE = ZoneInfo("America/Argentina/ComodRivadavia")
WORST = "😀<&>\"'" * 60
LONGEST = Decimal("-" + "9" * 40 + "." + "9" * 40)
PRICE = Price("C", "USDT", Decimal("9" * 30), NOW)

names = st.one_of(
    st.just(WORST), st.just("漢" * 300), st.text(min_size=1, max_size=30), st.just("main")
)
amounts = st.one_of(st.just(LONGEST), st.decimals(-(10**12), 10**12, places=8))


@st.composite
def wallets(draw: st.DrawFn) -> tuple[WalletState, ...]:
    """Have some wallets, a few with very many coins, of which some cannot be read."""
    made = []
    for n in range(draw(st.integers(0, 6))):
        amount, name = draw(amounts), draw(names)
        coins = draw(st.sampled_from([0, 1, 3, 90]))
        held = [Balance(f"{k}{name}", amount, amount, amount) for k in range(coins)]
        message = draw(st.none() | names)
        error = "ExchangeUnavailable" if message is not None else None
        health = Health(3, NOW - timedelta(hours=1), error, message) if message else Health()
        path = f"{n}{name}/{name}"
        made.append(WalletState(path, tuple(held), NOW - timedelta(days=3), health))
    return tuple(made)


def _whole(page: str) -> None:
    """Read it like Telegram, which refuses marks that are not closed."""
    assert len(page.encode()) <= 32_768
    parsed = parse_html(page).text
    assert length_of(page) == utf16_length(parsed) <= 4096


WORST_WALLET = WalletState(
    f"{WORST}/{WORST}",
    tuple(Balance(f"{k}{WORST}", LONGEST, LONGEST, LONGEST) for k in range(100)),
    NOW,
    Health(3, NOW, "E", WORST),
)


@settings(max_examples=40)
@given(states=wallets())
@example((WORST_WALLET,) * 3)
def test_pages_fit(states: tuple[WalletState, ...]) -> None:
    """Nothing that is shown is too long for Telegram, or breaks off within a mark."""
    book = PriceBook({"okx": [PRICE]}, "USDT", now=NOW)
    markets = {state.path.partition("/")[0]: "okx" for state in states}
    worth = appraise(states, book, markets=markets, now=NOW)
    report = BalanceReport(
        at=NOW,
        wallets=states,
        totals=totals_by_coin(states),
        worth=worth,
        staked=staked_only(states),
        coin=None,
    )
    for page in pages(balance_blocks(report, ZONE)):
        _whole(page)
    digest = build_digest(
        wallets=states,
        stock=Stock(states, book, markets=markets, now=NOW),
        past=past_of({s.path: [] for s in states}, (), at=NOW - timedelta(days=1)),
        books=Books(book, book, markets, markets),
        stale=states,
        local_date=date(2026, 12, 28),
        late=True,
    )
    _whole(digest_text(digest, ZONE))
