"""What comes in, with the whole bot: floods, restarts, chats that are lost and found."""

import asyncio
import sqlite3
from contextlib import closing
from typing import Any

import pytest

from bot.store.inbox import SqlInbox
from tests.e2e.conftest import GROUP, Scene

STRANGER = 6666


def flood(scene: Scene, count: int) -> None:
    for number in range(count):
        user = {"id": STRANGER + number, "is_bot": False, "first_name": "Eve"}
        chat = {"id": user["id"], "type": "private"}
        message = {"message_id": 1, "date": 1, "chat": chat, "from": user, "text": "/start"}
        scene.telegram.updates.inject({"message": message})


async def test_flood_costs_the_owner_little(scene: Scene) -> None:
    """Polls full of strangers before a command and behind it: nothing of them is written."""
    async with scene.bot():
        await scene.answer("wallets", after=scene.say("/start"))
        flood(scene, 1000)
        said = scene.say("/whoami")
        flood(scene, 1000)
        await scene.answer("You are an owner", after=said)
        async with asyncio.timeout(10):
            while scene.telegram.updates.pending:  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.01)
    with closing(sqlite3.connect(scene.folder / "data" / "bot.db")) as database:
        assert database.execute("select count(*) from inbox").fetchone() == (2,)
    calls = scene.telegram.calls_of("sendMessage", lambda c: "Your user" in c.parameters["text"])
    assert len(calls) <= 31


async def test_press_that_was_not_marked_is_harmless(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between the handler and the mark, each press is handled again and changes nothing."""
    fine = SqlInbox.mark_handled

    async def never(*_: Any, **__: Any) -> None:
        raise OSError("killed")

    async with scene.bot() as app:
        preview = await scene.answer("New rule", after=scene.say("/rule xt/spot USDT < 5"))
        monkeypatch.setattr(SqlInbox, "mark_handled", never)
        scene.telegram.press(scene.you.id, preview.id, "✅ Add")
        await scene.answer(lambda m: m.id == preview.id and "#1" in m.text)
    async with scene.bot() as app:
        listed = await scene.answer("#1", after=scene.say("/rules"))
        monkeypatch.setattr(SqlInbox, "mark_handled", fine)
        async with asyncio.timeout(5):
            while await _unhandled(app):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        async with app.open_unit() as unit:
            assert [(made.id, made.paused) for made in await unit.rules.load()] == [(1, False)]
    assert "✏️ Edit #1" in listed.labels


async def _unhandled(app: Any) -> bool:
    async with app.open_unit() as unit:
        return bool(await unit.inbox.unhandled())


async def test_lost_chat_is_told_and_found(scene: Scene) -> None:
    """Kicked: owners hear it once, over a restart; taken back, the group hears what stands."""
    async with scene.bot():
        await scene.answer("wallets", after=scene.say("/start"))
        scene.telegram.kick(GROUP)
        told = await scene.answer("CHAT LOST · Desk")
    assert "put out of the group" in told.text
    scene.okx.set("funding", "USDT", available="1")
    async with scene.bot():
        await scene.answer("USDT low")
        assert scene.said("USDT low", chat_id=GROUP) == []
    scene.telegram.chats[GROUP].refusal = None  # and nobody says so
    async with scene.bot():
        await scene.answer("CHAT BACK · Desk")
        await scene.telegram.wait_for_message(GROUP, "USDT low", timeout=10)
    assert len(scene.said("CHAT LOST")) == 1
