"""Lives as the campaign has them: born of one process that has everything loaded, and ended."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from bench.chaos.seams import MARK
from bench.chaos.victim import Order

_REPOSITORY = Path(__file__).parents[2]


class DiedByItself(Exception):
    """A life ended that nobody has ended."""


@dataclass(slots=True)
class Life:
    """A process of the bot."""

    pid: int
    struck: bool = False

    @property
    def goes_on(self) -> bool:
        """Whether it has not ended yet."""
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        return True

    def strike(self) -> None:
        """Kill it; nothing happens when it is dead already."""
        self.struck = True
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)


class Nursery:
    """Bears one life at a time."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._living: Life | None = None

    async def bear(self, order: Order) -> Life:
        """Start a life."""
        assert self._process.stdin
        self._process.stdin.write(order.line())
        self._living = Life(int(await self._line()))
        return self._living

    async def outlast(self, life: Life, *, at_most_s: float) -> bool:
        """Wait for the end of a life, and bring it about in time; tell whether that was needed.

        Raises:
            DiedByItself: it was no kill that ended it.
        """
        late = False
        try:
            async with asyncio.timeout(at_most_s):
                code = int(await self._line())
        except TimeoutError:
            late = True
            life.strike()
            code = int(await self._line())
        self._living = None
        if code != -signal.SIGKILL:
            raise DiedByItself(f"exit code {code}")
        return late

    async def end_life(self) -> None:
        """End the life that there is, if there is one."""
        assert self._process.stdout
        if self._living is not None:
            self._living.strike()
            await self._process.stdout.readline()
            self._living = None

    async def end(self) -> None:
        """Bear no more."""
        await self.end_life()
        assert self._process.stdin
        self._process.stdin.close()  # it ends with its input
        await self._process.wait()

    async def _line(self) -> bytes:
        assert self._process.stdout
        line = await self._process.stdout.readline()
        if not line:
            raise DiedByItself("so did the process that bears them")
        return line


@asynccontextmanager
async def nursery() -> AsyncIterator[Nursery]:
    """Have a nursery until the end of the block."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench.chaos.victim"), cwd=_REPOSITORY, stdin=PIPE, stdout=PIPE
    )
    bearing = Nursery(process)
    try:
        assert process.stdout
        assert await process.stdout.readline() == b"ready\n"
        yield bearing
    finally:
        await bearing.end()


def open_windows(journal: Path, begun_by: str) -> dict[int, float]:
    """Tell since when, by chat, something was begun that was never marked.

    A message is begun by being leased, as far as the bot can know after a kill, and by being
    handed over, as far as Telegram can have it.
    """
    begun: dict[int, float] = {}
    for line in journal.read_text().splitlines() if journal.exists() else ():
        what, chat_id, at = line.split()
        if what == begun_by:
            begun[int(chat_id)] = float(at)
        elif what == MARK:
            begun.pop(int(chat_id), None)
    return begun
