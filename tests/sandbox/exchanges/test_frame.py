"""The frame around every exchange: windows, latency, journal, outages, and its end."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from bot.sandbox.exchanges import EMULATORS, ENDPOINTS, NO_LIMITS, serve_exchange
from bot.sandbox.exchanges._judge import Limit, Windows
from bot.sandbox.faults import FAULTS, Answer, Fault
from bot.sandbox.world import World

TIME = "/api/v5/public/time"

OpenStage = Callable[..., Awaitable[Any]]


@given(st.lists(st.integers(0, 3000), max_size=60), st.integers(1, 5))
def test_no_window_ever_holds_more(steps: list[int], most: int) -> None:
    """Wherever a window of one second begins, no more than the limit was admitted in it."""
    windows, limit = Windows(), Limit(most, 1000)
    admitted: list[int] = []
    for arrived in sorted(steps):
        fits = sum(arrived - 1000 < earlier for earlier in admitted) < most
        assert windows.admit(("any", "one"), limit, arrived) == fits
        if fits:
            admitted.append(arrived)


def test_windows_are_per_user_and_endpoint() -> None:
    """One user's requests to one endpoint use up neither another's nor another endpoint's."""
    windows, limit = Windows(), Limit(1, 1)
    pairs = [("a", "x"), ("a", "x"), ("a", "y"), ("b", "x")]
    assert [windows.admit(pair, limit, 5) for pair in pairs] == [True, False, True, True]


def test_a_lock_is_not_prolonged() -> None:
    """It ends when it was said to, whatever is tried meanwhile."""
    windows, limit = Windows(), Limit(1, 1, lock_s=600)
    answers = [windows.admit(("a", "x"), limit, at) for at in (0, 0.5, 300, 600, 600.5)]
    assert answers == [True, False, False, False, True]


async def test_latency_is_spent_on_both_ways(open_stage: OpenStage, clock: Any) -> None:
    """A request is judged in the middle of its latency, and so noted in the journal."""
    stage = await open_stage("okx", latency=lambda: 0.3)
    await stage.call(TIME)
    assert clock.slept == [0.15, 0.15]
    assert [entry.arrived for entry in stage.served.journal] == [1000.15]


async def test_journal(open_stage: OpenStage) -> None:
    """It says for each request what was asked, by whom, what was decided, what went wrong."""
    stage = await open_stage("okx", limits={"public/time": Limit(1, 1, per_ip=True)})
    stage.served.faults.inject("asset/balances", "http_503")
    for path in (TIME, TIME, "/api/v5/asset/balances", "/nowhere"):
        await stage.call(path)
    lines = [(e.endpoint, e.user, e.code, e.limited, e.fault) for e in stage.served.journal]
    assert lines == [
        ("public/time", None, "0", False, None),
        ("public/time", None, "50011", True, None),
        ("asset/balances", None, "50103", False, "http_503"),
        ("/nowhere", None, "404", False, None),
    ]
    assert [entry.code for entry in stage.served.journal.limited()] == ["50011"]


async def test_limits_can_be_switched_off(open_stage: OpenStage) -> None:
    """Without limits a hundred at once pass."""
    stage = await open_stage("okx", limits=NO_LIMITS)
    replies = await asyncio.gather(*(stage.call(TIME) for _ in range(100)))
    assert {reply.status for reply in replies} == {200}


async def test_an_exchange_that_is_down(open_stage: OpenStage) -> None:
    """It answers 502 with a page, and counts nothing as good, until it is up again."""
    stage = await open_stage("okx")
    stage.world.down.add("okx")
    down = await stage.call(TIME)
    stage.world.down.clear()
    up = await stage.call(TIME)
    assert (down.status, down.body[:9], up.status) == (502, b"<!doctype", 200)
    assert [entry.fault for entry in stage.served.journal] == ["http_502", None]


def test_every_exchange_lists_its_endpoints() -> None:
    """The two tables speak of the same exchanges."""
    assert EMULATORS.keys() == ENDPOINTS.keys()


@pytest.mark.parametrize("slug", EMULATORS)
async def test_ends_at_once(slug: str) -> None:
    """Neither a connection kept alive nor a request that is never answered holds up the end."""
    async with aiohttp.ClientSession() as http, asyncio.TaskGroup() as group:
        async with serve_exchange(slug, World()) as served:
            async with http.get(served.url) as response:
                assert response.status == 404
            asked = asyncio.Event()
            served.faults.inject("*", _silent_after(asked))
            waiting = group.create_task(_failure(http, served.url))
            await asked.wait()
            began = time.monotonic()
        assert time.monotonic() - began < 2
        assert isinstance(await waiting, aiohttp.ClientError)


def _silent_after(asked: asyncio.Event) -> Fault:
    """Tell that the request has arrived, and never answer it."""

    async def act(request: web.Request, answer: Answer) -> web.StreamResponse:
        asked.set()
        return await FAULTS["never_answering"].act(request, answer)

    return Fault("silent", "silent", act)


async def _failure(http: aiohttp.ClientSession, url: str) -> Exception | None:
    try:
        async with http.get(url):
            return None
    except aiohttp.ClientError as error:
        return error
