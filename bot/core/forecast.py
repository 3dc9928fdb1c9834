"""How fast a coin is spent, and how long it lasts at that rate.

The past is told as stretches in which the amount stayed, with a step between one and the next.
Steps up are top-ups: they are left out, with their time. Of the steps down (the outflows) those
out of line are left out, with their time, so that a single large transfer does not pass for
spending: an outflow is out of line above

    median + 5 · 1.4826 · MAD        and above three times the median,

where MAD is the median absolute deviation from the median (the identifier of F. R. Hampel, "The
influence curve and its role in robust estimation", J. Amer. Statist. Assoc. 69, 1974; 1.4826 makes
it a standard deviation for normal data). Spending begins with
the first outflow that is left; from then on

    rate = sum of the further outflows in line / time of the stretches and of those outflows

    time left = amount / rate.

Time in which there was nothing to spend is left out. A mean of what is in line is right for
spending in lumps, too, where the median of all rates would be zero. With fewer than six readings,
with less than an hour of them, with one or two outflows only (who could say which of them is
usual?) or with less than a quarter of an hour since the first of them (what is spent in seconds
says nothing of hours) there is no forecast: data is being collected.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Context, Decimal
from itertools import pairwise
from statistics import median

from bot.core.history import Stretch
from bot.fetchers.model import exact_sum

LOOK_BACK = timedelta(hours=24)
"""How much of the past a forecast goes by."""
MIN_READINGS = 6
MIN_TIME = timedelta(hours=1)
MIN_OUTFLOWS = 3
MIN_SPENDING = timedelta(minutes=15)
"""From the first outflow on, without the times that are left out."""
LONGEST = timedelta(days=3650)
"""What lasts longer lasts for ever."""

_DEVIATIONS = Decimal(5) * Decimal("1.4826")
_TIMES_MEDIAN = 3
_HOUR = timedelta(hours=1)
_NONE = Decimal(0)
_WIDE = Context(prec=60)


@dataclass(frozen=True, slots=True)
class Outflow:
    """A step down."""

    at: datetime
    """When it was seen first."""
    amount: Decimal
    took: timedelta
    """From the last reading before it to the first one behind it."""


def rate_of_spending(past: Sequence[Stretch]) -> Decimal | None:
    """Return the units of the coin that are spent in a second; None: not enough is known.

    Args:
        past: The stretches of `LOOK_BACK`, up to the present reading.
    """
    if not _is_enough(past):
        return None
    outflows = _outflows(past)
    if not outflows:
        return _NONE
    if len(outflows) < MIN_OUTFLOWS:
        return None
    first, *usual = _in_line(outflows)
    since = [s for s in past if s.begins_at >= first.at and s.amount.value > 0]
    stayed = (stretch.ends_at - stretch.begins_at for stretch in since)
    time = sum((*stayed, *(outflow.took for outflow in usual)), timedelta())
    if time < MIN_SPENDING:
        return None
    return _WIDE.divide(exact_sum(outflow.amount for outflow in usual), _seconds(time))


def time_left(amount: Decimal, rate: Decimal | None) -> timedelta | None:
    """Return how long an amount lasts, `LONGEST` at most; None: nobody knows.

    Nothing that is not spent, either, may have run out or never been there: that is no forecast.
    """
    if rate is None or (amount <= 0 and not rate):
        return None
    if amount <= 0:
        return timedelta(0)
    if not rate or amount >= _WIDE.multiply(rate, _seconds(LONGEST)):
        return LONGEST
    return timedelta(seconds=round(_WIDE.divide(amount, rate)))


def _is_enough(past: Sequence[Stretch]) -> bool:
    """Count the readings: the first and the last of each stretch, and one for each hour between.

    There were more, but changes alone are kept; hardly anybody has an account read less often.
    """
    readings = sum(
        1 + (s.begins_at < s.ends_at) + (s.ends_at - s.begins_at) // _HOUR for s in past
    )
    return readings >= MIN_READINGS and past[-1].ends_at - past[0].begins_at >= MIN_TIME


def _outflows(past: Sequence[Stretch]) -> list[Outflow]:
    return [
        Outflow(
            after.begins_at,
            exact_sum([before.amount.value, after.amount.value.copy_negate()]),
            max(after.begins_at - before.ends_at, timedelta(0)),
        )
        for before, after in pairwise(past)
        if after.amount.value < before.amount.value
    ]


def _in_line(outflows: Sequence[Outflow]) -> list[Outflow]:
    amounts = [outflow.amount for outflow in outflows]
    middle = median(amounts)
    spread = median([abs(amount - middle) for amount in amounts])
    most = max(middle + _DEVIATIONS * spread, _TIMES_MEDIAN * middle)
    return [outflow for outflow in outflows if outflow.amount <= most]


def _seconds(span: timedelta) -> Decimal:
    return Decimal(span.days * 86400 + span.seconds) + Decimal(span.microseconds) / 10**6
