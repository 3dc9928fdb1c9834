"""The digest: what there was and is, what moved, what prices did, what is low, what is unread."""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from html import escape
from zoneinfo import ZoneInfo

from bot.chat.i18n import _, later, ngettext
from bot.chat.numbers import (
    amount_text,
    amounts_are_hidden,
    change_text,
    clock_text,
    date_text,
    minute_text,
    percent_text,
    rounded_value,
    value_text,
)
from bot.chat.views.balances import owed_note, part_text, tells_part, value_notes, value_words
from bot.chat.views.changes import is_nothing, signed_text
from bot.chat.views.figures import ORDER, limit_text, measured_text, title_text
from bot.chat.views.layout import columns, first_page, name_text, path_text, paths_text
from bot.chat.views.standing import stale_text, unreadable_lines
from bot.core.alerts import AlertState
from bot.core.digest import Digest, Interest, Moved, Sheet, Turned
from bot.core.timing import Period
from bot.core.value_change import ValueChange
from bot.fetchers.model import exact_sum

MOST_ACCOUNTS, MOST_MOVED, MOST_TURNED, MOST_INTEREST = 6, 5, 4, 4
MOST_LOW, MOST_UNREAD = 6, 4
_BLOCKS = "▁▂▃▄▅▆▇█"
_GAP = "·"
_TENTH, _NONE = Decimal("0.1"), Decimal(0)
_ICONS = {"critical": "🔴", "warning": "🟠"}
_TITLES: dict[Period, str] = {
    "daily": later("☀️ <b>Digest</b>"),
    "weekly": later("🗓 <b>Weekly digest</b>"),
    "monthly": later("🗓 <b>Monthly digest</b>"),
}


def digest_text(digest: Digest, zone: ZoneInfo, *, maybe_repeated: bool = False) -> str:
    """Set a digest in one message."""
    blocks = [
        *_heading(digest, zone),
        *_total(digest, zone),
        *_low(digest),
        *_unread(digest),
        *_accounts(digest),
        *_moved(digest),
        *_turned(digest),
        *_interest(digest),
    ]
    if maybe_repeated:
        blocks.insert(1, _("<i>This may be a repeat: Telegram did not confirm the first one.</i>"))
    return first_page(blocks, more=_("… and more: /balance and /alerts show all"))


def _heading(digest: Digest, zone: ZoneInfo) -> Iterator[str]:
    at = digest.at.astimezone(zone)
    title = _(_TITLES[digest.period])
    yield f"{title} · {date_text(digest.local_date)} · {minute_text(at)} {at.tzname()}"
    if digest.late:
        yield _("late: I was not running when it was due")


def _total(digest: Digest, zone: ZoneInfo) -> Iterator[str]:
    """Tell what all is worth, and how that has come about, as a sum that can be checked."""
    worth, change = digest.total.worth, digest.total.change
    value = value_words(worth) or (_("no price yet") if worth.unpriced else "")
    if value:
        yield f"<b>{value}</b>{_percent(change)}"
    yield from value_notes(worth, digest.at)
    if partly := tells_part(digest.wallets):
        yield part_text(partly)
    if course := course_text(digest.course):
        yield f"<code>{course}</code>"
    if change is None:
        yield _("nothing to compare with yet")
        return
    yield _sum(change, digest.currency)
    since = escape(clock_text(change.since, zone, now=digest.at))
    yield _("compared with {since}").format(since=since)
    yield from _without(change)


def _percent(change: ValueChange | None) -> str:
    if change is None or change.percent is None or change.difference is None:
        return ""
    percent = change.percent.quantize(_TENTH)
    if not percent:
        return ""
    mark = "▲" if percent > 0 else "▼"
    sign = "+" if percent > 0 else ""
    return f" {mark} {sign}{percent_text(percent)}"


