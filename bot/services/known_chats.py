"""Know chats: who may talk to us and do what, who is told, and what each chat wants.

What the settings give ends with them; what was approved in the chat is in the database. All chats
are known in memory, too, because every update asks who is behind it.
"""

from collections.abc import AsyncIterator, Callable, Collection, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.core.access import Member, Person, Role, higher
from bot.core.audit import Deed
from bot.core.delivery import Chat
from bot.core.preferences import USUAL, Preferences
from bot.services.ports import Clock, OpenUnit, Unit


class KnownChats:
    """Knows who is allowed; taking an id out of the settings ends what that gave."""

    def __init__(
        self,
        *,
        owners: Collection[int],
        chats: Collection[int],
        zone: ZoneInfo,
        open_unit: OpenUnit,
        clock: Clock,
        wake_delivery: Callable[[], None],
    ) -> None:
        """Take who may talk to us, and the zone of quiet hours.

        `owners` are ids of users, `chats` of chats; a private chat has its user's id.
        """
        self._owners = frozenset(owners)
        self._chats = frozenset(chats)
        self._zone = zone
        self._former_ids: dict[int, int] = {}
        self._open_unit = open_unit
        self._clock = clock
        self._wake_delivery = wake_delivery
        self._gone: set[int] = set()
        self._spoken: set[int] = set()
        self._known: dict[int, Chat] = {}
        self._members: dict[tuple[int, int], Member] = {}
        self._asked: dict[tuple[int, int], int] = {}

    @property
    def has_owner(self) -> bool:
        """Whether anybody may approve chats."""
        paired = (chat_id for chat_id, chat in self._known.items() if chat.role == "owner")
        return bool(self._owners) or any(map(self.is_owner, paired))

    def is_owner(self, user_id: int) -> bool:
        """Whether this user may see and do everything: by the settings, or by pairing."""
        if user_id in self._owners:
            return True
        own = self._known.get(user_id)
        return own is not None and own.role == "owner" and not own.blocked

    def is_owner_by_settings(self, user_id: int) -> bool:
        """Whether the settings name somebody as an owner."""
        return user_id in self._owners

    def may_look(self, chat_id: int) -> bool:
        """Whether balances may be shown in this chat: to everybody who is in it."""
        chat = self._known.get(chat_id, Chat(chat_id, former_id=self._former_ids.get(chat_id)))
        return self._is_allowed(chat)

    def recipients(self, chats: Sequence[Chat]) -> list[Chat]:
        """Choose those that events are sent to."""
        here = [chat for chat in chats if chat.gone is None]
        return [chat for chat in here if self._is_allowed(chat)]

    def _is_allowed(self, chat: Chat) -> bool:
        known_as = {chat.chat_id, chat.former_id or chat.chat_id}
        if not known_as.isdisjoint(self._owners):
            return True
        is_let_in = chat.is_approved or not known_as.isdisjoint(self._chats)
        return is_let_in and not chat.blocked

    def role_of(self, user_id: int, chat_id: int) -> Role | None:
        """Say what a user may do in a chat; None: nothing."""
        if self.is_owner(user_id):
            return "owner"
        if not self.may_look(chat_id):
            return None
        chat, member = self.known(chat_id), self._members.get((chat_id, user_id))
        here: Role = "manager" if chat.role == "manager" else "viewer"
        return higher(here, member.role if member else None)

    def known(self, chat_id: int) -> Chat:
        """Return what is known of a chat at hand; of one that is not known, what holds for all."""
        return self._known.get(chat_id, Chat(chat_id))

    def all(self) -> tuple[Chat, ...]:
        """Return all chats that are kept, the oldest first."""
        return tuple(self._known.values())

    def is_fixed(self, chat_id: int) -> bool:
        """Whether the settings name a chat or an owner."""
        former = self._former_ids.get(chat_id, chat_id)
        return not {chat_id, former}.isdisjoint(self._chats | self._owners)

    def members(self, chat_id: int) -> tuple[Member, ...]:
        """Return who has spoken to us in a group."""
        return tuple(m for m in self._members.values() if m.chat_id == chat_id)

    def preferences(self, chat_id: int | None) -> Preferences:
        """Return what a chat wants; of None, what all want."""
        return USUAL if chat_id is None else self.known(chat_id).preferences

    def zone_of(self, chat: Chat | int) -> ZoneInfo:
        """Return the time zone of a chat."""
        preferences = self.preferences(chat) if isinstance(chat, int) else chat.preferences
        return preferences.zone_or(self._zone)

    def quiet_until(self, chat: Chat) -> datetime | None:
        """Return until when a chat wants to hear only what is critical; None: it hears all."""
        return chat.quiet.end_at(self._clock(), self.zone_of(chat)) if chat.quiet else None

    @asynccontextmanager
    async def changing(self) -> AsyncIterator[Unit]:
        """Open a transaction; what is known in memory follows when it is done."""
        async with self._open_unit() as unit:
            yield unit
            known, members = await unit.chats.load(), await unit.chats.members()
        self._know(known, members)

    async def recall(self) -> None:
        """Take up what is kept of chats and members."""
        async with self.changing():
            pass

    async def learn(self, unit: Unit) -> None:
        """Take up what another process may have changed of chats and members."""
        known, members = await unit.chats.load(), await unit.chats.members()
        for chat in known:
            self._recall(chat)
        self._know(known, members)

    def _know(self, known: Iterable[Chat], members: Iterable[Member]) -> None:
        self._known = {chat.chat_id: chat for chat in known}
        self._members = {(member.chat_id, member.user_id): member for member in members}

    def _recall(self, chat: Chat) -> None:
        if chat.former_id is not None:
            self._former_ids[chat.chat_id] = chat.former_id

    async def _write_down(
        self, unit: Unit, deed: Deed, about: str, *, chat_id: int, by: Person | None
    ) -> None:
        await unit.audit.add(deed, about, by=by, chat_id=chat_id, at=self._clock())
