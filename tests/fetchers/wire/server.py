"""A server that speaks bytes, so that it can do what no web framework lets it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from bot.fetchers import Credentials, Fetcher
from tests.fetchers.endpoints import RECORDED, Endpoint, route_of

CREDENTIALS = Credentials("KEY-a1b2c3d4e5", "SECRET-f6g7h8i9j0", "PHRASE-k1l2m3")
NOW = datetime(2026, 1, 15, 9, tzinfo=UTC)

Parts = list[bytes | float]
"""What is written, one by one; a number is a pause in seconds, 0 is for ever."""


@dataclass
class RawServer:
    """Answers for one endpoint, honestly or with the bytes of a script."""

    endpoint: Endpoint
    recorded: Callable[[str], bytes]
    url: str = ""
    script: "Callable[[RawServer], Parts] | None" = None
    """What becomes of the endpoint's requests; None: they are answered honestly."""
    heads: list[bytes] = field(default_factory=list)

    @property
    def asked(self) -> list[str]:
        return [route_of(head) for head in self.heads]

    def honest(self, route: str) -> bytes:
        found = self.endpoint.others.get(route)
        return self.recorded(RECORDED[route]) if found is None else found

    def parts(self) -> Parts:
        route = self.asked[-1]
        if self.script and route == self.endpoint.route:
            return self.script(self)
        return answered(self.honest(route))

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            self.heads.append(await reader.readuntil(b"\r\n\r\n"))
            for part in self.parts():
                if isinstance(part, bytes):
                    writer.write(part)
                    await writer.drain()
                elif part:
                    await asyncio.sleep(part)
                else:
                    await reader.read()  # until the other side gives up
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client hung up first, as it should with some faults
        finally:
            writer.close()


OpenAt = Callable[..., Fetcher]


def answered(body: bytes, *headers: str, status: int = 200) -> Parts:
    """Write a whole answer."""
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(body)}", *headers]
    return ["\r\n".join([*lines, "Connection: close", "", ""]).encode() + body]
