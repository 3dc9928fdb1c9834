"""The watchdog: what hangs ends with a word and a code; what was asleep, or tries on, does not."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.watchdog import LOOP, STUCK, Limits, Patience, Watchdog

NOW = datetime(2026, 1, 15, 9, tzinfo=UTC)
LIMITS = Limits(loop_s=60, part_s=300, look_s=1)


def looks(patience: Patience, turns: Sequence[dict[str, int]], passed_s: float = 1) -> str | None:
    """Look at it again and again; give what is found last."""
    found = None
    for turn in turns:
        found = patience.look(turn, passed_s=passed_s, now=NOW)
    return found


def test_what_turns_is_left_alone() -> None:
    """However long it goes on."""
    turns = [{LOOP: n, "poll": n // 200} for n in range(10_000)]
    assert looks(Patience(LIMITS), turns) is None


@pytest.mark.parametrize(("part", "after"), [(LOOP, 60), ("poll", 300)])
def test_what_stands_is_named(part: str, after: int) -> None:
    """The loop after a minute, a part after five; not a second before."""
    patience = Patience(LIMITS)
    turns = [{LOOP: n, "poll": n} | {part: 0} for n in range(after + 1)]
    assert looks(patience, turns[:-1]) is None
    assert looks(patience, turns[-1:]) == part
    assert patience.since(part) == NOW


def test_a_sleep_is_not_counted() -> None:
    """After hours of it the loop still has nearly all of its time to turn."""
    patience = Patience(LIMITS)
    assert looks(patience, [{LOOP: 0}]) is None
    assert looks(patience, [{LOOP: 0}] * 29, passed_s=3600) is None
    assert looks(patience, [{LOOP: 0}], passed_s=3600) == LOOP


@given(st.lists(st.floats(0, 10**6), max_size=29))
def test_no_gap_is_worth_more_than_two_looks(gaps: list[float]) -> None:
    """Whatever the machine does in between."""
    patience = Patience(LIMITS)
    assert all(looks(patience, [{LOOP: 0}], passed_s=gap) is None for gap in gaps)


async def test_it_ends_with_the_loop_that_it_watches() -> None:
    """Stopped, its thread is gone."""
    watchdog = Watchdog(lambda: {"poll": 0}, clock=lambda: NOW, limits=Limits(look_s=0.01))
    watchdog.start()
    await asyncio.sleep(0.05)
    watchdog.stop()
    assert watchdog._thread is not None
    assert not watchdog._thread.is_alive()


PROGRAM = """
import asyncio, sys, time
from datetime import UTC, datetime
from bot.log import set_up_log
from bot.watchdog import Limits, Watchdog

def block_with_a_secret(secret):
    time.sleep(20)

async def main(mode):
    turns = {"poll": 0}
    limits = Limits(loop_s=0.5, part_s=1.0, look_s=0.05)
    watchdog = Watchdog(lambda: dict(turns), clock=lambda: datetime.now(UTC), limits=limits)
    watchdog.start()
    print("ready", flush=True)
    for n in range(40):
        await asyncio.sleep(0.05)
        turns["poll"] += mode != "poll"
        if mode == "loop" and n == 5:
            block_with_a_secret("hidden-value")
    watchdog.stop()

set_up_log(level="INFO", style="json", secrets=())
asyncio.run(main(sys.argv[1]))
"""


def started(mode: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, mode],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[1],
    )


def test_a_loop_that_is_blocked() -> None:
    """A real process: it says which part, since when and where it stands, and ends with 70."""
    _, err = (process := started("loop")).communicate(timeout=20)
    assert process.returncode == STUCK == 70
    assert '"part": "loop"' in err
    assert '"since": "20' in err
    assert "block_with_a_secret (<string>:8)" in err
    assert "hidden-value" not in err
    assert err.count("\n") == 1


def test_a_part_that_hangs() -> None:
    """The loop turns, and one of those that it should turn does not."""
    _, err = (process := started("poll")).communicate(timeout=20)
    assert process.returncode == STUCK
    assert '"part": "poll"' in err


def test_a_process_that_was_stopped_and_goes_on() -> None:
    """As after a suspension: much time has passed, and all is well."""
    process = started("well")
    assert process.stdout is not None
    process.stdout.readline()
    os.kill(process.pid, signal.SIGSTOP)
    time.sleep(2)
    os.kill(process.pid, signal.SIGCONT)
    _, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (0, "")
