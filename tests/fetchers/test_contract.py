"""What a fetcher promises, whatever the exchange: readings, pace, deadline, and a mended clock."""

import asyncio
import traceback
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest

from bot.fetchers import (
    EXCHANGES,
    ClockSkewed,
    Credentials,
    CredentialsRejected,
    ExchangeUnavailable,
    Fetcher,
    FetchError,
    Pacer,
    RateLimited,
    UnexpectedAnswer,
    open_fetcher,
)
from bot.fetchers._http import Call, Deadline, Dialect, HttpClient, Refused, Wire

Instantly = Callable[[Callable[[], Coroutine[Any, Any, Any]]], Any]
OverHandler = Callable[[Callable[..., Any]], HttpClient]
WallClock = Callable[[], datetime]

CREDENTIALS = Credentials("key-123456", "secret-123456", "phrase-123456")
START = datetime(2026, 1, 15, 9, tzinfo=UTC)
EMPTY = '{"code": "0", "data": [], "msg": ""}'


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


async def test_cancelling_is_not_a_failure(over_handler: OverHandler) -> None:
    """A cancelled fetch is cancelled, wherever it is."""
    begun = asyncio.Event()

    async def never(_: httpx.Request) -> httpx.Response:
        begun.set()
        await asyncio.Event().wait()
        raise AssertionError

    fetcher = open_fetcher("okx", CREDENTIALS, over_handler(never))
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(fetcher.fetch("funding")) for _ in range(8)]
        await begun.wait()
        for task in tasks:
            task.cancel()
    assert all(task.cancelled() for task in tasks)


@pytest.mark.parametrize(
    ("credentials", "text"),
    [
        (Credentials("", "s", "p"), "the API key is empty"),
        (Credentials("key\n", "s", "p"), "the API key has a space or a character"),
        (Credentials("k", "sécret", "p"), "the API secret has a space or a character"),
        (Credentials("k", "s\udc80", "p"), "the API secret has a space or a character"),
        (Credentials("k\u200b", "s", "p"), "the API key has a space or a character"),
        (Credentials("k", "s", None), "the passphrase is empty"),
        (Credentials("k", "s", " p"), "the passphrase has a space or a character"),
    ],
    ids=["empty", "line break", "accent", "surrogate", "zero width", "no passphrase", "space"],
)
async def test_credentials_that_cannot_be_sent(
    over_handler: OverHandler, credentials: Credentials, text: str
) -> None:
    """What cannot be a key is refused without a request, and is not shown."""
    http = over_handler(lambda _: pytest.fail("asked"))
    error = (await open_fetcher("okx", credentials, http).fetch("funding")).error
    assert type(error) is CredentialsRejected
    assert str(error).startswith(f"okx was not asked: {text}")
    assert "cret" not in str(error).replace("secret", "")


@pytest.mark.parametrize("slug", EXCHANGES)
async def test_no_exchange_stumbles_over_credentials(slug: str, over_handler: OverHandler) -> None:
    """Bytes of the environment that are no text break nothing, when opened or when read."""
    http = over_handler(lambda _: pytest.fail("asked"))
    fetcher = open_fetcher(slug, Credentials("k\udc80", "s\udc80", "p\udc80"), http)
    error = (await fetcher.fetch(EXCHANGES[slug].wallets[0])).error
    assert type(error) is CredentialsRejected


@pytest.mark.parametrize(("body", "good"), [('{"code": 0}', True), ('{"code": false}', False)])
async def test_a_good_code_has_its_type(over_handler: OverHandler, body: str, good: bool) -> None:
    """For an exchange whose good code is 0, `false` is none, although they are equal."""
    http = over_handler(lambda _: httpx.Response(200, text=body))
    dialect = Dialect("made up", 0, {})
    wire = Wire(http, pacer=Pacer(), clock=lambda: START, user="u")
    call = Call(dialect, "GET", httpx.URL("https://example.org"), (), ())
    if good:
        assert await wire.request(call, Deadline(1, "1 s")) == {"code": 0}
    else:
        with pytest.raises(Refused) as caught:
            await wire.request(call, Deadline(1, "1 s"))
        assert type(caught.value.error) is UnexpectedAnswer


async def test_an_inner_space_of_a_passphrase_is_fine(over_handler: OverHandler) -> None:
    """People write passphrases as phrases."""
    http = over_handler(lambda _: httpx.Response(200, text=EMPTY))
    fetcher = open_fetcher("okx", Credentials("k", "s", "two words"), http)
    assert (await fetcher.fetch("funding")).error is None


@pytest.mark.parametrize("slug", EXCHANGES)
def test_only_the_wallets_of_the_registry(slug: str, over_handler: OverHandler) -> None:
    """What the registry says of wallets is what the fetcher does: others are a mistake of ours."""
    row = EXCHANGES[slug]
    fetcher = open_fetcher(slug, CREDENTIALS, over_handler(lambda _: None))
    subs = ["desk 1", "desk 1/trading", "desk 1/", "desk 1/funding", "a/b/c", "/trading", "/", ""]
    others = ["sub", "spot", "funding", "trading", "", "Spot", "spot/", "trading/", "/trading"]
    for wallet in [*row.wallets, *others, *(f"sub:{sub}" for sub in subs)]:
        known = wallet in row.wallets or (
            row.sub_accounts and wallet in {"sub:desk 1", "sub:desk 1/trading"}
        )
        assert fetcher.has_wallet(wallet) == row.has_wallet(wallet) == known, wallet


