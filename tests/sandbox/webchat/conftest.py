"""A sandbox Telegram with its page, and a bot that speaks by hand."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp
import pytest

from bot.sandbox.telegram import TelegramServer, User, serve_telegram

Call = Callable[..., Awaitable[Any]]
DESK = -4001


@pytest.fixture
def server() -> TelegramServer:
    """You (1001) in a private chat, and with Mira (7) in the group Desk."""
    server = TelegramServer(hint="Try /balance or /alerts")
    you = server.add_private_chat("You").members[0]
    server.add_group("Desk", [you, User(7, "Mira")], chat_id=DESK)
    server.updates.clear()
    return server


@pytest.fixture
async def base_url(server: TelegramServer) -> AsyncIterator[str]:
    async with serve_telegram(server) as url:
        yield url


@pytest.fixture
async def bot(server: TelegramServer, base_url: str) -> AsyncIterator[Call]:
    """Call a method of the Bot API and give its result; bytes go as a file."""
    async with aiohttp.ClientSession() as session:

        async def call(method: str, **parameters: Any) -> Any:
            files = {k: v for k, v in parameters.items() if isinstance(v, bytes)}
            form = aiohttp.FormData(default_to_multipart=True)
            for name, content in files.items():
                form.add_field(name, content, filename="file.csv", content_type="text/csv")
            url = f"{base_url}/bot{server.token}/{method}"
            if files:
                query = {k: str(v) for k, v in parameters.items() if k not in files}
                request = session.post(url, params=query, data=form)
            else:
                request = session.post(url, json=parameters)
            async with request as response:
                answer = await response.json()
            assert answer["ok"], answer
            return answer["result"]

        yield call
