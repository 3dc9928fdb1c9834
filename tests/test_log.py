"""The log: one door for all lines, and no secret passes it."""

import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog

from bot.log import STRUCK_OUT, set_up_log

SECRETS = ("SECRET-a1b2c3", "pässwörd-ünïcode", 'quo"ted\\secret', "short")


@pytest.fixture
def logged(capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[..., Any]]:
    """Set the log up; the function returns what has been written since."""
    root = logging.getLogger()
    level = root.level

    def set_up(**options: Any) -> Callable[[], str]:
        set_up_log(**{"level": "INFO", "style": "json", "secrets": SECRETS, **options})
        structlog.configure(cache_logger_on_first_use=False)
        return lambda: capsys.readouterr().err

    yield set_up
    root.handlers.clear()  # pytest puts its own in anew
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.mark.parametrize("style", ["json", "text"])
@pytest.mark.parametrize("secret", SECRETS[:3])
def test_secrets_are_struck_out(logged: Any, style: str, secret: str) -> None:
    """In a sentence, a fact, a library's line, a traceback: nowhere a secret is shown."""
    read = logged(style=style)
    log = structlog.get_logger("bot")
    sentence = f"Look at {secret}!"
    log.warning(sentence, action="x", url=f"https://x/?sign={secret}&y", deep=[secret])
    logging.getLogger("library").error("refused: %s", secret)
    try:
        int(f"wrong key {secret}")
    except ValueError:
        log.exception("It broke off", action="y")
    text = read()
    assert text.count(STRUCK_OUT) >= 5
    for shown in (secret, json.dumps(secret)[1:-1], repr(secret)[1:-1]):
        assert shown not in text


def test_traceback_shows_no_local_variable(logged: Any) -> None:
    """The pretty tracebacks of the library would print what a function has in its hands."""
    read = logged(style="text", secrets=())
    held = "value-of-a-local"
    try:
        int(f"{len(held)} x")
    except ValueError:
        structlog.get_logger("bot").exception("It broke off", action="y")
    text = read()
    assert "'16 x'" in text
    assert held not in text


def test_json_lines(logged: Any) -> None:
    """Each line is an object with the sentence, the level and the instant, also a library's."""
    read = logged()
    structlog.get_logger("bot").info("All is well", action="check", wallets=3)
    logging.getLogger("library").warning("careful: %d", 7)
    first, second = (json.loads(line) for line in read().splitlines())
    assert (first["event"], first["action"], first["wallets"]) == ("All is well", "check", 3)
    assert (second["event"], second["level"]) == ("careful: 7", "warning")
    assert first["timestamp"].endswith("Z")


def test_level(logged: Any) -> None:
    """What lies below the level is not written, by whomever."""
    read = logged(level="ERROR")
    structlog.get_logger("bot").warning("no")
    logging.getLogger("library").warning("no")
    structlog.get_logger("bot").error("yes")
    assert [json.loads(line)["event"] for line in read().splitlines()] == ["yes"]


def test_chatty_libraries_are_quiet(logged: Any) -> None:
    """httpx logs whole addresses at INFO: even at DEBUG we do not want them."""
    read = logged(level="DEBUG")
    for name in ("httpx", "telegram.ext", "apscheduler.scheduler", "aiosqlite"):
        logging.getLogger(name).info("https://api.telegram.org/botTOKEN/getMe")
    assert read() == ""


def test_a_tick_that_is_left_out_is_no_news(logged: Any) -> None:
    """While a round of checks takes longer than a second, it would be written each second."""
    read = logged(level="INFO")
    logging.getLogger("apscheduler.scheduler").warning("skipped: maximum number of instances")
    assert read() == ""


@pytest.mark.parametrize("is_terminal", [True, False])
def test_text_on_a_terminal_and_json_elsewhere(
    logged: Any, monkeypatch: pytest.MonkeyPatch, *, is_terminal: bool
) -> None:
    """Where the settings do not say which."""
    monkeypatch.setattr("sys.stderr.isatty", lambda: is_terminal)
    read = logged(style=None)
    structlog.get_logger("bot").info("All is well", action="check")
    assert read().startswith("{") != is_terminal
