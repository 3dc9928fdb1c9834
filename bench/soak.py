"""Whether the bot stays as it is: the process itself, for long, with something wrong all the time.

    python -m bench.soak [--minutes 30] [--accounts 1000]

`balance-bot run` reads accounts at the sandbox's three exchanges and talks to its Telegram, both
in this process. Every ten seconds an exchange or Telegram has a fault; now and then a balance is
low and later high again, which must be told once each; the owner asks for balances and alerts.
Ends with 1 when an alert or an answer was lost, when the log has an error, or when the memory
grew: its median over the last third of the time is more than 3 % above that of the second third.
"""

import argparse
import asyncio
import json
import os
import random
import re
import sys
import tempfile
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles

from bot.sandbox.exchanges import Served, serve_exchange
from bot.sandbox.faults import FAULTS
from bot.sandbox.telegram import Message, TelegramServer, serve_telegram
from bot.sandbox.world import MAIN_WALLET, Key, World

SLUGS = ("okx", "coinw", "xt")
HIGH, LOW = "600", "100"
FAULT_EVERY_S, ALERT_EVERY_S, COMMAND_EVERY_S, SAMPLE_EVERY_S = 10.0, 10.0, 15.0, 5.0
TOLD_WITHIN_S, ANSWERED_WITHIN_S = 300.0, 45.0
CALM_FOR_S = 400.0
"""For so long an account is left alone after it has recovered: episodes keep a distance."""
FAULT_LASTS_S = 6.0
GROWTH = 1.03
CHECKS = {"okx": "asset/balances", "coinw": "returnCompleteBalances", "xt": "getBalance"}


@dataclass
class Sample:
    """What the process holds at an instant."""

    at_s: float
    rss_mb: float
    handles: int
    threads: int
    database_mb: float


@dataclass
class Soak:
    """The stage, and what was seen on it."""

    world: World
    telegram: TelegramServer
    owner: int
    exchanges: Mapping[str, Served]
    folder: Path
    dice: random.Random
    began_at: float = field(default_factory=time.monotonic)
    samples: list[Sample] = field(default_factory=list)
    checks: int = 0
    faults: int = 0
    expected: int = 0
    told: int = 0
    told_in_s: list[float] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    answered_in_s: list[float] = field(default_factory=list)
    unanswered: list[str] = field(default_factory=list)
    asked_again: int = 0
    errors: list[str] = field(default_factory=list)
    rests_until: dict[str, float] = field(default_factory=dict)

    @property
    def now_s(self) -> float:
        return time.monotonic() - self.began_at

    def newest(self) -> int:
        """Give the id of the newest message in the owner's chat."""
        return max(self.telegram.chats[self.owner].messages, default=0)

    async def spoil(self) -> None:
        """Let something go wrong for a few seconds."""
        self.faults += 1
        if self.dice.random() < 0.6:
            served = self.exchanges[self.dice.choice(SLUGS)]
            name = self.dice.choice(sorted(FAULTS))
            served.faults.inject("*", name, times=self.dice.choice([1, 3, 20]))
            await asyncio.sleep(FAULT_LASTS_S)
            served.faults.clear()
            return
        method = self.dice.choice(["sendMessage", "getUpdates", "editMessageText", "*"])
        times = self.dice.choice([1, 2, 5])
        fault = self.dice.choice(["refuse", "limit", "garble", "before", "after", "hang"])
        match fault:
            case "refuse":
                self.telegram.fail(method, status=502, times=times)
            case "limit":
                self.telegram.fail(
                    method, status=429, description="Too Many", retry_after=3, times=times
                )
            case "garble":
                self.telegram.garble(method, body=b"<html>", times=times)
            case "before":
                self.telegram.drop_before(method, times=times)
            case "after":
                self.telegram.drop_after(method, times=times)
            case _:
                self.telegram.hang(method, times=times)
        await asyncio.sleep(FAULT_LASTS_S)
        self.telegram.end_faults()

    async def episode(self) -> None:
        """Let an account be low until that is told, and high until that is told, too."""
        free = [a for a in self.world if self.rests_until.get(a.name, 0.0) < self.now_s]
        if not free:
            return
        account = self.dice.choice(free)
        self.rests_until[account.name] = float("inf")
        wallet = MAIN_WALLET[account.exchange]
        place = f"{account.name}/{wallet} · USDT"
        for amount, line in ((LOW, f"WARNING · {place} low"), (HIGH, f"RECOVERED · {place}")):
            since = self.newest()
            account.set(wallet, "USDT", available=amount, held="0")
            await self._told(account.name, line, since=since)
        self.rests_until[account.name] = self.now_s + CALM_FOR_S

    async def _told(self, name: str, line: str, *, since: int) -> None:
        """Wait for a message with a line that ends so; an answer to /alerts has it as well."""
        self.expected += 1
        asked_at = time.monotonic()

        def is_told(message: Message) -> bool:
            return any(said.endswith(line) for said in message.text.splitlines())

        try:
            await self.telegram.wait_for_message(
                self.owner, is_told, after=since, timeout=TOLD_WITHIN_S
            )
        except AssertionError:
            self.lost.append(f"{line}; there is {self._said_of(name, since)}")
        else:
            self.told += 1
            self.told_in_s.append(time.monotonic() - asked_at)

    def _said_of(self, name: str, since: int) -> list[tuple[int, int | None, str]]:
        """Give the newest messages about an account: number, what it answers, text."""
        about = re.compile(rf"\b{name}/")
        said = [m for m in self.telegram.messages(self.owner) if about.search(m.text)]
        numbered = [(m.id - since, m.reply_to.id - since if m.reply_to else None, m) for m in said]
        return [(number, reply, m.text[:300]) for number, reply, m in numbered[-4:]]

    async def command(self) -> None:
        """Ask something, and measure until it is answered."""
        name = self.dice.choice([account.name for account in self.world])
        text, part = self.dice.choice(
            [(f"/balance {name}", name), ("/alerts", ""), ("/rules", "USDT")]
        )
        asked_at = time.monotonic()
        for _ in range(2):  # an answer that may have arrived is not sent again; people ask again
            asked = self.telegram.say(self.owner, self.owner, text)
            try:
                await self.telegram.wait_for_message(
                    self.owner, part, after=asked, timeout=ANSWERED_WITHIN_S
                )
            except AssertionError:
                self.asked_again += 1
            else:
                self.answered_in_s.append(time.monotonic() - asked_at)
                return
        self.unanswered.append(text)

    def sample(self, pid: int) -> None:
        """Look at the process, and count what was asked since the last look."""
        status = Path(f"/proc/{pid}/status").read_text()
        facts = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
        self.samples.append(
            Sample(
                self.now_s,
                int(facts["VmRSS"].split()[0]) / 1024,
                len(os.listdir(f"/proc/{pid}/fd")),  # noqa: PTH208 - names are all that is wanted
                int(facts["Threads"]),
                sum(path.stat().st_size for path in self.folder.glob("bot.db*")) / 1e6,
            )
        )
        for slug, served in self.exchanges.items():
            entries = served.journal.entries
            self.checks += sum(entry.endpoint == CHECKS[slug] for entry in entries)
            entries.clear()  # so that it does not grow
        self.telegram.calls.clear()

    async def read_log(self, process: Process) -> None:
        """Keep the lines that must not be there."""
        assert process.stderr is not None
        async for line in process.stderr:
            try:
                level = json.loads(line)["level"]
            except (ValueError, KeyError):
                level = "no line of the log"
            if level not in {"debug", "info", "warning"}:
                self.errors.append(line.decode(errors="replace").strip()[:2000])


