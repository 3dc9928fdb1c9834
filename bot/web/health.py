"""Whether the bot is well, as somebody may know who may know nothing else."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from bot.core.vitals import Vitals
from bot.web.looking import Looking

log = structlog.get_logger(__name__)

LOOK_WITHIN_S = 4.0
"""Docker and Kubernetes wait for five, as they are told in `deploy/`."""


@dataclass(frozen=True, slots=True)
class Found:
    """What was found, and why it is not well."""

    leads: bool
    reasons: tuple[tuple[str, str], ...] = ()
    """Parts and sentences, without a secret or an amount; () when all is well."""

    @property
    def healthy(self) -> bool:
        """Whether all is well."""
        return not self.reasons


class Health:
    """Judges as the heartbeat does: by `core/vitals.py`."""

    def __init__(
        self, look: Callable[[], Awaitable[Vitals]], *, leads: Callable[[], bool]
    ) -> None:
        """`look` asks the database, `leads` does not."""
        self._looking = Looking(look)
        self._leads = leads
        self._fails = False

    async def look(self) -> Found:
        """Judge now; a database that does not answer is a finding."""
        try:
            vitals = await self._looking.now(within_s=LOOK_WITHIN_S)
        except Exception as e:  # noqa: BLE001 - whoever asked is told
            self._note(e)
            return Found(self._leads(), (("database", "it does not answer as it should"),))
        self._note(None)
        reasons = tuple((stale.part, stale.reason) for stale in vitals.stale)
        return Found(vitals.leads, reasons)

    async def stop(self) -> None:
        """End what is under way."""
        await self._looking.stop()

    def _note(self, error: Exception | None) -> None:
        """Say once that it cannot be told, and once that it can."""
        if error is not None and not self._fails:
            what = f"{type(error).__name__}: {error}"[:300]
            log.warning("Nobody can tell how the bot is", action="healthz", error=what)
        elif error is None and self._fails:
            log.info("How the bot is can be told again", action="healthz")
        self._fails = error is not None
