"""Completeness: what must be named in two places is named in both."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast, get_args

import pytest
from telegram.ext import BaseHandler, CommandHandler

from bot.chat.handlers import (
    UseCases,
    alerts,
    balance,
    digest,
    export,
    history,
    other,
    quiet,
    rooms,
    rule,
    rules,
    start,
    status,
)
from bot.chat.views.words import COMMANDS, USAGE, help_text
from bot.fetchers import EXCHANGES
from bot.sandbox.exchanges import EMULATORS, ENDPOINTS
from bot.settings import Settings, load_settings, sources
from bot.settings.model import Group

EXAMPLE = Path(__file__).parents[2] / "settings.example.env"
FREE = {"accounts": "MAIN", "rules": "LOW"}
"""The names that the example file chooses where the user may."""

OFF_BY_DEFAULT = {"BOT_FALLBACK_URLS", "BOT_HEARTBEAT_URL"}
"""What nobody can choose for somebody else: the example file shows how it would be written."""


def names_of_settings() -> Iterator[str]:
    """Spell out every setting under the names that the example file uses."""
    for field, info in Settings.model_fields.items():
        annotation, top = info.annotation, f"BOT_{field.upper()}"
        if isinstance(annotation, type) and issubclass(annotation, Group):
            yield from (f"{top}__{inner.upper()}" for inner in annotation.model_fields)
        elif field == "accounts":
            group = get_args(annotation)[1]
            yield from (f"{top}__MAIN__{inner.upper()}" for inner in group.model_fields)
        else:
            yield f"{top}__LOW" if field == "rules" else top


def lines_of_example() -> list[str]:
    """Return the settings of the example file, also those that are commented out."""
    lines = EXAMPLE.read_text("utf-8").splitlines()
    return [line.removeprefix("#") for line in lines if re.match(r"#?BOT_", line)]


def test_the_example_file_has_every_setting_once() -> None:
    """What can be set is explained there, and nothing else; more rules show the language."""
    named = [line.partition("=")[0] for line in lines_of_example()]
    assert len(named) == len(set(named))
    more_rules = {name for name in named if name.startswith("BOT_RULES__")} - {"BOT_RULES__LOW"}
    assert set(named) - more_rules == set(names_of_settings())


def test_the_example_file_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With its comment marks taken off and its blanks filled in, it is accepted whole."""
    monkeypatch.setattr(sources, "SECRETS", tmp_path / "none")
    lines = [f"{line}1" if line.endswith("=") else line for line in lines_of_example()]
    (tmp_path / "settings.env").write_text("\n".join(lines), "utf-8")
    settings = load_settings({}, folder=tmp_path)
    assert list(settings.accounts) == ["main"]
    assert len(settings.rules) == len([line for line in lines if line.startswith("BOT_RULES")])


def test_the_example_file_tells_the_defaults(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is commented out and general is what holds without it."""
    monkeypatch.setattr(sources, "SECRETS", tmp_path / "none")
    lines = [line for line in lines_of_example() if line.count("__") == 0]
    general = [line for line in lines if line.partition("=")[0] not in OFF_BY_DEFAULT]
    (tmp_path / "settings.env").write_text("\n".join(general), "utf-8")
    assert load_settings({}, folder=tmp_path) == load_settings({}, folder=tmp_path / "none")
    assert len(general) >= 4


@pytest.mark.parametrize("exchange", sorted(EXCHANGES))
def test_every_exchange_is_complete(exchange: str) -> None:
    """An exchange has its emulator and is named, with its wallets, in the example file."""
    assert exchange in EMULATORS
    assert ENDPOINTS[exchange]
    text = EXAMPLE.read_text("utf-8")
    assert re.search(rf"\b{exchange}\b", text)
    assert all(wallet in text for wallet in EXCHANGES[exchange].wallets)


def test_no_emulator_is_left_over() -> None:
    """What is emulated is what can be read."""
    assert set(EMULATORS) == set(ENDPOINTS) == set(EXCHANGES)


def commands_with_handlers() -> set[str]:
    nobody = cast(UseCases, None)  # nothing is called while handlers are made
    made: list[BaseHandler[Any, Any, Any]] = [
        *start.commands(nobody),
        *balance.handlers(nobody),
        *alerts.handlers(nobody),
        *quiet.commands(nobody),
        *digest.handlers(nobody, history.Charts()),
        *history.handlers(nobody, history.Charts()),
        *export.commands(nobody),
        *status.handlers(nobody),
        *rooms.handlers(nobody),
        *rules.handlers(nobody),
        *rule.handlers(nobody),
        *other.handlers(),
    ]
    found = [handler.commands for handler in made if isinstance(handler, CommandHandler)]
    assert sum(map(len, found)) == len(frozenset().union(*found))
    return set().union(*found)


def test_every_command_has_a_handler_and_words() -> None:
    """The menu, the help, the usage and the handlers know the same commands."""
    handled = commands_with_handlers()
    assert handled == set(USAGE)
    assert handled - {"start"} == set(COMMANDS)  # Telegram itself offers /start
    assert all(f"/{command} — " in help_text() for command in COMMANDS)
    assert all(f"/{command}" in usage for command, usage in USAGE.items())


def test_commands_are_what_telegram_takes() -> None:
    """Names and meanings keep to the limits of the menu."""
    assert all(re.fullmatch(r"[a-z0-9_]{1,32}", command) for command in COMMANDS)
    assert all(1 <= len(meaning) <= 256 for meaning in COMMANDS.values())
