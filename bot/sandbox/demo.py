"""The demo: the unchanged bot against emulated exchanges and a Telegram of its own.

Everything is on the loopback and ends with the program; the settings are made up here and go the
way that all settings go.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TextIO

from bot.app import open_app
from bot.clock import utc_now
from bot.log import set_up_log
from bot.sandbox.exchanges import serve_exchange
from bot.sandbox.past import write_past
from bot.sandbox.telegram import TelegramServer, serve_telegram
from bot.sandbox.world import DemoStory, World, demo_world
from bot.settings import Settings, load_settings

HINT = (
    "Try /balance and its buttons, /history, or /help. In half a minute main/funding runs low: "
    "an alert comes, and later its recovery."
)
RULES = {
    "FUNDING": 'main/funding USDT < 500 · critical · "The grid bot needs 500"',
    "DESKS": "main/sub:* USDT < 1000",
    "ALL": "sum * USDT < 20000 · clear 20500",
}
CHECK_EVERY = "5s"
FIRST_DIGEST = timedelta(minutes=2)


class PortTaken(Exception):
    """The page cannot be served where it was wanted."""


async def run_demo(*, port: int, out: TextIO = sys.stdout) -> None:
    """Run until cancelled; `port` 0 takes a free one.

    Raises:
        PortTaken: something else listens there.
    """
    async with open_demo(port=port) as page:
        out.write(f"\n  Open {page} in a browser. Ctrl-C ends the demo.\n\n")
        out.flush()
        await asyncio.Event().wait()


@asynccontextmanager
async def open_demo(*, port: int) -> AsyncIterator[str]:
    """Start all of it and give the address of the chat page."""
    world = demo_world(now=utc_now())
    telegram = TelegramServer(hint=HINT)
    you = telegram.add_private_chat("You")
    ada = telegram.add_private_chat("Ada", user_id=2002)  # a stranger until you let her in
    desk = telegram.add_group("Desk", [*you.members, *ada.members])
    async with AsyncExitStack() as stack:
        # Ended while it begins, it may still be writing there.
        made = TemporaryDirectory(prefix="balance-bot-demo-", ignore_cleanup_errors=True)
        folder = Path(stack.enter_context(made))
        try:
            page = await stack.enter_async_context(serve_telegram(telegram, port=port))
        except OSError:
            raise PortTaken(f"port {port} is taken; choose another with --port") from None
        exchanges = {
            slug: (await stack.enter_async_context(serve_exchange(slug, world))).url
            for slug in ("okx", "coinw", "xt")
        }
        environ = _environ(world, exchanges, telegram, page, folder=folder, now=utc_now())
        environ |= {"BOT_TELEGRAM__OWNERS": str(you.id), "BOT_TELEGRAM__CHATS": str(desk.id)}
        settings = load_settings(environ, folder=folder)
        set_up_log(level=settings.log.level, style="text", secrets=settings.secrets)
        await write_past(settings, world, now=utc_now())
        tasks = await stack.enter_async_context(asyncio.TaskGroup())
        stack.push_async_callback(_cancel, tasks.create_task(_run_bot(settings)))
        stack.push_async_callback(_cancel, tasks.create_task(_tell(DemoStory(world))))
        telegram.say(you.id, you.id, "/start")
        yield page


def _environ(
    world: World,
    exchanges: Mapping[str, str],
    telegram: TelegramServer,
    page: str,
    *,
    folder: Path,
    now: datetime,
) -> dict[str, str]:
    """Write the settings down as a user would."""
    environ = {
        "BOT_TELEGRAM__TOKEN": telegram.token,
        "BOT_TELEGRAM__API_URL": page,
        "BOT_DATABASE_URL": f"sqlite:///{folder / 'bot.db'}",
        "BOT_CHECK_EVERY": CHECK_EVERY,
        "BOT_DIGEST_AT": f"{now + FIRST_DIGEST:%H:%M}",
        "BOT_LOG__LEVEL": "WARNING",
        "BOT_WEB__LISTEN": "",
        "BOT_ACCOUNTS__MAIN__SUB_ACCOUNTS": "*",
        **{f"BOT_RULES__{name}": rule for name, rule in RULES.items()},
    }
    for account in world:
        key = world.keys(account)[0]
        top = f"BOT_ACCOUNTS__{account.name.upper()}"
        environ[f"{top}__EXCHANGE"] = account.exchange
        environ[f"{top}__BASE_URL"] = exchanges[account.exchange]
        environ[f"{top}__API_KEY"] = key.api_key
        environ[f"{top}__API_SECRET"] = key.api_secret
        if key.passphrase is not None:
            environ[f"{top}__PASSPHRASE"] = key.passphrase
    return environ


async def _run_bot(settings: Settings) -> None:
    async with open_app(settings) as app:
        await app.run()


async def _tell(story: DemoStory) -> None:
    """Let the world move."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    while True:
        story.tell(loop.time() - began)
        await asyncio.sleep(1)


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait({task})
