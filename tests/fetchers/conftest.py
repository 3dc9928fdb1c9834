"""What the tests of the fetchers share: clients, recorded answers, and a loop that never waits."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from typing_extensions import override

from bot.fetchers._http import HttpClient
from bot.transport import WireTransport

OpenClient = Callable[[httpx.AsyncBaseTransport], HttpClient]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the table of faults be written anew."""
    parser.addoption("--renew-faults", action="store_true", help="write tests/fetchers/faults.md")


class InstantLoop(asyncio.SelectorEventLoop):
    """A loop whose clock jumps to the next timer as soon as nothing else is left to do."""

    def __init__(self) -> None:
        super().__init__()
        self._seconds = 0.0
        self._look = self._selector.select  # type: ignore[attr-defined]
        self._selector.select = self._jump  # type: ignore[attr-defined]

    @override
    def time(self) -> float:
        return self._seconds

    def _jump(self, timeout: float | None) -> Any:
        if timeout is None:
            raise RuntimeError("everybody waits, and nothing will ever happen")
        if timeout > 0:
            self._seconds += timeout + 1e-9  # so that rounding cannot end before the timer
        return self._look(0)


@pytest.fixture(scope="session")
def open_client() -> OpenClient:
    """Build a client over a transport; whoever asks for it closes it, or needs no closing."""
    return lambda transport: httpx.AsyncClient(transport=transport)  # noqa: TID251 - the tests' one


@pytest.fixture(scope="session")
def over_handler(open_client: OpenClient) -> Callable[[Callable[..., Any]], HttpClient]:
    """Build a client whose requests are answered by a function."""
    return lambda handler: open_client(httpx.MockTransport(handler))


@pytest.fixture
async def http(open_client: OpenClient) -> AsyncIterator[HttpClient]:
    """Give a client over real sockets."""
    async with open_client(WireTransport()) as client:
        yield client


@pytest.fixture(scope="session")
def instantly() -> Callable[[Callable[[], Coroutine[Any, Any, Any]]], Any]:
    """Run a coroutine on a loop without waiting."""

    def run(main: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        with asyncio.Runner(loop_factory=InstantLoop) as runner:
            return runner.run(main())

    return run


@pytest.fixture(scope="session")
def wall_clock() -> Callable[[], datetime]:
    """Tell a time that goes with the running loop's."""
    start = datetime(2026, 1, 15, 9, tzinfo=UTC)
    return lambda: start + timedelta(seconds=asyncio.get_running_loop().time())


@pytest.fixture(scope="session")
def recorded() -> Callable[[str], bytes]:
    """Read an answer of the exchanges' documents."""
    folder = Path(__file__).parent / "answers"
    return lambda name: (folder / f"{name}.json").read_bytes()
