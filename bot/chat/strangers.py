"""Strangers: counted, told their own ids once in a while; what is kept is who wants to come in.

However many there are, they cost neither the database nor those who are allowed anything: a chat
asks once, and only so many are kept that nobody has decided on.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from telegram import ReplyParameters
from telegram.constants import ParseMode
from telegram.error import TelegramError
from telegram.ext import ExtBot

from bot.chat.access import OPEN_TO_ALL, Caller, command_of
from bot.chat.i18n import LanguageOf, _, speaking
from bot.chat.views.words import ASKED, whoami_text
from bot.core.access import Person
from bot.services.admit_chats import AdmitChats
from bot.services.known_chats import KnownChats
from bot.services.lead import NoLongerLeading
from bot.services.ports import Clock, NotKept

log = structlog.get_logger(__name__)

AGAIN_AFTER = timedelta(minutes=1)
"""How soon the same chat is answered again."""
MOST_CHATS = 30
"""How many chats are answered in that time."""
MOST_KEPT = 30
"""So many updates of strangers a process keeps in a minute that does not lead."""
LOG_EVERY_S = 60.0


class Strangers:
    """Owns what little is done for them, one after another."""

    def __init__(
        self,
        bot: ExtBot[str],
        *,
        chats: KnownChats,
        admission: AdmitChats,
        clock: Clock,
        language_of: LanguageOf,
    ) -> None:
        self._bot = bot
        self._chats = chats
        self._admission = admission
        self._clock = clock
        self._language_of = language_of
        self._answered: dict[int, datetime] = {}
        self._waiting: asyncio.Queue[tuple[Caller, bool]] = asyncio.Queue(MOST_CHATS)
        self._met = asyncio.Event()
        self._count = 0
        self._newest: Caller | None = None
        self._kept = 0
        self._kept_since = clock()

    def may_wait(self) -> bool:
        """Whether an update of a stranger is kept for the process that leads, and may know them.

        What was decided there a moment ago is not known here; a flood is not kept all the same.
        """
        now = self._clock()
        if not timedelta(0) <= now - self._kept_since < AGAIN_AFTER:
            self._kept, self._kept_since = 0, now
        self._kept += 1
        return self._kept <= MOST_KEPT

    async def meet(self, callers: Sequence[Caller]) -> None:
        """Count them; whoever asks for what is open to all is answered later, or not.

        That somebody wants to be let in is kept before the update is confirmed to Telegram.
        """
        if not callers:
            return
        self._count += len(callers)
        self._newest = callers[-1]
        self._met.set()
        self._forget()
        for caller in callers:
            command = command_of(caller.text, self._bot.username)
            wanted = caller.joined or command in OPEN_TO_ALL
            if not wanted or not self._may(caller):
                continue
            asked = (caller.joined or command == "/start") and await self._ask(caller)
            if not caller.joined and not self._waiting.full():  # others may have come meanwhile
                self._waiting.put_nowait((caller, asked))

    async def _ask(self, caller: Caller) -> bool:
        """Have the owners asked; whether it was done, now or before.

        What was not kept comes again, and must not find that it was answered. What can never be
        kept would come for ever, and nobody else would be heard.
        """
        if caller.chat_id is None or caller.user_id is None:
            return False
        by = Person(caller.user_id, caller.name)
        try:
            return await self._admission.ask(caller.chat_id, title=caller.title, by=by)
        except (NotKept, NoLongerLeading, asyncio.CancelledError):
            self._answered.pop(caller.chat_id, None)
            raise
        except Exception:
            log.exception("Nobody can be asked about a stranger", action="admit")
            return False

    def _may(self, caller: Caller) -> bool:
        """Whether it is time to answer this chat, and not too many others are answered."""
        if caller.chat_id is None or caller.user_id is None or self._waiting.full():
            return False
        if self._chats.known(caller.chat_id).blocked:
            return False
        if caller.chat_id in self._answered or len(self._answered) >= MOST_CHATS:
            return False
        self._answered[caller.chat_id] = self._clock()
        return True

    def _forget(self) -> None:
        now = self._clock()
        self._answered = {
            chat_id: at
            for chat_id, at in self._answered.items()
            if timedelta(0) <= now - at < AGAIN_AFTER
        }

    async def run(self) -> None:
        """Answer and count until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._answer())
            group.create_task(self._log())

    async def _answer(self) -> None:
        while True:
            caller, asked = await self._waiting.get()
            if caller.chat_id is None or caller.user_id is None:
                continue
            with speaking(self._language_of(caller.chat_id)):
                ids = whoami_text(user_id=caller.user_id, chat_id=caller.chat_id)
                ids = f"{ids}\n{_(ASKED)}" if asked else ids
            try:
                await self._bot.send_message(
                    caller.chat_id,
                    ids,
                    parse_mode=ParseMode.HTML,
                    reply_parameters=_reply(caller),
                )
            except TelegramError as e:
                log.debug("A stranger was not told their ids", action="refuse", error=str(e))

    async def _log(self) -> None:
        """Write one line, and the next a while later."""
        while True:
            await self._met.wait()
            self._met.clear()
            chat_id, user_id = (
                (self._newest.chat_id, self._newest.user_id) if self._newest else (None, None)
            )
            log.info(
                "Strangers were refused",
                action="refuse",
                updates=self._count,
                newest_chat=chat_id,
                newest_user=user_id,
            )
            self._count = 0
            await asyncio.sleep(LOG_EVERY_S)


def _reply(caller: Caller) -> ReplyParameters | None:
    if caller.message_id is None or caller.chat_id == caller.user_id:
        return None
    return ReplyParameters(caller.message_id, allow_sending_without_reply=True)
