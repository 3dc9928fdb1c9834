"""Knocks at a chat: whether it takes something can be asked without saying anything."""

from telegram.constants import ChatAction
from telegram.error import TelegramError
from telegram.ext import ExtBot
from typing_extensions import override

from bot.chat.failures import outcome_of
from bot.chat.pace import FROM_OUTBOX
from bot.core.delivery import Chat, Outcome, Sent
from bot.services.ports import ChatDoor


class TelegramDoor(ChatDoor):
    """`ChatDoor` by the Bot API: it refuses "typing …" where it would refuse a message."""

    def __init__(self, bot: ExtBot[str]) -> None:
        self._bot = bot

    @override
    async def knock(self, chat: Chat) -> Outcome:
        """See the port."""
        try:
            await self._bot.send_chat_action(
                chat.chat_id,
                ChatAction.TYPING,
                message_thread_id=chat.thread_id,
                rate_limit_args=FROM_OUTBOX,
            )
        except TelegramError as e:
            return outcome_of(e)
        return Sent(0)
