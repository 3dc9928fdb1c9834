"""The Bot API over a real socket refuses what Telegram refuses, in its words."""

from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest

from bot.sandbox.telegram import TelegramServer, User

Api = Callable[..., Awaitable[tuple[int, dict[str, Any]]]]


def keys(*rows: int, data: str = "x") -> dict[str, Any]:
    """Give a keyboard with so many buttons per row."""
    return {"inline_keyboard": [[{"text": "k", "callback_data": data}] * n for n in rows]}


SEND_REFUSED = [
    ({"chat_id": 5, "text": "x"}, "chat not found"),
    ({"text": "x"}, "chat_id is empty"),
    ({"text": ""}, "message text is empty"),
    ({"text": " \n "}, "message text is empty"),
    ({"text": "<b></b>", "parse_mode": "HTML"}, "message text is empty"),
    ({"text": "x" * 4097}, "message is too long"),
    # 2049 emoji are 4098 units.
    ({"text": "😀" * 2049}, "message is too long"),
    ({"text": "<b></b>" * 5000 + "x", "parse_mode": "HTML"}, "message is too long"),
    ({"text": "x", "parse_mode": "Pidgin"}, "unsupported parse_mode"),
    (
        {"text": "a < b", "parse_mode": "HTML"},
        'can\'t parse entities: Unsupported start tag "" at byte offset 2',
    ),
    ({"text": "x", "reply_markup": keys(1, data="")}, "BUTTON_DATA_INVALID"),
    # 33 letters of two bytes are 66 bytes.
    ({"text": "x", "reply_markup": keys(1, data="é" * 33)}, "BUTTON_DATA_INVALID"),
    ({"text": "x", "reply_markup": keys(9)}, "REPLY_MARKUP_TOO_LONG"),
    ({"text": "x", "reply_markup": keys(*[8] * 12, 5)}, "REPLY_MARKUP_TOO_LONG"),
    ({"text": "x", "reply_markup": "{"}, "can't parse reply markup JSON object"),
    (
        {"text": "x", "reply_markup": {"inline_keyboard": [[{"text": "k"}]]}},
        "can't parse inline keyboard button: text buttons are unallowed in the inline keyboard",
    ),
    ({"text": "x", "reply_parameters": {"message_id": 99}}, "message to be replied not found"),
    ({"text": "x", "message_thread_id": 3}, "message thread not found"),
]


@pytest.mark.parametrize(("parameters", "reason"), SEND_REFUSED)
async def test_send_message_is_refused(
    api: Api, server: TelegramServer, parameters: dict[str, Any], reason: str
) -> None:
    """A wrong sendMessage is a 400 with the reason, and nothing appears in the chat."""
    chat = {} if "chat_id is empty" in reason else {"chat_id": 1001}
    status, answer = await api("sendMessage", **(chat | parameters))
    assert (status, answer["ok"], answer["error_code"]) == (400, False, 400)
    assert answer["description"] == f"Bad Request: {reason}"
    assert server.messages(1001) == []


@pytest.mark.parametrize(
    "parameters",
    [
        {"text": "x" * 4096},
        {"text": "<b>" + "x" * 4096 + "</b>", "parse_mode": "HTML"},
        {"text": "x", "reply_markup": keys(1, data="é" * 32)},
        {"text": "x", "reply_markup": keys(*[8] * 12, 4)},
        {
            "text": "x",
            "reply_parameters": {"message_id": 99, "allow_sending_without_reply": True},
        },
    ],
    ids=["longest", "longest formatted", "longest data", "most buttons", "reply to nothing"],
)
async def test_send_message_at_the_limit_passes(api: Api, parameters: dict[str, Any]) -> None:
    """What is just within a limit is accepted."""
    status, _ = await api("sendMessage", chat_id=1001, **parameters)
    assert status == 200


