"""The pages: who asks hears whether all is well, and nothing of what the program is or has."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from bot.core.vitals import PARTS, Vitals
from bot.web import health, metrics, webhook
from bot.web import server as server_module
from bot.web.health import Health
from bot.web.metrics import MetricsPage
from bot.web.server import AddressTaken, Pages, WebServer
from bot.web.tally import Counted
from bot.web.webhook import Door

NOW = datetime(2026, 1, 15, 9, tzinfo=UTC)
WELL = Vitals(NOW, NOW - timedelta(hours=1), worked_at=dict.fromkeys(PARTS, NOW))


@dataclass
class House:
    """What the pages look at."""

    vitals: Vitals | Exception = WELL
    hangs: bool = False
    looks: int = 0
    looked: asyncio.Event = field(default_factory=asyncio.Event)
    thaws: asyncio.Event = field(default_factory=asyncio.Event)

    async def look(self) -> Vitals:
        self.looks += 1
        self.looked.set()
        if self.hangs:
            await self.hang()
        if isinstance(self.vitals, Exception):
            raise self.vitals
        return self.vitals

    async def hang(self) -> None:
        """Hear that it is to end, and try that with a server that has frozen, too."""
        try:
            await self.thaws.wait()
        finally:
            await self.thaws.wait()


class Broken:
    """Measures nothing: its database is away."""

    def __init__(self, house: House) -> None:
        self._house = house

    async def look(self) -> Any:
        if self._house.hangs:
            await self._house.hang()
        raise OSError("the database at postgresql://bot:pass@db is away")


@pytest.fixture
def house() -> House:
    return House()


def pages_of(house: House, door: Door | None = None, path: str = "") -> Pages:
    judge = Health(house.look, leads=lambda: True)
    measure: Any = Broken(house)
    metrics = MetricsPage(measure, Counted(["okx"]), judge, version="1.2.3", with_amounts=False)
    return Pages(judge, metrics, door, path)


@pytest.fixture
async def server(house: House) -> AsyncIterator[WebServer]:
    server = WebServer(pages_of(house), host="127.0.0.1", port=0)
    await server.start()
    yield server
    house.thaws.set()
    await server.stop()


Ask = Callable[..., Any]


@pytest.fixture
async def ask(server: WebServer) -> AsyncIterator[Ask]:
    """Ask for a page; give status, headers and text."""
    async with aiohttp.ClientSession() as session:

        async def request(path: str, method: str = "GET") -> tuple[int, Any, str]:
            url = f"http://127.0.0.1:{server.port}{path}"
            async with session.request(method, url) as answer:
                return answer.status, answer.headers, await answer.text()

        yield request


async def test_all_is_well(ask: Ask) -> None:
    status, headers, text = await ask("/healthz")
    assert status == 200
    assert json.loads(text) == {"healthy": True, "leads": True, "reasons": []}
    assert headers["Cache-Control"] == "no-store"


async def test_what_is_stale_is_named(ask: Ask, house: House) -> None:
    """By the judgement of the heartbeat, part by part."""
    worked_at = dict.fromkeys(PARTS, NOW) | {"poll": NOW - timedelta(seconds=130)}
    late = NOW - timedelta(minutes=6)
    house.vitals = replace(WELL, worked_at=worked_at, undelivered_since=late)
    status, _, text = await ask("/healthz")
    assert status == 503
    assert json.loads(text)["reasons"] == [
        {"part": "poll", "reason": "nothing has got through from Telegram for 130 s"},
        {"part": "delivery", "reason": "a message has waited for 360 s to be delivered"},
    ]


async def test_who_does_not_lead_is_well_without_telegram(ask: Ask, house: House) -> None:
    """Its checks are what it is there for."""
    house.vitals = replace(WELL, worked_at={"checks": NOW}, leads=False)
    status, _, text = await ask("/healthz")
    assert (status, json.loads(text)["leads"]) == (200, False)
    house.vitals = replace(WELL, worked_at={}, leads=False)
    status, _, text = await ask("/healthz")
    assert (status, [r["part"] for r in json.loads(text)["reasons"]]) == (503, ["checks"])


@pytest.mark.parametrize("hangs", [True, False])
async def test_a_database_that_is_away(
    ask: Ask, house: House, monkeypatch: pytest.MonkeyPatch, *, hangs: bool
) -> None:
    """Said within seconds, without a word of where it is; /metrics tells what it knows itself."""
    monkeypatch.setattr(health, "LOOK_WITHIN_S", 0.05)
    monkeypatch.setattr(metrics, "MEASURE_WITHIN_S", 0.05)
    house.vitals, house.hangs = OSError("postgresql://bot:pass@db"), hangs
    status, _, text = await ask("/healthz")
    assert (status, [r["part"] for r in json.loads(text)["reasons"]]) == (503, ["database"])
    assert "pass" not in text
    status, _, text = await ask("/metrics")
    assert status == 200
    assert "balance_bot_healthy 0.0" in text
    assert 'balance_bot_info{version="1.2.3"} 1.0' in text
    assert 'balance_bot_reads_total{exchange="okx",outcome="ok"} 0.0' in text
    assert "balance_bot_accounts" not in text
    assert "pass" not in text


def test_who_asks_waits_as_long_for_all_as_for_one() -> None:
    """Prometheus hangs up after ten seconds, the probes of `deploy/` after five."""
    assert health.LOOK_WITHIN_S < 5
    assert max(health.LOOK_WITHIN_S, metrics.MEASURE_WITHIN_S) < 8  # and the page is to be written


async def test_what_hangs_is_asked_once(
    ask: Ask, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A driver takes its time to give up: nobody waits for that, and none asks beside it."""
    monkeypatch.setattr(health, "LOOK_WITHIN_S", 0.05)
    monkeypatch.setattr(metrics, "MEASURE_WITHIN_S", 0.05)
    house.hangs = True
    pages = ["/healthz", "/metrics", "/healthz"]
    assert [(await ask(page))[0] for page in pages] == [503, 200, 503]
    assert house.looks == 1
    house.hangs = False
    house.thaws.set()
    while (await ask("/healthz"))[0] != 200:
        pass
    assert house.looks == 2


