"""Every setting: read once at the start, checked whole, frozen.

A name that begins with `BOT_` and is not known is refused: a typo must not be silent.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

from pydantic import ValidationError

from bot.settings import checks, sources
from bot.settings.errors import SettingsError
from bot.settings.model import (
    OFFICIAL_API,
    AccountSettings,
    LogSettings,
    Settings,
    TelegramSettings,
    WebSettings,
)

__all__ = [
    "OFFICIAL_API",
    "AccountSettings",
    "LogSettings",
    "Settings",
    "SettingsError",
    "TelegramSettings",
    "WebSettings",
    "exposed_files",
    "load_settings",
    "require_accounts",
    "require_bot",
]


def load_settings(
    environ: Mapping[str, str] | None = None, *, folder: Path | None = None
) -> Settings:
    """Gather and check all settings.

    Args:
        environ: The environment; None means that of the process.
        folder: Where `settings.env` may lie; None means the working directory.

    Raises:
        SettingsError: something is missing, misspelt or cannot be.
    """
    named = sources.gathered(environ, folder or Path.cwd())
    _refuse(checks.unknown_names(named))
    try:
        settings = Settings(**sources.nested(named))
    except ValidationError as e:
        lines = checks.lines_of(e)
    else:
        _refuse(checks.account_problems(settings))
        _refuse(checks.rule_problems(settings))
        _refuse(checks.webhook_problems(settings))
        return settings
    raise SettingsError(lines)


def exposed_files(
    environ: Mapping[str, str] | None = None, *, folder: Path | None = None
) -> tuple[Path, ...]:
    """List the files of settings that others can read, with secrets in them; see `load_settings`.

    Raises:
        SettingsError: `settings.env` cannot be read.
    """
    return tuple(sources.exposed(environ, folder or Path.cwd()))


def _refuse(problems: Iterable[str]) -> None:
    if lines := tuple(problems):
        raise SettingsError(lines)


def require_bot(settings: Settings) -> None:
    """Check what only the running bot needs.

    Raises:
        SettingsError: there is no token or no account.
    """
    _refuse([*checks.token_problems(settings), *checks.missing_accounts(settings)])


def require_accounts(settings: Settings) -> None:
    """Check that there is something to read.

    Raises:
        SettingsError: there is no account.
    """
    _refuse(checks.missing_accounts(settings))
