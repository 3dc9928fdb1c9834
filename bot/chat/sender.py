"""Sends what waits in the outbox: events become text here, errors become outcomes."""

import re
from collections.abc import Sequence
from html import unescape
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from telegram import InlineKeyboardMarkup, ReplyParameters
from telegram.constants import ParseMode
from telegram.error import BadRequest, TelegramError
from telegram.ext import ExtBot
from typing_extensions import override

from bot.chat.failures import outcome_of
from bot.chat.keyboards import alert_keyboard
from bot.chat.pace import FROM_OUTBOX
from bot.chat.views.alerts import events_text
from bot.chat.views.cards import card_text
from bot.chat.views.digests import digest_text
from bot.core.delivery import Chat, Outcome, Sent
from bot.core.digest import Digest
from bot.core.events import AlertRaised, AlertReminded, AlertTested, Event
from bot.core.faces import Face
from bot.core.quiet import settled
from bot.services.ports import Card, ChatSender, Clock

log = structlog.get_logger(__name__)

_WITH_BUTTONS = (AlertRaised, AlertReminded, AlertTested)
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
        told, _ = settled(events)
        alerts = [(e.alert, Face(e.amount)) for e in told if isinstance(e, _WITH_BUTTONS)]
        return await self._send(chat, text, reply_to=reply_to, keyboard=alert_keyboard(alerts))

    @override
    async def edit_events(self, card: Card) -> Outcome:
        """See the port."""
        text = card_text(
            card.events, card.faces, zone=self._zone, now=self._clock(), read_at=card.read_at
        )
        told = [event.alert for event in card.events if isinstance(event, AlertRaised)]
        keyboard = alert_keyboard((alert, card.faces[alert.incident]) for alert in told)
        try:
            await self._bot.edit_message_text(
                text,
                card.chat.chat_id,
                card.message_id,
                parse_mode=ParseMode.HTML,
                reply_markup=keyboard,
                rate_limit_args=FROM_OUTBOX,
            )
        except TelegramError as e:
            return Sent(card.message_id) if "not modified" in str(e) else outcome_of(e)
        return Sent(card.message_id)

    @override
    async def send_digest(self, chat: Chat, digest: Digest) -> Outcome:
        """See the port."""
        return await self._send(chat, digest_text(digest, self._zone))

    async def _send(
        self,
        chat: Chat,
        text: str,
        *,
        reply_to: int | None = None,
        keyboard: InlineKeyboardMarkup | None = None,
    ) -> Outcome:
        extras = {"reply_parameters": _reply(reply_to), "reply_markup": keyboard}
        try:
            return await self._attempt(chat, text, mode=ParseMode.HTML, **extras)
        except BadRequest as e:
            if "can't parse" not in str(e).lower():
                return outcome_of(e)
            log.error("Telegram refused our HTML", action="send", reason=str(e))  # noqa: TRY400
        except TelegramError as e:
            return outcome_of(e)
        try:
            return await self._attempt(chat, _plain(text), mode=None, **extras)
        except TelegramError as e:
            return outcome_of(e)

    async def _attempt(
        self, chat: Chat, text: str, *, mode: ParseMode | None, **extras: Any
    ) -> Sent:
        message = await self._bot.send_message(
            chat.chat_id, text, parse_mode=mode, rate_limit_args=FROM_OUTBOX, **extras
        )
        return Sent(message.message_id)


def _reply(message_id: int | None) -> ReplyParameters | None:
    if message_id is None:
        return None
    return ReplyParameters(message_id, allow_sending_without_reply=True)


def _plain(html: str) -> str:
    """Take the tags out: better plain than not at all."""
    return unescape(_TAG.sub("", html))
