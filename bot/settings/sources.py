"""Where values come from, the later ones winning: /run/secrets, `settings.env`, the environment.

A name with `_FILE` behind it gives the file that holds the value. An empty value counts as not
given, except where nothing is a choice of its own (no digest).
"""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from dotenv import dotenv_values

from bot.settings.errors import SettingsError

PREFIX = "BOT_"
FILE = "settings.env"
SECRETS = Path("/run/secrets")
MAY_BE_EMPTY = {"BOT_DIGEST_AT"}


def gathered(environ: Mapping[str, str] | None, folder: Path) -> dict[str, str]:
    """Return all values by their names in upper case, `_FILE` resolved.

    Args:
        environ: The environment; None means that of the process.
        folder: Where `settings.env` may lie.

    Raises:
        SettingsError: a file cannot be read.
    """
    environ = os.environ if environ is None else environ
    ours = {name.upper(): value for name, value in environ.items() if _is_ours(name)}
    named: dict[str, str] = {}
    for layer in (_from_secrets(), _from_file(folder / FILE), ours):
        given = {name: value for name, value in layer.items() if value or name in MAY_BE_EMPTY}
        named |= {name: value for name, value in given.items() if not _points(name)}
        named |= dict(_pointed_to(given))
    return {name: value for name, value in named.items() if value or name in MAY_BE_EMPTY}


def _is_ours(name: str) -> bool:
    return name.upper().startswith(PREFIX)


def _points(name: str) -> bool:
    return name.endswith("_FILE")


def _from_secrets() -> dict[str, str]:
    files = [path for path in SECRETS.glob("*") if path.is_file() and _is_ours(path.name)]
    return {path.name.upper(): _text_of(path.name.upper(), path) for path in files}


def _from_file(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    try:
        values = dotenv_values(path, interpolate=False)
    except (OSError, UnicodeDecodeError):
        raise SettingsError([f"{FILE}: cannot be read"]) from None
    return {name.upper(): value or "" for name, value in values.items()}


def _pointed_to(named: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name, value in named.items():
        if _points(name):
            yield name.removesuffix("_FILE"), _text_of(name, Path(value))


def _text_of(name: str, path: Path) -> str:
    try:
        return path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise SettingsError([f"{name}: the file cannot be read"]) from None


def nested(named: Mapping[str, str]) -> dict[str, Any]:
    """Unfold `A__B__C` into groups, in lower case."""
    root: dict[str, Any] = {}
    for name, value in named.items():
        *groups, last = name.removeprefix(PREFIX).lower().split("__")
        place = root
        for group in groups:
            place = place.setdefault(group, {})
        place[last] = value
    return root
