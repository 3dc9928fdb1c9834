"""Send the heartbeat: tell somebody outside, while all is well, that it is.

When it stays away, whoever waits for it knows: also when this machine is gone.
"""

import structlog

from bot.core.vitals import Stale
from bot.services.ports import Ping, PingFailed
from bot.services.watch_vitals import WatchVitals

log = structlog.get_logger(__name__)


class SendHeartbeat:
    """Beats while poll, checks and delivery are all fresh; what goes wrong is logged once."""

    def __init__(self, *, ping: Ping, vitals: WatchVitals) -> None:
        self._ping = ping
        self._vitals = vitals
        self._withheld = False
        self._fails = False

    async def beat(self) -> None:
        """Beat once, or leave it; called by the timetable."""
        stale = (await self._vitals.look()).stale
        self._note_vitals(stale)
        if not stale:
            await self._send()

    def _note_vitals(self, stale: tuple[Stale, ...]) -> None:
        if stale and not self._withheld:
            reasons = [f"{found.part}: {found.reason}" for found in stale]
            log.warning("No heartbeat while not all is well", action="heartbeat", reasons=reasons)
        elif self._withheld and not stale:
            log.info("All is well again", action="heartbeat")
        self._withheld = bool(stale)

    async def _send(self) -> None:
        try:
            await self._ping()
        except PingFailed as e:
            if not self._fails:
                log.warning("The heartbeat does not arrive", action="heartbeat", reason=str(e))
            self._fails = True
        else:
            if self._fails:
                log.info("The heartbeat arrives again", action="heartbeat")
            self._fails = False
