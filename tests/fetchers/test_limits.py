"""The pace: never too fast for the server, whatever the latencies, and never slower than that."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.fetchers import Pacer
from bot.fetchers._limits import Limit, WindowClosed
from tests.fetchers.conftest import Instantly

ROUNDING = 1e-6  # the instant loop adds a nanosecond per jump
SIX_IN_TWO = Limit("sub", 6, timedelta(seconds=2))


@dataclass
class Request:
    """One request of a plan, and what became of it."""

    after_s: float
    """After the one before."""
    up_s: float
    down_s: float
    gives_up_after_s: float | None = None
    came_at: float = -1
    sent_at: float | None = None
    seen_at: float | None = None
    done_at: float | None = None

    async def run(self, pacer: Pacer, limit: Limit) -> None:
        loop = asyncio.get_running_loop()
        slot = await pacer.take([limit], host=b"h", user="u")
        self.sent_at = loop.time()
        try:
            await asyncio.sleep(self.up_s)
            self.seen_at = loop.time()
            await asyncio.sleep(self.down_s)
        finally:
            self.done_at = loop.time()
            slot.done()


async def carry_out(plan: list[Request], limit: Limit) -> None:
    """Run a plan; a request that gives up is cancelled, wherever it is."""
    loop, pacer = asyncio.get_running_loop(), Pacer()
    async with asyncio.TaskGroup() as group:
        for request in plan:
            await asyncio.sleep(request.after_s)
            request.came_at = loop.time()
            task = group.create_task(request.run(pacer, limit))
            if request.gives_up_after_s is not None:
                loop.call_later(request.gives_up_after_s, task.cancel)


SECONDS = st.sampled_from([0.0, 0.001, 0.02, 0.3, 0.7, 1.0, 1.1, 2.5]) | st.floats(0, 3)
PLANS = st.lists(
    st.builds(Request, SECONDS, SECONDS, SECONDS, st.none() | st.none() | SECONDS), max_size=25
)


@given(st.integers(1, 6), st.sampled_from([1.0, 2.0]), PLANS)
def test_the_server_never_sees_too_many(
    instantly: Instantly, requests: int, period_s: float, plan: list[Request]
) -> None:
    """The law: for any latencies and cancellations, no window of the server holds N + 1."""
    limit = Limit("x", requests, timedelta(seconds=period_s))
    instantly(lambda: carry_out(plan, limit))
    seen = sorted(request.seen_at for request in plan if request.seen_at is not None)
    for first, last in zip(seen, seen[requests:], strict=False):
        assert last - first >= period_s - ROUNDING


@given(st.integers(1, 6), st.sampled_from([1.0, 2.0]), PLANS)
def test_nobody_waits_without_reason(
    instantly: Instantly, requests: int, period_s: float, plan: list[Request]
) -> None:
    """The law: who waits, waits behind N requests that may still count, and leaves in order."""
    limit = Limit("x", requests, timedelta(seconds=period_s))
    instantly(lambda: carry_out(plan, limit))
    sent = [request for request in plan if request.sent_at is not None]
    moments = [request.sent_at or 0.0 for request in sent]
    assert moments == sorted(moments)
    earliest = 0.0
    for request, sent_at in zip(sent, moments, strict=True):
        earliest = max(earliest, request.came_at)
        if sent_at > earliest + ROUNDING:
            just_before = sent_at - ROUNDING
            assert counting(sent, just_before, period_s) == requests
        earliest = sent_at


def counting(sent: list[Request], moment: float, period_s: float) -> int:
    """Count the requests that the server may count at a moment."""
    return sum(
        1
        for request in sent
        if request.sent_at is not None
        and request.sent_at <= moment
        and (request.done_at is None or moment < request.done_at + period_s)
    )


def test_sixty_sub_accounts_take_eighteen_seconds(instantly: Instantly) -> None:
    """Without latency the ideal is reached: ten bursts of six, two seconds apart."""
    plan = [Request(0, 0, 0) for _ in range(60)]
    instantly(lambda: carry_out(plan, SIX_IN_TWO))
    assert max(request.sent_at or 0 for request in plan) == pytest.approx(18, abs=1e-3)


def test_a_request_without_answer_holds_its_slot(instantly: Instantly) -> None:
    """The server may count a request at any time until we know that it ended."""
    plan = [Request(0, 0, 9), Request(0, 0, 0)]
    instantly(lambda: carry_out(plan, Limit("x", 1, timedelta(seconds=1))))
    assert plan[1].sent_at == pytest.approx(10, abs=1e-3)


def test_limits_with_one_name_are_shared_per_key_or_per_address(instantly: Instantly) -> None:
    """Keys have windows of their own, except where the exchange counts the address."""

    async def main() -> list[float]:
        loop, pacer = asyncio.get_running_loop(), Pacer()
        moments = []
        for limit in (
            Limit("a", 1, timedelta(seconds=1)),
            Limit("b", 1, timedelta(seconds=1), True),
        ):
            for host, user in ((b"h", "u"), (b"h", "v"), (b"i", "u")):
                (await pacer.take([limit], host=host, user=user)).done()
                moments.append(loop.time())
        return moments

    assert instantly(main) == pytest.approx([0, 0, 0, 0, 1, 1], abs=1e-3)


def test_a_request_that_counts_twice_waits_for_both(instantly: Instantly) -> None:
    """Who gives up waiting for the second window gives the first one back at once."""

    async def main() -> float:
        loop, pacer = asyncio.get_running_loop(), Pacer()
        own, shared = Limit("own", 1, timedelta(seconds=1)), Limit("all", 1, timedelta(seconds=60))
        (await pacer.take([shared], host=b"h", user="u")).done()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(5):
                await pacer.take([own, shared], host=b"h", user="u")
        (await pacer.take([own], host=b"h", user="u")).done()
        return loop.time()

    assert instantly(main) == pytest.approx(5, abs=1e-3)


def test_cancelled_in_the_moment_of_its_turn(instantly: Instantly) -> None:
    """A place that was given to one who was cancelled before he woke is free again at once."""

    async def main() -> float:
        loop, pacer = asyncio.get_running_loop(), Pacer()
        limit = Limit("x", 1, timedelta(seconds=1))
        (await pacer.take([limit], host=b"h", user="u")).done()
        async with asyncio.TaskGroup() as group:
            task = group.create_task(pacer.take([limit], host=b"h", user="u"))
            await asyncio.sleep(0.5)
            loop.call_at(1 + 1e-10, task.cancel)  # in the same turn of the loop, just after
        assert task.cancelled()
        (await pacer.take([limit], host=b"h", user="u")).done()
        return loop.time()

    assert instantly(main) == pytest.approx(1, abs=1e-3)


def test_a_closed_window_turns_away(instantly: Instantly) -> None:
    """After `close` nobody leaves, and those who wait hear at once how long."""

    async def main() -> list[tuple[float, float]]:
        loop, pacer = asyncio.get_running_loop(), Pacer()
        limit = Limit("x", 1, timedelta(seconds=1))
        told = []

        async def ask() -> None:
            try:
                (await pacer.take([limit], host=b"h", user="u")).done()
            except WindowClosed as e:
                told.append((loop.time(), e.seconds))

        async with asyncio.TaskGroup() as group:
            for _ in range(3):
                group.create_task(ask())
            await asyncio.sleep(0.5)
            pacer.close(limit, host=b"h", user="u", seconds=600)
            pacer.close(limit, host=b"h", user="u", seconds=5)  # does not open it earlier
            await asyncio.sleep(100)
            group.create_task(ask())
        await asyncio.sleep(500)
        await ask()
        return told

    expected = [(0.5, 600), (0.5, 600), (100.5, 500)]
    for one, other in zip(instantly(main), expected, strict=True):
        assert one == pytest.approx(other, abs=1e-3)


def test_a_disabled_pacer_waits_for_nobody(instantly: Instantly) -> None:
    """To measure without limits; a pause that the exchange asked for is kept."""

    async def main() -> None:
        pacer = Pacer(enabled=False)
        for _ in range(100):
            await pacer.take([SIX_IN_TWO], host=b"h", user="u")
        assert asyncio.get_running_loop().time() == 0
        pacer.close(SIX_IN_TWO, host=b"h", user="u", seconds=1)
        with pytest.raises(WindowClosed):
            await pacer.take([SIX_IN_TWO], host=b"h", user="u")

    instantly(main)


def test_keys_that_come_and_go_leave_nothing(instantly: Instantly) -> None:
    """The memory for windows does not grow with the keys ever seen; one in use is kept."""

    async def main() -> None:
        pacer = Pacer()
        limit = Limit("x", 1, timedelta(seconds=1))
        await pacer.take([limit], host=b"h", user="in use")
        pacer.close(limit, host=b"h", user="closed", seconds=600)
        long = Limit("long", 1, timedelta(seconds=600))
        (await pacer.take([long], host=b"h", user="counting")).done()
        for number in range(5000):
            (await pacer.take([limit], host=b"h", user=str(number))).done()
            await asyncio.sleep(0.1)
        assert len(pacer._windows) < 600
        with pytest.raises(WindowClosed):
            await pacer.take([limit], host=b"h", user="closed")
        for kept, user in ((limit, "in use"), (long, "counting")):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(10):
                    await pacer.take([kept], host=b"h", user=user)

    instantly(main)


def test_a_place_that_was_had_before_the_lock_is_given_up(instantly: Instantly) -> None:
    """Who waits for a second window while the first is closed is turned away, not let through."""
    own, shared = Limit("own", 9, timedelta(seconds=1)), Limit("all", 1, timedelta(seconds=1))

    async def main() -> None:
        pacer = Pacer()
        (await pacer.take([own, shared], host=b"h", user="u")).done()
        waiting = asyncio.ensure_future(pacer.take([own, shared], host=b"h", user="u"))
        await asyncio.sleep(0.5)
        pacer.close(own, host=b"h", user="u", seconds=600)
        with pytest.raises(WindowClosed):
            await waiting
        (await pacer.take([shared], host=b"h", user="u")).done()
        assert asyncio.get_running_loop().time() < 2.1  # its place in the other is free again

    instantly(main)
