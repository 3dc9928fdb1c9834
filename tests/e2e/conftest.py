"""A whole scene for one test: emulated exchanges, a Telegram, and settings as a user has them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pytest

from bot.app import open_app
from bot.clock import utc_now
from bot.running import App
from bot.sandbox.exchanges import Served, serve_exchange
from bot.sandbox.telegram import Chat, Message, TelegramServer, serve_telegram
from bot.sandbox.world import Account, Key, World
from bot.settings import load_settings, require_bot

EXACT = "12345.678901234567890123"
GROUP = -4001
MAIN_ENDPOINT = {"okx": "asset/balances", "coinw": "returnCompleteBalances", "xt": "getBalance"}
"""What each check of an account asks for once."""


@dataclass
class Scene:
    """What a test moves and looks at."""

    world: World
    telegram: TelegramServer
    you: Chat
    page: str
    exchanges: dict[str, Served]
    environ: dict[str, str]
    folder: Path
    clock: Callable[[], datetime] = utc_now
    apps: list[App] = field(default_factory=list)

    @property
    def okx(self) -> Account:
        return self.world.account("okx", "main")

    def say(self, text: str) -> Message:
        return self.telegram.say(self.you.id, self.you.id, text)

    async def answer(
        self, wanted: str | Callable[[Message], bool], *, after: Message | int = 0
    ) -> Message:
        return await self.telegram.wait_for_message(self.you.id, wanted, after=after, timeout=10)

    async def balances(self, command: str = "/balance", part: str = "") -> Message:
        """Ask, and wait for the answer that was read for it."""
        return await self.answer(
            lambda m: "Balances" in m.text and part in m.text and "⏳" not in m.text,
            after=self.say(command),
        )

    def said(self, part: str, *, chat_id: int | None = None) -> list[Message]:
        """All messages of the bot that contain a text."""
        messages = self.telegram.messages(chat_id or self.you.id)
        return [m for m in messages if m.from_bot and part in m.text]

    @asynccontextmanager
    async def bot(self) -> AsyncIterator[App]:
        """Run the bot as `balance-bot run` does, in this process."""
        settings = load_settings(self.environ, folder=self.folder)
        require_bot(settings)
        async with open_app(settings, clock=self.clock) as app, asyncio.TaskGroup() as group:
            running = group.create_task(app.run())  # an app that breaks breaks the test, too
            yield app
            running.cancel()

    async def next_round(self) -> None:
        """Wait until every account was read anew, from beginning to end."""
        wanted = {slug: self._checks(slug) + 2 for slug in MAIN_ENDPOINT}
        async with asyncio.timeout(10):
            # The journal rings no bell.
            while any(self._checks(slug) < count for slug, count in wanted.items()):  # noqa: ASYNC110
                await asyncio.sleep(0.05)

    def _checks(self, slug: str) -> int:
        journal = self.exchanges[slug].journal
        return sum(entry.endpoint == MAIN_ENDPOINT[slug] for entry in journal)


@pytest.fixture
async def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Scene]:
    """Serve three exchanges with five sources and a Telegram with you and a group in it."""
    # What is due is looked for more often, so that a round of a second takes no two.
    monkeypatch.setattr("bot.running.CHECK_TICK_S", 0.2)
    monkeypatch.setattr("bot.running.DIGEST_TICK_S", 1.0)
    world = World()
    okx = world.add_account("okx", Key("okx-key", "okx-secret", "okx-pass"), name="main")
    okx.set("funding", "USDT", available="2000", held="0")
    okx.set(okx.add_sub("desk1"), "USDT", available=EXACT)
    okx.stake("0.63926191", latest="0.00006549", total="0.01490596", taken_at=utc_now())
    coinw = world.add_account("coinw", Key("coinw-key", "coinw-secret"), name="coinw")
    coinw.set("spot", "USDT", available="257.518301140000000")
    xt = world.add_account("xt", Key("xt-key", "xt-secret"), name="xt")
    xt.set("spot", "USDT", available="3867.43650012", held="3062.17437341")
    telegram = TelegramServer()
    you = telegram.add_private_chat("You")
    telegram.add_group("Desk", [*you.members], chat_id=GROUP)
    telegram.updates.clear()
    async with AsyncExitStack() as stack:
        page = await stack.enter_async_context(serve_telegram(telegram))
        exchanges = {
            slug: await stack.enter_async_context(serve_exchange(slug, world))
            for slug in ("okx", "coinw", "xt")
        }
        environ = {
            "BOT_TELEGRAM__TOKEN": telegram.token,
            "BOT_TELEGRAM__API_URL": page,
            "BOT_TELEGRAM__OWNERS": str(you.id),
            "BOT_TELEGRAM__CHATS": str(GROUP),
            "BOT_DATABASE_URL": f"sqlite:///{tmp_path / 'data' / 'bot.db'}",
            "BOT_CHECK_EVERY": "1s",
            "BOT_DIGEST_AT": "",
            "BOT_WEB__LISTEN": "",
            "BOT_RULES__LOW": "main/funding USDT < 500",
        }
        for account in world:
            key = world.keys(account)[0]
            top = f"BOT_ACCOUNTS__{account.name.upper()}"
            environ[f"{top}__EXCHANGE"] = account.exchange
            environ[f"{top}__BASE_URL"] = exchanges[account.exchange].url
            environ[f"{top}__API_KEY"] = key.api_key
            environ[f"{top}__API_SECRET"] = key.api_secret
        environ["BOT_ACCOUNTS__MAIN__PASSPHRASE"] = "okx-pass"
        environ["BOT_ACCOUNTS__MAIN__SUB_ACCOUNTS"] = "desk1"
        yield Scene(world, telegram, you, page, exchanges, environ, tmp_path)
