"""Strangers: counted, told their own ids once in a while, and nothing of them is kept.

However many there are, they cost neither the database nor those who are allowed anything.
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
from bot.chat.i18n import LanguageOf, speaking
from bot.chat.views.words import whoami_text
from bot.services.ports import Clock

log = structlog.get_logger(__name__)

AGAIN_AFTER = timedelta(minutes=1)
"""How soon the same chat is answered again."""
MOST_CHATS = 30
"""How many chats are answered in that time."""
LOG_EVERY_S = 60.0


class Strangers:
    """Owns what little is done for them, one after another."""

    def __init__(self, bot: ExtBot[str], *, clock: Clock, language_of: LanguageOf) -> None:
        self._bot = bot
        self._clock = clock
        self._language_of = language_of
        self._answered: dict[int, datetime] = {}
        self._waiting: asyncio.Queue[Caller] = asyncio.Queue(MOST_CHATS)
        self._met = asyncio.Event()
        self._count = 0
        self._newest: Caller | None = None

    def meet(self, callers: Sequence[Caller]) -> None:
        """Count them; whoever asks for what is open to all is answered later, or not."""
        if not callers:
            return
        self._count += len(callers)
        self._newest = callers[-1]
        self._met.set()
        self._forget()
        for caller in callers:
            if command_of(caller.text, self._bot.username) in OPEN_TO_ALL and self._may(caller):
                self._waiting.put_nowait(caller)

    def _may(self, caller: Caller) -> bool:
        """Whether it is time to answer this chat, and not too many others are answered."""
        if caller.chat_id is None or caller.user_id is None or self._waiting.full():
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
            caller = await self._waiting.get()
            if caller.chat_id is None or caller.user_id is None:
                continue
            with speaking(self._language_of(caller.chat_id)):
                ids = whoami_text(user_id=caller.user_id, chat_id=caller.chat_id)
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
