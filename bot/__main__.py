"""The program: `balance-bot`, or `python -m bot`.

`run` works for months and carries nothing that only reads command lines.
"""

import sys


def main() -> None:
    """Run the command line."""
    if sys.argv[1:] == ["run"]:
        from bot.cli.run import run_bot

        run_bot()
    else:
        from bot.cli.commands import cli

        cli()


if __name__ == "__main__":
    main()
