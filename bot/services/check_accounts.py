"""Check accounts: claim those that are due, and have each read and kept.

Follow one balance: `read_accounts` (wire) → `keep_checks`, where `reach_verdict` judges (core) and
everything is written in one transaction (database and outbox) → `deliver_outbox` (phone). What is
read for a person goes the same way, so it alerts too.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from bot.core.sentences import Sentence
from bot.core.spread import PORTION_EVERY_S, next_due, portion_of
from bot.fetchers.errors import UnexpectedAnswer
from bot.fetchers.model import Reading
from bot.services.follow import follow, stay_watched
from bot.services.keep_checks import Check, KeepChecks
from bot.services.lead import MOST_OUT_OF_STEP
from bot.services.ports import (
    UNCOUNTED,
    Claim,
    Clock,
    NotKept,
    OpenUnit,
    Outdated,
    Spawn,
    Tally,
    Unit,
)
from bot.services.read_accounts import Known, ReadAccounts, Sweep
from bot.services.watch_vitals import WatchVitals
from bot.services.watched import Watched

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=30)
RENEW_AFTER = timedelta(seconds=10)
MOST_UNDER_WAY = 1000
"""So many accounts are read at once; with more processes there are more."""
LOOK_AGAIN_S = 0.25
MAKE_SURE_EVERY = timedelta(seconds=30)
PUT_BACK = timedelta(seconds=1)
"""By how much the clock must have gone back to matter; a correction by less holds up nothing."""
ASLEEP = timedelta(minutes=1)
"""Who has not looked for so long was asleep, or the clock was put forward."""
ROUND_WITHIN = timedelta(minutes=1)
"""How long a round is waited for by those who need all to be read anew."""

_BROKEN_OFF = Sentence("a fault of the bot broke the check off; its log says more")


@dataclass(slots=True)
class _UnderWay:
    """A check that has begun."""

    claim: Claim
    held_since: datetime
    """When its lease was prolonged last."""
    done: asyncio.Event = field(default_factory=asyncio.Event)


class CheckAccounts:
    """Reads accounts when they are due or when somebody asks; each at most once at a time."""

    def __init__(
        self,
        *,
        watched: Watched,
        reading: ReadAccounts,
        keeping: KeepChecks,
        open_unit: OpenUnit,
        clock: Clock,
        spawn: Spawn,
        vitals: WatchVitals,
        tally: Tally = UNCOUNTED,
        pause: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        """`pause` waits for so many seconds."""
        self._pause = pause
        self._door = asyncio.Lock()
        self._tally = tally
        self._watched = watched
        self._vitals = vitals
        self._reading = reading
        self._keeping = keeping
        self._open_unit = open_unit
        self._clock = clock
        self._spawn = spawn
        self._under_way: dict[str, _UnderWay] = {}
        self._looked_at = self._newest = self._round_began_at = clock()
        self._attempted: set[str] = set()
        self._round: set[str] = set()
        self._strange: set[str] = set()
        self._out_of_step = False
        self._made_sure_at = self._looked_at

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
        async with self._open_unit() as unit:
            now = self._clock()
            put_back = now < self._newest - PUT_BACK
            if self._woke_up(now):
                self._round_began_at, self._round = now, set()
            await follow(unit, self._watched)
            if await self._is_out_of_step(unit):
                return
            if put_back:  # what was written while the clock was ahead would hold up all
                await unit.accounts.free(now=now)
            if not timedelta(0) <= now - self._made_sure_at < MAKE_SURE_EVERY:
                await stay_watched(unit, self._watched, now=now)
                self._made_sure_at = now
            old = await self._renew(unit, now)
            claims = await unit.accounts.claim_due(
                now=now,
                until=now + LEASE,
                busy={*self._under_way, *self._strange},
                most=max(0, MOST_UNDER_WAY - len(self._under_way)),
            )
            await follow(unit, self._watched)  # also what was kept until they were ours
            ours = [claim for claim in claims if self._watched.has(claim.account)]
            known = await self._reading.recall(unit, [claim.account for claim in ours])
        for check in old:
            check.held_since = now
        self._looked_at = now
        self._newest = now if put_back else max(self._newest, now)
        self._vitals.worked("checks")
        portion = portion_of(len(ours), among=self._watched.size)
        for number, claim in enumerate(ours):
            self._start(claim, known, opens=number % portion == 0 < number)
        for claim in claims:
            if claim not in ours:
                await self._leave_to_others(claim)

    async def _renew(self, unit: Unit, now: datetime) -> "Sequence[_UnderWay]":
        """Prolong the leases of what takes long; a lost one is noticed when the check is kept."""
        old = [
            check
            for check in self._under_way.values()
            if not timedelta(0) <= now - check.held_since < RENEW_AFTER
        ]
        await unit.accounts.renew([check.claim for check in old], until=now + LEASE)
        return old

    async def _is_out_of_step(self, unit: Unit) -> bool:
        """Whether our clock is so wrong that the leases of others mean nothing; said once."""
        try:
            common, now = await unit.leases.clock(), self._clock()
        except Outdated:
            return True  # who leads, or waits for it, ends this process
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
            await unit.accounts.finish({claim: self._clock()})

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
        await asyncio.gather(*(check.done.wait() for check in under_way))
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
        async with self._open_unit() as unit:
            if await self._is_out_of_step(unit):
                return ()
            now = self._now()
            asked = [await unit.accounts.claim(name, now=now, until=now + LEASE) for name in names]
            claims = [claim for claim in asked if claim is not None]
            await follow(unit, self._watched)
            known = await self._reading.recall(unit, [claim.account for claim in claims])
        for claim in claims:
            self._start(claim, known, opens=None)
        return set(names) - {claim.account for claim in claims}

    def _start(self, claim: Claim, known: Known, *, opens: bool | None) -> None:
        self._under_way[claim.account] = _UnderWay(claim, self._clock())
        self._spawn(self._check(claim, known, opens=opens), name=f"check {claim.account}")

    async def _wait_for_portion(self, *, opens: bool | None) -> None:
        """Come through the door in one's turn; who opens a portion first keeps all others out.

        A loop that has much to do comes back late to who waits here, and so gets no more to do.
        """
        if opens is None:  # somebody waits for it
            return
        async with self._door:
            if opens:
                await self._pause(PORTION_EVERY_S)

    async def _check(self, claim: Claim, known: Known, *, opens: bool | None) -> None:
        """Check one account; the edge at which nothing may escape."""
        this_round = self._round
        try:
            account = self._watched.account(claim.account)
            started_at = self._now()  # what is in step stays in step
            await self._wait_for_portion(opens=opens)
            sweep = await self._reading.read(account, known)
            begun_at = min(started_at, self._clock())  # the clock may have been put back
            kept = await self._keep_or_try_again(claim, sweep, begun_at)
            self._tally.checked("kept" if kept else "lease_lost")
        except NotKept:  # the account is free again when the lease has run out
            log.exception("A check was not kept", action="check_account", account=claim.account)
            self._tally.checked("broken")
        except Exception:
            log.exception("A check broke off", action="check_account", account=claim.account)
            self._tally.checked("broken")
            await self._keep_broken(claim)
        finally:
            this_round.add(claim.account)  # one that was begun before a sleep is not of the next
            self._attempted.add(claim.account)
            self._under_way.pop(claim.account).done.set()

    async def _keep_broken(self, claim: Claim) -> None:
        """Take a check that broke off for a failure of all that it was about: it must be told."""
        account, now = self._watched.account(claim.account), self._now()
        error = UnexpectedAnswer(_BROKEN_OFF)
        readings = {
            path: Reading(path.partition("/")[2], now, None, error) for path in account.sources
        }
        try:
            await self._keep(claim, Sweep(account, readings), now)
        except Exception:
            log.exception("Nor was that kept", action="check_account", account=claim.account)

    async def _keep_or_try_again(self, claim: Claim, sweep: Sweep, begun_at: datetime) -> bool:
        """Keep a check once more where the database did not take it: what was read is good."""
        try:
            return await self._keep(claim, sweep, begun_at)
        except NotKept:
            log.warning("A check is kept once more", action="check_account", account=claim.account)
            await asyncio.sleep(LOOK_AGAIN_S)
            return await self._keep(claim, sweep, begun_at)

    async def _keep(self, claim: Claim, sweep: Sweep, begun_at: datetime) -> bool:
        account = sweep.account
        due_at = next_due(
            account.name,
            begun_at=begun_at,
            every=account.round,
            among=self._watched.size,
        )
        return await self._keeping.keep(Check(claim, sweep, due_at))
