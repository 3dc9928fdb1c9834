"""Check accounts: claim, read all wallets, judge, and keep the lot in one transaction.

Follow one balance: `read_accounts` (wire) → `reach_verdict` (core) → `_keep` (database and outbox)
→ `deliver_outbox` (phone). What is read for a person goes the same way, so it alerts too.
"""

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from bot.core.context import with_context
from bot.core.events import AlertRaised, Event, about
from bot.core.portfolio import Account
from bot.core.roster import roster_change
from bot.core.sentences import Sentence
from bot.core.series import gap_after
from bot.core.verdict import Verdict, reach_verdict
from bot.core.watches import Watch
from bot.fetchers.errors import UnexpectedAnswer
from bot.fetchers.model import Reading
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
    Spawn,
    Tally,
    Unit,
)
from bot.services.read_accounts import ReadAccounts, Sweep
from bot.services.watch_vitals import WatchVitals
from bot.services.watched import Watched

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=30)
RENEW_EVERY_S = 10.0
MOST_UNDER_WAY = 1000
"""So many accounts are read at once; with more processes there are more."""
LOOK_AGAIN_S = 0.25
MOST_OUT_OF_STEP = timedelta(seconds=5)
"""By so much the clocks of processes that share a database may differ."""
PUT_BACK = timedelta(seconds=1)
"""By how much the clock must have gone back to matter; a correction by less holds up nothing."""
ASLEEP = timedelta(minutes=1)
"""Who has not looked for so long was asleep, or the clock was put forward."""
ROUND_WITHIN = timedelta(minutes=1)
"""How long a round is waited for by those who need all to be read anew."""

_BROKEN_OFF = Sentence("a fault of the bot broke the check off; its log says more")


