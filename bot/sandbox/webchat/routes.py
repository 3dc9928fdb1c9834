"""Routes of the chat page: its files, a stream of what happens, and what the visitor does."""

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiohttp import web

from bot.sandbox.webchat.shown import is_visible, show_event, show_state

if TYPE_CHECKING:
    from bot.sandbox.telegram.model import Chat, User
    from bot.sandbox.telegram.server import TelegramServer

_STATIC = Path(__file__).parent / "static"
# So a connection that is gone is found out, and proxies in between keep one that is not.
_HEARTBEAT_S = 15
_RECONNECT_MS = 1000
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-cache",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def add_page(app: web.Application, server: "TelegramServer") -> None:
    """Put the page at `/`, and what it asks for below `/page/`."""
    page = _Page(server)
    app.router.add_get("/", page.index)
    app.router.add_get("/page/events", page.events)
    app.router.add_get("/page/files/{id}", page.file)
    app.router.add_post("/page/say", page.say)
    app.router.add_post("/page/press", page.press)
    app.router.add_get("/page/{name}", page.static)


class _Page:
    """The handlers, all for one server."""

    def __init__(self, server: "TelegramServer") -> None:
        self._server = server

    async def index(self, _: web.Request) -> web.StreamResponse:
        """Give the page."""
        return web.FileResponse(_STATIC / "index.html", headers=_HEADERS)

    async def static(self, request: web.Request) -> web.StreamResponse:
        """Give a script, the style or the icon."""
        path = _STATIC / Path(request.match_info["name"]).name
        if not path.is_file():
            raise web.HTTPNotFound
        return web.FileResponse(path, headers=_HEADERS)

    async def file(self, request: web.Request) -> web.StreamResponse:
        """Give a photo to look at, or a document to keep."""
        file = self._server.files.get(request.match_info["id"])
        if file is None:
            raise web.HTTPNotFound
        how = "inline" if file.kind == "photo" else "attachment"
        headers = _HEADERS | {"Content-Disposition": how}
        return web.Response(body=file.content, content_type=file.mime, headers=headers)

    async def events(self, request: web.Request) -> web.StreamResponse:
        """Stream what happens; each stream begins with the whole state, so a gap does no harm.

        It shows what one person sees: the one behind `as`, or else the visitor.
        """
        visitor = self._person(request.query.get("as")) or self._server.visitor
        stream = web.StreamResponse(headers=_HEADERS | {"Content-Type": "text/event-stream"})
        await stream.prepare(request)
        await stream.write(f"retry: {_RECONNECT_MS}\n\n".encode())
        with self._server.watch() as queue:
            await _send(stream, "state", show_state(self._server, visitor))
            while self._server.is_watched(queue):
                try:
                    async with asyncio.timeout(_HEARTBEAT_S):
                        event = await queue.get()
                except TimeoutError:
                    await stream.write(b": still here\n\n")
                    continue
                if shown := show_event(self._server, visitor, event):
                    await _send(stream, *shown)
        return stream

    async def say(self, request: web.Request) -> web.StreamResponse:
        """Say something in somebody's name."""
        body = await _read(request)
        speaker = self._speaker(body)
        chat = self._chat(body, speaker)
        try:
            message = self._server.say(
                chat.id,
                speaker.id,
                str(body.get("text", "")),
                reply_to=body.get("reply_to"),
            )
        except ValueError as e:
            raise web.HTTPBadRequest(text=str(e)) from None
        return web.json_response({"message": message.id})

    async def press(self, request: web.Request) -> web.StreamResponse:
        """Press a button in somebody's name."""
        body = await _read(request)
        speaker = self._speaker(body)
        chat = self._chat(body, speaker)
        try:
            place = (int(body["row"]), int(body["column"]))
            press = self._server.press(chat.id, int(body["message"]), place, speaker.id)
        except (KeyError, IndexError, TypeError, ValueError):
            raise web.HTTPBadRequest(text="This button is gone") from None
        return web.json_response({"press": press.id})

    def _chat(self, body: dict[str, Any], speaker: "User") -> "Chat":
        by_id = {str(chat.id): chat for chat in self._server.chats.values()}
        chat = by_id.get(str(body.get("chat")))
        if chat is None or not is_visible(speaker, chat):
            raise web.HTTPBadRequest(text="This chat is gone")
        return chat

    def _person(self, user_id: object) -> "User | None":
        return next((u for u in self._server.people if str(u.id) == str(user_id)), None)

    def _speaker(self, body: dict[str, Any]) -> "User":
        speaker = self._person(body["as"]) if "as" in body else self._server.visitor
        if speaker is None:
            raise web.HTTPBadRequest(text="Nobody sits before this page")
        return speaker


async def _send(stream: web.StreamResponse, name: str, body: dict[str, Any]) -> None:
    await stream.write(f"event: {name}\ndata: {json.dumps(body)}\n\n".encode())


async def _read(request: web.Request) -> dict[str, Any]:
    # Only JSON: a form on a foreign page could be sent here without asking, JSON could not.
    if request.content_type != "application/json":
        raise web.HTTPUnsupportedMediaType
    try:
        body = await request.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise web.HTTPBadRequest(text="This is not a JSON object")
    return body
