"""`/status`: how the bot itself stands, and the buttons that turn its pages."""

from functools import partial

from telegram import CallbackQuery, InlineKeyboardMarkup, Message, Update
from telegram.ext import BaseHandler

from bot.chat.handlers import Context, UseCases, acknowledge, button, plain_command, show
from bot.chat.keyboards import STATUS_PATTERN, decode_status, status_keyboard
from bot.chat.views.status import status_pages


def handlers(use: UseCases) -> list[BaseHandler[Update, Context, None]]:
    """Return the command and its buttons."""

    async def status(message: Message) -> None:
        text, keyboard = await _page(use.here(message), 0)
        await message.reply_html(text, reply_markup=keyboard)

    return [
        plain_command("status", status),
        button(STATUS_PATTERN, partial(_turned, use)),
    ]


async def _turned(use: UseCases, press: CallbackQuery, message: Message, data: str) -> None:
    """Show another page, as it is now."""
    await acknowledge(press, "")
    await show(message, *await _page(use.here(message), decode_status(data)))


async def _page(use: UseCases, page: int) -> tuple[str, InlineKeyboardMarkup]:
    pages = status_pages(await use.status.look(), use.zone)
    page = min(page, len(pages) - 1)
    return pages[page], status_keyboard(page=page, pages=len(pages))
