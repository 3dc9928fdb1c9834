"""How soon `/balance` is answered from stored readings, at 200 accounts of 10 coins each.

    python -m bench.balance [--runs N] [--accounts N] [--profile]

The whole bot against a sandbox Telegram and a sandbox exchange, over loopback, on a database file
that has a day of changes. Nothing is read anew for the answers: how long exchanges take is no
matter of the first one. Told are: the time inside the bot, from the end of the `getUpdates` that
brought the command until the answer leaves; what of it the processor worked, which on a busy
machine is the truer one; and the time until Telegram has taken the answer.
"""

import argparse
import asyncio
import cProfile
import gc
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Collection
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from itertools import cycle
from pathlib import Path
from random import Random
from typing import Any

from bench.fetch import print_head
from bot.app import open_app
from bot.chat.poller import UpdatesBot
from bot.clock import utc_now
from bot.core.portfolio import WalletState
from bot.fetchers.model import Balance
from bot.running import App
from bot.sandbox.exchanges import serve_exchange
from bot.sandbox.telegram import TelegramServer, serve_telegram
from bot.sandbox.world import Key, World
from bot.settings import load_settings
from bot.transport import WireTransport

COINS = ("BTC", "ETH", "SOL", "XRP", "ADA", "DOGE", "TRX", "LTC", "DOT", "USDT")
INSTANTS = 25
"""At how many the amounts changed, all of them each time: every hour."""
PEOPLE = 16
"""Who ask in turn: each chat is told no more than three things in three seconds."""
COMMANDS = ("/balance", "/balance a7", "/balance a7/spot", "/balance USDT")


@dataclass
class Watch:
    """Notes when updates arrive and when answers leave."""

    arrived: float = 0.0
    left: float = 0.0
    arrived_cpu: float = 0.0
    left_cpu: float = 0.0
    taken: asyncio.Event = field(default_factory=asyncio.Event)


def watch_wire() -> Watch:
    """Look at the two moments from outside, without changing what happens between them."""
    watch, fetch = Watch(), UpdatesBot.fetch_raw_updates
    send = WireTransport.handle_async_request

    async def fetch_and_note(
        self: UpdatesBot, offset: int | None, **how: int
    ) -> list[dict[str, Any]]:
        updates = await fetch(self, offset, **how)
        if updates:
            watch.arrived, watch.arrived_cpu = time.perf_counter(), time.process_time()
        return updates

    async def send_and_note(self: WireTransport, request: Any) -> Any:
        if not request.url.path.endswith("/sendMessage"):
            return await send(self, request)
        watch.left, watch.left_cpu = time.perf_counter(), time.process_time()
        answer = await send(self, request)
        watch.taken.set()
        return answer

    UpdatesBot.fetch_raw_updates = fetch_and_note  # type: ignore[method-assign]
    WireTransport.handle_async_request = send_and_note  # type: ignore[method-assign]
    return watch


@asynccontextmanager
async def opened(accounts: int) -> AsyncIterator[tuple[TelegramServer, list[int]]]:
    """Run the bot on a database with so many accounts; nothing is read by itself."""
    telegram, world = TelegramServer(), World()
    people = [telegram.add_private_chat(user_id=1001 + n).id for n in range(PEOPLE)]
    for coin in COINS[:-1]:
        world.set_price("xt", coin, "USDT", str(len(coin) * 100))
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        page = await stack.enter_async_context(serve_telegram(telegram))
        exchange = await stack.enter_async_context(serve_exchange("xt", world))
        environ = {
            "BOT_TELEGRAM__TOKEN": telegram.token,
            "BOT_TELEGRAM__API_URL": page,
            "BOT_TELEGRAM__OWNERS": ",".join(map(str, people)),
            "BOT_DATABASE_URL": f"sqlite:///{folder / 'bot.db'}",
            "BOT_CHECK_EVERY": "1h",
            "BOT_DIGEST_AT": "",
        }
        for n in range(accounts):
            top = f"BOT_ACCOUNTS__A{n}"
            environ |= {
                f"{top}__EXCHANGE": "xt",
                f"{top}__BASE_URL": exchange.url,
                f"{top}__API_KEY": f"key-{n}",
                f"{top}__API_SECRET": f"secret-{n}",
            }
            world.add_account("xt", Key(f"key-{n}", f"secret-{n}"), name=f"a{n}")
        app = await stack.enter_async_context(open_app(load_settings(environ, folder=folder)))
        await fill(app)
        gc.collect()
        gc.freeze()  # as `balance-bot run` does
        leave_unread(app)
        group = await stack.enter_async_context(asyncio.TaskGroup())
        running = group.create_task(app.run())
        stack.callback(running.cancel)
        await telegram.wait_for_call("getUpdates", lambda _: True, timeout=30)
        yield telegram, people


