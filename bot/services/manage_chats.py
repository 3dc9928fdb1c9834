"""Manage chats: who may talk to us and do what, who is told, and what each chat wants.

What the settings give ends with them; what was approved in the chat is in the database. All chats
are known in memory, too, because every update asks who is behind it.
"""

from collections.abc import AsyncIterator, Callable, Collection, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from itertools import groupby
from zoneinfo import ZoneInfo

import structlog

from bot.core.access import Member, Person, Role, higher
from bot.core.audit import Deed
from bot.core.delivery import Chat
from bot.core.events import ChatFound, ChatLost, Event, Notice
from bot.core.faces import EDITABLE_FOR
from bot.core.lost_chats import is_about_topic, is_back_by_words, why_lost
from bot.core.preferences import USUAL, Preferences
from bot.core.quiet import QuietHours
from bot.core.routing import heard
from bot.core.standing import standing_events
from bot.services.ports import Clock, OpenUnit, Unit

log = structlog.get_logger(__name__)

MOST_MEMBERS = 200
"""Of one group; who comes later may do what everybody may."""
NOT_NAMED = "not in the settings"
"""Why a chat is gone that nobody wants to be told any more."""


class ManageChats:
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

    async def quiet_hours(self, chat_id: int) -> QuietHours | None:
        """Return the quiet hours of a chat."""
        async with self._open_unit() as unit:
            known = {chat.chat_id: chat.quiet for chat in await unit.chats.load()}
        return known.get(chat_id)

    async def set_quiet(
        self, chat_id: int, quiet: QuietHours | None, *, title: str, by: Person | None = None
    ) -> None:
        """Keep the quiet hours of a chat; what waits for the end of others is looked at anew."""
        async with self.changing() as unit:
            if await self._kept(unit, chat_id, title=title) is None:
                return
            await unit.chats.set_quiet(chat_id, quiet)
            await unit.outbox.release(chat_id, at=self._clock())
            about = f"quiet {quiet or 'off'}"
            await self._write_down(unit, "settings_changed", about, chat_id=chat_id, by=by)
        self._wake_delivery()

    @asynccontextmanager
    async def changing(self) -> AsyncIterator[Unit]:
        """Open a transaction; what is known in memory follows when it is done."""
        async with self._open_unit() as unit:
            yield unit
            known, members = await unit.chats.load(), await unit.chats.members()
        self._know(known, members)

    async def learn(self, unit: Unit) -> None:
        """Take up what another process may have changed of chats and members."""
        known, members = await unit.chats.load(), await unit.chats.members()
        for chat in known:
            self._recall(chat)
        self._know(known, members)

    def _know(self, known: Iterable[Chat], members: Iterable[Member]) -> None:
        self._known = {chat.chat_id: chat for chat in known}
        self._members = {(member.chat_id, member.user_id): member for member in members}

    async def change(
        self,
        chat_id: int,
        changed: Callable[[Chat], Chat],
        *,
        deed: Deed,
        about: str,
        by: Person | None,
    ) -> Chat | None:
        """Keep a chat otherwise than it was, and write it down; None where nobody knows it.

        What it hears of by this is told, and what it sees otherwise is shown so.
        """
        async with self.changing() as unit:
            before = await self._kept(unit, chat_id)
            if before is None:
                return None
            after = changed(before)
            if after != before:
                await unit.chats.save(after)
                await unit.outbox.release(chat_id, at=self._clock())
                await self._tell_more(unit, before, after)
                await self._show_anew(unit, before, after)
                await self._write_down(unit, deed, about, chat_id=chat_id, by=by)
        self._wake_delivery()
        return after

    async def _kept(self, unit: Unit, chat_id: int, *, title: str = "") -> Chat | None:
        """Return a chat as it is kept; one that is allowed has events from now on."""
        found = {chat.chat_id: chat for chat in await unit.chats.load()}
        new = Chat(chat_id, title=title, since=self._clock())
        if chat_id in found or not self._is_allowed(new):
            return found.get(chat_id)
        await self.welcome(unit, new)
        return new

    async def _tell_more(self, unit: Unit, before: Chat, after: Chat) -> None:
        """Queue what stands, of that of which a chat did not hear before and does now."""
        events, paths = await self._standing(unit, after), await unit.wallets.load()
        known = heard(events, before, paths)
        more = [event for event in heard(events, after, paths) if event not in known]
        if more:
            await unit.outbox.add(more, chats=self.recipients([after]), at=self._clock())

    async def _show_anew(self, unit: Unit, before: Chat, after: Chat) -> None:
        """Have alerts edited that a chat was shown, where it may see more of them or less.

        Those that are over, too, as far as they can be edited.
        """
        percent_only = after.preferences.percent_only
        if (before.scope, before.preferences.percent_only) == (after.scope, percent_only):
            return
        shown = [one for one in await unit.outbox.shown() if one.chat_id == after.chat_id]
        for parcel_id, group in groupby(shown, key=lambda one: one.parcel_id):
            message = list(group)
            faces = {one.incident: replace(one.face, renew=True) for one in message}
            await unit.outbox.show(faces, parcel_id, at=message[0].shown_at)
        over = await unit.outbox.over(after.chat_id, since=self._clock() - EDITABLE_FOR)
        await unit.outbox.look_again(
            replace(one, face=replace(one.face, renew=True)) for one in over
        )

    async def forget(self, chat_id: int, *, by: Person) -> bool:
        """Forget a chat, and all that was said about it; False where that is not to be had."""
        if self.is_owner(chat_id) or chat_id in self._chats:
            return False
        async with self.changing() as unit:
            kept = {chat.chat_id: chat for chat in await unit.chats.load()}
            if chat_id not in kept:
                return False
            await unit.chats.forget(chat_id)
            about = f"{kept[chat_id].title} {chat_id}"
            await self._write_down(unit, "chat_forgotten", about, chat_id=chat_id, by=by)
        self._gone.discard(chat_id)
        return True

    async def meet(self, chat_id: int, person: Person) -> None:
        """Take note of who speaks to us in a group."""
        known = self._members.get((chat_id, person.user_id))
        if known is not None and known.name == person.name:
            return
        if known is None and len(self.members(chat_id)) >= MOST_MEMBERS:
            return
        role = known.role if known is not None else None
        async with self.changing() as unit:
            await unit.chats.save_member(Member(chat_id, person.user_id, person.name, role))

    def members(self, chat_id: int) -> tuple[Member, ...]:
        """Return who has spoken to us in a group."""
        return tuple(m for m in self._members.values() if m.chat_id == chat_id)

    async def set_member(
        self, chat_id: int, user_id: int, role: Role | None, *, by: Person
    ) -> Member | None:
        """Let somebody do more in a group than everybody may; None where nobody knows them."""
        async with self.changing() as unit:
            found = [m for m in await unit.chats.members(chat_id) if m.user_id == user_id]
            if not found:
                return None
            member = replace(found[0], role=role)
            if member != found[0]:
                await unit.chats.save_member(member)
                about = f"{member.name} {user_id}: {role or 'as everybody'}"
                await self._write_down(unit, "role_changed", about, chat_id=chat_id, by=by)
        return member

    def note_asked(self, chat_id: int, user_id: int, *, about: int) -> None:
        """Take note of the chat that the next words of somebody are about."""
        self._asked[chat_id, user_id] = about

    def asked_about(self, chat_id: int, user_id: int) -> int:
        """Name the chat that words are about, as far as anybody was asked since the start.

        What they change stands in one order with what buttons change there.
        """
        return self._asked.get((chat_id, user_id), chat_id)

    def all(self) -> tuple[Chat, ...]:
        """Return all chats that are kept, the oldest first."""
        return tuple(self._known.values())

    def is_fixed(self, chat_id: int) -> bool:
        """Whether the settings name a chat or an owner."""
        former = self._former_ids.get(chat_id, chat_id)
        return not {chat_id, former}.isdisjoint(self._chats | self._owners)

    async def _write_down(
        self, unit: Unit, deed: Deed, about: str, *, chat_id: int, by: Person | None
    ) -> None:
        await unit.audit.add(deed, about, by=by, chat_id=chat_id, at=self._clock())

    async def recall(self) -> None:
        """Take up what is kept of chats and members."""
        async with self.changing():
            pass

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

    def _recall(self, chat: Chat) -> None:
        if chat.former_id is not None:
            self._former_ids[chat.chat_id] = chat.former_id

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

    async def tell_in(self, chat_id: int, thread_id: int | None, *, by: Person) -> None:
        """Send to a topic of a group from now on; None: to the whole group."""
        if self.known(chat_id).thread_id == thread_id:
            return
        about = f"topic {thread_id}" if thread_id is not None else "no topic"
        await self.change(
            chat_id,
            lambda chat: replace(chat, thread_id=thread_id),
            deed="settings_changed",
            about=about,
            by=by,
        )

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
