"""The whole bot behind a webhook: Telegram posts, the bot answers, nobody else is heard."""

import asyncio
import socket
import sqlite3
from contextlib import closing
from io import BytesIO
from typing import Any

import aiohttp
import pytest

from bot.store.inbox import SqlInbox
from tests.e2e.conftest import Scene

SECRET = "a-secret-of-sixteen-and-more"
STRANGER = 600_000
HEADER = "X-Telegram-Bot-Api-Secret-Token"


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@pytest.fixture
def url(scene: Scene) -> str:
    """Let Telegram post instead of being asked."""
    port = free_port()
    url = f"http://127.0.0.1:{port}/telegram"
    scene.environ |= {
        "BOT_TELEGRAM__WEBHOOK_URL": url,
        "BOT_TELEGRAM__WEBHOOK_SECRET": SECRET,
        "BOT_WEB__LISTEN": f"127.0.0.1:{port}",
    }
    return url


def update(number: int, *, user: int = STRANGER, text: str = "/start") -> dict[str, Any]:
    person = {"id": user, "is_bot": False, "first_name": "Eve"}
    chat = {"id": user, "type": "private"}
    command = {"type": "bot_command", "offset": 0, "length": len(text)}
    message = {"message_id": 1, "date": 1, "chat": chat, "from": person, "text": text}
    return {"update_id": number, "message": message | {"entities": [command]}}


async def post(
    session: aiohttp.ClientSession, url: str, body: Any, *, secret: str | None = SECRET
) -> int:
    headers = {HEADER: secret} if secret is not None else {}
    async with session.post(url, json=body, headers=headers) as answer:
        assert await answer.read() == b""
        return answer.status


def kept(scene: Scene) -> int:
    with closing(sqlite3.connect(scene.folder / "data" / "bot.db")) as database:
        (count,) = database.execute("select count(*) from inbox").fetchone()
        return int(count)


async def test_what_is_posted_is_answered(scene: Scene, url: str) -> None:
    """Telegram is told where to post and with which secret, and is never asked for updates."""
    async with scene.bot():
        answer = await scene.balances()
        await scene.telegram.wait_for_call("getWebhookInfo")
    assert "main" in answer.text
    (call,) = scene.telegram.calls_of("setWebhook")
    assert call.parameters["url"] == url
    assert call.parameters["secret_token"] == SECRET
    assert call.parameters["allowed_updates"] == ["message", "callback_query", "my_chat_member"]
    assert str(call.parameters.get("drop_pending_updates")).lower() != "true"
    assert scene.telegram.calls_of("getUpdates") == []
    assert scene.telegram.calls_of("deleteWebhook") == []
    assert scene.telegram.updates.pending == []


async def test_who_does_not_know_the_secret_is_not_heard(scene: Scene, url: str) -> None:
    """401 without a word, and nothing is kept; the same post with the secret is."""
    async with scene.bot(), aiohttp.ClientSession() as session:
        await scene.answer("wallets", after=scene.say("/start"))
        before = kept(scene)
        forged = update(7, user=scene.you.id, text="/whoami")
        for wrong in (None, "", SECRET[:-1], SECRET + "x", SECRET.upper(), "päss"):
            assert await post(session, url, forged, secret=wrong) == 401
        assert kept(scene) == before
        assert scene.said("You are an owner") == []
        assert await post(session, url, forged) == 200
        assert kept(scene) == before + 1
        await scene.answer("You are an owner")


async def test_what_is_said_while_the_bot_is_down_is_answered(scene: Scene, url: str) -> None:
    """Telegram posts it again until somebody takes it; it is handled once."""
    async with scene.bot():
        await scene.answer("wallets", after=scene.say("/start"))
    said = scene.say("/whoami")
    await asyncio.sleep(0.3)
    assert len(scene.telegram.updates.pending) == 1
    async with scene.bot():
        await scene.answer("You are an owner", after=said)
        await scene.answer("What I can do", after=scene.say("/help"))
    assert len(scene.said("You are an owner")) == 1
    assert scene.telegram.updates.pending == []


async def test_a_database_that_is_full_is_not_said_to_have_it(
    scene: Scene, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """503 until the update is in the inbox; then it is answered, though nobody says it again."""
    add = SqlInbox.add

    async def full(*_: Any, **__: Any) -> Any:
        raise OSError("the disk is full")

    async with scene.bot(), aiohttp.ClientSession() as session:
        await scene.answer("wallets", after=scene.say("/start"))
        monkeypatch.setattr(SqlInbox, "add", full)
        body = update(7, user=scene.you.id, text="/whoami")
        assert await post(session, url, body) == 503
        monkeypatch.setattr(SqlInbox, "add", add)
        assert scene.said("You are an owner") == []
        assert await post(session, url, body) == 200
        await scene.answer("You are an owner")
        assert await post(session, url, body) == 200
        await scene.answer("What I can do", after=scene.say("/help"))
    assert len(scene.said("You are an owner")) == 1


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"[" * 100_000, 400),
        (b"\xff\xfe", 400),
        (b"5", 200),  # read, and there is nothing in it to keep
        (b'{"update_id": "7"}', 200),
        (b'{"update_id": 8, "message": null}', 200),
        (b"x" * (2**20 + 1), 413),
    ],
)
async def test_odd_posts(scene: Scene, url: str, body: bytes, status: int) -> None:
    """None of them ends anything, and what comes after is answered."""
    async with scene.bot(), aiohttp.ClientSession() as session:
        await scene.answer("wallets", after=scene.say("/start"))
        headers = {HEADER: SECRET}
        async with session.post(url, data=BytesIO(body), headers=headers) as answer:
            assert answer.status == status
        await scene.answer("What I can do", after=scene.say("/help"))


async def test_ten_thousand_posts_of_strangers(scene: Scene, url: str) -> None:
    """Nothing of them is written, few are answered, and the owner is while they come."""
    async with scene.bot(), aiohttp.ClientSession() as session:
        await scene.answer("wallets", after=scene.say("/start"))
        before = kept(scene)
        numbers = iter(range(1, 10_001))

        async def knock() -> None:
            for number in numbers:
                assert await post(session, url, update(number, user=STRANGER + number)) == 200

        async with asyncio.TaskGroup() as group:
            for _ in range(10):
                group.create_task(knock())
            await scene.answer("You are an owner", after=scene.say("/whoami"))
        assert kept(scene) == before + 1
    calls = scene.telegram.calls_of("sendMessage", lambda c: "Your user" in c.parameters["text"])
    assert len(calls) <= 31


async def test_back_to_polling(scene: Scene, url: str) -> None:
    """Without the setting the webhook of before is taken away, and nothing is lost by that."""
    async with scene.bot():
        await scene.answer("wallets", after=scene.say("/start"))
    for name in ("BOT_TELEGRAM__WEBHOOK_URL", "BOT_TELEGRAM__WEBHOOK_SECRET"):
        del scene.environ[name]
    said = scene.say("/whoami")
    async with scene.bot():
        await scene.answer("You are an owner", after=said)
    assert scene.telegram.webhook_url == ""