def _sum(change: ValueChange, currency: str) -> str:
    """Set the opening, what moved and what prices did, which add up to the last line."""
    if change.before is None or change.after is None:
        moved = signed_text(change.by_amounts, currency)
        return _("moved {amounts} {currency}; what it was worth then is not known").format(
            amounts=moved, currency=currency
        )
    of = change.before
    rows = [
        (_("opening"), _plain(change.before, currency, of)),
        (_("moved"), signed_text(change.by_amounts, currency, of=of)),
        (_("prices"), signed_text(_told_prices(change, currency), currency, of=of)),
        (_("now"), _plain(change.after, currency, of)),
    ]
    return columns(rows)


def _told_prices(change: ValueChange, currency: str) -> Decimal:
    """Return what prices did as it has to be shown, so that what is shown adds up, too."""
    if change.before is None or change.after is None:
        return _NONE
    before, moved, after = (
        rounded_value(value, currency)
        for value in (change.before, change.by_amounts, change.after)
    )
    return exact_sum([after, before.copy_negate(), moved.copy_negate()])


def _plain(value: Decimal, currency: str, of: Decimal) -> str:
    return value_text(value, currency, at_least=False, of=of)


def _without(change: ValueChange) -> Iterator[str]:
    if change.without:
        yield _("not in the comparison: {paths}").format(paths=paths_text(change.without))


def course_text(course: Sequence[Decimal | None]) -> str:
    """Draw in one line of signs how a value went; nothing where it did not."""
    known = [value for value in course if value is not None]
    if len(known) < 2 or min(known) == max(known):
        return ""
    low, span = min(known), max(known) - min(known)

    def sign(value: Decimal | None) -> str:
        if value is None:
            return _GAP
        return _BLOCKS[min(int((value - low) / span * len(_BLOCKS)), len(_BLOCKS) - 1)]

    return "".join(map(sign, course))


def _accounts(digest: Digest) -> Iterator[str]:
    """Tell of each account what all is told of, in two lines, where there are several."""
    if len(digest.accounts) < 2:
        return
    yield f"\n<b>{_('Accounts')}</b>"
    for sheet in digest.accounts[:MOST_ACCOUNTS]:
        yield _account(sheet, digest.currency)
    more = len(digest.accounts) - MOST_ACCOUNTS
    if more > 0:
        yield ngettext(
            "and {n} more account: /balance", "and {n} more accounts: /balance", more
        ).format(n=more)


def _account(sheet: Sheet, currency: str) -> str:
    name, change = path_text(sheet.name), sheet.change
    now = value_words(sheet.worth, unit=False) or _("unknown")
    if change is None:
        return f"{name} {now}"
    if change.before is None or change.after is None:
        moved = signed_text(change.by_amounts, currency)
        return _("{account} {value}\nmoved {amounts}, prices unknown").format(
            account=name, value=now, amounts=moved
        )
    of, prices = change.before, _told_prices(change, currency)
    is_part = bool(change.without) or amounts_are_hidden()
    if is_nothing(change.by_amounts, currency) and is_nothing(prices, currency):
        told = _("{account} {value} · no change").format(account=name, value=now)
    else:
        told = _("{account} {before} → {value}\nmoved {amounts} · prices {prices}").format(
            account=name,
            before=_plain(change.before, currency, of),
            value=_plain(change.after, currency, of) if is_part else now,
            amounts=signed_text(change.by_amounts, currency, of=of),
            prices=signed_text(prices, currency, of=of),
        )
    return "\n".join([told, *_not_compared(change)])


def _not_compared(change: ValueChange) -> Iterator[str]:
    if n := len(change.without):
        told = ngettext("{n} wallet is not compared", "{n} wallets are not compared", n)
        yield told.format(n=n)


def _moved(digest: Digest) -> Iterator[str]:
    if digest.since is None:
        return
    yield f"\n<b>{_('Moved most')}</b>" if digest.moved else "\n" + _("Nothing has moved")
    for moved in digest.moved[:MOST_MOVED]:
        yield _mover(moved, digest.currency)
    more = len(digest.moved) - MOST_MOVED
    if more > 0:
        yield ngettext("and {n} more", "and {n} more", more).format(n=more)


