"""What is handed over: a wheel with everything in it, and locks that name no host."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def test_the_wheel_is_complete(tmp_path: Path) -> None:
    """Migrations, the chat page and the mark of types are in it, like every module."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    packed = set(zipfile.ZipFile(wheel).namelist())
    files = (path for path in (ROOT / "bot").rglob("*") if path.is_file())
    source = {str(p.relative_to(ROOT)) for p in files if p.suffix != ".pyc"}
    assert source - packed == set()
    assert {"bot/py.typed", "bot/sandbox/webchat/static/index.html"} <= packed


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_locks_have_hashes_and_no_host(name: str) -> None:
    """Whoever installs chooses the index; what comes from there must be what was locked."""
    text = (ROOT / "deploy" / name).read_text()
    assert "://" not in text
    pins = [line for line in text.splitlines() if "==" in line]
    assert len(pins) > 20
    assert all(line.rstrip().endswith("\\") for line in pins), "a pin without a hash behind it"
