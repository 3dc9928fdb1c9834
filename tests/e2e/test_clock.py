"""A wall clock that jumps and a machine that sleeps, over real sockets.

Timers do not see either; what is due, what is fresh and what waits is told by the wall clock.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import httpx
from typing_extensions import override

from bot.clock import utc_now
from bot.core.faces import Face, is_outdated
from bot.core.health import Health, observe
from bot.core.portfolio import WalletState
from bot.fetchers import Credentials, ExchangeUnavailable, Price, RateLimited, open_fetcher
from bot.fetchers.model import Balance, Reading
from bot.services.keep_prices import KeepPrices
from tests.e2e.conftest import GROUP, MAIN_ENDPOINT, Scene

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
NOW = datetime(2026, 1, 15, 9, tzinfo=UTC)
OKX_ANSWER = Path(__file__).parents[1] / "fetchers" / "answers" / "okx-funding.json"


async def test_jumps_over_real_sockets(scene: Scene) -> None:
    """Forward, back, and eight hours asleep with every connection dead: one word for each thing.

    The exchange refuses a time stamp that is off, so its own clock is asked each time.
    """
    off = [timedelta(0)]
    scene.clock = lambda: utc_now() + off[0]
    scene.environ["BOT_RULES__LOW"] = "main/funding USDT < 500"
    async with scene.bot():
        await scene.next_round()
        for jump in (HOUR, -HOUR):
            off[0] += jump
            scene.okx.set("funding", "USDT", available="100")
            raised = await scene.telegram.wait_for_message(GROUP, "USDT low", timeout=20)
            await scene.next_round()
        assert len(scene.said("USDT low", chat_id=GROUP)) == 1
        scene.telegram.black_hole()
        for slug, served in scene.exchanges.items():
            served.faults.inject(MAIN_ENDPOINT[slug], "cut_before_answer", times=2)
        off[0] += 8 * HOUR
        scene.telegram.end_faults()  # cuts what hangs
        scene.okx.set("funding", "USDT", available="900")
        cleared = await scene.telegram.wait_for_message(GROUP, "RECOVERED", timeout=30)
        await scene.next_round()
        await scene.answer("Balances", after=scene.say("/balance"))
    assert cleared.reply_to is not None
    assert cleared.reply_to.id == raised.id
    assert len(scene.said("USDT low", chat_id=GROUP)) == 1
    assert len(scene.said("RECOVERED", chat_id=GROUP)) == 1


@dataclass
class Clock:
    """Stands still until it is moved."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now


class SleepyTransport(httpx.AsyncBaseTransport):
    """Answers well, after the machine has slept."""

    def __init__(self, sleep: Callable[[], None]) -> None:
        self._sleep = sleep

    @override
    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self._sleep()
        return httpx.Response(200, content=OKX_ANSWER.read_bytes(), request=request)


async def test_answer_from_before_the_sleep_is_none() -> None:
    """An answer that waited in the machine for hours tells what was, and is not taken for new."""
    clock, sleeps = Clock(), [8 * HOUR, timedelta(0), timedelta(seconds=14), -HOUR]

    def sleep() -> None:
        clock.now += sleeps.pop(0)

    fetcher = open_fetcher("okx", Credentials("k", "s", "p"), SleepyTransport(sleep), clock=clock)
    old, *good = [await fetcher.fetch("funding") for _ in range(4)]
    assert isinstance(old.error, ExchangeUnavailable)
    assert "did not answer within 15 s" in str(old.error)
    assert [reading.error for reading in good] == [None] * 3


async def test_prices_of_a_clock_that_was_ahead() -> None:
    """They are stale, because nobody knows how old they are; the pause they wanted is over."""
    clock = Clock(NOW + HOUR)
    answers: list[list[Price] | Exception] = []

    async def read() -> list[Price]:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    prices = KeepPrices(
        readers={"okx": read}, markets={"main": "okx"}, currency="USDT", clock=clock
    )
    eth = Balance("ETH", Decimal(1), Decimal(1), Decimal(0))
    wallets = [WalletState("main/funding", (eth,), NOW)]
    answers += [[Price("ETH", "USDT", Decimal(2000), clock())], RateLimited("", retry_at=clock())]
    answers[1] = RateLimited("wait", retry_at=clock() + HOUR)
    for _ in range(2):
        await prices.refresh()
    assert not prices.appraise(wallets).total.is_stale(clock())
    clock.now = NOW - HOUR
    answers.append(ExchangeUnavailable("no"))
    await prices.refresh()
    assert answers == [], "it was asked, into a pause that is longer than any can be"
    assert prices.appraise(wallets).total.is_stale(clock())
    answers.append([Price("ETH", "USDT", Decimal(2000), clock())])
    await prices.refresh()
    assert not prices.appraise(wallets).total.is_stale(clock())


def test_faces_and_failures_of_a_clock_that_was_ahead() -> None:
    """An edit and a failing wallet wait no longer than they would have."""
    shown, present = Face(Decimal(100)), Face(Decimal(90))
    for shown_at, outdated in ((NOW, False), (NOW - MINUTE, True), (NOW + HOUR, True)):
        assert is_outdated(shown, present, Decimal(100), shown_at=shown_at, now=NOW) is outdated
    error = ExchangeUnavailable("no")
    ahead = Health(failures=1, failing_since=NOW + HOUR, error="ExchangeUnavailable")
    failing, _ = observe(
        ahead, Reading("spot", NOW, None, error), path="xt/spot", last_good_at=NOW
    )
    assert failing.failing_since == NOW
