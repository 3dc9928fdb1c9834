"""The composition root: who is asked for prices."""

from pathlib import Path

import pytest

from bot.settings import load_settings, sources
from bot.sources import markets_of


def test_one_market_a_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Accounts at the same server of an exchange share a market, named by the first of them."""
    monkeypatch.setattr(sources, "SECRETS", tmp_path / "none")
    rows = {
        "A": ("xt", ""),
        "B": ("okx", ""),
        "C": ("okx", "https://my.okx.com"),
        "D": ("okx", "https://www.okx.com"),
        "E": ("okx", "https://my.okx.com/"),
        "F": ("coinw", ""),
    }
    environ: dict[str, str] = {}
    for name, (exchange, base_url) in rows.items():
        top = f"BOT_ACCOUNTS__{name}__"
        environ |= {f"{top}EXCHANGE": exchange, f"{top}BASE_URL": base_url}
        environ |= {f"{top}{part}": name for part in ("API_KEY", "API_SECRET", "PASSPHRASE")}
    settings = load_settings(environ, folder=tmp_path)
    assert markets_of(settings) == {"a": "a", "b": "b", "c": "c", "d": "b", "e": "c", "f": "f"}