def _mover(moved: Moved, currency: str) -> str:
    told = f"{change_text(moved.difference, of=moved.before)} {escape(name_text(moved.coin))}"
    if moved.worth is None:
        return _("{path} {change}, no price").format(path=path_text(moved.path), change=told)
    if moved.coin == currency or amounts_are_hidden():
        return f"{path_text(moved.path)} {told}"
    return f"{path_text(moved.path)} {told} {_unbroken(signed_text(moved.worth, currency))}"


def _unbroken(worth: str) -> str:
    """Set what something is worth so that no phone breaks the line within."""
    return f"(≈ {worth})".replace(" ", "\N{NO-BREAK SPACE}")


def _turned(digest: Digest) -> Iterator[str]:
    told = [t for t in digest.turned if not is_nothing(t.effect, digest.currency)]
    if told:
        yield f"\n<b>{_('Prices')}</b>"
        yield from (_turn(turned, digest.currency) for turned in told[:MOST_TURNED])


def _turn(turned: Turned, currency: str) -> str:
    percent = turned.percent.quantize(_TENTH)
    shown = percent_text(percent) if percent <= 0 else f"+{percent_text(percent)}"
    if amounts_are_hidden():
        return f"{escape(name_text(turned.coin))} {shown}"
    return f"{escape(name_text(turned.coin))} {shown} ({signed_text(turned.effect, currency)})"


def _interest(digest: Digest) -> Iterator[str]:
    hidden = amounts_are_hidden()
    told = [each for each in digest.interest if each.latest is not None or not hidden]
    if told:
        yield f"\n<b>{_('Interest')}</b>"
        yield from map(_earned, told[:MOST_INTEREST])
    more = len(told) - MOST_INTEREST
    if more > 0:
        yield ngettext("and {n} more", "and {n} more", more).format(n=more)


def _earned(interest: Interest) -> str:
    path, coin = path_text(interest.path), escape(name_text(interest.coin))
    total = amount_text(interest.total)
    if interest.latest is None:
        return _("{path} {coin}: in all {total}").format(path=path, coin=coin, total=total)
    latest = change_text(interest.latest, of=interest.total)
    return _("{path} {coin}: last {latest}, in all {total}").format(
        path=path, coin=coin, latest=latest, total=total
    )


def _low(digest: Digest) -> Iterator[str]:
    firing = [state for state in digest.firing if state.alert is not None]
    if not firing:
        yield "\n" + _("✅ No alert")
        return
    firing.sort(key=lambda state: ORDER[state.alert.severity] if state.alert else 0)
    yield f"\n<b>{_('Alerts')}</b>"
    yield from filter(None, map(_alert, firing[:MOST_LOW]))
    yield from _rest(len(firing) - MOST_LOW)


def _alert(state: AlertState) -> str:
    alert = state.alert
    if alert is None:
        return ""
    amount = measured_text(alert, state.amount) if state.amount is not None else _("unknown")
    return _("{sign} {title}: {amount}, limit {limit}").format(
        sign=_ICONS[alert.severity],
        title=title_text(alert),
        amount=amount,
        limit=escape(limit_text(alert)),
    )


def _unread(digest: Digest) -> Iterator[str]:
    """Tell what cannot be read, and what merely is not read any more."""
    if not (digest.unreadable or digest.stale):
        yield _("✅ All is read")
        return
    yield f"\n<b>{_('Not read')}</b>"
    lines = [
        *unreadable_lines(digest.unreadable, digest.at),
        *(stale_text(state, digest.at) for state in digest.stale),
    ]
    yield from lines[:MOST_UNREAD]
    yield from _rest(len(lines) - MOST_UNREAD)
    yield from owed_note(digest.wallets)


def _rest(more: int) -> Iterable[str]:
    if more > 0:
        yield ngettext("and {n} more: /alerts", "and {n} more: /alerts", more).format(n=more)
