"""The menu of commands: as it is by default, and in a chat that has chosen its language in that.

Telegram keeps what was set last, over restarts of ours, so that setting it twice does no harm.
"""

from collections.abc import Mapping

import structlog
from telegram import Bot, BotCommand, BotCommandScopeChat
from telegram.error import TelegramError

from bot.chat.i18n import _, languages, speaking
from bot.chat.views.words import COMMANDS

log = structlog.get_logger(__name__)


def menu_in(code: str) -> list[BotCommand]:
    """Return the menu in a language."""
    with speaking(code):
        return [BotCommand(name, _(meaning)) for name, meaning in COMMANDS.items()]


async def set_menus(bot: Bot, *, default: str, chosen: Mapping[int, str]) -> None:
    """Set it as it is by default, for those whose Telegram speaks another language, and by chat.

    Args:
        bot: Whose menu it is.
        default: The language that is spoken where none was chosen.
        chosen: The languages of chats that have chosen one.

    Raises:
        TelegramError: the menu of all could not be set; that of one chat is only logged.
    """
    for code in languages():
        two_letters = None if code == default else code.partition("_")[0]
        await bot.set_my_commands(menu_in(code), language_code=two_letters)
    for chat_id, code in chosen.items():
        await show_menu(bot, chat_id, code)


async def show_menu(bot: Bot, chat_id: int, code: str | None) -> None:
    """Show one chat the menu in its language, or for None as it is by default.

    Nobody waits for that: what goes wrong is logged, and the menu stays as it was.
    """
    scope = BotCommandScopeChat(chat_id)
    try:
        if code is None:
            await bot.delete_my_commands(scope=scope)
        else:
            await bot.set_my_commands(menu_in(code), scope=scope)
    except TelegramError as e:
        log.warning(
            "The menu of a chat is not in its language",
            action="set the menu",
            chat=chat_id,
            error=type(e).__name__,
        )
