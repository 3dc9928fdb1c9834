"""The commands that README.md gives to those who deploy do what it says, line by line."""

import os
import re
import shlex
import sqlite3
import subprocess
import sys
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import pytest

from bot.store.copying import back_up
from bot.store.database import open_database
from tests.deploy.conftest import documents

README = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
BLOCKS = re.findall(r"```\n(.*?)```", README, re.DOTALL)
SYSTEM = "/usr/local/bin:/usr/bin:/bin"
SOMEBODY = 10001
SETTINGS = """
BOT_TELEGRAM__TOKEN=12:abc
BOT_TELEGRAM__API_URL=http://127.0.0.1:1
BOT_ACCOUNTS__MAIN__EXCHANGE=xt
BOT_ACCOUNTS__MAIN__API_KEY=a
BOT_ACCOUNTS__MAIN__API_SECRET=b
BOT_ACCOUNTS__MAIN__BASE_URL=http://127.0.0.1:1
"""
# Each time it is asked it is a second later.
CLOCK = """#!/bin/sh
echo x >> "$0.asked"
wc -l < "$0.asked" | tr -d ' '
"""


def block(part: str) -> str:
    """Return the commands among which something is."""
    found: str
    (found,) = (block for block in BLOCKS if part in block)
    return found


def call(script: str, folder: Path, path: str = SYSTEM) -> subprocess.CompletedProcess[str]:
    """Type it into a shell."""
    return subprocess.run(
        ["/bin/sh", "-c", script],
        cwd=folder,
        env={"PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )


def restoring(home: Path) -> str:
    """Return what restores the backup that is in a folder."""
    return re.sub(r"/backups/bot-\S+\.db", f"{home}/backups/bot.db", block("--reference"))


@pytest.fixture
async def home(tmp_path: Path) -> Path:
    """Give the folder of a bot that is stopped, with its backup beside it."""
    async with open_database(f"sqlite:///{tmp_path}/data/bot.db"):
        pass
    (tmp_path / "backups").mkdir()
    await back_up(f"sqlite:///{tmp_path}/data/bot.db", tmp_path / "backups/bot.db")
    return tmp_path


def die_at_work(path: Path) -> None:
    """Write to a database and be killed, so that a part of it stays in its WAL."""
    script = (
        "import os, sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None);"
        "c.execute('PRAGMA journal_mode=WAL'); c.execute('PRAGMA wal_autocheckpoint=0');"
        "c.execute('CREATE TABLE later (x)');"
        "c.executemany('INSERT INTO later VALUES (?)', [('y' * 1000,)] * 300); os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", script, str(path)], check=True)
    assert path.with_name("bot.db-wal").stat().st_size > 100_000


def tables(path: Path) -> set[str]:
    """Look through a database, and list what is in it."""
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        return {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}


def test_a_backup_is_restored_again_and_again(home: Path) -> None:
    """Also after a bot that was killed, what is there is the backup, and nothing is lost."""
    data, clock = home / "data", home / "programs"
    clock.mkdir()
    (clock / "date").write_text(CLOCK)
    (clock / "date").chmod(0o755)
    lines = restoring(home)
    backed_up = tables(home / "backups/bot.db")
    for times in (1, 2):
        die_at_work(data / "bot.db")
        if os.getuid() == 0:  # as on a volume that everybody may write to
            os.chown(data / "bot.db", SOMEBODY, SOMEBODY)
        before = (data / "bot.db").stat()
        done = call(lines, home, f"{clock}:{SYSTEM}")
        assert (done.returncode, done.stderr) == (0, "")
        assert len(list(data.glob("old*"))) == times
        assert [path.name for path in data.glob("bot.db*")] == ["bot.db"]
        restored = (data / "bot.db").stat()
        assert (restored.st_uid, restored.st_gid) == (before.st_uid, before.st_gid)
        assert restored.st_mode & 0o777 == 0o600
        assert tables(data / "bot.db") == backed_up
    for old in data.glob("old*"):
        assert "later" in tables(old / "bot.db")


def test_what_cannot_be_put_aside_is_left_alone(home: Path) -> None:
    """Nothing is copied over an old database, nor beside its WAL."""
    lines = restoring(home)
    assert "old-$(date +%s)" in lines
    die_at_work(home / "data/bot.db")
    (home / "data/old").mkdir()
    assert call(lines.replace("old-$(date +%s)", "old"), home).returncode != 0
    assert "later" in tables(home / "data/bot.db")


@pytest.mark.parametrize(
    ("engine", "kept"),
    [
        ("printf whole", {"bot-2026-11-21.db": "whole"}),
        ("printf half; exit 1", {}),
        ("exit 1", {}),
    ],
)
def test_what_is_called_a_backup_is_whole(
    tmp_path: Path, engine: str, kept: dict[str, str]
) -> None:
    """Whatever breaks off, no file gets the name of the day with less than all of it."""
    backups, programs = tmp_path / "backups", tmp_path / "programs"
    for folder in (backups, programs):
        folder.mkdir()
    (backups / "bot-2026-11-20.db").write_text("before")
    for name, script in (("docker", engine), ("date", "echo 2026-11-21")):
        (programs / name).write_text(f"#!/bin/sh\n{script}\n")
        (programs / name).chmod(0o755)
    lines = block("docker exec balance-bot sh -c").replace("/backups/", f"{backups}/")
    done = call(lines, tmp_path, f"{programs}:{SYSTEM}")
    assert (done.returncode == 0) is ("exit" not in engine)
    found = {path.name: path.read_text() for path in backups.glob("bot-*")}
    assert found == {"bot-2026-11-20.db": "before"} | kept
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in backups.glob("*-21.db"))


def test_a_command_sees_what_the_unit_sees(home: Path, deploy: Path) -> None:
    """Its settings are the credential's, its database that of the state folder."""
    (line,) = (line for line in block("compose.yaml exec").splitlines() if "CREDENTIALS" in line)
    unit = (deploy / "balance-bot.service").read_text("utf-8")
    (program,) = re.findall(r"ExecStart=(\S+)", unit)
    (settings,) = re.findall(r"LoadCredential=settings.env:(\S+)/settings.env", unit)
    (state,) = re.findall(r"StateDirectory=(\S+)", unit)
    (home / "etc").mkdir()
    (home / "etc/settings.env").write_text(SETTINGS)
    for theirs, ours in (
        (f"cd /var/lib/{state} ", f"cd {shlex.quote(str(home))} "),
        (f"={settings} ", f"={home}/etc "),
        (f"{program} ", f"{sys.executable} -m bot "),
    ):
        assert line.count(theirs) == 1
        line = line.replace(theirs, ours)
    said = call(f"export PYTHONPATH={deploy.parent}; {line}", Path("/")).stdout
    assert re.search(r"ok +settings +1 account", said), said
    assert re.search(r"ok +database +data/bot.db is there", said), said


def test_docker_alone_publishes_what_compose_does(deploy: Path) -> None:
    """What watches the bot finds it at the same address of this machine alone."""
    (compose,) = documents(deploy / "compose.yaml")
    given = shlex.split(block("docker run -d"))
    assert [b for a, b in pairwise(given) if a == "-p"] == compose["services"]["bot"]["ports"]
