"""getUpdates: what people do reaches the bot, once confirmed never again."""

import asyncio
from typing import Any

import pytest

from bot.sandbox.telegram import TelegramServer, User, serve_telegram


async def test_command_has_its_entity(api: Any, server: TelegramServer) -> None:
    """A message that begins with a command carries the entity by which libraries find it."""
    server.say(1001, 1001, "/balance main")
    _, answer = await api("getUpdates")
    message = answer["result"][0]["message"]
    assert message["text"] == "/balance main"
    assert message["entities"] == [{"type": "bot_command", "offset": 0, "length": 8}]
    assert message["chat"] == {"id": 1001, "type": "private", "first_name": "You"}
    assert message["from"]["id"] == 1001


async def test_offset_confirms(api: Any, server: TelegramServer) -> None:
    """Updates come again until a higher offset is asked for; a negative one keeps the last."""
    for text in ("a", "b", "c"):
        server.say(1001, 1001, text)
    _, first = await api("getUpdates", limit=2)
    _, second = await api("getUpdates")
    ids = [u["update_id"] for u in second["result"]]
    assert [u["update_id"] for u in first["result"]] == ids[:2]
    _, third = await api("getUpdates", offset=ids[1])
    assert [u["update_id"] for u in third["result"]] == ids[1:]
    _, fourth = await api("getUpdates", offset=-1)
    assert [u["update_id"] for u in fourth["result"]] == ids[2:]


async def test_long_poll_ends_with_the_update(api: Any, server: TelegramServer) -> None:
    """A poll that waits is answered as soon as somebody says something."""
    async with asyncio.TaskGroup() as tasks:
        poll = tasks.create_task(api("getUpdates", timeout=30))
        await server.wait_for_call("getUpdates")
        server.say(1001, 1001, "hi")
    _, answer = poll.result()
    assert answer["result"][0]["message"]["text"] == "hi"


async def test_second_poller_ends_the_first(api: Any, server: TelegramServer) -> None:
    """The older of two polls gets 409, the newer one goes on."""
    async with asyncio.TaskGroup() as tasks:
        older = tasks.create_task(api("getUpdates", timeout=30))
        await server.wait_for_call("getUpdates")
        newer = tasks.create_task(api("getUpdates", timeout=30))
        status, answer = await older
        server.say(1001, 1001, "hi")
    assert status == 409
    assert answer["description"].startswith("Conflict: terminated by other getUpdates request")
    assert len(newer.result()[1]["result"]) == 1


async def test_webhook_stands_in_the_way(api: Any, server: TelegramServer) -> None:
    """With a webhook getUpdates is 409, until it is deleted."""
    server.webhook_url = "https://example.org/hook"
    assert (await api("getWebhookInfo"))[1]["result"]["url"] == "https://example.org/hook"
    assert (await api("getUpdates"))[0] == 409
    await api("deleteWebhook")
    assert (await api("getUpdates"))[0] == 200


async def test_presses_wait_150_seconds_messages_a_day(
    api: Any, server: TelegramServer, clock: Any
) -> None:
    """What nobody fetches is lost, presses long before messages."""
    keyboard = {"inline_keyboard": [[{"text": "Seen", "callback_data": "seen:7"}]]}
    _, sent = await api("sendMessage", chat_id=1001, text="x", reply_markup=keyboard)
    server.say(1001, 1001, "hello")
    server.press(1001, sent["result"]["message_id"], "seen:7")
    kinds = [set(u) - {"update_id"} for u in server.updates.pending]
    assert kinds == [{"message"}, {"callback_query"}]
    clock.advance(seconds=151)
    kinds = [set(u) - {"update_id"} for u in server.updates.pending]
    assert kinds == [{"message"}]
    clock.advance(hours=24)
    assert server.updates.pending == []


async def test_only_the_kinds_asked_for(api: Any, server: TelegramServer) -> None:
    """`allowed_updates` stays in force until it is given again."""
    await api("getUpdates", allowed_updates=["callback_query"])
    server.say(1001, 1001, "unheard")
    assert server.updates.pending == []
    await api("getUpdates", allowed_updates=[])
    server.say(1001, 1001, "heard")
    assert len(server.updates.pending) == 1


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        ("good morning", False),
        ("/balance", True),
        ("/balance@Balance_Demo_Bot main", True),
        ("/balance@other_bot", False),
    ],
)
async def test_privacy_in_groups(server: TelegramServer, text: str, heard: bool) -> None:
    """In a group the bot hears commands that are not for another bot, and nothing else."""
    group = server.add_group("Desk", [User(7, "Mira")])
    server.updates.clear()
    server.say(group.id, 7, text)
    assert bool(server.updates.pending) is heard


async def test_replies_to_the_bot_are_heard(api: Any, server: TelegramServer) -> None:
    """An answer to the bot's own message reaches it in a group, too."""
    group = server.add_group("Desk", [User(7, "Mira")])
    _, sent = await api("sendMessage", chat_id=group.id, text="Which wallet?")
    server.updates.clear()
    server.say(group.id, 7, "main", reply_to=sent["result"]["message_id"])
    assert server.updates.pending[0]["message"]["reply_to_message"]["text"] == "Which wallet?"


async def test_injected_update_comes_as_it_is(api: Any, server: TelegramServer) -> None:
    """A malformed update is delivered between good ones."""
    server.updates.inject({"message": {"message_id": "not a number"}})
    server.say(1001, 1001, "good")
    _, answer = await api("getUpdates")
    assert answer["result"][0]["message"] == {"message_id": "not a number"}
    assert answer["result"][1]["message"]["text"] == "good"
    ids = [u["update_id"] for u in answer["result"]]
    assert ids[1] == ids[0] + 1


async def test_press_needs_the_button(api: Any, server: TelegramServer) -> None:
    """A test that names a button which is not there learns which ones are."""
    keyboard = {"inline_keyboard": [[{"text": "Seen", "callback_data": "seen:7"}]]}
    _, sent = await api("sendMessage", chat_id=1001, text="x", reply_markup=keyboard)
    with pytest.raises(LookupError, match=r"no button 'Gone'.*Seen"):
        server.press(1001, sent["result"]["message_id"], "Gone")


async def test_waiting_for_a_message_sees_edits_and_tells_what_is_there(
    api: Any, server: TelegramServer
) -> None:
    """`wait_for_message` wakes at an edit, and its failure lists the chat."""
    _, sent = await api("sendMessage", chat_id=1001, text="working")
    message_id = sent["result"]["message_id"]
    async with asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(server.wait_for_message(1001, "done"))
        await api("editMessageText", chat_id=1001, message_id=message_id, text="done")
    assert waiting.result().id == message_id
    with pytest.raises(AssertionError, match="#1 balance-bot demo: done"):
        await server.wait_for_message(1001, "never", timeout=0.01)


async def test_shutdown_does_not_wait_for_polls(server: TelegramServer, http: Any) -> None:
    """The server ends at once although a poll of 50 seconds hangs on it."""
    loop = asyncio.get_running_loop()
    async with asyncio.TaskGroup() as tasks:
        async with serve_telegram(server) as url:
            poll = f"{url}/bot{server.token}/getUpdates?timeout=50"
            task = tasks.create_task(_ends(http, poll))
            await server.wait_for_call("getUpdates")
            began = loop.time()
        assert loop.time() - began < 1
        assert await task


async def _ends(http: Any, url: str) -> bool:
    try:
        async with http.get(url) as response:
            await response.read()
    except OSError:
        pass
    return True
