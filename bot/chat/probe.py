"""Asks Telegram who we are: what the doctor wants to know."""

import httpx
from telegram.error import InvalidToken, TelegramError

from bot.chat.application import build_bot
from bot.chat.failures import never_left


class TelegramUnusable(Exception):
    """We cannot talk to Telegram; `str()` says why, `advice` what to mend."""

    def __init__(self, message: str, *, advice: str) -> None:
        super().__init__(message)
        self.advice = advice


async def ask_name(token: str, *, api_url: str, transport: httpx.AsyncBaseTransport) -> str:
    """Return the bot's name with its @.

    Raises:
        TelegramUnusable: the token is refused, or nobody answers.
    """
    bot = build_bot(token, api_url=api_url, transports=(transport, transport))
    try:
        me = await bot.get_me()
    except InvalidToken:
        advice = "copy BOT_TELEGRAM__TOKEN from @BotFather again"
        failure = TelegramUnusable("the token is refused", advice=advice)
    except TelegramError as e:
        advice = "see whether this machine reaches BOT_TELEGRAM__API_URL"
        reason = "it cannot be reached" if never_left(e) else str(e)
        failure = TelegramUnusable(reason, advice=advice)
    else:
        return f"@{me.username}"
    raise failure
