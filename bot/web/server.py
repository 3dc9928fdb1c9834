"""The server of the pages: /healthz, /metrics, and where it is wanted the door for Telegram.

Whoever gets here may read what is on the pages: there is no secret on them, and no amount unless
the settings say so. All that is not theirs is 404, and nothing tells what program this is.
"""

import asyncio
import os
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus

import structlog
from aiohttp import web
from typing_extensions import override

from bot.web.health import Found, Health
from bot.web.metrics import MetricsPage
from bot.web.webhook import Door

log = structlog.get_logger(__name__)

LARGEST_POST = 2**20
"""Bytes; Telegram's updates have a few thousand."""
STOP_WITHIN_S = 1.0
ASK_WITHIN_S = 10.0
"""A connection is closed on which nothing is asked for so long, at its beginning or later."""
LINGER_S = 1.0
"""For the rest of a request that has been answered before it was there."""
TAKE_WITHIN_S = 10.0
"""Who has not taken by then what was answered does not read; it is not kept for him."""
MOST_CONNECTIONS = 100
"""Each takes a descriptor, of which the bot needs some for itself."""
MOST_PAGES = 2
"""So many pages of numbers are made or taken at a time: with many wallets each is megabytes."""
_NAME = {"Server": "balance-bot"}
_TEXT = {"Content-Type": "text/plain; version=0.0.4; charset=utf-8"}


class AddressTaken(Exception):
    """The pages cannot be served where they are wanted; the message says where, and why."""


@dataclass(frozen=True, slots=True)
class Pages:
    """What is served."""

    health: Health
    metrics: MetricsPage
    door: Door | None = None
    """Where Telegram posts; None: it does not."""
    door_path: str = ""


class _Connection(web.RequestHandler):
    """Answers what breaks off, or is no request at all, without telling what program this is.

    It ends when nobody takes what is answered.
    """

    _given_up: asyncio.TimerHandle | None = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        if self._manager is not None and len(self._manager.connections) > MOST_CONNECTIONS:
            self.force_close()

    @override
    def pause_writing(self) -> None:
        super().pause_writing()
        if self.transport is not None:
            loop = asyncio.get_running_loop()
            self._given_up = loop.call_later(TAKE_WITHIN_S, self.transport.abort)

    @override
    def resume_writing(self) -> None:
        super().resume_writing()
        self._wait_on()

    @override
    def connection_lost(self, exc: BaseException | None) -> None:
        super().connection_lost(exc)
        self._wait_on()

    def _wait_on(self) -> None:
        if self._given_up is not None:
            self._given_up.cancel()
            self._given_up = None

    @override
    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            log.error("A page broke off", action="web", path=request.path, exc_info=exc)
        answer = web.Response(status=status, headers=_NAME)
        answer.force_close()
        return answer


class WebServer:
    """Serves from `start()` to `stop()`."""

    def __init__(self, pages: Pages, *, host: str, port: int) -> None:
        """Port 0 takes a free one."""
        self._pages = pages
        self._host = host
        self._port = port
        self._runner: web.AppRunner | None = None
        self._listening: asyncio.Server | None = None
        self._under_way = 0

    @property
    def port(self) -> int:
        """Where it listens now."""
        sockets = self._listening.sockets if self._listening is not None else ()
        return int(sockets[0].getsockname()[1]) if sockets else self._port

    async def start(self) -> None:
        """Begin to listen.

        Raises:
            AddressTaken: that cannot be had.
        """
        runner = self._runner = web.AppRunner(
            self._application(), access_log=None, shutdown_timeout=STOP_WITHIN_S
        )
        await runner.setup()
        loop = asyncio.get_running_loop()

        def connection() -> asyncio.Protocol:
            if runner.server is None:
                raise RuntimeError("the server has been stopped")
            return _Connection(
                runner.server, loop=loop, keepalive_timeout=ASK_WITHIN_S, lingering_time=LINGER_S
            )

        try:
            self._listening = await loop.create_server(connection, self._host, self._port)
        except OSError as e:
            await self.stop()
            where = f"[{self._host}]" if ":" in self._host else self._host
            raise AddressTaken(f"{where}:{self._port} cannot be had: {_reason(e)}") from None

    async def stop(self) -> None:
        """Listen no longer, and end what is open."""
        if self._listening is not None:
            self._listening.close()
            self._listening = None
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
        await self._pages.health.stop()
        await self._pages.metrics.stop()

    def _application(self) -> web.Application:
        application = web.Application(client_max_size=LARGEST_POST)
        application.router.add_get("/healthz", self._healthz)
        application.router.add_get("/metrics", self._metrics)
        if self._pages.door is not None:
            application.router.add_post(self._pages.door_path or "/", self._pages.door.post)
        application.on_response_prepare.append(_nameless)
        return application

    async def _healthz(self, _: web.Request) -> web.Response:
        found = await self._pages.health.look()
        status = 200 if found.healthy else 503
        return web.json_response(
            _told(found), status=status, headers={"Cache-Control": "no-store"}
        )

    async def _metrics(self, request: web.Request) -> web.Response:
        """Answer with a page, and keep its place until it was taken."""
        if self._under_way >= MOST_PAGES:
            return web.Response(status=503)
        self._under_way += 1
        try:
            page = web.Response(body=await self._pages.metrics.text(), headers=_TEXT)
            with suppress(ConnectionError):
                await page.prepare(request)
                await page.write_eof()
        finally:
            self._under_way -= 1
        return page


def _told(found: Found) -> dict[str, object]:
    reasons = [{"part": part, "reason": reason} for part, reason in found.reasons]
    return {"healthy": found.healthy, "leads": found.leads, "reasons": reasons}


def _reason(error: OSError) -> str:
    """Say what went wrong in the system's words; the library's repeat the address."""
    has_number = error.errno is not None and error.errno > 0
    return os.strerror(error.errno or 0) if has_number else str(error.strerror or error)


async def _nameless(_: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(_NAME)
