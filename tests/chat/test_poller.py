"""Updates are kept before they are confirmed and handled to the end; nothing ends polling."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from bot.sandbox.telegram import TelegramServer

OWNER = 1001


async def next_offset(desk: Any) -> int | None:
    async with desk.open_unit() as unit:
        offset: int | None = await unit.inbox.next_offset()
        return offset


async def test_kept_before_confirmed(desk: Any, telegram: TelegramServer) -> None:
    """Telegram still has an update until it is in the inbox: a failing database loses none."""
    fine = desk.open_unit

    def broken() -> Any:
        raise OSError("the disk is full")

    telegram.say(OWNER, OWNER, "/help")
    desk.open_unit = broken
    with pytest.raises(ExceptionGroup):
        async with desk.polling():
            await asyncio.sleep(5)
    desk.open_unit = fine
    assert len(telegram.updates.pending) == 1
    async with desk.polling():
        await telegram.wait_for_message(OWNER, "What I can do")
        await desk.quiet()
    assert telegram.updates.pending == []


async def test_asked_from_behind_what_is_kept(desk: Any, telegram: TelegramServer) -> None:
    """The first question has no offset; each later one confirms what is in the inbox."""
    telegram.say(OWNER, OWNER, "/help")
    async with desk.polling():
        await telegram.wait_for_call("getUpdates", count=2)
        await desk.quiet()
    first, second = telegram.calls_of("getUpdates")[:2]
    assert "offset" not in first.parameters
    assert int(second.parameters["offset"]) == await next_offset(desk)
    assert first.parameters["allowed_updates"] == [
        "message",
        "callback_query",
        "my_chat_member",
    ]


async def test_what_was_not_handled_is_handled_after_a_restart(
    desk: Any, telegram: TelegramServer
) -> None:
    """A process that dies in the middle of an answer gives it when it is back; no other twice."""
    await _greeted(desk)
    desk.exchange.gate = asyncio.Event()
    telegram.say(OWNER, OWNER, "/balance xt")
    async with desk.polling():
        line = await telegram.wait_for_message(OWNER, "reading xt")
        await telegram.wait_for_call("getUpdates", lambda c: "offset" in c.parameters)
        while telegram.updates.pending:  # noqa: ASYNC110 - until Telegram has forgotten it
            await asyncio.sleep(0.001)
    assert "reading" in line.text
    desk.exchange.gate = None
    async with desk.open_unit() as unit:  # what the app does at its start
        await unit.accounts.retain(["main", "xt"], now=desk.clock())
    async with desk.polling():
        await telegram.wait_for_message(OWNER, "Balances", after=line)
        await desk.quiet()
    assert len(telegram.calls_of("sendMessage")) == 3  # one for /help, then the line twice


async def _greeted(desk: Any) -> None:
    async with desk.polling():
        assert len(await desk.ask("/help")) == 1


async def test_handled_updates_are_not_handled_again(desk: Any, telegram: TelegramServer) -> None:
    """An update that Telegram gives again after it was handled is left alone."""
    raw: list[dict[str, Any]] = []
    telegram.say(OWNER, OWNER, "/help")
    raw += telegram.updates.pending
    async with desk.polling():
        await desk.quiet()
    telegram.updates.inject(raw[0])
    async with desk.polling():
        assert len(await desk.ask("/whoami")) == 1
    helps = [m for m in telegram.messages(OWNER) if "What I can do" in m.text]
    assert len(helps) == 1


@pytest.mark.parametrize(
    "malformed",
    [
        {"message": {"message_id": 1, "date": "yesterday", "chat": 5}},
        {"message": None},
        {"callback_query": {"id": "1"}},
        {"message": {"message_id": 1, "date": 1, "chat": {"id": 6666, "type": "private"}}},
        {"something_new": {"a": [1, 2, 3]}},
    ],
)
async def test_malformed_update_is_skipped(
    desk: Any, telegram: TelegramServer, malformed: dict[str, Any]
) -> None:
    """What the library cannot read holds up nothing that comes after it, and does not return."""
    telegram.updates.inject(malformed)
    async with desk.polling():
        assert len(await desk.ask("/help")) == 1
    async with desk.open_unit() as unit:
        assert await unit.inbox.unhandled() == {}


async def test_nothing_at_once_is_no_reason_to_hurry(desk: Any, telegram: TelegramServer) -> None:
    """A server that answers at once that there is nothing is not asked without a breath."""
    telegram.garble("getUpdates", status=200, body=b'{"ok": true, "result": []}', times=None)
    async with desk.polling():
        await telegram.wait_for_call("getUpdates", lambda _: True, timeout=5)
        before = len(telegram.calls_of("getUpdates"))
        await asyncio.sleep(0.5)
    assert len(telegram.calls_of("getUpdates")) - before <= 3


async def test_what_has_no_id_is_passed_over(desk: Any, telegram: TelegramServer) -> None:
    """Such a thing can be neither asked for nor confirmed, and holds up nothing."""
    odd = b'{"ok": true, "result": [5, {}, {"update_id": "7"}, {"update_id": true}]}'
    telegram.garble("getUpdates", status=200, body=odd, times=1)
    async with desk.polling():
        assert len(await desk.ask("/help")) == 1


FAULTS = {
    "401": {"status": 401, "description": "Unauthorized"},
    "404": {"status": 404, "description": "Not Found"},
    "409": {"status": 409, "description": "Conflict: terminated by other getUpdates request"},
    "429": {"status": 429, "description": "Too Many Requests: retry after 1", "retry_after": 1},
    "500": {"status": 500, "description": "Internal Server Error"},
    "400": {"status": 400, "description": "Bad Request: who knows"},
}


@pytest.mark.parametrize("method", ["getMe", "getUpdates", "setMyCommands"])
@pytest.mark.parametrize("name", FAULTS)
async def test_refusals_do_not_end_polling(
    desk: Any, telegram: TelegramServer, method: str, name: str
) -> None:
    """Whatever Telegram answers, at the start or later, the bot goes on when it is over."""
    fault: dict[str, Any] = FAULTS[name]
    telegram.fail(method, times=3 if name != "429" else 1, **fault)
    async with desk.polling():
        assert len(await desk.ask("/help")) == 1
        await telegram.wait_for_call("setMyCommands", lambda call: call.status == 200)


@pytest.mark.parametrize("method", ["getMe", "getUpdates"])
@pytest.mark.parametrize("fault", ["drop_before", "drop_after", "garble"])
async def test_broken_connections_do_not_end_polling(
    desk: Any, telegram: TelegramServer, method: str, fault: str
) -> None:
    """Cut connections and a proxy's page are outlasted, and no update is lost or doubled by it."""
    getattr(telegram, fault)(method, times=3)
    async with desk.polling():
        assert len(await desk.ask("/help")) == 1
        assert len(await desk.ask("/help")) == 1


