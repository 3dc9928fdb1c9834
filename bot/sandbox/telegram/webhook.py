"""Posting updates to a bot's webhook, https://core.telegram.org/bots/api#setwebhook.

What is not answered with 2xx is posted again, after a pause that grows; Telegram begins with more
patience, and has more of it.
"""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from bot.sandbox.telegram.updates import UpdateQueue
from bot.sandbox.telegram.wire import Parameters, bad_request

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - its name
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.05, 1.0
_ANSWER_WITHIN_S = 30.0
_MOST_CONNECTIONS = 100
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}


@dataclass(slots=True)
class Webhook:
    """Where updates are posted, and how that went last."""

    url: str
    secret: str
    most: int
    """Posts at once."""
    failed_at: datetime | None = None
    error: str = ""

    def to_api(self) -> dict[str, Any]:
        """Give what getWebhookInfo tells of it."""
        body: dict[str, Any] = {"max_connections": self.most}
        if self.failed_at is not None:
            body["last_error_date"] = int(self.failed_at.timestamp())
            body["last_error_message"] = self.error
        return body


def parse_webhook(p: Parameters) -> Webhook:
    """Read the parameters of setWebhook; plain http is taken on loopback alone."""
    url = urlsplit(p.text("url"))
    if url.scheme != "https" and url.hostname not in _LOOPBACK:
        raise bad_request("bad webhook: An HTTPS URL must be provided for webhook")
    secret = p.text("secret_token")
    if not re.fullmatch(r"[A-Za-z0-9_-]{0,256}", secret):
        raise bad_request("secret token contains unallowed characters")
    most = p.integer("max_connections", default=40)
    return Webhook(p.text("url"), secret, min(max(most, 1), _MOST_CONNECTIONS))


async def post_updates(
    updates: UpdateQueue, webhook: Callable[[], Webhook | None], clock: Callable[[], datetime]
) -> None:
    """Post what waits to wherever the webhook is at that moment, until cancelled."""
    pause_s = 0.0
    within = aiohttp.ClientTimeout(total=_ANSWER_WITHIN_S)
    async with aiohttp.ClientSession(timeout=within) as session:
        while True:
            place = webhook()
            bodies = updates.next_for_post(place.most) if place is not None else []
            if place is None or not bodies:
                await updates.changed()
                continue
            errors = await asyncio.gather(*(_post(session, place, body) for body in bodies))
            updates.forget(b["update_id"] for b, e in zip(bodies, errors, strict=True) if not e)
            if any(errors):
                place.failed_at, place.error = clock(), next(filter(None, errors))
                pause_s = min(max(2 * pause_s, _FIRST_PAUSE_S), _LONGEST_PAUSE_S)
                await asyncio.sleep(pause_s)
            else:
                pause_s = 0.0


async def _post(session: aiohttp.ClientSession, place: Webhook, body: dict[str, Any]) -> str:
    """Post one update; return what went wrong, in Telegram's words."""
    headers = {SECRET_HEADER: place.secret} if place.secret else {}
    try:
        async with session.post(place.url, json=body, headers=headers) as answer:
            if answer.ok:
                return ""
            return f"Wrong response from the webhook: {answer.status} {answer.reason}"
    except aiohttp.ClientConnectorError:
        return "Connection refused"
    except (aiohttp.ClientError, TimeoutError):
        return "Connection timed out"
