"""Updates from Telegram: kept in the inbox before they are confirmed, handled until it is done.

The library's own updater confirms before its handlers have run, ends for good on one 401, and
spins on one update that it cannot read. So this loop asks, keeps, and hands over: what is said in
a chat stands in that chat's line, so that one where too much is said holds up nobody else.
Strangers are told apart here, by the rule of the gate: nothing of them is kept.
"""

import asyncio
import json
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from weakref import WeakValueDictionary

import structlog
from telegram import Bot, BotCommand, Update
from telegram.error import Conflict, InvalidToken, TelegramError, TimedOut
from telegram.ext import Application, ExtBot
from typing_extensions import override

from bot.chat.access import KINDS, Caller, Gate, caller_of
from bot.chat.contest import Contest
from bot.chat.i18n import LanguageOf, _, english, languages, speaking
from bot.chat.numbers import hiding_amounts
from bot.chat.strangers import Strangers
from bot.chat.views.words import COMMANDS
from bot.core.delivery import pause_after
from bot.services.admit_chats import AdmitChats
from bot.services.manage_chats import ManageChats
from bot.services.ports import Clock, OpenUnit
from bot.services.watch_vitals import WatchVitals

log = structlog.get_logger(__name__)

POLL_S = 30
"""How long Telegram may keep a question open; 50 at most."""
ANSWER_S = POLL_S + 10
DEADLINE_S = POLL_S + 20
"""A server that takes questions and never answers is noticed within a minute."""
MOST_IN_AN_ANSWER = 100
"""Telegram gives no more at once; what another server gives beyond that comes again."""
BREATH_S = 0.2
AT_ONCE, AT_ONCE_IN_CHAT = 32, 4
"""Handled at the same time; most of that time an answer waits until it may be given."""
REFUSED_FOR_LONG = timedelta(minutes=5)
_LONGEST_ERROR = 300
"""Of what a server in between has written, too."""
_NEWEST_ID = 2**63 - 1
"""The database takes no greater one."""


class UpdatesBot(ExtBot[str]):
    """The library's bot, which can also give updates as they came."""

    @override
    def __repr__(self) -> str:
        """Leave out the token, which the library shows."""
        return f"{type(self).__name__}[]"

    async def fetch_raw_updates(self, offset: int | None) -> list[Any]:
        """Ask for updates from `offset` on; asking confirms all before it.

        Raises:
            TelegramError: there was no good answer.
        """
        question = {"timeout": POLL_S, "allowed_updates": KINDS}
        if offset is not None:
            question["offset"] = offset
        try:
            async with asyncio.timeout(DEADLINE_S):
                answer = await self._post("getUpdates", question, read_timeout=ANSWER_S)
        except TimeoutError as e:
            raise TimedOut from e
        except (LookupError, TypeError, AttributeError) as e:
            raise TelegramError("getUpdates was not answered as it should be") from e
        if not isinstance(answer, list):
            raise TelegramError("getUpdates was answered without a list")
        return answer[:MOST_IN_AN_ANSWER]


@dataclass(slots=True)
class _Batch:
    """What one answer has brought."""

    newest: int | None = None
    """The greatest id; None where there is nothing that could be confirmed."""
    known: dict[int, str] = field(default_factory=dict)
    """Raw updates of people who are no strangers, and what cannot be read, by their ids."""
    strangers: list[Caller] = field(default_factory=list)


@dataclass(slots=True)
class _Line:
    """What was said in one chat and waits to be handled."""

    waiting: deque[tuple[int, str]] = field(default_factory=deque)
    """Raw updates with their ids; all of them are in the inbox."""
    servants: int = 0


