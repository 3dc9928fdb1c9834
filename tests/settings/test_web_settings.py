"""Where the bot is seen from outside, and where Telegram posts to."""

import pytest

from bot.settings import SettingsError
from tests.settings.conftest import Load

SECRET = "0123456789abcdef"
HOOK = {
    "BOT_TELEGRAM__WEBHOOK_URL": "https://bot.example.com/telegram",
    "BOT_TELEGRAM__WEBHOOK_SECRET": SECRET,
}


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("127.0.0.1:8081", "127.0.0.1", 8081),
        (" 0.0.0.0:80 ", "0.0.0.0", 80),
        ("[::1]:0", "::1", 0),
        ("localhost:65535", "localhost", 65535),
    ],
)
def test_an_address(load: Load, text: str, host: str, port: int) -> None:
    assert load({"BOT_WEB__LISTEN": text}).web.listen == (host, port)


@pytest.mark.parametrize(
    "text", ["8081", ":8081", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "http://x:1", "::1:80"]
)
def test_what_is_none(load: Load, text: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load({"BOT_WEB__LISTEN": text})
    (line,) = caught.value.lines
    assert line.startswith("BOT_WEB__LISTEN: expected an address and a port")
    assert text in line


def test_by_default(load: Load) -> None:
    """On this machine alone, without amounts; nobody counts on it."""
    web = load().web
    assert (web.listen, web.balances, web.is_chosen) == (("127.0.0.1", 8081), False, False)
    assert load({"BOT_WEB__LISTEN": "127.0.0.1:8081"}).web.is_chosen


@pytest.mark.parametrize("file", [None, "BOT_WEB__LISTEN="])
def test_off(load: Load, file: str | None) -> None:
    """Nothing behind the = is a choice, in the file and in the environment."""
    environ = {"BOT_WEB__LISTEN": ""} if file is None else {}
    assert load(environ, file=file).web.listen is None


def test_webhook(load: Load) -> None:
    telegram = load(HOOK).telegram
    assert telegram.webhook_url == "https://bot.example.com/telegram"
    assert telegram.webhook_secret is not None
    assert SECRET in load(HOOK).secrets
    assert SECRET not in repr(load(HOOK))


@pytest.mark.parametrize(
    ("changed", "begin"),
    [
        (
            {"BOT_TELEGRAM__WEBHOOK_SECRET": ""},
            "BOT_TELEGRAM__WEBHOOK_SECRET: is missing; op",
        ),
        ({"BOT_TELEGRAM__WEBHOOK_URL": ""}, "BOT_TELEGRAM__WEBHOOK_URL: is missing; the secret"),
        ({"BOT_WEB__LISTEN": ""}, "BOT_WEB__LISTEN: is empty; the webhook needs"),
        (
            {"BOT_TELEGRAM__WEBHOOK_URL": "http://bot.example.com/telegram"},
            "BOT_TELEGRAM__WEBHOOK_URL: plain http is accepted for loopback only",
        ),
        (
            {"BOT_TELEGRAM__WEBHOOK_URL": "https://bot.example.com/metrics"},
            "BOT_TELEGRAM__WEBHOOK_URL: /metrics is a page of the bot",
        ),
        (
            {"BOT_TELEGRAM__WEBHOOK_URL": "https://bot.example.com:8081/telegram"},
            "BOT_TELEGRAM__WEBHOOK_URL: Telegram posts to the ports 443, 80, 88 and 8443 only",
        ),
        (
            {"BOT_TELEGRAM__WEBHOOK_URL": "https://bot.example.com/telegram?key=1"},
            "BOT_TELEGRAM__WEBHOOK_URL: expected a URL",
        ),
        (
            {"BOT_TELEGRAM__WEBHOOK_SECRET": "f" * 15},
            "BOT_TELEGRAM__WEBHOOK_SECRET: expected 16 to 256 letters",
        ),
        (
            {"BOT_TELEGRAM__WEBHOOK_SECRET": "päss word, quite a long one"},
            "BOT_TELEGRAM__WEBHOOK_SECRET: expected 16 to 256 letters",
        ),
    ],
)
def test_webhooks_that_cannot_be(load: Load, changed: dict[str, str], begin: str) -> None:
    """One line that says what to do, and shows no secret."""
    with pytest.raises(SettingsError) as caught:
        load(HOOK | changed)
    (line,) = caught.value.lines
    assert line.startswith(begin)
    assert SECRET not in line
    assert "päss" not in line


@pytest.mark.parametrize("path", ["/a%20b", "/{x}", "/{x", "/ü", "/a b", "/a:b", "/a/../b", "/."])
def test_paths_that_are_not_the_same_everywhere(load: Load, path: str) -> None:
    """Such a door would never be found, or break off the start; the path may be a secret."""
    with pytest.raises(SettingsError) as caught:
        load(HOOK | {"BOT_TELEGRAM__WEBHOOK_URL": f"https://bot.example.com{path}"})
    (line,) = caught.value.lines
    assert line.startswith("BOT_TELEGRAM__WEBHOOK_URL: expected a path of letters, digits, and")
    assert path not in line


@pytest.mark.parametrize("path", ["", "/telegram", "/a/B-9_.~/..x"])
def test_paths_that_are(load: Load, path: str) -> None:
    url = f"https://bot.example.com{path}"
    assert load(HOOK | {"BOT_TELEGRAM__WEBHOOK_URL": url}).telegram.webhook_url == url


def test_a_server_of_ones_own_may_post_anywhere(load: Load) -> None:
    """Plain http on this machine as well."""
    own = {
        "BOT_TELEGRAM__API_URL": "http://127.0.0.1:9000",
        "BOT_TELEGRAM__WEBHOOK_URL": "http://127.0.0.1:8081/telegram/",
    }
    assert load(HOOK | own).telegram.webhook_url == "http://127.0.0.1:8081/telegram"
