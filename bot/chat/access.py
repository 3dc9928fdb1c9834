"""Who is answered: the one gate that every command and every button passes first."""

import structlog
from telegram import Message, Update
from telegram.ext import ApplicationHandlerStop, ContextTypes, TypeHandler

from bot.chat.views.words import stranger_group_text
from bot.services.manage_chats import ManageChats

log = structlog.get_logger(__name__)

OPEN_TO_ALL = {"/start", "/whoami"}


class Gate:
    """Lets nobody past who is not allowed; strangers get silence, but for their own ids."""

    def __init__(self, chats: ManageChats) -> None:
        self._chats = chats

    def handler(self) -> TypeHandler[Update, ContextTypes.DEFAULT_TYPE, None]:
        """Return the gate as a handler, to be put before all others."""
        return TypeHandler(Update, self.check)

    async def check(self, update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        """Stop an update that must not be answered."""
        chat, user = update.effective_chat, update.effective_user
        await self._follow(update.message)
        if chat is not None and self._chats.may_look(chat.id):
            if not _has_ended(update):
                await self._chats.heard(chat.id, title=chat.effective_name or "")
            return
        if _command_of(update, context.bot.username) in OPEN_TO_ALL:
            return
        log.info(
            "A stranger was not answered",
            action="refuse",
            chat=chat.id if chat else None,
            user=user.id if user else None,
        )
        if user is not None and chat is not None and self._chats.is_owner(user.id):
            await self._explain(update, chat.id, bot_name=context.bot.username)
        raise ApplicationHandlerStop

    async def _follow(self, message: Message | None) -> None:
        """Go with an allowed group that tells, by its old id or its new one, that it moved."""
        if message is None:
            return
        old = message.migrate_from_chat_id or message.chat.id
        new = message.migrate_to_chat_id or message.chat.id
        if old != new and self._chats.may_look(old):
            await self._chats.follow(old, to=new)

    async def _explain(self, update: Update, chat_id: int, *, bot_name: str) -> None:
        """Tell an owner, who may wonder; there is nothing in it that a stranger must not know."""
        if update.message is not None and _command_of(update, bot_name):
            await update.message.reply_html(stranger_group_text(chat_id))


def _has_ended(update: Update) -> bool:
    """Whether this is the news that we were blocked or put out."""
    member = update.my_chat_member
    return member is not None and member.new_chat_member.status in {"left", "kicked"}


def _command_of(update: Update, bot_name: str) -> str:
    """Return the command without the bot's name; empty when it is none, or for another bot."""
    text = update.message.text if update.message and update.message.text else ""
    first = text.split(maxsplit=1)[0] if text.startswith("/") else ""
    command, _, addressee = first.lower().partition("@")
    return command if addressee in {"", bot_name.lower()} else ""
