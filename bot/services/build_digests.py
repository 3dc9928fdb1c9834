"""Build digests: one a chat and local date, queued when it is due, filled when it is sent."""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import structlog

from bot.core.delivery import Chat
from bot.core.digest import Digest, build_digest
from bot.core.events import DigestDue
from bot.core.timing import digest_date, instant_of
from bot.services.keep_prices import KeepPrices
from bot.services.ports import Clock, OpenUnit, Recipients, Unit
from bot.services.watched import Watched

log = structlog.get_logger(__name__)

LATE_AFTER = timedelta(minutes=5)
"""For a machine that slept; after a start, whatever was due before it is late."""


class BuildDigests:
    """Queues the digests that are due, and fills them."""

    def __init__(
        self,
        *,
        at: time | None,
        zone: ZoneInfo,
        watched: Watched,
        prices: KeepPrices,
        open_unit: OpenUnit,
        recipients: Recipients,
        clock: Clock,
        wake_delivery: Callable[[], None],
    ) -> None:
        """`at`, by the clock of `zone`, is None where digests are off."""
        self._at = at
        self._zone = zone
        self._watched = watched
        self._prices = prices
        self._open_unit = open_unit
        self._recipients = recipients
        self._clock = clock
        self._started_at = clock()
        self._wake_delivery = wake_delivery

    async def queue_due(self) -> None:
        """Queue what is due now; calling it again queues nothing twice."""
        if self._at is None:
            return
        now = self._clock()
        day = digest_date(now, at=self._at, zone=self._zone)
        if day is None:
            return
        due_at = instant_of(day, self._at, self._zone)
        async with self._open_unit() as unit:
            queued = [
                chat
                for chat in self._recipients(await unit.chats.load())
                if _listened(chat, due_at, now) and await self._queue(unit, chat, day, due_at, now)
            ]
        if queued:
            log.info("Digests are due", action="queue_digests", chats=len(queued))
            self._wake_delivery()

    async def _queue(
        self, unit: Unit, chat: Chat, day: date, due_at: datetime, now: datetime
    ) -> bool:
        if not await unit.digests.add(chat.chat_id, day, at=due_at):
            return False
        event = DigestDue(
            local_date=day,
            since=await unit.digests.last_before(chat.chat_id, day),
            late=due_at < self._started_at or now - due_at > LATE_AFTER,
            at=due_at,
        )
        await unit.outbox.add([event], chats=[chat], at=now)
        return True

    async def load(self, event: DigestDue) -> Digest:
        """Fill a digest with what is known now."""
        async with self._open_unit() as unit:
            known = await unit.wallets.load()
            before = await unit.wallets.holdings_at(event.since) if event.since else {}
            alerts = await unit.alerts.load()
        wallets = self._watched.states_in(known)
        return build_digest(
            local_date=event.local_date,
            late=event.late,
            at=self._clock(),
            since=event.since,
            wallets=wallets,
            value=self._prices.appraise(wallets).total,
            before=before,
            firing=[state for state in alerts.values() if state.alert is not None],
        )

    async def preview(self) -> Digest:
        """Show now what the next digest would tell, counted from a day ago."""
        now = self._clock()
        today = now.astimezone(self._zone).date()
        since = now - timedelta(days=1)
        return await self.load(DigestDue(local_date=today, since=since, late=False, at=now))


def _listened(chat: Chat, due_at: datetime, now: datetime) -> bool:
    """Whether a chat was there at an instant; so was one that came when the clock was ahead."""
    return chat.since is None or not due_at <= chat.since <= now
