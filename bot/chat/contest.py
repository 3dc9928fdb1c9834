"""Who else takes our updates: a program with the same token, or a webhook of earlier days.

An episode is told to the owners once, and its end once. The newest poll wins, so two programs take
updates by turns: it is over only when nobody has interfered for a while.
"""

from datetime import datetime, timedelta
from urllib.parse import urlsplit

import structlog
from telegram.error import Conflict
from telegram.ext import ExtBot

from bot.core.events import PollContested, PollRegained
from bot.services.ports import Clock
from bot.services.tell_owners import TellOwners

log = structlog.get_logger(__name__)

TOLD_AT = 3
"""At which refusal owners are told: the first ones may be a program that is just being stopped."""
CALM = timedelta(minutes=2)
"""After how long without a refusal it is over."""


class Contest:
    """Watches over the refusals of getUpdates, or the fate of our webhook: who else is there."""

    def __init__(self, bot: ExtBot[str], *, chats: TellOwners, clock: Clock) -> None:
        self._bot = bot
        self._chats = chats
        self._clock = clock
        self._since: datetime | None = None
        self._last: datetime | None = None
        self._refusals = 0
        self._told = False

    async def refused(self, error: Conflict) -> None:
        """Take a refusal up: say once who it is, and take a webhook away.

        Raises:
            TelegramError: the webhook could not be taken away.
        """
        begins = self._begins()
        if "webhook" in str(error).lower():
            await self._remove_webhook()
            return
        if begins:
            log.warning(
                "Another program polls with this token: stop it, or take a new token",
                action="poll",
                error=str(error),
            )
        if self._refusals >= TOLD_AT:
            await self._tell(host="")

    async def displaced(self, url: str) -> None:
        """Take up that another webhook than ours stands, or none: who polls takes it away."""
        host = urlsplit(url).hostname or ""
        if self._begins():
            log.warning(
                "Somebody else has taken our webhook away; it is set again",
                action="webhook",
                host=host or None,
            )
        if host or self._refusals >= TOLD_AT:
            await self._tell(host=host)

    def _begins(self) -> bool:
        """Count a refusal; whether an episode begins with it."""
        begins = self._since is None
        self._last = self._clock()
        self._since = self._since or self._last
        self._refusals += 1
        return begins

    async def _remove_webhook(self) -> None:
        """Name its host, not its path, which may be a secret; what waits there is kept."""
        info = await self._bot.get_webhook_info()
        host = urlsplit(info.url).hostname
        await self._bot.delete_webhook(drop_pending_updates=False)
        if host:
            log.warning("A webhook took our updates; it is removed", action="poll", host=host)
            await self._tell(host=host)

    async def _tell(self, *, host: str) -> None:
        if not self._told:
            at = self._since or self._clock()
            await self._chats.tell_owners(PollContested(host=host, at=at))
            self._told = True

    async def passed(self) -> None:
        """Take up that a poll was answered."""
        now = self._clock()
        if self._since is None or self._last is None:
            return
        if timedelta(0) <= now - self._last < CALM:
            return
        if self._told:
            await self._chats.tell_owners(PollRegained(since=self._since, at=now))
        log.info("Nobody else takes our updates any more", action="poll")
        self._since, self._refusals, self._told = None, 0, False
