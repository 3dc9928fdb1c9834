"""What an error of the Telegram library means for the message that was to be sent.

`BadRequest` and `TimedOut` are both subclasses of `NetworkError`, and a time-out is raised for
what never left as well as for what may have arrived: the cause below it tells which. A refusal
with a cause is a page that nobody can read, and not Telegram's word.
"""

from datetime import timedelta

import httpx
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Forbidden,
    NetworkError,
    RetryAfter,
    TelegramError,
)

from bot.core.delivery import ChatGone, ChatMoved, MaybeSent, NotSent, Outcome, Refused

_GONE = (
    "chat not found",
    "message thread not found",
    "chat was deleted",
    "group chat was upgraded",
    # We are there and may not write: it is told what stands when we may.
    "not enough rights to send",
    "have no rights to send a message",
    "need administrator rights",
    "chat_restricted",
    "chat_write_forbidden",
    "topic_closed",
)
_NEVER_LEFT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


def never_left(error: TelegramError) -> bool:
    """Whether no byte of the request has left: only then is it surely unsent."""
    return isinstance(error.__cause__, _NEVER_LEFT)


def pause_of(error: RetryAfter) -> timedelta:
    """Return how long Telegram wants to be left alone."""
    wait = error.retry_after
    return wait if isinstance(wait, timedelta) else timedelta(seconds=wait)


def outcome_of(error: TelegramError) -> Outcome:
    """Say what has become of a message whose sending raised an error."""
    match error:
        case RetryAfter():
            return NotSent("Telegram asks for a pause", pause_of(error))
        case ChatMigrated():
            return ChatMoved(error.new_chat_id)
        case Forbidden() | BadRequest():
            return _refusal(error)
        case NetworkError() if isinstance(error.__cause__, httpx.HTTPError):
            return NotSent(str(error)) if never_left(error) else MaybeSent(str(error))
        case NetworkError() if "time" in str(error).lower():
            return MaybeSent(str(error))  # a gateway has waited for Telegram in vain
        case NetworkError():
            # A 429 without a pause, which the library takes for none, is no doubt.
            doubtful = "too many requests" not in str(error).lower()
            return NotSent(str(error), doubtful=doubtful)  # a 5xx, perhaps of a server in between
        case _ if isinstance(error.__cause__, ValueError):
            return MaybeSent(str(error))  # an answer came, and nobody can read it
        case _:
            return NotSent(str(error))


def _refusal(error: Forbidden | BadRequest) -> Outcome:
    if error.__cause__ is not None:
        return NotSent(str(error), doubtful=True)  # a page of a server in between
    if isinstance(error, Forbidden) or any(sign in str(error).lower() for sign in _GONE):
        return ChatGone(str(error))
    return Refused(str(error))
