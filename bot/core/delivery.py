"""Delivery decided: to whom an event goes, what an attempt has come to, and what is next.

There is no idempotency key at Telegram: an attempt that broke off after the request had left may
have arrived. Then an alert is sent again, marked as possibly repeated, and a digest is not. The
first repeat comes soon, the next ones ever more rarely: all of them may have arrived.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.core.access import Role
from bot.core.events import DigestDue, Event
from bot.core.preferences import USUAL, Preferences
from bot.core.quiet import QuietHours
from bot.core.scope import ALL, Scope

FIRST_PAUSE = timedelta(seconds=1)
LONGEST_PAUSE = timedelta(minutes=1)
"""Between attempts that surely sent nothing."""
DOUBT_PAUSES = tuple(timedelta(seconds=s) for s in (10, 60, 300, 900, 3600))
"""Between attempts that may each have arrived."""
LONGEST_REFUSED = timedelta(minutes=5)
"""After an error of a server in between, which has seldom passed on what it complains about, and
is often over in a second."""
LONGEST_REST = timedelta(hours=1)
"""A chat is tried again after that, even where Telegram asked for more."""


@dataclass(frozen=True, slots=True)
class Chat:
    """Where we talk: a private chat or a group."""

    chat_id: int
    title: str = ""
    since: datetime | None = None
    """From when on it gets events."""
    not_before: datetime | None = None
    """Telegram asked for a pause until then."""
    gone: str | None = None
    """Why nothing can be sent there any more; None while it can."""
    former_id: int | None = None
    """What it was called before it became a supergroup: the settings may know it by that."""
    quiet: QuietHours | None = None
    """When it wants to hear only what is critical."""
    role: Role | None = None
    """What everybody in it may do; None: nobody has said so."""
    blocked: bool = False
    """Whether it is answered by silence, whatever else is said of it."""
    asked_at: datetime | None = None
    """When it asked to be let in; None: it never had to."""
    scope: Scope = ALL
    """Of what it may know."""
    thread_id: int | None = None
    """The topic of the group where its messages go; None: where all go."""
    preferences: Preferences = USUAL

    @property
    def is_approved(self) -> bool:
        """Whether an owner has let it in, or is it: a role alone is given to others, too."""
        has_asked = self.asked_at is not None and self.role is not None
        return self.role == "owner" or has_asked

    @property
    def is_waiting(self) -> bool:
        """Whether it has asked to be let in, and nobody has decided."""
        return self.asked_at is not None and self.role is None and not self.blocked


@dataclass(frozen=True, slots=True)
class Sent:
    """It arrived."""

    message_id: int


@dataclass(frozen=True, slots=True)
class NotSent:
    """It surely has not arrived; trying again is right."""

    reason: str
    retry_after: timedelta | None = None
    """How long Telegram wants to be left alone by this chat."""
    doubtful: bool = False
    """Whether the refusal may come from a server in between, behind which it was taken."""


@dataclass(frozen=True, slots=True)
class MaybeSent:
    """It may have arrived: the answer got lost."""

    reason: str


@dataclass(frozen=True, slots=True)
class Refused:
    """This message will never be accepted."""

    reason: str
    by_us: bool = False
    """Whether it was not even tried: nobody wants it there, or is to have it."""


@dataclass(frozen=True, slots=True)
class ChatGone:
    """Nothing will be accepted for this chat: blocked, kicked, deleted."""

    reason: str


@dataclass(frozen=True, slots=True)
class ChatMoved:
    """The group has become a supergroup with another id."""

    chat_id: int


Outcome = Sent | NotSent | MaybeSent | Refused | ChatGone | ChatMoved


@dataclass(frozen=True, slots=True)
class Delivered:
    """It is done: with this message."""

    message_id: int


@dataclass(frozen=True, slots=True)
class Dropped:
    """It is given up."""

    reason: str


@dataclass(frozen=True, slots=True)
class Postponed:
    """It is tried again."""

    until: datetime
    maybe_sent: bool
    """Whether the next attempt may be a repeat."""
    attempts: int
    """What counts of them: once one may have arrived, only those that may have."""


Decision = Delivered | Dropped | Postponed


def decide(
    outcome: Outcome,
    events: tuple[Event, ...],
    *,
    attempts: int,
    maybe_sent: bool,
    now: datetime,
) -> Decision:
    """Decide what becomes of a message after an attempt.

    Args:
        outcome: What the attempt has come to.
        events: What the message tells.
        attempts: What counts of them so far, this one included.
        maybe_sent: Whether an earlier one may have arrived.
        now: The present instant.
    """
    match outcome:
        case Sent(message_id):
            return Delivered(message_id)
        case Refused(reason) | ChatGone(reason):
            return Dropped(reason)
        case ChatMoved():
            return Postponed(now, maybe_sent=False, attempts=attempts - 1)
        case NotSent(_, retry_after, doubtful=False):
            pause = retry_after or _pause_unsent(attempts, maybe_sent=maybe_sent)
            counted = attempts - 1 if maybe_sent else attempts
            return Postponed(now + min(pause, LONGEST_REST), maybe_sent=False, attempts=counted)
        case NotSent():
            return _refused_in_between(attempts if maybe_sent else 1, now=now)
        case MaybeSent(reason):
            doubts = attempts if maybe_sent else 1
            return _after_doubt(reason, events, doubts=doubts, now=now)


def interrupted(
    events: tuple[Event, ...], *, attempts: int, maybe_sent: bool, now: datetime
) -> Decision:
    """Decide about a message whose sender died between sending and marking."""
    outcome = MaybeSent("interrupted while it was being sent")
    return decide(outcome, events, attempts=attempts, maybe_sent=maybe_sent, now=now)


def _pause_unsent(attempts: int, *, maybe_sent: bool) -> timedelta:
    """Try again soon; where only doubts are counted, as soon as after the first of them."""
    return DOUBT_PAUSES[0] if maybe_sent else pause_after(attempts)


def _refused_in_between(doubts: int, *, now: datetime) -> Decision:
    pause = _doubled(doubts, most=LONGEST_REFUSED)
    return Postponed(now + pause, maybe_sent=True, attempts=doubts)


def _after_doubt(
    reason: str, events: tuple[Event, ...], *, doubts: int, now: datetime
) -> Decision:
    if any(isinstance(event, DigestDue) for event in events):
        return Dropped(f"not repeated: {reason}")
    return Postponed(now + pause_after_doubt(doubts), maybe_sent=True, attempts=doubts)


def pause_after(attempts: int) -> timedelta:
    """Double the pause with every attempt, from one second up to a minute."""
    return _doubled(attempts, most=LONGEST_PAUSE)


def _doubled(times: int, *, most: timedelta) -> timedelta:
    return min(FIRST_PAUSE * (1 << min(max(times - 1, 0), 10)), most)


def pause_after_doubt(doubts: int) -> timedelta:
    """Let each repeat of what may have arrived be rarer, down to one an hour."""
    return DOUBT_PAUSES[min(max(doubts, 1), len(DOUBT_PAUSES)) - 1]
