"""What happens in a sandbox Telegram: kept, told to who watches, and waited for."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeVar

from bot.sandbox.telegram.changes import Signal
from bot.sandbox.telegram.model import Chat, Message, Press

_T = TypeVar("_T")
_JOURNAL_LENGTH = 20_000
# A page that is so far behind is better served by the whole state, which it gets on reconnecting.
_MOST_EVENTS_BEHIND = 2_000


@dataclass(slots=True)
class Call:
    """One call of the Bot API, as it came and as it was answered."""

    method: str
    parameters: dict[str, Any]
    at: datetime
    status: int | None = None
    """None: not answered yet, or never."""
    result: Any = None
    """What the call gave, even when the answer was then lost on the way."""
    description: str | None = None
    """Why it was refused."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that a person who looks at the chats would see."""

    kind: Literal["message", "deleted", "typing", "answer", "chats", "commands"]
    message: Message | None = None
    chat: Chat | None = None
    press: Press | None = None


class Journal:
    """Keeps the calls of the bot, and tells whoever watches what happens."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: deque[Call] = deque(maxlen=_JOURNAL_LENGTH)
        self._changed = Signal()
        self._watchers: list[asyncio.Queue[Event]] = []

    def note(self, call: Call) -> None:
        """Write a call into the journal."""
        self.calls.append(call)
        self._changed.send()

    async def wait_for_call(
        self,
        method: str,
        wanted: Callable[[Call], bool] = lambda call: True,
        *,
        count: int = 1,
        timeout: float = 5.0,
    ) -> Call:
        """Wait until the method was called `count` times (answered or not) and give that call."""

        def found() -> Call | None:
            calls = self.calls_of(method, wanted)
            return calls[count - 1] if len(calls) >= count else None

        try:
            return await self.wait_for(found, timeout)
        except TimeoutError:
            seen = ", ".join(call.method for call in self.calls)
            raise AssertionError(f"no such call within {timeout} s; there are: {seen}") from None

    def calls_of(
        self, method: str, wanted: Callable[[Call], bool] = lambda call: True
    ) -> list[Call]:
        """List the calls of one method, oldest first."""
        return [call for call in self.calls if call.method == method and wanted(call)]

    @contextmanager
    def watch(self) -> Iterator[asyncio.Queue[Event]]:
        """Give a queue of everything that happens from now on."""
        queue: asyncio.Queue[Event] = asyncio.Queue(_MOST_EVENTS_BEHIND)
        self._watchers.append(queue)
        try:
            yield queue
        finally:
            if queue in self._watchers:
                self._watchers.remove(queue)

    def is_watched(self, queue: asyncio.Queue[Event]) -> bool:
        """Tell whether the queue still gets everything; one that was full does not."""
        return queue in self._watchers

    def emit(self, event: Event) -> None:
        """Tell all who watch; one that is too far behind is told nothing more."""
        for queue in list(self._watchers):
            if queue.full():
                self._watchers.remove(queue)
            else:
                queue.put_nowait(event)
        self._changed.send()

    async def wait_for(self, found: Callable[[], _T | None], timeout: float) -> _T:
        """Look again whenever something happens; raise TimeoutError when nothing is found."""
        async with asyncio.timeout(timeout):
            while (result := found()) is None:
                await self._changed.wait()
            return result
