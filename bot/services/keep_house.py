"""Keep house: delete what nobody will ask for again."""

from datetime import timedelta

from bot.services.ports import Clock, OpenUnit

KEEP_UPDATES = timedelta(days=7)
"""Telegram itself keeps an update for a day."""
KEEP_MESSAGES = timedelta(days=90)
KEEP_DEEDS = timedelta(days=365)


class KeepHouse:
    """Sweeps the inbox, the outbox, what was told elsewhere, old deeds, and prices of long ago."""

    def __init__(self, *, open_unit: OpenUnit, clock: Clock) -> None:
        self._open_unit = open_unit
        self._clock = clock

    async def sweep(self) -> None:
        """Delete what is old; doing it again deletes nothing more."""
        now = self._clock()
        async with self._open_unit() as unit:
            await unit.inbox.forget(before=now - KEEP_UPDATES)
            await unit.outbox.forget(before=now - KEEP_MESSAGES)
            await unit.past.thin_prices(now=now)
            await unit.elsewhere.forget(before=now - KEEP_MESSAGES)
            await unit.audit.forget(before=now - KEEP_DEEDS)
