"""What a fetcher promises, whatever the exchange: what it takes, what it raises, where it asks."""

import asyncio
import traceback

import httpx
import pytest

from bot.fetchers import (
    EXCHANGES,
    Credentials,
    CredentialsRejected,
    ExchangeUnavailable,
    Fetcher,
    Pacer,
    UnexpectedAnswer,
    open_fetcher,
)
from bot.fetchers._http import Call, Deadline, Dialect, Refused, Wire
from tests.fetchers.conftest import CREDENTIALS, EMPTY, START, OverHandler


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
