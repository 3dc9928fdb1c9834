"""What is no command of ours: nobody who is allowed gets silence, but groups may talk."""

import structlog
from telegram import Update
from telegram.error import TelegramError
from telegram.ext import BaseHandler, CallbackQueryHandler, MessageHandler, filters

from bot.chat.handlers import Context, acknowledge
from bot.chat.i18n import _
from bot.chat.views.words import BROKEN, NO_COMMAND, OLD_BUTTON, UNKNOWN_COMMAND
from bot.services.lead import NoLongerLeading

log = structlog.get_logger(__name__)


def handlers() -> list[BaseHandler[Update, Context, None]]:
    """Return what catches the rest, to be put last."""
    private = filters.ChatType.PRIVATE
    return [
        MessageHandler(private & filters.COMMAND, _unknown_command),
        MessageHandler(private & ~filters.StatusUpdate.ALL, _no_command),
        CallbackQueryHandler(_old_button),
    ]


async def _unknown_command(update: Update, _context: Context) -> None:
    if update.message is not None:
        await update.message.reply_text(_(UNKNOWN_COMMAND))


async def _no_command(update: Update, _context: Context) -> None:
    if update.message is not None:
        await update.message.reply_text(_(NO_COMMAND))


async def _old_button(update: Update, _context: Context) -> None:
    if update.callback_query is not None:
        await acknowledge(update.callback_query, _(OLD_BUTTON))


async def report_error(update: object, context: Context) -> None:
    """Log what a handler failed with, and say so where somebody waits for an answer."""
    error = context.error
    if isinstance(error, NoLongerLeading):
        log.info("Another process is to answer this", action="handle")
        return
    if isinstance(error, TelegramError):
        log.warning("An answer got lost", action="handle", error=type(error).__name__)
    else:
        log.error("A handler broke off", action="handle", exc_info=error)
    if isinstance(update, Update) and update.message is not None:
        try:
            await update.message.reply_text(_(BROKEN))
        except TelegramError as e:
            log.warning("Nor was that said", action="handle", error=type(e).__name__)
