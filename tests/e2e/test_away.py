"""Telegram is away: other channels tell what is critical, once, and Telegram when it is back."""

import asyncio
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from aiohttp import web

from bot.clock import utc_now
from bot.sandbox.telegram import TelegramServer
from bot.services.watch_vitals import WatchVitals
from bot.watchdog import STUCK
from tests.e2e.conftest import GROUP, Scene

TOKEN = "path-token-0123456789"
CRITICAL = "main/funding USDT < 500 · critical"


class Receiver:
    """Takes what Apprise posts; while `held` is not set it takes it, and does not answer."""

    def __init__(self) -> None:
        self.got: list[str] = []
        self.pings: list[str] = []
        self.came = asyncio.Event()
        self.held = asyncio.Event()
        self.held.set()
        self.port = 0

    @property
    def url(self) -> str:
        return f"json://127.0.0.1:{self.port}/{TOKEN}"

    @property
    def heartbeat_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/ping/{TOKEN}"

    async def take(self, request: web.Request) -> web.Response:
        self.got.append((await request.json())["message"])
        self.came.set()
        await self.held.wait()
        return web.Response()

    async def ping(self, request: web.Request) -> web.Response:
        self.pings.append(request.path_qs)
        self.came.set()
        return web.Response()


@pytest.fixture
async def receiver(scene: Scene) -> AsyncIterator[Receiver]:
    """Serve what Apprise posts to, and what the heart beats for; the rule is critical."""
    receiver = Receiver()
    app = web.Application()
    app.router.add_get("/ping/{rest:.*}", receiver.ping)
    app.router.add_post("/{rest:.*}", receiver.take)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    receiver.port = runner.addresses[0][1]
    scene.environ |= {"BOT_FALLBACK_URLS": receiver.url, "BOT_RULES__LOW": CRITICAL}
    yield receiver
    receiver.held.set()
    await runner.cleanup()


class Ahead:
    """The clock, put forward by hand."""

    def __init__(self) -> None:
        self.by = timedelta(0)

    def __call__(self) -> datetime:
        return utc_now() + self.by