async def test_who_asks_at_the_same_time_is_told_the_same(ask: Ask, house: House) -> None:
    house.hangs = True
    asked = [asyncio.ensure_future(ask("/healthz")) for _ in range(5)]
    await house.looked.wait()
    await asyncio.sleep(0.05)  # until all have come
    house.thaws.set()
    assert [status for status, _, _ in await asyncio.gather(*asked)] == [200] * 5
    assert house.looks == 1


async def test_what_is_asked_ends_with_the_server(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "STOP_WITHIN_S", 0.05)
    monkeypatch.setattr(house, "hang", asyncio.Event().wait)
    house.hangs = True
    server = WebServer(pages_of(house), host="127.0.0.1", port=0)
    await server.start()
    _, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(ASKED)
    await house.looked.wait()
    async with asyncio.timeout(2):
        await server.stop()
    writer.close()
    await writer.wait_closed()
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_it_is_logged_once(ask: Ask, house: House, capsys: Any) -> None:
    house.vitals = OSError("away")
    for _ in range(3):
        await ask("/healthz")
    house.vitals = WELL
    await ask("/healthz")
    log = capsys.readouterr().out
    assert log.count("Nobody can tell how the bot is") == 1
    assert log.count("can be told again") == 1


@pytest.mark.parametrize("path", ["/", "/telegram", "/healthz/", "/metrics/x", "/favicon.ico"])
async def test_there_is_nothing_else(ask: Ask, path: str) -> None:
    assert (await ask(path))[0] == 404


@pytest.mark.parametrize("path", ["/healthz", "/metrics"])
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
async def test_pages_are_read_only(ask: Ask, path: str, method: str) -> None:
    assert (await ask(path, method))[0] == 405


async def test_heads(ask: Ask) -> None:
    status, _, text = await ask("/healthz", "HEAD")
    assert (status, text) == (200, "")


@pytest.mark.parametrize("path", ["/healthz", "/metrics", "/"])
async def test_no_version_of_the_server(ask: Ask, path: str) -> None:
    _, headers, text = await ask(path)
    assert headers["Server"] == "balance-bot"
    assert "aiohttp" not in text
    assert "Python" not in text


