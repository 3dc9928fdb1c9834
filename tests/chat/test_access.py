"""Who is answered: strangers get silence, but for their own ids; what is forged does nothing."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from bot.chat.access import Caller, Gate, caller_of, changes_something
from bot.chat.views.words import (
    ASKED,
    FORWARDED,
    OLD_BUTTON,
    ONLY_OWNERS,
    ONLY_OWNERS_SILENCE,
    UNKNOWN_COMMAND,
)
from bot.sandbox.telegram import Message, TelegramServer
from bot.services.manage_chats import ManageChats
from bot.services.ports import NotKept

OWNER, STRANGER, GROUP, FOREIGN_GROUP = 1001, 6666, -4001, -4002
EVERY_COMMAND = ["/balance", "/alerts", "/rules", "/digest", "/help", "/nonsense", "hello"]


def test_names_are_what_every_database_takes() -> None:
    """Half a character and a NUL would be refused there, each time the update came again."""
    chat = {"id": 5, "type": "group", "title": "A\0 \ud83d"}
    said = {"message_id": 1, "date": 1, "chat": chat, "from": {"id": 5}, "text": "hello"}
    found = caller_of({"update_id": 1, "message": said})
    assert found is not None
    assert found.title == "A ?"


@pytest.mark.parametrize("text", EVERY_COMMAND)
async def test_stranger_gets_silence(desk: Any, telegram: TelegramServer, text: str) -> None:
    """Neither an answer nor a reading, in private and in a group that is not allowed."""
    async with desk.polling():
        assert await desk.ask(text, chat=STRANGER) == []
        assert await desk.ask(text, chat=FOREIGN_GROUP, user=STRANGER) == []
    assert desk.exchange.asked == []
    assert telegram.calls_of("sendMessage") == []


@pytest.mark.parametrize("text", ["/start", "/whoami", "/start@balance_demo_bot", "/WhoAmI"])
async def test_stranger_may_learn_their_ids(
    desk: Any, telegram: TelegramServer, text: str
) -> None:
    """What goes into the settings is told to anybody, and nothing else."""
    async with desk.polling():
        for chat in (STRANGER, FOREIGN_GROUP):
            said = telegram.say(chat, STRANGER, text)
            told = await telegram.wait_for_message(chat, after=said)
            asked = f"\n{ASKED}" if "start" in text else ""
            assert told.text == f"Your user id: {STRANGER}\nThis chat's id: {chat}{asked}"
            assert told.reply_to is (said if chat == FOREIGN_GROUP else None)


async def test_command_for_another_bot_is_none_of_ours(desk: Any) -> None:
    """A stranger who talks to somebody else gets nothing from us."""
    async with desk.polling():
        assert await desk.ask("/start@another_bot", chat=STRANGER) == []


async def test_greeting_of_a_stranger_makes_no_recipient(desk: Any) -> None:
    """A stranger who says /start is kept as one who has asked, and is told nothing."""
    async with desk.polling():
        await desk.ask("/start", chat=STRANGER)
        await desk.ask("/start")
    async with desk.open_unit() as unit:
        known = await unit.chats.load()
    assert {chat.chat_id: chat.is_waiting for chat in known} == {STRANGER: True, OWNER: False}
    assert [c.chat_id for c in desk.use_cases().chats.recipients(known)] == [OWNER]


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


GROUP_BODY = {"id": GROUP, "type": "supergroup", "title": "Desk"}
PRIVATE = {"id": OWNER, "type": "private", "first_name": "You"}
YOU = {"id": OWNER, "is_bot": False, "first_name": "You"}
EVE = {"id": STRANGER, "is_bot": False, "first_name": "Eve"}
ANONYMOUS = {
    "id": 1087968824,
    "is_bot": True,
    "first_name": "Group",
    "username": "GroupAnonymousBot",
}


def message(text: str, sender: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Make the object `Message` as Telegram would send it."""
    body = {"message_id": 900, "date": 1, "chat": GROUP_BODY, "from": sender, "text": text}
    if text.startswith("/"):
        length = len(text.split()[0])
        body["entities"] = [{"type": "bot_command", "offset": 0, "length": length}]
    return body | more


async def handled(desk: Any, telegram: TelegramServer, update: dict[str, Any]) -> list[str]:
    """Let an update come as it is; give the methods that were called because of it."""
    telegram.updates.inject(update)
    calls = len(telegram.calls)
    await desk.quiet()
    return [c.method for c in list(telegram.calls)[calls:] if c.method not in NOT_ANSWERS]


