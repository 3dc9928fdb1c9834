"""A folder of one's own for each test, and no secrets of the machine."""

from collections.abc import Callable
from pathlib import Path

import pytest

from bot.settings import Settings, load_settings, sources

Load = Callable[..., Settings]


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