@pytest.fixture
def clock(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> Ahead:
    monkeypatch.setattr("bot.running.ELSEWHERE_TICK_S", 0.2)
    monkeypatch.setattr("bot.running.HEARTBEAT_TICK_S", 0.3)
    scene.clock = ahead = Ahead()
    counted = partial(WatchVitals, counted_s=lambda: monotonic() + ahead.by.total_seconds())
    monkeypatch.setattr("bot.app.WatchVitals", counted)
    return ahead


async def let_time_pass(clock: Ahead, *, minutes: float) -> None:
    """Put the clock forward in steps that a bot that is awake would see."""
    for _ in range(round(minutes * 2)):
        clock.by += timedelta(seconds=30)
        await asyncio.sleep(0.25)  # a tick


def bad_gateway(telegram: TelegramServer) -> None:
    telegram.fail("sendMessage", status=502, times=None)


def black_hole(telegram: TelegramServer) -> None:
    telegram.black_hole()


@pytest.mark.parametrize("go_away", [bad_gateway, black_hole])
async def test_away_and_back(
    scene: Scene, receiver: Receiver, clock: Ahead, go_away: Callable[[TelegramServer], None]
) -> None:
    """Exactly one message in the channel for two chats, and exactly one late one in each."""
    async with scene.bot():
        await scene.next_round()
        go_away(scene.telegram)
        scene.okx.set("funding", "USDT", available="320.5")
        await scene.next_round()
        await let_time_pass(clock, minutes=4)
        assert receiver.got == []
        await let_time_pass(clock, minutes=2)
        await asyncio.wait_for(receiver.came.wait(), 15)
        scene.telegram.end_faults()
        for _ in range(100):  # what is in doubt is repeated ever more rarely
            await let_time_pass(clock, minutes=1)
            if scene.said("USDT low", chat_id=GROUP):
                break
        await scene.next_round()
    (told,) = receiver.got
    assert told.startswith("🔴 CRITICAL · main/funding · USDT low")
    assert "320.5" in told
    assert "&lt;" not in told
    assert "</" not in told
    (late,) = scene.said("USDT low", chat_id=GROUP)
    assert "told by other channels meanwhile" in late.text


async def test_the_heart_stops_with_telegram(
    scene: Scene, receiver: Receiver, clock: Ahead
) -> None:
    """It beats while all is well, and not while Telegram does not answer."""
    scene.environ["BOT_HEARTBEAT_URL"] = receiver.heartbeat_url
    async with scene.bot():
        scene.say("/whoami")  # else the first question is answered after half a minute
        await asyncio.wait_for(receiver.came.wait(), 10)
        scene.telegram.fail("getUpdates", status=502, times=None)
        scene.say("/whoami")
        await let_time_pass(clock, minutes=3)
        receiver.pings.clear()
        await let_time_pass(clock, minutes=2)
        assert receiver.pings == []
        scene.telegram.end_faults()
        receiver.came.clear()
        scene.say("/whoami")
        await asyncio.wait_for(receiver.came.wait(), 90)
    assert set(receiver.pings) == {f"/ping/{TOKEN}"}


HURRIED = """
import sys
from datetime import timedelta
import bot.core.elsewhere, bot.running, bot.services.tell_elsewhere
from bot.__main__ import main
bot.core.elsewhere.PATIENCE = timedelta(seconds=2)
bot.services.tell_elsewhere.FIRST_CHANCE = timedelta(0)
bot.running.CHECK_TICK_S = bot.running.ELSEWHERE_TICK_S = 0.2
bot.running.HEARTBEAT_TICK_S = 0.2
sys.argv = ["balance-bot", "run"]
main()
"""
HANGING = """
import asyncio, sys
import bot.app, bot.watchdog
from bot.__main__ import main
from bot.chat.poller import UpdatesBot

async def hang(self, offset, *, wait_s):
    await asyncio.Event().wait()

UpdatesBot.fetch_raw_updates = hang
limits = bot.watchdog.Limits(loop_s=5.0, part_s=1.5, look_s=0.1)
bot.app.open_app.__wrapped__.__kwdefaults__["limits"] = limits
sys.argv = ["balance-bot", "run"]
main()
"""


@asynccontextmanager
async def program(scene: Scene, text: str) -> AsyncIterator[Process]:
    """Run a program as `balance-bot run` is, but for what it changes; kill what is left of it."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", text,
        env={**scene.environ, "PATH": "", "PYTHONPATH": str(Path(__file__).parents[2])},
        cwd=scene.folder, stdout=PIPE, stderr=PIPE,
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def stopped(process: Process) -> str:
    """End it in order; give its log."""
    process.send_signal(signal.SIGTERM)
    _, err = await asyncio.wait_for(process.communicate(), 15)
    assert process.returncode == 0, err.decode()
    return err.decode()


async def test_killed_between_sending_and_marking(scene: Scene, receiver: Receiver) -> None:
    """The channel has it, and nobody has written that down: it is told again, and once in all."""
    bad_gateway(scene.telegram)
    scene.okx.set("funding", "USDT", available="320.5")
    receiver.held.clear()
    async with program(scene, HURRIED) as process:
        await asyncio.wait_for(receiver.came.wait(), 30)
        process.send_signal(signal.SIGKILL)
        await process.wait()
    receiver.held.set()
    receiver.came.clear()
    async with program(scene, HURRIED) as process:
        await asyncio.wait_for(receiver.came.wait(), 30)
        await scene.next_round()
        await scene.next_round()
        await stopped(process)
    assert len(receiver.got) == 2
    async with program(scene, HURRIED) as process:
        await scene.next_round()
        await scene.next_round()
        await stopped(process)
    assert len(receiver.got) == 2


async def test_no_address_in_the_log(scene: Scene, receiver: Receiver) -> None:
    """At the most talkative level, with a channel that fails and a heart that nobody hears."""
    bad_gateway(scene.telegram)
    scene.okx.set("funding", "USDT", available="320.5")
    dead = f"json://user:{TOKEN}@127.0.0.1:1/{TOKEN}"
    scene.environ |= {
        "BOT_LOG__LEVEL": "DEBUG",
        "BOT_FALLBACK_URLS": f"{receiver.url}, {dead}",
        "BOT_HEARTBEAT_URL": f"http://127.0.0.1:1/{TOKEN}",
        "BOT_DATABASE_URL": f"sqlite:///{scene.folder / 'bot.db'}",
    }
    async with program(scene, HURRIED) as process:
        await asyncio.wait_for(receiver.came.wait(), 30)
        await scene.next_round()
        log = await stopped(process)
    assert "Another channel did not take" in log
    assert "Told by another channel" in log
    assert TOKEN not in log
    assert "127.0.0.1:1/" not in log
    kept = b"".join(path.read_bytes() for path in scene.folder.glob("bot.db*"))
    assert TOKEN.encode() not in kept
    assert b"elsewhere" in kept


async def test_an_address_that_apprise_does_not_know(scene: Scene, receiver: Receiver) -> None:
    """Refused at the start, by its place."""
    scene.environ["BOT_FALLBACK_URLS"] = f"{receiver.url},nosuch://{TOKEN}"
    async with program(scene, HURRIED) as process:
        _, err = await asyncio.wait_for(process.communicate(), 20)
    assert process.returncode == 2
    assert err.decode() == "BOT_FALLBACK_URLS: the 2nd is no address that Apprise knows\n"


async def test_a_poller_that_hangs_ends_the_bot(scene: Scene) -> None:
    """A supervisor cannot see that nothing turns; it sees that the process has ended."""
    async with program(scene, HANGING) as process:
        _, err = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == STUCK
    last: Any = err.decode().splitlines()[-1]
    assert "no longer turns" in last
    assert '"part": "poll"' in last


async def test_telegram_away_is_not_stuck(scene: Scene) -> None:
    """It tries on, and so it turns: nothing is ended for that."""
    scene.telegram.fail("getUpdates", status=502, times=None)
    scene.telegram.fail("sendMessage", status=502, times=None)
    trying = HANGING.replace("UpdatesBot.fetch_raw_updates = hang", "").replace("1.5", "6.0")
    async with program(scene, trying) as process:
        await scene.telegram.wait_for_call("getUpdates", count=4, timeout=30)
        assert process.returncode is None
        await stopped(process)
