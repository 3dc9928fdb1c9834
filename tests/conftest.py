"""For all tests: laws judged without a stop-watch, what takes long made once, and a browser."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Generator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import structlog
from hypothesis import HealthCheck, settings
from playwright.async_api import (
    Browser,
    ConsoleMessage,
    Page,
    ViewportSize,
    async_playwright,
    expect,
)
from typing_extensions import override

from bench.postgres import find_postgres, new_database, serve_postgres
from bot.store.database import open_database
from bot.store.sqlite import PRAGMAS

# A busy machine is slow: a law is judged by its cases, not by the time of each.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")
expect.set_options(timeout=15_000)

# Where no log is set up, structlog would draw each traceback with all that is in it, for seconds.
structlog.get_config()["processors"][-1].exception_formatter = structlog.dev.plain_traceback

LONGEST = ("e2e", "deploy")
"""What waits most: begun first, so that at the end no worker waits alone."""

CHROMIUM = Path("/usr/bin/chromium")
PHONE = ViewportSize(width=390, height=844)
DESKTOP = ViewportSize(width=1280, height=800)
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

OpenPage = Callable[..., Awaitable[Page]]


@pytest.hookimpl(wrapper=True, optionalhook=True)
def pytest_xdist_auto_num_workers() -> Generator[None, int, int]:
    """Have one worker more than cores: a third of the time is waiting for others."""
    return (yield) + 1


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest."""
    tests = Path(__file__).parent
    items.sort(key=lambda item: item.path.relative_to(tests).parts[0] not in LONGEST)


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
def instantly() -> Callable[[Callable[[], Coroutine[Any, Any, Any]]], Any]:
    """Run a coroutine on a loop without waiting."""

    def run(main: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        with asyncio.Runner(loop_factory=InstantLoop) as runner:
            return runner.run(main())

    return run


@pytest.fixture(scope="session")
def chromium() -> Path:
    """Find the browser; a machine without one skips, but CI must have it."""
    if not CHROMIUM.exists():
        in_ci = os.environ.get("CI")  # noqa: TID251 - a matter of the test run, not a setting
        (pytest.fail if in_ci else pytest.skip)(f"there is no {CHROMIUM}")
    return CHROMIUM


@pytest.fixture(scope="session")
def made_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Have a database of SQLite as it is when it was just made: to make one costs more."""
    path = tmp_path_factory.mktemp("made") / "bot.db"

    async def make() -> None:
        async with open_database(f"sqlite:///{path}"):
            pass

    asyncio.run(make())
    return path


@pytest.fixture
def file_url(made_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Have a new file of SQLite for one test; what is written need not be on the disk."""
    monkeypatch.setattr("bot.store.sqlite.PRAGMAS", (*PRAGMAS, "PRAGMA synchronous = OFF"))
    path = tmp_path / "bot.db"
    shutil.copy(made_file, path)
    return f"sqlite:///{path}"


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """Run a PostgreSQL server; a machine without one skips, but CI must have it."""
    if find_postgres() is None:
        in_ci = os.environ.get("CI")  # noqa: TID251 - a matter of the test run, not a setting
        (pytest.fail if in_ci else pytest.skip)("PostgreSQL is not installed")
    with serve_postgres(durable=False) as server:
        yield server


@pytest.fixture
def postgres_url(postgres: str) -> Iterator[str]:
    """Have an empty database for one test."""
    with new_database(postgres, f"test_{uuid4().hex}") as url:
        yield url


@pytest.fixture
async def browser(chromium: Path) -> AsyncIterator[Browser]:
    """Start a headless Chromium for one test."""
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield started
        await started.close()


@pytest.fixture
async def open_page(browser: Browser) -> AsyncIterator[OpenPage]:
    """Give a function that opens an address as on a phone; what goes wrong in it fails the test.

    `await open_page(url, viewport=…, dark=True)` returns when the page has its first state;
    `query` stands behind the address, as in `?as=1001`.
    """
    wrong: list[str] = []
    async with AsyncExitStack() as opened:

        async def open_one(
            url: str,
            *,
            query: str = "",
            viewport: ViewportSize = PHONE,
            dark: bool = False,
        ) -> Page:
            context = await browser.new_context(
                viewport=viewport, color_scheme="dark" if dark else "light", locale="en-GB"
            )
            opened.push_async_callback(context.close)
            page = await context.new_page()
            page.on("pageerror", lambda error: wrong.append(str(error)))
            page.on("console", lambda m: wrong.append(m.text) if _is_wrong(m) else None)
            page.on("request", lambda r: None if r.url.startswith(url) else wrong.append(r.url))
            await page.goto(f"{url}/{query}")
            await page.wait_for_selector("html[data-ready]")
            return page

        yield open_one
    assert wrong == []


def _is_wrong(line: ConsoleMessage) -> bool:
    # A server that goes away before the page, as most do at the end of a test, is no fault of it.
    return line.type == "error" and "Failed to load resource: net::ERR_" not in line.text