class CheckAccounts:
    """Reads accounts when they are due or when somebody asks; each at most once at a time."""

    def __init__(
        self,
        *,
        watched: Watched,
        reading: ReadAccounts,
        prices: PriceSource,
        open_unit: OpenUnit,
        open_in_turn: OpenUnit,
        recipients: Recipients,
        clock: Clock,
        spawn: Spawn,
        wake_delivery: Callable[[], None],
        vitals: WatchVitals,
        tally: Tally = UNCOUNTED,
    ) -> None:
        """`open_in_turn` opens a unit for what nobody waits for, and holds up nobody else."""
        self._tally = tally
        self._watched = watched
        self._vitals = vitals
        self._reading = reading
        self._prices = prices
        self._open_unit = open_unit
        self._open_in_turn = open_in_turn
        self._recipients = recipients
        self._clock = clock
        self._spawn = spawn
        self._wake_delivery = wake_delivery
        self._under_way: dict[str, asyncio.Event] = {}
        self._looked_at = self._newest = self._round_began_at = clock()
        self._attempted: set[str] = set()
        self._round: set[str] = set()
        self._strange: set[str] = set()
        self._out_of_step = False

    @property
    def under_way(self) -> Collection[str]:
        """The accounts that are being read."""
        return self._under_way.keys()

    @property
    def all_attempted(self) -> bool:
        """Whether every account was checked, well or badly, since the start."""
        return self._attempted >= {account.name for account in self._watched.accounts}

    @property
    def has_fresh_round(self) -> bool:
        """Whether every account was checked, well or badly, since the start or the last sleep.

        After a while it is so in any case: nobody waits for ever for one that hangs.
        """
        now = self._clock()
        if self._woke_up(now):
            return False  # the round begins with the next look
        if not self._round_began_at <= now < self._round_began_at + ROUND_WITHIN:
            return True
        return self._round >= {account.name for account in self._watched.accounts}

    def _woke_up(self, now: datetime) -> bool:
        return now - self._looked_at > ASLEEP

    async def start_due(self) -> None:
        """Start a check of each account that is due; called by the timetable."""
        self._vitals.turned("checks")
        now = self._clock()
        put_back = now < self._newest - PUT_BACK
        if self._woke_up(now):
            self._round_began_at, self._round = now, set()
        async with self._open_unit() as unit:
            if self._is_out_of_step(await unit.leases.clock(), now):
                return
            if put_back:  # what was written while the clock was ahead would hold up all
                await unit.accounts.free(now=now)
            await follow(unit, self._watched)
            claims = await unit.accounts.claim_due(
                now=now,
                until=now + LEASE,
                busy={*self._under_way, *self._strange},
                most=max(0, MOST_UNDER_WAY - len(self._under_way)),
            )
        self._looked_at = now
        self._newest = now if put_back else max(self._newest, now)
        self._vitals.worked("checks")
        for claim in claims:
            if self._watched.has(claim.account):
                self._start(claim)
            else:
                await self._leave_to_others(claim)

    def _is_out_of_step(self, common: datetime | None, now: datetime) -> bool:
        """Whether our clock is so wrong that the leases of others mean nothing; said once."""
        is_wrong = common is not None and abs(common - now) > MOST_OUT_OF_STEP
        if is_wrong and not self._out_of_step:
            log.error(
                "The clock of this machine differs from that of the database: nothing is checked"
                " here until it is set",
                action="check_accounts",
                by_s=round((now - common).total_seconds(), 1) if common else None,
            )
        self._out_of_step = is_wrong
        return is_wrong

    async def _leave_to_others(self, claim: Claim) -> None:
        """Give back an account that only the settings of another process name."""
        self._strange.add(claim.account)
        log.warning(
            "Another process watches an account that these settings do not name",
            action="check_account",
            account=claim.account,
        )
        async with self._open_unit() as unit:
            await unit.accounts.finish(claim, due_at=self._clock())

    def _now(self) -> datetime:
        """Tell the time, and remember how far ahead it was that something was written by it."""
        now = self._clock()
        self._newest = max(self._newest, now)
        return now

    async def read_now(self, names: Collection[str]) -> None:
        """Read accounts now and return when that is done; join a check that is under way."""
        idle = [name for name in names if name not in self._under_way]
        elsewhere = await self._claim_now(idle)
        under_way = [self._under_way[name] for name in names if name in self._under_way]
        await asyncio.gather(*(done.wait() for done in under_way))
        await self._await_others(elsewhere)

    async def _await_others(self, names: Collection[str]) -> None:
        """Wait for what other processes are reading, for as long as a lease of theirs lasts."""
        until = self._clock() + LEASE
        while names and self._clock() < until:
            await asyncio.sleep(LOOK_AGAIN_S)
            async with self._open_unit() as unit:
                names = await unit.accounts.leased(names, now=self._clock())

    async def _claim_now(self, names: Collection[str]) -> Collection[str]:
        """Begin to read accounts; return those that another process is reading."""
        if not names:
            return ()
        now = self._now()
        async with self._open_unit() as unit:
            claims = [
                await unit.accounts.claim(name, now=now, until=now + LEASE) for name in names
            ]
        for claim in claims:
            if claim is not None:
                self._start(claim)
        return set(names) - {claim.account for claim in claims if claim is not None}

    def _start(self, claim: Claim) -> None:
        done = self._under_way[claim.account] = asyncio.Event()
        self._spawn(self._check(claim, done), name=f"check {claim.account}")

    async def _check(self, claim: Claim, done: asyncio.Event) -> None:
        """Check one account; the edge at which nothing may escape."""
        this_round = self._round
        try:
            account = self._watched.account(claim.account)
            started_at = self._now()
            sweep = await self._read_under_lease(claim, account)
            begun_at = min(started_at, self._clock())  # the clock may have been put back
            kept = await self._keep(claim, sweep, due_at=begun_at + account.check_every)
            self._tally.checked("kept" if kept else "lease_lost")
        except Exception:
            log.exception("A check broke off", action="check_account", account=claim.account)
            self._tally.checked("broken")
            await self._keep_broken(claim)
        finally:
            this_round.add(claim.account)  # one that was begun before a sleep is not of the next
            self._attempted.add(claim.account)
            self._under_way.pop(claim.account, None)
            done.set()

    async def _keep_broken(self, claim: Claim) -> None:
        """Take a check that broke off for a failure of all that it was about: it must be told."""
        account, now = self._watched.account(claim.account), self._now()
        error = UnexpectedAnswer(_BROKEN_OFF)
        readings = {
            path: Reading(path.partition("/")[2], now, None, error) for path in account.sources
        }
        try:
            await self._keep(claim, Sweep(account, readings), due_at=now + account.check_every)
        except Exception:
            log.exception("Nor was that kept", action="check_account", account=claim.account)

    async def _read_under_lease(self, claim: Claim, account: Account) -> Sweep:
        async with asyncio.TaskGroup() as group:
            renewing = group.create_task(self._renew(claim))
            sweep = await self._reading.read(account)
            renewing.cancel()
        return sweep

    async def _renew(self, claim: Claim) -> None:
        """Prolong the lease until cancelled; a lost one is noticed when the check is kept."""
        while True:
            await asyncio.sleep(RENEW_EVERY_S)
            async with self._open_in_turn() as unit:
                await unit.accounts.renew(claim, until=self._now() + LEASE)

    async def _keep(self, claim: Claim, sweep: Sweep, *, due_at: datetime) -> bool:
        """Write everything a check means; False, and nothing, when the account has passed on."""
        async with self._open_in_turn() as unit:
            if not await unit.accounts.finish(claim, due_at=due_at):
                log.warning("Checked too late", action="lease_lost", account=claim.account)
                return False
            await follow(unit, self._watched)
            await unit.alerts.lock(self._watched.shared_by(claim.account))
            events = (
                *await self._keep_roster(unit, sweep),
                *await self._keep_readings(unit, sweep),
            )
            await self._queue(unit, events)
        self._watched.adopt(sweep.account)
        self._tally.told(events)
        if events:
            self._wake_delivery()
        return True

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

    async def _keep_readings(self, unit: Unit, sweep: Sweep) -> Sequence[Event]:
        watches = self._watched.watches_about(sweep.account)
        verdict = await self._judged(unit, sweep, watches)
        frozen = sweep.account.frozen
        await unit.wallets.save(
            (replace(s, frozen=s.path in frozen) for s in verdict.wallets),
            most_apart=gap_after(sweep.account),
        )
        await unit.alerts.save(verdict.alerts)
        return await self._with_context(unit, verdict, watches)

    async def _judged(self, unit: Unit, sweep: Sweep, watches: Sequence[Watch]) -> Verdict:
        now = self._clock()
        facts = await gather_facts(unit, self._prices, watches, now=now, paths=sweep.readings)
        alerts = await unit.alerts.load([watch.key for watch in watches])
        return reach_verdict(sweep.readings, watches=watches, facts=facts, alerts=alerts, now=now)

    async def _with_context(
        self, unit: Unit, verdict: Verdict, watches: Sequence[Watch]
    ) -> Sequence[Event]:
        """Complete what was raised just now; the wallets are saved already."""
        raised = {e.alert.key for e in verdict.events if isinstance(e, AlertRaised)}
        concerned = {watch.key: watch for watch in watches if watch.key in raised}
        if not concerned:
            return verdict.events
        now = self._clock()
        facts = await gather_context(unit, self._prices, concerned.values(), now=now)
        return with_context(verdict.events, concerned, facts, now=now)

    async def _queue(self, unit: Unit, events: Sequence[Event]) -> None:
        if not events:
            return
        chats = self._recipients(await unit.chats.load())
        await unit.outbox.add(events, chats=chats, at=self._clock())
        for event in events:
            log.info("Worth telling", action=event.kind, chats=len(chats), about=about(event))
