"""Where values come from, the later ones winning: secrets, `settings.env`, the environment.

Secrets are a `settings.env` and files called like a setting, in /run/secrets and in the folder
that systemd hands over as $CREDENTIALS_DIRECTORY.

A name with `_FILE` behind it gives the file that holds the value. An empty value counts as not
given, except where nothing is a choice of its own (no digest, no page), and in a rule: one that
was emptied by mistake would be missed only when it should have spoken.
"""

import os
from collections.abc import Iterator, Mapping
from io import StringIO
from itertools import chain
from pathlib import Path
from typing import Any

from dotenv.parser import Binding, parse_stream

from bot.settings.errors import SettingsError

PREFIX = "BOT_"
FILE = "settings.env"
SECRETS = Path("/run/secrets")
CREDENTIALS = "CREDENTIALS_DIRECTORY"
OTHERS_MAY_READ = 0o044


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
    secrets = chain.from_iterable(_from_secrets(place) for place in _secret_places(environ))
    for layer in (*secrets, _from_file(folder / FILE), ours):
        given = {name: value for name, value in layer.items() if value or _may_be_empty(name)}
        named |= {name: value for name, value in given.items() if not _points(name)}
        named |= dict(_pointed_to(given))
    return {name: value for name, value in named.items() if value or _may_be_empty(name)}


def exposed(environ: Mapping[str, str] | None, folder: Path) -> Iterator[Path]:
    """List the files of settings that others on this machine can read.

    Secrets that were handed over are left out: whoever mounts them lets all in the container read.
    """
    environ = os.environ if environ is None else environ
    ours = {name.upper(): value for name, value in environ.items() if _is_ours(name)}
    named = {**_from_file(folder / FILE), **ours}
    pointed_to = [Path(value) for name, value in named.items() if value and _points(name)]
    places = [place.resolve() for place in _secret_places(environ)]
    for path in dict.fromkeys([folder / FILE, *pointed_to]):
        mounted = any(map(path.resolve().is_relative_to, places))
        if path.is_file() and not mounted and path.stat().st_mode & OTHERS_MAY_READ:
            yield path


def _is_ours(name: str) -> bool:
    return name.upper().startswith(PREFIX)


def _may_be_empty(name: str) -> bool:
    return name in {"BOT_DIGEST_AT", "BOT_WEB__LISTEN"} or (
        name.startswith("BOT_RULES__") and not _points(name)
    )


def _points(name: str) -> bool:
    return name.endswith("_FILE")


def _secret_places(environ: Mapping[str, str]) -> Iterator[Path]:
    yield SECRETS
    if handed_over := environ.get(CREDENTIALS):
        yield Path(handed_over)


def _from_secrets(place: Path) -> Iterator[dict[str, str]]:
    yield _from_file(place / FILE)
    files = [path for path in place.glob("*") if path.is_file() and _is_ours(path.name)]
    yield {path.name.upper(): _text_of(path.name.upper(), path) for path in files}


def _from_file(path: Path) -> dict[str, str]:
    try:
        bindings = list(parse_stream(StringIO(path.read_text("utf-8"))))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError):
        raise SettingsError([f"{FILE}: cannot be read"]) from None
    # Not dotenv_values(): it drops a line that it cannot parse, and the setting with it.
    if bad := [_line_of(binding) for binding in bindings if _is_broken(binding)]:
        raise SettingsError(f"{FILE}: line {line} is not NAME=value" for line in bad)
    return {binding.key.upper(): binding.value or "" for binding in bindings if binding.key}


def _is_broken(binding: Binding) -> bool:
    return binding.error or (binding.key is not None and binding.value is None)


def _line_of(binding: Binding) -> int:
    """Count past the empty lines with which the parser begins a binding."""
    text = binding.original.string
    return binding.original.line + text[: len(text) - len(text.lstrip())].count("\n")


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
