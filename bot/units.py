"""Who may open which transaction, on a database that is ours alone or one that others share."""

from dataclasses import dataclass, replace
from functools import partial
from socket import gethostname
from uuid import uuid4

from sqlalchemy.ext.asyncio import AsyncEngine

from bot.services.deliver_outbox import Hear
from bot.services.lead import Lead
from bot.services.ports import Clock, OpenUnit
from bot.store.bell import hear
from bot.store.locks import Lock
from bot.store.unit_of_work import units_of


@dataclass(frozen=True, slots=True)
class Units:
    """Who opens what kind of transaction: see `store/locks.py`."""

    open_unit: OpenUnit
    """For who talks to Telegram, and for nobody else."""
    open_side: OpenUnit
    """For checks, side by side with others."""
    open_alone: OpenUnit
    lead: Lead | None
    hear: Hear | None = None
    """None, too: nobody else queues anything."""

    @classmethod
    def on(cls, engine: AsyncEngine) -> "Units":
        """Have them on a database that is ours alone."""
        open_alone, open_side = units_of(engine), units_of(engine, lock=Lock.SIDE_BY_SIDE)
        return cls(open_alone, open_side, open_alone, lead=None)

    def shared(self, leases: AsyncEngine, *, clock: Clock) -> "Units":
        """Have them on a database that others share; lease and bell have connections apart."""
        lead = Lead(
            f"{gethostname()} {uuid4().hex[:8]}",
            open_unit=self.open_alone,
            open_lease=units_of(leases, lock=Lock.NONE),
            clock=clock,
        )
        return replace(self, open_unit=lead.open_unit, lead=lead, hear=partial(hear, leases))
