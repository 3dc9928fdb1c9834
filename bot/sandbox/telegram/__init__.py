"""A Telegram to play with: a Bot API server that is as strict as the real one, with people in it.

server = TelegramServer()
you = server.add_private_chat("You")
async with serve_telegram(server) as base_url:
    # the bot under test runs against f"{base_url}/bot" with server.token
    server.say(you.id, you.id, "/balance")
    answer = await server.wait_for_message(you.id, "USDT")
    press = server.press(you.id, answer.id, "Refresh")
"""

from bot.sandbox.telegram.faults import ANY, Gate
from bot.sandbox.telegram.journal import Call, Event
from bot.sandbox.telegram.model import Chat, Message, Press, StoredFile, User
from bot.sandbox.telegram.server import TOKEN, TelegramServer
from bot.sandbox.telegram.serving import serve_telegram

__all__ = [
    "ANY",
    "TOKEN",
    "Call",
    "Chat",
    "Event",
    "Gate",
    "Message",
    "Press",
    "StoredFile",
    "TelegramServer",
    "User",
    "serve_telegram",
]