@pytest.mark.parametrize(
    "garbage", [b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\x16\x03\x01\r\n"]
)
async def test_what_is_no_request(
    server: WebServer, garbage: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """It is answered without the version, too, and without a line in the log."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(garbage)
    answer = await asyncio.wait_for(reader.read(), 5)
    writer.close()
    await writer.wait_closed()
    assert b"400" in answer.partition(b"\r\n")[0]
    assert b"aiohttp" not in answer
    assert b"Python" not in answer
    assert caplog.records == []


async def test_a_page_that_breaks_off(
    server: WebServer, ask: Ask, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    """What broke off is in the log; whoever asked is told nothing of it."""

    async def broken(_: Any) -> Any:
        raise ValueError("a secret")

    monkeypatch.setattr(Health, "look", broken)
    status, headers, text = await ask("/healthz")
    assert (status, headers["Server"], text) == (500, "balance-bot", "")
    assert "A page broke off" in capsys.readouterr().out


async def test_a_place_that_is_taken(server: WebServer, house: House) -> None:
    """Said with the place and the reason, and nothing is left open."""
    second = WebServer(pages_of(house), host="127.0.0.1", port=server.port)
    with pytest.raises(AddressTaken) as caught:
        await second.start()
    assert str(caught.value) == (f"127.0.0.1:{server.port} cannot be had: Address already in use")
    await second.stop()


async def test_a_place_that_is_not_ours(house: House) -> None:
    elsewhere = WebServer(pages_of(house), host="192.0.2.1", port=0)
    with pytest.raises(AddressTaken, match=r"192\.0\.2\.1:0 cannot be had: \w"):
        await elsewhere.start()


async def test_the_door_is_where_it_is_said_to_be(house: House) -> None:
    """Only posts are taken there; without the path of an address it is the root."""
    taken: list[Any] = []

    async def take(raws: Any) -> None:
        taken.extend(raws)

    for path in ("/a/long-path", ""):
        server = WebServer(
            pages_of(house, Door(take, secret="s" * 16), path), host="127.0.0.1", port=0
        )
        await server.start()
        url = f"http://127.0.0.1:{server.port}{path}"
        headers = {"X-Telegram-Bot-Api-Secret-Token": "s" * 16}
        async with aiohttp.ClientSession() as session:
            async with session.post(url, json={"update_id": 1}, headers=headers) as answer:
                assert answer.status == 200
            async with session.get(url, headers=headers) as answer:
                assert answer.status == 405
        await server.stop()
    assert taken == [{"update_id": 1}] * 2


SECRET = "s" * 16
HALF = f"POST /t HTTP/1.1\r\nHost: a\r\nX-Telegram-Bot-Api-Secret-Token: {SECRET}\r\n"


@pytest.mark.parametrize(
    ("sent", "answer"),
    [
        ("", b""),
        (HALF, b""),
        (HALF + "Content-Length: 9\r\n\r\n{", b"HTTP/1.1 408 "),
        ("GET / HTTP/1.1\r\nHost: a\r\n\r\nGET", b"HTTP/1.1 404 "),
    ],
)
async def test_who_does_not_come_to_an_end_is_left(
    house: House, monkeypatch: pytest.MonkeyPatch, sent: str, answer: bytes
) -> None:
    """Silence, half a request, half of what is posted, and nothing behind a first request."""
    monkeypatch.setattr(server_module, "ASK_WITHIN_S", 0.05)
    monkeypatch.setattr(server_module, "LINGER_S", 0.05)
    monkeypatch.setattr(webhook, "READ_WITHIN_S", 0.05)

    async def take(_: Any) -> None:
        raise AssertionError

    pages = pages_of(house, Door(take, secret=SECRET), "/t")
    server = WebServer(pages, host="127.0.0.1", port=0)
    await server.start()
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(sent.encode())
    try:
        said = await asyncio.wait_for(reader.read(), 5)
    finally:
        writer.close()
        await server.stop()
    assert said.startswith(answer)
    assert bool(said) == bool(answer)


async def test_no_more_connections_than_there_are_places(
    server: WebServer, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One too many is closed at once; when another ends, there is a place again."""
    monkeypatch.setattr(server_module, "MOST_CONNECTIONS", 3)
    open_ones = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(3)]
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    assert await asyncio.wait_for(reader.read(), 5) == b""
    writer.close()
    for _, each in open_ones:
        each.close()
        await each.wait_closed()
    assert (await ask("/healthz"))[0] == 200


LARGE = b"a 1\n" * 2**23
"""More than two machines hold between them for somebody who does not read."""
ASKED = b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n"


@pytest.fixture
def large_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    async def text(_: MetricsPage) -> bytes:
        return LARGE

    monkeypatch.setattr(MetricsPage, "text", text)


@pytest.mark.usefixtures("large_pages")
async def test_who_does_not_read_is_left(
    server: WebServer, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two pages at a time are kept for somebody, and for a while only."""
    monkeypatch.setattr(server_module, "TAKE_WITHIN_S", 0.5)
    lazy = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(2)]
    for _, writer in lazy:
        writer.write(ASKED)
    for reader, _ in lazy:
        await reader.readline()  # now both are answered
    assert (await ask("/metrics"))[0] == 503
    assert (await ask("/healthz"))[0] == 200
    async with asyncio.timeout(10):
        while (await ask("/metrics"))[0] == 503:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    for reader, writer in lazy:
        assert len(await reader.read()) < len(LARGE)
        writer.close()


@pytest.mark.usefixtures("large_pages")
async def test_who_reads_is_not_left(server: WebServer) -> None:
    """A page comes whole, however large, and another after it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    for _ in range(3):
        writer.write(ASKED)
        head = await reader.readuntil(b"\r\n\r\n")
        assert f"Content-Length: {len(LARGE)}".encode() in head
        assert await reader.readexactly(len(LARGE)) == LARGE
    writer.close()


@pytest.mark.parametrize(("takes_s", "is_left"), [(9, False), (11, True)])
def test_for_how_long_it_is_waited(instantly: Any, takes_s: float, *, is_left: bool) -> None:
    """By a clock that jumps; who has taken all in time is not left later."""
    left: list[str] = []

    class Transport:
        def abort(self) -> None:
            left.append("aborted")

    async def main() -> None:
        handler: Any = None
        connection = server_module._Connection(
            web.Server(handler), loop=asyncio.get_running_loop()
        )
        transport: Any = Transport()
        connection.transport = transport
        for _ in range(2):
            connection.pause_writing()
            await asyncio.sleep(takes_s)
            connection.resume_writing()
        await asyncio.sleep(100)

    instantly(main)
    assert bool(left) == is_left
