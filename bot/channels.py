"""Other channels than Telegram, through Apprise: mail, ntfy, Slack and a hundred more.

Apprise takes 45 MB and half a second to load, for something that is hardly ever needed: it runs
aside, in a process that ends when it has sent, and is this module, too. Addresses carry secrets:
they go in on stdin, and none comes back in an answer, an error or a log line.
"""

import hmac
import json
import os
import sys
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from queue import Empty, SimpleQueue
from time import monotonic
from typing import Any

from bot.aside import AsideFailed, run_aside
from bot.core.events import Event

TITLE = "balance-bot: not heard on Telegram"
SEND_WITHIN_S = 30.0
"""After that a channel that has not answered has failed; the others' success is not lost by it."""
ASIDE_WITHIN_S = 45.0

Render = Callable[[Sequence[Event]], str]


class ChannelsFailed(Exception):
    """Apprise could not be asked; the message names no address."""


class AppriseChannels:
    """`OtherChannels` by Apprise."""

    def __init__(self, urls: Sequence[str], *, key: str, render: Render) -> None:
        """Take the addresses, a secret that their names are made with, and what makes a text."""
        self._urls = {_name(url, key): url for url in urls}
        self._render = render

    @property
    def names(self) -> Sequence[str]:
        """See the port."""
        return tuple(self._urls)

    async def tell(self, messages: Mapping[str, Sequence[Event]]) -> Collection[str]:
        """See the port."""
        texts = [
            {"url": self._urls[name], "text": self._render(told)}
            for name, told in messages.items()
        ]
        try:
            took = await _ask({"send": texts})
        except ChannelsFailed:
            return ()
        return {name for name, well in zip(messages, took, strict=True) if well}


def _name(url: str, key: str) -> str:
    """Name a channel so that nothing of its address can be guessed from it."""
    return hmac.digest(key.encode(), url.encode(), "sha256").hex()[:12]


async def unknown_addresses(urls: Sequence[str]) -> list[int]:
    """Name the places, counted from 1, of the addresses that Apprise does not know.

    Raises:
        ChannelsFailed: it could not be asked.
    """
    known = await _ask({"known": list(urls)})
    return [place for place, well in enumerate(known, 1) if not well]


async def _ask(question: Mapping[str, Any]) -> list[bool]:
    """Have something done aside; the answer has one word for each address."""
    try:
        answer = await run_aside(
            "bot.channels", json.dumps(question).encode(), within_s=ASIDE_WITHIN_S
        )
        told = json.loads(answer)
    except (AsideFailed, OSError, ValueError):
        raise ChannelsFailed("Apprise could not be asked") from None
    return [well is True for well in told]


def main() -> None:
    """Do what stdin asks for, and answer on stdout; then end, whoever still hangs."""
    question = json.load(sys.stdin)
    if "known" in question:
        answer = [_channel(url) is not None for url in question["known"]]
    else:
        answer = _sent(question["send"])
    sys.stdout.write(json.dumps(answer))
    sys.stdout.flush()
    os._exit(0)


def _sent(messages: Sequence[Mapping[str, str]]) -> list[bool]:
    """Send all at the same time; who has not said in time that it went well has failed."""
    done: SimpleQueue[int] = SimpleQueue()
    for place, message in enumerate(messages):
        threading.Thread(target=_send, args=(message, place, done), daemon=True).start()
    well = set(_taken(done, most=len(messages)))
    return [place in well for place in range(len(messages))]


def _taken(done: "SimpleQueue[int]", *, most: int) -> Iterator[int]:
    ends_at = monotonic() + SEND_WITHIN_S
    for _ in range(most):
        try:
            place = done.get(timeout=max(0.0, ends_at - monotonic()))
        except Empty:
            return
        if place >= 0:
            yield place


def _send(message: Mapping[str, str], place: int, done: "SimpleQueue[int]") -> None:
    well = False
    try:
        import apprise

        sender = apprise.Apprise(_channel(message["url"]))
        well = bool(sender.notify(message["text"], title=TITLE, body_format="text"))
    except Exception:  # noqa: BLE001 - plugins of others; what they say may hold the address
        well = False
    finally:
        done.put(place if well else -1)


def _channel(url: str) -> Any:
    """Make what sends to an address; None where Apprise knows none like it."""
    import apprise

    apprise.logger.disabled = True
    asset = apprise.AppriseAsset(async_mode=False, storage_mode="memory")
    asset.app_id = asset.app_desc = "balance-bot"
    channel = apprise.Apprise.instantiate(url, asset=asset)
    # Left as it is, a text that is too long for a service would be refused by it as a whole.
    if channel is not None and channel.overflow_mode == apprise.OverflowMode.UPSTREAM:
        channel.overflow_mode = apprise.OverflowMode.SPLIT
    return channel


if __name__ == "__main__":
    main()
