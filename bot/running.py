"""The bot at work: what runs all the time, what at which interval, and in which order it ends."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import partial

import structlog

from bot.chat.handlers import UseCases
from bot.chat.poller import Poller
from bot.chat.webhook import Webhook
from bot.jobs import Timetable
from bot.services.deliver_outbox import DeliverOutbox
from bot.services.find_chats import FindChats
from bot.services.follow import follow, forget_left, forget_others
from bot.services.keep_house import KeepHouse
from bot.services.lead import Lead
from bot.services.ports import Clock, OpenUnit
from bot.services.record_prices import RecordPrices
from bot.services.send_heartbeat import SendHeartbeat
from bot.services.tell_elsewhere import TellElsewhere
from bot.services.watch_vitals import WatchVitals
from bot.services.watched import Watched
from bot.tasks import Tasks
from bot.watchdog import Limits, Watchdog

log = structlog.get_logger(__name__)

CHECK_TICK_S, DIGEST_TICK_S, PRICE_TICK_S, HOUSE_TICK_S = 1.0, 5.0, 60.0, 3600.0
ELSEWHERE_TICK_S, HEARTBEAT_TICK_S, PAIRING_TICK_S, LISTEN_TICK_S = 5.0, 60.0, 1.0, 5.0
FORGET_TICK_S = 60.0
STOP_TICKS_WITHIN_S, STOP_SENDING_WITHIN_S = 1.5, 4.5
"""For what is at work when the bot is told to stop; supervisors give it ten seconds in all, and
the database may be locked for three of them."""


Served = Callable[[], AbstractAsyncContextManager[None]]
"""Serves the pages for those who watch the bot from outside."""


@dataclass(frozen=True, slots=True)
class App:
    """The bot, built and ready."""

    use: UseCases
    hearing: Poller | Webhook
    """Brings in what people say."""
    web: Served
    delivery: DeliverOutbox
    elsewhere: TellElsewhere
    vitals: WatchVitals
    heartbeat: SendHeartbeat | None
    prices: RecordPrices
    house: KeepHouse
    found: FindChats
    watched: Watched
    tasks: Tasks
    open_unit: OpenUnit
    open_side: OpenUnit
    lead: Lead | None
    """None: no other process can have this database."""
    clock: Clock
    limits: Limits

    async def run(self) -> None:
        """Work until cancelled; then finish what is being sent, and leave the rest for later."""
        timetable = Timetable()
        timetable.add("check_accounts", self.use.checks.start_due, every_s=CHECK_TICK_S)
        timetable.add("keep_prices", self.prices.refresh, every_s=PRICE_TICK_S)
        watchdog = Watchdog(lambda: self.vitals.turns, clock=self.clock, limits=self.limits)
        async with self.web(), self.tasks.owned():
            timetable.start()
            watchdog.start()
            try:
                self.tasks.start(self._begin(), name="begin")
                if self.lead is None:
                    await self._talk()
                else:
                    await self.lead.run(self._take_over)
            finally:
                watchdog.stop()
                await timetable.stop(within_s=STOP_TICKS_WITHIN_S)

    async def _begin(self) -> None:
        """Do at once what the first ticks would do: the next of them may be a minute away."""
        try:
            await self.use.checks.start_due()
        except Exception:
            log.exception("Nothing could be checked yet", action="start")
        await self.prices.refresh()

    async def _take_over(self) -> None:
        """Talk to Telegram from now on, after another process or as the first."""
        await self.take_up()
        self.vitals.lead(True)
        try:
            await self._talk()
        finally:
            self.vitals.lead(False)

    async def take_up(self) -> None:
        """Do what is for one process to do before it talks to anybody."""
        async with self.open_unit() as unit:
            await follow(unit, self.watched)
            await forget_others(unit, self.watched)
        self.use.admission.forget()
        await self.use.rules.settle()
        await self.use.chats.add_configured()

    async def _talk(self) -> None:
        """Talk to Telegram until cancelled: poll, send, and do what only one process may do."""
        ticks = self._ticks_of_one()
        async with asyncio.TaskGroup() as group:
            delivery = group.create_task(self.delivery.run(), name="deliver")
            hearing = group.create_task(self.hearing.run(), name="poll")
            group.create_task(self.found.look(), name="find chats")  # its tick is an hour away
            ticks.start()
            try:
                await asyncio.Event().wait()
            finally:
                hearing.cancel()  # what it is told now, another may have to answer
                self.house.stop()
                await ticks.stop(within_s=STOP_TICKS_WITHIN_S)
                self.delivery.stop()
                await _finished(delivery, within_s=STOP_SENDING_WITHIN_S)

    def _ticks_of_one(self) -> Timetable:
        timetable = Timetable()
        timetable.add("queue_digests", self._queue_digests, every_s=DIGEST_TICK_S)
        timetable.add("offer_pairing", self.use.admission.offer, every_s=PAIRING_TICK_S)
        timetable.add("keep_house", self.house.sweep, every_s=HOUSE_TICK_S)
        timetable.add("find_chats", self.found.look, every_s=HOUSE_TICK_S)
        timetable.add("listen", self.found.listen, every_s=LISTEN_TICK_S)
        timetable.add("tell_elsewhere", self.elsewhere.look, every_s=ELSEWHERE_TICK_S)
        forget = partial(
            forget_left,
            self.open_unit,
            self.watched,
            settle=self.use.rules.settle,
            clock=self.clock,
        )
        timetable.add("forget_left", forget, every_s=FORGET_TICK_S)
        if self.heartbeat is not None:
            timetable.add("heartbeat", self.heartbeat.beat, every_s=HEARTBEAT_TICK_S)
        return timetable

    async def _queue_digests(self) -> None:
        """Let the first digest after a start or a sleep wait for fresh readings, for a while."""
        if self.use.checks.has_fresh_round:
            await self.use.digests.queue_due()


async def _finished(task: asyncio.Task[None], *, within_s: float) -> None:
    """Give a task its time to end by itself, also while we are being cancelled."""
    done, _ = await asyncio.wait({task}, timeout=within_s)
    if not done:
        log.warning("Not everything was sent in time", action="stop")
