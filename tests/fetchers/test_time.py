"""What a fetcher makes of time: a clock that is mended, and a deadline."""

import asyncio
from datetime import datetime, timedelta

import httpx
import pytest

from bot.fetchers import (
    ClockSkewed,
    CredentialsRejected,
    ExchangeUnavailable,
    FetchError,
    UnexpectedAnswer,
    open_fetcher,
)
from tests.fetchers.conftest import CREDENTIALS, EMPTY, Instantly, OverHandler, WallClock


class Okx:
    """An OKX with a clock of its own that answers as it is told."""

    def __init__(self, now: WallClock, ahead: timedelta = timedelta(0)) -> None:
        self._now = now
        self._ahead = ahead
        self.asked: list[tuple[float, str]] = []
        self.refuse_time = False
        self.clock_status = 200
        self.latency_s = 0.0

    def now(self) -> datetime:
        return self._now() + self._ahead

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append((round(asyncio.get_running_loop().time(), 3), request.url.path[-8:]))
        await asyncio.sleep(self.latency_s)
        if request.url.path.endswith("/time"):
            data = [{"ts": str(int(self.now().timestamp() * 1000))}]
            return httpx.Response(self.clock_status, json={"code": "0", "data": data})
        sent_at = datetime.fromisoformat(request.headers["OK-ACCESS-TIMESTAMP"])
        if self.refuse_time or abs(sent_at - self.now()) > timedelta(seconds=30):
            return httpx.Response(401, json={"code": "50102", "msg": "expired"})
        return httpx.Response(200, text=EMPTY)


def test_a_skewed_clock_is_mended_once(
    instantly: Instantly, over_handler: OverHandler, wall_clock: WallClock
) -> None:
    """A refused time is compared with the exchange's clock, asked again, and stays mended."""

    async def main() -> None:
        okx = Okx(wall_clock, timedelta(minutes=10))
        fetcher = open_fetcher("okx", CREDENTIALS, over_handler(okx), clock=wall_clock)
        reading = await fetcher.fetch("funding")
        assert reading.error is None
        assert reading.read_at == wall_clock()  # by our clock
        assert (await fetcher.fetch("eth-staking")).error is None
        assert [path for _, path in okx.asked] == ["balances", "lic/time", "balances", "/balance"]
        assert await fetcher.measure_clock() == pytest.approx(
            timedelta(minutes=10), abs=timedelta(seconds=0.01)
        )

    instantly(main)


def test_a_clock_is_mended_for_all_at_once(
    instantly: Instantly, over_handler: OverHandler, wall_clock: WallClock
) -> None:
    """Wallets that were refused together are all read, although one of them mends the clock."""

    async def main() -> None:
        okx = Okx(wall_clock, timedelta(minutes=10))
        okx.latency_s = 0.1
        fetcher = open_fetcher("okx", CREDENTIALS, over_handler(okx), clock=wall_clock)
        wallets = ["funding", "eth-staking", *(f"sub:{number}" for number in range(30))]
        readings = await asyncio.gather(*map(fetcher.fetch, wallets))
        assert not [reading.error for reading in readings if reading.error]
        assert sum(path.endswith("time") for _, path in okx.asked) == 8  # those under way together

    instantly(main)


def test_a_mended_clock_is_mended_again(
    instantly: Instantly, over_handler: OverHandler, wall_clock: WallClock
) -> None:
    """When our clock is set right later, the old correction is replaced, not added to."""

    async def main() -> None:
        behind = timedelta(minutes=10)
        okx = Okx(wall_clock)
        fetcher = open_fetcher(
            "okx", CREDENTIALS, over_handler(okx), clock=lambda: wall_clock() - behind
        )
        assert (await fetcher.fetch("funding")).error is None
        behind = timedelta(0)
        assert (await fetcher.fetch("funding")).error is None
        assert len(okx.asked) == 6

    instantly(main)


