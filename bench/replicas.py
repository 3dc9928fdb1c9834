"""What several processes on one PostgreSQL do, and what becomes of it when they are killed.

    python -m bench.replicas [--workers 4] [--accounts 400] [--seconds 60] [--leaders 5]

`balance-bot run` several times with the same settings, beside a PostgreSQL server, an exchange
and the sandbox's Telegram. First every account is due each second, which is more than they can
do: told is how many checks they claim, read and keep. Then each is due every three seconds, and
one becomes low a round: told is how long it takes from the exchange's answer, whoever reads it,
until Telegram has the alert. Then each is due every ten seconds. The one that talks to Telegram is
killed (-9), again and again, while an account becomes low: told is how long it takes until
Telegram is asked for updates again, and until it has the alert. Then any of them is killed every
two seconds, and another started: told is how old a reading gets at the most, and whether an
account was ever read twice at once, by the exchange's judgement.
"""

import argparse
import asyncio
import os
import random
import signal
import sys
import tempfile
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from time import monotonic, time
from typing import Any

from bench.crowd import Crowd, serve_crowd, settings_of
from bench.fetch import print_head
from bench.postgres import new_database, serve_postgres
from bench.scale import told_at
from bot.sandbox.telegram import Call, TelegramServer, serve_telegram
from bot.services.check_accounts import LEASE

BUSY_S, TOLD_S, CALM_S = 1, 3, 10
"""How often each account is due."""
KILL_EVERY_S = 2.0
WARM_UP_S = 15.0
TOLD = 20
LEADS = b"talks to Telegram now"
ROOT = Path(__file__).parents[1]


