"""The intake: what people say is kept in the inbox before Telegram is told that we have it.

Whoever hears it, the poll or a webhook, gives it to `take`. While `run` runs, what is in the inbox
is handled: what is said in a chat stands in that chat's line, so that one where too much is said
holds up nobody else. A line is short; what does not fit waits in the inbox, where also that is
found which another process has kept. Strangers are told apart here, by the rule of the gate:
nothing of them is kept, but for a few whom a process that leads may know better than we do.
"""

import asyncio
import json
from collections import deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from weakref import WeakValueDictionary

import structlog
from telegram import Bot, Update
from telegram.ext import Application

from bot.chat.access import Caller, Gate, caller_of
from bot.chat.i18n import LanguageOf, english, speaking
from bot.chat.menu import set_menus
from bot.chat.numbers import hiding_amounts
from bot.chat.strangers import Strangers
from bot.chat.trying import until_done
from bot.services.admit_chats import AdmitChats
from bot.services.manage_chats import ManageChats
from bot.services.ports import Clock, OpenUnit
from bot.services.watch_vitals import WatchVitals

log = structlog.get_logger(__name__)

AT_ONCE, AT_ONCE_IN_CHAT = 32, 4
"""Handled at the same time; most of that time an answer waits until it may be given."""
MOST_IN_LINE, MOST_IN_LINES = 100, 2_000
"""Of one chat, and of all."""
PAGE = 500
"""So much of the inbox is looked at in one go."""
LOOK_EVERY_S = 1.0
FINISH_WITHIN_S = 1.0
"""For what is being handled when the intake is told to stop."""
LEARN_AFTER = timedelta(seconds=5)
_NEWEST_ID = 2**63 - 1
"""The database takes no greater one."""


@dataclass(frozen=True, slots=True)
class _Said:
    """One update, read once."""

    update_id: int
    body: Mapping[str, Any]
    caller: Caller | None
    """None: it does not have the shape that tells."""

    @property
    def chat_id(self) -> int | None:
        return self.caller.chat_id if self.caller else None


@dataclass(slots=True)
class _Line:
    """What was said in one chat and waits to be handled; all of it is in the inbox."""

    waiting: deque[_Said] = field(default_factory=deque)
    servants: int = 0


