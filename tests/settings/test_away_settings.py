"""The addresses of other channels and of the heartbeat: read as people write them, never shown."""

import pytest

from bot.settings import SettingsError
from tests.settings.conftest import Load

URLS = "BOT_FALLBACK_URLS"
HEART = "BOT_HEARTBEAT_URL"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("", []),
        ("ntfys://topic", ["ntfys://topic"]),
        (" a://1 ,  b://2,c://3 ", ["a://1", "b://2", "c://3"]),
        # Commas are part of an address, unless another one begins behind them.
        ("mailto://u:p@h?to=a@b,c@d,tgram://1:x/2,3", ["mailto://u:p@h?to=a@b,c@d", "tgram://1:x/2,3"]),
        ('["a://1,2", "b://3"]', ["a://1,2", "b://3"]),
    ],
)  # fmt: skip
def test_addresses(load: Load, written: str, read: list[str]) -> None:
    """Comma-separated or as JSON; every one is a secret."""
    settings = load({URLS: written})
    assert [url.get_secret_value() for url in settings.fallback_urls] == read
    assert set(read) <= set(settings.secrets)


@pytest.mark.parametrize(
    "url",
    [
        "https://hc-ping.com/5e1a-uuid",
        "https://kuma.example/api/push/hidden?status=up&msg=OK&ping=",
        "https://example.com/ends/with/",
        "http://127.0.0.1:8000/ping",
    ],
)
def test_heartbeat(load: Load, url: str) -> None:
    """It is kept word by word."""
    settings = load({HEART: url})
    assert settings.heartbeat_url is not None
    assert settings.heartbeat_url.get_secret_value() == url
    assert url in settings.secrets
    assert url not in repr(settings)


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("hidden", "expected a URL such as https://api.example.com"),
        ("ftp://hidden/", "expected a URL such as https://api.example.com"),
        ("https://me:hidden@host/", "expected a URL such as https://api.example.com"),
        ("https://[hidden", "expected a URL such as https://api.example.com"),
        ("http://hidden.example/", "plain http is accepted for loopback only; use https"),
        ("https://hidden:99999/", "expected a port from 1 to 65535 behind the host"),
    ],
)
def test_no_heartbeat(load: Load, url: str, sentence: str) -> None:
    """Refused in our words, without the value."""
    with pytest.raises(SettingsError) as refused:
        load({HEART: url})
    assert refused.value.lines == (f"{HEART}: {sentence}",)


def test_not_shown_when_the_list_is_broken(load: Load) -> None:
    """What is wrong with it is said without a word of it."""
    for written in ('["hidden', '[["hidden"]]', '[{"hidden": 1}]'):
        with pytest.raises(SettingsError) as refused:
            load({URLS: written})
        assert "hidden" not in str(refused.value)
        assert str(refused.value).startswith(f"{URLS}: expected a list")
