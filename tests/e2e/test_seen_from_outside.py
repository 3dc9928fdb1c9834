"""The whole bot, seen from outside: its pages while it works, and a place that it cannot have."""

import asyncio
import errno
import os
import socket
import sys
from asyncio.subprocess import PIPE
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.settings import WebSettings
from tests.e2e.conftest import Scene


@pytest.fixture
def taken() -> Any:
    """Have a port that somebody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


async def page(port: int, path: str) -> tuple[int, str]:
    url = f"http://127.0.0.1:{port}{path}"
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return answer.status, await answer.text()


async def test_while_it_works(scene: Scene, port: int) -> None:
    """Well as soon as all parts have got somewhere; the numbers are those of the scene."""
    scene.environ |= {"BOT_WEB__LISTEN": f"127.0.0.1:{port}", "BOT_WEB__BALANCES": "true"}
    scene.okx.set("funding", "USDT", available="320.5")
    async with scene.bot():
        await scene.answer("wallets", after=scene.say("/start"))
        await scene.answer("USDT low")
        async with asyncio.timeout(10):
            while (await page(port, "/healthz"))[0] != 200:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        status, text = await page(port, "/metrics")
    assert status == 200
    lines = set(text.splitlines())
    assert {
        "balance_bot_healthy 1.0",
        "balance_bot_leading 1.0",
        "balance_bot_accounts 3.0",
        'balance_bot_wallets{state="ok"} 9.0',
        'balance_bot_wallets{state="unreadable"} 0.0',
        'balance_bot_balance{coin="USDT",path="main/funding"} 320.5',
        'balance_bot_limit{coin="USDT",comparison="<",rule="low",subject="main/funding"} 500.0',
        'balance_bot_alerts_firing{severity="warning"} 1.0',
        'balance_bot_episodes_total{event="raised"} 1.0',
        'balance_bot_checks_total{outcome="broken"} 0.0',
    } <= lines
    assert any(line.startswith("balance_bot_database_bytes ") for line in lines)
    for secret in [v for n, v in scene.environ.items() if n.endswith(("KEY", "SECRET", "TOKEN"))]:
        assert secret not in text


async def test_stopped_parts_are_seen(scene: Scene, port: int) -> None:
    """Telegram away from the start: 503, with the part and the reason; checks go on."""
    scene.environ["BOT_WEB__LISTEN"] = f"127.0.0.1:{port}"
    scene.telegram.black_hole()
    async with scene.bot():
        await asyncio.sleep(0.5)
        status, text = await page(port, "/healthz")
    scene.telegram.end_faults()
    assert status == 503
    assert "nothing has got through from Telegram since the start" in text


async def run_until_it_ends(scene: Scene) -> tuple[int | None, str]:
    ours = {"PYTHONPATH": str(Path(__file__).parents[2]), "PYTHONWARNINGS": "error", "PATH": ""}
    environ = {**scene.environ, **ours}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", "run",
        env=environ, cwd=scene.folder, stdout=PIPE, stderr=PIPE,
    )  # fmt: skip
    try:
        _, err = await asyncio.wait_for(process.communicate(), 20)
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()
    return process.returncode, err.decode()


async def test_a_place_that_somebody_wants_and_cannot_have(scene: Scene, taken: int) -> None:
    """It does not start: who watches it there would see another program, or nothing."""
    scene.environ["BOT_WEB__LISTEN"] = f"127.0.0.1:{taken}"
    code, err = await run_until_it_ends(scene)
    assert code == 1  # it may be free in a moment
    last = err.splitlines()[-1]
    reason = os.strerror(errno.EADDRINUSE)
    assert last == f"BOT_WEB__LISTEN: 127.0.0.1:{taken} cannot be had: {reason}"
    assert scene.telegram.calls_of("getUpdates") == []


async def test_a_place_that_nobody_has_asked_for(
    scene: Scene, taken: int, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    """The bot works without its pages, and says so: the second one on a machine is no mistake."""
    scene.environ["BOT_WEB__LISTEN"] = f"127.0.0.1:{taken}"
    monkeypatch.setattr(WebSettings, "is_chosen", False)
    async with scene.bot():
        await scene.answer("wallets", after=scene.say("/start"))
    assert "There is no /healthz and no /metrics" in capsys.readouterr().out
