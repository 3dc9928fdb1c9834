"""Manage alerts: what people do about those that fire, and what is wrong now."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Literal

from bot.core.alerts import AlertState, Hush
from bot.core.audit import Deed
from bot.core.rehearsal import EXAMPLE, rehearse
from bot.core.scope import Asker
from bot.services.narrowed import narrowed
from bot.services.ports import Clock, OpenUnit, Recipients, Unit
from bot.services.watched import Watched

Press = Literal["seen", "hour", "eight_hours", "recovered", "unmute"]
_DEEDS: Mapping[Press, Deed] = {"seen": "alert_seen", "unmute": "alert_unmuted"}
SNOOZES = {"hour": timedelta(hours=1), "eight_hours": timedelta(hours=8)}


class ManageAlerts:
    """Keeps who has seen what and what is silenced; the messages follow from that."""

    def __init__(
        self,
        *,
        watched: Watched,
        open_unit: OpenUnit,
        recipients: Recipients,
        clock: Clock,
        look_again: Callable[[Collection[str]], None],
    ) -> None:
        """`look_again` has the messages about some incidents brought up to date."""
        self._watched = watched
        self._open_unit = open_unit
        self._recipients = recipients
        self._clock = clock
        self._look_again = look_again
        self._asker: Asker | None = None

    def within(self, asker: Asker) -> "ManageAlerts":
        """Return what answers where `asker` is, of what may be known there."""
        return narrowed(self, watched=self._watched.within(asker.scope), asker=asker)

    async def told_in(self, chat_id: int, message_id: int) -> tuple[str, ...]:
        """Name the incidents that a message of ours is about; () for one that is about none."""
        async with self._open_unit() as unit:
            return tuple(await unit.outbox.told_in(chat_id, message_id))

    async def firing(self, incidents: Collection[str]) -> tuple[AlertState, ...]:
        """Return those of the incidents that are not over."""
        async with self._open_unit() as unit:
            return self._among(incidents, await unit.alerts.firing())

    async def press(
        self, incidents: Collection[str], press: Press, *, by: str
    ) -> tuple[AlertState, ...]:
        """Keep what somebody pressed about these; return those that are not over, as they are now.

        Doing it again changes nothing that matters.
        """
        now = self._clock()
        async with self._open_unit() as unit:
            firing = self._among(incidents, await unit.alerts.firing())
            states = tuple(replace(s, hush=hushed(s.hush, press, by=by, now=now)) for s in firing)
            await unit.alerts.save(states)
            changed = [s for s, before in zip(states, firing, strict=True) if s != before]
            await self._write_down(unit, changed, press)
        self._look_again(())
        return states

    async def test(self, chat_id: int) -> bool:
        """Queue a test alert for one chat, like a real one; False where events are not told.

        It is about the first rule that covers anything, and changes nothing about that.
        """
        now = self._clock()
        watches = self._watched.watches[:1]
        about = [(watch.rule_name, watch.rule, watch.subject) for watch in watches]
        place = next(iter(self._watched.paths), EXAMPLE.pattern)
        name, rule, subject = about[0] if about else ("example", EXAMPLE, place)
        event = rehearse(name, rule, subject, now=now)
        async with self._open_unit() as unit:
            known = self._recipients(await unit.chats.load())
            here = [chat for chat in known if chat.chat_id == chat_id]
            await unit.outbox.add([event], chats=here, at=now)
        self._look_again(())
        return bool(here)

    def _among(
        self, incidents: Collection[str], firing: Collection[AlertState]
    ) -> tuple[AlertState, ...]:
        """Choose those of the incidents that may be known of here."""
        known = {watch.key for watch in self._watched.watches}
        return tuple(
            s
            for s in firing
            if s.alert is not None and s.alert.incident in incidents and s.key in known
        )

    async def _write_down(self, unit: Unit, states: Collection[AlertState], press: Press) -> None:
        asker = self._asker
        for state in states:
            await unit.audit.add(
                _DEEDS.get(press, "alert_silenced"),
                f"{state.rule}: {state.subject} {state.asset}",
                by=asker.by if asker else None,
                chat_id=asker.chat_id if asker else None,
                at=self._clock(),
            )

    def show(self, states: Collection[AlertState]) -> None:
        """Have the messages about these show when they were read, even if nothing has changed."""
        self._look_again([state.alert.incident for state in states if state.alert is not None])


def hushed(before: Hush | None, press: Press, *, by: str, now: datetime) -> Hush:
    """Say what holds after a press; who only has seen what is silent leaves it silent."""
    match press:
        case "seen" if before is not None and (before.silences(now) or before.by == by):
            return before
        case "seen" | "unmute":
            return Hush("seen", None, by, now)
        case "recovered":
            return Hush("recovery", None, by, now)
        case "hour" | "eight_hours":
            return Hush("until", now + SNOOZES[press], by, now)
