"""Who is told beside the chats, by the settings: other channels, a heartbeat, pages, the log."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from importlib.metadata import version as version_of
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import structlog

from bot.channels import AppriseChannels, unknown_addresses
from bot.chat.i18n import LanguageOf, speaking
from bot.chat.poller import UpdatesBot
from bot.chat.views.plain import plain_events
from bot.core.events import Event
from bot.services.admit_chats import Announce
from bot.services.manage_chats import ManageChats
from bot.services.measure_bot import MeasureBot
from bot.services.ports import Clock, OpenUnit, Ping, PingFailed
from bot.services.send_heartbeat import SendHeartbeat
from bot.services.watch_vitals import WatchVitals
from bot.services.watched import Watched
from bot.settings import OFFICIAL_API, Settings, SettingsError
from bot.store.database import sqlite_file
from bot.transport import WireTransport
from bot.web.health import Health
from bot.web.metrics import MetricsPage
from bot.web.server import AddressTaken, Pages, WebServer
from bot.web.tally import Counted
from bot.web.webhook import Door, Take

log = structlog.get_logger(__name__)


PING_WITHIN_S = 10.0


def pinger_of(http: WireTransport, url: str) -> Ping:
    """Ask for an address that may carry a token: no error shows it."""

    async def ping() -> None:
        try:
            async with asyncio.timeout(PING_WITHIN_S):
                answer = await http.handle_async_request(httpx.Request("GET", url))
                await answer.aclose()
        except TimeoutError:
            failure = PingFailed(f"no answer within {PING_WITHIN_S:g} s")
        except httpx.TransportError as e:
            failure = PingFailed(str(e))
        else:
            if answer.is_success:
                return
            failure = PingFailed(f"answered with {answer.status_code}")
        raise failure

    return ping


async def check_channels(settings: Settings) -> None:
    """Have the addresses of other channels looked at, where there are any.

    Raises:
        SettingsError: there is one that Apprise does not know.
        ChannelsFailed: Apprise could not be asked.
    """
    urls = [url.get_secret_value() for url in settings.fallback_urls]
    unknown = await unknown_addresses(urls) if urls else []
    if unknown:
        raise SettingsError(map(_unknown_channel, unknown))


def _unknown_channel(place: int) -> str:
    """Say which address is none, and nothing of it."""
    is_teen = place % 100 in {11, 12, 13}
    end = "th" if is_teen else {1: "st", 2: "nd", 3: "rd"}.get(place % 10, "th")
    return f"BOT_FALLBACK_URLS: the {place}{end} is no address that Apprise knows"


def open_channels(settings: Settings, *, clock: Clock) -> AppriseChannels:
    """Have the other channels of the settings; their names are made with the bot's token."""
    token = settings.telegram.token

    def render(events: Sequence[Event]) -> str:
        with speaking(settings.language):
            return plain_events(events, zone=settings.timezone, now=clock())

    return AppriseChannels(
        [url.get_secret_value() for url in settings.fallback_urls],
        key=token.get_secret_value() if token else "",
        render=render,
    )


def open_heartbeat(
    settings: Settings, http: WireTransport, vitals: WatchVitals
) -> SendHeartbeat | None:
    """Have a heart where somebody listens to it."""
    if settings.heartbeat_url is None:
        return None
    ping = pinger_of(http, settings.heartbeat_url.get_secret_value())
    return SendHeartbeat(ping=ping, vitals=vitals)


def open_pages(
    settings: Settings,
    *,
    watched: Watched,
    vitals: WatchVitals,
    counted: Counted,
    chats: ManageChats,
    open_unit: OpenUnit,
    take: Take,
) -> WebServer | None:
    """Have the pages where they are wanted, with a door for Telegram where it posts to us."""
    if settings.web.listen is None:
        return None
    measure = MeasureBot(
        watched=watched,
        vitals=vitals,
        open_unit=open_unit,
        recipients=chats.recipients,
        with_amounts=settings.web.balances,
        stored_bytes=partial(_stored_bytes, settings),
    )
    health = Health(vitals.look, leads=lambda: vitals.leads)
    metrics = MetricsPage(
        measure,
        counted,
        health,
        version=version_of("balance-bot"),
        with_amounts=settings.web.balances,
    )
    url, secret = settings.telegram.webhook_url, settings.telegram.webhook_secret
    door = Door(take, secret=secret.get_secret_value()) if url and secret else None
    pages = Pages(health, metrics, door, urlsplit(url or "").path)
    return WebServer(pages, host=settings.web.listen.host, port=settings.web.listen.port)


def _stored_bytes(settings: Settings) -> int | None:
    file = sqlite_file(settings.database_url.get_secret_value())
    return _weight(file) if file is not None and file.exists() else None


def _weight(file: Path) -> int:
    """Weigh a file, with what is written down beside it before it gets there."""
    beside = Path(f"{file.resolve()}-wal")
    return file.stat().st_size + (beside.stat().st_size if beside.exists() else 0)


@asynccontextmanager
async def served(web: WebServer | None, settings: Settings) -> AsyncIterator[None]:
    """Serve the pages; where nobody has said where, the place may be another's.

    Raises:
        AddressTaken: they cannot be served where somebody counts on them.
    """
    try:
        if web is not None:
            await web.start()
    except AddressTaken as e:
        if settings.web.is_chosen or settings.telegram.webhook_url:
            raise
        log.warning("There is no /healthz and no /metrics", action="web", reason=str(e))
    try:
        yield
    finally:
        if web is not None:
            await web.stop()


def announcer_of(settings: Settings, bot: UpdatesBot) -> Announce:
    """Show a code for pairing in the log, as soon as we know what we are called."""

    def announce(code: str) -> bool:
        try:
            name = bot.username
        except RuntimeError:  # we have not been greeted yet
            return False
        way = f"send me /start {code}"
        if settings.telegram.api_url == OFFICIAL_API:
            way = f"open https://t.me/{name}?start={code}"
        log.warning(
            "Nobody runs me yet: %s within 15 minutes to become my owner, or put your user id "
            "into BOT_TELEGRAM__OWNERS and start me again",
            way,
            action="pair",
        )
        return True

    return announce


def language_of_chats(settings: Settings, chats: ManageChats) -> LanguageOf:
    """Tell which language each chat speaks: the one it has chosen, or that of the settings."""
    return lambda chat_id: chats.preferences(chat_id).language or settings.language
