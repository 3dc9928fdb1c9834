"""The command line as a shell runs it, against emulated exchanges and a sandbox Telegram."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.sandbox.exchanges import Served, serve_exchange
from bot.sandbox.telegram import TelegramServer, serve_telegram
from bot.sandbox.world import Key, World

KEYS = {
    "okx": Key("okx-key-1", "okx-secret-1", "okx-pass-1"),
    "coinw": Key("coinw-key-1", "coinw-secret-1"),
    "xt": Key("xt-key-1", "xt-secret-1"),
}


@dataclass(frozen=True)
class Done:
    """A program that has ended."""

    code: int
    out: str
    err: str


Run = Callable[..., Coroutine[Any, Any, Done]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run `python -m bot` in an empty folder, with nothing but these settings."""

    async def run_one(*arguments: str, settings: Mapping[str, str]) -> Done:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-W", "error", "-m", "bot", *arguments),
            cwd=tmp_path,
            env={"PYTHONPATH": str(Path(__file__).parents[2]), **settings},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
        return Done(process.returncode or 0, out.decode(), err.decode())

    return run_one


@dataclass
class Stage:
    """Three exchanges and a Telegram, running; the settings that fit them."""

    world: World
    served: Mapping[str, Served]
    telegram: TelegramServer
    settings: dict[str, str]


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """Set the stage: `main` (okx, with a sub-account), `coinw` and `xt`."""
    world, telegram = World(), TelegramServer()
    telegram.add_private_chat("You")
    async with AsyncExitStack() as stack:
        served = {
            slug: await stack.enter_async_context(serve_exchange(slug, world)) for slug in KEYS
        }
        api_url = await stack.enter_async_context(serve_telegram(telegram, page=False))
        settings = {
            "BOT_TELEGRAM__TOKEN": telegram.token,
            "BOT_TELEGRAM__API_URL": api_url,
            "BOT_TELEGRAM__OWNERS": "1001",
            "BOT_DATABASE_URL": f"sqlite:///{tmp_path / 'bot.db'}",
            "BOT_ACCOUNTS__MAIN__WALLETS": "funding,eth-staking",
            "BOT_ACCOUNTS__MAIN__SUB_ACCOUNTS": "desk 1",
        }
        for slug, key in KEYS.items():
            name = "main" if slug == "okx" else slug
            top = f"BOT_ACCOUNTS__{name.upper()}"
            settings |= {
                f"{top}__EXCHANGE": slug,
                f"{top}__BASE_URL": served[slug].url,
                f"{top}__API_KEY": key.api_key,
                f"{top}__API_SECRET": key.api_secret,
            }
            world.add_account(slug, key, name=name)
        settings["BOT_ACCOUNTS__MAIN__PASSPHRASE"] = "okx-pass-1"
        _fill(world)
        yield Stage(world, served, telegram, settings)


def _fill(world: World) -> None:
    main = world.account("okx", "main")
    main.set("funding", "ETH", available="37.11827078")
    main.set("funding", "USDT", available="12345.678901234567890123", held="0.5")
    main.stake(
        "0.63926191",
        latest="0.00006549",
        total="0.01490596",
        taken_at=datetime(2023, 11, 6, 8, tzinfo=UTC),
    )
    main.set(main.add_sub("desk 1"), "BTC", available="1")
    world.account("coinw", "coinw").set("spot", "USDT", available="257.518301140000000")
