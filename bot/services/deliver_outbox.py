"""Deliver the outbox: lease a chat's next message, send it, then mark it; edit what is outdated.

A crash between sending and marking leaves a row that says so; at the next start it is decided like
any attempt that may have arrived. Messages to one chat keep their order; chats that are slow or
gone hold up nobody else, however many they are. A message is leased when it may leave and not
before, so that only what is really under way is in doubt after a crash; how fast that goes, the
sender knows. In a chat's quiet hours what is not critical waits.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Coroutine, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial
from typing import Any

import structlog

from bot.core.delivery import (
    LONGEST_REST,
    Chat,
    ChatGone,
    ChatMoved,
    Decision,
    Dropped,
    MaybeSent,
    NotSent,
    Outcome,
    Refused,
    Sent,
    decide,
    interrupted,
)
from bot.core.events import DigestDue
from bot.core.quiet import disturbs
from bot.core.scope import Asker
from bot.services.build_digests import BuildDigests
from bot.services.manage_chats import ManageChats
from bot.services.ports import (
    UNCOUNTED,
    Card,
    ChatSender,
    Clock,
    OpenUnit,
    Parcel,
    Tally,
    Unit,
)
from bot.services.show_alerts import ShowAlerts
from bot.services.watch_vitals import WatchVitals

log = structlog.get_logger(__name__)

MOST_EDITS = 25
"""Found in one look; each is made anew from the database."""
LOOK_EVERY_S = 1.0
MOST_BREAKS = 10

Hear = Callable[[Callable[[], None]], Coroutine[Any, Any, None]]


class _NotFilledError(Exception):
    """What a digest tells could not be had."""


class DeliverOutbox:
    """Sends what waits in the outbox, until told to stop."""

    def __init__(
        self,
        *,
        open_unit: OpenUnit,
        sender: ChatSender,
        digests: BuildDigests,
        shown: ShowAlerts,
        chats: ManageChats,
        vitals: WatchVitals,
        clock: Clock,
        changed: asyncio.Event,
        hear: Hear | None = None,
        tally: Tally = UNCOUNTED,
    ) -> None:
        """`changed` is set by whoever puts something into the outbox.

        `hear` tells, until it is cancelled, of what other processes put there; None: none do.
        """
        self._hear = hear
        self._tally = tally
        self._vitals = vitals
        self._open_unit = open_unit
        self._sender = sender
        self._digests = digests
        self._shown = shown
        self._chats = chats
        self._clock = clock
        self._busy: set[int] = set()
        self._leased: set[int] = set()
        """Ids of the messages that are leased, as far as we know, and not settled."""
        self._in_line: set[asyncio.Task[None]] = set()
        self._breaks: Counter[int] = Counter()
        self._changed = changed
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Finish what is being sent, and begin nothing new."""
        self._stopping.set()
        self._changed.set()

    async def run(self) -> None:
        """Deliver until stopped; returns when the last message under way is settled."""
        self._stopping.clear()
        self._busy.clear()
        self._leased.clear()
        self._in_line.clear()
        await self._take_up()
        async with asyncio.TaskGroup() as group, self._hearing(group):
            while not self._stopping.is_set():
                self._vitals.turned("delivery")
                for chat_id in await self._waiting():
                    self._begin(group, chat_id, partial(self._deliver_next, chat_id))
                for card in await self._outdated():
                    edit = partial(self._shown.edit, card)
                    self._begin(group, card.chat.chat_id, edit, edits=True)
                await _wait(self._changed, LOOK_EVERY_S)
                self._changed.clear()
            for task in self._in_line:
                task.cancel()

    @asynccontextmanager
    async def _hearing(self, group: asyncio.TaskGroup) -> AsyncIterator[None]:
        if self._hear is None:
            yield
            return
        hearing = group.create_task(self._hear(self._changed.set), name="hear")
        try:
            yield
        finally:
            hearing.cancel()

    async def _waiting(self) -> Collection[int]:
        """Name the chats that something waits for, and that nobody serves."""
        try:
            async with self._open_unit() as unit:
                await self._take_back(unit)
                await self._release(unit)
                waiting = await unit.outbox.waiting(now=self._clock(), busy=self._busy)
            self._vitals.worked("delivery")
        except Exception:
            log.exception("The outbox could not be read", action="deliver")
            return ()
        return waiting

    def _begin(
        self,
        group: asyncio.TaskGroup,
        chat_id: int,
        work: Callable[[], Awaitable[None]],
        *,
        edits: bool = False,
    ) -> None:
        self._busy.add(chat_id)
        served = self._serve(chat_id, work, edits=edits)
        task = group.create_task(served, name=f"serve {chat_id}")
        self._in_line.add(task)
        task.add_done_callback(self._in_line.discard)

    async def _serve(
        self, chat_id: int, work: Callable[[], Awaitable[None]], *, edits: bool
    ) -> None:
        """Do one thing in a chat as soon as it may be done; alone there meanwhile."""
        try:
            async with self._sender.turn(chat_id, edits=edits):
                self._in_line -= {asyncio.current_task()}
                if not self._stopping.is_set():
                    await work()
        except Exception:
            log.exception("A chat was not served", action="deliver", chat=chat_id)
            await _wait(self._stopping, LOOK_EVERY_S)
        finally:
            self._busy.discard(chat_id)
            self._changed.set()

    async def _deliver_next(self, chat_id: int) -> None:
        for parcel in await self._lease(chat_id):
            self._leased.add(parcel.id)
            outcome = await self._attempt(parcel)
            if not _is_unwanted(outcome):
                self._tally.sent(outcome)
            await self._keep(parcel, outcome)

    async def _lease(self, chat_id: int) -> list[Parcel]:
        async with self._open_unit() as unit:
            parcels = await unit.outbox.lease(now=self._clock(), only=[chat_id])
            return [parcel for parcel in parcels if not await self._put_off(unit, parcel)]

    async def _take_back(self, unit: Unit) -> None:
        """Postpone what is leased and nobody knows of: the lease was kept, and its answer lost.

        So it surely has not left. Where we do know of one, it may have left.
        """
        now = self._clock()
        for parcel in await unit.outbox.interrupted():
            if parcel.id in self._leased or parcel.chat.chat_id in self._busy:
                continue
            outcome = NotSent("it was leased, but nobody knew")
            await unit.outbox.settle(parcel.id, _decided(parcel, outcome, now=now), at=now)
            _log(parcel, outcome, dropped=False)

    async def _release(self, unit: Unit) -> None:
        """Let nothing wait where it is not quiet now, whatever the clock said before."""
        for chat in await unit.chats.load():
            if chat.quiet is not None and self._chats.quiet_until(chat) is None:
                await unit.outbox.release(chat.chat_id, at=self._clock())

    async def _put_off(self, unit: Unit, parcel: Parcel) -> bool:
        """Keep what is not critical for the end of quiet hours."""
        until = self._chats.quiet_until(parcel.chat)
        urgent = not parcel.events or any(disturbs(event) for event in parcel.events)
        if until is None or urgent:
            return False
        await unit.outbox.put_off(parcel.id, until=until)
        return True

    async def _outdated(self) -> Sequence[Card]:
        """Find messages to edit, in chats to which nothing is being sent."""
        try:
            return await self._shown.due(busy=self._busy, most=MOST_EDITS)
        except Exception:
            log.exception("What messages show could not be read", action="edit")
            return ()

    async def _attempt(self, parcel: Parcel) -> Outcome:
        """Send; what breaks off in a way that nobody foresaw may have arrived.

        A digest that could not be filled has not. What breaks off again and again is a fault of
        ours in this one message, and is given up: the chat's other messages wait behind it.
        """
        broken: Outcome
        try:
            outcome = await self._send(parcel)
        except _NotFilledError:
            log.exception("A digest was not filled", action="deliver", parcel=parcel.id)
            broken = NotSent("it was not filled")
        except Exception:
            log.exception("A delivery broke off", action="deliver", parcel=parcel.id)
            broken = MaybeSent("it broke off")
        else:
            self._breaks.pop(parcel.id, None)
            return outcome
        self._breaks[parcel.id] += 1
        if self._breaks[parcel.id] >= MOST_BREAKS:
            del self._breaks[parcel.id]
            return Refused("it broke off again and again")
        return broken

    async def _send(self, parcel: Parcel) -> Outcome:
        if not self._chats.recipients([parcel.chat]):
            return Refused("the chat is no longer allowed", by_us=True)
        if not parcel.events:
            reason = "the chat may not hear it any more, or does not want to"
            return Refused(reason, by_us=True)
        for event in parcel.events:
            if isinstance(event, DigestDue):
                return await self._send_digest(parcel, event)
        return await self._sender.send_events(
            parcel.chat,
            parcel.events,
            maybe_repeated=parcel.maybe_sent,
            reply_to=parcel.reply_to,
            late=parcel.late,
        )

    async def _send_digest(self, parcel: Parcel, event: DigestDue) -> Outcome:
        try:
            digest = await self._digests.within(_asker(parcel.chat)).load(event)
        except Exception as error:
            raise _NotFilledError from error
        return await self._sender.send_digest(
            parcel.chat, digest, maybe_repeated=parcel.maybe_sent
        )

    async def _keep(self, parcel: Parcel, outcome: Outcome) -> None:
        """Settle; try on while the database does not let us: only here the outcome is known."""
        while True:
            try:
                return await self._settle(parcel, outcome)
            except Exception:
                log.exception("An outcome was not kept", action="deliver", parcel=parcel.id)
            await _wait(self._stopping, LOOK_EVERY_S)
            if self._stopping.is_set():
                return None

    async def _settle(self, parcel: Parcel, outcome: Outcome) -> None:
        now, chat_id = self._clock(), parcel.chat.chat_id
        if isinstance(outcome, ChatGone) and await self._chats.leave_lost_topic(
            parcel.chat, reason=outcome.reason
        ):
            outcome = NotSent(outcome.reason)
        decision = _decided(parcel, outcome, now=now)
        match outcome:
            case ChatMoved(new_id):
                await self._chats.follow(chat_id, to=new_id)
            case ChatGone(reason):
                await self._chats.mark_gone(chat_id, reason=reason)
            case _:
                pass
        async with self._open_unit() as unit:
            if isinstance(outcome, NotSent) and outcome.retry_after is not None:
                rest = min(outcome.retry_after, LONGEST_REST)
                await unit.chats.hold(chat_id, until=now + rest)
            await unit.outbox.settle(parcel.id, decision, at=now, sent_to=chat_id)
        self._leased.discard(parcel.id)
        self._shown.look_again()  # the first message may have more to show than when it was put
        _log(parcel, outcome, dropped=isinstance(decision, Dropped))

    async def _take_up(self) -> None:
        """Decide what the program before this one left; nothing is leased before that is done."""
        while not self._stopping.is_set():
            self._vitals.turned("delivery")
            try:
                return await self._settle_interrupted()
            except Exception:
                log.exception("What was being sent could not be read", action="deliver")
            await _wait(self._stopping, LOOK_EVERY_S)
        return None

    async def _settle_interrupted(self) -> None:
        now = self._clock()
        async with self._open_unit() as unit:
            for parcel in await unit.outbox.interrupted():
                decision = interrupted(
                    parcel.events, attempts=parcel.attempts, maybe_sent=parcel.maybe_sent, now=now
                )
                await unit.outbox.settle(parcel.id, decision, at=now)
                log.warning("A message may go out twice", action="deliver", parcel=parcel.id)


