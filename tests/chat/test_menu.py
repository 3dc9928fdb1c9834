"""The menu speaks the language of the chat, not only that of Telegram there."""

from typing import Any

import pytest

from bot.chat.menu import set_menus
from bot.core.delivery import Chat
from bot.sandbox.telegram import TelegramServer

OWNER, GROUP = 1001, -4001
CHINESE, ENGLISH = "即时读取余额与估值", "what there is and what it is worth, read now"


def seen(telegram: TelegramServer, chat_id: int) -> str:
    """Say how the first command is described to somebody in a chat."""
    chat = telegram.chats[chat_id]
    you = next(user for user in chat.members if user.id == OWNER)
    return telegram.commands_for(chat, you)[0]["description"]


async def settings(desk: Any, telegram: TelegramServer, chat_id: int = OWNER) -> Any:
    await desk.ask("/settings", chat=chat_id, user=OWNER)
    return telegram.messages(chat_id)[-1]


@pytest.fixture(autouse=True)
def as_chosen(desk: Any) -> None:
    """Speak English where no language was chosen, as the app does."""
    desk.language_of = lambda chat_id: desk.use.chats.preferences(chat_id).language or "en"


async def press(desk: Any, telegram: TelegramServer, message: Any, *labels: str) -> None:
    for label in labels:
        telegram.press(message.chat.id, message.id, label, OWNER)
        await desk.quiet()


async def test_it_follows_the_chat(desk: Any, telegram: TelegramServer) -> None:
    """In that chat alone; as usual it is again what it is for all, after a restart as well."""
    async with desk.polling():
        card = await settings(desk, telegram)
        await press(desk, telegram, card, "🗣 Language", "中文")
        assert (seen(telegram, OWNER), seen(telegram, GROUP)) == (CHINESE, ENGLISH)
    async with desk.polling():
        await desk.ask("/help")
        assert seen(telegram, OWNER) == CHINESE
        await press(desk, telegram, card, "🗣 语言", "按默认")
        assert card.text.startswith("Settings of this chat")
        assert seen(telegram, OWNER) == ENGLISH


async def test_an_owner_changes_it_elsewhere(desk: Any, telegram: TelegramServer) -> None:
    """By the card of a group; and a chat that is forgotten has no language of its own."""
    async with desk.open_unit() as unit:
        kept = Chat(-4002, title="Club", since=desk.clock(), role="viewer")
        await unit.chats.save(kept)
    async with desk.polling():
        await desk.ask("/chats")
        card = telegram.messages(OWNER)[-1]
        await press(desk, telegram, card, "👤 Club", "🗣 Language", "中文")
        assert (seen(telegram, -4002), seen(telegram, OWNER)) == (CHINESE, ENGLISH)
        await press(desk, telegram, card, "🗑 Forget", "🗑 Yes, forget it")
        assert seen(telegram, -4002) == ENGLISH


async def test_a_new_owner_is_led_to_it(desk: Any, telegram: TelegramServer) -> None:
    async with desk.polling():
        await desk.ask("/start")
        await press(desk, telegram, telegram.messages(OWNER)[-1], "中文")
        assert seen(telegram, OWNER) == CHINESE


async def test_a_menu_that_cannot_be_set(desk: Any, telegram: TelegramServer, logged: Any) -> None:
    """The language is changed all the same, and the card says so; the log says what is not."""
    async with desk.polling():
        card = await settings(desk, telegram)
        telegram.fail("setMyCommands")
        await press(desk, telegram, card, "🗣 Language", "中文")
        assert card.text.startswith("本聊天的设置")
        assert seen(telegram, OWNER) == ENGLISH
    assert "The menu of a chat is not in its language" in logged()
    assert "A handler broke off" not in logged()


async def test_all_of_them_at_a_start(desk: Any, telegram: TelegramServer) -> None:
    """Chats that have chosen a language have their menu, also those that chose it long ago."""
    bot = desk.build()
    await set_menus(bot, default="en", chosen={OWNER: "zh"})
    assert (seen(telegram, OWNER), seen(telegram, GROUP)) == (CHINESE, ENGLISH)
