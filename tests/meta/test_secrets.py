"""Canaries in every place of a secret: none of them comes out, in whatever writing.

The redaction of the log is switched off in all of this, but for one test of its own: it is the
last line, and nothing may rely on it.
"""

import asyncio
import gc
import logging
import sys
import traceback
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote, quote_plus

import pytest
import structlog

from bot.app import open_app
from bot.chat.application import build_bot
from bot.clock import utc_now
from bot.fetchers import Credentials, Fetcher, FetchError, Pacer, open_fetcher
from bot.log import set_up_log
from bot.running import App
from bot.sandbox.exchanges import NO_LIMITS, Served, serve_exchange
from bot.sandbox.faults import FAULTS
from bot.sandbox.telegram import TelegramServer, serve_telegram
from bot.sandbox.world import Key, World
from bot.settings import SettingsError, load_settings, require_bot
from bot.transport import WireTransport

Style = Literal["text", "json"]
ODD = '%/+"\\&=#'
TOKEN = "1000001:AAcanary-Token_of-the-bot-0123456789"
OWNER, GROUP = 1001, -4001
WALLETS = {"okx": ("funding", "trading", "sub:desk"), "coinw": ("spot",), "xt": ("spot",)}
LOUD = ("httpx", "httpcore", "telegram", "apscheduler", "aiohttp", "asyncio", "aiosqlite")


def key_of(slug: str, *, kind: str = "") -> Key:
    """Make a key whose every part is a canary."""
    name, secret, phrase = (f"canary{ODD}{slug}-{part}{kind}" for part in ("k", "s", "phrase"))
    return Key(name, secret, phrase if slug == "okx" else None)


KEYS = {slug: key_of(slug) for slug in WALLETS}
WRONG = {slug: key_of(slug, kind="-refused") for slug in WALLETS}


def parts_of(key: Key) -> list[str]:
    return [part for part in (key.api_key, key.api_secret, key.passphrase) if part]


SECRETS = [TOKEN, *(part for key in (*KEYS.values(), *WRONG.values()) for part in parts_of(key))]


def writings(secret: str) -> Iterator[str]:
    """Write a secret in every way in which something might show it."""
    raw = secret.encode()
    yield secret
    for way in (quote(secret), quote(secret, safe=""), quote_plus(secret)):
        yield from (way, way.lower())
    for quoted in (repr(secret)[1:-1], secret.replace("\\", "\\\\").replace('"', '\\"')):
        yield from (quoted, quoted.replace("\\", "\\\\").replace('"', '\\"'))
    yield raw.hex()
    # At each place within its three bytes; what touches the neighbours is left out.
    yield from (b64encode(b" " * skip + raw).decode()[skip + 1 : -4] for skip in range(3))


def leaked(text: str) -> list[str]:
    """Name the writings of secrets that are in a text."""
    return [way for secret in SECRETS for way in writings(secret) if way in text]


@dataclass
class Stage:
    """Exchanges and a Telegram to be hurt, and settings full of canaries."""

    world: World
    telegram: TelegramServer
    exchanges: Mapping[str, Served]
    environ: dict[str, str]
    folder: Path
    errors: list[BaseException] = field(default_factory=list)

    @asynccontextmanager
    async def bot(self) -> AsyncIterator[App]:
        settings = load_settings(self.environ, folder=self.folder)
        require_bot(settings)
        async with open_app(settings, clock=utc_now) as app, asyncio.TaskGroup() as group:
            running = group.create_task(app.run())
            yield app
            running.cancel()

    def fetchers(self, http: WireTransport, keys: Mapping[str, Key]) -> dict[str, Fetcher]:
        """Make fetchers that know no pause yet."""
        pacer = Pacer()
        return {
            slug: open_fetcher(
                slug,
                Credentials(key.api_key, key.api_secret, key.passphrase),
                http,
                base_url=self.exchanges[slug].url,
                pacer=pacer,
                deadline=timedelta(seconds=0.4),
            )
            for slug, key in keys.items()
        }


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    world, telegram = World(), TelegramServer(token=TOKEN)
    for slug, key in KEYS.items():
        account = world.add_account(slug, key, name=slug)
        account.set("funding" if slug == "okx" else "spot", "USDT", available="100")
        if slug == "okx":
            account.set(account.add_sub("desk"), "USDT", available="5")
    you = telegram.add_private_chat("You", user_id=OWNER)
    telegram.add_group("Desk", [*you.members], chat_id=GROUP)
    async with AsyncExitStack() as stack:
        api_url = await stack.enter_async_context(serve_telegram(telegram))
        exchanges = {
            slug: await stack.enter_async_context(serve_exchange(slug, world, limits=NO_LIMITS))
            for slug in WALLETS
        }
        environ = {
            "BOT_TELEGRAM__TOKEN": TOKEN,
            "BOT_TELEGRAM__API_URL": api_url,
            "BOT_TELEGRAM__OWNERS": str(OWNER),
            "BOT_TELEGRAM__CHATS": str(GROUP),
            "BOT_DATABASE_URL": f"sqlite:///{tmp_path / 'bot.db'}",
            "BOT_CHECK_EVERY": "1s",
            "BOT_DIGEST_AT": "",
            "BOT_RULES__LOW": "* USDT < 500",
        }
        for slug, key in KEYS.items():
            names = ("API_KEY", "API_SECRET", "PASSPHRASE")
            environ[f"BOT_ACCOUNTS__{slug.upper()}__EXCHANGE"] = slug
            environ[f"BOT_ACCOUNTS__{slug.upper()}__BASE_URL"] = exchanges[slug].url
            for name, part in zip(names, parts_of(key), strict=False):
                environ[f"BOT_ACCOUNTS__{slug.upper()}__{name}"] = part
        yield Stage(world, telegram, exchanges, environ, tmp_path)


