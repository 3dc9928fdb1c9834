"""Trace chats: which have come, are lost, are back, have moved or have another name.

Where nothing can be sent is known by an attempt or by Telegram's word; owners are told of it once.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace

import structlog

from bot.core.delivery import Chat
from bot.core.events import ChatFound, ChatLost
from bot.core.lost_chats import is_about_topic, is_back_by_words, why_lost
from bot.services.ports import Unit
from bot.services.tell_owners import TellOwners
from bot.services.welcome_chats import WelcomeChats

log = structlog.get_logger(__name__)

NOT_NAMED = "not in the settings"
"""Why a chat is gone that nobody wants to be told any more."""


class TraceChats(WelcomeChats, TellOwners):
    """Follows chats wherever they go."""

    async def add_configured(self) -> None:
        """Let the chats of the settings have events; recall which have moved, and which are lost.

        Those that are no longer in the settings are gone until they are; not those on which only
        the word of an owner is missing.
        """
        async with self.changing() as unit:
            known = await unit.chats.load()
            for chat in known:
                self._recall(chat)
            there = {chat.chat_id for chat in known} | set(self._former_ids.values())
            for chat_id in sorted(self._chats - there):
                await self.welcome(unit, Chat(chat_id, since=self._clock()))
            for chat in known:
                allowed = self._is_allowed(chat)
                if chat.gone == NOT_NAMED and allowed:
                    await self.welcome(unit, chat)
                elif chat.gone is not None and allowed:
                    self._gone.add(chat.chat_id)
                elif chat.gone is None and not (allowed or chat.blocked or chat.is_waiting):
                    await unit.chats.mark_gone(chat.chat_id, reason=NOT_NAMED)

    async def follow(self, chat_id: int, *, to: int) -> None:
        """Go with a group that has become a supergroup."""
        if chat_id in self._gone:
            self._gone.remove(chat_id)
            self._gone.add(to)
        async with self.changing() as unit:
            if {chat_id, to}.isdisjoint(chat.chat_id for chat in await unit.chats.load()):
                await unit.chats.add(Chat(chat_id, since=self._clock()))
            await unit.chats.move(chat_id, to=to)
            for chat in await unit.chats.load():
                self._recall(chat)

    async def greet(self, chat_id: int, *, title: str) -> bool:
        """Let a chat have events from now on, or again; what stands now is told at once.

        False where it had them already.
        """
        async with self.changing() as unit:
            known = {chat.chat_id: chat for chat in await unit.chats.load()}
            before = known.get(chat_id)
            chat = Chat(chat_id, since=self._clock()) if before is None else before
            chat = replace(chat, title=title, gone=None)
            if before is None or before.gone is not None:
                await self.welcome(unit, chat)
            else:
                await unit.chats.add(chat)
            if before is not None and before.gone not in {None, NOT_NAMED}:
                await self.queue_for_owners(
                    unit, ChatFound(chat_id=chat_id, title=title, at=self._clock())
                )
        self._gone.discard(chat_id)
        self._wake_delivery()
        return before is None or before.gone is not None

    async def heard(self, chat_id: int, *, title: str) -> None:
        """Take back a chat that was given up and now speaks; learn what it is called now.

        Words are no sign that we may write where we were not allowed to; but a reason to try.
        """
        if self.is_shut(chat_id):
            self._spoken.add(chat_id)
            return
        if chat_id in self._gone:
            await self.greet(chat_id, title=title)
        elif chat_id in self._known and self._known[chat_id].title != title:
            async with self.changing() as unit:
                await unit.chats.add(Chat(chat_id, title=title, since=self._clock()))

    def take_spoken(self) -> Collection[int]:
        """Return the lost chats in which somebody spoke since this was asked last."""
        spoken, self._spoken = self._spoken, set()
        return spoken

    def is_shut(self, chat_id: int) -> bool:
        """Whether we hear what is said in a chat, and as far as we know may say nothing there."""
        gone = self.known(chat_id).gone
        return gone not in {None, NOT_NAMED} and not is_back_by_words(gone or "")

    async def lost(self) -> Sequence[Chat]:
        """Return the chats that are named in the settings and cannot be sent to."""
        async with self._open_unit() as unit:
            known = await unit.chats.load()
        return [chat for chat in known if chat.gone is not None and self._is_allowed(chat)]

    async def mark_gone(self, chat_id: int, *, reason: str, title: str = "") -> None:
        """Send nothing there until it speaks, or can be sent to; tell the owners, once.

        `reason` is what Telegram says, `title` what the chat is called, where that was heard now.
        """
        async with self.changing() as unit:
            known = {chat.chat_id: chat for chat in await unit.chats.load()}
            chat = known.get(chat_id)
            if chat is not None and title:
                chat = replace(chat, title=title)
                await unit.chats.add(chat)
            await unit.chats.mark_gone(chat_id, reason=reason)
            if chat is not None and chat.gone is None and self._is_allowed(chat):
                await self._tell_loss(unit, chat, reason)
        self._gone.add(chat_id)
        self._wake_delivery()

    async def leave_lost_topic(self, chat: Chat, *, reason: str) -> bool:
        """Send to the whole group from now on, where only a topic is lost; tell the owners, once.

        False where no topic is to blame.
        """
        if chat.thread_id is None or not is_about_topic(reason):
            return False
        async with self.changing() as unit:
            kept = {known.chat_id: known for known in await unit.chats.load()}
            now = kept.get(chat.chat_id)
            if now is not None and now.thread_id == chat.thread_id:
                await unit.chats.save(replace(now, thread_id=None))
                at = self._clock()
                lost = ChatLost(chat_id=now.chat_id, title=now.title, reason="topic-only", at=at)
                await self.queue_for_owners(unit, lost)
                log.warning("A topic is lost", action="tell", chat=now.chat_id, reason=reason)
        self._wake_delivery()
        return True

    async def _tell_loss(self, unit: Unit, chat: Chat, reason: str) -> None:
        why, now = why_lost(reason), self._clock()
        log.warning("A chat is lost", action="tell", chat=chat.chat_id, reason=reason)
        lost = ChatLost(chat_id=chat.chat_id, title=chat.title, reason=why, at=now)
        await self.queue_for_owners(unit, lost)
