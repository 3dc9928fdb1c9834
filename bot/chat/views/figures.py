"""What an alert is about and how far it is from its limit, in the unit of what it measures."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal
from html import escape

from bot.chat.i18n import _, later
from bot.chat.numbers import (
    AT_LEAST,
    amount_text,
    amounts_are_hidden,
    percent_text,
    span_text,
    value_text,
)
from bot.chat.views.layout import Row, columns, name_text, path_text
from bot.core.events import Alert
from bot.fetchers.model import exact_sum

ORDER = {"critical": 0, "warning": 1}
"""The worst first."""
_SIDES = {"drop": later("{subject} falling"), "runway": later("{subject} running out")}
_PERCENT = Decimal("0.1")
_WIDE = Context(prec=1000)


def title_text(alert: Alert) -> str:
    """Say what is wrong, and where."""
    low_or_high = _("{subject} low") if alert.comparison == "<" else _("{subject} high")
    side = _SIDES.get(alert.measure)
    return (_(side) if side else low_or_high).format(subject=subject_text(alert))


def subject_text(alert: Alert) -> str:
    """Say what an alert is about."""
    path = path_text(alert.subject.removeprefix("sum "))
    if alert.measure == "value":
        return _("{path} · <b>value</b>").format(path=path)
    if alert.is_summed:
        path = _("sum {path}").format(path=path)
    return f"{path} · <b>{escape(name_text(alert.asset, width=30))}</b>"


def measured_text(alert: Alert, measured: Decimal) -> str:
    """Write what was measured within a sentence."""
    return f"{_measured(alert, measured)}{_currency(alert)}"


def limit_text(alert: Alert) -> str:
    """Write the limit within a sentence."""
    return f"{_limit(alert)}{_currency(alert)}"


def _currency(alert: Alert) -> str:
    """Name the money, but where only a share of the limit is told."""
    if amounts_are_hidden():
        return ""
    return f" {alert.asset}" if alert.measure == "value" else ""


def _measured(alert: Alert, measured: Decimal) -> str:
    least = AT_LEAST if alert.at_least else ""
    return f"{least}{_figure(alert, measured)}"


def _limit(alert: Alert) -> str:
    match alert.measure:
        case "drop":
            fall = f"≥ {percent_text(alert.limit)}"
            if alert.window is None:
                return fall
            return _("{fall} in {window}").format(fall=fall, window=span_text(alert.window))
        case "runway":
            return f"{alert.comparison} {_figure(alert, alert.limit)}"
        case _:
            return f"{alert.comparison} {amount_text(alert.limit, of=alert.limit)}"


def _figure(alert: Alert, measured: Decimal) -> str:
    """Write something in the unit of an alert; what money it is stands elsewhere."""
    match alert.measure:
        case "value":
            return value_text(measured, alert.asset, at_least=alert.at_least, of=alert.limit)
        case "drop":
            rounded = measured.quantize(_PERCENT, ROUND_HALF_EVEN, _WIDE)
            return percent_text(rounded)
        case "runway":
            return span_text(timedelta(seconds=int(measured)))
        case _:
            return amount_text(measured, of=alert.limit)


def figures(alert: Alert, measured: Decimal, *, held: Decimal | None = None) -> str:
    """Set what was measured beside the limit, and how far it is to it and to the clear level.

    `held` is how much of the coin there is, where something else was measured.
    """
    return columns(
        [
            *_held(alert, held),
            (_name(alert), _measured(alert, measured)),
            (_("limit"), _limit(alert)),
            *_distances(alert, measured),
        ]
    )


def _held(alert: Alert, held: Decimal | None) -> Iterator[Row]:
    if held is not None and not amounts_are_hidden():
        yield _part(alert), amount_text(held)


def figures_at_the_end(alert: Alert, measured: Decimal) -> str:
    """Set what was measured beside the limit and the level at which the alert was over."""
    back = "≥" if alert.comparison == "<" else "≤"
    return columns(
        [
            (_name(alert), _measured(alert, measured)),
            (_("limit"), _limit(alert)),
            (_("clear"), f"{back} {_figure(alert, alert.clear)}"),
        ]
    )


def shortfall(alert: Alert, measured: Decimal) -> Decimal:
    """Return how far it is from what was measured to the limit."""
    return exact_sum([alert.limit, measured.copy_negate()]).copy_abs()


def _distances(alert: Alert, measured: Decimal) -> Iterator[Row]:
    if alert.measure in _SIDES:
        return  # no amount of percent or hours can be sent anywhere
    short = _("short") if alert.comparison == "<" else _("over")
    yield short, _figure(alert, shortfall(alert, measured))
    to_clear = exact_sum([alert.clear, measured.copy_negate()]).copy_abs()
    yield _("to clear"), _figure(alert, to_clear)


def _name(alert: Alert) -> str:
    match alert.measure:
        case "value":
            return _("value {currency}").format(currency=alert.asset)
        case "drop":
            return _("fallen")
        case "runway":
            return _("lasts")
        case _:
            return _part(alert)


def _part(alert: Alert) -> str:
    return _("balance") if alert.part == "total" else _("available")