async def soak(*, minutes: float, accounts: int, check_every: str, seed: int) -> Soak:
    """Let the bot run for so long, then let what was begun come to its end."""
    world, telegram = World(), TelegramServer()
    you = telegram.add_private_chat()
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        page = await stack.enter_async_context(serve_telegram(telegram))
        exchanges = {
            slug: await stack.enter_async_context(serve_exchange(slug, world)) for slug in SLUGS
        }
        environ = {
            "BOT_TELEGRAM__TOKEN": telegram.token,
            "BOT_TELEGRAM__API_URL": page,
            "BOT_TELEGRAM__OWNERS": str(you.id),
            "BOT_DATABASE_URL": f"sqlite:///{folder / 'bot.db'}",
            "BOT_CHECK_EVERY": check_every,
            "BOT_RULES__LOW": "* USDT < 500",
            "BOT_LOG__FORMAT": "json",
        }
        for number in range(accounts):
            slug = SLUGS[number % len(SLUGS)]
            environ |= _add_account(world, slug, f"a{number}", exchanges[slug].url)
        dice = random.Random(seed)  # noqa: S311 - a seeded bench
        seen = Soak(world, telegram, you.id, exchanges, folder, dice)
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot", "run", env=environ, cwd=folder, stderr=PIPE
        )
        try:
            await _watch(seen, process, seconds=minutes * 60)
        finally:
            if process.returncode is None:
                process.terminate()
            await process.wait()
    return seen


def _add_account(world: World, slug: str, name: str, url: str) -> dict[str, str]:
    """Open an account with enough in it; give the settings that lead there."""
    key = Key(f"key-{name}", f"secret-{name}", "phrase" if slug == "okx" else None)
    account = world.add_account(slug, key, name=name)
    account.set(MAIN_WALLET[slug], "USDT", available=HIGH, held="0")
    top = f"BOT_ACCOUNTS__{name.upper()}"
    settings = {
        f"{top}__EXCHANGE": slug,
        f"{top}__BASE_URL": url,
        f"{top}__API_KEY": key.api_key,
        f"{top}__API_SECRET": key.api_secret,
        f"{top}__WALLETS": MAIN_WALLET[slug],
    }
    return settings | ({f"{top}__PASSPHRASE": key.passphrase} if key.passphrase else {})


