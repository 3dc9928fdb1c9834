"""Sends what waits in the outbox: events become text here, errors become outcomes."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager
from zoneinfo import ZoneInfo

from telegram import InlineKeyboardMarkup, ReplyParameters
from telegram.constants import ParseMode
from telegram.error import TelegramError
from telegram.ext import ExtBot
from typing_extensions import override

from bot.chat.digest_buttons import digest_keyboard
from bot.chat.failures import outcome_of
from bot.chat.i18n import LanguageOf, english, speaking
from bot.chat.keyboards import alert_keyboard
from bot.chat.numbers import hiding_amounts
from bot.chat.pace import FROM_OUTBOX, pace_of
from bot.chat.room_buttons import asked_keyboard
from bot.chat.views.alerts import events_text
from bot.chat.views.cards import card_text
from bot.chat.views.digests import digest_text
from bot.core.delivery import Chat, Outcome, Sent
from bot.core.digest import Digest
from bot.core.elsewhere import Late
from bot.core.events import AlertRaised, AlertReminded, AlertTested, Event
from bot.core.faces import Face
from bot.core.quiet import settled
from bot.core.routing import is_silent
from bot.services.ports import Card, ChatSender, Clock

_WITH_BUTTONS = (AlertRaised, AlertReminded, AlertTested)


class TelegramSender(ChatSender):
    """`ChatSender` by the Bot API."""

    def __init__(
        self,
        bot: ExtBot[str],
        *,
        zone: ZoneInfo,
        clock: Clock,
        language_of: LanguageOf = english,
    ) -> None:
        self._bot = bot
        self._pace = pace_of(bot)
        self._zone = zone
        self._clock = clock
        self._language_of = language_of

    @override
    def turn(self, chat_id: int, *, edits: bool = False) -> AbstractAsyncContextManager[None]:
        """See the port."""
        return self._pace.turn(chat_id, edits=edits)

    @override
    def may_edit(self, chat_id: int) -> bool:
        """See the port."""
        return self._pace.may_edit(chat_id)

    @override
    async def send_events(
        self,
        chat: Chat,
        events: Sequence[Event],
        *,
        maybe_repeated: bool,
        reply_to: int | None,
        late: Late | None = None,
    ) -> Outcome:
        """See the port."""
        told, _ = settled(events)
        alerts = [(e.alert, Face(e.amount)) for e in told if isinstance(e, _WITH_BUTTONS)]
        with self._speaking_to(chat):
            text = events_text(
                events,
                zone=chat.preferences.zone_or(self._zone),
                now=self._clock(),
                maybe_repeated=maybe_repeated,
                late=late,
            )
            keyboard = alert_keyboard(alerts) or asked_keyboard(events)
        silent = is_silent(events, chat)
        return await self._send(chat, text, reply_to=reply_to, keyboard=keyboard, silent=silent)

    @override
    async def edit_events(self, card: Card) -> Outcome:
        """See the port."""
        told = [event.alert for event in card.events if isinstance(event, AlertRaised)]
        zone = card.chat.preferences.zone_or(self._zone)
        with self._speaking_to(card.chat):
            text = card_text(
                card.events, card.faces, zone=zone, now=self._clock(), read_at=card.read_at
            )
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
    async def send_digest(self, chat: Chat, digest: Digest, *, maybe_repeated: bool) -> Outcome:
        """See the port."""
        with self._speaking_to(chat):
            zone = chat.preferences.zone_or(self._zone)
            text = digest_text(digest, zone, maybe_repeated=maybe_repeated)
            keyboard = digest_keyboard(digest.period)
        silent = chat.preferences.loud("digests") == "silent"
        return await self._send(chat, text, keyboard=keyboard, silent=silent)

    @contextmanager
    def _speaking_to(self, chat: Chat) -> Iterator[None]:
        """Speak as a chat wants to be spoken to."""
        code = chat.preferences.language or self._language_of(chat.chat_id)
        with speaking(code), hiding_amounts(chat.preferences.percent_only):
            yield

    async def _send(
        self,
        chat: Chat,
        text: str,
        *,
        reply_to: int | None = None,
        keyboard: InlineKeyboardMarkup | None = None,
        silent: bool = False,
    ) -> Outcome:
        try:
            message = await self._bot.send_message(
                chat.chat_id,
                text,
                parse_mode=ParseMode.HTML,
                reply_parameters=_reply(reply_to),
                reply_markup=keyboard,
                disable_notification=silent,
                message_thread_id=chat.thread_id,
                rate_limit_args=FROM_OUTBOX,
            )
        except TelegramError as e:
            return outcome_of(e)
        return Sent(message.message_id)


def _reply(message_id: int | None) -> ReplyParameters | None:
    if message_id is None:
        return None
    return ReplyParameters(message_id, allow_sending_without_reply=True)
