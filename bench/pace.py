"""How fast messages go out to many chats, and how long people wait for answers meanwhile.

    python -m bench.pace

A sandbox Telegram that refuses with 429 what comes too fast, 40 chats, half of them groups, with
30 messages in the outbox for each; in every chat somebody asks for help now and then.
"""

import asyncio
import statistics
import tempfile
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

from bench.fetch import print_head
from bot.app import open_app
from bot.core.events import SourceFound
from bot.sandbox.telegram import TelegramServer, User, serve_telegram
from bot.settings import load_settings

PRIVATE, GROUPS, EACH = 20, 20, 30
SECONDS = 40.0
ASK_PRIVATE_S, ASK_GROUP_S = 5.0, 20.0
COMMAND = "/help"


def telegram_with_chats() -> tuple[TelegramServer, list[int]]:
    """Have people and groups, each of whom the bot may talk to."""
    server = TelegramServer(limits=True)
    people = [server.add_private_chat("P", user_id=1000 + n).id for n in range(PRIVATE)]
    groups = [
        server.add_group("G", [User(1000 + n, "P")], chat_id=-4000 - n).id for n in range(GROUPS)
    ]
    server.updates.clear()
    return server, [*people, *groups]


async def ask(server: TelegramServer, chat: int, waits: list[float]) -> None:
    """Ask for help again and again, and take down how long each answer took."""
    pause_s = ASK_PRIVATE_S if chat > 0 else ASK_GROUP_S
    await asyncio.sleep(pause_s * (abs(chat) % 10) / 10)
    user = server.chats[chat].members[0].id
    while True:
        begun = perf_counter()
        said = server.say(chat, user, COMMAND)
        await server.wait_for_message(chat, "/balance", after=said, timeout=120)
        waits.append(perf_counter() - begun)
        await asyncio.sleep(max(0.0, pause_s - waits[-1]))


async def main() -> None:
    """Let it run, and print what was measured."""
    print_head()
    server, chats = telegram_with_chats()
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        url = await stack.enter_async_context(serve_telegram(server, page=False))
        settings = load_settings(
            {
                "BOT_TELEGRAM__TOKEN": server.token,
                "BOT_TELEGRAM__API_URL": url,
                "BOT_TELEGRAM__OWNERS": ",".join(str(chat) for chat in chats if chat > 0),
                "BOT_TELEGRAM__CHATS": ",".join(str(chat) for chat in chats),
                "BOT_DATABASE_URL": f"sqlite:///{Path(folder) / 'bot.db'}",
                "BOT_DIGEST_AT": "",
            },
            folder=Path(folder),
        )
        app = await stack.enter_async_context(open_app(settings))
        now = datetime.now(UTC)
        async with app.open_unit() as unit:
            known = await unit.chats.load()
            for n in range(EACH):
                news = SourceFound(path=f"news/{n}", since=now, at=now)
                await unit.outbox.add([news], chats=known, at=now)
        waits: list[float] = []
        running = asyncio.create_task(app.run())
        asking = [asyncio.create_task(ask(server, chat, waits)) for chat in chats]
        await asyncio.sleep(SECONDS)
        for task in [*asking, running]:
            task.cancel()
        await asyncio.gather(*asking, running, return_exceptions=True)
    report(server, waits)


def report(server: TelegramServer, waits: list[float]) -> None:
    """Print the figures."""
    calls = [call for call in server.calls if call.method.startswith(("send", "edit"))]
    refused = [call for call in calls if call.status == 429]
    sent = [call for call in calls if call.status == 200]
    news = [call for call in sent if "news/" in str(call.parameters.get("text"))]
    centiles = statistics.quantiles(waits, n=100)
    print(f"{len(sent) / SECONDS:.1f} messages a second, {len(news)} of them from the outbox")
    print(f"{len(refused)} refused with 429")
    print(
        f"{len(waits)} answers to people: p50 {centiles[49] * 1000:.0f} ms, "
        f"p99 {centiles[98] * 1000:.0f} ms, longest {max(waits) * 1000:.0f} ms"
    )
    assert not refused


if __name__ == "__main__":
    asyncio.run(main())
