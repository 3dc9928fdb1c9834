"""python-telegram-bot, used as its makers mean it, works against the sandbox."""

import asyncio
import struct
import zlib
from collections.abc import AsyncIterator

import pytest
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, InputMediaPhoto
from telegram.constants import ParseMode
from telegram.error import BadRequest, ChatMigrated, Conflict, Forbidden, RetryAfter
from telegram.ext import filters

from bot.sandbox.telegram import TelegramServer, User


def png(width: int, height: int) -> bytes:
    """Draw a grey rectangle."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress((b"\0" + b"\x80" * width) * height)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    )


@pytest.fixture
async def bot(server: TelegramServer, base_url: str) -> AsyncIterator[Bot]:
    bot = Bot(server.token, base_url=f"{base_url}/bot", base_file_url=f"{base_url}/file/bot")
    async with bot:
        yield bot


SEEN = InlineKeyboardMarkup([[InlineKeyboardButton("Seen", callback_data="seen:1")]])


async def test_command_and_answer(bot: Bot, server: TelegramServer) -> None:
    """A command is recognised by the library's filter; the answer arrives formatted."""
    server.say(1001, 1001, "/balance@balance_demo_bot main")
    (update,) = await bot.get_updates(timeout=1)
    assert filters.COMMAND.check_update(update)
    await bot.send_message(1001, "<b>12</b> USDT", parse_mode=ParseMode.HTML, reply_markup=SEEN)
    answer = await server.wait_for_message(1001, "USDT")
    assert answer.formatted("bold") == ["12"]
    assert answer.labels == ["Seen"]


async def test_edit_in_place(bot: Bot, server: TelegramServer) -> None:
    """The library's edit changes the message, and the same edit again is "not modified"."""
    sent = await bot.send_message(1001, "a")
    await bot.edit_message_text("b", 1001, sent.message_id)
    assert [m.text for m in server.messages(1001)] == ["b"]
    with pytest.raises(BadRequest, match="not modified"):
        await bot.edit_message_text("b", 1001, sent.message_id)


async def test_press_and_answer(bot: Bot, server: TelegramServer) -> None:
    """A press comes as a callback query, and its answer gets back."""
    sent = await bot.send_message(1001, "a", reply_markup=SEEN)
    press = server.press(1001, sent.message_id, "Seen")
    (update,) = await bot.get_updates()
    query = update.callback_query
    assert query is not None
    assert query.data == "seen:1"
    await query.answer("Noted", show_alert=True)
    assert (press.answer, press.alert) == ("Noted", True)


async def test_refused_html(bot: Bot) -> None:
    """A forgotten escape is a BadRequest, as on the real server."""
    with pytest.raises(BadRequest, match="parse entities"):
        await bot.send_message(1001, "balance < limit", parse_mode=ParseMode.HTML)


async def test_pause_is_asked_for(
    bot: Bot, server: TelegramServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """429 with retry_after becomes RetryAfter."""
    monkeypatch.setenv("PTB_TIMEDELTA", "true")  # the library's own wish, else it warns
    server.fail("sendMessage", status=429, description="Too Many Requests", retry_after=3)
    with pytest.raises(RetryAfter) as refused:
        await bot.send_message(1001, "x")
    assert refused.value._retry_after.total_seconds() == 3


async def test_gone_and_moved(bot: Bot, server: TelegramServer) -> None:
    """403 becomes Forbidden, an upgraded group ChatMigrated with its new id."""
    server.block(1001)
    with pytest.raises(Forbidden, match="blocked by the user"):
        await bot.send_message(1001, "x")
    group = server.add_group("Desk", [User(7, "Mira")])
    server.migrate(group.id, -100777)
    with pytest.raises(ChatMigrated) as moved:
        await bot.send_message(group.id, "x")
    assert moved.value.new_chat_id == -100777


async def test_second_poller(bot: Bot, server: TelegramServer, base_url: str) -> None:
    """The older of two polls ends in Conflict."""
    async with (
        Bot(server.token, base_url=f"{base_url}/bot") as other,
        asyncio.TaskGroup() as tasks,
    ):
        older = tasks.create_task(_error_of(other))
        await server.wait_for_call("getUpdates")
        newer = tasks.create_task(bot.get_updates(timeout=20))
        assert await older == Conflict
        server.say(1001, 1001, "hi")
    assert len(newer.result()) == 1


async def _error_of(bot: Bot) -> type[Exception] | None:
    try:
        await bot.get_updates(timeout=20)
    except Conflict as e:
        return type(e)
    return None


async def test_photo_and_document(bot: Bot, server: TelegramServer) -> None:
    """Files go up by multipart, are replaced by an edit, and come down again."""
    sent = await bot.send_photo(1001, png(40, 30), caption="<i>c</i>", parse_mode=ParseMode.HTML)
    assert (sent.photo[0].width, sent.photo[0].height) == (40, 30)
    media = InputMediaPhoto(png(20, 10), caption="new")
    edited = await bot.edit_message_media(media, 1001, sent.message_id)
    assert not isinstance(edited, bool)
    assert (edited.photo[0].width, edited.caption) == (20, "new")
    document = (await bot.send_document(1001, b"a,b\n", filename="b.csv")).document
    assert document is not None
    assert document.file_name == "b.csv"
    file = await document.get_file()
    assert bytes(await file.download_as_bytearray()) == b"a,b\n"
    assert [m.file.kind for m in server.messages(1001) if m.file] == ["photo", "document"]


async def test_the_rest_is_understood(bot: Bot, server: TelegramServer) -> None:
    """The library reads every other answer that the sandbox gives."""
    group = server.add_group("Desk", [User(7, "Mira"), User(8, "Ken")])
    assert (await bot.get_me()).username == "balance_demo_bot"
    assert await bot.set_my_commands([("balance", "Balances")])
    assert (await bot.get_my_commands())[0].command == "balance"
    assert await bot.send_chat_action(1001, "typing")
    assert (await bot.get_chat(1001)).first_name == "You"
    assert (await bot.get_chat_member(group.id, 7)).status == "creator"
    assert (await bot.get_chat_member(group.id, 8)).status == "member"
    assert [m.user.id for m in await bot.get_chat_administrators(group.id)] == [7]
    assert await bot.set_my_description("Watches balances")
    assert (await bot.get_my_description()).description == "Watches balances"
    assert await bot.set_my_short_description("Watches")
    assert (await bot.get_my_short_description()).short_description == "Watches"
    assert (await bot.get_webhook_info()).url == ""
    (update,) = await bot.get_updates()
    assert update.my_chat_member is not None
    assert await bot.leave_chat(group.id)