NOT_ANSWERS = {"getUpdates", "setMyCommands", "getMe"}


async def test_anonymous_admin_is_a_viewer(desk: Any, telegram: TelegramServer) -> None:
    """Nobody knows who it is: balances may be seen, and nothing is changed."""
    async with desk.polling():
        anonymous = {"sender_chat": GROUP_BODY}
        for text in ("/rule main/funding USDT < 5", "/quiet 22:00-07:00", "/whoami"):
            await handled(desk, telegram, {"message": message(text, ANONYMOUS, **anonymous)})
    texts = [m.text for m in telegram.messages(GROUP) if m.from_bot]
    assert texts[:2] == [ONLY_OWNERS, ONLY_OWNERS_SILENCE]
    assert "You are a viewer here." in texts[2]


@pytest.mark.parametrize(
    "update",
    [
        {"edited_message": message("/balance", YOU)},
        {"channel_post": message("/balance", YOU)},
        {"edited_channel_post": message("/balance", YOU)},
        {"inline_query": {"id": "1", "from": YOU, "query": "/balance", "offset": ""}},
        {"message": message("/balance@another_bot", YOU)},
        {"message": message("say /balance", YOU)},
    ],
)
async def test_what_is_no_command_to_us(
    desk: Any, telegram: TelegramServer, update: dict[str, Any]
) -> None:
    """Edited, in a channel, inline, for another bot, in the midst of talk: nothing happens."""
    async with desk.polling():
        assert await handled(desk, telegram, update) == []
    assert desk.exchange.asked == []


async def test_command_for_another_bot_in_private(desk: Any) -> None:
    """There is nobody else there, so it is answered, but not carried out."""
    async with desk.polling():
        assert await desk.ask("/balance@another_bot") == [UNKNOWN_COMMAND]
    assert desk.exchange.asked == []


async def test_forwarded_command_is_somebody_elses(desk: Any, telegram: TelegramServer) -> None:
    """It is not carried out; in private it is said why."""
    origin = {"type": "hidden_user", "date": 1, "sender_user_name": "Eve"}
    private = {"chat": {"id": OWNER, "type": "private", "first_name": "You"}}
    body = message("/quiet 00:00-23:59", YOU, forward_origin=origin)
    async with desk.polling():
        assert await handled(desk, telegram, {"message": body}) == []
        await handled(desk, telegram, {"message": body | private})
    assert [m.text for m in telegram.messages(OWNER) if m.from_bot] == [FORWARDED]
    async with desk.open_unit() as unit:
        assert [chat.quiet for chat in await unit.chats.load() if chat.quiet] == []


@pytest.fixture
async def listed(desk: Any, telegram: TelegramServer) -> Message:
    """Have a rule of a chat, and the list of rules in the group."""
    async with desk.polling():
        await desk.ask("/rule main/trading USDT < 5", chat=GROUP, user=OWNER)
        telegram.press(GROUP, telegram.messages(GROUP)[-1].id, "✅ Add", OWNER)
        await desk.quiet()
        await desk.ask("/rules", chat=GROUP, user=OWNER)
    return telegram.messages(GROUP)[-1]


async def rules_of(desk: Any) -> list[tuple[bool, bool]]:
    async with desk.open_unit() as unit:
        return [(made.paused, made.deleted_at is None) for made in await unit.rules.load()]


FORGED = ["r:d:1:1", "r:u:0:1", "r:r:0:1", "d:a:1:", "d:x:1:", "a:8:ABC123", "w:r:ABC123",
    "b:r:0:*", "b:t:0:*", "p:0", "nonsense", ""]  # fmt: skip


@pytest.mark.parametrize("data", FORGED)
async def test_forged_data_does_nothing(
    desk: Any, telegram: TelegramServer, listed: Message, data: str
) -> None:
    """Any client can send any bytes for a message it sees: only what is on its buttons counts."""
    desk.exchange.asked.clear()
    text, before = listed.text, await rules_of(desk)
    async with desk.polling():
        press = telegram.forge(GROUP, listed.id, data, OWNER)
        await desk.quiet()
    assert press.answer == OLD_BUTTON
    assert (listed.text, await rules_of(desk), desk.exchange.asked) == (text, before, [])


