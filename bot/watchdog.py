"""The watchdog: ends the process when the loop or a part of the bot no longer turns.

A supervisor starts again what has ended, not what hangs. A thread counts the seconds since each
part turned last, and only those in which it could run itself: a machine that was suspended, or a
process that was stopped, has not hung. Telegram being away is no reason: who tries on, turns.
"""

import asyncio
import os
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from time import monotonic
from types import FrameType

import structlog

log = structlog.get_logger(__name__)

STUCK = 70
"""The exit code: a fault within the program."""
LOOP = "loop"
LOOP_WITHIN_S = 60.0
PART_WITHIN_S = 300.0
LOOK_EVERY_S = 1.0
LAST_WORD_WITHIN_S = 5.0
"""The log may hang as well."""
MOST_FRAMES = 30


@dataclass(frozen=True, slots=True)
class Limits:
    """How long something may stand still, and how often it is looked at, in seconds."""

    loop_s: float = LOOP_WITHIN_S
    part_s: float = PART_WITHIN_S
    look_s: float = LOOK_EVERY_S


STUCK_AFTER = Limits()


@dataclass(slots=True)
class _Watch:
    """How often something had turned, and what the watchdog's own count was then."""

    within_s: float
    turns: int
    counted_s: float
    since: datetime


@dataclass(slots=True)
class Patience:
    """Decides what is stuck, from how often each part has turned; knows no clock of its own."""

    limits: Limits
    _counted_s: float = 0.0
    _watches: dict[str, _Watch] = field(default_factory=dict)

    def look(self, turns: Mapping[str, int], *, passed_s: float, now: datetime) -> str | None:
        """Name what has not turned for too long.

        Args:
            turns: How often each part has turned so far.
            passed_s: How long ago the last look was; more than was meant is not counted.
            now: The present instant, to be told later.
        """
        self._counted_s += min(passed_s, 2 * self.limits.look_s)
        for part, count in turns.items():
            watch = self._watches.get(part)
            if watch is None or watch.turns != count:
                within_s = self.limits.loop_s if part == LOOP else self.limits.part_s
                self._watches[part] = _Watch(within_s, count, self._counted_s, now)
            elif self._counted_s - watch.counted_s >= watch.within_s:
                return part
        return None

    def since(self, part: str) -> datetime:
        """Say when a part turned last."""
        return self._watches[part].since


class Watchdog:
    """A thread from `start()` to `stop()`; both are called by the loop that it watches."""

    def __init__(
        self,
        turns: Callable[[], Mapping[str, int]],
        *,
        clock: Callable[[], datetime],
        limits: Limits = STUCK_AFTER,
    ) -> None:
        """`turns` says how often each part has turned; it is called from the thread."""
        self._turns = turns
        self._clock = clock
        self._patience = Patience(limits)
        self._look_s = self._patience.limits.look_s
        self._loop_turns = 0
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to watch the loop that runs now, and its thread."""
        watched = asyncio.get_running_loop(), threading.get_ident()
        self._thread = threading.Thread(
            target=self._watch, args=watched, name="watchdog", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Watch no longer; returns when the thread has ended."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join(LAST_WORD_WITHIN_S)

    def _watch(self, loop: asyncio.AbstractEventLoop, thread_id: int) -> None:
        looked_at = monotonic()
        while not self._stopped.wait(self._look_s):
            try:
                loop.call_soon_threadsafe(self._turned)
            except RuntimeError:  # it is closed: there is nothing left to watch
                return
            now = monotonic()
            turns = {LOOP: self._loop_turns, **self._turns()}
            stuck = self._patience.look(turns, passed_s=now - looked_at, now=self._clock())
            looked_at = now
            if stuck is not None and not self._stopped.is_set():
                self._end(stuck, thread_id)

    def _turned(self) -> None:
        self._loop_turns += 1

    def _end(self, part: str, thread_id: int) -> None:
        """Say the last word, if the log lets us, and be gone."""
        since, where = self._patience.since(part), standing(thread_id)
        speaking = threading.Thread(target=_say, args=(part, since, where), daemon=True)
        speaking.start()
        speaking.join(LAST_WORD_WITHIN_S)
        os._exit(STUCK)


def _say(part: str, since: datetime, where: Sequence[str]) -> None:
    log.critical(
        "A part of the bot no longer turns; it ends here, to be started again",
        action="watchdog",
        part=part,
        since=since.isoformat(timespec="seconds"),
        main_thread=list(where),
    )


def standing(thread_id: int) -> list[str]:
    """Tell where a thread stands, the innermost call first: functions and lines, no values."""
    # There is no public way to see another thread's frames.
    frame: FrameType | None = sys._current_frames().get(thread_id)  # noqa: SLF001
    calls: list[str] = []
    while frame is not None and len(calls) < MOST_FRAMES:
        code = frame.f_code
        calls.append(f"{code.co_qualname} ({Path(code.co_filename).name}:{frame.f_lineno})")
        frame = frame.f_back
    return calls