@contextmanager
def logging_to(stream: StringIO, style: Style, *, secrets: Sequence[str] = ()) -> Iterator[None]:
    """Log everything that anybody says; struck out is what is given as a secret."""
    root = logging.getLogger()
    levels = {name: logging.getLogger(name).level for name in ("", *LOUD)}
    handlers = root.handlers[:]
    set_up_log(level="DEBUG", style=style, secrets=secrets)
    structlog.configure(cache_logger_on_first_use=False)
    for handler in root.handlers:
        assert isinstance(handler, logging.StreamHandler)
        handler.setStream(stream)
    for name in LOUD:
        logging.getLogger(name).setLevel(logging.DEBUG)
    try:
        yield
    finally:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
        root.handlers[:] = handlers
        structlog.reset_defaults()


@pytest.fixture(params=["text", "json"])
def log(request: pytest.FixtureRequest) -> Iterator[StringIO]:
    """Have a log in which nothing is struck out."""
    with StringIO() as stream, logging_to(stream, request.param):
        yield stream


def chained(error: BaseException | None) -> Iterator[str]:
    """Write an error in every way, with all that it comes from."""
    if error is not None:
        yield from (repr(error), str(error), repr(error.args), repr(vars(error)))
        yield "".join(traceback.format_exception(error))
        yield from chained(error.__cause__)
        yield from chained(error.__context__)


async def everything_of(fetcher: Fetcher, wallets: tuple[str, ...]) -> list[BaseException]:
    """Ask for all that can be asked for; give the errors."""
    readings = await asyncio.gather(*map(fetcher.fetch, wallets))
    asked = await asyncio.gather(
        fetcher.check_key(),
        fetcher.measure_clock(),
        fetcher.fetch_prices(),
        *([fetcher.list_sub_accounts()] if fetcher.exchange == "okx" else []),
        return_exceptions=True,
    )
    errors = [reading.error for reading in readings if reading.error]
    return [*errors, *(answer for answer in asked if isinstance(answer, BaseException))]


async def test_every_fault_of_every_exchange(stage: Stage, log: StringIO) -> None:
    """With good keys and refused ones: neither errors, nor their causes, nor the log tell any."""
    asyncio.get_running_loop().set_debug(True)
    errors: list[BaseException] = []
    async with WireTransport() as http:
        for fault in FAULTS:
            for keys in (KEYS, WRONG):
                for served in stage.exchanges.values():
                    served.faults.inject("*", fault, times=None)
                found = await asyncio.gather(
                    *(everything_of(f, WALLETS[s]) for s, f in stage.fetchers(http, keys).items())
                )
                errors += [error for some in found for error in some]
                for served in stage.exchanges.values():
                    served.faults.clear()
    assert len(errors) > 500
    assert all(isinstance(error, FetchError) for error in errors)
    written = {way for error in errors for way in chained(error)}
    assert leaked("\n".join(written)) == []
    assert leaked(log.getvalue()) == []


