"""The command line: each command a thin edge around a use of the program.

Exit codes: 0 all is well; 1 something could not be read or is not right, or what the bot needs
cannot be had now; 2 the settings or the command line are wrong, so starting again is of no use;
70 the bot hung and has ended itself, to be started again.

What a command needs is loaded by the command: the bot runs for months, and carries only its own.
"""

import asyncio
import signal
import sys
from collections.abc import Coroutine
from importlib.metadata import version as version_of
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

if TYPE_CHECKING:
    from bot.settings import Settings, SettingsError

cli = typer.Typer(
    help="Watches balances on crypto exchanges and tells you on Telegram.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

AWAY = 1
WRONG_SETTINGS = 2


def main() -> None:
    """Run the command line."""
    cli()


@cli.command()
def run() -> None:
    """Run the bot until it is told to stop."""
    from bot.cli.loading import load_lean

    load_lean("bot.app")
    from bot.log import set_up_log
    from bot.settings import require_bot

    settings = _loaded()
    _checked(settings, require_bot)
    set_up_log(level=settings.log.level, style=settings.log.format, secrets=settings.secrets)
    _run_until_stopped(_run_bot(settings))


@cli.command()
def demo(
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Where the chat page is served.")
    ] = 8080,
) -> None:
    """Run the bot against a sandbox, with a chat page in the browser; needs no key."""
    from bot.sandbox.demo import PortTaken, run_demo

    try:
        _run_until_stopped(run_demo(port=port))
    except PortTaken as e:
        typer.echo(f"--port: {e}", err=True)
        sys.exit(WRONG_SETTINGS)


@cli.command()
def balances(
    paths: Annotated[list[str] | None, typer.Argument(metavar="[PATH]...")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Read balances now and print them; PATH may be main, main/funding or */spot."""
    from bot.cli.balances import print_balances
    from bot.settings import require_accounts

    settings = _loaded()
    _checked(settings, require_accounts)
    _quiet_log(settings)
    raise typer.Exit(asyncio.run(print_balances(settings, paths or ["*"], as_json=as_json)))


@cli.command()
def check(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Check settings, token, keys and clocks, and say what to mend."""
    from bot.cli.check import print_check
    from bot.settings import require_accounts

    settings = _loaded()
    _checked(settings, require_accounts)
    _quiet_log(settings)
    raise typer.Exit(asyncio.run(print_check(settings, as_json=as_json)))


@cli.command()
def backup(
    file: Annotated[Path, typer.Argument(help="A file that is not there yet.")],
) -> None:
    """Copy the database to FILE, also while the bot runs."""
    from bot.cli.backup import write_backup

    settings = _loaded()
    _quiet_log(settings)
    raise typer.Exit(asyncio.run(write_backup(settings, file)))


@cli.command("copy-database")
def copy_database(
    source: Annotated[str, typer.Argument(metavar="FROM", help="Such as sqlite:///data/bot.db")],
    target: Annotated[str, typer.Argument(metavar="TO", help="Such as postgresql://db/bot")],
) -> None:
    """Copy all of a database to one that is empty, between SQLite and PostgreSQL."""
    from bot.cli.copy_database import print_copy

    raise typer.Exit(asyncio.run(print_copy(source, target)))


@cli.command()
def version() -> None:
    """Print the version."""
    typer.echo(version_of("balance-bot"))


def _loaded() -> "Settings":
    from bot.settings import SettingsError, load_settings

    try:
        return load_settings()
    except SettingsError as e:
        _refuse(e)


def _checked(settings: "Settings", requirement: Any) -> None:
    from bot.settings import SettingsError

    try:
        requirement(settings)
    except SettingsError as e:
        _refuse(e)


def _refuse(error: "SettingsError") -> NoReturn:
    for line in error.lines:
        typer.echo(line, err=True)
    raise typer.Exit(WRONG_SETTINGS)


def _give_up(line: str) -> NoReturn:
    """End with what whoever supervises the bot may try again later."""
    typer.echo(line, err=True)
    raise typer.Exit(AWAY)


def _quiet_log(settings: "Settings") -> None:
    """Keep the log out of what is printed, but for real trouble."""
    from bot.log import set_up_log

    set_up_log(level="ERROR", style=settings.log.format, secrets=settings.secrets)


async def _run_bot(settings: "Settings") -> None:
    import gc

    import structlog

    from bot.app import open_app
    from bot.settings import SettingsError, exposed_files
    from bot.store.errors import DatabaseAway, DatabaseUnusable
    from bot.web.server import AddressTaken

    log = structlog.get_logger(__name__)
    for path in exposed_files():
        log.warning("Others can read %s: chmod 600 %s", path, path, action="start")
    try:
        await _check_channels(settings)
        async with open_app(settings) as app:
            gc.freeze()  # what is there now stays: to look through it again and again takes 0.1 s
            await app.run()
    except SettingsError as e:
        _refuse(e)
    except DatabaseAway as e:
        _give_up(f"BOT_DATABASE_URL: {e}")
    except DatabaseUnusable as e:
        _refuse(SettingsError([f"BOT_DATABASE_URL: {e}"]))
    except AddressTaken as e:
        _give_up(f"BOT_WEB__LISTEN: {e}")
    except Exception:
        log.exception("The bot has broken off; whoever started it should start it again")
        raise typer.Exit(1) from None


async def _check_channels(settings: "Settings") -> None:
    """Refuse addresses that are none; where that cannot be found out, to watch matters more."""
    import structlog

    from bot.channels import ChannelsFailed
    from bot.outlets import check_channels

    try:
        await check_channels(settings)
    except ChannelsFailed as e:
        log = structlog.get_logger(__name__)
        log.warning("BOT_FALLBACK_URLS were not checked", action="start", reason=str(e))


def _run_until_stopped(work: Coroutine[Any, Any, None]) -> None:
    """Run until SIGINT or SIGTERM; both end it in order, and then it has ended well."""
    stopped = asyncio.run(_stoppable(work))
    sys.exit(0 if stopped else 1)


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


if __name__ == "__main__":
    main()
