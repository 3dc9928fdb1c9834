"""Manage rules: those of the settings, which are fixed, and those that are made in the chat.

What is changed takes effect at once: the rule, the alerts that end with it and the word about them
are one transaction, and what is watched follows inside it.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta

from bot.core.alerts import AlertState, still_meant
from bot.core.audit import Deed
from bot.core.errors import RuleError
from bot.core.rules import Rule, parse_rule
from bot.core.scope import ALL, Asker, Scope
from bot.services.draft_rules import is_too_old
from bot.services.end_alerts import end_alerts
from bot.services.follow import follow, tell_others
from bot.services.narrowed import narrowed
from bot.services.ports import (
    UNCOUNTED,
    Clock,
    Draft,
    MadeRule,
    OpenUnit,
    Recipients,
    Tally,
    Unit,
)
from bot.services.watched import Watched

UNDO_FOR = timedelta(hours=1)
"""How long a deleted rule can be had back."""


@dataclass(frozen=True, slots=True)
class RuleStatus:
    """One rule, and where it stands for each of its subjects."""

    name: str
    rule: Rule
    states: tuple[AlertState, ...]
    """One for each subject; `amount` is None where it could not be judged yet."""
    made: MadeRule | None = None
    """None: it is fixed in the settings."""
    may_change: bool = True
    """False: it is about more than may be known of here."""

    @property
    def in_force(self) -> bool:
        """Whether anything is judged by it."""
        return self.made is None or self.made.in_force


@dataclass(frozen=True, slots=True)
class RuleChange:
    """What became of a rule."""

    made: MadeRule
    ended: int = 0
    """How many alerts have ended with what it was before."""
    done: bool = True
    """False: it was so already."""


class ManageRules:
    """Knows the rules."""

    def __init__(
        self,
        *,
        watched: Watched,
        open_unit: OpenUnit,
        recipients: Recipients,
        clock: Clock,
        wake_delivery: Callable[[], None],
        tally: Tally = UNCOUNTED,
    ) -> None:
        self._tally = tally
        self._watched = watched
        self._open_unit = open_unit
        self._recipients = recipients
        self._clock = clock
        self._wake_delivery = wake_delivery
        self._asker: Asker | None = None

    def within(self, asker: Asker) -> "ManageRules":
        """Return what answers where `asker` is, of what may be known there."""
        return narrowed(self, asker=asker)

    async def settle(self) -> None:
        """Take up the rules of the chats; end the alerts of what is no longer so, with a word."""
        async with self._changing():
            pass

    async def status(self) -> tuple[RuleStatus, ...]:
        """List the rules in their order, with their present states; the fixed ones first."""
        async with self._open_unit() as unit:
            states = await unit.alerts.load()
            made = [rule for rule in await unit.rules.load() if self._can_be_had(rule)]
        by_rule: dict[str, list[AlertState]] = defaultdict(list)
        for watch in self._watched.within(self._scope).watches:
            state = states.get(watch.key, AlertState(*watch.key))
            by_rule[watch.rule_name].append(state)
        fixed = (RuleStatus(n, rule, tuple(by_rule[n])) for n, rule in self._watched.fixed.items())
        theirs = (
            RuleStatus(m.name, m.rule, tuple(by_rule[m.name]), m, may_change=self._may_change(m))
            for m in made
        )
        return tuple(
            status
            for status in (*fixed, *theirs)
            if status.states or self._covers(status.rule.pattern)
        )

    @property
    def _scope(self) -> Scope:
        return self._asker.scope if self._asker is not None else ALL

    def _covers(self, pattern: str) -> bool:
        """Whether all that a pattern means may be known of here."""
        return self._scope.covers(pattern, self._watched.sources)

    def _may_change(self, made: MadeRule) -> bool:
        return self._covers(made.rule.pattern)

    async def find(self, rule_id: int) -> MadeRule | None:
        """Return a rule of the chats; None when it is gone or deleted."""
        async with self._open_unit() as unit:
            made = await _found(unit, rule_id)
        if made is None or made.deleted_at is not None or not self._may_change(made):
            return None
        return made

    async def pause(self, rule_id: int) -> RuleChange | None:
        """Judge nothing by a rule until it is resumed; None when it is gone.

        A deleted one is left as it is, here and in `resume`.
        """
        return await self._change(
            rule_id, lambda made: _paused(made, paused=True), deed="rule_paused"
        )

    async def resume(self, rule_id: int) -> RuleChange | None:
        """Judge by it again; None when it is gone."""
        return await self._change(
            rule_id, lambda made: _paused(made, paused=False), deed="rule_resumed"
        )

    async def delete(self, rule_id: int) -> RuleChange | None:
        """Delete a rule, so that it can be had back for a while; None when it is gone."""
        now = self._clock()
        return await self._change(
            rule_id,
            lambda made: replace(made, deleted_at=made.deleted_at or now),
            deed="rule_deleted",
        )

    async def restore(self, rule_id: int) -> RuleChange | None:
        """Have a deleted rule back as it was; None when it is too late."""
        return await self._change(
            rule_id, lambda made: replace(made, deleted_at=None), deed="rule_restored"
        )

    async def accept(self, draft_id: int, *, by: str) -> RuleChange | None:
        """Make a draft a rule, or the rule that it edits what it says; None when it is gone.

        Repeated, it changes nothing more. None, too, for one that is no whole rule any more: a
        button of an older message has led it back.
        """
        async with self._changing() as change:
            draft = await change.unit.drafts.load(draft_id)
            if draft is None or is_too_old(draft, self._clock()):
                return None
            made = await self._accepted(change.unit, draft, by=by)
        if made is None:
            return None
        return RuleChange(made, change.ended, done=draft.became is None)

    async def _accepted(self, unit: Unit, draft: Draft, *, by: str) -> MadeRule | None:
        which = draft.became or draft.edits
        made = await _found(unit, which) if which is not None else None
        if made is not None and made.deleted_at is not None:
            return None
        if draft.became is not None or (draft.edits is not None and made is None):
            return made
        rule, now = _whole(draft), self._clock()
        if rule is None or not self._covers(rule.pattern):
            return None
        if made is None:
            made = await unit.rules.add(rule, by=by, at=now)
            await self._write_down(unit, "rule_made", made)
        elif not self._may_change(made):
            return None
        else:
            made = replace(made, rule=rule, made_by=by, made_at=now)
            await unit.rules.save(made)
            await self._write_down(unit, "rule_changed", made)
        await unit.drafts.save(replace(draft, became=made.id, question=None))
        return made

    async def _write_down(self, unit: Unit, deed: Deed, made: MadeRule) -> None:
        asker = self._asker
        await unit.audit.add(
            deed,
            f"{made.name} {made.rule}",
            by=asker.by if asker else None,
            chat_id=asker.chat_id if asker else None,
            at=self._clock(),
        )

    async def _change(
        self, rule_id: int, changed: Callable[[MadeRule], MadeRule], *, deed: Deed
    ) -> RuleChange | None:
        async with self._changing() as change:
            before = await _found(change.unit, rule_id)
            if before is None or not self._can_be_had(before) or not self._may_change(before):
                return None
            after = changed(before)
            await change.unit.rules.save(after)
            if after != before:
                await self._write_down(change.unit, deed, after)
        return RuleChange(after, change.ended, done=after != before)

    def _can_be_had(self, made: MadeRule) -> bool:
        return made.deleted_at is None or made.deleted_at > self._clock() - UNDO_FOR

    @asynccontextmanager
    async def _changing(self) -> "AsyncIterator[_Changing]":
        """Let rules be changed; what follows is done with it, or nothing at all."""
        before: Mapping[str, Rule] | None = None
        try:
            async with self._open_unit() as unit:
                await follow(unit, self._watched)
                before = self._watched.rules
                change = _Changing(unit)
                yield change
                change.ended = await self._follow(unit)
        except BaseException:
            if before is not None:
                self._watched.set_rules(before)
                self._watched.news = None  # nobody knows what was kept of it
            raise
        if change.ended:
            self._wake_delivery()

    async def _follow(self, unit: Unit) -> int:
        """Watch what the rules mean now; return how many alerts have ended with it."""
        now = self._clock()
        await unit.rules.forget(before=now - UNDO_FOR)
        theirs = {made.name: made.rule for made in await unit.rules.load() if made.in_force}
        before = self._watched.rules
        self._watched.set_rules(self._watched.fixed | theirs)
        if list(self._watched.rules.items()) != list(before.items()):
            await tell_others(unit, self._watched)
        rules = {watch.key: watch.rule for watch in self._watched.watches}
        states = await unit.alerts.load()
        gone = [s for key, s in states.items() if not still_meant(s, rules.get(key))]
        if events := await end_alerts(unit, gone, at=now):
            chats = self._recipients(await unit.chats.load())
            await unit.outbox.add(events, chats=chats, at=now)
            self._tally.told(events)
        return len(events)


@dataclass(slots=True)
class _Changing:
    unit: Unit
    ended: int = 0


async def _found(unit: Unit, rule_id: int) -> MadeRule | None:
    return next((made for made in await unit.rules.load() if made.id == rule_id), None)


def _whole(draft: Draft) -> Rule | None:
    try:
        return parse_rule(draft.text)
    except RuleError:
        return None


def _paused(made: MadeRule, *, paused: bool) -> MadeRule:
    return made if made.deleted_at is not None else replace(made, paused=paused)
