"""The door for Telegram's posts: who shows the secret is believed, nobody else is heard.

A post is answered with 200 when the update in it is kept, and with 503 when it could not be:
Telegram then posts it again.
"""

import asyncio
import hmac
import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import structlog
from aiohttp import web

log = structlog.get_logger(__name__)

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - its name
READ_WITHIN_S = 10.0
KEEP_WITHIN_S = 15.0

Take = Callable[[Sequence[Any]], Awaitable[None]]
"""Keeps raw updates; an error means that they are not kept."""


class Door:
    """Takes posts."""

    def __init__(self, take: Take, *, secret: str) -> None:
        self._take = take
        self._secret = secret.encode()
        self._fails = False

    async def post(self, request: web.Request) -> web.Response:
        """Answer one post."""
        shown = request.headers.get(SECRET_HEADER, "").encode("utf-8", "surrogateescape")
        if not hmac.compare_digest(shown, self._secret):
            return web.Response(status=401)
        try:
            async with asyncio.timeout(READ_WITHIN_S):
                body = await request.read()
        except TimeoutError:
            return web.Response(status=408)
        try:
            update = json.loads(body)
        except (ValueError, RecursionError):
            return web.Response(status=400)  # cut on its way, perhaps; whole when it comes again
        kept = await self._kept(update)
        return web.Response(status=200 if kept else 503)

    async def _kept(self, update: Any) -> bool:
        """Have it kept; say once that this fails, and once that it does not any more."""
        try:
            async with asyncio.timeout(KEEP_WITHIN_S):
                await self._take([update])
        except Exception:
            if not self._fails:
                log.exception("An update was not kept; Telegram posts it again", action="webhook")
            self._fails = True
            return False
        if self._fails:
            log.info("Updates are kept again", action="webhook")
        self._fails = False
        return True
