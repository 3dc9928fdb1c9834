"""The sandbox posts as Telegram does: with the secret, until it is taken, and nothing twice."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from bot.sandbox.telegram import TelegramServer

YOU = 1001
HEADER = "X-Telegram-Bot-Api-Secret-Token"


class Bot:
    """Takes posts, and answers as it is told to; by default all is well."""

    def __init__(self) -> None:
        self.posts: list[tuple[str | None, Any]] = []
        self.answers: list[int] = []
        self.url = ""

    async def post(self, request: web.Request) -> web.Response:
        self.posts.append((request.headers.get(HEADER), await request.json()))
        return web.Response(status=self.answers.pop(0) if self.answers else 200)

    async def wait_for(self, count: int) -> None:
        async with asyncio.timeout(5):
            while len(self.posts) < count:  # noqa: ASYNC110
                await asyncio.sleep(0.005)


async def ok(api: Any, method: str, **parameters: Any) -> Any:
    status, answer = await api(method, **parameters)
    assert status == 200
    return answer["result"]


@pytest.fixture
async def bot() -> AsyncIterator[Bot]:
    bot, app = Bot(), web.Application()
    app.router.add_post("/hook", bot.post)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    bot.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    yield bot
    await runner.cleanup()


async def test_posts_with_the_secret(api: Any, server: TelegramServer, bot: Bot) -> None:
    """What waited before it was set, and what comes later; each once."""
    server.say(YOU, YOU, "/before")
    assert await ok(api, "setWebhook", url=bot.url, secret_token="sesame-sesame")
    server.say(YOU, YOU, "/later")
    await bot.wait_for(2)
    await asyncio.sleep(0.05)
    assert [secret for secret, _ in bot.posts] == ["sesame-sesame"] * 2
    assert [body["message"]["text"] for _, body in bot.posts] == ["/before", "/later"]
    assert server.updates.pending == []


async def test_posts_again_what_was_not_taken(api: Any, server: TelegramServer, bot: Bot) -> None:
    """And tells meanwhile what went wrong last."""
    bot.answers = [503, 401, 200]
    await ok(api, "setWebhook", url=bot.url)
    server.say(YOU, YOU, "/help")
    await bot.wait_for(2)
    info = await ok(api, "getWebhookInfo")
    assert info["last_error_message"].startswith("Wrong response from the webhook: ")
    await bot.wait_for(3)
    assert len({body["update_id"] for _, body in bot.posts}) == 1
    assert bot.posts[0][0] is None
    async with asyncio.timeout(5):
        while (await ok(api, "getWebhookInfo"))["pending_update_count"]:  # noqa: ASYNC110
            await asyncio.sleep(0.005)


async def test_deleted_and_asked_for(api: Any, server: TelegramServer, bot: Bot) -> None:
    """After deleteWebhook nothing is posted, and getUpdates gives what waits."""
    await ok(api, "setWebhook", url=bot.url)
    assert (await api("getUpdates"))[0] == 409
    await ok(api, "deleteWebhook")
    server.say(YOU, YOU, "/help")
    assert len(await ok(api, "getUpdates")) == 1
    assert bot.posts == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"url": "http://example.org/hook"},
        {"url": "no address"},
        {"url": "https://example.org/hook", "secret_token": "with a space"},
    ],
)
async def test_refuses_what_telegram_refuses(api: Any, wrong: dict[str, str]) -> None:
    status, _ = await api("setWebhook", **wrong)
    assert status == 400
    assert (await ok(api, "getWebhookInfo"))["url"] == ""
