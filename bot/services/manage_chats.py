"""Manage chats: who may talk to us, and who is told."""

from collections.abc import Collection, Sequence

from bot.core.delivery import Chat
from bot.services.ports import Clock, OpenUnit


class ManageChats:
    """Knows who is allowed; by the settings, so that taking an id out of them is enough."""

    def __init__(
        self,
        *,
        owners: Collection[int],
        chats: Collection[int],
        open_unit: OpenUnit,
        clock: Clock,
    ) -> None:
        """`owners` are ids of users, `chats` of chats; a private chat has its user's id."""
        self._owners = frozenset(owners)
        self._chats = frozenset(chats)
        self._former_ids: dict[int, int] = {}
        self._open_unit = open_unit
        self._clock = clock

    def is_owner(self, user_id: int) -> bool:
        """Whether this user may see everything."""
        return user_id in self._owners

    def may_look(self, chat_id: int) -> bool:
        """Whether balances may be shown in this chat: to everybody who is in it."""
        known_as = self._former_ids.get(chat_id, chat_id)
        return known_as in self._chats or known_as in self._owners

    def recipients(self, chats: Sequence[Chat]) -> list[Chat]:
        """Choose those that events are sent to."""
        return [chat for chat in chats if self.may_look(chat.chat_id) and chat.gone is None]

    async def add_configured(self) -> None:
        """Let the chats of the settings have events from now on, and recall which have moved."""
        now = self._clock()
        async with self._open_unit() as unit:
            for chat in await unit.chats.load():
                self._recall(chat)
            known = {chat.chat_id for chat in await unit.chats.load()}
            for chat_id in sorted(self._chats - known - set(self._former_ids.values())):
                await unit.chats.add(Chat(chat_id, since=now))

    async def follow(self, chat_id: int, *, to: int) -> None:
        """Go with a group that has become a supergroup."""
        async with self._open_unit() as unit:
            await unit.chats.move(chat_id, to=to)
            for chat in await unit.chats.load():
                self._recall(chat)

    def _recall(self, chat: Chat) -> None:
        if chat.former_id is not None:
            self._former_ids[chat.chat_id] = chat.former_id

    async def greet(self, chat_id: int, *, title: str) -> None:
        """Let a chat that has spoken have events: from now on, or again."""
        async with self._open_unit() as unit:
            await unit.chats.add(Chat(chat_id, title=title, since=self._clock()))
