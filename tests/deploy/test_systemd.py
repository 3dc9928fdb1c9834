"""The unit is one that systemd takes, and it is shut in."""

import subprocess
from pathlib import Path

import pytest

from bot.cli.process import USAGE_ERROR
from tests.deploy.conftest import Tool

EXPOSED_AT_MOST = "15"
"""In tenths; 96 is a service without any sandboxing."""
PROGRAM = "/opt/balance-bot/bin/balance-bot"


@pytest.fixture
def unit(deploy: Path, tmp_path: Path) -> Path:
    """Give the unit with a program that is there."""
    program = tmp_path / "balance-bot"
    program.touch(0o755)
    path = tmp_path / "balance-bot.service"
    path.write_text((deploy / "balance-bot.service").read_text().replace(PROGRAM, str(program)))
    return path


def asked(*command: str) -> subprocess.CompletedProcess[str]:
    """Run a program and return what it said."""
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_systemd_takes_it(unit: Path, tool: Tool) -> None:
    """No unknown name, no value that cannot be: systemd would pass over both with a warning."""
    done = asked(tool("systemd-analyze"), "verify", "--man=no", str(unit))
    assert (done.returncode, done.stderr) == (0, "")
    unit.write_text(unit.read_text().replace("PrivateTmp=", "PrivateTemp="))
    assert "PrivateTemp" in asked(tool("systemd-analyze"), "verify", "--man=no", str(unit)).stderr


def test_it_is_shut_in(unit: Path, tool: Tool) -> None:
    """By the count of systemd itself; without the network it could not do its work."""
    judge = (tool("systemd-analyze"), "security", "--offline=true", "--no-pager")
    done = asked(*judge, f"--threshold={EXPOSED_AT_MOST}", str(unit))
    assert done.returncode == 0, done.stdout
    lines = unit.read_text().splitlines()
    unit.write_text("\n".join(line for line in lines if not line.startswith("SystemCall")))
    assert asked(*judge, f"--threshold={EXPOSED_AT_MOST}", str(unit)).returncode != 0


def test_there_are_files_enough(deploy: Path) -> None:
    """For a connection each of those who ask at its pages, besides all that it asks itself."""
    lines = (deploy / "balance-bot.service").read_text().splitlines()
    assert "LimitNOFILE=8192" in lines


def test_wrong_settings_are_not_tried_again(deploy: Path) -> None:
    """Anything else that ends it is a reason to start it again."""
    lines = (deploy / "balance-bot.service").read_text().splitlines()
    assert {"Restart=always", f"RestartPreventExitStatus={USAGE_ERROR}"} <= set(lines)
