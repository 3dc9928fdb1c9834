"""Tell elsewhere: what is critical and not heard on Telegram goes to other channels.

The mark is set after the sending: a crash between the two tells it again. A channel that fails is
tried again after ever longer pauses, and repeats nothing at those that did not. Much is told in
portions, each marked before the next: a channel may take long for a text that it has to split.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import structlog

from bot.core.elsewhere import Critical, is_settled, pause_after, to_tell
from bot.services.ports import Clock, OpenUnit, OtherChannels, Recipients

log = structlog.get_logger(__name__)

ASLEEP = timedelta(minutes=1)
"""Who has not looked for so long was asleep, or has just been started."""
FIRST_CHANCE = timedelta(seconds=30)
"""How long Telegram is given to take what has waited over a sleep or a restart."""
MOST_AT_ONCE = 50
"""Told in one look; half as much after each failure, until all is told."""


class TellElsewhere:
    """Looks for critical events that nobody could be told on Telegram, and tells them."""

    def __init__(
        self,
        *,
        channels: OtherChannels,
        open_unit: OpenUnit,
        recipients: Recipients,
        clock: Clock,
    ) -> None:
        self._channels = channels
        self._open_unit = open_unit
        self._recipients = recipients
        self._clock = clock
        self._looked_at: datetime | None = None
        self._awake_since = clock()
        self._failures: Counter[str] = Counter()
        self._resting: dict[str, datetime] = {}
        self._most: dict[str, int] = {}
        self._unmarked: dict[str, tuple[str, ...]] = {}
        """By channel what it has, where the database did not let us write so."""

    async def look(self) -> None:
        """Tell what is to be told now; called by the timetable."""
        now = self._clock()
        await self._mark()
        criticals = await self._load(now)
        if not self._had_its_chance(now):
            return
        due = {
            channel: to_tell(criticals, channel, now=now)[: self._most_for(channel)]
            for channel in self._channels.names
            if self._may_try(channel, now)
        }
        if due := {channel: told for channel, told in due.items() if told}:
            await self._tell(due)

    def _most_for(self, channel: str) -> int:
        return self._most.get(channel, MOST_AT_ONCE)

    def _had_its_chance(self, now: datetime) -> bool:
        """Whether Telegram had time to take what was overdue when the bot began to look."""
        was_awake = self._looked_at is not None and abs(now - self._looked_at) <= ASLEEP
        if not was_awake:
            self._awake_since = now
        self._looked_at = now
        return now - self._awake_since >= FIRST_CHANCE

    def _may_try(self, channel: str, now: datetime) -> bool:
        rests_until = self._resting.get(channel, now)
        longest = pause_after(self._failures[channel])
        return not now < rests_until <= now + longest  # the clock may have been put back

    async def _load(self, now: datetime) -> Sequence[Critical]:
        async with self._open_unit() as unit:
            chats = self._recipients(await unit.chats.load())
            found = await unit.elsewhere.load(chats=[chat.chat_id for chat in chats])
            settled = [c.name for c in found if is_settled(c, self._channels.names)]
            if settled:
                await unit.elsewhere.close(settled, at=now)
        return [critical for critical in found if critical.name not in settled]

    async def _tell(self, due: Mapping[str, Sequence[Critical]]) -> None:
        took = await self._channels.tell(
            {channel: [critical.event for critical in told] for channel, told in due.items()}
        )
        for channel, told in due.items():
            self._note(channel, took=channel in took, count=len(told))
        self._unmarked = {channel: tuple(c.name for c in due[channel]) for channel in took}
        await self._mark()

    async def _mark(self) -> None:
        """Write down who has what; until that is done nothing more is told."""
        if not self._unmarked:
            return
        async with self._open_unit() as unit:
            for channel, names in self._unmarked.items():
                await unit.elsewhere.mark_told(names, to=channel)
        self._unmarked = {}

    def _note(self, channel: str, *, took: bool, count: int) -> None:
        where = {"action": "tell_elsewhere", "channel": self._place(channel)}
        if took:
            log.warning("Told by another channel than Telegram", events=count, **where)
            self._failures.pop(channel, None)
            self._resting.pop(channel, None)
            if count < self._most_for(channel):  # that was all
                self._most.pop(channel, None)
            return
        self._most[channel] = max(1, count // 2)
        self._failures[channel] += 1
        if self._failures[channel] == 1:
            log.error("Another channel did not take what Telegram does not take either", **where)
        self._resting[channel] = self._clock() + pause_after(self._failures[channel])

    def _place(self, channel: str) -> int:
        """Say which it is by its place in the settings, counted from 1."""
        return list(self._channels.names).index(channel) + 1
