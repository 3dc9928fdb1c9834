"""Whose language is spoken: that of the chat, in answers and in what is told."""

import asyncio
from typing import Any
from zoneinfo import ZoneInfo

from bot.chat.sender import TelegramSender
from bot.core.delivery import Chat
from bot.core.events import SourceFound
from bot.core.rehearsal import EXAMPLE, rehearse
from bot.sandbox.telegram import TelegramServer

OWNER, STRANGER, GROUP = 1001, 6666, -4001


def of_chat(chat_id: int | None) -> str:
    """Let the private chat be Chinese and all others English."""
    return "zh" if chat_id == OWNER else "en"


async def test_each_chat_is_answered_in_its_own(desk: Any, telegram: TelegramServer) -> None:
    """Also at the same time: in a group its language is spoken, not that of who asks."""
    desk.language_of = of_chat
    async with desk.polling():
        for _round in range(5):
            telegram.say(OWNER, OWNER, "/help")
            telegram.say(GROUP, OWNER, "/help")
        await desk.quiet()
    mine = [m.text.partition("\n")[0] for m in telegram.messages(OWNER) if m.from_bot]
    ours = [m.text.partition("\n")[0] for m in telegram.messages(GROUP) if m.from_bot]
    assert (mine, ours) == (["我能做什么"] * 5, ["What I can do"] * 5)


async def test_a_failure_is_told_in_it_too(desk: Any, monkeypatch: Any) -> None:
    """The answer to a handler that broke off is given within the same update."""
    desk.language_of = of_chat
    monkeypatch.setattr("bot.chat.handlers.start.help_text", lambda: 1 / 0)
    async with desk.polling():
        (answer,) = await desk.ask("/help")
    assert answer == "出错了；详情见机器人的日志。请重试。"


async def test_each_chat_is_told_in_its_own(desk: Any, telegram: TelegramServer) -> None:
    """What leaves at the same time does not mix."""
    sender = TelegramSender(
        desk.build(), zone=ZoneInfo("UTC"), clock=desk.clock, language_of=of_chat
    )
    found = SourceFound(path="main/funding", since=desk.clock(), at=desk.clock())
    test = rehearse("example", EXAMPLE, EXAMPLE.pattern, now=desk.clock())

    async def tell(chat_id: int) -> None:
        for event in (found, test):
            await sender.send_events(Chat(chat_id), [event], maybe_repeated=False, reply_to=None)

    await asyncio.gather(tell(OWNER), tell(GROUP))
    found_here, test_here = telegram.messages(OWNER)
    found_there, test_there = telegram.messages(GROUP)
    assert found_here.text == "🟢 恢复读取 · main/funding\n历时 0秒"
    assert found_there.text == "🟢 READABLE AGAIN · main/funding\nafter 0 s"
    assert "“示例：目前还没有规则”" in test_here.text
    assert "“An example: there is no rule yet”" in test_there.text
    assert test_here.buttons[0]["text"] == "👁 已阅"


async def test_strangers_are_answered_in_the_default(desk: Any, telegram: TelegramServer) -> None:
    desk.language_of = lambda chat_id: "zh"
    async with desk.polling():
        telegram.say(STRANGER, STRANGER, "/whoami")
        message = await telegram.wait_for_message(STRANGER, "6666")
    assert message.text.startswith("您的用户 ID：6666")


async def test_the_menu_is_there_in_every_language(desk: Any, telegram: TelegramServer) -> None:
    """The default one is for all whose Telegram speaks none of the others."""
    desk.language_of = lambda chat_id: "zh"
    async with desk.polling():
        await telegram.wait_for_call(
            "setMyCommands", lambda c: "language_code" not in c.parameters
        )
    first = {
        call.parameters.get("language_code"): call.parameters["commands"][0]["description"]
        for call in telegram.calls_of("setMyCommands")
    }
    assert first[None].startswith("即时读取")
    assert first["en"].startswith("what there is")
