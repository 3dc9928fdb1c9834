"""`/start`, `/help`, `/whoami`: who is who, and what to do here."""

from telegram import Message, Update
from telegram.ext import CommandHandler

from bot.chat.handlers import Command, Context, UseCases, plain_command
from bot.chat.views.words import Role, greeting_text, help_text, whoami_text


def commands(use: UseCases) -> list[Command]:
    """Return the commands of this module."""

    async def start(update: Update, _context: Context) -> None:
        """Greet; from now on this chat is told. A deep link may put anything behind it."""
        message = update.message
        if message is None:
            return
        await use.chats.greet(message.chat_id, title=message.chat.effective_name or "")
        rules = sum(status.in_force for status in await use.rules.status())
        text = greeting_text(wallets=len(use.balances.paths), rules=rules)
        await message.reply_html(text)

    async def whoami(message: Message) -> None:
        user_id = message.from_user.id if message.from_user else message.chat_id
        role: Role = "an owner" if use.chats.is_owner(user_id) else "a viewer"
        await message.reply_html(whoami_text(user_id=user_id, chat_id=message.chat_id, role=role))

    async def help_(message: Message) -> None:
        await message.reply_html(help_text())

    return [
        CommandHandler("start", start),
        plain_command("help", help_),
        plain_command("whoami", whoami),
    ]