@pytest.mark.parametrize(
    ("ahead_s", "clock_status", "requests", "text"),
    [
        (-600, 200, 3, "our clock is 600 s ahead of that of okx"),
        (600, 200, 3, "our clock is 600 s behind that of okx"),
        (4, 200, 2, "okx says that our clock is off (code 50102)"),  # so that is not the reason
        (600, 500, 2, "okx says that our clock is off (code 50102)"),  # no clock to go by
    ],
)
def test_a_clock_that_cannot_be_mended(
    instantly: Instantly,
    over_handler: OverHandler,
    wall_clock: WallClock,
    ahead_s: int,
    clock_status: int,
    requests: int,
    text: str,
) -> None:
    """There is one correction and no third request; the seconds are named."""

    async def main() -> None:
        okx = Okx(wall_clock, timedelta(seconds=ahead_s))
        okx.refuse_time, okx.clock_status = True, clock_status
        fetcher = open_fetcher("okx", CREDENTIALS, over_handler(okx), clock=wall_clock)
        error = (await fetcher.fetch("funding")).error
        assert type(error) is ClockSkewed
        assert str(error).startswith(text)
        assert error.__cause__ is error.__context__ is None
        assert len(okx.asked) == requests

    instantly(main)


@pytest.mark.parametrize(
    ("code", "kind"), [(308, CredentialsRejected), (400, ClockSkewed)], ids=str
)
def test_xt_refusals_that_may_mean_the_clock(
    instantly: Instantly,
    over_handler: OverHandler,
    wall_clock: WallClock,
    code: int,
    kind: type[FetchError],
) -> None:
    """With the right time, a wrong signature is one; a request that is bad even then is not."""

    async def main() -> None:
        def xt(request: httpx.Request) -> httpx.Response:
            if request.url.path.endswith("getServerTime"):
                now = wall_clock() + timedelta(hours=1)
                data = {"serverTime": int(now.timestamp() * 1000)}
                return httpx.Response(200, json={"code": 200, "data": data})
            return httpx.Response(200, json={"code": code})

        fetcher = open_fetcher("xt", CREDENTIALS, over_handler(xt), clock=wall_clock)
        assert type((await fetcher.fetch("spot")).error) is kind

    instantly(main)


def test_coinw_has_no_clock(instantly: Instantly, over_handler: OverHandler) -> None:
    """Where there is no clock, nothing is asked."""
    http = over_handler(lambda _: pytest.fail("asked"))
    assert instantly(open_fetcher("coinw", CREDENTIALS, http).measure_clock) is None


def test_a_clock_that_cannot_be_read(instantly: Instantly, over_handler: OverHandler) -> None:
    """The doctor hears why, as one of our errors; XT's 400 has no special meaning there."""
    for status, text, kind in [
        (502, "", ExchangeUnavailable),
        (200, '{"code": 200}', UnexpectedAnswer),
        (200, '{"code": 400}', UnexpectedAnswer),
    ]:
        http = over_handler(lambda _, s=status, t=text: httpx.Response(s, text=t))
        with pytest.raises(kind):
            instantly(open_fetcher("xt", CREDENTIALS, http).measure_clock)


def test_the_deadline_counts_the_network_alone(
    instantly: Instantly, over_handler: OverHandler, wall_clock: WallClock
) -> None:
    """Waiting for the pace is not counted: the last of these waits 20 s and is read."""

    async def main() -> None:
        okx = Okx(wall_clock)
        okx.latency_s = 0.5
        fetcher = open_fetcher("okx", CREDENTIALS, over_handler(okx), clock=wall_clock)
        readings = await asyncio.gather(*(fetcher.fetch(f"sub:{n}") for n in range(54)))
        assert asyncio.get_running_loop().time() == pytest.approx(20.5, abs=0.01)
        assert not [reading for reading in readings if reading.error]

    instantly(main)


def test_the_deadline_covers_the_second_try(
    instantly: Instantly, over_handler: OverHandler, wall_clock: WallClock
) -> None:
    """Refused request, clock and second try share one deadline."""

    async def main() -> None:
        okx = Okx(wall_clock, timedelta(minutes=10))
        okx.latency_s = 6
        fetcher = open_fetcher("okx", CREDENTIALS, over_handler(okx), clock=wall_clock)
        error = (await fetcher.fetch("funding")).error
        assert type(error) is ExchangeUnavailable
        assert str(error) == "okx did not answer within 15 s"
        assert asyncio.get_running_loop().time() == pytest.approx(15, abs=0.01)

    instantly(main)
