"""What a flood of updates from strangers costs the owner, by the real poller over loopback.

    python -m bench.strangers [--updates N]

Seconds from the owner's `/balance` to its whole answer: alone, in the middle of the flood and at
its end. The sandbox Telegram and the flood are in a process of their own, as Telegram is.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from bot.app import open_app
from bot.log import set_up_log
from bot.sandbox.exchanges import serve_exchange
from bot.sandbox.telegram import TelegramServer, serve_telegram
from bot.sandbox.world import Key, World
from bot.settings import load_settings, require_bot

OWNER, FIRST_STRANGER, FOREIGN_GROUP = 1001, 2_000_000, -5_000_000
TIMES, NONE = 3, (0.0, 0.0)
REST_S = 4.0
"""Between two commands, so that the pace of sending does not count."""


async def serve() -> None:
    """Be the Telegram: print the address, and do what the lines of the standard input say."""
    telegram = TelegramServer()
    telegram.add_private_chat("You", user_id=OWNER)
    for number in range(1, 100, 5):
        telegram.add_private_chat(user_id=FIRST_STRANGER + number)
    loop = asyncio.get_running_loop()
    async with serve_telegram(telegram, page=False) as url:
        say({"url": url, "token": telegram.token})
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            before, after = json.loads(line)
            say(await answered_after(telegram, before, after))


def say(what: object) -> None:
    print(json.dumps(what), flush=True)


async def answered_after(telegram: TelegramServer, before: int, after: int) -> float:
    """Let strangers come before and behind the owner's command; give the seconds it took."""
    queue = telegram.updates
    await asyncio.sleep(REST_S)
    for number in range(before):
        queue.inject(stranger(number))
    started = time.perf_counter()
    said = telegram.say(OWNER, OWNER, "/balance")
    for number in range(after):
        queue.inject(stranger(before + number))
    await telegram.wait_for_message(OWNER, "USDT", after=said, timeout=60)
    answered = time.perf_counter() - started
    while queue.pending:  # noqa: ASYNC110 - nobody tells when the last is confirmed
        await asyncio.sleep(0.01)
    return answered


def stranger(number: int) -> dict[str, Any]:
    """Make one of all kinds of updates, in turn."""
    user = {"id": FIRST_STRANGER + number, "is_bot": False, "first_name": f"Stranger {number}"}
    private = {"id": user["id"], "type": "private", "first_name": user["first_name"]}
    group = {"id": FOREIGN_GROUP - number % 500, "type": "supergroup", "title": "Elsewhere"}
    now = int(time.time())
    message = {"message_id": number + 1, "date": now, "chat": private, "from": user}
    bot = {"id": 1000001, "is_bot": True, "first_name": "balance-bot"}
    kinds: list[dict[str, Any]] = [
        {"message": {**message, "text": "hello, is anybody there? " * 8}},
        {"message": {**message, "text": "/start"}},
        {"message": {**message, "text": "/whoami", "chat": group}},
        {"callback_query": {
            "id": str(number), "from": user, "chat_instance": "1", "data": "b:r:0:*",
            "message": {**message, "chat": group, "from": bot, "text": "Balances"},
        }},
        {"my_chat_member": {
            "chat": group, "from": user, "date": now,
            "old_chat_member": {"user": bot, "status": "left"},
            "new_chat_member": {"user": bot, "status": "member"},
        }},
    ]  # fmt: skip
    return kinds[number % len(kinds)]


@asynccontextmanager
async def sandbox() -> AsyncIterator[asyncio.subprocess.Process]:
    """Run the Telegram until the end of the block."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.strangers", "--serve", stdin=pipe, stdout=pipe
    )
    try:
        yield process
    finally:
        process.terminate()
        await process.wait()


async def told(process: asyncio.subprocess.Process) -> Any:
    assert process.stdout
    return json.loads(await process.stdout.readline())


async def measure(updates: int) -> dict[str, tuple[float, float]]:
    """Run the bot with one account; give the worst of a few times for each place of the flood."""
    half = updates // 2
    floods = {"alone": (0, 0), "in the middle": (half, half), "at the end": (updates, 0)}
    world = World()
    account = world.add_account("xt", Key("key", "secret"), name="xt")
    account.set("spot", "USDT", available="1234.5")
    worst: dict[str, tuple[float, float]] = {}
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        process = await stack.enter_async_context(sandbox())
        served = await stack.enter_async_context(serve_exchange("xt", world))
        telegram = await told(process)
        settings = load_settings(
            {
                "BOT_TELEGRAM__TOKEN": telegram["token"],
                "BOT_TELEGRAM__API_URL": telegram["url"],
                "BOT_TELEGRAM__OWNERS": str(OWNER),
                "BOT_DATABASE_URL": f"sqlite:///{folder}/bot.db",
                "BOT_CHECK_EVERY": "1h",
                "BOT_ACCOUNTS__XT__EXCHANGE": "xt",
                "BOT_ACCOUNTS__XT__BASE_URL": served.url,
                "BOT_ACCOUNTS__XT__API_KEY": "key",
                "BOT_ACCOUNTS__XT__API_SECRET": "secret",
            },
            folder=Path(folder),
        )
        require_bot(settings)
        set_up_log(level="ERROR", style="text", secrets=())
        app = await stack.enter_async_context(open_app(settings))
        async with asyncio.TaskGroup() as group:
            running = group.create_task(app.run())
            for place, (before, after) in floods.items():
                for _ in range(TIMES):
                    worst[place] = max(await ask(process, before, after), worst.get(place, NONE))
            running.cancel()
    return worst


async def ask(process: asyncio.subprocess.Process, before: int, after: int) -> tuple[float, float]:
    """Give the seconds to the answer, and those of our processor until the flood was over."""
    assert process.stdin
    began = time.process_time()
    process.stdin.write(f"{json.dumps([before, after])}\n".encode())
    return float(await told(process)), time.process_time() - began


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="What a flood of strangers costs the owner.")
    parser.add_argument("--updates", type=int, default=10_000)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        asyncio.run(serve())
        return
    print(f"/balance among {given.updates:,} updates of strangers, worst of {TIMES}:")
    for place, (seconds, busy) in asyncio.run(measure(given.updates)).items():
        print(f"  {place:<14} {seconds:6.3f} s, the bot's processor time {busy:6.3f} s")


if __name__ == "__main__":
    main()
