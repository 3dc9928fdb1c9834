"""Check accounts: claim, read all wallets, judge, and keep the lot in one transaction.

Follow one balance: `reader` (wire) → `reach_verdict` (core) → `_keep` (database and outbox) →
`deliver_outbox` (phone). What is read for a person goes the same way, so it alerts too.
"""

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

import structlog

from bot.core.events import about
from bot.core.portfolio import Account
from bot.core.verdict import Verdict, Watch, newly_empty, reach_verdict
from bot.fetchers.errors import RateLimited
from bot.fetchers.model import Reading
from bot.services.ports import Claim, Clock, OpenUnit, Recipients, Spawn, Unit, WalletReader

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=30)
RENEW_EVERY_S = 10.0
SHORT_PAUSE = timedelta(seconds=5)


class CheckAccounts:
    """Reads accounts when they are due or when somebody asks; each at most once at a time."""

    def __init__(
        self,
        *,
        accounts: Sequence[Account],
        watches: Sequence[Watch],
        reader: WalletReader,
        open_unit: OpenUnit,
        recipients: Recipients,
        clock: Clock,
        spawn: Spawn,
        wake_delivery: Callable[[], None],
    ) -> None:
        self._accounts = {account.name: account for account in accounts}
        self._watches = {
            account.name: tuple(w for w in watches if set(w.paths) & set(account.paths))
            for account in accounts
        }
        self._reader = reader
        self._open_unit = open_unit
        self._recipients = recipients
        self._clock = clock
        self._spawn = spawn
        self._wake_delivery = wake_delivery
        self._under_way: dict[str, asyncio.Event] = {}
        self._attempted: set[str] = set()

    @property
    def all_attempted(self) -> bool:
        """Whether every account was checked, well or badly, since the start."""
        return self._attempted >= self._accounts.keys()

    async def start_due(self) -> None:
        """Start a check of each account that is due; called by the timetable."""
        now = self._clock()
        async with self._open_unit() as unit:
            claims = await unit.accounts.claim_due(now=now, until=now + LEASE)
        for claim in claims:
            self._start(claim)

    async def read_now(self, names: Collection[str]) -> None:
        """Read accounts now and return when that is done; join a check that is under way.

        An account that may not be asked yet (its exchange wants a pause) is left as it is.
        """
        for name in names:
            if name not in self._under_way:
                await self._claim_now(name)
        under_way = [self._under_way[name] for name in names if name in self._under_way]
        await asyncio.gather(*(done.wait() for done in under_way))

    async def _claim_now(self, name: str) -> None:
        now = self._clock()
        async with self._open_unit() as unit:
            claim = await unit.accounts.claim(name, now=now, until=now + LEASE)
        if claim is not None:
            self._start(claim)

    def _start(self, claim: Claim) -> None:
        done = self._under_way[claim.account] = asyncio.Event()
        self._spawn(self._check(claim, done), name=f"check {claim.account}")

    async def _check(self, claim: Claim, done: asyncio.Event) -> None:
        """Check one account; the edge at which nothing may escape."""
        try:
            account = self._accounts[claim.account]
            started_at = self._clock()
            readings = await self._read_under_lease(claim, account)
            await self._keep(claim, readings, due_at=started_at + account.check_every)
        except Exception:
            log.exception("A check broke off", action="check_account", account=claim.account)
        finally:
            self._attempted.add(claim.account)
            del self._under_way[claim.account]
            done.set()

    async def _read_under_lease(self, claim: Claim, account: Account) -> Mapping[str, Reading]:
        async with asyncio.TaskGroup() as group:
            renewing = group.create_task(self._renew(claim))
            readings = await self._read(account)
            renewing.cancel()
        return readings

    async def _renew(self, claim: Claim) -> None:
        """Prolong the lease until cancelled; a lost one is noticed when the check is kept."""
        while True:
            await asyncio.sleep(RENEW_EVERY_S)
            async with self._open_unit() as unit:
                await unit.accounts.renew(claim, until=self._clock() + LEASE)

    async def _read(self, account: Account) -> Mapping[str, Reading]:
        """Read all wallets, and once more those that are suddenly empty or were told to wait."""
        readings = await self._read_wallets(account.paths)
        async with self._open_unit() as unit:
            known = await unit.wallets.load(account.paths)
        emptied = [path for path, r in readings.items() if newly_empty(known.get(path), r)]
        for path in emptied:
            log.warning("All is gone: reading again", action="confirm_empty", path=path)
        pauses = _short_pauses(readings, self._clock())
        await asyncio.sleep(max(pauses.values(), default=timedelta(0)).total_seconds())
        return readings | await self._read_wallets([*emptied, *pauses])

    async def _read_wallets(self, paths: Iterable[str]) -> dict[str, Reading]:
        async with asyncio.TaskGroup() as group:
            tasks = {path: group.create_task(self._reader(path)) for path in paths}
        return {path: task.result() for path, task in tasks.items()}

    async def _keep(
        self, claim: Claim, readings: Mapping[str, Reading], *, due_at: datetime
    ) -> None:
        """Write everything a check means, or nothing when the account has passed on."""
        watches = self._watches[claim.account]
        async with self._open_unit() as unit:
            rest_until = _rest_until(readings)
            if not await unit.accounts.finish(claim, due_at=due_at, rest_until=rest_until):
                log.warning("Checked too late", action="lease_lost", account=claim.account)
                return
            needed = {*readings, *(path for watch in watches for path in watch.paths)}
            verdict = reach_verdict(
                readings,
                watches=watches,
                known=await unit.wallets.load(needed),
                alerts=await unit.alerts.load([watch.key for watch in watches]),
            )
            await self._save(unit, verdict)
        if verdict.events:
            self._wake_delivery()

    async def _save(self, unit: Unit, verdict: Verdict) -> None:
        await unit.wallets.save(verdict.wallets)
        await unit.alerts.save(verdict.alerts)
        if verdict.events:
            chats = self._recipients(await unit.chats.load())
            await unit.outbox.add(verdict.events, chats=chats, at=self._clock())
            for event in verdict.events:
                log.info("Worth telling", action=event.kind, chats=len(chats), about=about(event))


def _short_pauses(readings: Mapping[str, Reading], now: datetime) -> dict[str, timedelta]:
    """Find the wallets that the exchange will let us read again in a moment."""
    pauses = {
        path: max(reading.error.retry_at - now, timedelta(0))
        for path, reading in readings.items()
        if isinstance(reading.error, RateLimited)
    }
    return {path: pause for path, pause in pauses.items() if pause <= SHORT_PAUSE}


def _rest_until(readings: Mapping[str, Reading]) -> datetime | None:
    """Return before when nothing may be asked: going on would make a lock longer."""
    pauses = [r.error.retry_at for r in readings.values() if isinstance(r.error, RateLimited)]
    return max(pauses, default=None)
