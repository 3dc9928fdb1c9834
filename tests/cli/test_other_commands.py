"""`version`, and what every command says about settings that are wrong."""

from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest


async def test_version(run: Any) -> None:
    """The version of the package, without any settings."""
    done = await run("version", settings={})
    assert (done.code, done.out) == (0, f"{version('balance-bot')}\n")


@pytest.mark.parametrize("command", ["run", "balances", "check", "rules test x"])
async def test_wrong_settings(run: Any, stage: Any, command: str) -> None:
    """Exit code 2, one line per mistake on stderr that begins with the name, no traceback."""
    wrong = {
        "BOT_ACCOUNTS__XT__EXCHANGE": "nowhere",
        "BOT_CHECK_EVERY": "often",
        "BOT_TIMEZONE": "Mars/Olympus",
    }
    done = await run(*command.split(), settings={**stage.settings, **wrong})
    assert (done.code, done.out) == (2, "")
    names = {line.partition(":")[0] for line in done.err.splitlines()}
    assert {"BOT_CHECK_EVERY", "BOT_TIMEZONE"} <= names <= wrong.keys()
    done = await run(*command.split(), settings={**stage.settings, "BOT_CHEK_EVERY": "5m"})
    assert done.code == 2
    assert done.err.splitlines() == [
        "BOT_CHEK_EVERY: there is no such setting; did you mean BOT_CHECK_EVERY?"
    ]


async def test_nothing_is_set(run: Any) -> None:
    """The first start tells what is missing."""
    done = await run("run", settings={})
    assert (done.code, done.out) == (2, "")
    names = [line.partition(":")[0] for line in done.err.splitlines()]
    assert names == ["BOT_TELEGRAM__TOKEN", "BOT_ACCOUNTS__MAIN__EXCHANGE"]


async def test_run_with_a_database_that_cannot_be_opened(
    run: Any, stage: Any, tmp_path: Path
) -> None:
    """One line, and 1 where it may be had later; nothing is asked of anybody."""
    (tmp_path / "notes").write_text("these are my notes " * 500)
    for url, code in (
        (f"sqlite:///{tmp_path / 'notes'}", 2),
        (f"sqlite:///{tmp_path / 'notes' / 'bot.db'}", 1),
        ("postgresql://me:hunter2@127.0.0.1:1/bot", 1),
    ):
        done = await run("run", settings={**stage.settings, "BOT_DATABASE_URL": url})
        assert (done.code, done.out) == (code, "")
        (line,) = done.err.splitlines()
        assert line.startswith("BOT_DATABASE_URL: ")
        assert "hunter2" not in line
    assert list(stage.telegram.calls) == []


@pytest.mark.parametrize("arguments", [("nonsense",), ("balances", "--nonsense"), ("demo", "x")])
async def test_wrong_command_line(run: Any, arguments: tuple[str, ...]) -> None:
    """A misspelt command or option ends with exit code 2 and a hint, not a traceback."""
    done = await run(*arguments, settings={})
    assert (done.code, done.out) == (2, "")
    assert "Usage" in done.err
    assert "Traceback" not in done.err
