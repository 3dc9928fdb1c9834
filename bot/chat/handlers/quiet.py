"""`/quiet`: when a chat wants to hear only what is critical."""

from telegram import Message, Update
from telegram.ext import CommandHandler

from bot.chat.handlers import Command, Context, UseCases, person_of
from bot.chat.i18n import _
from bot.chat.views.cards import quiet_text
from bot.chat.views.words import ONLY_OWNERS_SILENCE, usage_text
from bot.core.quiet import parse_quiet


def commands(use: UseCases) -> list[Command]:
    """Return the command."""

    async def quiet(update: Update, context: Context) -> None:
        message = update.message
        if message is None or message.from_user is None:
            return
        said = " ".join(context.args or ())
        if said and not use.may_manage(message.from_user.id, message.chat_id):
            await message.reply_text(_(ONLY_OWNERS_SILENCE))
        elif said and not await _set(use, message, said):
            await message.reply_html(usage_text("quiet"))
        else:
            hours = await use.chats.quiet_hours(message.chat_id)
            zone = use.chats.zone_of(message.chat_id)
            await message.reply_html(quiet_text(hours, zone))

    return [CommandHandler("quiet", quiet)]


async def _set(use: UseCases, message: Message, said: str) -> bool:
    """Keep the quiet hours of a chat; False where they are none."""
    hours = parse_quiet(said)
    if hours is None and said.lower() != "off":
        return False
    await use.chats.set_quiet(
        message.chat_id,
        hours,
        title=message.chat.effective_name or "",
        by=person_of(message.from_user) if message.from_user else None,
    )
    return True
