"""Tell owners: what is about the bot itself, and not about balances."""

from bot.core.events import ChatFound, ChatLost, Notice
from bot.services.known_chats import KnownChats
from bot.services.ports import Unit


class TellOwners(KnownChats):
    """Queues it for those who run the bot."""

    async def tell_owners(self, notice: Notice) -> None:
        """Queue something about the bot itself for those who run it."""
        async with self._open_unit() as unit:
            await self.queue_for_owners(unit, notice)
        self._wake_delivery()

    async def queue_for_owners(self, unit: Unit, notice: Notice) -> None:
        """Queue it for the private chats of owners, but not for the chat that it is about."""
        about = notice.chat_id if isinstance(notice, ChatLost | ChatFound) else None
        chats = [
            chat
            for chat in self.recipients(await unit.chats.load())
            if self.is_owner(chat.chat_id) and chat.chat_id != about
        ]
        await unit.outbox.add([notice], chats=chats, at=self._clock())
