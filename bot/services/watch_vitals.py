"""Watch the vitals: the parts report here what they have done; whoever needs to know asks.

Each report is two numbers in memory. What waits in the database is looked up when somebody asks.
"""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime

from bot.core.vitals import PARTS, Part, Vitals
from bot.services.ports import Clock, OpenUnit, Recipients


class WatchVitals:
    """Knows what every part did last."""

    def __init__(self, *, open_unit: OpenUnit, recipients: Recipients, clock: Clock) -> None:
        self._open_unit = open_unit
        self._recipients = recipients
        self._clock = clock
        self._began_at = clock()
        self._turns: Counter[str] = Counter(dict.fromkeys(PARTS, 0))
        self._worked_at: dict[Part, datetime] = {}

    @property
    def turns(self) -> Mapping[str, int]:
        """How often each part has turned; may be read from any thread."""
        return dict(self._turns)

    def turned(self, part: Part) -> None:
        """Take note that a part goes round, wherever that leads."""
        self._turns[part] += 1

    def worked(self, part: Part) -> None:
        """Take note that a part has got somewhere."""
        self._worked_at[part] = self._clock()

    async def look(self) -> Vitals:
        """Say how everything stands now."""
        now = self._clock()
        async with self._open_unit() as unit:
            chats = self._recipients(await unit.chats.load())
            overdue = await unit.accounts.oldest_due(now=now)
            undelivered_since = await unit.outbox.oldest_due(
                now=now, chats=[chat.chat_id for chat in chats]
            )
        return Vitals(
            at=now,
            began_at=self._began_at,
            worked_at=dict(self._worked_at),
            overdue=overdue,
            undelivered_since=undelivered_since,
        )