@dataclass
class Crew:
    """The processes at work; a new one for each that is killed."""

    folder: Path
    at_work: list[Process] = field(default_factory=list)
    leaders: asyncio.Queue[Process] = field(default_factory=asyncio.Queue)
    readers: set[asyncio.Task[None]] = field(default_factory=set)
    failures: list[str] = field(default_factory=list)

    async def hire(self) -> None:
        """Start one."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bot", "run"),
            cwd=self.folder,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
            stderr=PIPE,
        )
        self.at_work.append(process)
        self.readers.add(asyncio.create_task(self._read(process)))

    async def _read(self, process: Process) -> None:
        assert process.stderr
        async for line in process.stderr:
            if LEADS in line:
                self.leaders.put_nowait(process)
            if b'"level": "error"' in line or b"Traceback" in line:
                self.failures.append(line.decode(errors="replace").strip()[:500])

    async def kill(self, process: Process) -> None:
        """End one without a word."""
        self.at_work.remove(process)
        process.send_signal(signal.SIGKILL)
        await process.wait()

    async def leader(self) -> Process:
        """Wait for the next one that leads and is alive."""
        async with asyncio.timeout(60):
            while (process := await self.leaders.get()).returncode is not None:
                pass
        return process

    async def dismiss(self) -> None:
        """End all in order."""
        for process in self.at_work:
            if process.returncode is None:
                process.terminate()
        await asyncio.gather(*(process.wait() for process in self.at_work), *self.readers)


@dataclass
class Stage:
    """Everything around the processes."""

    telegram: TelegramServer
    crowd: Crowd
    crew: Crew


@asynccontextmanager
async def staged(
    server: str, *, workers: int, accounts: int, every_s: int
) -> AsyncIterator[Stage]:
    """Set the stage with so many processes on a new database."""
    telegram = TelegramServer()
    owner = telegram.add_private_chat()
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        database = stack.enter_context(new_database(server, f"every{every_s}"))
        page = await stack.enter_async_context(serve_telegram(telegram, page=False))
        crowd = await stack.enter_async_context(serve_crowd(accounts))
        own = [
            f"BOT_TELEGRAM__TOKEN={telegram.token}",
            f"BOT_TELEGRAM__API_URL={page}",
            f"BOT_TELEGRAM__OWNERS={owner.id}",
            f"BOT_DATABASE_URL={database}",
            f"BOT_CHECK_EVERY={every_s}s",
            "BOT_DIGEST_AT=",
            "BOT_WEB__LISTEN=127.0.0.1:0",
            "BOT_LOG__FORMAT=json",
            "BOT_RULES__LOW=* USDT < 500",
            settings_of(accounts, crowd.url),
        ]
        settings = folder / "settings.env"
        settings.write_text("\n".join(own) + "\n")
        settings.chmod(0o600)
        crew = Crew(folder)
        try:
            for _ in range(workers):
                await crew.hire()
            await telegram.wait_for_call("getUpdates", lambda _: True, timeout=60)
            telegram.say(owner.id, owner.id, "/start")
            await asyncio.sleep(WARM_UP_S)
            yield Stage(telegram, crowd, crew)
        finally:
            await crew.dismiss()


async def measure_pace(stage: Stage, *, seconds: float) -> None:
    """Count what they do when there is always something to do."""
    await stage.crowd.judged()
    await asyncio.sleep(seconds)
    judged = await stage.crowd.judged()
    print(
        f"  {judged['reads'] / seconds:8.0f}     checks a second, read twice at once: "
        f"{judged['overlaps']}"
    )


async def measure_told(stage: Stage, *, times: int) -> None:
    """Let accounts become low, whoever of the processes reads them; tell when it is told."""
    numbers = [stage.crowd.accounts // 2 + n for n in range(times)]
    for number in numbers:
        await stage.crowd.judged(lower=[number])
        await asyncio.sleep(TOLD_S)
    await asyncio.sleep(2 * TOLD_S)
    low = (await stage.crowd.judged())["low"]
    told = told_at(stage.telegram)
    took = [(told[n] - low[n]) * 1000 for n in map(str, numbers) if n in told and low[n]]
    print(
        f"  {median(took):8.0f} ms  from the exchange's answer to Telegram, {max(took):.0f} ms at"
    )
    print(f"               most, of {len(took)} alerts of {times}, whichever process found them")


async def measure_kills(stage: Stage, *, seconds: float) -> None:
    """Kill one every two seconds; tell how old a reading gets."""
    chance = random.Random(1)  # noqa: S311 - repeatable on purpose
    await stage.crowd.judged()
    begun, kills = monotonic(), 0
    apart: list[float] = []
    while monotonic() - begun < seconds:
        await stage.crew.kill(chance.choice(stage.crew.at_work))
        kills += 1
        await stage.crew.hire()
        await asyncio.sleep(KILL_EVERY_S)
        apart += (await stage.crowd.judged())["apart_s"]
    judged = await stage.crowd.judged()
    longest = max(*apart, *judged["apart_s"], judged["oldest_s"])
    allowed = CALM_S + LEASE.total_seconds() + 1
    print(f"  {kills:8}     killed, one every {KILL_EVERY_S:g} s, while {len(apart):,} times")
    print(f"               an account was read, twice at once {judged['overlaps']} times")
    print(f"  {longest:8.1f} s   was the oldest reading (interval + lease + 1 s: {allowed:g} s)")


async def measure_leaders(stage: Stage, *, times: int) -> None:
    """Kill the one that leads; tell how long nobody talks to Telegram."""
    asked_s: list[float] = []
    told_s: list[float] = []
    # Not the first of them: those are named in every alert as where there is more.
    numbers = [stage.crowd.accounts - 1 - n for n in range(times)]
    for number in numbers:
        leader = await stage.crew.leader()
        await asyncio.sleep(WARM_UP_S)
        await stage.crew.kill(leader)
        killed_at = time()
        await stage.crowd.judged(lower=[number])
        await stage.crew.hire()
        asked = await _first(stage.telegram, "getUpdates", "", since=killed_at)
        told = await _first(stage.telegram, "sendMessage", f"a{number}/", since=killed_at)
        asked_s.append(asked - killed_at)
        told_s.append(told - killed_at)
    sent = [c for c in stage.telegram.calls if c.method == "sendMessage" and c.status == 200]
    texts = [str(call.parameters.get("text")) for call in sent]
    often = [sum(f"a{n}/" in text for text in texts) for n in numbers]
    print(f"  {times:8}     times the one that talks to Telegram was killed")
    print(f"  {median(asked_s):8.1f} s   until it is asked again; {max(asked_s):.1f} s at most")
    print(f"  {median(told_s):8.1f} s   until it has the alert of an account that got low then;")
    print(f"               {max(told_s):.1f} s at most; messages about each: {often}")


async def _first(telegram: TelegramServer, method: str, text: str, *, since: float) -> float:
    """Tell when such a call came first."""

    def fits(call: Call) -> bool:
        said = text in str(call.parameters.get("text"))
        return call.at.timestamp() > since and (said or not text)

    call: Any = await telegram.wait_for_call(method, fits, timeout=120)
    return float(call.at.timestamp())


async def main(workers: int, accounts: int, seconds: float, leaders: int) -> None:
    """Measure all of it."""
    with serve_postgres() as server:
        busy = accounts * 5
        print(f"{workers} processes on one PostgreSQL, {busy:,} accounts due every {BUSY_S} s")
        async with staged(server, workers=workers, accounts=busy, every_s=BUSY_S) as stage:
            await measure_pace(stage, seconds=seconds / 2)
        print(f"{accounts:,} accounts due every {TOLD_S} s")
        async with staged(server, workers=workers, accounts=accounts, every_s=TOLD_S) as stage:
            await measure_told(stage, times=TOLD)
        print(f"{accounts:,} accounts due every {CALM_S} s")
        async with staged(server, workers=workers, accounts=accounts, every_s=CALM_S) as stage:
            await measure_leaders(stage, times=leaders)
            await measure_kills(stage, seconds=seconds)
            for line in stage.crew.failures[:10]:
                print(f"  {line}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--accounts", type=int, default=400)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--leaders", type=int, default=5)
    given = parser.parse_args()
    print_head()
    asyncio.run(main(given.workers, given.accounts, given.seconds, given.leaders))
