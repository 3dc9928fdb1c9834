"""The servers of a campaign, and the settings with which a life is started."""

import random
import tempfile
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.chaos.lives import Life, Nursery
from bench.chaos.phone import Phone
from bench.chaos.seams import AS_IT_IS
from bench.chaos.truth import COINS, LIMIT, Truth
from bench.chaos.victim import Order
from bench.chaos.weather import ExchangeWeather
from bot.sandbox.exchanges import NO_LIMITS, Served, serve_exchange
from bot.sandbox.telegram import User, serve_telegram
from bot.sandbox.world import World

YOU, ADA, GROUP, SUPERGROUP = 1001, 1002, -4001, -1001234567890
CHATS = (YOU, ADA, GROUP, SUPERGROUP)
SHARE_OF_TROUBLE, SHARE_OF_WRONG_ANSWERS = 0.15, 0.08


class AheadClock:
    """The time of all emulators and lives: noon of a day that the campaign turns over."""

    def __init__(self) -> None:
        now = datetime.now(UTC)
        self.ahead = now.replace(hour=12, minute=0, second=0, microsecond=0) - now

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def turn_over(self) -> None:
        """Let a day pass."""
        self.ahead += timedelta(days=1)


@dataclass(slots=True)
class Scene:
    """What a campaign moves and looks at."""

    truth: Truth
    phone: Phone
    exchanges: dict[str, Served]
    environ: dict[str, str]
    folder: Path
    clock: AheadClock
    nursery: Nursery
    chance: random.Random
    drops: Counter[str]
    lives: int = 0
    weather: list[ExchangeWeather] = field(default_factory=list)

    def calm(self) -> None:
        """Let nothing go wrong by chance from now on."""
        self.phone.share = 0
        for weather in self.weather:
            weather.share = 0

    async def bear(
        self, *, point: str | None = None, nth: int = 1, build: str = AS_IT_IS, hasty: bool = True
    ) -> Life:
        """Start another life."""
        self.lives += 1
        self.phone.life = self.lives
        order = Order(
            environ=self.environ,
            folder=str(self.folder),
            journal=str(self.journal_of(self.lives)),
            point=point,
            nth=nth,
            ahead_s=self.clock.ahead.total_seconds(),
            build=build,
            hasty=hasty,
        )
        return await self.nursery.bear(order)

    def end_of_log(self) -> str:
        """Quote what the bot has complained about last."""
        return (self.folder / "bot.log").read_text()[-4000:]

    def journal_of(self, life: int) -> Path:
        """Name the file of a life."""
        return self.folder / f"life-{life}"


@asynccontextmanager
async def open_scene(bearing: Nursery, seed: int) -> AsyncIterator[Scene]:
    """Serve three exchanges and a Telegram with four chats, all in some trouble."""
    chance = random.Random(seed)  # noqa: S311 - repeatable on purpose
    drops, clock, world = Counter[str](), AheadClock(), World()
    truth = Truth(world, chance)
    phone = Phone(clock, chance, share=SHARE_OF_TROUBLE, drops=drops)
    people(phone)
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="chaos-")))
        stack.push_async_callback(bearing.end_life)
        page = await stack.enter_async_context(serve_telegram(phone, page=False))
        scene = Scene(
            truth=truth,
            phone=phone,
            exchanges={},
            environ={},
            folder=folder,
            clock=clock,
            nursery=bearing,
            chance=chance,
            drops=drops,
        )
        for slug in ("okx", "coinw", "xt"):
            faults = ExchangeWeather(chance, share=SHARE_OF_WRONG_ANSWERS, drops=drops)
            scene.weather.append(faults)
            scene.exchanges[slug] = await stack.enter_async_context(
                serve_exchange(slug, world, faults=faults, clock=clock, limits=NO_LIMITS)
            )
        scene.environ |= settings_of(world, scene, page)
        yield scene


def people(phone: Phone) -> None:
    """Open two private chats and two groups."""
    you = phone.add_private_chat("You", user_id=YOU)
    phone.add_private_chat("Ada", user_id=ADA)
    members = [*you.members, User(ADA, "Ada")]
    phone.add_group("Desk", members, chat_id=GROUP)
    phone.add_group("Floor", members, chat_id=SUPERGROUP, kind="supergroup")
    phone.updates.clear()


def settings_of(world: World, scene: Scene, page: str) -> dict[str, str]:
    """Write the settings down as a user would."""
    environ = {
        "BOT_TELEGRAM__TOKEN": scene.phone.token,
        "BOT_TELEGRAM__API_URL": page,
        "BOT_TELEGRAM__OWNERS": f"{YOU},{ADA}",
        "BOT_TELEGRAM__CHATS": f"{GROUP},{SUPERGROUP}",
        "BOT_DATABASE_URL": f"sqlite:///{scene.folder / 'bot.db'}",
        "BOT_CHECK_EVERY": "1s",
        "BOT_DIGEST_AT": "00:00",
        "BOT_LOG__LEVEL": "ERROR",
        "BOT_ACCOUNTS__MAIN__WALLETS": "funding",
        "BOT_ACCOUNTS__MAIN__SUB_ACCOUNTS": "desk1,desk2",
        "BOT_ACCOUNTS__TWO__WALLETS": "funding,trading",
        # No reminders: each thing is to be told once.
        **{f"BOT_RULES__{coin}": f"* {coin} < {LIMIT} · remind 365d" for coin in COINS},
    }
    for account in world:
        key = world.keys(account)[0]
        top = f"BOT_ACCOUNTS__{account.name.upper()}"
        environ[f"{top}__EXCHANGE"] = account.exchange
        environ[f"{top}__BASE_URL"] = scene.exchanges[account.exchange].url
        environ[f"{top}__API_KEY"] = key.api_key
        environ[f"{top}__API_SECRET"] = key.api_secret
        if key.passphrase is not None:
            environ[f"{top}__PASSPHRASE"] = key.passphrase
    return environ
