"""Sends what waits in the outbox: events become text here, errors become outcomes."""

import re
from collections.abc import Sequence
from html import unescape
from zoneinfo import ZoneInfo

import structlog
from telegram import ReplyParameters
from telegram.constants import ParseMode
from telegram.error import BadRequest, TelegramError
from telegram.ext import ExtBot
from typing_extensions import override

from bot.chat.failures import outcome_of
from bot.chat.pace import FROM_OUTBOX
from bot.chat.views.alerts import events_text
from bot.chat.views.digests import digest_text
from bot.core.delivery import Chat, Outcome, Sent
from bot.core.digest import Digest
from bot.core.events import Event
from bot.services.ports import ChatSender, Clock

log = structlog.get_logger(__name__)

_TAG = re.compile(r"</?[a-z-]+(?: [^<>]*)?>")


class TelegramSender(ChatSender):
    """`ChatSender` by the Bot API."""

    def __init__(self, bot: ExtBot[str], *, zone: ZoneInfo, clock: Clock) -> None:
        self._bot = bot
        self._zone = zone
        self._clock = clock

    @override
    async def send_events(
        self, chat: Chat, events: Sequence[Event], *, maybe_repeated: bool, reply_to: int | None
    ) -> Outcome:
        """See the port."""
        text = events_text(
            events, zone=self._zone, now=self._clock(), maybe_repeated=maybe_repeated
        )
        return await self._send(chat, text, reply_to=reply_to)

    @override
    async def send_digest(self, chat: Chat, digest: Digest) -> Outcome:
        """See the port."""
        return await self._send(chat, digest_text(digest, self._zone), reply_to=None)

    async def _send(self, chat: Chat, text: str, *, reply_to: int | None) -> Outcome:
        try:
            return await self._attempt(chat, text, reply_to=reply_to, mode=ParseMode.HTML)
        except BadRequest as e:
            if "can't parse" not in str(e).lower():
                return outcome_of(e)
            log.error("Telegram refused our HTML", action="send", reason=str(e))  # noqa: TRY400
        except TelegramError as e:
            return outcome_of(e)
        try:
            return await self._attempt(chat, _plain(text), reply_to=reply_to, mode=None)
        except TelegramError as e:
            return outcome_of(e)

    async def _attempt(
        self, chat: Chat, text: str, *, reply_to: int | None, mode: ParseMode | None
    ) -> Sent:
        reply = None
        if reply_to is not None:
            reply = ReplyParameters(reply_to, allow_sending_without_reply=True)
        message = await self._bot.send_message(
            chat.chat_id,
            text,
            parse_mode=mode,
            reply_parameters=reply,
            rate_limit_args=FROM_OUTBOX,
        )
        return Sent(message.message_id)


def _plain(html: str) -> str:
    """Take the tags out: better plain than not at all."""
    return unescape(_TAG.sub("", html))
