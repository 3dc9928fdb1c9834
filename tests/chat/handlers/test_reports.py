"""`/digest`, `/export`, `/status`: who may do what, and what a chat that sees no amounts gets."""

from dataclasses import replace
from datetime import time
from typing import Any

import pytest

from bot.core.delivery import Chat
from bot.core.preferences import Preferences
from bot.core.scope import Scope
from bot.sandbox.telegram import TelegramServer

OWNER, GROUP, ADA = 1001, -4001, 2002


async def kept(desk: Any, chat_id: int) -> Chat:
    async with desk.open_unit() as unit:
        chats: list[Chat] = await unit.chats.load()
    return next(chat for chat in chats if chat.chat_id == chat_id)


async def keep(desk: Any, chat_id: int, **more: Any) -> None:
    """Keep a chat otherwise than others, before the bot is started."""
    async with desk.open_unit() as unit:
        await unit.chats.add(Chat(chat_id, title="You", since=desk.clock()))
        chat = next(chat for chat in await unit.chats.load() if chat.chat_id == chat_id)
        await unit.chats.save(replace(chat, **more))


async def test_only_those_who_may_change_when_a_digest_comes(desk: Any) -> None:
    """Everybody may look at it; a viewer is told why nothing was changed."""
    await keep(desk, GROUP)
    async with desk.polling():
        (refused,) = await desk.ask("/digest weekly mon", chat=GROUP, user=ADA)
        (shown,) = await desk.ask("/digest", chat=GROUP, user=ADA)
        assert (await kept(desk, GROUP)).preferences.digest is None
        await desk.ask("/digest weekly mon at 07:00", chat=GROUP, user=OWNER)
    assert refused == "Only owners and managers may change when the digest comes."
    assert "Digest every day at 09:00 UTC" in shown
    plan = (await kept(desk, GROUP)).preferences.digest
    assert plan is not None
    assert (plan.period, plan.weekday, plan.at) == ("weekly", 0, time(7))


@pytest.mark.parametrize("said", ["/export", "/export main 7d"])
async def test_no_file_where_amounts_are_hidden(
    desk: Any, telegram: TelegramServer, said: str
) -> None:
    await keep(desk, OWNER, preferences=Preferences(percent_only=True))
    async with desk.polling():
        (answer,) = await desk.ask(said)
    assert answer == "Amounts are not shown in this chat, so there is no file of them."
    assert [m for m in telegram.messages(OWNER) if m.file] == []


async def test_what_a_chat_may_not_know_is_not_there(desk: Any) -> None:
    """Neither in the digest, nor in the status, nor as a hint."""
    await keep(desk, OWNER, scope=Scope(("xt",)))
    desk.exchange.answers = {"main/funding": {"USDT": "7777"}, "xt/spot": {"BTC": "3"}}
    async with desk.polling():
        await desk.ask("/balance")
        for said in ("/digest", "/status", "/export main", "/export mai"):
            for answer in await desk.ask(said):
                # What was typed is repeated, and the usage has examples.
                seen = answer.partition("Usage:")[0].replace("is called main", "")
                assert "main" not in seen, (said, answer)
                assert "7,777" not in seen


async def test_wrong_words_are_answered_with_examples(desk: Any) -> None:
    async with desk.polling():
        (weekday,) = await desk.ask("/digest weekly tusday")
        (time_,) = await desk.ask("/digest at 25:00")
        (many,) = await desk.ask("/export a b c d")
        (behind,) = await desk.ask("/status now")
    assert "Did you mean tuesday" in weekday
    assert "a time such as 09:00" in time_
    assert many.startswith("Usage:")
    assert behind.startswith("Usage:")


@pytest.mark.parametrize("said", ["/digest", "/rule main/funding USDT < 5", "/rule main <"])
async def test_it_shows_at_once_that_the_answer_is_coming(
    desk: Any, telegram: TelegramServer, said: str
) -> None:
    """What has to be worked out is announced before, also where nothing comes of it."""
    async with desk.polling():
        await desk.ask("/whoami")
        before = len(telegram.calls)
        await desk.ask(said)
        calls = list(telegram.calls)[before:]
    shown = [call for call in calls if call.method in {"sendChatAction", "sendMessage"}]
    assert [call.method for call in shown] == ["sendChatAction", "sendMessage"]
    assert shown[0].parameters["action"] == "typing"


@pytest.mark.parametrize("said", ["/digest", "/rule main/funding USDT < 300"])
async def test_it_comes_also_where_that_cannot_be_shown(
    desk: Any, telegram: TelegramServer, said: str
) -> None:
    """A sign that fails costs nobody the answer."""
    async with desk.polling():
        right = await desk.ask(said)
        telegram.fail("sendChatAction", status=502, description="Bad Gateway", times=1)
        again = await desk.ask(said)
    assert [text.split("\n")[0] for text in again] == [text.split("\n")[0] for text in right]