async def test_buttons_that_are_there_still_work(
    desk: Any, telegram: TelegramServer, listed: Message
) -> None:
    """What the guard refuses is refused because it is forged."""
    async with desk.polling():
        telegram.press(GROUP, listed.id, "⏸ Pause", OWNER)
        await desk.quiet()
    assert await rules_of(desk) == [(True, True)]


async def test_viewers_get_a_notice_on_the_button(
    desk: Any, telegram: TelegramServer, listed: Message
) -> None:
    """They change nothing, and no message is sent about it."""
    async with desk.polling():
        for label in ("⏸ Pause", "🗑 Delete", "✏️ Edit #1"):
            press = telegram.press(GROUP, listed.id, label, 2002)
            await desk.quiet()
            assert press.answer == ONLY_OWNERS
    assert await rules_of(desk) == [(False, True)]
    assert telegram.messages(GROUP)[-1] is listed


def press_of(listed: Message, **more: Any) -> dict[str, Any]:
    """Make a press of "Delete" that is well but for what is given."""
    data = next(b["callback_data"] for b in listed.buttons if "Delete" in b["text"])
    body = {"id": "1", "from": YOU, "chat_instance": "1", "data": data}
    return {"callback_query": body | {"message": listed.to_api()} | more}


async def test_presses_from_elsewhere_do_nothing(
    desk: Any, telegram: TelegramServer, listed: Message
) -> None:
    """Inline, inaccessible, in a foreign chat or a channel, or by a stranger in one."""
    channel = {"id": -100777, "type": "channel", "title": "News"}
    gone = {"chat": GROUP_BODY, "message_id": listed.id, "date": 0}
    bare = {k: v for k, v in listed.to_api().items() if k != "reply_markup"}
    without = press_of(listed)
    del without["callback_query"]["message"]
    without["callback_query"]["inline_message_id"] = "77"
    async with desk.polling():
        for update in (
            without,
            press_of(listed, message=gone),
            press_of(listed, message=bare),
            press_of(listed, message=listed.to_api() | {"chat": channel}),
            press_of(listed, message=listed.to_api() | {"chat": channel}, **{"from": EVE}),
            press_of(listed, **{"from": EVE}),
        ):
            await handled(desk, telegram, update)
    assert await rules_of(desk) == [(False, True)]


