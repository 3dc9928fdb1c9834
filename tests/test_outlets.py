"""What the composition root puts together for when something is away."""

import asyncio
from pathlib import Path

import pytest
from aiohttp import web

from bot.outlets import _unknown_channel, _weight, pinger_of
from bot.services.ports import PingFailed
from bot.transport import WireTransport


@pytest.mark.parametrize(
    ("place", "said"),
    [(1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (12, "12th"), (22, "22nd")],
)
def test_places(place: int, said: str) -> None:
    """As people count."""
    assert f"the {said} is no address" in _unknown_channel(place)


@pytest.mark.parametrize("status", [200, 204, 302, 404, 500])
async def test_ping(status: int) -> None:
    """A good answer is one; anything else is a failure that names no address."""
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(f"{request.method} {request.path_qs}")
        return web.Response(status=status)

    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/hidden?status=up"
    try:
        async with WireTransport() as http:
            if status < 300:
                await pinger_of(http, url)()
            else:
                with pytest.raises(PingFailed, match=f"^answered with {status}$"):
                    await pinger_of(http, url)()
    finally:
        await runner.cleanup()
    assert asked == ["GET /hidden?status=up"]


async def test_nobody_there() -> None:
    """No connection is a failure like any other."""
    async with WireTransport() as http:
        with pytest.raises(PingFailed) as failed:
            await pinger_of(http, "http://127.0.0.1:1/hidden")()
    assert str(failed.value) == "no connection"
    assert failed.value.__cause__ is failed.value.__context__ is None


async def test_no_answer_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that hangs holds up no beat after this one."""
    monkeypatch.setattr("bot.outlets.PING_WITHIN_S", 0.2)
    async with WireTransport() as http:
        silent = web.Server(_never)
        runner = web.ServerRunner(silent, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        port = runner.addresses[0][1]
        try:
            with pytest.raises(PingFailed, match=r"^no answer within 0\.2 s$"):
                await pinger_of(http, f"http://127.0.0.1:{port}/hidden")()
        finally:
            await runner.cleanup()


async def _never(_request: web.BaseRequest) -> web.StreamResponse:
    await asyncio.sleep(20)
    return web.Response()


def test_what_a_database_weighs(tmp_path: Path) -> None:
    """With what is not in the file yet, also where a link leads to it."""
    file, link = tmp_path / "bot.db", tmp_path / "link.db"
    file.write_bytes(b"1" * 100)
    link.symlink_to(file)
    assert _weight(file) == 100
    (tmp_path / "bot.db-wal").write_bytes(b"1" * 23)
    assert [_weight(file), _weight(link)] == [123, 123]
