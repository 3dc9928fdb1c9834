"""What is kept of chats and people, and of what they have decided."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from bot.core.access import Member, Person
from bot.core.audit import Deed, Entry
from bot.core.delivery import Chat
from bot.core.quiet import QuietHours
from bot.core.rules import Rule


class ChatRepository(Protocol):
    """The chats that get events."""

    async def load(self) -> Sequence[Chat]:
        """Return all of them, allowed or not."""

    async def add(self, chat: Chat) -> None:
        """Keep a chat; one that is there already keeps its `since`, and is no longer gone."""

    async def mark_gone(self, chat_id: int, *, reason: str) -> None:
        """Send nothing there until it speaks again."""

    async def move(self, chat_id: int, *, to: int) -> None:
        """Follow a group that became a supergroup, with all that waits for it."""

    async def hold(self, chat_id: int, *, until: datetime) -> None:
        """Send nothing there before an instant."""

    async def set_quiet(self, chat_id: int, quiet: QuietHours | None) -> None:
        """Keep when it wants to hear only what is critical; None: never."""

    async def save(self, chat: Chat) -> None:
        """Keep a chat that is there as it is now."""

    async def forget(self, chat_id: int) -> None:
        """Forget a chat, with all that waits for it and who has spoken there."""

    async def members(self, chat_id: int | None = None) -> Sequence[Member]:
        """Return who has spoken in a group, by name; None means in any."""

    async def save_member(self, member: Member) -> None:
        """Keep one as they are now."""


@dataclass(frozen=True, slots=True)
class Pairing:
    """The code that makes its first opener an owner, as far as it is kept."""

    digest: str
    expires_at: datetime
    wrong_tries: int = 0


class PairingRepository(Protocol):
    """The one code that is open, if any."""

    async def load(self) -> Pairing | None:
        """Return it."""

    async def save(self, found: Pairing) -> None:
        """Keep it instead of any other."""

    async def end(self) -> None:
        """Let no code open anything."""


Topic = Literal["zone", "welcome", "quiet", "dust", "scope"]


@dataclass(frozen=True, slots=True)
class Asked:
    """What the next words of somebody in a chat are the answer to."""

    chat_id: int
    user_id: int
    message_id: int
    """The question."""
    topic: Topic
    about: int
    """The chat that it is about."""
    asked_at: datetime


class QuestionRepository(Protocol):
    """Questions of ours that wait for words, one a user and chat."""

    async def load(self, chat_id: int, user_id: int) -> Asked | None:
        """Return what was asked last."""

    async def save(self, asked: Asked) -> None:
        """Wait for the answer to this one, and to no other."""

    async def forget(self, chat_id: int, user_id: int) -> None:
        """Wait for no answer."""


class AuditRepository(Protocol):
    """Who did what when."""

    async def add(
        self, deed: Deed, about: str, *, by: Person | None, chat_id: int | None, at: datetime
    ) -> None:
        """Write down a deed, in the transaction in which it is done."""

    async def load(self, *, before: int | None = None, most: int = 10) -> Sequence[Entry]:
        """Return the newest, or those that came before one of them; the newest first."""

    async def forget(self, *, before: datetime) -> bool:
        """Delete some of what is older than an instant; whether there may be more."""


@dataclass(frozen=True, slots=True)
class MadeRule:
    """A rule that was made in a chat."""

    id: int
    rule: Rule
    made_by: str
    """What the person who made it, or changed it last, is called."""
    made_at: datetime
    paused: bool = False
    deleted_at: datetime | None = None
    """It is kept for a while after that, for whoever wants it back."""

    @property
    def name(self) -> str:
        """The rule's name; no rule of the settings can be called so."""
        return f"#{self.id}"

    @property
    def in_force(self) -> bool:
        """Whether anything is judged by it."""
        return not self.paused and self.deleted_at is None


class RuleRepository(Protocol):
    """The rules that were made in chats."""

    async def load(self) -> Sequence[MadeRule]:
        """Return all of them, the oldest first."""

    async def add(self, rule: Rule, *, by: str, at: datetime) -> MadeRule:
        """Keep a new one; its number was never another's."""

    async def save(self, made: MadeRule) -> None:
        """Keep one as it is now."""

    async def forget(self, *, before: datetime) -> None:
        """Lose for good what was deleted before an instant."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A rule that somebody in a chat is about to make or to change."""

    id: int
    chat_id: int
    user_id: int
    text: str
    """The words chosen or typed so far; maybe not a whole rule yet."""
    begun_at: datetime
    edits: int | None = None
    """The rule that it is to replace; None: none."""
    question: int | None = None
    """The message of ours whose answer is the rest of the text; None: no answer is waited for."""
    became: int | None = None
    """The rule that was made of it."""


class DraftRepository(Protocol):
    """What is talked about; no number is used twice, so that an old button stays old."""

    async def add(
        self, chat_id: int, user_id: int, *, text: str, edits: int | None, at: datetime
    ) -> Draft:
        """Begin one."""

    async def load(self, draft_id: int) -> Draft | None:
        """Return one; None when it is no longer there."""

    async def waiting(self, chat_id: int, user_id: int) -> Draft | None:
        """Return the newest that waits for words of this user in this chat."""

    async def save(self, draft: Draft) -> None:
        """Keep one as it is now."""

    async def remove(self, draft_id: int) -> None:
        """Forget one."""

    async def forget(self, *, before: datetime) -> None:
        """Forget what was begun before an instant."""