async def test_a_bare_transport_will_do() -> None:
    """What a client does beyond that is not needed."""
    transport = httpx.MockTransport(lambda _: httpx.Response(200, text=EMPTY))
    assert (await open_fetcher("okx", CREDENTIALS, transport).fetch("funding")).balances == ()
    transport = httpx.MockTransport(lambda _: httpx.Response(302, headers={"Location": "/"}))
    error = (await open_fetcher("okx", CREDENTIALS, transport).fetch("funding")).error
    assert str(error) == "okx answered HTTP 302"


async def test_an_unknown_wallet_is_our_mistake(over_handler: OverHandler) -> None:
    """It raises, rather than being told to people as a failure of the exchange."""
    with pytest.raises(ValueError, match="xt has no wallet 'funding'"):
        await open_fetcher("xt", CREDENTIALS, over_handler(lambda _: None)).fetch("funding")


@pytest.mark.parametrize(
    "failure",
    [
        httpx.ConnectError("https://secret-123456"),
        httpx.PoolTimeout("https://secret-123456"),
        httpx.RemoteProtocolError("https://secret-123456"),
        httpx.InvalidURL("https://secret-123456"),
        ConnectionResetError("https://secret-123456"),
        TimeoutError("https://secret-123456"),
        ValueError("https://secret-123456"),  # as aiohttp raises them
        RuntimeError("https://secret-123456"),
    ],
    ids=lambda failure: type(failure).__name__,
)
async def test_whatever_a_transport_raises(
    over_handler: OverHandler, caplog: pytest.LogCaptureFixture, failure: Exception
) -> None:
    """Each failure below us is an exchange unavailable, without the failure's own words."""

    def fail(_: httpx.Request) -> httpx.Response:
        raise failure

    error = (await open_fetcher("xt", CREDENTIALS, over_handler(fail)).fetch("spot")).error
    assert type(error) is ExchangeUnavailable
    assert error.__cause__ is error.__context__ is None
    assert "123456" not in "".join(traceback.format_exception(error)) + caplog.text


async def test_nobody_elses_cookies_and_headers_are_sent(over_handler: OverHandler) -> None:
    """A client that serves other purposes, too, adds nothing, and keeps the answers to itself."""
    seen = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, text=EMPTY, headers={"Set-Cookie": "tracked=1"})

    http = over_handler(answer)
    assert isinstance(http, httpx.AsyncClient)  # noqa: TID251 - the tests' one
    http.headers["X-Other"] = "1"
    fetcher = open_fetcher("okx", CREDENTIALS, http)
    await fetcher.fetch("funding")
    await fetcher.fetch("funding")
    assert not {"cookie", "x-other"} & {name for request in seen for name in request.headers}


def test_the_demo_goes_to_those_who_have_one(over_handler: OverHandler) -> None:
    """OKX alone has demo accounts; elsewhere the setting would lie."""
    for slug, row in EXCHANGES.items():
        http = over_handler(lambda _: None)
        if row.has_demo:
            assert isinstance(open_fetcher(slug, CREDENTIALS, http, demo=True), Fetcher)
        else:
            with pytest.raises(ValueError, match="demo"):
                open_fetcher(slug, CREDENTIALS, http, demo=True)


@pytest.mark.parametrize(
    "url",
    [
        "http://www.okx.com",
        "http://127.0.0.1.example.org",
        "ftp://www.okx.com",
        "www.okx.com",
        "https://",
        "https://www.okx.com?x=1",
        "https://www.okx.com/#x",
        "https://me:secret@www.okx.com",
        "https://www.okx.com:port",
    ],
)
def test_base_urls_that_are_refused(over_handler: OverHandler, url: str) -> None:
    """Keys leave over TLS only, and an address has nothing in it that would be lost or shown."""
    with pytest.raises(ValueError, match="base URL") as caught:
        open_fetcher("okx", CREDENTIALS, over_handler(lambda _: None), base_url=url)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("base_url", "asked"),
    [
        (None, "https://www.okx.com/api/v5/asset/balances"),
        ("https://my.okx.com/", "https://my.okx.com/api/v5/asset/balances"),
        ("http://localhost:8080", "http://localhost:8080/api/v5/asset/balances"),
        ("http://[::1]:8080/okx", "http://[::1]:8080/okx/api/v5/asset/balances"),
    ],
)
async def test_base_urls(over_handler: OverHandler, base_url: str | None, asked: str) -> None:
    """Another server is as good as the usual one, and without TLS on loopback."""
    seen = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(str(request.url))
        return httpx.Response(200, text=EMPTY)

    fetcher = open_fetcher("okx", CREDENTIALS, over_handler(answer), base_url=base_url)
    await fetcher.fetch("funding")
    assert seen == [asked]


def test_an_unknown_exchange(over_handler: OverHandler) -> None:
    """A typo hears what there is."""
    with pytest.raises(ValueError, match="expected coinw, okx, xt or ccxt"):
        open_fetcher("okex", CREDENTIALS, over_handler(lambda _: None))


def test_rows_of_the_registry() -> None:
    """The facts that others build on."""
    assert {slug: row.slug for slug, row in EXCHANGES.items()} == {s: s for s in EXCHANGES}
    assert {slug: row.wallets for slug, row in EXCHANGES.items()} == {
        "coinw": ("spot",),
        "okx": ("funding", "trading", "savings", "eth-staking", "sol-staking"),
        "xt": ("spot",),
    }
    assert EXCHANGES["okx"].assets_of("eth-staking") == frozenset({"BETH"})
    assert EXCHANGES["okx"].assets_of("funding") is None
    assert [row.slug for row in EXCHANGES.values() if row.needs_passphrase] == ["okx"]
    assert [row.slug for row in EXCHANGES.values() if row.sub_accounts] == ["okx"]
    assert all(row.leaves_out_zeros for row in EXCHANGES.values())
    assert all(str(row.base_url).startswith("https://") for row in EXCHANGES.values())
