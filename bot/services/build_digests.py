"""Build digests: one a chat, period and local date, queued when due, filled when it is sent."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import structlog

from bot.core.delivery import Chat
from bot.core.digest import Digest, build_digest, evenly
from bot.core.events import DigestDue
from bot.core.past_prices import MONEY, NEAR, PastPrices, hour_of
from bot.core.plans import change_plan
from bot.core.portfolio import WalletState
from bot.core.scope import ALL, Asker
from bot.core.stock import Stock, account_of
from bot.core.timing import PERIODS, DigestPlan, Period, instant_of
from bot.core.valuation import PriceBook
from bot.core.value_change import Books, Past, past_of
from bot.services.keep_prices import KeepPrices
from bot.services.narrowed import narrowed
from bot.services.ports import Clock, OpenUnit, Recipients, Unit
from bot.services.report_balances import is_stale
from bot.services.show_history import Question, ShowHistory, Span
from bot.services.watched import Watched

log = structlog.get_logger(__name__)

LATE_AFTER = timedelta(minutes=5)
"""For a machine that slept; after a start, whatever was due before it is late."""
COURSE_STEPS = 24
COURSE_WITHIN_S = 5.0
"""A digest does not wait longer to tell what was meanwhile; it can do without."""
SPAN_OF: Mapping[Period, Span] = {"daily": "1d", "weekly": "7d", "monthly": "30d"}
"""Which picture of the past is about the time of a digest."""
_LONGEST = 2
"""Periods; what is further back than that is not compared, as if it were the one before."""


@dataclass(frozen=True, slots=True)
class PlanReport:
    """When a chat gets its digest."""

    plan: DigestPlan
    next_at: datetime | None
    """None: never."""
    zone: ZoneInfo
    """By whose clock."""
    at: datetime


class BuildDigests:
    """Queues the digests that are due, and fills them."""

    def __init__(
        self,
        *,
        at: time | None,
        zone: ZoneInfo,
        watched: Watched,
        prices: KeepPrices,
        history: ShowHistory,
        open_unit: OpenUnit,
        recipients: Recipients,
        clock: Clock,
        wake_delivery: Callable[[], None],
        kept_as: Mapping[str, str] | None = None,
    ) -> None:
        """Take what counts for chats that have not said otherwise.

        `at`, by the clock of `zone`, is None where digests are off. `kept_as` names by account
        what its prices are kept as; None: they are not kept.
        """
        self._usual = DigestPlan(at=at)
        self._zone = zone
        self._watched = watched
        self._all = watched
        self._scope = ALL
        self._prices = prices
        self._history = history
        self._open_unit = open_unit
        self._recipients = recipients
        self._clock = clock
        self._started_at = clock()
        self._wake_delivery = wake_delivery
        self._kept_as = kept_as

    async def queue_due(self) -> None:
        """Queue what is due now; calling it again queues nothing twice."""
        now = self._clock()
        async with self._open_unit() as unit:
            queued = [
                chat
                for chat in self._recipients(await unit.chats.load())
                if await self._queue_for(unit, chat, now)
            ]
        if queued:
            log.info("Digests are due", action="queue_digests", chats=len(queued))
            self._wake_delivery()

    async def _queue_for(self, unit: Unit, chat: Chat, now: datetime) -> bool:
        """Queue what is due in a chat; False where nothing is."""
        plan, zone = self._plan(chat), chat.preferences.zone_or(self._zone)
        day = plan.due_date(now, zone)
        if day is None or plan.at is None:
            return False
        due_at = instant_of(day, plan.at, zone)
        if not (_counts(chat.since, due_at, now) and _counts(plan.since, due_at, now)):
            return False
        if not await unit.digests.add(chat.chat_id, day, period=plan.period, at=due_at):
            return False
        event = DigestDue(
            local_date=day,
            since=await self._opening(unit, chat, plan, day, zone),
            late=due_at < self._started_at or now - due_at > LATE_AFTER,
            at=due_at,
            period=plan.period,
        )
        await unit.outbox.add([event], chats=[chat], at=now)
        return True

    async def _opening(
        self, unit: Unit, chat: Chat, plan: DigestPlan, day: date, zone: ZoneInfo
    ) -> datetime:
        """Tell since when a digest is: where the one before it ended, if that is not long ago."""
        usual = instant_of(plan.before(day), plan.at or time(), zone)
        last = await unit.digests.last_before(chat.chat_id, day, period=plan.period)
        due_at = instant_of(day, plan.at or time(), zone)
        return usual if last is None or due_at - last > _LONGEST * PERIODS[plan.period] else last

    def _plan(self, chat: Chat | None) -> DigestPlan:
        wanted = chat.preferences.digest if chat is not None else None
        return self._usual if wanted is None else wanted

    def planned(self, chat: Chat, words: Sequence[str], *, at: datetime) -> DigestPlan:
        """Return the plan of a chat as somebody wants to have it from an instant on.

        That is when he said it: heard again after a crash, it must not skip what was due since.

        Raises:
            PlanMistake: the words say no time.
        """
        return change_plan(words, self._plan(chat), now=at)

    async def plan_of(self, chat: Chat) -> PlanReport:
        """Tell when a chat gets its digest."""
        plan, zone, now = self._plan(chat), chat.preferences.zone_or(self._zone), self._clock()
        not_long_ago = now.date() - timedelta(days=2)
        async with self._open_unit() as unit:
            done = await unit.digests.dates(chat.chat_id, since=not_long_ago, period=plan.period)
        return PlanReport(plan, plan.next_at(now, zone, done=done), zone, now)

    def within(self, asker: Asker) -> "BuildDigests":
        """Return what tells what may be known of where `asker` is."""
        return narrowed(
            self,
            watched=self._all.within(asker.scope),
            scope=asker.scope,
            prices=self._prices.told_in(asker.currency),
            history=self._history.within(asker),
        )

    async def load(self, event: DigestDue) -> Digest:
        """Fill a digest with what is known now."""
        async with self._open_unit() as unit:
            states = self._watched.states_in(await unit.wallets.load())
            firing = await unit.alerts.firing()
            past, then = await self._look_back(unit, states, event.since)
        now = self._clock()
        book = self._prices.book(self._prices.currency)
        books = Books(book, then, self._prices.markets, self._kept_as or {})
        return build_digest(
            local_date=event.local_date,
            period=event.period,
            late=event.late,
            stock=Stock(states, books.now, markets=books.markets, now=now),
            wallets=states,
            past=past,
            books=books,
            stale=[state for state in states if self._is_stale(state, now)],
            firing=[
                state
                for state in firing
                if state.alert and self._scope.covers(state.alert.subject, self._all.sources)
            ],
            course=await self._course(event.period),
        )

    async def _look_back(
        self, unit: Unit, states: Sequence[WalletState], since: datetime | None
    ) -> tuple[Past | None, PriceBook | None]:
        """Load what there was at the opening, and the prices of then."""
        if since is None:
            return None, None
        holdings = await unit.wallets.holdings_at(since)
        past = past_of(holdings, self._watched.snapshots(states), at=since)
        if self._kept_as is None:
            return past, None
        coins = {b.asset for held in holdings.values() for b in held} | MONEY
        kept = await unit.past.prices(since=hour_of(since) - NEAR, every_h=1, coins=coins)
        return past, PastPrices(kept, self._prices.currency).book(since)

    async def _course(self, period: Period) -> Sequence[Decimal | None]:
        """Tell what all was worth meanwhile; a digest comes without where that cannot be had."""
        try:
            async with asyncio.timeout(COURSE_WITHIN_S):
                told = await self._history.report(Question(span=SPAN_OF[period]))
        except Exception:
            log.exception("A digest comes without its course", action="build_digest")
            return ()
        watched = [at for at in told.series.unwatched.values() if at is not None]
        begin = max(watched, default=told.since)  # before, it was not all that it is now
        return evenly(
            [
                (figure.at, None if figure.unread else figure.value)
                for figure in told.series.totals
                if figure.at >= begin
            ],
            steps=COURSE_STEPS,
        )

    def _is_stale(self, state: WalletState, now: datetime) -> bool:
        return is_stale(state, self._watched.account(account_of(state.path)), now)

    async def preview(self, chat: Chat | None = None) -> Digest:
        """Show now what the next digest would tell, counted from a day, a week, a month ago."""
        period, now = self._plan(chat).period, self._clock()
        zone = chat.preferences.zone_or(self._zone) if chat is not None else self._zone
        event = DigestDue(
            local_date=now.astimezone(zone).date(),
            since=now - PERIODS[period],
            late=False,
            at=now,
            period=period,
        )
        return await self.load(event)


def _counts(begun: datetime | None, due_at: datetime, now: datetime) -> bool:
    """Whether what is due came after a beginning; or that was when the clock was ahead."""
    return begun is None or not due_at <= begun <= now
