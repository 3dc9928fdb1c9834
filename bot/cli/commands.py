"""The commands but `run`: each a thin edge around a use of the program, loaded when called."""

import asyncio
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Annotated

import typer

cli = typer.Typer(
    help="Watches balances on crypto exchanges and tells you on Telegram.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
rules = typer.Typer(help="Try out rules.", no_args_is_help=True)
cli.add_typer(rules, name="rules")
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@cli.command(help="Run the bot until it is told to stop.")
def run() -> None:
    from bot.cli.run import run_bot

    run_bot()


@cli.command(help="Run the bot against a sandbox, with a chat page in the browser; needs no key.")
def demo(
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Where the chat page is served.")
    ] = 8080,
) -> None:
    from bot.cli.process import USAGE_ERROR, run_until_stopped, say
    from bot.sandbox.demo import PortTaken, run_demo

    try:
        run_until_stopped(run_demo(port=port))
    except PortTaken as e:
        say(f"--port: {e}")
        raise SystemExit(USAGE_ERROR) from None


@cli.command(help="Read balances now and print them; PATH may be main, main/funding or */spot.")
def balances(
    paths: Annotated[list[str] | None, typer.Argument(metavar="[PATH]...")] = None,
    as_json: AsJson = False,
) -> None:
    from bot.cli.balances import print_balances
    from bot.cli.process import quiet_log, settings_for
    from bot.settings import require_accounts

    settings = settings_for(require_accounts)
    quiet_log(settings)
    raise SystemExit(asyncio.run(print_balances(settings, paths or ["*"], as_json=as_json)))


@cli.command(help="Check settings, token, keys and clocks, and say what to mend.")
def check(as_json: AsJson = False) -> None:
    from bot.cli.check import print_check
    from bot.cli.process import quiet_log, settings_for
    from bot.settings import require_accounts

    settings = settings_for(require_accounts)
    quiet_log(settings)
    raise SystemExit(asyncio.run(print_check(settings, as_json=as_json)))


@rules.command("test", help="Read now; say what RULE covers, and whether it would fire now.")
def try_rule(
    rule: Annotated[
        str, typer.Argument(metavar="RULE", help="In quotes: 'main/funding USDT < 500'")
    ],
    as_json: AsJson = False,
) -> None:
    from bot.cli.process import quiet_log, settings_for
    from bot.cli.rules import print_trial
    from bot.settings import require_accounts

    settings = settings_for(require_accounts)
    quiet_log(settings)
    raise SystemExit(asyncio.run(print_trial(settings, rule, as_json=as_json)))


@cli.command(help="Copy the database to FILE, also while the bot runs.")
def backup(
    file: Annotated[Path, typer.Argument(help="A file that is not there yet.")],
) -> None:
    from bot.cli.backup import write_backup
    from bot.cli.process import quiet_log, run_and_exit, settings_for

    settings = settings_for()
    quiet_log(settings)
    run_and_exit(write_backup(settings, file))


@cli.command(
    "copy-database",
    help="Copy all of a database to one that is empty, between SQLite and PostgreSQL.",
)
def copy_database(
    source: Annotated[str, typer.Argument(metavar="FROM", help="Such as sqlite:///data/bot.db")],
    target: Annotated[str, typer.Argument(metavar="TO", help="Such as postgresql://db/bot")],
) -> None:
    from bot.cli.copy_database import print_copy
    from bot.cli.process import run_and_exit

    run_and_exit(print_copy(source, target))


@cli.command(help="Print the version.")
def version() -> None:
    typer.echo(version_of("balance-bot"))
