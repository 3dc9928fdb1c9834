"""Where a life is watched and ended: wrappers around what the composition root puts together.

A build other than `AS_IT_IS` is the bot with one of its promises broken on purpose: the campaign
must notice.
"""

import os
import signal
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from typing_extensions import override

from bot.chat.sender import TelegramSender
from bot.core.delivery import Delivered
from bot.fetchers import Fetcher, Reading

AFTER_FETCH, BEFORE_COMMIT, AFTER_COMMIT = "after fetch", "before commit", "after commit"
BEFORE_SEND, AFTER_SEND = "before send", "after send"
BEFORE_MARK, AFTER_MARK = "before mark", "after mark"
WITHIN = (AFTER_FETCH, BEFORE_COMMIT, AFTER_COMMIT, BEFORE_SEND, BEFORE_MARK, AFTER_MARK)
"""The points that a life passes by itself. After a send it is Telegram that strikes: the message
is there, and the answer is not."""

AS_IT_IS, MARKS_FIRST, TWO_TRANSACTIONS, NEVER_SAYS = (
    "as it is",
    "marks before it sends",
    "keeps state and outbox in two transactions",
    "never says that it may be a repeat",
)
LEASE, HAND, MARK = "lease", "hand", "mark"


class Doom:
    """Ends this process at the n-th passing of a point, as nothing can be caught or tidied up."""

    def __init__(self, point: str | None, nth: int) -> None:
        self._point = point
        self._left = nth

    def passing(self, point: str) -> None:
        """Die here, if it is here."""
        if point != self._point:
            return
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


class Journal:
    """What a life was about to do and has done, in a file that outlives it."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def note(self, what: str, chat_id: int) -> None:
        """Write a line with the instant, by the clock that all processes share."""
        os.write(self._file, f"{what} {chat_id} {time.monotonic()}\n".encode())


class Seams:
    """Wraps what `bot.app` puts together."""

    def __init__(self, doom: Doom, journal: Journal, *, build: str) -> None:
        self._doom = doom
        self._journal = journal
        self.build = build
        self.chat_of: dict[int, int] = {}
        """By the message in the outbox."""

    def reader_of(self, reader_of: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """Pass a point after each fetch."""

        def wrapped(fetchers: Mapping[str, Fetcher]) -> Any:
            read = reader_of(fetchers)

            async def witnessed(path: str) -> Reading:
                reading: Reading = await read(path)
                self._doom.passing(AFTER_FETCH)
                return reading

            return witnessed

        return wrapped

    def units_of(self, units_of: Callable[..., Any]) -> Callable[..., Any]:
        """Pass points around the commits that keep a check, and those that mark a message."""

        def wrapped(engine: Any, **how: Any) -> Any:
            open_inner = units_of(engine, **how)

            @asynccontextmanager
            async def open_unit() -> AsyncIterator[Any]:
                async with open_inner() as inner:
                    unit = _Unit(inner, self)
                    yield unit
                    self._before_commit(unit)
                self._after_commit(unit)
                if unit.postponed:
                    async with open_inner() as inner:
                        for arguments, given in unit.postponed:
                            await inner.outbox.add(*arguments, **given)

            return open_unit

        return wrapped

    def sender(self) -> type[TelegramSender]:
        """Pass a point before each send."""
        seams = self

        class Witnessed(TelegramSender):
            @override
            async def send_events(self, chat: Any, events: Any, **how: Any) -> Any:
                seams.handing(chat.chat_id)
                return await super().send_events(chat, events, **how)

            @override
            async def send_digest(self, chat: Any, digest: Any, **how: Any) -> Any:
                seams.handing(chat.chat_id)
                return await super().send_digest(chat, digest, **how)

        return Witnessed

    def leased(self, parcels: Sequence[Any]) -> None:
        """Note which messages are taken to be sent; how far they came, a kill leaves unknown."""
        for parcel in parcels:
            self.chat_of[parcel.id] = parcel.chat.chat_id
            self._journal.note(LEASE, parcel.chat.chat_id)

    def handing(self, chat_id: int) -> None:
        """Note that a message is on its way from now on."""
        self._doom.passing(BEFORE_SEND)
        self._journal.note(HAND, chat_id)

    def marking(self) -> None:
        """Pass the point where the outcome is known to us alone."""
        self._doom.passing(BEFORE_MARK)

    def _before_commit(self, unit: "_Unit") -> None:
        if unit.keeps:
            self._doom.passing(BEFORE_COMMIT)

    def _after_commit(self, unit: "_Unit") -> None:
        if unit.keeps:
            self._doom.passing(AFTER_COMMIT)
        for parcel_id in unit.marked:
            if parcel_id in self.chat_of:
                self._journal.note(MARK, self.chat_of.pop(parcel_id))
        if unit.marked:
            self._doom.passing(AFTER_MARK)


class _Unit:
    """A unit of work, and what it was for."""

    def __init__(self, inner: Any, seams: Seams) -> None:
        self._inner = inner
        self.accounts = _Accounts(inner.accounts, self)
        self.outbox = _Outbox(inner.outbox, self, seams)
        self.keeps = False
        self.marked: list[int] = []
        self.postponed: list[tuple[Sequence[Any], Mapping[str, Any]]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


class _Accounts:
    def __init__(self, inner: Any, unit: _Unit) -> None:
        self._inner = inner
        self._unit = unit

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def finish(self, *arguments: Any, **how: Any) -> Any:
        self._unit.keeps = True
        return await self._inner.finish(*arguments, **how)


class _Outbox:
    def __init__(self, inner: Any, unit: _Unit, seams: Seams) -> None:
        self._inner = inner
        self._unit = unit
        self._seams = seams

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def add(self, *arguments: Any, **how: Any) -> None:
        if self._seams.build == TWO_TRANSACTIONS:
            self._unit.postponed.append((arguments, how))
        else:
            await self._inner.add(*arguments, **how)

    async def lease(self, *, now: datetime, **how: Any) -> Sequence[Any]:
        parcels: Sequence[Any] = await self._inner.lease(now=now, **how)
        self._seams.leased(parcels)
        if self._seams.build == MARKS_FIRST:
            for parcel in parcels:
                await self._inner.settle(parcel.id, Delivered(0), at=now)
        if self._seams.build == NEVER_SAYS:
            return [replace(parcel, maybe_sent=False) for parcel in parcels]
        return parcels

    async def settle(self, parcel_id: int, *arguments: Any, **how: Any) -> None:
        self._seams.marking()
        await self._inner.settle(parcel_id, *arguments, **how)
        self._unit.marked.append(parcel_id)
