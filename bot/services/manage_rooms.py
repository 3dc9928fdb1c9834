"""Manage rooms: what each chat may see, how loud it is, and how it is spoken to.

Each change is written down with who has made it; made again, it changes nothing.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from bot.core.access import Person, Role
from bot.core.audit import Deed, Entry
from bot.core.delivery import Chat
from bot.core.errors import CoreError, UnknownName
from bot.core.portfolio import matches, nearest
from bot.core.preferences import Kind, Loudness
from bot.core.scope import ALL, Scope
from bot.services.manage_chats import ManageChats
from bot.services.ports import Asked, Clock, OpenUnit, Topic
from bot.services.watched import Watched

ANSWER_WITHIN_H = 24
MOST_PATTERNS = 20
"""That can be typed."""


@dataclass
class TooMany(CoreError):
    """More patterns than anybody would read."""

    most: int


class ManageRooms:
    """Changes what holds in a chat."""

    def __init__(
        self, *, chats: ManageChats, watched: Watched, open_unit: OpenUnit, clock: Clock
    ) -> None:
        self._chats = chats
        self._watched = watched
        self._open_unit = open_unit
        self._clock = clock

    @property
    def accounts(self) -> tuple[str, ...]:
        """The accounts that a scope can be made of."""
        return tuple(account.name for account in self._watched.accounts)

    async def set_role(self, chat_id: int, role: Role, *, by: Person) -> Chat | None:
        """Let everybody in a chat do more or less; an owner by pairing can be one no more."""
        about = f"everybody: {role}"
        return await self._change(
            chat_id, lambda chat: replace(chat, role=role), "role_changed", about, by
        )

    async def depose(self, chat_id: int, *, by: Person) -> bool:
        """Let somebody who was paired be no owner any more; nobody does that to themselves.

        Who does it stays an owner, so that there is always one.
        """
        async with self._chats.changing() as unit:
            kept = {chat.chat_id: chat for chat in await unit.chats.load()}
            chat, own = kept.get(chat_id), kept.get(by.user_id)
            paired = own is not None and own.role == "owner" and not own.blocked
            may = paired or self._chats.is_owner_by_settings(by.user_id)
            if chat is None or chat.role != "owner" or not may or chat_id == by.user_id:
                return False
            await unit.chats.save(replace(chat, role=None, asked_at=None))
            about = f"{chat.title} {chat_id}: no owner"
            await unit.audit.add("role_changed", about, by=by, chat_id=chat_id, at=self._clock())
        return True

    async def set_member(
        self, chat_id: int, user_id: int, role: Role | None, *, by: Person
    ) -> None:
        """Make somebody in a group a manager, or what everybody is."""
        await self._chats.set_member(chat_id, user_id, role, by=by)

    async def set_scope(
        self, chat_id: int, patterns: Collection[str], *, by: Person
    ) -> Chat | None:
        """Let a chat know of what patterns mean.

        Raises:
            UnknownName: one of them means nothing here.
            TooMany: nobody would read so many.
        """
        wanted = tuple(dict.fromkeys(pattern.lower() for pattern in patterns))
        if len(wanted) > MOST_PATTERNS:
            raise TooMany(MOST_PATTERNS)
        for pattern in wanted:
            if not self._means_something(pattern):
                names = [*self.accounts, *self._watched.paths]
                raise UnknownName(pattern, nearest(pattern, names) or tuple(names[:3]))
        scope = ALL if "*" in wanted else Scope(wanted)
        about = f"sees {', '.join(scope.patterns) or 'nothing'}"
        return await self._change(
            chat_id, lambda chat: replace(chat, scope=scope), "scope_changed", about, by
        )

    async def show_account(
        self, chat_id: int, account: str, *, seen: bool, by: Person
    ) -> Chat | None:
        """Put an account into what a chat sees, or take it out; made of all, it is a list then.

        What is in it and means nothing any more goes.
        """

        def changed(chat: Chat) -> Chat:
            if chat.scope.has(account) == seen:
                return chat
            known = filter(self._means_something, chat.scope.patterns)
            patterns = [*known, account] if seen else self._without(account, known)
            return replace(chat, scope=Scope(tuple(dict.fromkeys(patterns))))

        about = f"sees {account}" if seen else f"sees no more {account}"
        return await self._change(chat_id, changed, "scope_changed", about, by)

    def _means_something(self, pattern: str) -> bool:
        return any(account.is_meant_by(pattern) for account in self._watched.accounts)

    def _without(self, account: str, patterns: Iterable[str]) -> Iterator[str]:
        """Take an account out of patterns; one that means others as well is made of those."""
        for pattern in patterns:
            if matches(pattern, account):
                yield from (n for n in self.accounts if n != account and matches(pattern, n))
            elif pattern.partition("/")[0] != account.lower():
                yield pattern

    async def see_all(self, chat_id: int, *, by: Person) -> Chat | None:
        """Let a chat know of everything."""
        return await self.set_scope(chat_id, ALL.patterns, by=by)

    async def set_loudness(
        self, chat_id: int, kind: Kind, loudness: Loudness, *, by: Person
    ) -> Chat | None:
        """Make a kind of messages silent, off, or loud."""

        def changed(chat: Chat) -> Chat:
            preferences = chat.preferences.with_loudness(kind, loudness)
            return replace(chat, preferences=preferences)

        return await self._change(chat_id, changed, "settings_changed", f"{kind}: {loudness}", by)

    async def prefer(self, chat_id: int, *, by: Person, **wanted: Any) -> Chat | None:
        """Let a chat have some of its preferences otherwise; None is as the settings say."""
        about = ", ".join(f"{name}: {_told(value)}" for name, value in wanted.items())

        def changed(chat: Chat) -> Chat:
            return replace(chat, preferences=replace(chat.preferences, **wanted))

        return await self._change(chat_id, changed, "settings_changed", about, by)

    async def leave_topic(self, chat_id: int, *, by: Person) -> None:
        """Send to the whole group again."""
        await self._chats.tell_in(chat_id, None, by=by)

    async def _change(
        self,
        chat_id: int,
        changed: Callable[[Chat], Chat],
        deed: Deed,
        about: str,
        by: Person,
    ) -> Chat | None:
        return await self._chats.change(chat_id, changed, deed=deed, about=about, by=by)

    async def ask(
        self, chat_id: int, user_id: int, topic: Topic, *, about: int, question: int
    ) -> None:
        """Wait for the words of somebody as the answer to a question of ours."""
        asked = Asked(chat_id, user_id, question, topic, about, self._clock())
        async with self._open_unit() as unit:
            if waiting := await unit.drafts.waiting(chat_id, user_id):
                await unit.drafts.remove(waiting.id)
            await unit.questions.save(asked)
        self._chats.note_asked(chat_id, user_id, about=about)

    async def awaited(self, chat_id: int, user_id: int, *, reply_to: int | None) -> Asked | None:
        """Return what words of somebody are the answer to; None where they are for nobody.

        In a private chat the next words are; elsewhere only a reply to our question.
        """
        async with self._open_unit() as unit:
            asked = await unit.questions.load(chat_id, user_id)
        if asked is None or not self._is_young(asked.asked_at):
            return None
        private = chat_id == user_id and reply_to is None
        return asked if private or reply_to == asked.message_id else None

    def _is_young(self, at: datetime) -> bool:
        return abs((self._clock() - at).total_seconds()) < ANSWER_WITHIN_H * 3600

    async def forget_question(self, chat_id: int, user_id: int) -> None:
        """Wait for no words of somebody any more."""
        async with self._open_unit() as unit:
            await unit.questions.forget(chat_id, user_id)
        self._chats.note_asked(chat_id, user_id, about=chat_id)

    async def deeds(self, *, before: int | None, most: int) -> tuple[Entry, ...]:
        """Return who did what, the newest first."""
        async with self._open_unit() as unit:
            return tuple(await unit.audit.load(before=before, most=most))


def _told(value: object) -> str:
    return (
        f"{value:f}" if isinstance(value, Decimal) else "as usual" if value is None else str(value)
    )
