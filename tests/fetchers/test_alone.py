"""The library without the program around it: copied elsewhere, it imports and works."""

import ast
import asyncio
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

import bot.fetchers

FOLDER = Path(bot.fetchers.__file__).parent
SOURCES = sorted(FOLDER.glob("*.py"))

FOREIGN = ["aiohttp", "bot", "ccxt", "pydantic", "sqlalchemy", "structlog", "telegram", "yarl"]
SCRIPT = """
import asyncio, sys
sys.path.insert(0, {folder!r})
sys.modules.update(dict.fromkeys({foreign!r}))  # whoever imports one of these fails
import httpx
from elsewhere import Credentials, find_exchange, open_fetcher

async def main():
    async with {http} as http:
        fetcher = open_fetcher("xt", Credentials("k", "s"), http, base_url={url!r})
        reading = await fetcher.fetch("spot")
    print(reading.error, *(balance.total for balance in reading.balances or ()))

asyncio.run(main())
try:
    find_exchange("ccxt:binance")
except ValueError as e:
    print(e)
"""


@pytest.fixture
async def url(recorded: Callable[[str], bytes]) -> AsyncIterator[str]:
    """Serve one recorded answer on the loopback."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        body = recorded("xt-spot")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@pytest.mark.parametrize("http", ["httpx.AsyncClient()", "httpx.AsyncHTTPTransport()"])
async def test_the_folder_works_elsewhere(url: str, tmp_path: Path, http: str) -> None:
    """Copied under another name, it reads with httpx alone, by a client or a bare transport."""
    shutil.copytree(FOLDER, tmp_path / "elsewhere", ignore=shutil.ignore_patterns("__pycache__"))
    script = SCRIPT.format(folder=str(tmp_path), foreign=FOREIGN, url=url, http=http)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-I", "-W", "error", "-c", script, cwd=tmp_path, stdout=subprocess.PIPE
    )
    output, _ = await process.communicate()
    assert process.returncode == 0
    assert output.decode().splitlines() == [
        "None 0.00 0.00 0.00 6929.61087353",
        "needs the package ccxt, which is not installed",
    ]


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_only_httpx_and_the_standard_library(source: Path) -> None:
    """No module names another package, or its own by its full name."""
    for node in ast.walk(ast.parse(source.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level <= 1
            names = [] if node.level else [str(node.module)]
        else:
            continue
        roots = {name.partition(".")[0] for name in names}
        assert roots <= sys.stdlib_module_names | {"httpx"}


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_no_float_and_no_raise_for_status(source: Path) -> None:
    """`raise_for_status` writes the signed address; money does not pass through floats."""
    tree = ast.parse(source.read_text("utf-8"))
    attributes = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    calls = {
        node.func.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    assert "raise_for_status" not in attributes
    assert "float" not in calls


def test_the_face_is_sorted_and_complete() -> None:
    """All that is named exists, once, in ruff's order."""
    names = bot.fetchers.__all__
    assert len(set(names)) == len(names)
    assert all(hasattr(bot.fetchers, name) for name in names)


async def test_the_example_runs(url: str) -> None:
    """The example of the docstring is code that works, up to the server it asks."""
    text = str(bot.fetchers.__doc__)
    lines = [line[4:] for line in text.splitlines() if line.startswith("    ") or not line]
    example = "\n".join(lines).replace("from fetchers", "from bot.fetchers")
    example = example.replace('"PASSPHRASE"), http)', f'"PASSPHRASE"), http, base_url="{url}")')
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", example, stdout=subprocess.PIPE
    )
    output, _ = await process.communicate()
    assert output.decode().startswith("UnexpectedAnswer okx gave an unusable answer")