async def _watch(seen: Soak, process: Process, *, seconds: float) -> None:
    """Hurt, ask and look while the time lasts; then wait for what is still to come."""
    async with asyncio.TaskGroup() as group:
        reading = group.create_task(seen.read_log(process))
        await seen.telegram.wait_for_call("getUpdates", lambda _: True, timeout=60)
        seen.telegram.say(seen.owner, seen.owner, "/start")
        await asyncio.sleep(5)
        async with asyncio.TaskGroup() as begun:
            due = dict.fromkeys(("fault", "alert", "command", "sample"), seen.now_s)
            told_minutes = 0
            while seen.now_s < seconds:
                if process.returncode is not None:
                    seen.errors.append(f"the bot ended with {process.returncode}")
                    break
                _begin_due(seen, begun, due, process.pid)
                if seen.now_s >= 60 * (told_minutes + 1):
                    told_minutes += 1
                    print(f"{told_minutes:3d} min  {_state(seen)}", file=sys.stderr, flush=True)
                await asyncio.sleep(0.25)
        if process.returncode is None:
            seen.sample(process.pid)
            process.terminate()
        await reading


def _begin_due(seen: Soak, group: asyncio.TaskGroup, due: dict[str, float], pid: int) -> None:
    works = {
        "fault": (FAULT_EVERY_S, seen.spoil),
        "alert": (ALERT_EVERY_S, seen.episode),
        "command": (COMMAND_EVERY_S, seen.command),
    }
    for name, (every_s, work) in works.items():
        if seen.now_s >= due[name]:
            due[name] += every_s
            group.create_task(work())
    if seen.now_s >= due["sample"]:
        due["sample"] += SAMPLE_EVERY_S
        seen.sample(pid)


def _state(seen: Soak) -> str:
    last = seen.samples[-1]
    return (
        f"{last.rss_mb:.0f} MB, {last.handles} handles, {last.threads} threads, "
        f"database {last.database_mb:.1f} MB; {seen.checks} checks, {seen.faults} faults, "
        f"alerts {seen.told}/{seen.expected}, lost {len(seen.lost)}; "
        f"commands {len(seen.answered_in_s)}, unanswered {len(seen.unanswered)}; "
        f"errors {len(seen.errors)}"
    )


def growth(samples: list[Sample], *, seconds: float) -> tuple[float, float]:
    """Give the medians of the memory over the second and the last third of the time."""
    second = [s.rss_mb for s in samples if seconds / 3 <= s.at_s < seconds * 2 / 3]
    last = [s.rss_mb for s in samples if seconds * 2 / 3 <= s.at_s < seconds]
    return (median(second), median(last)) if second and last else (0.0, 0.0)


def tell(seen: Soak, *, minutes: float, accounts: int) -> int:
    """Print one table; return the exit code."""
    warm_up_s = min(300.0, minutes * 60 / 3)
    warm = next(sample for sample in seen.samples if sample.at_s >= warm_up_s)
    end = seen.samples[-1]
    second, last = growth(seen.samples, seconds=minutes * 60)
    flat = last <= second * GROWTH
    rows = [
        ("memory (RSS)", f"{warm.rss_mb:.1f} MB", f"{end.rss_mb:.1f} MB"),
        ("median of a third", f"{second:.1f} MB", f"{last:.1f} MB"),
        ("file handles", warm.handles, end.handles),
        ("threads", warm.threads, end.threads),
        ("database", f"{warm.database_mb:.2f} MB", f"{end.database_mb:.2f} MB"),
    ]
    print(f"{accounts} accounts, {minutes:g} minutes, {seen.faults} faults\n")
    print(f"| what | after {warm_up_s:.0f} s | at the end |\n|---|--:|--:|")
    for name, before, after in rows:
        print(f"| {name} | {before} | {after} |")
    print(f"| checks done | | {seen.checks:,} |")
    counts = f"{seen.expected}, {seen.told}, {len(seen.lost)}"
    print(f"| alerts and recoveries: expected, told, lost | | {counts} |")
    print(f"| … told within, p50 and p99 | | {_tail(seen.told_in_s)} |")
    asked = len(seen.answered_in_s) + len(seen.unanswered)
    counts = f"{asked}, {len(seen.answered_in_s)}, {seen.asked_again}"
    print(f"| commands: given, answered, asked again | | {counts} |")
    print(f"| … answered within, p50 and p99 | | {_tail(seen.answered_in_s)} |")
    print(f"| log lines at ERROR | | {len(seen.errors)} |")
    for what in [*seen.lost, *seen.unanswered]:
        print(f"\nlost: {what}")
    for line in seen.errors:
        print(f"\nerror: {line}")
    return 0 if flat and not (seen.lost or seen.unanswered or seen.errors) else 1


def _tail(spans_s: list[float]) -> str:
    if len(spans_s) < 2:
        return "none"
    hundredths = quantiles(spans_s, n=100, method="inclusive")
    return f"{hundredths[49]:.2f} s, {hundredths[98]:.2f} s"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--accounts", type=int, default=1000)
    parser.add_argument("--check-every", default="60s")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    result = asyncio.run(
        soak(
            minutes=given.minutes,
            accounts=given.accounts,
            check_every=given.check_every,
            seed=given.seed,
        )
    )
    sys.exit(tell(result, minutes=given.minutes, accounts=given.accounts))
