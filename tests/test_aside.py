"""Work in a process of its own: it answers, or it says that it did not, and never stays behind."""

import asyncio
import sys
import time
from asyncio.subprocess import PIPE
from pathlib import Path

import pytest

from bot.aside import AsideFailed, run_aside


async def test_it_reads_what_it_is_given_and_writes_what_it_made() -> None:
    """A module of the standard library reads stdin, as our own modules do."""
    assert await run_aside("quopri", b"caf\xe9", within_s=20) == b"caf=E9"


async def test_an_end_that_is_not_well_is_told_without_what_was_given() -> None:
    """What went in may be secret."""
    with pytest.raises(AsideFailed) as failed:
        await run_aside("json.tool", b"{secret", within_s=20)
    assert str(failed.value) == "json.tool ended with 1"


async def test_what_takes_too_long_is_killed() -> None:
    """The deadline is that of the caller, whatever the work does."""
    began = time.monotonic()
    with pytest.raises(AsideFailed, match="took longer"):
        await run_aside("timeit", b"", within_s=0.2)
    assert time.monotonic() - began < 15


async def test_it_is_optimized_as_we_are() -> None:
    """Else it would be compiled anew each time, where we may not write what has been compiled."""
    asking = "import sys; print(f'optimized {sys.flags.optimize}')"
    script = f"""
import asyncio
import sys
from bot.aside import run_aside
print(asyncio.run(run_aside("code", {asking!r}.encode(), within_s=30)).decode())
"""
    ours = await asyncio.create_subprocess_exec(
        sys.executable, "-OO", "-c", script, cwd=Path(__file__).parents[1], stdout=PIPE
    )
    said, _ = await ours.communicate()
    assert b"optimized 2" in said


async def test_it_takes_one_thread_on_any_machine() -> None:
    """What draws charts would begin one for each core, and more than its container may have."""
    asking = "import os, numpy; print('threads', os.listdir('/proc/self/task').__len__())"
    assert b"threads 1\n" in await run_aside("code", asking.encode(), within_s=30)


async def test_it_ends_with_the_task_that_waits_for_it() -> None:
    """A bot that is told to stop leaves nobody behind."""
    waiting = asyncio.ensure_future(run_aside("timeit", b"", within_s=60))
    while not (children := _children()):  # noqa: ASYNC110 - the system rings no bell
        await asyncio.sleep(0.01)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert children & _children() == set()


def _children() -> set[str]:
    tasks = Path("/proc/self/task").glob("*/children")
    return {pid for task in tasks for pid in task.read_text().split()}
