"""`/export [path] [coin] [time]`: a file of what was read."""

import asyncio
from io import BytesIO

from telegram import InputFile, Message, Update
from telegram.constants import ChatAction
from telegram.ext import CommandHandler

from bot.chat.handlers import Command, Context, UseCases, unknown_name
from bot.chat.i18n import _
from bot.chat.views.exports import (
    NO_AMOUNTS,
    NOTHING_KEPT,
    coming_text,
    export_span_mistake,
    file_name,
    file_text,
    head_of,
    rows_of,
    too_much_text,
)
from bot.chat.views.words import usage_text
from bot.core.errors import UnknownName
from bot.core.exports import UnknownExportSpan, wish_of
from bot.services.export_history import Export

LONGEST_QUERY = 200
_MOST_WORDS = 3


def commands(use: UseCases) -> list[Command]:
    """Return the command."""
    making = asyncio.Lock()

    async def run(update: Update, context: Context) -> None:
        if update.message is not None:
            here = use.here(update.message)
            export = await _asked(here, update.message, context.args or [])
            if export is not None:
                await _send(here, making, update.message, export)

    return [CommandHandler("export", run)]


async def _asked(use: UseCases, message: Message, words: list[str]) -> Export | None:
    """Say what is coming, or why nothing is; return what was asked for where it can be had."""
    if len(words) > _MOST_WORDS or sum(map(len, words)) > LONGEST_QUERY:
        await message.reply_html(usage_text("export"))
        return None
    if use.chats.known(message.chat_id).preferences.percent_only:
        await message.reply_html(_(NO_AMOUNTS))
        return None
    try:
        export = await use.exports.look(wish_of(words))
    except UnknownExportSpan as e:
        await message.reply_html(export_span_mistake(e))
    except UnknownName as e:
        await message.reply_html(unknown_name(use, e, "export"))
    else:
        await message.reply_html(coming_text(export) if export.fits else too_much_text(export))
        return export if export.fits else None
    return None


async def _send(use: UseCases, making: asyncio.Lock, message: Message, export: Export) -> None:
    """Make the file and send it; one at a time, so that never two are in memory."""
    async with making:
        await message.reply_chat_action(ChatAction.UPLOAD_DOCUMENT)
        file, rows = BytesIO(head_of(export)), 0
        file.seek(0, 2)
        async for piece in use.exports.lines(export):
            file.write(rows_of(piece, export, use.zone))
            rows += len(piece)
        if not rows:
            await message.reply_html(_(NOTHING_KEPT))
            return
        await message.reply_document(
            InputFile(file.getvalue(), filename=file_name(export, use.zone)),
            caption=file_text(export, rows=rows, zone=use.zone),
        )
