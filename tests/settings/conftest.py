"""What the tests of settings share: a folder of one's own, two accounts, what is refused."""

from collections.abc import Callable
from pathlib import Path

import pytest

from bot.settings import Settings, SettingsError, load_settings, sources

Load = Callable[..., Settings]

OKX = {
    "BOT_ACCOUNTS__MAIN__EXCHANGE": "okx",
    "BOT_ACCOUNTS__MAIN__API_KEY": "hidden-key",
    "BOT_ACCOUNTS__MAIN__API_SECRET": "hidden-secret",
    "BOT_ACCOUNTS__MAIN__PASSPHRASE": "hidden-passphrase",
}
COINW = {
    "BOT_ACCOUNTS__SPARE__EXCHANGE": "coinw",
    "BOT_ACCOUNTS__SPARE__API_KEY": "hidden-key-2",
    "BOT_ACCOUNTS__SPARE__API_SECRET": "hidden-secret-2",
}
TOKEN = "BOT_TELEGRAM__TOKEN"
OKX_PATHS = [
    f"main/{wallet}" for wallet in ("funding", "trading", "savings", "eth-staking", "sol-staking")
]


@pytest.fixture
def secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the folder that stands for /run/secrets."""
    folder = tmp_path / "secrets"
    folder.mkdir()
    monkeypatch.setattr(sources, "SECRETS", folder)
    return folder


@pytest.fixture
def load(tmp_path: Path, secrets: Path) -> Load:
    """Load settings from an environment, `NAME=value` lines as `file`, and nothing else."""

    def load_from(environ: dict[str, str] | None = None, *, file: str | None = None) -> Settings:
        if file is not None:
            (tmp_path / "settings.env").write_text(file, "utf-8")
        return load_settings(environ or {}, folder=tmp_path)

    return load_from


def refused(load: Load, environ: dict[str, str]) -> tuple[str, ...]:
    """Return what is said of settings that are refused, a line each."""
    with pytest.raises(SettingsError) as caught:
        load(environ)
    assert str(caught.value) == "\n".join(caught.value.lines)
    return caught.value.lines
