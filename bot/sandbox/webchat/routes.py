"""Routes of the chat page."""

from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from bot.sandbox.telegram.server import TelegramServer


def add_page(app: web.Application, server: "TelegramServer") -> None:
    """Put the page and what it asks for at `/`."""