async def test_message_in_answer_is_whole(api: Api, server: TelegramServer) -> None:
    """The answer shows the message with its entities, keyboard, reply and thread."""
    group = server.add_group("Desk", [User(7, "Mira")], kind="supergroup")
    thread = server.add_topic(group.id, "Alerts")
    first = server.say(group.id, 7, "/start", thread_id=thread)
    _, answer = await api(
        "sendMessage",
        chat_id=group.id,
        message_thread_id=thread,
        text="<b>hi</b>",
        parse_mode="HTML",
        reply_markup=keys(1),
        reply_parameters={"message_id": first.id},
    )
    result = answer["result"]
    assert result["entities"] == [{"type": "bold", "offset": 0, "length": 2}]
    assert result["reply_markup"] == keys(1)
    assert result["message_thread_id"] == thread
    assert result["reply_to_message"]["message_id"] == first.id
    assert result["chat"]["is_forum"] is True


async def test_edits_are_checked(api: Api, server: TelegramServer) -> None:
    """Only what is there, is the bot's own, is a text and would change can be edited."""
    theirs = server.say(1001, 1001, "hello")
    _, sent = await api("sendMessage", chat_id=1001, text="a", reply_markup=keys(1))
    own = sent["result"]["message_id"]

    async def reason(**parameters: Any) -> str:
        _, answer = await api("editMessageText", chat_id=1001, **parameters)
        return str(answer.get("description", "ok"))

    assert await reason(message_id=99, text="b") == "Bad Request: message to edit not found"
    assert await reason(message_id=theirs.id, text="b") == "Bad Request: message can't be edited"
    same = await reason(message_id=own, text="a", reply_markup=keys(1))
    assert same.startswith("Bad Request: message is not modified")
    assert await reason(message_id=own, text="b", reply_markup=keys(1)) == "ok"
    # Left-out markup takes the buttons away, as in Telegram.
    assert await reason(message_id=own, text="b") == "ok"
    assert server.messages(1001)[-1].keyboard == []


async def test_markup_edit_keeps_text_and_leaves_no_mark(api: Api, server: TelegramServer) -> None:
    """New buttons do not make a message "edited"."""
    _, sent = await api("sendMessage", chat_id=1001, text="a")
    message_id = sent["result"]["message_id"]
    _, edited = await api(
        "editMessageReplyMarkup", chat_id=1001, message_id=message_id, reply_markup=keys(2)
    )
    assert edited["result"]["text"] == "a"
    assert "edit_date" not in edited["result"]
    assert server.messages(1001)[0].labels == ["k", "k"]


async def test_deleted_message_is_gone(api: Api, server: TelegramServer) -> None:
    """A deleted message is not seen, and cannot be deleted or answered again."""
    _, sent = await api("sendMessage", chat_id=1001, text="a")
    message_id = sent["result"]["message_id"]
    assert (await api("deleteMessage", chat_id=1001, message_id=message_id))[0] == 200
    assert server.messages(1001) == []
    _, again = await api("deleteMessage", chat_id=1001, message_id=message_id)
    assert again["description"] == "Bad Request: message to delete not found"


async def test_wrong_token_and_unknown_method(
    api: Api, base_url: str, http: aiohttp.ClientSession
) -> None:
    """A wrong token is 401, an unknown method 404, each in Telegram's shape."""
    async with http.get(f"{base_url}/bot1:wrong/getMe") as response:
        assert response.status == 401
        assert await response.json() == {
            "ok": False,
            "error_code": 401,
            "description": "Unauthorized",
        }
    status, answer = await api("sendTelepathy")
    assert (status, answer["description"]) == (404, "Not Found")


async def test_all_kinds_of_bodies_are_read(
    server: TelegramServer, base_url: str, http: aiohttp.ClientSession
) -> None:
    """Query, form, multipart and JSON say the same; a method's name is in any case."""
    url = f"{base_url}/bot{server.token}"
    fields = {"chat_id": "1001", "text": "x"}
    multipart = aiohttp.FormData(fields, default_to_multipart=True)
    for response in (
        await http.get(f"{url}/sendmessage", params=fields),
        await http.post(f"{url}/SendMessage", data=fields),
        await http.post(f"{url}/sendMessage", data=multipart),
        await http.post(f"{url}/sendMessage", json={"chat_id": 1001, "text": "x"}),
    ):
        assert response.status == 200
    assert [m.text for m in server.messages(1001)] == ["x"] * 4