async def test_no_server_at_all(desk: Any, telegram: TelegramServer, open_bot: Any) -> None:
    """A server that nobody reaches is asked again and again; the bot waits, and can be stopped."""
    desk.build = lambda: open_bot("http://127.0.0.1:9")
    async with desk.polling():
        await asyncio.sleep(0.1)
    assert list(telegram.calls) == []


async def test_token_is_never_logged(
    desk: Any, telegram: TelegramServer, logged: Callable[[], str]
) -> None:
    """Neither our lines nor the library's show the token, before anything is struck out."""
    for method in ("getMe", "getUpdates", "sendMessage"):
        telegram.fail(method, status=401, description="Unauthorized")
        telegram.drop_before(method)
        telegram.garble(method, body=b"<html>")
    async with desk.polling():
        telegram.updates.inject({"message": {"chat": 1}})
        for _ in range(4):
            await desk.ask("/help")
    seen = logged()
    assert "Telegram refuses BOT_TELEGRAM__TOKEN" in seen
    assert "could not be read and is skipped" in seen
    assert telegram.token.partition(":")[2] not in seen


async def test_many_at_once_are_all_handled(desk: Any, telegram: TelegramServer) -> None:
    """More updates than are handled side by side: each is answered, and once."""
    for _ in range(100):
        telegram.say(OWNER, OWNER, "/help")
    async with desk.polling():
        await desk.quiet()
    assert len(telegram.calls_of("sendMessage")) == 100
