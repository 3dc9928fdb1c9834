"""Who is answered: strangers get silence, but for their own ids."""

from typing import Any

import pytest

from bot.sandbox.telegram import TelegramServer

OWNER, STRANGER, GROUP, FOREIGN_GROUP = 1001, 6666, -4001, -4002
EVERY_COMMAND = ["/balance", "/alerts", "/rules", "/digest", "/help", "/nonsense", "hello"]


@pytest.mark.parametrize("text", EVERY_COMMAND)
async def test_stranger_gets_silence(desk: Any, telegram: TelegramServer, text: str) -> None:
    """Neither an answer nor a reading, in private and in a group that is not allowed."""
    async with desk.polling():
        assert await desk.ask(text, chat=STRANGER) == []
        assert await desk.ask(text, chat=FOREIGN_GROUP, user=STRANGER) == []
    assert desk.exchange.asked == []
    assert telegram.calls_of("sendMessage") == []


@pytest.mark.parametrize("text", ["/start", "/whoami", "/start@balance_demo_bot", "/WhoAmI"])
async def test_stranger_may_learn_their_ids(desk: Any, text: str) -> None:
    """What goes into the settings is told to anybody, and nothing else."""
    async with desk.polling():
        (private,) = await desk.ask(text, chat=STRANGER)
        (group,) = await desk.ask(text, chat=FOREIGN_GROUP, user=STRANGER)
    assert private == f"Your user id: {STRANGER}\nThis chat's id: {STRANGER}"
    assert group == f"Your user id: {STRANGER}\nThis chat's id: {FOREIGN_GROUP}"


async def test_command_for_another_bot_is_none_of_ours(desk: Any) -> None:
    """A stranger who talks to somebody else gets nothing from us."""
    async with desk.polling():
        assert await desk.ask("/start@another_bot", chat=STRANGER) == []


async def test_greeting_of_a_stranger_makes_no_recipient(desk: Any) -> None:
    """A stranger who says /start is not kept as a chat that is told."""
    async with desk.polling():
        await desk.ask("/start", chat=STRANGER)
        await desk.ask("/start")
    async with desk.open_unit() as unit:
        assert [chat.chat_id for chat in await unit.chats.load()] == [OWNER]


async def test_owner_in_a_foreign_group_is_told_why(desk: Any) -> None:
    """The hint has the id to put into the settings; small talk of the owner gets none."""
    async with desk.polling():
        (hint,) = await desk.ask("/balance", chat=FOREIGN_GROUP, user=OWNER)
        assert await desk.ask("good morning", chat=FOREIGN_GROUP, user=OWNER) == []
    assert str(FOREIGN_GROUP) in hint
    assert "BOT_TELEGRAM__CHATS" in hint
    assert desk.exchange.asked == []


async def test_everybody_in_an_allowed_group_may_look(desk: Any) -> None:
    """In a group of the settings all members are viewers; talk without a command is left alone."""
    async with desk.polling():
        (answer,) = await desk.ask("/whoami", chat=GROUP, user=2002)
        assert await desk.ask("good morning", chat=GROUP, user=2002) == []
    assert "You are a viewer here." in answer


async def test_group_that_moves_is_followed_at_once(desk: Any, telegram: TelegramServer) -> None:
    """The supergroup is answered, though nothing was sent there that would have told of it."""
    async with desk.polling():
        telegram.migrate(GROUP, -1004001)
        await desk.quiet()
        (answer,) = await desk.ask("/alerts", chat=-1004001, user=OWNER)
    assert "main/funding" in answer


async def test_foreign_group_that_moves_stays_foreign(desk: Any, telegram: TelegramServer) -> None:
    """The word of a group that is not allowed lets nobody in, and is not kept."""
    async with desk.polling():
        await desk.ask("/alerts", chat=FOREIGN_GROUP, user=STRANGER)
        telegram.migrate(FOREIGN_GROUP, -1004002)
        await desk.quiet()
        assert await desk.ask("/alerts", chat=-1004002, user=STRANGER) == []
    async with desk.open_unit() as unit:
        assert await unit.chats.load() == []


async def test_press_of_a_stranger_does_nothing(desk: Any, telegram: TelegramServer) -> None:
    """A button in a chat that is no longer allowed is neither answered nor obeyed."""
    bot = desk.build()
    sent = await bot.send_message(
        STRANGER,
        "Balances of earlier days",
        reply_markup={"inline_keyboard": [[{"text": "Refresh", "callback_data": "b:r:0:*"}]]},
    )
    async with desk.polling():
        press = telegram.press(STRANGER, sent.message_id, "Refresh")
        await desk.quiet()
    assert not press.answered.is_set()
    assert desk.exchange.asked == []
    assert telegram.calls_of("editMessageText") == []
