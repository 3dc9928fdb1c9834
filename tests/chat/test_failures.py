"""What an error of the library means for the message: sent, surely not, perhaps, or never."""

from datetime import timedelta

import httpx
import pytest
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
    TimedOut,
)

from bot.chat.failures import never_left, outcome_of, pause_of
from bot.core.delivery import ChatGone, ChatMoved, MaybeSent, NotSent, Outcome, Refused

REQUEST = httpx.Request("POST", "https://api.telegram.org/bot12:hidden/sendMessage")


def because(error: TelegramError, cause: Exception) -> TelegramError:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (ChatMigrated(-1001), ChatMoved(-1001)),
        (Forbidden("bot was blocked by the user"), ChatGone("bot was blocked by the user")),
        (
            Forbidden("bot was kicked from the group chat"),
            ChatGone("bot was kicked from the group chat"),
        ),
        (BadRequest("Chat not found"), ChatGone("Chat not found")),
        *(
            (BadRequest(text), ChatGone(text))
            for text in (
                "Not enough rights to send text messages to the chat",
                "Have no rights to send a message",
                "Need administrator rights in the channel chat",
                "CHAT_RESTRICTED",
                "CHAT_WRITE_FORBIDDEN",
                "TOPIC_CLOSED",
            )
        ),
        # A page of a server in between is not Telegram's word.
        (because(Forbidden("<html>"), TelegramError("no JSON")), NotSent("<html>", doubtful=True)),
        (
            because(BadRequest("<html>"), TelegramError("no JSON")),
            NotSent("<html>", doubtful=True),
        ),
        (BadRequest("Message is too long"), Refused("Message is too long")),
        (BadRequest("Can't parse entities"), Refused("Can't parse entities")),
        # Surely not sent: the connection never came about.
        (because(NetworkError("x"), httpx.ConnectError("no route")), NotSent("x")),
        (because(TimedOut("x"), httpx.ConnectTimeout("slow")), NotSent("x")),
        (because(TimedOut("x"), httpx.PoolTimeout("busy")), NotSent("x")),
        # Perhaps: bytes had left when it broke off.
        (because(TimedOut("x"), httpx.ReadTimeout("slow")), MaybeSent("x")),
        (because(NetworkError("x"), httpx.WriteError("cut")), MaybeSent("x")),
        (because(NetworkError("x"), httpx.WriteTimeout("cut")), MaybeSent("x")),
        (because(NetworkError("x"), httpx.ReadError("cut")), MaybeSent("x")),
        (because(NetworkError("x"), httpx.RemoteProtocolError("cut")), MaybeSent("x")),
        (because(TelegramError("x"), ValueError("no JSON")), MaybeSent("x")),
        # An answer came, and it was an error: nothing was sent.
        (NetworkError("Bad Gateway"), NotSent("Bad Gateway", doubtful=True)),
        (NetworkError("Too Many Requests (429)"), NotSent("Too Many Requests (429)")),
        (NetworkError("Gateway Timeout (504)"), MaybeSent("Gateway Timeout (504)")),
        (InvalidToken("no"), NotSent("no")),
        (Conflict("other"), NotSent("other")),
    ],
)
def test_outcomes(error: TelegramError, outcome: Outcome) -> None:
    """Each error is one outcome; `BadRequest` is no network error here, though it is one there."""
    assert outcome_of(error) == outcome


@pytest.mark.parametrize("seconds", [timedelta(seconds=37), timedelta(minutes=5)])
def test_pauses(seconds: timedelta) -> None:
    """Telegram's wish for a pause is kept to the second."""
    error = RetryAfter(seconds)
    assert pause_of(error) == seconds
    outcome = outcome_of(error)
    assert isinstance(outcome, NotSent)
    assert outcome.retry_after == seconds


def test_only_a_connection_that_never_came_about_is_sure() -> None:
    """Without a cause nobody knows whether bytes have left."""
    assert never_left(because(TimedOut(), httpx.ConnectTimeout("slow", request=REQUEST)))
    assert not never_left(because(TimedOut(), httpx.ReadTimeout("slow", request=REQUEST)))
    assert not never_left(TimedOut())
