"""The program as a process: started, killed, started again, told to stop."""

import asyncio
import signal
import sqlite3
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import aiohttp
import pytest

from tests.e2e.conftest import GROUP, Scene


@asynccontextmanager
async def started(scene: Scene, *arguments: str) -> AsyncIterator[Process]:
    """Run the program with the settings of the scene; kill what is left of it."""
    ours = {"PYTHONPATH": str(Path(__file__).parents[2]), "PYTHONWARNINGS": "error", "PATH": ""}
    environ = {**scene.environ, **ours}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", *arguments,
        env=environ, cwd=scene.folder, stdout=PIPE, stderr=PIPE,
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def test_kill_between_check_and_send(scene: Scene) -> None:
    """An alert that was found but not sent when the process died comes with the next start."""
    scene.telegram.fail("sendMessage", status=502, times=None)
    scene.okx.set("funding", "USDT", available="320.5")
    async with started(scene, "run") as process:
        await scene.telegram.wait_for_call("sendMessage", lambda _: True, timeout=20)
        process.send_signal(signal.SIGKILL)
        await process.wait()
    assert scene.said("USDT low", chat_id=GROUP) == []
    scene.telegram.end_faults()
    async with started(scene, "run"):
        await scene.telegram.wait_for_message(GROUP, "main/funding · USDT low", timeout=20)
        await scene.next_round()
    assert len(scene.said("USDT low", chat_id=GROUP)) == 1


async def test_kill_while_sending_repeats_the_alert_and_says_so(scene: Scene) -> None:
    """Nobody can know whether it arrived: it is sent again with the same id, marked."""
    gate = scene.telegram.gate("sendMessage")
    scene.okx.set("funding", "USDT", available="320.5")
    async with started(scene, "run") as process:
        await asyncio.wait_for(gate.reached.wait(), 20)
        process.send_signal(signal.SIGKILL)
        await process.wait()
    gate.open()
    scene.telegram.end_faults()
    async with started(scene, "run"):
        again = await scene.telegram.wait_for_message(GROUP, "may be a repeat", timeout=20)
    assert "main/funding · USDT low" in again.text


async def test_sigterm_ends_it_in_order(scene: Scene) -> None:
    """Told to stop, it ends by itself, well and soon, without a traceback."""
    async with started(scene, "run") as process:
        await scene.telegram.wait_for_call("getUpdates", lambda _: True, timeout=20)
        process.send_signal(signal.SIGTERM)
        _, err = await asyncio.wait_for(process.communicate(), 10)
    assert process.returncode == 0, err.decode()
    assert b"Traceback" not in err


async def test_secrets_stay_out_of_the_log(scene: Scene) -> None:
    """At the most talkative level, with a refused key, no secret is in any line."""
    scene.environ |= {"BOT_LOG__LEVEL": "DEBUG", "BOT_ACCOUNTS__XT__API_SECRET": "wrong-secret"}
    async with started(scene, "run") as process:
        await scene.telegram.wait_for_message(GROUP, "CANNOT READ", timeout=20)
        process.send_signal(signal.SIGTERM)
        _, err = await asyncio.wait_for(process.communicate(), 10)
    secrets = [
        v for n, v in scene.environ.items() if n.endswith(("KEY", "SECRET", "PHRASE", "TOKEN"))
    ]
    log = err.decode()
    assert len(log) > 500
    assert [secret for secret in secrets if secret in log] == []
    assert "signature=" not in log


async def test_two_bots_on_one_database(scene: Scene) -> None:
    """The second one refuses to start, in one line, and the first goes on."""
    async with started(scene, "run") as first:
        await scene.telegram.wait_for_call("getUpdates", lambda _: True, timeout=20)
        async with started(scene, "run") as second:
            _, err = await asyncio.wait_for(second.communicate(), 20)
        assert first.returncode is None
    assert second.returncode == 1  # the first may be about to end
    assert err.decode().count("\n") == 1
    assert err.decode().startswith("BOT_DATABASE_URL: ")


@pytest.mark.parametrize(
    ("url", "code", "reason"),
    [
        ("postgresql://me:hunter2secret@127.0.0.1:1/bot", 1, "does not let us in"),
        ("sqlite:///{folder}/folder.db", 1, "cannot be opened: Is a directory"),
        ("sqlite:///{folder}/photos.db", 2, "is the database of another program"),
        ("mysql://127.0.0.1/bot", 2, "names neither a file, such as sqlite:///data/bot.db, nor"),
    ],
)
async def test_a_database_that_cannot_be_had(
    scene: Scene, url: str, code: int, reason: str
) -> None:
    """One line; whoever supervises the bot starts it again where that can help, and only there."""
    (scene.folder / "folder.db").mkdir(parents=True)
    with closing(sqlite3.connect(scene.folder / "photos.db")) as connection:
        connection.execute("CREATE TABLE photos (id INTEGER)")
    scene.environ["BOT_DATABASE_URL"] = url.format(folder=scene.folder)
    async with started(scene, "run") as process:
        _, err = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == code
    (line,) = err.decode().splitlines()
    assert line.startswith("BOT_DATABASE_URL: ")
    assert reason in line
    assert "hunter2" not in line


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
async def test_the_demo_serves_its_page_and_stops(scene: Scene, sign: signal.Signals) -> None:
    """No key, no network, no settings: the page is there, and Ctrl-C ends all of it."""
    scene.environ.clear()
    async with started(scene, "demo", "--port", "0") as process:
        assert process.stdout is not None
        line = b""
        while b"http://" not in line:
            line = await asyncio.wait_for(process.stdout.readline(), 20)
        page = line.decode().split()[1]
        async with aiohttp.ClientSession() as session, session.get(page) as answer:
            assert answer.status == 200
            assert "balance" in await answer.text()
        process.send_signal(sign)
        _, err = await asyncio.wait_for(process.communicate(), 10)
    assert process.returncode == 0, err.decode()
    assert err == b""


async def test_the_demo_says_that_its_port_is_taken(scene: Scene) -> None:
    """One line that says what to do, and exit code 2."""
    port = scene.page.rpartition(":")[2]
    async with started(scene, "demo", "--port", port) as process:
        _, err = await asyncio.wait_for(process.communicate(), 20)
    assert process.returncode == 2
    assert err.decode() == f"--port: port {port} is taken; choose another with --port\n"
