"""Watch the vitals: the parts report here what they have done; whoever needs to know asks.

Each report is two numbers in memory. What waits in the database is looked up when somebody asks.
How long ago a part worked is counted by a clock that nobody can put back.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from time import monotonic

from bot.core.delivery import Chat
from bot.core.vitals import PARTS, Part, Vitals
from bot.services.ports import Clock, OpenUnit, Recipients

_LED: tuple[Part, ...] = ("poll", "delivery")
"""The parts that are at work in one process only."""


class WatchVitals:
    """Knows what every part did last."""

    def __init__(
        self,
        *,
        open_unit: OpenUnit,
        recipients: Recipients,
        clock: Clock,
        counted_s: Callable[[], float] = monotonic,
    ) -> None:
        """`counted_s` counts seconds, and is never put back."""
        self._open_unit = open_unit
        self._recipients = recipients
        self._clock = clock
        self._began_at = clock()
        self._turns: Counter[str] = Counter(dict.fromkeys(PARTS, 0))
        self._counted_s = counted_s
        self._worked_s: dict[Part, float] = {}
        self._unheard_since: datetime | None = None
        self._leads = True

    @property
    def leads(self) -> bool:
        """Whether this process talks to Telegram; of several that share a database one does."""
        return self._leads

    def lead(self, leads: bool) -> None:
        """Take note that this process talks to Telegram from now on, or that another does."""
        self._leads, self._unheard_since = leads, None
        for part in _LED:
            self.turned(part)
            self._worked_s.pop(part, None)

    @property
    def turns(self) -> Mapping[str, int]:
        """How often each part has turned that is at work here; may be read from any thread."""
        idle = () if self._leads else _LED
        return {part: count for part, count in self._turns.items() if part not in idle}

    def turned(self, part: Part) -> None:
        """Take note that a part goes round, wherever that leads."""
        self._turns[part] += 1

    def worked(self, part: Part) -> None:
        """Take note that a part has got somewhere."""
        self._worked_s[part] = self._counted_s()

    async def look(self) -> Vitals:
        """Say how everything stands now."""
        now = self._clock()
        async with self._open_unit() as unit:
            known = await unit.chats.load()
            chats = self._recipients(known)
            overdue = await unit.accounts.oldest_due(now=now)
            undelivered_since = await unit.outbox.oldest_due(
                now=now, chats=[chat.chat_id for chat in chats]
            )
            led = self._leads or await unit.leases.is_led(now=await unit.leases.clock() or now)
        if chats or not self._should_hear(known):
            self._unheard_since = None
        elif self._unheard_since is None:
            self._unheard_since = now
        counted_s = self._counted_s()
        return Vitals(
            at=now,
            began_at=self._began_at,
            worked_at={
                p: now - timedelta(seconds=counted_s - s) for p, s in self._worked_s.items()
            },
            overdue=overdue,
            undelivered_since=undelivered_since,
            unheard_since=self._unheard_since,
            leads=self._leads,
            led=led,
        )

    def _should_hear(self, known: Sequence[Chat]) -> Sequence[Chat]:
        """Leave those that would be told what happens if they could be."""
        return self._recipients([replace(chat, gone=None) for chat in known])
