"""`/digest`: what is known, told at once."""

from telegram import Message

from bot.chat.handlers import Command, UseCases, plain_command
from bot.chat.views.digests import digest_text


def commands(use: UseCases) -> list[Command]:
    """Return the commands of this module."""

    async def digest(message: Message) -> None:
        await message.reply_html(digest_text(await use.digests.preview(), use.zone))

    return [plain_command("digest", digest)]