def _asker(chat: Chat) -> Asker:
    """Say of what a chat may know, where nobody asks."""
    wants = chat.preferences
    return Asker(
        chat_id=chat.chat_id,
        scope=chat.scope,
        currency=wants.currency,
        percent_only=wants.percent_only,
    )


def _is_unwanted(outcome: Outcome) -> bool:
    return isinstance(outcome, Refused) and outcome.by_us


def _decided(parcel: Parcel, outcome: Outcome, *, now: datetime) -> Decision:
    return decide(
        outcome,
        parcel.events,
        attempts=parcel.attempts,
        maybe_sent=parcel.maybe_sent,
        now=now,
    )


def _log(parcel: Parcel, outcome: Outcome, *, dropped: bool) -> None:
    where = {"action": "deliver", "parcel": parcel.id, "chat": parcel.chat.chat_id}
    if _is_unwanted(outcome):
        log.info("A message is not wanted any more", outcome=str(outcome), **where)
    elif dropped:
        log.error("A message was given up", outcome=str(outcome), **where)
    elif isinstance(outcome, Sent):
        log.info("A message was delivered", **where)
    else:
        log.warning("A message was not delivered", outcome=str(outcome), **where)


async def _wait(event: asyncio.Event, seconds: float) -> None:
    """Wait for an event, but not longer than that."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        pass
