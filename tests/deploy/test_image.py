"""The Dockerfile, carried out without an engine, gives an image that works and is shut in."""

import json
import re
import subprocess
import tomllib
from collections.abc import Callable, Iterator
from fnmatch import fnmatch
from importlib.util import cache_from_source
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from bot.chat.picture import Drawn, Picture, Strip
from tests.deploy.conftest import Tool, missing
from tests.deploy.image import Stage, build, parse, run

ROOT = Path(__file__).parents[2]
DOCKERFILE = ROOT / "deploy" / "Dockerfile"
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
NOBODY = "http://127.0.0.1:1"
SETTINGS = f"""
BOT_TELEGRAM__TOKEN=12:abc
BOT_TELEGRAM__API_URL={NOBODY}
BOT_ACCOUNTS__MAIN__EXCHANGE=okx
BOT_ACCOUNTS__MAIN__API_KEY=a
BOT_ACCOUNTS__MAIN__API_SECRET=b
BOT_ACCOUNTS__MAIN__PASSPHRASE=c
BOT_ACCOUNTS__MAIN__BASE_URL={NOBODY}
"""
UNCHECKED = (1).to_bytes(4, "little")
"""Behind the magic number: the source is not looked at, whatever its time is."""
LARGEST = 260
"""MB on disk of what the image adds to Python's."""

# What is installed, and what of it balance-bot asks for, directly or by others.
CLOSURE = """
import importlib.metadata as m
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name as name
there = {name(d.metadata["Name"]): d for d in m.distributions()}
asked, wait = set(), [("balance-bot", frozenset())]
while wait:
    dist, extras = wait.pop()
    asked.add(dist)
    for line in there[dist].requires or ():
        r = Requirement(line)
        wanted = [dict(extra=e) for e in extras or [""]]
        if r.marker is None or any(map(r.marker.evaluate, wanted)):
            following = (name(r.name), frozenset(r.extras))
            if following[0] not in asked or following[1] - extras:
                wait.append(following) if following not in wait else None
print(sorted(there.keys() ^ asked))
"""
EVERY_MODULE = """
import importlib, pkgutil, bot
for found in pkgutil.walk_packages(bot.__path__, "bot."):
    if not found.name.startswith(("bot.__main__", "bot.store.migrations", "bot.fetchers.through")):
        importlib.import_module(found.name)
"""
# Answers one question at the port of the bot, and gives what the healthcheck then says.
HEALTH = """
import subprocess, sys, threading
from http.server import BaseHTTPRequestHandler, HTTPServer
class Web(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/healthz" else 404)
        self.end_headers()
        self.wfile.write(b"all is well")
server = HTTPServer(("127.0.0.1", 8081), Web)
threading.Thread(target=server.handle_request).start()
done = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE)
print(done.returncode, done.stdout.decode())
"""
# Starts the bot, asks the healthcheck until somebody answers, and stops the bot.
RUNNING = """
import subprocess, sys, time
bot = subprocess.Popen(["balance-bot", "run"])
until = time.monotonic() + 60
said = None
while not said and time.monotonic() < until:
    time.sleep(0.2)
    done = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    said = done.stdout.decode()
bot.terminate()
print(done.returncode, bot.wait(30), said)
"""

Run = Callable[..., subprocess.CompletedProcess[bytes]]


def test_nothing_secret_comes_in() -> None:
    """What the Dockerfile copies is let in by .dockerignore, and nothing else."""
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    let_in = {rule.removeprefix("!") for rule in rules if rule.startswith("!")}
    steps = [step for stage in parse(DOCKERFILE.read_text(), ROOT) for step in stage.steps]
    copied = [step for step in steps if step.word == "COPY" and "from" not in step.flags]
    assert {name for step in copied for name in step.rest.split()[:-1]} == let_in
    assert not any(fnmatch("settings.env", pattern) for pattern in let_in)
    assert not any(step.word == "ADD" for step in steps)


def test_every_language_stays() -> None:
    """What Babel knows of the languages that the bot speaks is not thrown away."""
    spoken = {"en", *(path.stem for path in (ROOT / "bot/chat/locales").glob("*.po"))}
    kept = set(re.findall(r"! -name '([a-z]+)\*\.dat'", DOCKERFILE.read_text()))
    assert kept == spoken


@pytest.fixture
def folder(tool: Tool) -> Iterator[Path]:
    """Give a folder that every user may enter; only root can act for an engine."""
    tried = subprocess.run([tool("unshare"), "--mount", "--net", "true"], check=False)
    if tried.returncode:
        missing("no namespaces for mounts can be had")
    with TemporaryDirectory() as made:
        Path(made).chmod(0o755)
        yield Path(made)


