"""The timetable: ticks come, and go on coming, whatever one of them does."""

import asyncio

from bot.jobs import Timetable


async def test_a_failing_tick_comes_again_and_harms_no_other() -> None:
    """An error of a tick is the end of that tick alone."""
    ticks: dict[str, int] = {"bad": 0, "good": 0}
    enough = asyncio.Event()

    async def bad() -> None:
        ticks["bad"] += 1
        raise ZeroDivisionError

    async def good() -> None:
        ticks["good"] += 1
        if min(ticks.values()) >= 3:
            enough.set()

    timetable = Timetable()
    timetable.add("bad", bad, every_s=0.01)
    timetable.add("good", good, every_s=0.01)
    assert ticks == {"bad": 0, "good": 0}
    timetable.start()
    try:
        async with asyncio.timeout(10):
            await enough.wait()
    finally:
        await timetable.stop(within_s=5)


async def test_slow_tick_is_not_started_twice() -> None:
    """While a tick runs its next ones are left out, and others come as ever."""
    running, most, others = 0, 0, 0
    enough, release = asyncio.Event(), asyncio.Event()

    async def slow() -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await release.wait()
        running -= 1

    async def quick() -> None:
        nonlocal others
        others += 1
        if others == 5:
            enough.set()

    timetable = Timetable()
    timetable.add("slow", slow, every_s=0.01)
    timetable.add("quick", quick, every_s=0.01)
    timetable.start()
    try:
        async with asyncio.timeout(10):
            await enough.wait()
    finally:
        release.set()
        await timetable.stop(within_s=5)
    assert most == 1


async def test_stop_lets_a_tick_end() -> None:
    """Told to stop, it waits for what is at work, and begins nothing more."""
    begun, release, ended = asyncio.Event(), asyncio.Event(), 0

    async def tick() -> None:
        nonlocal ended
        begun.set()
        await release.wait()
        ended += 1

    timetable = Timetable()
    timetable.add("tick", tick, every_s=0.01)
    timetable.start()
    await begun.wait()
    stopping = asyncio.ensure_future(timetable.stop(within_s=10))
    await asyncio.sleep(0.03)
    assert not stopping.done()
    release.set()
    await stopping
    await asyncio.sleep(0.03)
    assert ended == 1
