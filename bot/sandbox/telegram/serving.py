"""The sandbox Telegram on a socket: the Bot API, the files, and the chat page."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

from bot.sandbox.telegram.faults import ConnectionCut, RawAnswer
from bot.sandbox.telegram.journal import Call
from bot.sandbox.telegram.methods import perform
from bot.sandbox.telegram.server import TelegramServer
from bot.sandbox.telegram.webhook import post_updates
from bot.sandbox.telegram.wire import Parameters, Refusal, Upload, bad_request
from bot.sandbox.webchat.routes import add_page

_SERVER = web.AppKey("server", TelegramServer)
_MOST_REQUEST_BYTES = 60 * 2**20
# Long polls and event streams are cancelled after so long; everything else has ended by then.
_SHUTDOWN_S = 0.05


@asynccontextmanager
async def serve_telegram(
    server: TelegramServer, *, port: int = 0, page: bool = True, host: str = "127.0.0.1"
) -> AsyncIterator[str]:
    """Serve until the block ends; give the base address, without a slash at its end.

    Where the bot has set a webhook, updates are posted to it meanwhile.

    The Bot API is at `<base>/bot<token>/…`, files at `<base>/file/bot<token>/…`, the chat page at
    `<base>/`. Port 0 takes a free one.
    """
    app = web.Application(client_max_size=_MOST_REQUEST_BYTES)
    app[_SERVER] = server
    app.router.add_route("*", "/bot{token:[^/]+}/{method:[^/]*}", _call)
    app.router.add_get("/file/bot{token:[^/]+}/{path:.+}", _file)
    if page:
        add_page(app, server)
    runner = web.AppRunner(
        app, handler_cancellation=True, shutdown_timeout=_SHUTDOWN_S, access_log=None
    )
    await runner.setup()
    posting = post_updates(server.updates, server.standing_webhook, server.clock)
    task = asyncio.ensure_future(posting)
    try:
        await web.TCPSite(runner, host, port).start()
        yield f"http://{host}:{runner.addresses[0][1]}"
    finally:
        task.cancel()
        await asyncio.wait({task})
        await runner.cleanup()


async def _call(request: web.Request) -> web.StreamResponse:
    server = request.app[_SERVER]
    try:
        await server.outlast_black_hole()
        status, body = await _answer(server, request)
    except RawAnswer as e:
        return web.Response(status=e.status, body=e.body, content_type="text/html")
    except ConnectionCut:
        if request.transport is not None:
            request.transport.abort()
        return web.Response()
    return web.json_response(body, status=status)


async def _answer(server: TelegramServer, request: web.Request) -> tuple[int, dict[str, Any]]:
    try:
        _check_token(server, request)
        parameters = await _read_parameters(request)
        method = request.match_info["method"]
        return 200, {"ok": True, "result": await _carry_out(server, method, parameters)}
    except Refusal as e:
        return e.status, e.to_api()


def _check_token(server: TelegramServer, request: web.Request) -> None:
    if request.match_info["token"] != server.token:
        raise Refusal(401, "Unauthorized")


async def _carry_out(server: TelegramServer, method: str, parameters: Parameters) -> Any:
    call = Call(method, _shown(parameters), server.clock())
    server.note(call)
    fault = server.take_fault(method)
    try:
        await fault.before()
        call.result = await perform(server, method, parameters)
        await fault.after()
    except Refusal as e:
        call.status, call.description = e.status, e.description
        raise
    call.status = 200
    return call.result


def _shown(parameters: Parameters) -> dict[str, Any]:
    """Give the parameters as the journal shows them: JSON in text is read, where it is JSON."""
    read = {name: _unpacked(value) for name, value in parameters.values.items()}
    return read | dict(parameters.files)


def _unpacked(value: Any) -> Any:
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


async def _read_parameters(request: web.Request) -> Parameters:
    values: dict[str, Any] = dict(request.query)
    if request.content_type == "application/json" and request.can_read_body:
        return Parameters(values | await _read_json(request))
    files: dict[str, Upload] = {}
    for name, value in (await request.post()).items():
        if isinstance(value, web.FileField):
            files[name] = Upload(value.file.read(), value.filename, value.content_type)
        else:
            values[name] = value if isinstance(value, str) else bytes(value).decode()
    return Parameters(values, files)


async def _read_json(request: web.Request) -> dict[str, Any]:
    try:
        body = await request.json()
    except ValueError:
        raise bad_request("can't parse JSON object") from None
    if not isinstance(body, dict):
        raise bad_request("object expected")
    return body


async def _file(request: web.Request) -> web.Response:
    server = request.app[_SERVER]
    path = request.match_info["path"]
    file = next((f for f in server.files.values() if f.path == path), None)
    if request.match_info["token"] != server.token or file is None:
        raise web.HTTPNotFound
    return web.Response(body=file.content, content_type=file.mime)
