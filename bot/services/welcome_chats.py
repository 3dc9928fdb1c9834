"""Welcome chats: who begins to listen is told what stands, and no more than he was told before."""

from collections.abc import Sequence

from bot.core.delivery import Chat
from bot.core.events import Event
from bot.core.standing import standing_events
from bot.services.known_chats import KnownChats
from bot.services.ports import Unit


class WelcomeChats(KnownChats):
    """Lets chats have events from now on."""

    async def welcome(self, unit: Unit, chat: Chat) -> None:
        """Keep a chat, and queue for it what it could not hear."""
        await unit.chats.add(chat)
        if events := await self._standing(unit, chat):
            await unit.outbox.add(events, chats=[chat], at=self._clock())

    async def _standing(self, unit: Unit, chat: Chat) -> Sequence[Event]:
        """Return what stands now, but for alerts that a chat was told of."""
        now, told = self._clock(), await unit.outbox.told(chat.chat_id)
        states, wallets = await unit.alerts.load(), await unit.wallets.load()
        return standing_events(states.values(), wallets.values(), told=told, at=now)

    async def _kept(self, unit: Unit, chat_id: int, *, title: str = "") -> Chat | None:
        """Return a chat as it is kept; one that is allowed has events from now on."""
        found = {chat.chat_id: chat for chat in await unit.chats.load()}
        new = Chat(chat_id, title=title, since=self._clock())
        if chat_id in found or not self._is_allowed(new):
            return found.get(chat_id)
        await self.welcome(unit, new)
        return new
