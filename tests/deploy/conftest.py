"""What is deployed, and the tools that judge it: CI must have them, other machines may skip."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest
import yaml  # type: ignore[import-untyped]

Tool = Callable[[str], str]
SYSTEM = "/usr/local/sbin:/usr/sbin:/sbin"


@pytest.fixture(scope="session")
def deploy() -> Path:
    """Give the folder with all kinds of deployment."""
    return Path(__file__).parents[2] / "deploy"


@pytest.fixture(scope="session")
def tool() -> Tool:
    """Find a program of the system by its name."""

    def find(name: str) -> str:
        found = shutil.which(name) or shutil.which(name, path=SYSTEM)
        if found is None:
            missing(f"there is no {name}")
        return found

    return find


def documents(path: Path) -> Iterator[dict[str, Any]]:
    """Read what is in a YAML file."""
    yield from yaml.safe_load_all(path.read_text("utf-8"))


def missing(what: str) -> NoReturn:
    """Skip, or fail in CI."""
    in_ci = os.environ.get("CI")  # noqa: TID251 - a matter of the test run, not a setting
    (pytest.fail if in_ci else pytest.skip)(what)
