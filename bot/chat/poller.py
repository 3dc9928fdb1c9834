"""Updates from Telegram: kept in the inbox before they are confirmed, handled until it is done.

The library's own updater confirms before its handlers have run, ends for good on one 401, and
spins on one update that it cannot read. So this loop asks, keeps, and hands over one by one.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog
from telegram import Bot, BotCommand, Update
from telegram.error import Conflict, InvalidToken, TelegramError
from telegram.ext import Application, ExtBot

from bot.chat.views.words import COMMANDS
from bot.core.delivery import pause_after
from bot.services.ports import Clock, OpenUnit

log = structlog.get_logger(__name__)

POLL_S = 30
"""How long Telegram may keep a question open; 50 at most."""
ANSWER_S = POLL_S + 10
BREATH_S = 0.2
KINDS = ["message", "callback_query", "my_chat_member"]
AT_ONCE = 32


class UpdatesBot(ExtBot[str]):
    """The library's bot, which can also give updates as they came."""

    async def fetch_raw_updates(self, offset: int | None) -> list[dict[str, Any]]:
        """Ask for updates from `offset` on; asking confirms all before it.

        Raises:
            TelegramError: there was no good answer.
        """
        question = {"timeout": POLL_S, "allowed_updates": KINDS}
        if offset is not None:
            question["offset"] = offset
        answer = await self._post("getUpdates", question, read_timeout=ANSWER_S)
        return answer if isinstance(answer, list) else []


class Poller:
    """Owns the conversation with Telegram in the direction to us."""

    def __init__(
        self,
        application: Application[Any, Any, Any, Any, Any, Any],
        bot: UpdatesBot,
        *,
        open_unit: OpenUnit,
        clock: Clock,
    ) -> None:
        self._application = application
        self._bot = bot
        self._open_unit = open_unit
        self._clock = clock
        self._places = asyncio.Semaphore(AT_ONCE)
        self._failures = 0

    async def run(self) -> None:
        """Poll until cancelled."""
        await self._until_done("greet Telegram", self._application.initialize)
        log.info("Talking to Telegram", action="poll", bot=self._bot.username)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._until_done("set the menu", self._set_menu))
            async with self._open_unit() as unit:
                left_over = await unit.inbox.unhandled()
            await self._hand_over(group, left_over)
            while True:
                await self._until_done("poll", lambda: self._poll(group))

    async def _set_menu(self) -> None:
        await self._bot.set_my_commands([BotCommand(*item) for item in COMMANDS.items()])

    async def _until_done(self, what: str, work: Callable[[], Awaitable[None]]) -> None:
        """Do it, and again after a pause while Telegram does not let us."""
        attempts = 0
        while True:
            try:
                await work()
            except TelegramError as e:
                attempts += 1
                if attempts == 1:
                    log.warning(_reason(e), action=what, error=_error(e))
            except Exception:
                attempts += 1
                log.exception("Something else broke off; trying on", action=what)
            else:
                if attempts:
                    log.info("Telegram answers again", action=what, attempts=attempts)
                return
            await asyncio.sleep(pause_after(attempts).total_seconds())

    async def _poll(self, group: asyncio.TaskGroup) -> None:
        async with self._open_unit() as unit:
            offset = await unit.inbox.next_offset()
        updates = _by_id(await self._bot.fetch_raw_updates(offset))
        if not updates:
            await asyncio.sleep(BREATH_S)  # a server may answer at once that there is nothing
            return
        async with self._open_unit() as unit:
            await unit.inbox.add(updates, at=self._clock())
        await self._hand_over(group, updates)

    async def _hand_over(self, group: asyncio.TaskGroup, updates: Mapping[int, str]) -> None:
        for update_id, raw in updates.items():
            await self._places.acquire()
            group.create_task(self._handle(update_id, raw), name=f"update {update_id}")

    async def _handle(self, update_id: int, raw: str) -> None:
        """Handle one update; the edge at which nothing may escape."""
        try:
            update = _parsed(raw, self._bot)
            if update is not None:
                await self._application.process_update(update)
            async with self._open_unit() as unit:
                await unit.inbox.mark_handled(update_id, at=self._clock())
        except Exception:
            log.exception("An update was not handled", action="handle", update=update_id)
        finally:
            self._places.release()


def _by_id(raw: list[Any]) -> dict[int, str]:
    """Write updates out by their ids; what has none cannot be asked for nor confirmed."""
    return {
        item["update_id"]: json.dumps(item, ensure_ascii=False)
        for item in raw
        if isinstance(item, dict) and type(item.get("update_id")) is int
    }


def _parsed(raw: str, bot: Bot) -> Update | None:
    """Read an update; one that the library cannot read is skipped, not met again and again."""
    try:
        return Update.de_json(json.loads(raw), bot)
    except Exception:
        log.exception("An update could not be read and is skipped", action="parse_update")
        return None


def _error(error: TelegramError) -> str:
    """Quote an error; the library puts the token into that of a refused one."""
    return "InvalidToken" if isinstance(error, InvalidToken) else str(error)


def _reason(error: TelegramError) -> str:
    if isinstance(error, Conflict):
        return "Another program polls with the same token"
    if isinstance(error, InvalidToken):
        return "Telegram refuses BOT_TELEGRAM__TOKEN; trying on"
    return "Telegram does not answer as it should; trying on"