async def test_error_in_the_gate_lets_nobody_past(
    desk: Any, telegram: TelegramServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An owner in a foreign group, where even the explanation cannot be sent, sees no balances."""
    telegram.fail("sendMessage", status=403, description="Forbidden: who knows", times=1)

    async def broken(*_: object, **__: object) -> None:
        raise OSError("the disk is full")

    async with desk.polling():
        assert await desk.ask("/balance", chat=FOREIGN_GROUP, user=OWNER) == []
        monkeypatch.setattr("bot.services.manage_chats.ManageChats.heard", broken)
        assert await desk.ask("/balance") == []
    assert desk.exchange.asked == []


async def test_membership_marks_a_chat(desk: Any, telegram: TelegramServer) -> None:
    """Who puts the bot out, or silences it, need not wait for a message to be known as lost."""
    async with desk.polling():
        await desk.ask("/start")
        await desk.ask("/start", chat=GROUP, user=OWNER)
        telegram.kick(GROUP)
        await desk.quiet()
    async with desk.open_unit() as unit:
        gone = {chat.chat_id: chat.gone for chat in await unit.chats.load()}
        (notice,) = await unit.outbox.lease(now=desk.clock())
    assert gone == {OWNER: None, GROUP: "bot was kicked"}
    (event,) = notice.events
    assert (event.kind, event.title) == ("chat_lost", "Desk")


@pytest.mark.parametrize(
    ("raw", "caller"),
    [
        (
            {"message": message("/start", EVE)},
            Caller(GROUP, STRANGER, 900, "/start", "Desk", "Eve"),
        ),
        (
            {"message": message("x", EVE) | {"migrate_from_chat_id": -5}},
            Caller(-5, STRANGER, 900, "x", "Desk", "Eve"),
        ),
        ({"message": {"chat": {"id": 5}}}, Caller(5, None)),
        ({"message": {"chat": {"id": 5}, "text": ["/start"]}}, Caller(5, None)),
        ({"callback_query": {"from": EVE}}, Caller(None, STRANGER, name="Eve")),
        (
            {"my_chat_member": {"chat": GROUP_BODY, "from": EVE}},
            Caller(GROUP, STRANGER, title="Desk", name="Eve"),
        ),
        ({"edited_message": message("/start", YOU)}, Caller(None, None)),
        ({}, Caller(None, None)),
        # What nobody can read may be from anybody.
        ({"message": None}, None),
        ({"message": {"chat": 5}}, None),
        ({"message": {"chat": {"id": "5"}}}, None),
        ({"message": [1, 2]}, None),
        ({"callback_query": {"from": 5}}, None),
    ],
)
def test_caller(raw: dict[str, Any], caller: Caller | None) -> None:
    assert caller_of(raw) == caller


@pytest.mark.parametrize(
    ("raw", "does"),
    [
        ({"callback_query": {"data": "r:p:0:1"}}, True),
        ({"callback_query": {"data": "d:a:1:"}}, True),
        ({"callback_query": {"data": "a:8:ABC"}}, True),
        ({"callback_query": {"data": "a:c:ABC"}}, False),
        ({"callback_query": {"data": "r:l:0:0"}}, False),
        ({"callback_query": {"data": "b:r:0:*"}}, False),
        ({"callback_query": {}}, False),
        ({"callback_query": {"data": "c:k:-4001:"}}, False),
        ({"callback_query": {"data": "c:K:-4001:critical"}}, True),
        ({"callback_query": {"data": "c:d:-4001:viewer"}}, True),
        ({"callback_query": {"data": "o:l:en"}}, True),
        ({"message": {"text": "/Quiet off"}}, True),
        ({"message": {"text": "/digest@balance_bot weekly"}}, True),
        ({"message": {"text": "/quiet"}}, False),
        ({"message": {"text": "/digest"}}, False),
        ({"message": {"text": " "}}, False),
        ({"message": {"text": "/balance"}}, False),
        # Words that a question of ours may wait for.
        ({"message": {"text": "Berlin", "from": YOU, "chat": PRIVATE}}, True),
        ({"message": {"text": "Berlin", "from": YOU, "chat": GROUP_BODY}}, False),
        (
            {"message": {"text": "x", "from": YOU, "chat": GROUP_BODY, "reply_to_message": {}}},
            True,
        ),
        ({"message": None}, False),
        ({"my_chat_member": {}}, True),
    ],
)
def test_what_changes_something(raw: dict[str, Any], does: bool) -> None:
    assert changes_something(raw) is does


def fail_to_keep(monkeypatch: pytest.MonkeyPatch, times: int) -> list[int]:
    """Let the database take nothing that is known of chats, a few times; give how often it was."""
    fine, failed = ManageChats.changing, [0]

    @asynccontextmanager
    async def changing(chats: ManageChats) -> AsyncIterator[Any]:
        if failed[0] < times:
            failed[0] += 1
            raise NotKept("the database did not take it")
        async with fine(chats) as unit:
            yield unit

    monkeypatch.setattr(ManageChats, "changing", changing)
    return failed


@pytest.mark.parametrize("times", [1, 5])
async def test_whom_the_gate_cannot_note_down_is_answered(
    desk: Any, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    """The first command of a member waits until it is kept who that is; there is one answer."""
    async with desk.polling():
        failed = fail_to_keep(monkeypatch, times)
        assert len(await desk.ask("/help", chat=GROUP, user=2002)) == 1
    assert failed == [times]
    assert [member.user_id for member in desk.use.chats.members(GROUP)] == [2002]


async def test_who_waits_at_the_gate_when_the_bot_stops_is_answered_later(
    desk: Any, telegram: TelegramServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The update stays in the inbox, and nobody is told anything before."""
    monkeypatch.setattr("bot.chat.intake.FINISH_WITHIN_S", 0.01)
    with monkeypatch.context() as broken:
        async with desk.polling():
            await desk.ask("/help")
            failed = fail_to_keep(broken, 1_000_000)
            said = telegram.say(GROUP, 2002, "/help")
            async with asyncio.timeout(5):
                while failed[0] < 3:  # noqa: ASYNC110
                    await asyncio.sleep(0.001)
    async with desk.polling():
        await desk.quiet()
    answers = [m for m in telegram.messages(GROUP) if m.from_bot and m.id > said.id]
    assert len(answers) == 1


async def test_nobody_passes_a_gate_that_breaks(
    desk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An update at which it breaks for another reason is not answered, nor met again and again."""

    async def breaking(*_: Any, **__: Any) -> bool:
        raise ZeroDivisionError

    async with desk.polling():
        monkeypatch.setattr(Gate, "_passes", breaking)
        assert await desk.ask("/help") == []
