"""Manage rules: those of the settings, what they cover, and how each stands now."""

from dataclasses import dataclass

from bot.core.alerts import AlertState, still_meant
from bot.core.rules import Rule
from bot.services.end_alerts import end_alerts
from bot.services.ports import Clock, OpenUnit, Recipients
from bot.services.watched import Watched


@dataclass(frozen=True, slots=True)
class RuleStatus:
    """One rule, and where it stands for each of its subjects."""

    name: str
    rule: Rule
    states: tuple[AlertState, ...]
    """One for each subject; `amount` is None where it could not be judged yet."""


class ManageRules:
    """Knows the rules."""

    def __init__(
        self,
        *,
        watched: Watched,
        open_unit: OpenUnit,
        recipients: Recipients,
        clock: Clock,
    ) -> None:
        self._watched = watched
        self._open_unit = open_unit
        self._recipients = recipients
        self._clock = clock

    async def end_vanished(self) -> None:
        """End the alerts of rules and wallets that the settings no longer have so, with a word."""
        rules = {watch.key: watch.rule for watch in self._watched.watches}
        async with self._open_unit() as unit:
            states = await unit.alerts.load()
            gone = [s for key, s in states.items() if not still_meant(s, rules.get(key))]
            if events := await end_alerts(unit, gone, at=self._clock()):
                chats = self._recipients(await unit.chats.load())
                await unit.outbox.add(events, chats=chats, at=self._clock())

    async def status(self) -> tuple[RuleStatus, ...]:
        """List the rules in their order, with their present states."""
        async with self._open_unit() as unit:
            states = await unit.alerts.load()
        return tuple(
            RuleStatus(
                name,
                rule,
                tuple(
                    states.get(watch.key, AlertState(*watch.key))
                    for watch in self._watched.watches
                    if watch.rule_name == name
                ),
            )
            for name, rule in self._watched.rules.items()
        )
