"""What is kept of messages, on their way out and in."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from bot.core.delivery import Chat, Decision
from bot.core.elsewhere import Critical, Late
from bot.core.events import ChatAsked, Event
from bot.core.faces import Ending, Face
from bot.core.timing import Period


@dataclass(frozen=True, slots=True)
class Parcel:
    """One message to one chat, leased for an attempt."""

    id: int
    chat: Chat
    events: tuple[Event, ...]
    """() where the chat may hear none of it any more."""
    attempts: int
    """Counting the one it is leased for."""
    maybe_sent: bool
    """Whether an earlier attempt may have arrived."""
    reply_to: int | None
    """The message it belongs to."""
    late: Late | None = None
    """What to say of how late it is; None: it is not."""


@dataclass(frozen=True, slots=True)
class Question:
    """A message in which an owner is asked whether a chat may come in."""

    about: int
    """The chat."""
    event: ChatAsked
    chat_id: int
    """Where it is asked."""
    message_id: int | None
    """None while it has not been sent."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What the first message of an episode in a chat shows of it."""

    incident: str
    parcel_id: int
    """The message in the outbox; it may show other episodes, too."""
    chat_id: int
    message_id: int
    face: Face
    shown_at: datetime
    """Since when."""
    ending: Ending | None
    """How the episode ended, where that was told in this chat."""


class OutboxRepository(Protocol):
    """Messages on their way: rows first, sent later, in order within each chat."""

    async def add(self, events: Sequence[Event], *, chats: Iterable[Chat], at: datetime) -> None:
        """Queue events for each chat as one message, or as many as have room for all of them.

        What ends an earlier one is a reply to it. A chat that was not told the beginning is not
        told the end. Each is told what it may hear and wants to; `lease` sees to that again.
        """

    async def told(self, chat_id: int) -> Collection[str]:
        """Name the open incidents whose beginning this chat was told, or will be."""

    async def shown(self) -> Sequence[Shown]:
        """Return what first messages show, of open episodes and of those that show no end yet."""

    async def show(self, faces: Mapping[str, Face], parcel_id: int, *, at: datetime) -> None:
        """Record what a message shows; once all of it is over it is not looked at again."""

    async def over(self, chat_id: int, *, since: datetime) -> Sequence[Shown]:
        """Return what messages sent since then have shown of episodes not looked at again."""

    async def look_again(self, shown: Iterable[Shown]) -> None:
        """Look at messages again that were done with, as showing this."""

    async def events_of(self, parcel_id: int) -> tuple[Event, ...]:
        """Return what a message tells."""

    async def seen(self, events: Sequence[Event], chat: Chat) -> tuple[Event, ...]:
        """Leave of events what a chat may know of them now; see `core/routing.py`."""

    async def questions(self, *, since: datetime | None = None) -> Sequence[Question]:
        """Return where owners are asked about chats, of all or of those asked since then."""

    async def told_in(self, chat_id: int, message_id: int) -> Sequence[str]:
        """Name the incidents that a message is about; () for one that is not ours."""

    async def waiting(self, *, now: datetime, busy: Collection[int]) -> Collection[int]:
        """Name the chats, but for those that are busy, whose next message is due."""

    async def lease(
        self, *, now: datetime, only: Collection[int] | None = None
    ) -> Sequence[Parcel]:
        """Take the next message of each chat, or of these only, marked as being sent."""

    async def settle(
        self, parcel_id: int, decision: Decision, *, at: datetime, sent_to: int | None = None
    ) -> None:
        """Record what an attempt has come to.

        `sent_to` is the chat by its id then: in a group that has moved meanwhile the message's
        own id is another message's. None: the chat's id cannot have changed.
        """

    async def put_off(self, parcel_id: int, *, until: datetime) -> None:
        """Let a message that was not sent wait for the end of quiet hours, with others there.

        What overtakes it is not held up by it.
        """

    async def release(self, chat_id: int, *, at: datetime) -> None:
        """Let what was put off in a chat wait no longer."""

    async def interrupted(self) -> Sequence[Parcel]:
        """Return the messages whose sender died while it was sending them."""

    async def depth(self, *, chats: Collection[int]) -> int:
        """Count the messages that wait to be sent to these chats."""

    async def oldest_due(self, *, now: datetime, chats: Collection[int]) -> datetime | None:
        """Return since when the oldest message waits for one of these chats; None: none does."""

    async def forget(self, *, before: datetime) -> bool:
        """Delete some messages that were done before an instant; whether there were any."""


class ElsewhereRepository(Protocol):
    """Critical events, from when they are queued until everybody has them.

    They are kept with the messages about them, and know by themselves when a chat has them.
    """

    async def load(self, *, chats: Collection[int]) -> Sequence[Critical]:
        """Return those that are not closed, the oldest first; only these chats may wait."""

    async def mark_told(self, names: Collection[str], *, to: str) -> None:
        """Record, after the telling, that a channel has them."""

    async def close(self, names: Collection[str], *, at: datetime) -> None:
        """Look at them no more."""

    async def forget(self, *, before: datetime) -> bool:
        """Delete some that were queued before an instant; whether there may be more."""


class DigestRepository(Protocol):
    """Which chat got which digest of which local date; each period has dates of its own."""

    async def add(
        self, chat_id: int, local_date: date, *, period: Period = "daily", at: datetime
    ) -> bool:
        """Record it; False when it was there already."""

    async def last_before(
        self, chat_id: int, local_date: date, *, period: Period = "daily"
    ) -> datetime | None:
        """Return when the digest before that date was due."""

    async def dates(
        self, chat_id: int, *, since: date, period: Period = "daily"
    ) -> Collection[date]:
        """Return the dates that had one, from a date on."""

    async def forget(self, *, before: date) -> bool:
        """Delete some of those of earlier dates; whether there may be more."""


class InboxRepository(Protocol):
    """Updates from Telegram: kept before they are confirmed, handled at least once."""

    async def add(self, updates: Mapping[int, str], *, at: datetime) -> Collection[int]:
        """Keep raw updates by their id; return those that are new, the rest is left alone."""

    async def unhandled(
        self, *, after: int = 0, most: int | None = None, but: Collection[int] = ()
    ) -> Mapping[int, str]:
        """Return those that were not handled to the end, in order: all, or a piece of them.

        Args:
            after: The id of the last one of the piece before.
            most: How many at the most; None: all.
            but: Ids that are left out.
        """

    async def mark_handled(self, update_id: int, *, at: datetime) -> None:
        """Never handle it again."""

    async def forget(self, *, before: datetime) -> bool:
        """Delete some that were handled before an instant; whether there may be more."""
