"""An exchange for thousands of accounts, in a process of its own: it judges who reads them how.

OKX's funding account and nothing else of it: each key has five coins, which stay as they are until
somebody says otherwise. Each request takes a moment, so that two at once for one account overlap.
Nothing of the sandbox's emulator is used: that one signs, paces and keeps a journal, and costs
more than the bot that it would measure.
"""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from time import monotonic, time
from typing import Any

from typing_extensions import override

TAKES_S = 0.02
"""How long each request takes."""
COINS = ("BTC", "ETH", "SOL", "USDC")
HIGH, LOW = "600", "100"
"""What an account has of USDT, and what it has when it is to be told of."""


def key_of(number: int) -> str:
    """Name the key of an account."""
    return f"key-{number}"


@dataclass
class Journal:
    """What was seen: when each account was read, and whether by two at once."""

    read_at: dict[int, float] = field(default_factory=dict)
    being_read: set[int] = field(default_factory=set)
    apart_s: list[float] = field(default_factory=list)
    """Of each reading but the first of its account, how long after the one before it came."""
    overlaps: int = 0
    reads: int = 0
    low: dict[int, float | None] = field(default_factory=dict)
    """The accounts that have less, and when that was first told, in seconds since 1970."""

    def begin(self, number: int) -> None:
        """Take down that an account is asked for."""
        now = monotonic()
        self.reads += 1
        self.overlaps += number in self.being_read
        self.being_read.add(number)
        if number in self.read_at:
            self.apart_s.append(now - self.read_at[number])
        self.read_at[number] = now

    def end(self, number: int) -> None:
        """Take down that it is told."""
        self.being_read.discard(number)
        if number in self.low and self.low[number] is None:
            self.low[number] = time()

    def told(self, expected: int) -> dict[str, Any]:
        """Sum up what was seen since this was asked last."""
        oldest = min(self.read_at.values(), default=None)
        summary = {
            "reads": self.reads,
            "accounts": len(self.read_at),
            "overlaps": self.overlaps,
            "apart_s": [round(apart, 3) for apart in self.apart_s],
            "oldest_s": monotonic() - oldest if oldest and len(self.read_at) == expected else None,
            "low": self.low,
        }
        self.apart_s, self.reads = [], 0
        return summary


class Exchange(asyncio.Protocol):
    """One connection: requests without bodies, one after another."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._read = b""
        self._transport: asyncio.Transport | None = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]

    @override
    def data_received(self, data: bytes) -> None:
        self._read += data
        while b"\r\n\r\n" in self._read:
            head, self._read = self._read.split(b"\r\n\r\n", 1)
            self._asked(head)

    def _asked(self, head: bytes) -> None:
        if not head.startswith(b"GET /api/v5/asset/balances"):
            self._answer(_prices(head))
            return
        begin = head.index(b"key-", head.lower().index(b"ok-access-key")) + len(b"key-")
        number = int(head[begin : head.index(b"\r\n", begin)])
        self._journal.begin(number)
        asyncio.get_running_loop().call_later(TAKES_S, self._tell, number)

    def _tell(self, number: int) -> None:
        amount = LOW if number in self._journal.low else HIGH
        self._answer(_balances(amount, number))
        self._journal.end(number)

    def _answer(self, body: bytes) -> None:
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        if self._transport is not None:
            self._transport.write(head % len(body) + body)


def _balances(usdt: str, number: int) -> bytes:
    held = [(coin, f"{number}.{n}25") for n, coin in enumerate(COINS)] + [("USDT", usdt)]
    rows = [{"ccy": c, "bal": a, "availBal": a, "frozenBal": "0"} for c, a in held]
    return json.dumps({"code": "0", "msg": "", "data": rows}).encode()


def _prices(head: bytes) -> bytes:
    rows = [{"usdCny": "7.1"}]
    if b"tickers" in head:
        rows = [{"instId": f"{coin}-USDT", "last": "2.5"} for coin in COINS]
    return json.dumps({"code": "0", "msg": "", "data": rows}).encode()


class Crowd:
    """An exchange that is running."""

    def __init__(self, process: Process, url: str, accounts: int) -> None:
        self.url = url
        self.accounts = accounts
        self._process = process

    async def judged(self, *, lower: Iterable[int] = ()) -> dict[str, Any]:
        """Ask what was seen since the last time; from now on these accounts have less."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps([self.accounts, list(lower)]).encode() + b"\n")
        told: dict[str, Any] = json.loads(await self._process.stdout.readline())
        return told


@asynccontextmanager
async def serve_crowd(accounts: int) -> AsyncIterator[Crowd]:
    """Run the exchange until the end of the block."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench.crowd"), stdin=PIPE, stdout=PIPE, limit=2**26
    )
    assert process.stdin
    assert process.stdout
    try:
        yield Crowd(process, (await process.stdout.readline()).decode().strip(), accounts)
    finally:
        process.stdin.close()  # it ends with its input
        await process.wait()


def settings_of(accounts: int, url: str) -> str:
    """Write the lines of a settings file that lead there."""
    lines = []
    for number in range(accounts):
        top = f"BOT_ACCOUNTS__A{number}"
        lines += [
            f"{top}__EXCHANGE=okx",
            f"{top}__BASE_URL={url}",
            f"{top}__API_KEY={key_of(number)}",
            f"{top}__API_SECRET=secret-{number}",
            f"{top}__PASSPHRASE=phrase",
            f"{top}__WALLETS=funding",
        ]
    return "\n".join(lines)


async def serve() -> None:
    """Tell the address, then answer each line of the input with what was seen."""
    journal = Journal()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Exchange(journal), "127.0.0.1", 0, backlog=1024)
    host, port = server.sockets[0].getsockname()
    print(f"http://{host}:{port}", flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        expected, lower = json.loads(line)
        journal.low |= dict.fromkeys(lower)
        print(json.dumps(journal.told(expected)), flush=True)
    server.close()


if __name__ == "__main__":
    asyncio.run(serve())
