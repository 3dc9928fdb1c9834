"""Admit chats: the first owner by a code of the log, all others by what an owner says.

A chat asks once. Owners are told of a few an hour, whoever knocks how often; the rest is listed.
"""

import hmac
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256

import structlog

from bot.core.access import Person, Role
from bot.core.delivery import Chat
from bot.core.events import ChatApproved, ChatAsked
from bot.services.manage_chats import ManageChats
from bot.services.ports import Clock, OpenUnit, Pairing, Question
from bot.services.trace_chats import NOT_NAMED

log = structlog.get_logger(__name__)

VALID_FOR = timedelta(minutes=15)
MOST_WRONG = 5
"""Tries; then the code opens nothing any more."""
_BYTES = 12
MOST_TOLD, TOLD_WITHIN = 5, timedelta(hours=1)
"""How many chats owners are asked about in that time; all are listed in `/chats`."""
MOST_WAITING = 100
"""More that nobody has decided on are not kept."""
_LONGEST = 128
"""Characters of a title or a name: Telegram has no longer ones."""


Announce = Callable[[str], bool]
"""Shows a new code to whoever runs the bot; False: it cannot do that yet."""


@dataclass(frozen=True, slots=True)
class Decided:
    """What an owner has said about a chat, or another one before."""

    chat: Chat
    done: bool
    """False: it was decided already."""
    by: str = ""
    """Who has decided."""


