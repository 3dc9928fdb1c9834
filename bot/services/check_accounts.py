"""Check accounts: claim, read all wallets, judge, and keep the lot in one transaction.

Follow one balance: `reader` (wire) → `reach_verdict` (core) → `_keep` (database and outbox) →
`deliver_outbox` (phone). What is read for a person goes the same way, so it alerts too.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta

import structlog

from bot.core.events import about
from bot.core.health import paused
from bot.core.portfolio import Account
from bot.core.verdict import Verdict, Watch, newly_empty, reach_verdict
from bot.fetchers.model import Reading
from bot.services.ports import Claim, Clock, OpenUnit, Recipients, Spawn, Unit, WalletReader
from bot.services.read_wallets import read_wallets

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=30)
RENEW_EVERY_S = 10.0


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
            claims = await unit.accounts.claim_due(
                now=now, until=now + LEASE, busy=self._under_way
            )
        for claim in claims:
            self._start(claim)

    async def read_now(self, names: Collection[str]) -> None:
        """Read accounts now and return when that is done; join a check that is under way."""
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
            self._under_way.pop(claim.account, None)
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
        """Read all wallets that may be asked; once more those that are suddenly empty."""
        async with self._open_unit() as unit:
            known = await unit.wallets.load(account.paths)
        now = self._clock()
        paths = dict(zip(account.paths, account.wallets, strict=True))
        pauses = {p: paused(known[p].health, w, now=now) for p, w in paths.items() if p in known}
        readings = {path: pause for path, pause in pauses.items() if pause is not None}
        asked = [path for path in paths if path not in readings]
        readings |= await read_wallets(self._reader, asked, clock=self._clock)
        emptied = [path for path in asked if newly_empty(known.get(path), readings[path])]
        for path in emptied:
            log.warning("All is gone: reading again", action="confirm_empty", path=path)
        return readings | await read_wallets(self._reader, emptied, clock=self._clock)

    async def _keep(
        self, claim: Claim, readings: Mapping[str, Reading], *, due_at: datetime
    ) -> None:
        """Write everything a check means, or nothing when the account has passed on."""
        watches = self._watches[claim.account]
        async with self._open_unit() as unit:
            if not await unit.accounts.finish(claim, due_at=due_at):
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
