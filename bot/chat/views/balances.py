"""What `/balance full` answers, wallet by wallet; and how amounts and values are told anywhere."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from html import escape
from zoneinfo import ZoneInfo

from bot.chat.i18n import _, later, ngettext
from bot.chat.numbers import (
    ABOUT,
    AT_LEAST,
    HIDDEN,
    age_text,
    amount_text,
    amounts_are_hidden,
    clock_text,
    span_text,
    value_text,
)
from bot.chat.views.layout import (
    MOST_ROWS,
    Row,
    columns,
    name_text,
    path_text,
    paths_text,
)
from bot.chat.views.mistakes import reason_text
from bot.core.portfolio import Amount, WalletState, amount_of, is_listing, owed_unread
from bot.core.valuation import Valuation
from bot.fetchers.model import Balance
from bot.services.report_balances import BalanceReport

MOST_COINS = 5
NO_BREAK = "\N{NO-BREAK SPACE}"
_REASON_WIDTH = 300
_FREE, _HELD = later("· free"), later("· held")


def reading_text(accounts: Sequence[str]) -> str:
    """Say at once that the answer is coming."""
    return _("⏳ reading {paths} …").format(paths=paths_text(accounts))


def still_reading_text(accounts: Sequence[str]) -> str:
    """Say that an exchange takes its time."""
    return _("⏳ still reading {paths} …").format(paths=paths_text(accounts))


def balance_blocks(report: BalanceReport, zone: ZoneInfo, *, status: str = "") -> list[str]:
    """Set a report in blocks of HTML."""
    what = f" · {escape(name_text(report.coin))}" if report.coin else ""
    title, clock = _("Balances"), clock_text(report.at, zone, now=report.at)
    heading = f"<b>{title}</b>{what} · {clock}" + (f"\n{status}" if status else "")
    value = value_lines(report.worth.total, report.at)
    return [heading, *value, *_total_blocks(report), *_wallet_blocks(report)]


def value_lines(valuation: Valuation, now: datetime) -> Iterator[str]:
    """Tell what all of it is worth, what that leaves out, and what it rests on."""
    if value := value_words(valuation):
        yield f"<b>{value}</b>"
    yield from value_notes(valuation, now)


def value_notes(valuation: Valuation, now: datetime) -> Iterator[str]:
    """Tell what a value leaves out, and what it rests on."""
    if unpriced := coins_text(valuation.unpriced):
        yield _("no price: {coins}").format(coins=unpriced)
    if owed := coins_text(valuation.owed):
        yield _("owed, and no price: {coins}; it may be less").format(coins=owed)
    if basis := " · ".join(_basis(valuation, now)):
        yield basis


def _basis(valuation: Valuation, now: datetime) -> Iterator[str]:
    if valuation.at_par:
        yield _("1 USDT counted as 1 USD")
    if valuation.oldest is not None and valuation.is_stale(now):
        yield _("prices {span} old").format(span=span_text(now - valuation.oldest))


def value_words(valuation: Valuation, *, unit: bool = True) -> str:
    """Write a value with its currency, or without; nothing where there is none."""
    if valuation.value is None:
        return ""
    if amounts_are_hidden():
        return HIDDEN
    mark = AT_LEAST if valuation.at_least else ABOUT
    currency = valuation.currency
    value = mark + value_text(valuation.value, currency, at_least=valuation.at_least)
    return f"{value} {currency}" if unit else value


def total_rows(totals: Mapping[str, Amount]) -> list[Row]:
    """Set the total of each coin, marked where it is only the least that there is."""
    return [amount_row(asset, amount) for asset, amount in totals.items()]


def _total_blocks(report: BalanceReport) -> Iterator[str]:
    if report.totals:
        yield from grouped_tables(_coin_rows(report, asset) for asset in report.totals)
    elif all(state.readable for state in report.wallets):
        yield _("nothing in any wallet")
    for asset, amount in report.staked.items():
        least = "" if amount.complete else AT_LEAST
        name = escape(name_text(asset))
        yield _("{coin}: of which staked or redeeming {amount}").format(
            coin=name, amount=least + amount_text(amount.value)
        )
    yield from partial_note(report.totals, report.wallets)
    blind = paths_text([state.path for state in report.wallets if not state.readable])
    if blind:
        yield _("⚠️ without {paths}: not readable now").format(paths=blind)
        yield from owed_note(report.wallets)


def owed_note(wallets: Iterable[WalletState]) -> Iterator[str]:
    """Say what wallets that cannot be read owed when they were read last."""
    if owed := coins_text(sorted(owed_unread(wallets))):
        yield _("{coins} was owed there, so that it may be less").format(coins=owed)


def grouped_tables(groups: Iterable[Iterable[Row]]) -> list[str]:
    """Set rows as few tables; what belongs to one coin is never torn."""
    laid: list[list[Row]] = []
    for group in map(list, groups):
        if not laid or len(laid[-1]) + len(group) > MOST_ROWS:
            laid.append([])
        laid[-1] += group
    return [columns(rows) for rows in laid]


def _coin_rows(report: BalanceReport, asset: str) -> Iterator[Row]:
    """Set a total, and below it what that is worth, unless the same is said elsewhere."""
    yield amount_row(asset, report.totals[asset])
    worth = report.worth.coins[asset]
    if len(report.totals) > 1 and asset != worth.currency and worth.value is not None:
        value = value_text(worth.value, worth.currency, at_least=worth.at_least)
        yield f"· {worth.currency}", (AT_LEAST if worth.at_least else "") + value


def partial_note(totals: Mapping[str, Amount], wallets: Sequence[WalletState]) -> list[str]:
    """Say why totals are marked, where it is not that a wallet cannot be read."""
    partly = tells_part(wallets)
    if not partly or all(amount.complete for amount in totals.values()):
        return []
    return [part_text(partly)]


def part_text(paths: Sequence[str]) -> str:
    """Say that some wallets do not tell all that they hold."""
    told = ngettext(
        "at least: {paths} tells only what is available",
        "at least: {paths} tell only what is available",
        len(paths),
    )
    return AT_LEAST + told.format(paths=paths_text(paths))


def tells_part(wallets: Iterable[WalletState]) -> list[str]:
    """Name the wallets that tell only a part of what they hold."""
    return [
        state.path
        for state in wallets
        if state.readable
        and any(b.total is None and b.available is not None for b in state.balances or ())
    ]


def _wallet_blocks(report: BalanceReport) -> Iterator[str]:
    empty = []
    for state in report.wallets:
        shown = _shown(state, report.coin)
        if state.readable and not shown:
            empty.append(state.path)
        else:
            yield from _wallet(report, state, shown)
    if empty and report.coin is None:
        yield "\n" + _("empty: {paths}").format(paths=paths_text(empty))


def _shown(state: WalletState, coin: str | None) -> list[Balance]:
    """Choose the coins to show: no zeros, which the exchanges list or not as they like."""
    return [
        balance
        for balance in state.balances or ()
        if coin in {None, balance.asset} and any((balance.total, balance.available, balance.held))
    ]


def _wallet(report: BalanceReport, state: WalletState, shown: Sequence[Balance]) -> Iterator[str]:
    head, *rest = grouped_tables(map(balance_rows, shown)) or [""]
    yield f"\n{_heading(state, shown, report.at)}{_subtotal(report, state)}" + (
        f"\n{head}" if head else ""
    )
    yield from rest
    yield from filter(None, (interest_line(balance, report.at) for balance in shown))


def _subtotal(report: BalanceReport, state: WalletState) -> str:
    """Tell on one line what one of several wallets is worth, if it can be read now."""
    valuation = report.worth.wallets.get(state.path)
    value = value_words(valuation) if valuation and len(report.wallets) > 1 else ""
    return value and f" · {value.replace(' ', NO_BREAK)}"


def _heading(state: WalletState, shown: Sequence[Balance], now: datetime) -> str:
    path = f"<b>{path_text(state.path)}</b>{_(' · frozen') if state.frozen else ''}"
    if state.readable and state.read_at is not None:
        partly = shown and all(b.total is None and b.available is not None for b in shown)
        return f"{path} · {age_text(state.read_at, now)}{_(' · available') if partly else ''}"
    if state.health.message is None:
        return f"⏳ {path}\n{_('not read yet')}"
    reason = why_unread(state, width=_REASON_WIDTH)
    if state.read_at is None:
        return f"⚠️ {path}\n{reason}; {_('never read so far')}"
    return f"⚠️ {path}\n{reason}\n{last_good(state, shown, age_text(state.read_at, now))}"


def why_unread(state: WalletState, *, width: int) -> str:
    """Say in one line why a wallet cannot be read."""
    if state.health.message is None:
        return _("not read yet")
    reason = reason_text(state.health.error, state.health.message)
    return escape(name_text(reason, width=width))


def last_good(state: WalletState, shown: Sequence[Balance], age: str) -> str:
    """Introduce what a wallet that cannot be read held when it was read last."""
    if is_listing(state.path):
        return _("sub-accounts as they were listed {age}").format(age=age)
    if not shown:
        return _("it held nothing when last read, {age}").format(age=age)
    return _("last good value, {age}:").format(age=age)


def balance_rows(balance: Balance) -> Iterator[Row]:
    """Set all that is told of one coin."""
    amount = amount_of(balance)
    if amount is None:
        yield name_text(balance.asset), _("unknown")
        return
    yield _row(name_text(balance.asset), amount, mark="")
    if balance.total is not None and balance.held and balance.available is not None:
        yield _row(_(_FREE), Amount(balance.available), mark="")
        yield _row(_(_HELD), Amount(balance.held), mark="")


def coins_text(coins: Sequence[str]) -> str:
    """Name the first few coins, and how many more there are."""
    named = ", ".join(escape(name_text(coin)) for coin in coins[:MOST_COINS])
    more = len(coins) - MOST_COINS
    if more <= 0:
        return named
    told = ngettext("{names} and {n} more", "{names} and {n} more", more)
    return told.format(names=named, n=more)


def amount_row(asset: str, amount: Amount) -> Row:
    """Set an amount beside its coin, marked where it is not all."""
    unsure = ABOUT if amount.may_be_less else AT_LEAST
    return _row(name_text(asset), amount, mark="" if amount.complete else unsure)


def _row(name: str, amount: Amount, *, mark: str) -> Row:
    return name, mark + amount_text(amount.value)


def interest_line(balance: Balance, now: datetime) -> str:
    """Tell what a coin has earned, and of a snapshot how old it is; empty: nothing."""
    staking = balance.staking
    if staking is None:
        if not balance.earned or amounts_are_hidden():
            return ""
        return _("interest in all {total}").format(total=amount_text(balance.earned))
    latest = amount_text(staking.interest_latest, of=staking.interest_total)
    total = amount_text(staking.interest_total, of=staking.interest_total)
    earned = _("interest {latest}, in all {total}").format(latest=latest, total=total)
    if staking.as_of is None:
        return earned
    return _("snapshot {age}").format(age=age_text(staking.as_of, now)) + f" · {earned}"