class AdmitChats:
    """Lets people in."""

    def __init__(
        self,
        *,
        chats: ManageChats,
        open_unit: OpenUnit,
        clock: Clock,
        announce: Announce,
        wake_delivery: Callable[[], None],
    ) -> None:
        self._chats = chats
        self._open_unit = open_unit
        self._clock = clock
        self._announce = announce
        self._wake_delivery = wake_delivery
        self._pairing: Pairing | None = None

    @property
    def clock(self) -> Clock:
        """What tells the instant, also to who waits at the gate."""
        return self._clock

    @property
    def is_open(self) -> bool:
        """Whether there is a code that opens something."""
        pairing, now = self._pairing, self._clock()
        if pairing is None or self._chats.has_owner or pairing.wrong_tries >= MOST_WRONG:
            return False
        # No code is valid for longer, but by a clock that was ahead.
        return now < pairing.expires_at <= now + VALID_FOR

    def forget(self) -> None:
        """Forget the code: another process may have offered a new one since."""
        self._pairing = None

    async def offer(self) -> None:
        """Show a code while there is no owner: after each start, and when the last is over."""
        now = self._clock()
        pairing = self._pairing
        is_over = pairing is None or not now < pairing.expires_at <= now + VALID_FOR
        if self._chats.has_owner or not is_over:
            return
        code = secrets.token_urlsafe(_BYTES)
        pairing = Pairing(_digest(code), now + VALID_FOR)
        async with self._open_unit() as unit:
            await unit.pairing.save(pairing)
        # From here on it counts, also for somebody who is as quick as the log is read.
        self._pairing = pairing
        if not self._announce(code):
            self._pairing = None

    async def pair(self, code: str, by: Person) -> bool:
        """Make whoever has the code an owner; a wrong one counts."""
        if not self.is_open:
            return False
        async with self._chats.changing() as unit:
            pairing = await unit.pairing.load()
            if pairing is None or pairing.wrong_tries >= MOST_WRONG:
                return False
            if not hmac.compare_digest(pairing.digest, _digest(code)):
                self._pairing = replace(pairing, wrong_tries=pairing.wrong_tries + 1)
                await unit.pairing.save(self._pairing)
                log.warning("A wrong pairing code", action="pair", user=by.user_id)
                return False
            await unit.pairing.end()
            known = {chat.chat_id: chat for chat in await unit.chats.load()}
            own = known.get(by.user_id, Chat(by.user_id, title=by.name, since=self._clock()))
            own = replace(own, role="owner", blocked=False, gone=None)
            await unit.chats.save(own)
            await self._chats.welcome(unit, own)
            await unit.audit.add(
                "owner_paired", by.name, by=by, chat_id=by.user_id, at=self._clock()
            )
        log.warning("Paired: there is an owner now", action="pair", user=by.user_id)
        return True

    async def ask(self, chat_id: int, *, title: str, by: Person | None) -> bool:
        """Ask the owners whether a chat may come in, once; False where that is of no use."""
        known = self._chats.known(chat_id)
        if known.blocked or known.is_approved or not self._chats.has_owner:
            return False
        if known.asked_at is not None:
            return True
        async with self._chats.changing() as unit:
            now, kept = self._clock(), await unit.chats.load()
            waiting = [chat for chat in kept if chat.is_waiting]
            if len(waiting) >= MOST_WAITING:
                return False
            chat = next((c for c in kept if c.chat_id == chat_id), Chat(chat_id, since=now))
            chat = replace(chat, title=title[:_LONGEST], asked_at=now, role=None)
            await unit.chats.save(chat)
            asked = await unit.outbox.questions(since=now - TOLD_WITHIN)
            if len({q.about for q in asked if q.event.at > now - TOLD_WITHIN}) < MOST_TOLD:
                await self._chats.queue_for_owners(unit, _asked(chat, by, at=now))
        self._wake_delivery()
        return True

    async def catch_up(self, owner: int) -> None:
        """Ask an owner about chats that wait and of which he was not asked, a few at a time.

        Whoever becomes an owner later, or is one by the settings and comes later, knows of them.
        """
        now = self._clock()
        async with self._open_unit() as unit:
            kept = await unit.chats.load()
            own = [c for c in self._chats.recipients(kept) if c.chat_id == owner]
            asked = await unit.outbox.questions()
            here = {question.about for question in asked if question.chat_id == owner}
            events = {question.about: question.event for question in asked}
            waiting = [c for c in kept if c.is_waiting and c.chat_id not in here]
            for chat in waiting[:MOST_TOLD]:
                event = events.get(chat.chat_id) or _asked(chat, None, at=chat.asked_at or now)
                await unit.outbox.add([event], chats=own, at=now)
        self._wake_delivery()

    async def approve(self, chat_id: int, role: Role, *, by: Person) -> Decided | None:
        """Let a chat in that is waiting; None where nobody knows it."""
        async with self._chats.changing() as unit:
            kept = {chat.chat_id: chat for chat in await unit.chats.load()}
            chat = kept.get(chat_id)
            if chat is None:
                return None
            if not chat.is_waiting:
                return Decided(chat, done=False)
            now = self._clock()
            chat = replace(chat, role=role, since=now, gone=None)
            await unit.chats.save(chat)
            about = f"{chat.title} {chat_id}: {role}"
            await unit.audit.add("chat_approved", about, by=by, chat_id=chat_id, at=now)
            await unit.outbox.add([ChatApproved(role=role, at=now)], chats=[chat], at=now)
            await self._chats.welcome(unit, chat)
        self._wake_delivery()
        return Decided(chat, done=True, by=by.name)

    async def block(self, chat_id: int, *, by: Person) -> Decided | None:
        """Answer a chat by silence from now on; None for one of an owner, or that nobody knows."""
        async with self._chats.changing() as unit:
            kept = {chat.chat_id: chat for chat in await unit.chats.load()}
            chat = kept.get(chat_id)
            if chat is None or self._chats.is_owner(chat_id):
                return None
            if chat.blocked:
                return Decided(chat, done=False)
            chat = replace(chat, blocked=True)
            await unit.chats.save(chat)
            about = f"{chat.title} {chat_id}"
            await unit.audit.add("chat_blocked", about, by=by, chat_id=chat_id, at=self._clock())
        return Decided(chat, done=True, by=by.name)

    async def unblock(self, chat_id: int, *, by: Person) -> Decided | None:
        """Let a chat be what it was before it was blocked; None where nobody knows it."""
        async with self._chats.changing() as unit:
            kept = {chat.chat_id: chat for chat in await unit.chats.load()}
            chat = kept.get(chat_id)
            if chat is None:
                return None
            if not chat.blocked:
                return Decided(chat, done=False)
            now = self._clock()
            gone = None if chat.gone == NOT_NAMED else chat.gone
            chat = replace(chat, blocked=False, gone=gone)
            await unit.chats.save(chat)
            about = f"{chat.title} {chat_id}"
            await unit.audit.add("chat_unblocked", about, by=by, chat_id=chat_id, at=now)
            if self._chats.recipients([chat]):
                await self._chats.welcome(unit, chat)
        self._wake_delivery()
        return Decided(chat, done=True, by=by.name)

    async def questions(self, chat_id: int) -> Sequence[Question]:
        """Return the messages in which owners were asked about a chat."""
        async with self._open_unit() as unit:
            return [q for q in await unit.outbox.questions() if q.about == chat_id]


def _asked(chat: Chat, by: Person | None, *, at: datetime) -> ChatAsked:
    return ChatAsked(
        chat_id=chat.chat_id,
        title=chat.title,
        user_id=by.user_id if by else None,
        name=by.name[:_LONGEST] if by else "",
        at=at,
    )


def _digest(code: str) -> str:
    return sha256(code.encode("utf-8", "replace")).hexdigest()
