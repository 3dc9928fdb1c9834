"""The webhook: Telegram posts updates to us, through a proxy, instead of being asked for them.

Any process may be met by a post, and keeps what is in it. Who leads sees to it that Telegram knows
where to post, and says in the log when Telegram does not get through.
"""

import asyncio
from collections.abc import Awaitable
from datetime import datetime
from typing import TypeVar
from urllib.parse import urlsplit

import structlog
from telegram import WebhookInfo
from telegram.error import TelegramError, TimedOut
from telegram.ext import ExtBot

from bot.chat.access import KINDS
from bot.chat.contest import Contest
from bot.chat.intake import Intake
from bot.chat.trying import until_done
from bot.services.ports import Clock
from bot.services.tell_owners import TellOwners
from bot.services.watch_vitals import WatchVitals

_T = TypeVar("_T")
log = structlog.get_logger(__name__)

MOST_AT_ONCE = 10
"""Posts that Telegram may have open; each is answered when the database has what is in it."""
LOOK_EVERY_S = 60.0
ANSWER_WITHIN_S = 30.0
_LONGEST_ERROR = 300


class Webhook:
    """Keeps the webhook standing."""

    def __init__(
        self,
        intake: Intake,
        bot: ExtBot[str],
        *,
        url: str,
        secret: str,
        chats: TellOwners,
        vitals: WatchVitals,
        clock: Clock,
    ) -> None:
        """`secret` is what Telegram shows with each post, so that we know it is Telegram."""
        self._intake = intake
        self._bot = bot
        self._url = url
        self._secret = secret
        self._vitals = vitals
        self._contest = Contest(bot, chats=chats, clock=clock)
        self._clock = clock
        self._told_of: datetime | None = None
        self._waiting = 0
        self._fails = False

    async def run(self) -> None:
        """Have updates posted, and handled, until cancelled; may be run again after that.

        At the end the webhook stays: what is said then waits at Telegram, or goes to another
        process.
        """
        async with asyncio.TaskGroup() as group:
            group.create_task(self._intake.run())
            await self._intake.ready.wait()
            await until_done("set the webhook", self._set, clock=self._clock)
            while True:
                await until_done("look after the webhook", self._look, clock=self._clock)
                await asyncio.sleep(LOOK_EVERY_S)

    async def _set(self) -> None:
        self._vitals.turned("poll")
        await _answered(
            self._bot.set_webhook(
                self._url,
                secret_token=self._secret,
                allowed_updates=KINDS,
                max_connections=MOST_AT_ONCE,
                drop_pending_updates=False,
            )
        )
        self._vitals.worked("poll")
        log.info("Telegram posts to us", action="webhook", host=urlsplit(self._url).hostname)

    async def _look(self) -> None:
        """See whether it still stands, and whether Telegram gets through."""
        self._vitals.turned("poll")
        info = await _answered(self._bot.get_webhook_info())
        if info.url != self._url:
            await self._contest.displaced(info.url)
            await self._set()
        else:
            await self._contest.passed()
            self._note(info)
            if not self._fails:
                self._vitals.worked("poll")

    def _note(self, info: WebhookInfo) -> None:
        """Find out whether posts arrive; say once that they do not, and once that they do again.

        Telegram tries ever more seldom, so that no new error means nothing while as much waits.
        """
        failed_at, waiting = info.last_error_date, info.pending_update_count
        is_new = failed_at is not None and failed_at != self._told_of
        if is_new and waiting and not self._fails:
            log.warning(
                "Telegram does not get through to the webhook",
                action="webhook",
                error=(info.last_error_message or "")[:_LONGEST_ERROR],
                waiting=waiting,
            )
            self._fails = True
        elif self._fails and (not waiting or (waiting < self._waiting and not is_new)):
            log.info("Telegram gets through to the webhook again", action="webhook")
            self._fails = False
        self._told_of, self._waiting = failed_at, waiting


async def _answered(question: Awaitable[_T]) -> _T:
    """Ask Telegram.

    Raises:
        TelegramError: there was no good answer within its time.
    """
    try:
        async with asyncio.timeout(ANSWER_WITHIN_S):
            return await question
    except TimeoutError as e:
        raise TimedOut from e
    except (LookupError, TypeError, AttributeError, ValueError) as e:
        raise TelegramError("a question about the webhook was not answered as it should be") from e
