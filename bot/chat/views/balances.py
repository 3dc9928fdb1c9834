"""The answer to `/balance`: totals first, then a block a wallet, with the age of each number."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from html import escape
from zoneinfo import ZoneInfo

from bot.chat.numbers import AT_LEAST, age_text, amount_text, clock_text
from bot.chat.views.layout import Row, name_text, one_line, path_text, paths_text, tables
from bot.core.portfolio import Amount, WalletState, amount_of, is_listing
from bot.fetchers.model import Balance
from bot.services.report_balances import BalanceReport

_FREE, _HELD = "· free", "· held"


def reading_text(accounts: Sequence[str]) -> str:
    """Say at once that the answer is coming."""
    return f"⏳ reading {paths_text(accounts)} …"


def balance_blocks(report: BalanceReport, zone: ZoneInfo) -> list[str]:
    """Set a report in blocks of HTML."""
    what = f" · {escape(report.coin)}" if report.coin else ""
    heading = f"<b>Balances</b>{what} · {clock_text(report.at, zone, now=report.at)}"
    return [heading, *_total_blocks(report), *_wallet_blocks(report)]


def total_rows(totals: Mapping[str, Amount]) -> list[Row]:
    """Set the total of each coin, marked where it is only the least that there is."""
    return [_amount_row(asset, amount) for asset, amount in totals.items()]


def _total_blocks(report: BalanceReport) -> Iterator[str]:
    rows = total_rows(report.totals)
    if rows:
        yield from tables(rows)
    elif all(state.readable for state in report.wallets):
        yield "nothing in any wallet"
    yield from partial_note(report.totals, report.wallets)
    blind = [state.path for state in report.wallets if not state.readable]
    if blind:
        yield f"⚠️ without {paths_text(blind)}: not readable now"


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
            yield from _wallet(state, shown, report.at)
    if empty and report.coin is None:
        yield f"\nempty: {paths_text(empty)}"


def _shown(state: WalletState, coin: str | None) -> list[Balance]:
    """Choose the coins to show: no zeros, which the exchanges list or not as they like."""
    return [
        balance
        for balance in state.balances or ()
        if coin in {None, balance.asset} and any((balance.total, balance.available, balance.held))
    ]


def _wallet(state: WalletState, shown: Sequence[Balance], now: datetime) -> Iterator[str]:
    rows = [row for balance in shown for row in _balance_rows(balance)]
    head, *rest = tables(rows) or [""]
    yield f"\n{_heading(state, shown, now)}" + (f"\n{head}" if head else "")
    yield from rest
    yield from (_staking(balance, now) for balance in shown if balance.staking)


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


def _amount_row(asset: str, amount: Amount) -> Row:
    return _row(name_text(asset), amount, mark="" if amount.complete else AT_LEAST)


def _row(name: str, amount: Amount, *, mark: str) -> Row:
    return name, mark + amount_text(amount.value)


def _staking(balance: Balance, now: datetime) -> str:
    staking = balance.staking
    if staking is None:
        return ""
    latest, total = amount_text(staking.interest_latest), amount_text(staking.interest_total)
    earned = f"interest {latest}, in all {total}"
    return f"snapshot {age_text(staking.as_of, now)} · {earned}" if staking.as_of else earned
