"""The answer to `/balance`: its value, totals, then each wallet, with the age of each number."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from html import escape
from zoneinfo import ZoneInfo

from bot.chat.numbers import (
    ABOUT,
    AT_LEAST,
    age_text,
    amount_text,
    clock_text,
    span_text,
    value_text,
)
from bot.chat.views.layout import (
    MOST_ROWS,
    Row,
    columns,
    name_text,
    one_line,
    path_text,
    paths_text,
)
from bot.core.portfolio import Amount, WalletState, amount_of, is_listing, owed_unread
from bot.core.valuation import Valuation
from bot.fetchers.model import Balance
from bot.services.report_balances import BalanceReport

MOST_COINS = 5
NO_BREAK = "\N{NO-BREAK SPACE}"
_FREE, _HELD = "· free", "· held"


def reading_text(accounts: Sequence[str]) -> str:
    """Say at once that the answer is coming."""
    return f"⏳ reading {paths_text(accounts)} …"


def balance_blocks(report: BalanceReport, zone: ZoneInfo) -> list[str]:
    """Set a report in blocks of HTML."""
    what = f" · {escape(report.coin)}" if report.coin else ""
    heading = f"<b>Balances</b>{what} · {clock_text(report.at, zone, now=report.at)}"
    value = value_lines(report.worth.total, report.at)
    return [heading, *value, *_total_blocks(report), *_wallet_blocks(report)]


def value_lines(valuation: Valuation, now: datetime) -> Iterator[str]:
    """Tell what all of it is worth, what that leaves out, and what it rests on."""
    if value := _value_text(valuation):
        yield f"<b>{value}</b>"
    if unpriced := _coins_text(valuation.unpriced):
        yield f"no price: {unpriced}"
    if owed := _coins_text(valuation.owed):
        yield f"owed, and no price: {owed}; it may be less"
    if basis := " · ".join(_basis(valuation, now)):
        yield basis


def _basis(valuation: Valuation, now: datetime) -> Iterator[str]:
    if valuation.at_par:
        yield "1 USDT counted as 1 USD"
    if valuation.oldest is not None and valuation.is_stale(now):
        yield f"prices {span_text(now - valuation.oldest)} old"


def _value_text(valuation: Valuation) -> str:
    """Write a value with its currency; nothing where there is none."""
    if valuation.value is None:
        return ""
    mark = AT_LEAST if valuation.at_least else ABOUT
    currency = valuation.currency
    return f"{mark}{value_text(valuation.value, currency, at_least=valuation.at_least)} {currency}"


def total_rows(totals: Mapping[str, Amount]) -> list[Row]:
    """Set the total of each coin, marked where it is only the least that there is."""
    return [_amount_row(asset, amount) for asset, amount in totals.items()]


def _total_blocks(report: BalanceReport) -> Iterator[str]:
    if report.totals:
        yield from _tables(_coin_rows(report, asset) for asset in report.totals)
    elif all(state.readable for state in report.wallets):
        yield "nothing in any wallet"
    for asset, amount in report.staked.items():
        least = "" if amount.complete else AT_LEAST
        name = escape(name_text(asset))
        yield f"{name}: of which staked or redeeming {least}{amount_text(amount.value)}"
    yield from partial_note(report.totals, report.wallets)
    blind = [state.path for state in report.wallets if not state.readable]
    if blind:
        owed = _coins_text(sorted(owed_unread(report.wallets)))
        yield f"⚠️ without {paths_text(blind)}: not readable now" + (
            f"; {owed} was owed there, so that it may be less" if owed else ""
        )


def _tables(groups: Iterable[Iterable[Row]]) -> list[str]:
    """Set rows as few tables; what belongs to one coin is never torn."""
    laid: list[list[Row]] = []
    for group in map(list, groups):
        if not laid or len(laid[-1]) + len(group) > MOST_ROWS:
            laid.append([])
        laid[-1] += group
    return [columns(rows) for rows in laid]


def _coin_rows(report: BalanceReport, asset: str) -> Iterator[Row]:
    """Set a total, and below it what that is worth, unless the same is said elsewhere."""
    yield _amount_row(asset, report.totals[asset])
    worth = report.worth.coins[asset]
    if len(report.totals) > 1 and asset != worth.currency and worth.value is not None:
        value = value_text(worth.value, worth.currency, at_least=worth.at_least)
        yield f"· {worth.currency}", (AT_LEAST if worth.at_least else "") + value


def partial_note(totals: Mapping[str, Amount], wallets: Sequence[WalletState]) -> list[str]:
    """Say why totals are marked, where it is not that a wallet cannot be read."""
    partly = [state.path for state in wallets if _tells_part(state)]
    if not partly or all(amount.complete for amount in totals.values()):
        return []
    return [f"{AT_LEAST}at least: {paths_text(partly)} tells only what is available"]


def _tells_part(state: WalletState) -> bool:
    found = [b for b in state.balances or () if b.available is not None]
    return state.readable and any(balance.total is None for balance in found)


def _wallet_blocks(report: BalanceReport) -> Iterator[str]:
    empty = []
    for state in report.wallets:
        shown = _shown(state, report.coin)
        if state.readable and not shown:
            empty.append(state.path)
        else:
            yield from _wallet(report, state, shown)
    if empty and report.coin is None:
        yield f"\nempty: {paths_text(empty)}"


def _shown(state: WalletState, coin: str | None) -> list[Balance]:
    """Choose the coins to show: no zeros, which the exchanges list or not as they like."""
    return [
        balance
        for balance in state.balances or ()
        if coin in {None, balance.asset} and any((balance.total, balance.available, balance.held))
    ]


def _wallet(report: BalanceReport, state: WalletState, shown: Sequence[Balance]) -> Iterator[str]:
    head, *rest = _tables(map(_balance_rows, shown)) or [""]
    yield f"\n{_heading(state, shown, report.at)}{_subtotal(report, state)}" + (
        f"\n{head}" if head else ""
    )
    yield from rest
    yield from (_staking(balance, report.at) for balance in shown if balance.staking)


def _subtotal(report: BalanceReport, state: WalletState) -> str:
    """Tell on one line what one of several wallets is worth, if it can be read now."""
    valuation = report.worth.wallets.get(state.path)
    value = _value_text(valuation) if valuation and len(report.wallets) > 1 else ""
    return value and f" · {value.replace(' ', NO_BREAK)}"


def _heading(state: WalletState, shown: Sequence[Balance], now: datetime) -> str:
    path = f"<b>{path_text(state.path)}</b>{' · frozen' if state.frozen else ''}"
    if state.readable and state.read_at is not None:
        partly = shown and all(b.total is None and b.available is not None for b in shown)
        return f"{path} · {age_text(state.read_at, now)}{' · available' if partly else ''}"
    if state.health.message is None:
        return f"⏳ {path}\nnot read yet"
    reason = one_line(state.health.message)
    if state.read_at is None:
        return f"⚠️ {path}\n{reason}; never read so far"
    return f"⚠️ {path}\n{reason}\n{_last_good(state, shown, age_text(state.read_at, now))}"


def _last_good(state: WalletState, shown: Sequence[Balance], age: str) -> str:
    if is_listing(state.path):
        return f"sub-accounts as they were listed {age}"
    return f"last good value, {age}:" if shown else f"it held nothing when last read, {age}"


def _balance_rows(balance: Balance) -> Iterator[Row]:
    amount = amount_of(balance)
    if amount is None:
        yield name_text(balance.asset), "unknown"
        return
    yield _row(name_text(balance.asset), amount, mark="")
    if balance.total is not None and balance.held and balance.available is not None:
        yield _row(_FREE, Amount(balance.available), mark="")
        yield _row(_HELD, Amount(balance.held), mark="")


def _coins_text(coins: Sequence[str]) -> str:
    """Name the first few coins, and how many more there are."""
    more = f" and {len(coins) - MOST_COINS} more" if len(coins) > MOST_COINS else ""
    return ", ".join(escape(name_text(coin)) for coin in coins[:MOST_COINS]) + more


def _amount_row(asset: str, amount: Amount) -> Row:
    unsure = ABOUT if amount.may_be_less else AT_LEAST
    return _row(name_text(asset), amount, mark="" if amount.complete else unsure)


def _row(name: str, amount: Amount, *, mark: str) -> Row:
    return name, mark + amount_text(amount.value)


def _staking(balance: Balance, now: datetime) -> str:
    staking = balance.staking
    if staking is None:
        return ""
    latest, total = amount_text(staking.interest_latest), amount_text(staking.interest_total)
    earned = f"interest {latest}, in all {total}"
    return f"snapshot {age_text(staking.as_of, now)} · {earned}" if staking.as_of else earned
