"""How a command begins and ends: with settings that will do, by a signal, with an exit code.

Exit codes: 0 all is well; 1 something could not be read or is not right, or what the bot needs
cannot be had now; 2 the settings or the command line are wrong, so starting again is of no use;
70 the bot hung and has ended itself, to be started again.
"""

import asyncio
import signal
import sys
from collections.abc import Callable, Coroutine
from typing import Any, NoReturn

from bot.log import set_up_log
from bot.settings import Settings, SettingsError, load_settings

DONE = 0
FAILED = 1
USAGE_ERROR = 2


def settings_for(*requirements: Callable[[Settings], None]) -> Settings:
    """Load the settings; end the process with what is wrong with them for this command."""
    try:
        settings = load_settings()
        for require in requirements:
            require(settings)
    except SettingsError as e:
        refuse(e)
    return settings


def say(line: str) -> None:
    """Tell whoever started the process, beside what it prints."""
    sys.stderr.write(f"{line}\n")


def refuse(error: SettingsError) -> NoReturn:
    """End with what is wrong with the settings."""
    for line in error.lines:
        say(line)
    sys.exit(USAGE_ERROR)


def give_up(line: str) -> NoReturn:
    """End with what whoever supervises the bot may try again later."""
    say(line)
    sys.exit(FAILED)


def quiet_log(settings: Settings) -> None:
    """Keep the log out of what is printed, but for real trouble."""
    set_up_log(level="ERROR", style=settings.log.format, secrets=settings.secrets)


class _ToldToStop(SystemExit):
    """A signal that ends a command: what it has begun is cleared away on its way out."""


def run_and_exit(work: Coroutine[Any, Any, int]) -> NoReturn:
    """Run a command to its exit code; SIGINT and SIGTERM break it off, wherever it is.

    A second one ends it the hard way.
    """
    for sign in (signal.SIGINT, signal.SIGTERM):
        signal.signal(sign, _break_off)
    try:
        sys.exit(asyncio.run(work))
    except _ToldToStop:
        give_up("Told to stop: nothing was kept")


def _break_off(_number: int, _frame: object) -> NoReturn:
    for sign in (signal.SIGINT, signal.SIGTERM):
        signal.signal(sign, signal.SIG_DFL)
    raise _ToldToStop


def run_until_stopped(work: Coroutine[Any, Any, None]) -> NoReturn:
    """Run until SIGINT or SIGTERM; both end it in order, and then it has ended well."""
    stopped = asyncio.run(_stoppable(work))
    sys.exit(DONE if stopped else FAILED)


async def _stoppable(work: Coroutine[Any, Any, None]) -> bool:
    """Return whether it was a signal that ended the work; a second one ends it the hard way."""
    task, told = asyncio.current_task(), False

    def tell() -> None:
        nonlocal told
        told = True
        if task is not None:
            task.cancel()

    loop = asyncio.get_running_loop()
    for sign in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(sign, tell)
    try:
        await work
    except asyncio.CancelledError:
        if not told:
            raise
    return told