class Intake:
    """Owns what people have said, from when it has arrived until it is handled."""

    def __init__(
        self,
        application: Application[Any, Any, Any, Any, Any, Any],
        *,
        chats: ManageChats,
        admission: AdmitChats,
        vitals: WatchVitals,
        open_unit: OpenUnit,
        open_leading: OpenUnit | None = None,
        clock: Clock,
        language_of: LanguageOf = english,
    ) -> None:
        """`open_leading` opens a unit for who handles what was said; None: everybody may."""
        self._application = application
        self._bot: Bot = application.bot
        self._chats = chats
        self._gate = Gate(chats, admission)
        self._strangers = Strangers(
            application.bot, chats=chats, admission=admission, clock=clock, language_of=language_of
        )
        self._vitals = vitals
        self._open_unit = open_unit
        self._open_leading = open_leading or open_unit
        self._clock = clock
        self._language_of = language_of
        self.ready = asyncio.Event()
        """Set while what is taken in is handled, too."""
        self._group: asyncio.TaskGroup | None = None
        self._keeping: dict[int, asyncio.Event] = {}
        """By ids of what is being kept; set when that has ended, well or not."""
        self._places = asyncio.Semaphore(AT_ONCE)
        self._orders: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()
        """By chats in which something is being changed."""
        self._more = asyncio.Event()
        self._learning = asyncio.Lock()
        self._learned_at: datetime | None = None
        """When chats were looked up while another process leads."""
        self._forget_lines()

    def _forget_lines(self) -> None:
        self._lines: dict[int | None, _Line] = {}
        self._held = set(self._keeping)
        """Ids of what is being kept, stands in a line, or could not be handled: all but the first
        is in the inbox."""
        self._refused: set[int | None] = set()
        """Chats of which something had no room since the inbox was looked at last."""
        self._behind: set[int | None] = set()
        """Chats of which something waits in the inbox alone: what is newer stays behind it."""
        self._looked_to = 0
        self._serving: set[asyncio.Task[None]] = set()
        self._stopping = False

    async def take(self, raws: Iterable[Any]) -> None:
        """Keep raw updates; when this returns, Telegram may be told that we have them.

        What has no id can be neither kept nor confirmed, and is passed over. May be called at any
        time, and at once from several sides; what was taken before changes nothing.
        """
        said = [_said(update_id, raw) for raw in raws if (update_id := id_of(raw)) is not None]
        if self._group is None and not all(map(self._is_known, said)):
            await self._learn()
        known = [one for one in said if self._is_known(one)]
        strangers = [one for one in said if not self._is_known(one)]
        if self._group is None:
            known += [one for one in strangers if self._strangers.may_wait()]
            strangers = []
        await self._keep(known)
        await self._strangers.meet([one.caller for one in strangers if one.caller])

    async def _learn(self) -> None:
        """Take up whom the process that leads has let in meanwhile; a flood asks for it seldom.

        Whoever comes while somebody asks waits for the answer: without it nobody is a stranger.
        """
        async with self._learning:
            now, last = self._clock(), self._learned_at
            if last is not None and timedelta(0) <= now - last < LEARN_AFTER:
                return
            async with self._open_unit() as unit:
                await self._chats.learn(unit)
            self._learned_at = now

    async def run(self) -> None:
        """Handle what is in the inbox and what comes into it, until cancelled."""
        self._forget_lines()
        await self._try("greet Telegram", self._greet)
        log.info("Talking to Telegram", action="greet", bot=self._bot.username)
        try:
            async with asyncio.TaskGroup() as self._group:
                self._group.create_task(self._try("set the menu", self._set_menus))
                self._group.create_task(self._strangers.run())
                try:
                    while True:
                        await self._try("read the inbox", self._look)
                        self.ready.set()
                        await self._wait_for_more()
                finally:
                    await self._finish()
        finally:
            self._group = None
            self.ready.clear()

    async def _finish(self) -> None:
        """Begin nothing new; what breaks off between its answer and its mark is answered twice."""
        self._stopping = True
        if self._serving:
            await asyncio.wait(self._serving, timeout=FINISH_WITHIN_S)

    async def _try(self, what: str, work: Any) -> None:
        await until_done(what, work, clock=self._clock)

    async def _greet(self) -> None:
        self._vitals.turned("poll")
        await self._application.initialize()

    async def _set_menus(self) -> None:
        async with self._open_unit() as unit:
            chats = await unit.chats.load()
        spoken = ((chat.chat_id, chat.preferences.language) for chat in chats if not chat.gone)
        chosen = {chat_id: code for chat_id, code in spoken if code is not None}
        await set_menus(self._bot, default=self._language_of(None), chosen=chosen)

    async def _wait_for_more(self) -> None:
        try:
            async with asyncio.timeout(LOOK_EVERY_S):
                await self._more.wait()
        except TimeoutError:
            pass
        self._more.clear()

    def _is_known(self, said: _Said) -> bool:
        return said.caller is None or self._gate.lets_in(said.caller)

    async def _keep(self, said: Sequence[_Said]) -> None:
        """Put updates into the inbox, and those that were not there into their lines.

        They are held before they are there, so that no look at the inbox takes them up, too. One
        that another side is keeping is waited for: only then is it known whether it is there.
        Until the inbox was looked at first, they stay there, behind what was said earlier.
        """
        while ends := [end for one in said if (end := self._keeping.get(one.update_id))]:
            await ends[0].wait()
        new = [one for one in said if one.update_id not in self._held]
        if not new:
            return
        ended = asyncio.Event()
        self._keeping |= {one.update_id: ended for one in new}
        self._held |= {one.update_id for one in new}
        lined: set[int] = set()
        try:
            # Escaped: half a character, as damaged text may have, cannot be stored as it is.
            raws = {one.update_id: json.dumps(one.body) for one in new}
            async with self._open_unit() as unit:
                fresh = await unit.inbox.add(raws, at=self._clock())
            news = [one for one in new if one.update_id in fresh]
            behind = self._behind if self.ready.is_set() else {one.chat_id for one in news}
            lined = {one.update_id for one in news if self._hand_over(one, behind=behind)}
        finally:
            self._held -= {one.update_id for one in new} - lined
            for one in new:
                self._keeping.pop(one.update_id, None)
            ended.set()

    async def _look(self) -> None:
        """Put what waits in the inbox into the lines, as far as there is room.

        What has waited longest comes first. Where that is of chats without room alone, what lies
        behind it is looked through, too, a piece at a time.
        """
        self._refused = set()
        page = await self._page(after=0)
        await self._line_up(page, behind=self._refused)
        if len(page) < PAGE:
            self._behind, self._looked_to = self._refused, 0
            return
        self._behind |= self._refused
        further = await self._page(after=max(self._looked_to, page[-1].update_id))
        await self._line_up(further, behind=self._behind)
        self._looked_to = further[-1].update_id if len(further) == PAGE else 0

    async def _page(self, *, after: int) -> Sequence[_Said]:
        async with self._open_unit() as unit:
            rows = await unit.inbox.unhandled(after=after, most=PAGE, but=self._held)
        return [_said(update_id, json.loads(raw)) for update_id, raw in rows.items()]

    async def _line_up(self, page: Sequence[_Said], *, behind: Collection[int | None]) -> None:
        """Hand over what another process has kept, or we before now; strangers are only met."""
        strangers = []
        for one in page:
            if one.update_id in self._held:
                continue
            if not self._is_known(one):
                strangers.append(one)
            elif self._hand_over(one, behind=behind):
                self._held.add(one.update_id)
        if strangers:
            await self._meet(strangers)

    async def _meet(self, strangers: Sequence[_Said]) -> None:
        """Meet strangers of the inbox, then mark them: what they want is kept before."""
        await self._strangers.meet([one.caller for one in strangers if one.caller])
        async with self._open_leading() as unit:
            for one in strangers:
                await unit.inbox.mark_handled(one.update_id, at=self._clock())

    def _hand_over(self, said: _Said, *, behind: Collection[int | None]) -> bool:
        """Put an update into the line of its chat; False where there is no room."""
        if self._group is None or self._stopping:
            return False
        line = self._lines.get(said.chat_id) or _Line()
        is_full = len(line.waiting) >= MOST_IN_LINE or len(self._held) > MOST_IN_LINES
        if is_full or said.chat_id in behind:
            self._refused.add(said.chat_id)
            self._behind.add(said.chat_id)
            return False
        self._lines[said.chat_id] = line
        line.waiting.append(said)
        if line.servants < AT_ONCE_IN_CHAT:
            line.servants += 1
            served = self._serve(said.chat_id, line)
            task = self._group.create_task(served, name=f"updates of {said.chat_id}")
            self._serving.add(task)
            task.add_done_callback(self._serving.discard)
        return True

    async def _serve(self, chat_id: int | None, line: _Line) -> None:
        while line.waiting and not self._stopping:
            said = line.waiting.popleft()
            async with self._places:
                if await self._handle(said):
                    self._held.discard(said.update_id)
            if chat_id in self._behind and len(line.waiting) <= MOST_IN_LINE // 2:
                self._more.set()
        line.servants -= 1
        if not line.servants:
            del self._lines[chat_id]

    async def _handle(self, said: _Said) -> bool:
        """Handle one update and mark it; the edge at which nothing may escape.

        What changes something in a chat is marked before the next change there begins: handled
        again after a crash, it cannot undo what came later. One that breaks off is left for the
        next start.
        """
        async with self._turn(said):
            if self._stopping:
                return False
            try:
                update = _parsed(said, self._bot)
                if update is not None:
                    await self._process(update)
            except Exception:
                log.exception("An update was not handled", action="handle", update=said.update_id)
                return False
            await self._try("mark an update", lambda: self._mark(said.update_id))
        return True

    async def _process(self, update: Update) -> None:
        chat = update.effective_chat
        chat_id = chat.id if chat else None
        hidden = self._chats.preferences(chat_id).percent_only
        with speaking(self._language_of(chat_id)), hiding_amounts(hidden):
            await self._application.process_update(update)

    def _turn(self, said: _Said) -> AbstractAsyncContextManager[None]:
        chat_id = self._gate.chat_changed_by(said.body)
        if chat_id is None:
            return nullcontext()
        return self._orders.setdefault(chat_id, asyncio.Lock())

    async def _mark(self, update_id: int) -> None:
        """Mark what was handled; not where another process leads, and will handle it."""
        async with self._open_leading() as unit:
            await unit.inbox.mark_handled(update_id, at=self._clock())


def id_of(raw: Any) -> int | None:
    """Return the id of a raw update; None where it has none that can be kept."""
    update_id = raw.get("update_id") if isinstance(raw, dict) else None
    return update_id if type(update_id) is int and 0 < update_id < _NEWEST_ID else None


def _said(update_id: int, raw: Mapping[str, Any]) -> _Said:
    return _Said(update_id, raw, caller_of(raw))


def _parsed(said: _Said, bot: Bot) -> Update | None:
    """Read an update; one that the library cannot read is skipped, not met again and again."""
    try:
        return Update.de_json(dict(said.body), bot)
    except Exception as e:  # noqa: BLE001 - whatever it is, it may quote what people wrote
        log.warning(
            "An update could not be read and is skipped",
            action="parse_update",
            update=said.update_id,
            error=type(e).__name__,
        )
        return None
