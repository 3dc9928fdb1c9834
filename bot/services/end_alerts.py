"""End alerts whose rule or wallet is gone: with a word where they fire, without one elsewhere."""

from collections.abc import Iterable
from datetime import datetime

from bot.core.alerts import AlertState, end
from bot.core.events import Event
from bot.services.ports import Unit


async def end_alerts(
    unit: Unit, states: Iterable[AlertState], *, at: datetime
) -> tuple[Event, ...]:
    """Forget the states; return what is to be told of it."""
    gone = list(states)
    await unit.alerts.remove([state.key for state in gone])
    return tuple(event for state in gone for event in end(state, at=at))