@pytest.mark.timeout(600)
def test_the_image_works(folder: Path) -> None:
    """Its steps are carried out once, and all that it promises is tried in what came of them."""
    image = build(DOCKERFILE, ROOT, folder)
    secrets = folder / "secrets"
    secrets.mkdir()
    (secrets / "settings.env").write_text(SETTINGS)

    def tried(*command: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        return run(image, command, secrets=secrets, given=given)

    runs_the_program(image, tried)
    reads_secrets_and_writes_to_its_volume(image, tried)
    can_write_nowhere_else(image, tried)
    has_what_it_needs_and_no_more(image, tried)
    draws(tried)
    tells_its_health(image, tried)
    is_backed_up_as_readme_says(tried)


def runs_the_program(image: Stage, tried: Run) -> None:
    """As what it is started with, and as nobody special."""
    assert tried(*image.command("ENTRYPOINT"), "version").stdout.decode().strip() == VERSION
    helped = tried(*image.command("ENTRYPOINT"), "--help").stdout.decode()
    assert "Copy the database to FILE" in helped  # though its code has no texts
    assert image.command("CMD") == ["run"]
    assert image.last("STOPSIGNAL") == "SIGTERM"
    who = tried("python", "-c", "import os; print(os.getuid(), os.getgid(), os.getgroups())")
    assert who.stdout.decode().split()[:2] == image.last("USER").split(":")
    assert "0" not in image.last("USER").split(":")


def reads_secrets_and_writes_to_its_volume(image: Stage, tried: Run) -> None:
    """Settings are found where they are mounted, and the database is where the volume is."""
    checked = tried(*image.command("ENTRYPOINT"), "check", "--json")
    assert checked.returncode == 1, checked.stderr.decode()  # nobody answers
    found = {each["what"]: each for each in json.loads(checked.stdout)["checks"]}
    assert found["settings"]["ok"]
    assert found["database"]["ok"]
    (made,) = re.findall(r"(\S+) will be created", found["database"]["message"])
    assert Path("/", made).is_relative_to(image.last("VOLUME"))
    written = tried("python", "-c", "open('/data/x', 'w'); open('/tmp/x', 'w')")
    assert written.returncode == 0, written.stderr.decode()


def can_write_nowhere_else(image: Stage, tried: Run) -> None:
    """The root is read-only, and would be nobody's to write to if it were not."""
    for place in ("/x", "/app/x", "/run/secrets/x"):
        written = tried("python", "-c", f"open({place!r}, 'w')")
        assert b"Read-only file system" in written.stderr
    uid = int(image.last("USER").partition(":")[0])
    files = [path for path in (image.root / "app").rglob("*") if not path.is_symlink()]
    assert not [path for path in files if path.stat().st_uid == uid]
    assert not [path for path in files if path.stat().st_mode & 0o022]


def has_what_it_needs_and_no_more(image: Stage, tried: Run) -> None:
    """All that balance-bot depends on, compiled; nothing else, and no tests of others."""
    assert tried("python", "-c", CLOSURE).stdout == b"[]\n"
    done = tried("python", "-W", "ignore", "-c", EVERY_MODULE)
    assert done.returncode == 0, done.stderr.decode()
    app = image.root / "app"
    files = [path for path in app.rglob("*") if path.is_file() and not path.is_symlink()]
    assert sum(path.stat().st_size for path in files) < LARGEST * 10**6
    sources = [path for path in files if path.suffix == ".py" and path.stat().st_size]
    assert len(sources) > 1000
    for compiled in (Path(cache_from_source(str(path), optimization=2)) for path in sources):
        assert compiled.read_bytes()[4:8] == UNCHECKED


def draws(tried: Run) -> None:
    """A chart is drawn by what was left of the libraries."""
    words = {"others": "others", "unread": "not read", "raised": "alert", "cleared": "over"}
    picture = Picture(
        title="main",
        subtitle="14 Nov – 21 Nov UTC",
        unit="USD",
        times=(0.0, 1.0),
        totals=(1.0, 2.0),
        unread=(False, False),
        strips=(Strip("main", (1.0, 2.0)),),
        ticks=((0.0, "14 Nov"),),
        limits=(),
        marks=(),
        words={**words, "point": "."},
    )
    drawn = tried("python", "-IOO", "-m", "bot.chat.charts", given=picture.encode())
    assert drawn.returncode == 0, drawn.stderr.decode()
    assert Drawn.decode(drawn.stdout).png.startswith(b"\x89PNG")
    assert b"MPLCONFIGDIR" not in drawn.stderr  # else every chart would look for fonts anew


def tells_its_health(image: Stage, tried: Run) -> None:
    """The healthcheck passes on what /healthz says; nobody there is not healthy."""
    asks = image.command("HEALTHCHECK")
    assert tried(*asks).returncode == 1
    assert tried("python", "-c", HEALTH, *asks).stdout.startswith(b"0 all is well")
    running = tried("python", "-c", RUNNING, *asks)
    assert re.match(rb'1 0 .*"poll"', running.stdout), running.stderr.decode()


def is_backed_up_as_readme_says(tried: Run) -> None:
    """Into the volume, where alone it can be written, and out of it through a pipe."""
    readme = (ROOT / "README.md").read_text()
    (piped,) = re.findall(r"docker exec balance-bot sh -c \\\n +'(.*)'", readme)
    for _ in ("the first", "behind one that broke off"):
        done = tried("sh", "-c", piped)
        assert done.returncode == 0, done.stderr.decode()
        assert done.stdout.startswith(b"SQLite format 3")
        tried("sh", "-c", "echo yesterday > /data/out.db")
