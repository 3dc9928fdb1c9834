"""Find chats again that were lost: try once in a while whether they take something."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from bot.core.delivery import Chat, ChatGone, ChatMoved, Sent
from bot.services.ports import ChatDoor, Clock
from bot.services.trace_chats import TraceChats

log = structlog.get_logger(__name__)

KNOCK_EVERY = timedelta(minutes=1)


class FindChats:
    """Knocks where nothing could be sent: nobody tells us that we may write again."""

    def __init__(self, *, chats: TraceChats, door: ChatDoor, clock: Clock) -> None:
        self._chats = chats
        self._door = door
        self._clock = clock
        self._spoken: set[int] = set()
        self._listened_at: datetime | None = None

    async def look(self) -> None:
        """Knock at each lost chat, one after another; nothing that goes wrong escapes."""
        try:
            await self._look()
        except Exception:
            log.exception("Lost chats were not looked for", action="find_chats")

    async def listen(self) -> None:
        """Knock where somebody has spoken, once a minute at most; nothing escapes here either."""
        self._spoken |= set(self._chats.take_spoken())
        now = self._clock()
        before = self._listened_at
        if not self._spoken or (before is not None and before <= now < before + KNOCK_EVERY):
            return
        self._listened_at, spoken, self._spoken = now, self._spoken, set()
        try:
            await self._look(spoken)
        except Exception:
            log.exception("Lost chats were not looked for", action="find_chats")

    async def _look(self, only: Collection[int] | None = None) -> None:
        for chat in await self._chats.lost():
            if only is None or chat.chat_id in only:
                await self._knock(chat)

    async def _knock(self, chat: Chat) -> None:
        outcome = await self._door.knock(chat)
        if isinstance(outcome, ChatMoved):
            await self._chats.follow(chat.chat_id, to=outcome.chat_id)
            chat = replace(chat, chat_id=outcome.chat_id)
            outcome = await self._door.knock(chat)
        if isinstance(outcome, ChatGone) and await self._chats.leave_lost_topic(
            chat, reason=outcome.reason
        ):
            outcome = await self._door.knock(replace(chat, thread_id=None))
        if isinstance(outcome, Sent):
            log.info("A chat is back", action="find_chats", chat=chat.chat_id)
            await self._chats.greet(chat.chat_id, title=chat.title)
