"""The queue behind getUpdates: one poller, confirmation by offset, what grows old is lost."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from bot.sandbox.telegram.changes import Signal
from bot.sandbox.telegram.wire import Refusal

_KEPT_FOR = timedelta(hours=24)
_PRESSES_KEPT_FOR = timedelta(seconds=150)
_LONGEST_POLL_S = 50
_MOST_AT_ONCE = 100
_FARTHEST_AHEAD = 10
# Kinds that a bot gets only when it asks for them.
_ON_REQUEST = {"chat_member", "message_reaction", "message_reaction_count"}

_TERMINATED = (
    "Conflict: terminated by other getUpdates request; "
    "make sure that only one bot instance is running"
)


@dataclass(frozen=True, slots=True)
class _Pending:
    id: int
    kind: str
    body: dict[str, Any]
    since: datetime


class UpdateQueue:
    """Updates that the bot has not confirmed yet."""

    def __init__(self, clock: Callable[[], datetime], *, first_id: int = 500_000_001) -> None:
        self._clock = clock
        self._next_id = first_id
        self._pending: deque[_Pending] = deque()
        self._newest_id = first_id - 1
        self._allowed: set[str] = set()
        self._changed = Signal()
        self._newest_poll = 0
        self._waiting = 0

    @property
    def pending(self) -> list[dict[str, Any]]:
        """The updates that wait, oldest first."""
        return list(self._ready())

    @property
    def polled(self) -> bool:
        """Whether somebody waits in getUpdates at this moment."""
        return self._waiting > 0

    @property
    def allowed(self) -> list[str]:
        """The kinds that the bot asked for; none: the usual ones."""
        return sorted(self._allowed)

    def add(self, kind: str, payload: dict[str, Any]) -> None:
        """Queue an update, unless the bot does not want its kind."""
        wanted = kind in self._allowed if self._allowed else kind not in _ON_REQUEST
        if wanted:
            self._put(kind, {"update_id": self._next_id, kind: payload})

    def inject(self, update: dict[str, Any]) -> None:
        """Queue an update as it is, well-formed or not; only a missing `update_id` is added."""
        self._put("injected", {"update_id": self._next_id, **update})

    def clear(self) -> None:
        """Forget all that wait."""
        self._pending.clear()

    def allow(self, kinds: list[str] | None) -> None:
        """Queue only these kinds from now on; None: as before."""
        if kinds is not None:
            self._allowed = set(kinds)

    def next_for_post(self, most: int) -> list[dict[str, Any]]:
        """Return the oldest that wait, to be posted to a webhook."""
        return list(islice(self._ready(), most))

    def forget(self, ids: Iterable[int]) -> None:
        """Forget what was posted."""
        gone = set(ids)
        self._pending = deque(u for u in self._pending if u.id not in gone)

    def look_again(self) -> None:
        """Let who waits for a change look again."""
        self._changed.send()

    async def changed(self) -> None:
        """Wait until something is queued, or somebody is to look again."""
        await self._changed.wait()

    async def poll(
        self, *, offset: int, limit: int, timeout_s: int, allowed: list[str] | None
    ) -> list[dict[str, Any]]:
        """Answer getUpdates; wait up to `timeout_s` and end with 409 when a newer poll comes."""
        self.allow(allowed)
        self._confirm(offset)
        self._newest_poll += 1
        self._changed.send()
        self._waiting += 1
        try:
            async with asyncio.timeout(min(timeout_s, _LONGEST_POLL_S)):
                return await self._next(self._newest_poll, limit)
        except TimeoutError:
            return []
        finally:
            self._waiting -= 1

    async def _next(self, poll: int, limit: int) -> list[dict[str, Any]]:
        most = limit if 1 <= limit <= _MOST_AT_ONCE else _MOST_AT_ONCE
        while not (ready := list(islice(self._ready(), most))):
            await self._changed.wait()
            if poll != self._newest_poll:
                raise Refusal(409, _TERMINATED)
        return ready

    def _put(self, kind: str, body: dict[str, Any]) -> None:
        self._next_id += 1
        self._newest_id = body["update_id"] if _is_id(body["update_id"]) else self._newest_id
        self._pending.append(_Pending(body["update_id"], kind, body, self._clock()))
        self._changed.send()

    def _confirm(self, offset: int) -> None:
        """Forget what lies before the offset; one from the future confirms nothing."""
        if offset > self._newest_id + _FARTHEST_AHEAD:
            return
        for _ in range(len(self._pending) + offset if offset < 0 else 0):
            self._pending.popleft()
        while offset > 0 and self._pending and self._pending[0].id < offset:
            self._pending.popleft()

    def _ready(self) -> Iterator[dict[str, Any]]:
        """Go through what is not too old, the oldest first; a flood of them costs no poll much."""
        now = self._clock()
        return (u.body for u in self._pending if now - u.since <= _kept_for(u.kind))


def _is_id(update_id: Any) -> bool:
    return type(update_id) is int


def _kept_for(kind: str) -> timedelta:
    return _PRESSES_KEPT_FOR if kind == "callback_query" else _KEPT_FOR
