"""What is critical and is not heard on Telegram: when it is told by other channels.

An event is told elsewhere once, however many chats wait for it. That a chat has it is not enough
while another one waits: who is on duty may be there. Where no chat is left to wait, and none has
heard it, other channels are all there is.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.core.events import (
    AlertCleared,
    AlertEnded,
    AlertRaised,
    AlertReminded,
    Event,
    about,
)

PATIENCE = timedelta(minutes=5)
"""What was not delivered for so long is late, and if it is critical it is told elsewhere."""
FIRST_PAUSE = timedelta(seconds=10)
LONGEST_PAUSE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Critical:
    """A critical event, and who knows of it."""

    name: str
    event: Event
    queued_at: datetime
    reached: bool
    """Whether it has arrived in a chat."""
    waits: bool
    """Whether a chat waits for it that could have it."""
    told_to: frozenset[str] = frozenset()
    """The other channels that have it."""


@dataclass(frozen=True, slots=True)
class Late:
    """What a message says that comes late."""

    since: datetime
    """When it should have come."""
    elsewhere: bool
    """Whether other channels have told it meanwhile."""


def name_of(event: Event) -> str:
    """Name an event the same in whichever chat it is told, and however often."""
    match event:
        case AlertRaised() | AlertCleared() | AlertEnded():
            return f"{event.kind} {event.alert.incident}"
        case AlertReminded():
            return f"{event.kind} {event.alert.incident} {event.number}"
        case _:
            return f"{event.kind} {about(event)} {event.at.isoformat()}"


def beginning_of(event: Event) -> str | None:
    """Name the event whose end this is; None: it ends none."""
    if isinstance(event, AlertCleared | AlertEnded):
        return f"alert_raised {event.alert.incident}"
    return None


def is_late(due_at: datetime, *, now: datetime) -> bool:
    """Whether something should have come long ago."""
    return now - due_at >= PATIENCE


def is_settled(critical: Critical, channels: Collection[str]) -> bool:
    """Whether nobody is left to be told: all chats have it, or where none is left the channels."""
    return not critical.waits and (critical.reached or critical.told_to >= set(channels))


def to_tell(criticals: Sequence[Critical], channel: str, *, now: datetime) -> tuple[Critical, ...]:
    """Choose what a channel is told now: as soon as something is overdue, all that waits.

    While something waits that was told elsewhere already, Telegram is away, and what is new is
    told at once: a recovery most of all.
    """
    untold = tuple(c for c in criticals if channel not in c.told_to)
    is_away = any(c.waits and c.told_to for c in criticals)
    return untold if is_away or any(_is_overdue(c, now) for c in untold) else ()


def _is_overdue(critical: Critical, now: datetime) -> bool:
    """Nobody waits from so far in the future on, unless the clock was ahead."""
    return abs(now - critical.queued_at) >= PATIENCE


def pause_after(failures: int) -> timedelta:
    """Double the pause of a channel with every failure, from ten seconds up to ten minutes."""
    return min(FIRST_PAUSE * (1 << min(max(failures - 1, 0), 10)), LONGEST_PAUSE)
