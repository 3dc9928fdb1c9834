"""Keep checks: judge what was read, and keep all that it means in one transaction.

Checks that end while another is being kept are kept together, by whoever is first in line: that
saves commits when there are many, and nobody waits when there are few. It comes to the same as
keeping one after the other, but for a sum over several of them: that is judged once, by what it
is after the last. Where that fails, each is kept alone, so that none spoils another.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice

import structlog

from bot.core.alerts import AlertKey, AlertState
from bot.core.context import with_context
from bot.core.events import AlertRaised, Event, about
from bot.core.measures import Facts
from bot.core.portfolio import WalletState
from bot.core.roster import roster_change
from bot.core.series import gap_after
from bot.core.verdict import Verdict, reach_verdict
from bot.core.watches import Watch
from bot.services.end_alerts import end_alerts
from bot.services.follow import follow, tell_others
from bot.services.gather_facts import gather_context, gather_facts
from bot.services.ports import (
    UNCOUNTED,
    Claim,
    Clock,
    OpenUnit,
    PriceSource,
    Recipients,
    Step,
    Tally,
    Unit,
)
from bot.services.read_accounts import Sweep
from bot.services.watched import Watched

log = structlog.get_logger(__name__)

AT_ONCE = 100
"""So many checks in one transaction: it takes some ten milliseconds, and others wait for it."""


@dataclass(eq=False, slots=True)
class Check:
    """What an account brought, on its way into the database."""

    claim: Claim
    sweep: Sweep
    due_at: datetime
    """When the account is due again."""
    kept: bool | None = None
    """Whether it was kept; False: the account had passed on. None: not yet."""
    failure: Exception | None = None

    @property
    def account(self) -> str:
        """The name of the account."""
        return self.claim.account


class KeepChecks:
    """Writes checks, many at once where there are many."""

    def __init__(
        self,
        *,
        watched: Watched,
        prices: PriceSource,
        open_unit: OpenUnit,
        recipients: Recipients,
        clock: Clock,
        wake_delivery: Callable[[], None],
        tally: Tally = UNCOUNTED,
    ) -> None:
        self._watched = watched
        self._prices = prices
        self._open_unit = open_unit
        self._recipients = recipients
        self._clock = clock
        self._wake_delivery = wake_delivery
        self._tally = tally
        self._waiting: dict[Check, None] = {}  # in the order of their coming
        self._turn = asyncio.Lock()

    async def keep(self, check: Check) -> bool:
        """Write everything a check means; False, and nothing, when the account has passed on."""
        self._waiting[check] = None
        try:
            async with self._turn:
                if check.kept is None and check.failure is None:  # else somebody has kept it
                    await self._keep_waiting(check)
        finally:
            self._waiting.pop(check, None)
        if check.failure is not None:
            raise check.failure
        return check.kept is True

    async def _keep_waiting(self, first: Check) -> None:
        """Keep one and those that wait behind it; what has changed its account by itself."""
        self._waiting.pop(first, None)
        checks = [first, *islice(self._waiting, AT_ONCE - 1)]
        for check in checks[1:]:
            del self._waiting[check]
        same = [check for check in checks if self._is_as_known(check)]
        for check in checks:
            if check not in same:
                await self._keep_alone(check)
        if len(same) == 1:
            await self._keep_alone(same[0])
        elif same:
            await self._keep_together(same)

    def _is_as_known(self, check: Check) -> bool:
        return self._watched.account(check.account) == check.sweep.account

    async def _keep_together(self, checks: Sequence[Check]) -> None:
        try:
            await self._keep(checks)
        except Exception:
            log.exception("Checks could not be kept together", action="keep_checks")
            for check in checks:
                await self._keep_alone(check)

    async def _keep_alone(self, check: Check) -> None:
        """Keep one; whoever waits for it is told what went wrong, and nobody else."""
        try:
            await self._keep([check])
        except Exception as e:  # noqa: BLE001 - raised where it is waited for
            check.failure = e

    async def _keep(self, checks: Sequence[Check]) -> None:
        try:
            await self._write(checks)
        except BaseException:
            self._watched.news = None  # nobody knows what was kept of it
            raise

    async def _write(self, checks: Sequence[Check]) -> None:
        async with self._open_unit() as unit:
            held = await unit.accounts.finish({check.claim: check.due_at for check in checks})
            ours = [check for check in checks if check.claim in held]
            if ours:
                await follow(unit, self._watched)
                told = await self._keep_all(unit, ours)
                for events in told:
                    await self._queue(unit, events)
        for check in checks:
            check.kept = check.claim in held
            if not check.kept:
                log.warning("Checked too late", action="lease_lost", account=check.account)
        if ours:
            self._adopt(ours, [event for events in told for event in events])

    def _adopt(self, checks: Sequence[Check], events: Sequence[Event]) -> None:
        """Take up what is kept now."""
        self._watched.adopt(*(check.sweep.account for check in checks))
        self._tally.told(events)
        if events:
            self._wake_delivery()

    async def _keep_all(self, unit: Unit, checks: Sequence[Check]) -> Sequence[Sequence[Event]]:
        """Write all but the messages; return by check what is worth telling."""
        shared = {key for check in checks for key in self._watched.shared_by(check.account)}
        await unit.alerts.lock(shared)
        rosters = [await self._keep_roster(unit, check.sweep) for check in checks]
        watches = [self._watched.watches_about(check.sweep.account) for check in checks]
        verdicts = await self._judge(unit, checks, watches)
        told = await self._with_context(unit, verdicts, watches)
        return [(*roster, *events) for roster, events in zip(rosters, told, strict=True)]

    async def _keep_roster(self, unit: Unit, sweep: Sweep) -> Sequence[Event]:
        """Forget sub-accounts that are gone; the first list that there ever was is no news."""
        before, after = self._watched.account(sweep.account.name), sweep.account
        if before.subs == after.subs or after.listing is None:
            return ()
        await tell_others(unit, self._watched)
        listed = (await unit.wallets.load([after.listing])).get(after.listing)
        first = listed is None or listed.read_at is None
        await unit.wallets.forget(set(before.paths) - set(after.paths))
        still = {watch.key for watch in self._watched.watches_about(after)}
        gone = {watch.key for watch in self._watched.watches_about(before)} - still
        states = await unit.alerts.load(gone)
        ended = await end_alerts(unit, states.values(), at=self._clock())
        return (*(() if first else roster_change(before, after, at=self._clock())), *ended)

    async def _judge(
        self, unit: Unit, checks: Sequence[Check], watches: Sequence[Sequence[Watch]]
    ) -> Sequence[Verdict]:
        """Judge one check after the other, each by what those before it have brought, and save."""
        now = self._clock()
        concerned = {watch.key: watch for some in watches for watch in some}
        paths = [path for check in checks for path in check.sweep.readings]
        facts = await gather_facts(unit, self._prices, concerned.values(), now=now, paths=paths)
        alerts = await unit.alerts.load(concerned)
        verdicts = _reached(checks, watches, facts, alerts, now=now)
        await unit.wallets.advance(_steps(checks, facts.wallets, verdicts))
        after = {state.key: state for verdict in verdicts for state in verdict.alerts}
        await unit.alerts.save(s for s in after.values() if s != alerts.get(s.key))
        return verdicts

    async def _with_context(
        self, unit: Unit, verdicts: Sequence[Verdict], watches: Sequence[Sequence[Watch]]
    ) -> Sequence[Sequence[Event]]:
        """Complete what was raised just now; the wallets are saved already."""
        told = [verdict.events for verdict in verdicts]
        raised = {e.alert.key for some in told for e in some if isinstance(e, AlertRaised)}
        concerned = {w.key: w for some in watches for w in some if w.key in raised}
        if not concerned:
            return told
        now = self._clock()
        facts = await gather_context(unit, self._prices, concerned.values(), now=now)
        return [with_context(events, concerned, facts, now=now) for events in told]

    async def _queue(self, unit: Unit, events: Sequence[Event]) -> None:
        if not events:
            return
        chats = self._recipients(await unit.chats.load())
        await unit.outbox.add(events, chats=chats, at=self._clock())
        for event in events:
            log.info("Worth telling", action=event.kind, chats=len(chats), about=about(event))


def _reached(
    checks: Sequence[Check],
    watches: Sequence[Collection[Watch]],
    facts: Facts,
    alerts: Mapping[AlertKey, AlertState],
    *,
    now: datetime,
) -> Sequence[Verdict]:
    """Judge in order; each is judged by the wallets and alerts as those before have left them.

    A sum over several of them is judged with the last. A rule `for 2 reads` counts as before: a
    sum counts again only when all of it was read anew, which no batch brings twice.
    """
    wallets, standing = dict(facts.wallets), dict(alerts)
    last = {watch.key: number for number, some in enumerate(watches) for watch in some}
    verdicts: list[Verdict] = []
    for number, (check, about_it) in enumerate(zip(checks, watches, strict=True)):
        verdict = reach_verdict(
            check.sweep.readings,
            watches=about_it,
            facts=replace(facts, wallets=wallets),
            alerts=standing,
            now=now,
            before=facts.wallets,
            later={watch.key for watch in about_it if last[watch.key] != number},
        )
        frozen = check.sweep.account.frozen
        states = tuple(replace(s, frozen=s.path in frozen) for s in verdict.wallets)
        wallets |= {state.path: state for state in states}
        standing |= {state.key: state for state in verdict.alerts}
        verdicts.append(replace(verdict, wallets=states))
    return verdicts


def _steps(
    checks: Sequence[Check], before: Mapping[str, WalletState], verdicts: Sequence[Verdict]
) -> Sequence[Step]:
    return [
        Step(
            before.get(state.path, WalletState(state.path)), state, gap_after(check.sweep.account)
        )
        for check, verdict in zip(checks, verdicts, strict=True)
        for state in verdict.wallets
    ]
