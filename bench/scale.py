"""Whether one process reads many accounts every minute: what it takes, and how late it is.

    python -m bench.scale [--accounts 10000] [--every 60] [--minutes 5] [--lower 0.3]

`balance-bot run` as a user starts it, held to one core, on a SQLite file; the exchange and the
sandbox's Telegram run beside it. After two rounds that do not count, so many minutes are measured:
the share of the core, the memory, how far apart the readings of an account lie (at the exchange,
which also sees whether one is read twice at once), and what the database grows by. Meanwhile
accounts become low, a few every second: told is how long it takes from the exchange's answer until
Telegram has put the alert into the chat.

Accounts up to five hundred are read in step, and Telegram takes two messages of the bot in three
seconds: with so few, let one become low a round, or what is measured is that.

    python -m bench.scale --accounts 200 --every 5 --lower 0.2
"""

import argparse
import asyncio
import os
import random
import re
import sys
import tempfile
from asyncio.subprocess import PIPE, Process
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

from bench.crowd import Crowd, serve_crowd, settings_of
from bench.fetch import print_head
from bench.start import resident_mb
from bot.sandbox.telegram import TelegramServer, serve_telegram

LOOK_EVERY_S = 1.0
ROUND_WITHIN_S = 300.0
TOLD_WITHIN_S = 10.0
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Seen:
    """What was measured."""

    first_round_s: float = 0.0
    cpu_share: float = 0.0
    rss_mb: float = 0.0
    apart_s: list[float] = field(default_factory=list)
    longest_s: float = 0.0
    reads: int = 0
    overlaps: int = 0
    growth_mb: float = 0.0
    database_mb: float = 0.0
    told_ms: list[float] = field(default_factory=list)
    lowered: int = 0
    errors: list[str] = field(default_factory=list)