class Poller:
    """Owns the conversation with Telegram in the direction to us."""

    def __init__(
        self,
        application: Application[Any, Any, Any, Any, Any, Any],
        bot: UpdatesBot,
        *,
        chats: ManageChats,
        admission: AdmitChats,
        vitals: WatchVitals,
        open_unit: OpenUnit,
        clock: Clock,
        language_of: LanguageOf = english,
    ) -> None:
        self._application = application
        self._vitals = vitals
        self._bot = bot
        self._chats = chats
        self._gate = Gate(chats, admission)
        self._strangers = Strangers(
            bot, chats=chats, admission=admission, clock=clock, language_of=language_of
        )
        self._contest = Contest(bot, chats=chats, clock=clock)
        self._open_unit = open_unit
        self._clock = clock
        self._language_of = language_of
        self._offset: int | None = None
        self._places = asyncio.Semaphore(AT_ONCE)
        self._lines: dict[int | None, _Line] = {}
        self._orders: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()
        """By chats in which something is being changed."""

    async def run(self) -> None:
        """Poll until cancelled."""
        await self._until_done("greet Telegram", self._greet)
        log.info("Talking to Telegram", action="poll", bot=self._bot.username)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._until_done("set the menu", self._set_menu))
            group.create_task(self._strangers.run())
            await self._until_done("read the inbox", lambda: self._take_up(group))
            while True:
                await self._until_done("poll", lambda: self._poll(group))

    async def _greet(self) -> None:
        self._vitals.turned("poll")
        await self._application.initialize()

    async def _take_up(self, group: asyncio.TaskGroup) -> None:
        """Go on where the program before this one ended."""
        self._vitals.turned("poll")
        async with self._open_unit() as unit:
            left_over = await unit.inbox.unhandled()
            self._offset = await unit.inbox.next_offset()
        self._hand_over(group, left_over)

    async def _set_menu(self) -> None:
        """Set it as it is by default, and for those whose Telegram speaks another language."""
        default = self._language_of(None)
        for code in languages():
            with speaking(code):
                menu = [BotCommand(name, _(meaning)) for name, meaning in COMMANDS.items()]
            two_letters = None if code == default else code.partition("_")[0]
            await self._bot.set_my_commands(menu, language_code=two_letters)

    async def _until_done(self, what: str, work: Callable[[], Awaitable[None]]) -> None:
        """Do it, and again after a pause while we are not let; say so once, and when we are."""
        attempts, since, refused = 0, self._clock(), False
        while True:
            try:
                await self._attempt(work)
            except Exception as e:  # noqa: BLE001 - logged there, in one line where it is known
                attempts += 1
                if attempts == 1:
                    since = self._clock()
                    _log_failure(e, what)
                if isinstance(e, InvalidToken) and not refused:
                    refused = self._clock() - since >= REFUSED_FOR_LONG
                    if refused:
                        _log_refused_for_long()
            else:
                if attempts:
                    _log_end(what, attempts=attempts, lasted=self._clock() - since)
                return
            await asyncio.sleep(pause_after(attempts).total_seconds())

    async def _attempt(self, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        except Conflict as e:
            await self._contest.refused(e)
            raise

    async def _poll(self, group: asyncio.TaskGroup) -> None:
        self._vitals.turned("poll")
        asked_from = self._offset
        batch = self._sorted_out(await self._bot.fetch_raw_updates(asked_from))
        self._vitals.worked("poll")
        await self._contest.passed()
        fresh = await self._kept(batch.known)
        if batch.newest is not None:
            self._offset = batch.newest + 1
        self._hand_over(group, fresh)
        await self._strangers.meet(batch.strangers)
        if batch.newest is None or batch.newest < (asked_from or 0):
            await asyncio.sleep(BREATH_S)  # a server may answer at once, and with nothing new

    async def _kept(self, updates: Mapping[int, str]) -> Mapping[int, str]:
        """Keep updates before they are confirmed; return those that were not there before."""
        if not updates:
            return {}
        async with self._open_unit() as unit:
            fresh = await unit.inbox.add(updates, at=self._clock())
        return {update_id: updates[update_id] for update_id in fresh}

    def _sorted_out(self, answer: list[Any]) -> _Batch:
        """Tell strangers apart; what has no id can be neither asked for nor confirmed.

        Raises:
            TelegramError: there is something, and nothing of it has an id.
        """
        batch = _Batch()
        for raw in answer:
            update_id = _id_of(raw)
            if update_id is None:
                continue
            batch.newest = max(update_id, batch.newest or 0)
            caller = caller_of(raw)
            if caller is None or self._gate.lets_in(caller):
                # Escaped: half a character, as damaged text may have, cannot be stored as it is.
                batch.known[update_id] = json.dumps(raw)
            else:
                batch.strangers.append(caller)
        if answer and batch.newest is None:
            raise TelegramError("getUpdates was answered without a single id")
        return batch

    def _hand_over(self, group: asyncio.TaskGroup, updates: Mapping[int, str]) -> None:
        """Put updates into the lines of their chats; who polls waits for none of them."""
        for update_id, raw in updates.items():
            caller = caller_of(json.loads(raw))
            chat_id = caller.chat_id if caller else None
            line = self._lines.setdefault(chat_id, _Line())
            line.waiting.append((update_id, raw))
            if line.servants < AT_ONCE_IN_CHAT:
                line.servants += 1
                group.create_task(self._serve(chat_id, line), name=f"updates of {chat_id}")

    async def _serve(self, chat_id: int | None, line: _Line) -> None:
        while line.waiting:
            update_id, raw = line.waiting.popleft()
            async with self._places:
                await self._handle(update_id, raw)
        line.servants -= 1
        if not line.servants:
            del self._lines[chat_id]

    async def _handle(self, update_id: int, raw: str) -> None:
        """Handle one update and mark it; the edge at which nothing may escape.

        What changes something in a chat is marked before the next change there begins: handled
        again after a crash, it cannot undo what came later.
        """
        async with self._turn(raw):
            try:
                update = _parsed(update_id, raw, self._bot)
                if update is not None:
                    chat = update.effective_chat
                    chat_id = chat.id if chat else None
                    hidden = self._chats.preferences(chat_id).percent_only
                    with speaking(self._language_of(chat_id)), hiding_amounts(hidden):
                        await self._application.process_update(update)
            except Exception:
                log.exception("An update was not handled", action="handle", update=update_id)
                return
            await self._until_done("mark an update", lambda: self._mark(update_id))

    def _turn(self, raw: str) -> AbstractAsyncContextManager[None]:
        chat_id = self._gate.chat_changed_by(json.loads(raw))
        if chat_id is None:
            return nullcontext()
        return self._orders.setdefault(chat_id, asyncio.Lock())

    async def _mark(self, update_id: int) -> None:
        async with self._open_unit() as unit:
            await unit.inbox.mark_handled(update_id, at=self._clock())


def _id_of(raw: Any) -> int | None:
    update_id = raw.get("update_id") if isinstance(raw, dict) else None
    return update_id if type(update_id) is int and 0 < update_id < _NEWEST_ID else None


def _parsed(update_id: int, raw: str, bot: Bot) -> Update | None:
    """Read an update; one that the library cannot read is skipped, not met again and again."""
    try:
        return Update.de_json(json.loads(raw), bot)
    except Exception as e:  # noqa: BLE001 - whatever it is, it may quote what people wrote
        log.warning(
            "An update could not be read and is skipped",
            action="parse_update",
            update=update_id,
            error=type(e).__name__,
        )
        return None


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


def _log_refused_for_long() -> None:
    log.error(
        "Telegram goes on refusing the token: copy it from @BotFather again, or take a new one "
        "there, put it into BOT_TELEGRAM__TOKEN and start me again",
        action="poll",
    )


def _log_end(what: str, *, attempts: int, lasted: timedelta) -> None:
    lasted_s = round(lasted.total_seconds(), 1)
    log.info("It works again", action=what, attempts=attempts, lasted_s=lasted_s)
