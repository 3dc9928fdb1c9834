"""What the page's routes take and give, without a browser."""

import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from bot.sandbox.telegram import TelegramServer, User


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session:
        yield session


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"chat": "1001", "text": "hi"}, 200),
        ({"chat": "1001", "text": "   "}, 400),
        ({"chat": "1001", "text": "x" * 4097}, 400),
        ({"chat": "5", "text": "hi"}, 400),
        # A group without the visitor.
        ({"chat": "-77", "text": "hi"}, 400),
        ([], 400),
    ],
)
async def test_say(
    base_url: str, http: aiohttp.ClientSession, server: TelegramServer, body: Any, status: int
) -> None:
    """Only a message of the right length, in a chat of the visitor, is taken."""
    server.add_group("Others", [User(7, "Mira")], chat_id=-77)
    async with http.post(f"{base_url}/page/say", json=body) as response:
        assert response.status == status
    assert len(server.messages(1001)) == (status == 200)


async def test_forms_of_other_pages_are_refused(
    base_url: str, http: aiohttp.ClientSession, server: TelegramServer
) -> None:
    """What a foreign page could send without asking is not taken."""
    body = json.dumps({"chat": "1001", "text": "hi"})
    headers = {"Content-Type": "text/plain"}
    async with http.post(f"{base_url}/page/say", data=body, headers=headers) as response:
        assert response.status == 415
    assert server.messages(1001) == []


async def test_press_of_a_button_that_is_gone(base_url: str, http: aiohttp.ClientSession) -> None:
    """A page that lags behind is told so."""
    body = {"chat": "1001", "message": 9, "row": 0, "column": 0}
    async with http.post(f"{base_url}/page/press", json=body) as response:
        assert (response.status, await response.text()) == (400, "This button is gone")


@pytest.mark.parametrize("path", ["/page/none.js", "/page/..%2froutes.py", "/page/files/none"])
async def test_only_its_files_are_given(
    base_url: str, http: aiohttp.ClientSession, path: str
) -> None:
    """Nothing outside the folder of the page is reachable."""
    async with http.get(f"{base_url}{path}") as response:
        assert response.status == 404


async def test_page_may_load_nothing_from_elsewhere(
    base_url: str, http: aiohttp.ClientSession
) -> None:
    """The browser itself is told to refuse other hosts and inline scripts."""
    async with http.get(base_url) as response:
        policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


async def test_chats_of_others_are_not_streamed(
    base_url: str, http: aiohttp.ClientSession, server: TelegramServer
) -> None:
    """The stream begins with the visitor's chats and leaves out all others."""
    server.add_group("Others", [User(7, "Mira")], chat_id=-77)
    async with http.get(f"{base_url}/page/events") as stream:
        assert await stream.content.readuntil(b"\n\n") == b"retry: 1000\n\n"
        assert await stream.content.readline() == b"event: state\n"
        state = json.loads((await stream.content.readline()).removeprefix(b"data: "))
        assert [chat["id"] for chat in state["chats"]] == ["1001", "-4001"]
        await stream.content.readline()
        server.say(-77, 7, "/secret")
        server.say(1001, 1001, "hello")
        assert await stream.content.readline() == b"event: message\n"
        event = json.loads((await stream.content.readline()).removeprefix(b"data: "))
    assert event["message"]["text"] == "hello"


async def test_each_person_sees_and_says_as_themselves(
    base_url: str, http: aiohttp.ClientSession, server: TelegramServer
) -> None:
    """Behind `as` stands who sits before the page; nobody speaks for one who is not there."""
    eve = server.add_private_chat("Eve", user_id=66)
    server.say(eve.id, 66, "secret of Eve")
    async with http.get(f"{base_url}/page/events", params={"as": "66"}) as stream:
        await stream.content.readuntil(b"event: state\n")
        state = json.loads((await stream.content.readline()).removeprefix(b"data: "))
    assert state["visitor"] == 66
    assert [chat["id"] for chat in state["chats"]] == ["66"]
    assert [person["name"] for person in state["people"]] == ["You", "Eve"]
    for speaker, chat, status in ((66, "66", 200), (66, "1001", 400), (5, "1001", 400)):
        body = {"as": speaker, "chat": chat, "text": "hi"}
        async with http.post(f"{base_url}/page/say", json=body) as response:
            assert response.status == status
    assert [m.sender.first_name for m in server.messages(66)] == ["Eve", "Eve"]
    assert server.messages(1001) == []
