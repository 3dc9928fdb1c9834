"""All kinds of deployment agree with the program, with its version, and with each other."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.settings.checks import unknown_names

ROOT = Path(__file__).parents[2]
KINDS = ("*.yaml", "*.service", "Dockerfile", "*.conf", "*.json")
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]


def written() -> Iterator[tuple[str, str]]:
    """All that is deployed by, and what README.md says about it, by the names of the files."""
    files = (path for kind in KINDS for path in sorted((ROOT / "deploy").rglob(kind)))
    for path in (*files, ROOT / "README.md"):
        yield str(path.relative_to(ROOT)), path.read_text("utf-8")


def settings_in(text: str) -> set[str]:
    """Find the names of settings, also where they point to files."""
    found = set(re.findall(r"\bBOT_[A-Z0-9_]*[A-Z0-9]\b", text))
    return {name.removesuffix("_FILE") for name in found}


@pytest.mark.parametrize(("name", "text"), list(written()), ids=lambda value: value[:40])
def test_every_setting_that_is_named_exists(name: str, text: str) -> None:
    """A name that nobody knows is refused at the start, so that the bot would not run."""
    # What README.md shows as misspelt, and the beginning of a family of names.
    shown = {"BOT_CHEK_EVERY", "BOT_ACCOUNTS", "BOT_RULES"} if name == "README.md" else set()
    assert list(unknown_names(dict.fromkeys(settings_in(text) - shown, ""))) == []


def test_settings_are_found_at_all() -> None:
    """The test above looks at something."""
    assert settings_in("-e BOT_WEB__LISTEN=1\n  BOT_TELEGRAM__TOKEN_FILE: x BOT_") == {
        "BOT_WEB__LISTEN",
        "BOT_TELEGRAM__TOKEN",
    }
    assert {name for name, text in written() if settings_in(text)} >= {
        "deploy/Dockerfile",
        "deploy/compose.scale.yaml",
        "deploy/kubernetes/common.yaml",
        "deploy/kubernetes/secret.example.yaml",
        "deploy/nginx.conf",
    }


@pytest.mark.parametrize(("name", "text"), list(written()), ids=lambda value: value[:40])
def test_images_are_of_this_version(name: str, text: str) -> None:
    """What is started is what was released, never whatever is new."""
    tags = re.findall(r"balance-bot:(\S*?)[\s\"'`]", text)
    assert [tag for tag in tags if re.match(r"\d", tag) and tag != VERSION] == []
    assert not re.search(r"image: \S+:latest|image: [^:\s]+$", text, re.MULTILINE)
    labels = re.findall(r'image\.version="(.*?)"', text)
    assert set(labels) <= {VERSION}
    assert (name != "deploy/Dockerfile") or (tags and labels)


@pytest.mark.parametrize(("name", "text"), list(written()), ids=lambda value: value[:40])
def test_no_secret_is_written_down(name: str, text: str) -> None:
    """They come in files of their own; where one is named, nothing stands behind it."""
    secret = r"(?:TOKEN|API_KEY|API_SECRET|PASSPHRASE|WEBHOOK_SECRET|POSTGRES_PASSWORD)"
    given = re.findall(rf"{secret}\b[\"']?[:=]\s*(\S+)", text)
    assert {value for value in given if value not in {'""', "…"}} == set(), name
    urls = re.findall(r"postgresql://[^:@\s]+:([^@\s]+)@", text)
    assert set(urls) <= {"password", "%s"}
