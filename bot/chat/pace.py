"""Patience with answers to people: wait when Telegram asks for it, try again what never left.

What comes from the outbox does its own waiting, over restarts, and passes through untouched.
"""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any

from telegram.error import RetryAfter, TelegramError
from telegram.ext import BaseRateLimiter
from typing_extensions import override

from bot.chat.failures import never_left, pause_of

FROM_OUTBOX = "from-outbox"
LONGEST_WAIT = timedelta(seconds=30)
PAUSES_S = (0.5, 2.0)
Answer = bool | dict[str, Any] | list[dict[str, Any]]


class Pace(BaseRateLimiter[str]):
    """Repeats a request where that is safe and soon."""

    @override
    async def initialize(self) -> None:
        """Nothing to open."""

    @override
    async def shutdown(self) -> None:
        """Nothing to close."""

    @override
    async def process_request(
        self,
        callback: Callable[..., Coroutine[Any, Any, Answer]],
        args: Any,
        kwargs: dict[str, Any],
        endpoint: str,
        data: dict[str, Any],
        rate_limit_args: str | None,
    ) -> Answer:
        """Make the request, up to three times."""
        pauses = () if rate_limit_args == FROM_OUTBOX or endpoint == "getUpdates" else PAUSES_S
        for pause in pauses:
            try:
                return await callback(*args, **kwargs)
            except TelegramError as e:
                await asyncio.sleep(_wait_s(e, pause))
        return await callback(*args, **kwargs)


def _wait_s(error: TelegramError, pause: float) -> float:
    """Say how long to wait before the next attempt; raise the error where there is to be none."""
    if isinstance(error, RetryAfter) and pause_of(error) <= LONGEST_WAIT:
        return pause_of(error).total_seconds()
    if never_left(error):
        return pause
    raise error
