"""`/start`, `/help`, `/whoami`: who is who, and what to do here."""

from telegram import Message, Update
from telegram.constants import ChatType
from telegram.ext import CommandHandler

from bot.chat.handlers import Command, Context, UseCases, person_of, plain_command
from bot.chat.handlers.welcome import lead
from bot.chat.views.words import greeting_text, help_text, whoami_text


def commands(use: UseCases) -> list[Command]:
    """Return the commands of this module."""

    async def start(update: Update, context: Context) -> None:
        """Greet; from now on this chat is told, in a group in the topic where this was said.

        A deep link may put anything behind it.
        """
        message, user = update.message, update.effective_user
        if message is None or user is None:
            return
        title = message.chat.effective_name or ""
        thread_id = message.message_thread_id if message.is_topic_message else None
        is_shut = use.chats.is_shut(message.chat_id)
        is_new = not is_shut and await use.chats.greet(message.chat_id, title=title)
        is_group = message.chat.type != ChatType.PRIVATE
        if is_group and use.may_manage(user.id, message.chat_id):
            await use.chats.tell_in(message.chat_id, thread_id, by=person_of(user))
        here = use.here(message)
        rules = sum(status.in_force for status in await here.rules.status())
        await message.reply_html(greeting_text(wallets=len(here.balances.paths), rules=rules))
        if is_group or not use.chats.is_owner(user.id):
            return
        await use.admission.catch_up(message.chat_id)
        if is_new or context.args:
            preferences = use.chats.preferences(message.chat_id)
            if preferences.language is None and preferences.zone is None:
                await lead(message)

    async def whoami(message: Message) -> None:
        user_id = message.from_user.id if message.from_user else message.chat_id
        role = use.chats.role_of(user_id, message.chat_id)
        scope = use.chats.known(message.chat_id).scope
        text = whoami_text(user_id=user_id, chat_id=message.chat_id, role=role, scope=scope)
        await message.reply_html(text)

    async def help_(message: Message) -> None:
        await message.reply_html(help_text())

    return [
        CommandHandler("start", start),
        plain_command("help", help_),
        plain_command("whoami", whoami),
    ]