async def test_where_the_bot_is_not_welcome(api: Api, server: TelegramServer) -> None:
    """Blocked, kicked and left are 403 in Telegram's words; the bot is told by my_chat_member."""
    group = server.add_group("Desk", [User(7, "Mira")])
    server.block(1001)
    server.kick(group.id)
    status, blocked = await api("sendMessage", chat_id=1001, text="x")
    assert (status, blocked["description"]) == (403, "Forbidden: bot was blocked by the user")
    _, kicked = await api("sendMessage", chat_id=group.id, text="x")
    assert kicked["description"] == "Forbidden: bot was kicked from the group chat"
    states = [u["my_chat_member"]["new_chat_member"]["status"] for u in server.updates.pending]
    assert states == ["member", "kicked", "kicked"]
    server.unblock(1001)
    assert (await api("sendMessage", chat_id=1001, text="x"))[0] == 200


async def test_group_becomes_supergroup(api: Api, server: TelegramServer) -> None:
    """The old id answers 400 with the new one, and both chats say so to the bot."""
    group = server.add_group("Desk", [User(7, "Mira")])
    server.migrate(group.id, -100777)
    status, answer = await api("sendMessage", chat_id=group.id, text="x")
    assert status == 400
    assert answer["parameters"] == {"migrate_to_chat_id": -100777}
    assert (await api("sendMessage", chat_id=-100777, text="x"))[0] == 200
    told = [u["message"] for u in server.updates.pending if "message" in u]
    assert told[0]["migrate_to_chat_id"] == -100777
    assert told[1]["migrate_from_chat_id"] == group.id


async def test_answers_to_presses(api: Api, server: TelegramServer, clock: Any) -> None:
    """A press can be answered while it is fresh; unknown and old ones are refused."""
    _, sent = await api("sendMessage", chat_id=1001, text="a", reply_markup=keys(1))
    press = server.press(1001, sent["result"]["message_id"], "k")
    status, _ = await api(
        "answerCallbackQuery", callback_query_id=press.id, text="Seen", show_alert=True
    )
    assert (status, press.answer, press.alert) == (200, "Seen", True)
    assert press.answered.is_set()
    clock.advance(seconds=151)
    for query_id in (press.id, "1"):
        _, answer = await api("answerCallbackQuery", callback_query_id=query_id)
        assert answer["description"].startswith("Bad Request: query is too old")


async def test_commands_are_kept_per_scope_and_language(api: Api, server: TelegramServer) -> None:
    """A person sees the narrowest scope in their language; wrong commands are refused."""
    wide = [{"command": "help", "description": "Help"}]
    narrow = [{"command": "balance", "description": "Balances"}]
    await api("setMyCommands", commands=wide)
    chat = server.chats[1001]
    assert server.commands_for(chat, chat.members[0]) == wide
    scope = {"type": "chat", "chat_id": 1001}
    await api("setMyCommands", commands=narrow, scope=scope, language_code="en")
    assert server.commands_for(chat, chat.members[0]) == narrow
    await api("deleteMyCommands", scope=scope, language_code="en")
    assert server.commands_for(chat, chat.members[0]) == wide
    _, answer = await api("setMyCommands", commands=[{"command": "Bad!", "description": "x"}])
    assert answer["description"] == "Bad Request: BOT_COMMAND_INVALID"


async def test_picture_is_checked(api: Api, server: TelegramServer, base_url: str) -> None:
    """What is not a picture is refused as one."""
    form = aiohttp.FormData({"chat_id": "1001"}, default_to_multipart=True)
    form.add_field("photo", b"no picture", filename="a.png", content_type="image/png")
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{base_url}/bot{server.token}/sendPhoto", data=form) as response,
    ):
        answer = await response.json()
    assert answer["description"] == "Bad Request: IMAGE_PROCESS_FAILED"
