"""Work that is done aside, in a process of its own: what it loads is gone with it.

A library that takes tens of megabytes for a rare task is paid for only while the task lasts. What
goes in and out are bytes, on stdin and stdout: nothing secret stands on a command line.
"""

import asyncio
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE

ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
"""Else what calculates begins with a thread for each core, of a machine that may have more of them
than we may have threads."""


class AsideFailed(Exception):
    """The work was not done; the message names the module and how it ended, nothing else."""


async def run_aside(module: str, given: bytes, *, within_s: float) -> bytes:
    """Run a module as a program and return what it writes.

    Args:
        module: Its dotted name; it reads stdin, writes stdout, and exits with 0 when all is well.
        given: What it reads.
        within_s: Seconds after which it is killed; it is killed as well when we are cancelled.

    Raises:
        AsideFailed: it took too long, or did not end well.
    """
    # -I: neither the working directory nor the environment changes what is run; what is compiled
    # for us is compiled for it.
    flags = "-I" + "O" * sys.flags.optimize
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, flags, "-m", module),
        stdin=PIPE,
        stdout=PIPE,
        stderr=DEVNULL,
        env=os.environ | ONE_THREAD,  # noqa: TID251 - passed on, not read
    )
    try:
        async with asyncio.timeout(within_s):
            made, _ = await process.communicate(given)
    except TimeoutError:
        raise AsideFailed(f"{module} took longer than {within_s:g} s") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        raise AsideFailed(f"{module} ended with {process.returncode}")
    return made