TELEGRAM_FAULTS: tuple[dict[str, Any], ...] = (
    {"status": 401, "description": "Unauthorized"},
    {"status": 404, "description": "Not Found"},
    {"status": 409, "description": "Conflict: terminated by other getUpdates request"},
    {"status": 429, "description": "Too Many Requests", "retry_after": 1},
    {"status": 500, "description": "Internal Server Error"},
)
METHODS = ("getMe", "sendMessage", "getUpdates", "setMyCommands")


def hurt(telegram: TelegramServer, method: str) -> None:
    """Let a method fail in each way, once."""
    for fault in TELEGRAM_FAULTS:
        telegram.fail(method, **fault)
    telegram.garble(method, status=200, body=b"<html>")
    telegram.garble(method, status=502, body=b"\xff\xfe")
    telegram.drop_before(method)
    telegram.drop_after(method)


async def test_a_bad_day_of_the_bot(
    stage: Stage, log: StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Telegram fails in all ways, a key is refused: chats, log and database have no secret."""
    monkeypatch.setattr("bot.chat.trying.pause_after", lambda _attempts: timedelta(0))
    stage.environ["BOT_ACCOUNTS__XT__API_SECRET"] = WRONG["xt"].api_secret
    loop = asyncio.get_running_loop()
    loop.set_debug(True)
    loop.slow_callback_duration = 0.001
    for method in ("getMe", "getUpdates", "setMyCommands"):
        hurt(stage.telegram, method)
    async with stage.bot():
        await stage.telegram.wait_for_message(GROUP, "CANNOT READ", timeout=60)
        await stage.telegram.wait_for_message(GROUP, "low", timeout=60)
        hurt(stage.telegram, "sendMessage")
        for text in ("/start", "/balance", "/alerts", "/rules", "/whoami"):
            stage.telegram.say(OWNER, OWNER, text)
        await asyncio.sleep(3)
        stage.telegram.end_faults()
        asked = stage.telegram.say(OWNER, OWNER, "/balance")
        await stage.telegram.wait_for_message(OWNER, "Balances", after=asked, timeout=60)
        live = [path.read_bytes() for path in stage.folder.iterdir()]
    kept = b"\n".join([*live, *(p.read_bytes() for p in stage.folder.iterdir())])
    assert len(live) >= 4, "the database, its log, its index and the lock"
    assert leaked(kept.decode("latin-1")) == []
    texts = [m.text for chat in (OWNER, GROUP) for m in stage.telegram.messages(chat)]
    assert len(texts) > 4
    assert leaked("\n".join(texts)) == []
    said = log.getvalue()
    assert "Logging error" not in said
    assert said.count("\n") > 300
    assert leaked(said) == []


def ours() -> Iterator[str]:
    """Show every living object of ours, and of the library that has the token."""
    for thing in gc.get_objects():
        module = str(type(thing).__module__)
        if module.startswith(("bot.", "telegram.")) and not module.startswith("bot.sandbox"):
            yield repr(thing)


async def test_nothing_of_ours_shows_a_secret(stage: Stage) -> None:
    """In the midst of requests: settings, bot, fetchers, transports, and whatever they hold."""
    for served in stage.exchanges.values():
        served.faults.inject("*", "never_answering", times=None)
    stage.telegram.hang("sendMessage", times=None)
    async with stage.bot() as app, WireTransport() as http:
        await stage.telegram.wait_for_call("getUpdates", lambda _: True, timeout=20)
        fetchers = stage.fetchers(http, KEYS)
        async with asyncio.TaskGroup() as group:
            for slug, fetcher in fetchers.items():
                group.create_task(fetcher.fetch(WALLETS[slug][0]))
            await asyncio.sleep(0.2)
            shown = list(ours())
        settings = load_settings(stage.environ, folder=stage.folder)
        bot = build_bot(TOKEN, api_url="http://127.0.0.1:1", transports=(http, http))
        named = [app, settings, settings.telegram, settings.accounts, bot, http, fetchers]
        dumps = [settings.model_dump(), settings.model_dump_json(), vars(settings.telegram)]
        shown += [repr(thing) for thing in (*named, *dumps)]
        shown += [str(thing) for thing in named]
    assert len(shown) > 200
    assert leaked("\n".join(shown)) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"BOT_TELEGRAM__TOKEN": f"{TOKEN} x"},
        {"BOT_TELEGRAM__TOKNE": TOKEN},
        {"BOT_TELEGRAM__API_URL": f"http://{TOKEN}@example.com"},
        {"BOT_TELEGRAM__API_URL": f"https://example.com/?token={TOKEN}"},
        {"BOT_ACCOUNTS__OKX__API_KEY": f"{KEYS['okx'].api_key}\n"},
        {"BOT_ACCOUNTS__OKX__APIKEY": KEYS["okx"].api_key},
        {"BOT_ACCOUNTS__OKX__API_SECRET": f"{KEYS['okx'].api_secret}\u00e9"},
        {"BOT_ACCOUNTS__OKX": KEYS["okx"].api_secret},
        {"BOT_ACCOUNTS__XT__PASSPHRASE__X": KEYS["okx"].api_secret},
        {"BOT_DATABASE_URL": f"mysql://me:{TOKEN}@db/bot"},
    ],
)
async def test_wrong_settings(stage: Stage, wrong: dict[str, str]) -> None:
    """What is refused is named, and not shown; neither is what is right."""
    done = await run(stage, "run", environ={**stage.environ, **wrong})
    assert done.returncode == 2
    assert leaked(done.said) == []
    error: SettingsError | None = None
    try:
        load_settings({**stage.environ, **wrong}, folder=stage.folder)
    except SettingsError as e:
        error = e
    assert leaked("\n".join(chained(error))) == []


async def test_a_server_that_is_away(stage: Stage) -> None:
    """It may come, so that a supervisor is to try again; the password is in no line."""
    away = {"BOT_DATABASE_URL": f"postgresql://me:{TOKEN}@127.0.0.1:1/bot"}
    done = await run(stage, "run", environ={**stage.environ, **away})
    assert done.returncode == 1
    assert leaked(done.said) == []


@dataclass(frozen=True)
class Done:
    """A program that has ended."""

    returncode: int | None
    said: str


async def run(stage: Stage, *arguments: str, environ: Mapping[str, str]) -> Done:
    """Run the program to its end, or for as long as it takes to say something."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-X", "dev", "-m", "bot", *arguments,
        env={**environ, "PATH": "", "PYTHONPATH": str(Path(__file__).parents[2])},
        cwd=stage.folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await asyncio.wait_for(process.communicate(), 60)
    return Done(process.returncode, out.decode() + err.decode())


@pytest.mark.parametrize("command", [["check"], ["check", "--json"], ["balances", "--json"]])
@pytest.mark.parametrize("fault", [None, "http_502", "cut_within_answer", "skewed_clock"])
async def test_what_the_commands_print(
    stage: Stage, command: list[str], fault: str | None
) -> None:
    """With a refused key, a refused token and an exchange in trouble."""
    stage.environ["BOT_ACCOUNTS__XT__API_SECRET"] = WRONG["xt"].api_secret
    stage.environ["BOT_LOG__LEVEL"] = "DEBUG"
    stage.telegram.fail("getMe", status=401, description="Unauthorized", times=None)
    if fault:
        for served in stage.exchanges.values():
            served.faults.inject("*", fault, times=None)
    done = await run(stage, *command, environ=stage.environ)
    assert done.returncode == 1
    assert len(done.said) > 200
    assert leaked(done.said) == []


@pytest.mark.parametrize("style", ["text", "json"])
def test_the_last_line(style: Style) -> None:
    """What would slip through all the same is struck out, however it is written."""
    careless, stream = logging.getLogger("careless"), StringIO()
    with logging_to(stream, style, secrets=SECRETS):
        for secret in SECRETS:
            careless.error("raw %s, quoted %r, %s", secret, secret, quote(secret, safe=""))
            careless.error("within %s", [{"key": secret}])
            careless.error("it broke", exc_info=ValueError(secret))
    said = stream.getvalue()
    assert said.count("[secret]") >= 4 * len(SECRETS)
    for secret in SECRETS:
        for way in (secret, repr(secret)[1:-1], quote(secret, safe="")):
            assert way not in said


def test_the_writings_are_found() -> None:
    """The search sees what it is meant to see: a test that cannot fail proves nothing."""
    secret = KEYS["okx"].api_secret
    for shown in (secret, quote(secret, safe=""), repr({"a": secret}), f'{{"a": "{secret}"}}'):
        assert leaked(shown)
    for skip in range(3):
        assert leaked(b64encode(b"x" * skip + secret.encode() + b"rest").decode())
    assert leaked("nothing") == []
