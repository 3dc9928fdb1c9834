"""The answer to `/balance` in ten seconds: the total, its change and age, then its parts."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial
from html import escape
from itertools import groupby
from typing import TypeVar
from zoneinfo import ZoneInfo

from bot.chat.i18n import _, ngettext
from bot.chat.numbers import (
    ABOUT,
    age_text,
    amount_text,
    amounts_are_hidden,
    clock_text,
    percent_text,
)
from bot.chat.views.balances import (
    amount_row,
    balance_rows,
    grouped_tables,
    interest_line,
    last_good,
    owed_note,
    part_text,
    tells_part,
    value_notes,
    value_words,
    why_unread,
)
from bot.chat.views.changes import change_lines
from bot.chat.views.layout import Row, name_text, paths_text
from bot.chat.views.triples import Triple, triples
from bot.core.overview import By, Overview
from bot.core.portfolio import WalletState
from bot.core.stock import Dust, Held, Part, share_of, without_dust
from bot.core.valuation import Rate, Valuation
from bot.fetchers.model import Balance, exact_sum

ROWS_A_PAGE = 12
EVERYTHING = "*"
_MOST_REASONS = 4
_REASON_WIDTH, _LINE_WIDTH = 80, 300

_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class Choice:
    """Something on a page that can be looked into."""

    label: str
    query: str


@dataclass(frozen=True, slots=True)
class Page:
    """What one message shows, and what can be looked into from there."""

    text: str
    page: int
    """Counted from 0."""
    pages: int
    choices: tuple[Choice, ...] = ()


def overview_page(
    overview: Overview, zone: ZoneInfo, *, by: By, small: Decimal, page: int, status: str = ""
) -> Page:
    """Set one page of an answer, or the last one there is; each has the total first.

    Args:
        overview: What is known.
        zone: In which instants are shown.
        by: How it is parted; a single wallet and a single coin are parted in one way only.
        small: Coins that are worth less are told in one line.
        page: Counted from 0.
        status: What is being done at present, if anything.
    """
    head = [*_title(overview), *_notes(overview, zone, status)]
    if overview.level == "wallet":
        body = _wallet_page(overview, small, page)
    elif by == "coins" and overview.coin is None:
        body = _coin_page(overview, small, page)
    else:
        body = _part_page(overview, page)
    return replace(body, text="\n".join([*head, body.text]).rstrip("\n"))


def _page(
    items: Sequence[_Item],
    page: int,
    lines_of: Callable[[Sequence[_Item]], Iterable[str]],
    *,
    last: Sequence[str] = (),
    choice_of: Callable[[_Item], Choice] | None = None,
) -> Page:
    """Take the items of one page; `last` stands at the end of the last one."""
    pages = max(1, -(-len(items) // ROWS_A_PAGE))
    page = min(page, pages - 1)
    shown = items[page * ROWS_A_PAGE : (page + 1) * ROWS_A_PAGE]
    lines = [*lines_of(shown), *(last if page == pages - 1 else ())]
    choices = tuple(map(choice_of, shown)) if choice_of else ()
    return Page("\n".join(lines), page, pages, choices)


def _title(overview: Overview) -> Iterator[str]:
    balances, value = f"<b>{_('Balances')}</b>", value_words(overview.total)
    total = f"<b>{value}</b>" if value else _("no price yet") if overview.total.unpriced else ""
    if amounts_are_hidden():
        total = ""
    if overview.query == EVERYTHING:
        yield " · ".join(part for part in (balances, total) if part)
        return
    share = share_of(overview.total, overview.whole)
    of_all = (
        _("{share} of all").format(share=escape(_share_text(share))) if share is not None else ""
    )
    if overview.coin is not None:
        yield f"{balances} · <b>{escape(name_text(overview.coin))}</b>"
        if overview.coins and not amounts_are_hidden():
            amount = amount_row(overview.coin, overview.coins[0].amount)[1]
            yield f"<b>{escape(f'{amount} {name_text(overview.coin)}')}</b>"
    else:
        frozen = _(" · frozen") if _is_frozen(overview) else ""
        yield f"{balances} · {_query_text(overview.query)}{frozen}"
    if told := " · ".join(part for part in (total, of_all) if part):
        yield told


def _of_all(share: Decimal | None) -> str:
    return escape(_("{share} of all").format(share=_share_text(share))) if share else ""


def _query_text(query: str) -> str:
    """Show what was asked for in full: a button may have to find it there."""
    shown = "".join(c for c in query if c.isprintable())
    return f"<code>{escape(shown)}</code>"


def _is_frozen(overview: Overview) -> bool:
    return overview.level == "wallet" and any(state.frozen for state in overview.states)


def _notes(overview: Overview, zone: ZoneInfo, status: str) -> Iterator[str]:
    """Tell what has changed, what is not known, and how old all of it is."""
    if overview.coin is not None:
        yield from _coin_lines(overview)
    if overview.change is not None:
        yield from change_lines(overview.change, overview.total.currency)
    yield from value_notes(overview.total, overview.at)
    if overview.level != "wallet":
        yield from _blind_lines(overview)
    partly = tells_part(overview.states)
    if partly and not overview.total.complete:
        yield part_text(partly)
    if status:
        yield status
    yield f"<i>{' · '.join(_ages(overview, zone))}</i>"


def _ages(overview: Overview, zone: ZoneInfo) -> Iterator[str]:
    yield clock_text(overview.at, zone, now=overview.at)
    if overview.oldest is not None:
        age = age_text(overview.oldest, overview.at)
        one = overview.level == "wallet"
        yield (_("read {age}") if one else _("oldest reading {age}")).format(age=age)


def _coin_lines(overview: Overview) -> Iterator[str]:
    if overview.rates and overview.coin != overview.total.currency:
        yield from _prices(overview)
    if overview.spendable is not None and overview.spendable[1]:
        whole = exact_sum(overview.spendable)
        free, held = (amount_text(part, of=whole) for part in overview.spendable)
        yield _("free {free} · held {held}").format(free=free, held=held)


def _prices(overview: Overview) -> Iterator[str]:
    if not amounts_are_hidden():
        yield _price_text(overview.rates, overview)


def _price_text(rates: Sequence[Rate], overview: Overview) -> str:
    """Tell what one unit is worth, by all markets where it lies, and how old that is."""
    lowest, highest = (pick(rate.factor for rate in rates) for pick in (min, max))
    prices = dict.fromkeys(amount_text(_short(price)) for price in (lowest, highest))
    coin, currency = escape(name_text(overview.coin or "")), overview.total.currency
    told = _("1 {coin} = {price} {currency}").format(
        coin=coin, price=" – ".join(prices), currency=currency
    )
    oldest = min((rate.at for rate in rates if rate.at is not None), default=None)
    return told if oldest is None else f"{told} · {age_text(oldest, overview.at)}"


def _short(price: Decimal) -> Decimal:
    """Round a price to six digits, but never before the point."""
    return price.quantize(Decimal(1).scaleb(min(-2, price.adjusted() - 5)))


def _blind_lines(overview: Overview) -> Iterator[str]:
    """Name what cannot be read, by reason; and what was owed there, which is worse."""
    reasons = [(why_unread(state, width=_REASON_WIDTH), state) for state in overview.blind]
    reasons.sort(key=lambda pair: pair[0])
    grouped = [
        (reason, [state for _reason, state in pairs])
        for reason, pairs in groupby(reasons, key=lambda pair: pair[0])
    ]
    for reason, states in grouped[:_MOST_REASONS]:
        yield f"⚠️ {paths_text([s.path for s in states])}: {reason}{_last_age(states, overview)}"
    if more := sum(len(states) for _reason, states in grouped[_MOST_REASONS:]):
        yield ngettext(
            "⚠️ {n} more wallet cannot be read", "⚠️ {n} more wallets cannot be read", more
        ).format(n=more)
    yield from owed_note(overview.states)


def _last_age(states: Iterable[WalletState], overview: Overview) -> str:
    read = [state.read_at for state in states if state.read_at is not None]
    if not read:
        return ""
    return " · " + _("last good {age}").format(age=age_text(min(read), overview.at))


def _part_page(overview: Overview, page: int) -> Page:
    """Lay out accounts or wallets; what is empty is one line at the end."""
    there = [part for part in overview.parts if not _is_empty(part)]
    empty = [part.name for part in overview.parts if _is_empty(part)]
    last = [_("empty: {paths}").format(paths=paths_text(empty))] if empty else []

    def lines(parts: Sequence[Part]) -> list[str]:
        return triples([row for part in parts if (row := _part_row(part, overview))])

    if not there:
        return Page(_("nothing in any wallet"), 0, 1)
    return _page(there, page, lines, last=last, choice_of=partial(_choice, overview))


def _part_row(part: Part, overview: Overview) -> Triple | None:
    """Set one part with its share; None where nothing is known of it at all."""
    name = _short_name(part, overview)
    share = share_of(part.worth, overview.total)
    told = _share_text(share) if share is not None else ""
    if amounts_are_hidden():
        return Triple(name, told or "–", "")
    if overview.coin is not None:
        if part.amount is None:
            return None
        return Triple(name, amount_row(overview.coin, part.amount)[1], told)
    if part.worth.value is None:
        return Triple(name, _("no price"), "") if part.worth.unpriced else None
    return Triple(name, _value(part.worth), told)


def _is_empty(part: Part) -> bool:
    worth = part.worth
    if part.amount is not None:
        return not part.amount.value and part.amount.complete
    return worth.value is None and worth.complete and not (worth.unpriced or worth.owed)


def _choice(overview: Overview, part: Part) -> Choice:
    mark = "⚠️ " if part.blind else ""
    return Choice(mark + _short_name(part, overview), part.name)


def _short_name(part: Part, overview: Overview) -> str:
    """Leave the account out where all wallets are of one."""
    return part.name if overview.level == "accounts" else part.name.partition("/")[2]


def _value(worth: Valuation) -> str:
    """Write a value for a column, where the currency is known and "about" goes without saying."""
    return value_words(worth, unit=False).removeprefix(ABOUT)


def _share_text(share: Decimal) -> str:
    """Write a share in whole percents, which is what one takes in at a glance."""
    if 0 < share < 1:
        return f"< {percent_text(Decimal(1))}"
    return percent_text(share.quantize(Decimal(1)))


def _coin_page(overview: Overview, small: Decimal, page: int) -> Page:
    """Lay out coins; those that are worth little are one line at the end."""
    coins, dust = without_dust(overview.coins, small)
    last = [_dust_line(dust)] if dust else []

    def lines(shown: Sequence[Held]) -> list[str]:
        return triples([_coin_row(held, overview) for held in shown])

    if not (coins or overview.blind):
        last = [_("nothing in any wallet")]
    return _page(coins, page, lines, last=last, choice_of=_coin_choice)


def _coin_choice(held: Held) -> Choice:
    return Choice(name_text(held.coin), held.coin)


def _coin_row(held: Held, overview: Overview) -> Triple:
    name, amount = amount_row(held.coin, held.amount)
    if amounts_are_hidden():
        return Triple(name, _share_of_all(held.worth, overview), "")
    value = _value(held.worth) if held.worth.value is not None else _("no price")
    return Triple(name, amount, value)


def _share_of_all(worth: Valuation, overview: Overview) -> str:
    """Write the share of a part in what is shown; a dash where nobody knows it."""
    share = share_of(worth, overview.total)
    return _share_text(share) if share is not None else "–"


def _dust_line(dust: Dust) -> str:
    if amounts_are_hidden():
        told = ngettext("{n} small coin", "{n} small coins", dust.count)
        return told.format(n=dust.count)
    limit = f"{amount_text(dust.limit)} {dust.worth.currency}"
    return ngettext(
        "{n} coin below {limit} each: {value}", "{n} coins below {limit} each: {value}", dust.count
    ).format(n=dust.count, limit=limit, value=value_words(dust.worth))


def _wallet_page(overview: Overview, small: Decimal, page: int) -> Page:
    """Lay out the coins of one wallet, with all that is told of each."""
    (state,) = overview.states
    if not state.readable:
        return _unreadable_page(state, overview, page)
    coins, dust = without_dust(overview.coins, small)
    last = [_dust_line(dust)] if dust else []
    balances = {balance.asset: balance for balance in state.balances or ()}

    def lines(shown: Sequence[Held]) -> Iterator[str]:
        if not coins and not dust:
            yield _("nothing in this wallet")
        if amounts_are_hidden():
            yield from triples([_coin_row(held, overview) for held in shown])
        else:
            yield from grouped_tables(_held_rows(balances[held.coin], held) for held in shown)
        for held in shown:
            earned = interest_line(balances[held.coin], overview.at)
            if earned and not amounts_are_hidden():
                yield earned

    return _page(coins, page, lines, last=last)


def _held_rows(balance: Balance, held: Held) -> list[Row]:
    """Set all that is told of one coin, and what it is worth."""
    rows = list(balance_rows(balance))
    if balance.staking and balance.total is not None and balance.total != held.amount.value:
        counted = _("· only here"), amount_text(held.amount.value)
        rows = [*rows, counted]
    worth = held.worth
    if worth.value is None and held.amount.value:
        return [*rows, (f"· {worth.currency}", _("no price"))]
    if worth.value is None or held.coin == worth.currency:
        return rows
    return [*rows, (f"· {worth.currency}", _value(worth))]


def _unreadable_page(state: WalletState, overview: Overview, page: int) -> Page:
    """Tell why a wallet cannot be read, and what it held when it was read last."""
    held = [b for b in state.balances or () if b.total or b.available or b.held]
    why = why_unread(state, width=_LINE_WIDTH)
    if state.read_at is None:
        known = state.health.message is not None
        text = f"⚠️ {why}; {_('never read so far')}" if known else f"⏳ {why}"
        return Page(text, 0, 1)
    age = last_good(state, held, age_text(state.read_at, overview.at))

    def lines(shown: Sequence[Balance]) -> list[str]:
        if amounts_are_hidden():
            return [f"⚠️ {why}", age]
        return [f"⚠️ {why}", age, *grouped_tables(map(balance_rows, shown))]

    return _page(held, page, lines)
