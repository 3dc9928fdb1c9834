"""Faults on order: each does what it says to the call, and leaves a trace in the journal."""

import asyncio
from typing import Any

import aiohttp
import pytest

from bot.sandbox.telegram import ANY, TelegramServer


async def test_fail_refuses_so_many_times(api: Any, server: TelegramServer) -> None:
    """The call is refused as ordered and not carried out; the one after passes."""
    server.fail("sendMessage", status=429, description="Too Many Requests", retry_after=7, times=2)
    for _ in range(2):
        status, answer = await api("sendMessage", chat_id=1001, text="x")
        assert (status, answer["parameters"]) == (429, {"retry_after": 7})
    assert server.messages(1001) == []
    assert (await api("sendMessage", chat_id=1001, text="x"))[0] == 200
    assert [c.status for c in server.calls_of("sendMessage")] == [429, 429, 200]


@pytest.mark.parametrize(("fault", "accepted"), [("drop_before", False), ("drop_after", True)])
async def test_dropped_connection(
    api: Any, server: TelegramServer, fault: str, accepted: bool
) -> None:
    """The caller cannot tell the two apart; only the chat shows what happened."""
    getattr(server, fault)("sendMessage")
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await api("sendMessage", chat_id=1001, text="x")
    assert bool(server.messages(1001)) is accepted
    assert server.calls_of("sendMessage")[0].status is None


@pytest.mark.parametrize(("fault", "accepted"), [("hang", False), ("hang_after", True)])
async def test_hanging_call(api: Any, server: TelegramServer, fault: str, accepted: bool) -> None:
    """No answer comes, until the faults are ended and the connection is cut."""
    getattr(server, fault)("sendMessage")
    async with asyncio.TaskGroup() as tasks:
        call = tasks.create_task(_outcome(api("sendMessage", chat_id=1001, text="x")))
        await server.wait_for_call("sendMessage")
        if accepted:
            await server.wait_for_message(1001, "x")
        assert not call.done()
        assert bool(server.messages(1001)) is accepted
        server.end_faults()
    assert call.result() == "ServerDisconnectedError"


async def test_gate_holds_until_opened(api: Any, server: TelegramServer) -> None:
    """A held call is not carried out before the gate opens."""
    gate = server.gate("sendMessage")
    async with asyncio.TaskGroup() as tasks:
        call = tasks.create_task(_outcome(api("sendMessage", chat_id=1001, text="x")))
        await gate.reached.wait()
        assert server.messages(1001) == []
        gate.open()
    assert call.result() == 200


async def test_black_hole_swallows_all(api: Any, server: TelegramServer) -> None:
    """Nothing is answered or noted until the hole is gone."""
    server.black_hole()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await api("sendMessage", chat_id=1001, text="x")
    server.end_faults()
    assert (await api("getMe"))[0] == 200
    assert [c.method for c in server.calls] == ["getMe"]


async def test_garbled_answer(server: TelegramServer, base_url: str, http: Any) -> None:
    """A proxy's page comes in place of JSON, for any method."""
    server.garble(ANY, status=502, body=b"<html>Bad Gateway</html>")
    async with http.get(f"{base_url}/bot{server.token}/getMe") as response:
        assert (response.status, await response.text()) == (502, "<html>Bad Gateway</html>")


async def test_journal_shows_parameters_and_result(api: Any, server: TelegramServer) -> None:
    """A call is noted with what it asked for and what it got."""
    await api("sendMessage", chat_id=1001, text="x", reply_parameters='{"message_id": 1}')
    call = server.calls[-1]
    assert call.parameters == {
        "chat_id": 1001,
        "text": "x",
        "reply_parameters": {"message_id": 1},
    }
    assert (call.status, call.description) == (400, "Bad Request: message to be replied not found")


async def _outcome(call: Any) -> Any:
    try:
        return (await call)[0]
    except aiohttp.ClientError as e:
        return type(e).__name__
