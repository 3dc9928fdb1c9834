"""Signs of life: when each part of the bot last did what it is there for, and what that means.

A part *works* when it has got somewhere: Telegram has answered, and its posts get through to us
where it posts; the database was asked what is due. That it only *turns*, trying on while somebody
else is away, is enough to be left alone, but not to be called well.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, get_args

Part = Literal["poll", "checks", "delivery"]
PARTS: tuple[Part, ...] = get_args(Part)

POLL_WITHIN = timedelta(minutes=2)
"""Telegram keeps a question open for half a minute; the answer may take ten seconds more."""
CHECKS_WITHIN = timedelta(minutes=1)
"""What is due is looked for every second."""
OVERDUE_AFTER = timedelta(minutes=15)
"""What is being read is not overdue; what was put off by a fault is caught up with much sooner."""
DELIVERY_WITHIN = timedelta(minutes=1)
"""The outbox is looked at every second."""
UNDELIVERED_AFTER = timedelta(minutes=5)

_WITHIN: Mapping[Part, timedelta] = {
    "poll": POLL_WITHIN,
    "checks": CHECKS_WITHIN,
    "delivery": DELIVERY_WITHIN,
}
# To who asks, no answer has got through; to who is posted to, no post, or no answer about them.
_WORK: Mapping[Part, str] = {
    "poll": "nothing has got through from Telegram",
    "checks": "nobody has looked for accounts that are due",
    "delivery": "nobody has looked for messages to deliver",
}


@dataclass(frozen=True, slots=True)
class Vitals:
    """What is known of all parts at one instant."""

    at: datetime
    began_at: datetime
    """When the bot was started."""
    worked_at: Mapping[Part, datetime] = field(default_factory=dict)
    """When each part got somewhere last; one that never did is missing."""
    overdue: tuple[str, datetime] | None = None
    """The account that waits longest to be checked, and since when it is due; None: none is."""
    undelivered_since: datetime | None = None
    """Since when the oldest message waits; None: none does."""
    unheard_since: datetime | None = None
    """Since when there is no chat left to tell, of those that should be; None: there is one."""
    leads: bool = True
    """Whether this process talks to Telegram; of several that share a database one does."""
    led: bool = True
    """Whether any of them does."""

    @property
    def stale(self) -> "tuple[Stale, ...]":
        """What is not as it should be; nothing when all is well."""
        return stale(self)


@dataclass(frozen=True, slots=True)
class Stale:
    """A part that is not as it should be."""

    part: Part
    since: datetime
    reason: str
    """A sentence without its beginning: what has not happened, or what waits."""


def stale(vitals: Vitals) -> tuple[Stale, ...]:
    """Judge the signs of life."""
    parts: tuple[Part, ...] = PARTS if vitals.leads else ("checks",)
    found = [*(_idle(part, vitals) for part in parts), _overdue(vitals)]
    if vitals.leads or not vitals.led:
        found.append(_undelivered(vitals))
    if vitals.leads:
        found.append(_unheard(vitals))
    return tuple(s for s in found if s is not None)


def _idle(part: Part, vitals: Vitals) -> Stale | None:
    worked_at = vitals.worked_at.get(part)
    if worked_at is None:
        return Stale(part, vitals.began_at, f"{_WORK[part]} since the start")
    idle = vitals.at - worked_at
    if idle <= _WITHIN[part]:
        return None
    return Stale(part, worked_at, f"{_WORK[part]} for {_seconds(idle)}")


def _overdue(vitals: Vitals) -> Stale | None:
    if vitals.overdue is None:
        return None
    account, since = vitals.overdue
    waits = vitals.at - since
    if waits <= OVERDUE_AFTER:
        return None
    return Stale("checks", since, f"{account} should have been checked {_seconds(waits)} ago")


def _undelivered(vitals: Vitals) -> Stale | None:
    since = vitals.undelivered_since
    if since is None or vitals.at - since <= UNDELIVERED_AFTER:
        return None
    waits = _seconds(vitals.at - since)
    return Stale("delivery", since, f"a message has waited for {waits} to be delivered")


def _unheard(vitals: Vitals) -> Stale | None:
    since = vitals.unheard_since
    return None if since is None else Stale("delivery", since, "no chat is left to tell")


def _seconds(span: timedelta) -> str:
    return f"{span.total_seconds():.0f} s"
