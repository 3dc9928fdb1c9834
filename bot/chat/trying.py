"""Trying on: what must be done with Telegram or the database is done again until it is done."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import structlog
from telegram.error import Conflict, InvalidToken, TelegramError

from bot.core.delivery import pause_after
from bot.services.ports import Clock

log = structlog.get_logger(__name__)

REFUSED_FOR_LONG = timedelta(minutes=5)
_LONGEST_ERROR = 300
"""Of what a server in between has written, too."""


async def until_done(what: str, work: Callable[[], Awaitable[None]], *, clock: Clock) -> None:
    """Do it, and again after a pause while we are not let; say so once, and when we are."""
    attempts, since, refused = 0, clock(), False
    while True:
        try:
            await work()
        except Exception as e:  # noqa: BLE001 - logged there, in one line where it is known
            attempts += 1
            if attempts == 1:
                since = clock()
                _log_failure(e, what)
            if isinstance(e, InvalidToken) and not refused:
                refused = clock() - since >= REFUSED_FOR_LONG
                if refused:
                    _log_refused_for_long(what)
        else:
            if attempts:
                _log_end(what, attempts=attempts, lasted=clock() - since)
            return
        await asyncio.sleep(pause_after(attempts).total_seconds())


def _log_failure(error: Exception, what: str) -> None:
    match error:
        case Conflict():
            pass  # who that is has been said
        case InvalidToken():  # the library puts the token into it
            reason = "Telegram refuses BOT_TELEGRAM__TOKEN; trying on"
            log.warning(reason, action=what, error="InvalidToken")
        case TelegramError():
            reason = "Telegram does not answer as it should; trying on"
            log.warning(reason, action=what, error=str(error)[:_LONGEST_ERROR])
        case _:
            log.error("Something else broke off; trying on", action=what, exc_info=error)


def _log_refused_for_long(what: str) -> None:
    log.error(
        "Telegram goes on refusing the token: copy it from @BotFather again, or take a new one "
        "there, put it into BOT_TELEGRAM__TOKEN and start me again",
        action=what,
    )


def _log_end(what: str, *, attempts: int, lasted: timedelta) -> None:
    lasted_s = round(lasted.total_seconds(), 1)
    log.info("It works again", action=what, attempts=attempts, lasted_s=lasted_s)
