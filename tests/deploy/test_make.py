"""`make` makes its own environment, and does so again where it broke off."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Stands for Python and its module venv, which ends before it comes to pip until all is there.
PYTHON = """#!/bin/sh
[ "$1" = -c ] && exit 0
mkdir -p .venv/bin
printf '#!/bin/sh\\ntest -e .venv/bin/pip\\n' > .venv/bin/python
chmod +x .venv/bin/python
[ -e all-is-there ] && touch .venv/bin/pip
"""


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Have what `make` goes by, in a folder in which nothing has been made yet."""
    (tmp_path / "deploy").mkdir()
    for name in ("Makefile", "pyproject.toml", "deploy/requirements.lock"):
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "python").write_text(PYTHON)
    (tmp_path / "python").chmod(0o755)
    return tmp_path


def test_half_an_environment_is_made_again(clone: Path) -> None:
    """As after Ctrl-C, or on a Debian where its package for venv was missing."""
    make = ["make", "PYTHON=./python", ".venv/.installed"]
    tried = subprocess.run(make, cwd=clone, check=False, capture_output=True)
    assert tried.returncode != 0
    assert (clone / ".venv/bin/python").exists()
    (clone / "all-is-there").touch()
    done = subprocess.run(make, cwd=clone, check=False, capture_output=True, text=True)
    assert (done.returncode, (clone / ".venv/.installed").exists()) == (0, True), done.stderr
