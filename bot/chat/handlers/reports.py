"""`/alerts`, `/digest`: what is known, told at once."""

from telegram import Message

from bot.chat.handlers import Command, UseCases, plain_command
from bot.chat.views.alerts import alerts_text
from bot.chat.views.digests import digest_text


def commands(use: UseCases) -> list[Command]:
    """Return the commands of this module."""

    async def alerts(message: Message) -> None:
        await message.reply_html(alerts_text(await use.balances.alerts(), use.zone))

    async def digest(message: Message) -> None:
        await message.reply_html(digest_text(await use.digests.preview(), use.zone))

    return [
        plain_command("alerts", alerts),
        plain_command("digest", digest),
    ]