async def fill(app: App) -> None:
    """Keep a day of readings in which every amount changes every hour."""
    dice = Random(7)  # noqa: S311 - the same readings in each run
    now = utc_now()
    for n in range(INSTANTS):
        at = now - timedelta(hours=INSTANTS - n, seconds=5)
        async with app.open_unit() as unit:
            await unit.wallets.save(
                WalletState(path, tuple(balance(dice, coin) for coin in COINS), at)
                for path in app.watched.paths
            )


def balance(dice: Random, coin: str) -> Balance:
    """Hold some of a coin."""
    free, held = (Decimal(dice.randint(1, 10**12)) / 10**8 for _ in range(2))
    return Balance(coin, free + held, free, held)


def leave_unread(app: App) -> None:
    """Let nothing be read: what is measured comes before that."""

    async def nothing() -> None: ...

    async def read_now(_names: Collection[str]) -> None: ...

    app.use.checks.start_due = nothing  # type: ignore[method-assign]
    app.use.checks.read_now = read_now  # type: ignore[method-assign, assignment]


async def answered(
    watch: Watch, telegram: TelegramServer, you: int, command: str
) -> tuple[float, float, float]:
    """Say a command; give ms inside the bot, of the processor, and until the answer was taken."""
    watch.taken.clear()
    telegram.say(you, you, command)
    await watch.taken.wait()
    taken = time.perf_counter()
    answer = telegram.messages(you)[-1]
    assert "Balances" in answer.text, answer.text
    await asyncio.sleep(0.25)  # until it was edited, and the next question is open
    inside, used = watch.left - watch.arrived, watch.left_cpu - watch.arrived_cpu
    return inside * 1000, used * 1000, (taken - watch.arrived) * 1000


def row(times: list[float]) -> str:
    """Write the median, the 99th percentile and the worst."""
    centiles = statistics.quantiles(times, n=100)
    return f"p50 {centiles[49]:6.1f}  p99 {centiles[98]:6.1f}  worst {max(times):6.1f} ms"


async def measure(runs: int, accounts: int, *, profiled: bool) -> None:
    """Ask again and again, and print what it took."""
    async with opened(accounts) as (telegram, people):
        watch = watch_wire()
        next_one = cycle(people)
        for _ in range(5):  # opens connections
            await answered(watch, telegram, next(next_one), COMMANDS[0])
        print(f"{accounts} accounts of {len(COINS)} coins, {runs} answers of each kind")
        for command in COMMANDS:
            profile = cProfile.Profile()
            if profiled:
                profile.enable()
            took = [await answered(watch, telegram, next(next_one), command) for _ in range(runs)]
            profile.disable()
            for name, times in zip(
                ("inside", "cpu", "taken"), zip(*took, strict=True), strict=True
            ):
                print(f"  {command:17} {name:6} {row(list(times))}", flush=True)
            if profiled:
                profile.print_stats("cumulative")
                return


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--accounts", type=int, default=200)
    parser.add_argument("--profile", action="store_true")
    arguments = parser.parse_args()
    print_head()
    asyncio.run(measure(arguments.runs, arguments.accounts, profiled=arguments.profile))


if __name__ == "__main__":
    main()
