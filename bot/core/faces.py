"""What the first message of an episode shows, and when that is no longer how the alert stands.

The message is edited: at once when somebody presses a button, when it is reminded of, when a
silence ends and when the episode does; once a minute at most when only the amount has changed, and
only by so much that it matters. Nothing is told by an edit that is not in the database before, so
one that fails loses nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal

from bot.core.alerts import AlertState, Hush
from bot.core.context import elsewhere
from bot.core.events import AlertCleared, AlertEnded, AlertRaised
from bot.core.portfolio import WalletState

Ending = AlertCleared | AlertEnded
Over = Literal["cleared", "ended", "unknown"]

NOT_BEFORE = timedelta(minutes=1)
"""How long a message stands as it is while only the amount changes: Telegram counts edits."""
EDITABLE_FOR = timedelta(hours=48)
"""How old a message may be that is edited though its episode is over."""
MATERIAL = Decimal("0.01")
"""The part of the limit by which an amount must change to be worth an edit."""


@dataclass(frozen=True, slots=True)
class Face:
    """How one alert stands, as far as its message shows it."""

    amount: Decimal
    hush: Hush | None = None
    """What was pressed last."""
    silent: bool = False
    """Whether that silences it now."""
    reminders: int = 0
    over: Over | None = None
    """How the episode ended; None while it goes on."""
    over_at: datetime | None = None
    """When; None also where nobody knows."""
    renew: bool = False
    """Whether it is to be shown anew though it stands as it did: the chat may see more or less."""


def face_of(
    shown: Face, state: AlertState | None, ending: Ending | None, *, now: datetime
) -> Face:
    """Say how an alert stands at `now`.

    Args:
        shown: What its message shows.
        state: Its state while the episode goes on.
        ending: How it ended, if that was told where the message is.
        now: The present instant.
    """
    match ending:
        case AlertCleared(amount=amount, at=at):
            return Face(amount, shown.hush, over="cleared", over_at=at)
        case AlertEnded(amount=amount, at=at):
            return Face(amount, shown.hush, over="ended", over_at=at)
    if state is None or state.amount is None:
        return replace(shown, silent=False, over="unknown", renew=False)
    # A silence that is over is no longer in the state; who wanted it is shown on.
    hush = state.hush or shown.hush
    return Face(state.amount, hush, state.is_silenced(now), state.reminders)


def as_now(event: AlertRaised, face: Face, wallets: Iterable[WalletState]) -> AlertRaised:
    """Tell the beginning of an episode as it would be told now.

    What was true of the amount at the beginning only is left out once that has changed.
    """
    if face.amount == event.amount:
        return event
    alert = event.alert
    places = elsewhere(wallets, alert.asset, but=(alert.subject,)) if event.elsewhere else ()
    return replace(
        event,
        amount=face.amount,
        held=None,
        before=None,
        by_amounts=None,
        change_24h=None,
        empty_in=None,
        elsewhere=places,
    )


def is_outdated(
    shown: Face, present: Face, limit: Decimal, *, shown_at: datetime, now: datetime
) -> bool:
    """Whether a message that has shown `shown` since `shown_at` has to be edited."""
    if replace(shown, amount=present.amount) != present:
        return True
    change = (present.amount - shown.amount).copy_abs()
    material = change >= limit.copy_abs() * MATERIAL and change > 0
    return material and not shown_at <= now < shown_at + NOT_BEFORE
