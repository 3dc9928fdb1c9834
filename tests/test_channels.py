"""Other channels: Apprise as a process aside, against a receiver on loopback."""

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Any

import pytest
from aiohttp import web

from bot import channels as module
from bot.channels import AppriseChannels, ChannelsFailed, unknown_addresses


@dataclass
class Receiver:
    """Take what Apprise posts as JSON."""

    port: int = 0
    got: list[dict[str, Any]] = field(default_factory=list)
    status: int = 200

    def url(self, path: str = "") -> str:
        return f"json://127.0.0.1:{self.port}/{path}"

    async def take(self, request: web.Request) -> web.Response:
        self.got.append(await request.json())
        return web.Response(status=self.status)


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """Serve a receiver on loopback."""
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/{rest:.*}", receiver.take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    receiver.port = runner.addresses[0][1]
    try:
        yield receiver
    finally:
        await runner.cleanup()


def built(*urls: str, key: str = "12:token", text: str = "low") -> AppriseChannels:
    return AppriseChannels(urls, key=key, render=lambda events: text)


async def test_text_arrives_as_it_is() -> None:
    """Plain, with a title; what fails says so, and is no matter of the others."""
    async with receiving() as receiver:
        channels = built(receiver.url("a"), "json://127.0.0.1:1/", text="🔴 <b> & 5 < 6\n\nlow")
        took = await channels.tell(dict.fromkeys(channels.names, ()))
    assert took == {channels.names[0]}
    (got,) = receiver.got
    assert got["message"] == "🔴 <b> & 5 < 6\n\nlow"
    assert got["title"] == "balance-bot: not heard on Telegram"


async def test_a_refusal_is_a_failure() -> None:
    """Who answers with an error has not taken it."""
    async with receiving() as receiver:
        receiver.status = 500
        channels = built(receiver.url())
        assert await channels.tell({channels.names[0]: ()}) == set()
    assert len(receiver.got) == 1


async def test_what_is_too_long_comes_in_parts() -> None:
    """A service that takes less gets more messages, unless the address says otherwise."""
    async with receiving() as receiver:
        channels = built(receiver.url(), text="x" * 40_000)
        assert await channels.tell({channels.names[0]: ()})
    assert sum(len(got["message"]) for got in receiver.got) == 40_000
    assert len(receiver.got) == 2


def test_who_hangs_takes_nobody_along(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was taken in time counts, although another one never answers."""
    monkeypatch.setattr(module, "SEND_WITHIN_S", 0.3)
    never = threading.Event()

    def send(message: dict[str, str], place: int, done: SimpleQueue[int]) -> None:
        if message["url"] == "hangs":
            never.wait(20)
        done.put(place if message["url"] == "takes" else -1)

    monkeypatch.setattr(module, "_send", send)
    messages = [{"url": url} for url in ("hangs", "takes", "fails", "takes")]
    assert module._sent(messages) == [False, True, False, True]
    never.set()


async def test_names_tell_nothing_and_stay() -> None:
    """The same after every start, whatever stands before it; another one with another token."""
    one, two = built("json://h/secret"), built("json://other/", "json://h/secret")
    assert one.names[0] == two.names[1]
    assert one.names != built("json://h/secret", key="13:token").names
    assert "secret" not in one.names[0]


async def test_addresses_that_are_none() -> None:
    """Places are named, nothing else."""
    urls = ["json://127.0.0.1/", "nosuch://secret", "ntfys://topic", "tgram://x", "nothing"]
    assert await unknown_addresses(urls) == [2, 4, 5]


async def test_no_answer_from_aside(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that dies is a failure of all that it was to tell, without a word of it."""
    monkeypatch.setattr(module, "ASIDE_WITHIN_S", 0.01)
    channels = built("json://127.0.0.1/secret-token")
    assert await channels.tell({channels.names[0]: ()}) == ()
    with pytest.raises(ChannelsFailed) as failed:
        await unknown_addresses(["json://127.0.0.1/secret-token"])
    assert "secret" not in repr(failed.value)
    assert failed.value.__cause__ is None
