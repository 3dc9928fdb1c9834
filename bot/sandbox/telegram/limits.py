"""Limits of sending: 30 per second in all, 1 per second per chat, 20 per minute per group."""

import math
from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta

from bot.sandbox.telegram.model import Chat
from bot.sandbox.telegram.wire import too_many_requests


class _Window:
    """At most `most` in any `span`."""

    def __init__(self, most: int, span: timedelta) -> None:
        self._most = most
        self._span = span
        self._taken: deque[datetime] = deque()

    def wait_s(self, now: datetime) -> float:
        """Tell how many seconds to wait for a place; 0: there is one."""
        while self._taken and now - self._taken[0] >= self._span:
            self._taken.popleft()
        if len(self._taken) < self._most:
            return 0
        return (self._taken[0] + self._span - now).total_seconds()

    def take(self, now: datetime) -> None:
        """Use a place."""
        self._taken.append(now)


class SendingLimits:
    """Refuses with 429 what comes too fast; what was refused does not count."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._overall = _Window(30, timedelta(seconds=1))
        self._per_chat: dict[int, list[_Window]] = {}

    def take(self, chat: Chat) -> None:
        """Count one message to the chat, or raise the refusal."""
        now = self._clock()
        windows = [self._overall, *self._windows_of(chat)]
        wait_s = max(window.wait_s(now) for window in windows)
        if wait_s > 0:
            raise too_many_requests(math.ceil(wait_s))
        for window in windows:
            window.take(now)

    def _windows_of(self, chat: Chat) -> list[_Window]:
        if chat.id not in self._per_chat:
            # One per second on average: a burst of three passes.
            windows = [_Window(3, timedelta(seconds=3))]
            if chat.kind != "private":
                windows.append(_Window(20, timedelta(minutes=1)))
            self._per_chat[chat.id] = windows
        return self._per_chat[chat.id]