def worked_s(pid: int) -> float:
    """Read how long a process has worked."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def told_at(telegram: TelegramServer) -> dict[str, float]:
    """Tell by the numbers of accounts when an alert about each was in a chat first."""
    told: dict[str, float] = {}
    for chat in telegram.chats:
        for message in telegram.messages(chat):
            for name in re.findall(r"\ba(\d+)/funding · USDT", message.text):
                told.setdefault(name, message.sent_at.timestamp())
    return told


class Stage:
    """The bot under way, and what surrounds it."""

    def __init__(
        self, crowd: Crowd, telegram: TelegramServer, bot: Process, folder: Path, *, lower: float
    ) -> None:
        """`lower`: how many accounts become low in each second."""
        self.seen = Seen()
        self._crowd, self._telegram, self._bot, self._folder = crowd, telegram, bot, folder
        self._lower = lower
        self._chance = random.Random(1)  # noqa: S311 - repeatable on purpose
        self._high = list(range(crowd.accounts))
        self._chance.shuffle(self._high)

    async def first_round(self) -> None:
        """Wait until each account has been read once."""
        begun = monotonic()
        while True:
            await asyncio.sleep(0.25)
            self._check_alive()
            if (await self._crowd.judged())["accounts"] == self._crowd.accounts:
                break
            assert monotonic() - begun < ROUND_WITHIN_S, "the first round does not end"
        self.seen.first_round_s = monotonic() - begun

    async def measure(self, seconds: float) -> None:
        """Look on for so long, while now and then an account becomes low."""
        await self._crowd.judged()
        base = self._folder / "bot.db"
        size, worked, begun = base.stat().st_size, worked_s(self._bot.pid), monotonic()
        middle: list[float] = []
        while monotonic() - begun < seconds:
            self._check_alive()
            due = int((monotonic() - begun) * self._lower) - self.seen.lowered
            chosen = [self._high.pop() for _ in range(min(due, len(self._high)))]
            self.seen.lowered += len(chosen)
            judged = await self._crowd.judged(lower=chosen)
            self._add(judged, middle)
            await asyncio.sleep(LOOK_EVERY_S)
        took = monotonic() - begun
        self.seen.cpu_share = (worked_s(self._bot.pid) - worked) / took
        self.seen.growth_mb = (base.stat().st_size - size) / 1e6 * 3600 / took
        self.seen.database_mb = base.stat().st_size / 1e6
        assert middle, "nothing was read twice: measure for more than a minute"
        middle.sort()
        self.seen.apart_s = [middle[int(len(middle) * q)] for q in (0.01, 0.5, 0.99)]
        if self.seen.lowered:
            await asyncio.sleep(TOLD_WITHIN_S)
            self._count_told(await self._crowd.judged())

    def _add(self, judged: dict[str, object], middle: list[float]) -> None:
        seen = self.seen
        seen.reads += int(str(judged["reads"]))
        seen.overlaps = int(str(judged["overlaps"]))
        if apart := judged["apart_s"]:
            assert isinstance(apart, list)
            middle += apart
            seen.longest_s = max(seen.longest_s, *apart)
        seen.rss_mb = max(seen.rss_mb, resident_mb(self._bot.pid))

    def _count_told(self, judged: dict[str, object]) -> None:
        """Compare when the exchange told what with when it stood in the chat."""
        low = judged["low"]
        assert isinstance(low, dict)
        told = told_at(self._telegram)
        self.seen.told_ms = sorted(
            (told[name] - at) * 1000 for name, at in low.items() if at is not None and name in told
        )
        for name, at in low.items():
            if at is not None and name not in told:
                self.seen.errors.append(f"nobody was told that a{name} is low")

    def _check_alive(self) -> None:
        assert self._bot.returncode is None, "the bot has ended"


async def run(
    accounts: int,
    minutes: float,
    *,
    every_s: float,
    lower: float,
    rules: list[str],
    profile: Path | None,
) -> Seen:
    """Set the stage, measure, and take it down."""
    telegram = TelegramServer()
    owner = telegram.add_private_chat()
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = await stack.enter_async_context(serve_telegram(telegram, page=False))
        crowd = await stack.enter_async_context(serve_crowd(accounts))
        own = [
            f"BOT_TELEGRAM__TOKEN={telegram.token}",
            f"BOT_TELEGRAM__API_URL={url}",
            f"BOT_TELEGRAM__OWNERS={owner.id}",
            f"BOT_DATABASE_URL=sqlite:///{folder / 'bot.db'}",
            f"BOT_CHECK_EVERY={every_s:g}s",
            "BOT_DIGEST_AT=",
            "BOT_WEB__LISTEN=127.0.0.1:0",
            "BOT_LOG__LEVEL=WARNING",
            *(f"BOT_RULES__R{n}={rule}" for n, rule in enumerate(rules)),
            settings_of(accounts, crowd.url),
        ]
        settings = folder / "settings.env"
        settings.write_text("\n".join(own) + "\n")
        settings.chmod(0o600)
        begun = monotonic()
        bot = await asyncio.create_subprocess_exec(
            *("taskset", "-c", "0", sys.executable, *_profiled(profile), "-m", "bot", "run"),
            cwd=folder,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(Path(__file__).parents[1])},
            stderr=PIPE,
        )
        stage = Stage(crowd, telegram, bot, folder, lower=lower)
        async with asyncio.TaskGroup() as group:
            reading = group.create_task(_read_log(bot, stage.seen.errors))
            try:
                await telegram.wait_for_call("getUpdates", lambda _: True, timeout=120)
                print(f"asks Telegram after {monotonic() - begun:.1f} s", file=sys.stderr)
                telegram.say(owner.id, owner.id, "/start")
                await stage.first_round()
                print(f"first round {stage.seen.first_round_s:.1f} s", file=sys.stderr)
                await asyncio.sleep(every_s * 1.5)
                await stage.measure(minutes * 60)
            finally:
                if bot.returncode is None:
                    bot.terminate()
                await bot.wait()
                await reading
    return stage.seen


def _profiled(profile: Path | None) -> tuple[str, ...]:
    return () if profile is None else ("-m", "cProfile", "-o", str(profile.absolute()))


async def _read_log(bot: Process, errors: list[str]) -> None:
    assert bot.stderr
    async for line in bot.stderr:
        errors += [line.decode(errors="replace").strip()[:500]]


def report(seen: Seen, accounts: int, minutes: float, *, every_s: float) -> None:
    """Print the figures."""
    early, half, late = seen.apart_s
    print(f"{accounts:,} accounts every {every_s:g} s for {minutes:g} min, SQLite, one core")
    print(f"  {seen.first_round_s:8.1f} s   the first round")
    print(f"  {seen.cpu_share * 100:8.1f} %   of the core")
    print(f"  {seen.rss_mb:8.0f} MB  resident at the most")
    print(f"  {seen.reads / minutes / 60:8.1f}     readings a second")
    print(f"  {early:8.2f}, {half:.2f}, {late:.2f}, {seen.longest_s:.2f} s  from one reading")
    print("               of an account to the next: 1 %, half, 99 %, longest")
    print(f"  {seen.overlaps:8}     times that an account was read twice at once")
    print(
        f"  {seen.database_mb:8.2f} MB  database, which grows by {seen.growth_mb:.2f} MB an hour"
    )
    if told := seen.told_ms:
        half, late = (told[int(len(told) * q)] for q in (0.5, 0.99))
        print(f"  {half:8.0f} ms, {late:.0f} ms, {told[-1]:.0f} ms  from the exchange's answer")
        print(f"               to Telegram: half, 99 %, longest of {len(told)} alerts")
    for line in seen.errors[:20]:
        print(f"  {line}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--accounts", type=int, default=10_000)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--every", type=float, default=60.0, help="seconds")
    parser.add_argument("--lower", type=float, default=0.3, help="accounts that get low a second")
    parser.add_argument("--rule", action="append", help="default: * USDT < 500")
    parser.add_argument("--profile", type=Path, help="where a profile of the bot is to be written")
    given = parser.parse_args()
    print_head()
    seen = asyncio.run(
        run(
            given.accounts,
            given.minutes,
            every_s=given.every,
            lower=given.lower,
            rules=given.rule or ["* USDT < 500"],
            profile=given.profile,
        )
    )
    report(seen, given.accounts, given.minutes, every_s=given.every)
