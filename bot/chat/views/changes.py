"""By how much a value has changed in a day, and whether that was amounts or prices."""

from collections.abc import Iterator
from decimal import Decimal

from bot.chat.i18n import _, ngettext
from bot.chat.numbers import MINUS, amounts_are_hidden, percent_text, rounded_value, value_text
from bot.core.value_change import ValueChange

_TENTH = Decimal("0.1")


def change_lines(change: ValueChange, currency: str) -> Iterator[str]:
    """Tell the change of a day; what is not known of it is left out, and said."""
    if change.difference is None and amounts_are_hidden():
        return
    if change.difference is None:
        amounts = signed_text(change.by_amounts, currency)
        yield _("24 h: {amounts} {currency} by amounts, at present prices").format(
            amounts=amounts, currency=currency
        )
    elif is_nothing(change.difference, currency) and is_nothing(change.by_amounts, currency):
        yield _("24 h: no change")
    else:
        yield _whole(change, change.difference, currency)
        yield _causes(change, currency)
    if change.without:
        n = len(change.without)
        yield ngettext(
            "{n} wallet cannot be compared", "{n} wallets cannot be compared", n
        ).format(n=n)


def _whole(change: ValueChange, difference: Decimal, currency: str) -> str:
    mark = "▲" if difference > 0 else "▼"
    if amounts_are_hidden():
        told = f"{mark} {signed_text(difference, currency, of=change.before)}"
        return _("{change} in 24 h").format(change=told)
    told = f"{mark} {signed_text(difference, currency)} {currency}"
    if change.percent is None:
        return _("{change} in 24 h").format(change=told)
    percent = percent_text(abs(change.percent).quantize(_TENTH))
    sign = "+" if difference > 0 else MINUS
    return _("{change} ({percent}) in 24 h").format(change=told, percent=sign + percent)


def _causes(change: ValueChange, currency: str) -> str:
    """Say what was amounts and what was prices."""
    prices = change.by_prices or Decimal(0)
    if is_nothing(prices, currency):
        return _("by amounts alone")
    if is_nothing(change.by_amounts, currency):
        return _("by prices alone")
    return _("amounts {amounts} · prices {prices}").format(
        amounts=signed_text(change.by_amounts, currency, of=change.before),
        prices=signed_text(prices, currency, of=change.before),
    )


def signed_text(value: Decimal, currency: str, *, of: Decimal | None = None) -> str:
    """Write by how much a value has changed; `of` what, where amounts are hidden."""
    text = value_text(value, currency, at_least=False, of=of)
    return text if value <= 0 else f"+{text}"


def is_nothing(value: Decimal, currency: str) -> bool:
    """Whether nothing of it is seen when it is rounded."""
    return not rounded_value(value, currency)
