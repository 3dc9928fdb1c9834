"""Too many requests: what is not asked, for how long, and what goes on all the same."""

import asyncio
from datetime import timedelta
from email.utils import format_datetime

import httpx
import pytest

from bot.fetchers import EXCHANGES, Credentials, Pacer, RateLimited, open_fetcher
from tests.fetchers.conftest import CREDENTIALS, EMPTY, START, Instantly, OverHandler, WallClock


@pytest.mark.parametrize(
    ("exchange", "retry_after", "pause_s"),
    [
        ("okx", None, 1),
        ("okx", "7", 7),
        ("okx", "0", 1),
        ("okx", "-5", 1),
        ("okx", "soon", 1),
        ("okx", "٧", 1),
        ("okx", "9999999999", 1),
        ("okx", "999999999", 3600),  # nobody is forgotten for thirty years
        ("okx", format_datetime(START + timedelta(seconds=90), usegmt=True), 90),
        ("okx", format_datetime(START - timedelta(seconds=90), usegmt=True), 1),
        ("okx", "Thu, 15 Jan 2026 09:00:20 -0000", 20),
        ("coinw", None, 2),
        ("xt", None, 600),
        ("xt", "7", 600),  # ten minutes, whatever it says
    ],
)
def test_too_many_requests_close_the_window(
    instantly: Instantly,
    over_handler: OverHandler,
    wall_clock: WallClock,
    exchange: str,
    retry_after: str | None,
    pause_s: int,
) -> None:
    """Nothing is asked until `retry_at`, by any fetcher of the key."""

    async def main() -> None:
        asked = 0

        def refuse(_: httpx.Request) -> httpx.Response:
            nonlocal asked
            asked += 1
            headers = [(b"Retry-After", retry_after.encode())] if retry_after else []
            return httpx.Response(429, headers=headers)

        http, pacer = over_handler(refuse), Pacer()
        wallet = EXCHANGES[exchange].wallets[0]
        start = wall_clock()
        one, other = (
            open_fetcher(exchange, CREDENTIALS, http, pacer=pacer, clock=wall_clock)
            for _ in range(2)
        )
        for fetcher in (one, other):
            error = (await fetcher.fetch(wallet)).error
            assert isinstance(error, RateLimited)
            expected = start + timedelta(seconds=pause_s)
            assert abs(error.retry_at - expected) < timedelta(milliseconds=1)
            await asyncio.sleep(pause_s / 2)
        assert asked == 1
        await asyncio.sleep(0.001)
        await other.fetch(wallet)
        assert asked == 2

    instantly(main)


def test_xt_counts_the_address_over_all_keys(
    instantly: Instantly, over_handler: OverHandler
) -> None:
    """A thousand accounts are read at once, and the next a minute later: nobody is locked."""

    async def main() -> None:
        moments = []

        def answer(_: httpx.Request) -> httpx.Response:
            moments.append(asyncio.get_running_loop().time())
            return httpx.Response(200, text='{"code": 200, "data": {}}')

        http, pacer = over_handler(answer), Pacer()
        accounts = [
            open_fetcher("xt", Credentials(f"key{number}", "secret"), http, pacer=pacer)
            for number in range(1001)
        ]
        await asyncio.gather(*(account.fetch("spot") for account in accounts))
        assert sum(moment < 60 for moment in moments) == 1000

    instantly(main)


def test_other_wallets_and_keys_go_on(
    instantly: Instantly, over_handler: OverHandler, wall_clock: WallClock
) -> None:
    """A pause holds for one limit of one key."""

    async def main() -> None:
        asked = []

        def answer(request: httpx.Request) -> httpx.Response:
            asked.append(request.url.path)
            bad = request.url.path.endswith("/asset/balances")
            return httpx.Response(429) if bad else httpx.Response(200, text=EMPTY)

        http, pacer = over_handler(answer), Pacer()
        fetcher = open_fetcher("okx", CREDENTIALS, http, pacer=pacer, clock=wall_clock)
        stranger = open_fetcher("okx", Credentials("k", "s", "p"), http, pacer=pacer)
        assert (await fetcher.fetch("funding")).error
        assert not (await fetcher.fetch("sub:a")).error
        assert not (await fetcher.fetch("eth-staking")).error
        await stranger.fetch("funding")
        assert len(asked) == 4

    instantly(main)
