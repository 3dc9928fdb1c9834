"""Patience with answers to people: only what is safe to repeat is repeated."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from telegram.error import BadRequest, NetworkError, RetryAfter, TelegramError, TimedOut

from bot.chat.pace import FROM_OUTBOX, Pace


def caused(error: TelegramError, by: Exception) -> TelegramError:
    error.__cause__ = by
    return error


REFUSED = caused(NetworkError("no connection"), httpx.ConnectError("refused"))
TOO_SLOW = caused(TimedOut("too slow"), httpx.ReadTimeout("no answer"))
SHORT = RetryAfter(timedelta(seconds=0.001))
LONG = RetryAfter(timedelta(minutes=5))


class Api:
    """Fails as told, then answers; counts how often it is asked."""

    def __init__(self, *errors: TelegramError) -> None:
        self.errors = list(errors)
        self.asked = 0

    async def __call__(self, *_: Any, **__: Any) -> bool:
        self.asked += 1
        if self.errors:
            raise self.errors.pop(0)
        return True

    async def through(self, endpoint: str = "sendMessage", args: str | None = None) -> bool:
        return bool(await Pace().process_request(self, [], {}, endpoint, {}, args))


@pytest.mark.parametrize("errors", [[], [REFUSED], [REFUSED, REFUSED], [SHORT], [SHORT, REFUSED]])
async def test_what_never_left_is_tried_again(errors: list[TelegramError]) -> None:
    """A connection that was refused and a short pause are waited out."""
    api = Api(*errors)
    assert await api.through()
    assert api.asked == len(errors) + 1


@pytest.mark.parametrize(
    "error", [TOO_SLOW, LONG, BadRequest("who knows"), NetworkError("502"), TimedOut("?")]
)
async def test_what_may_have_arrived_is_not(error: TelegramError) -> None:
    """Doubt, a long pause and a refusal are raised at once: nothing is said twice."""
    api = Api(error)
    with pytest.raises(type(error)):
        await api.through()
    assert api.asked == 1


async def test_patience_ends() -> None:
    """After three attempts the error is raised."""
    api = Api(REFUSED, REFUSED, REFUSED, REFUSED)
    with pytest.raises(NetworkError):
        await api.through()
    assert api.asked == 3


@pytest.mark.parametrize(
    ("endpoint", "args"), [("sendMessage", FROM_OUTBOX), ("getUpdates", None)]
)
async def test_who_waits_by_itself_passes_through(endpoint: str, args: str | None) -> None:
    """The outbox and the poller keep their own pauses."""
    api = Api(REFUSED)
    with pytest.raises(NetworkError):
        await api.through(endpoint, args)
    assert api.asked == 1
