"""The use cases on a real database, with a clock by hand and doubles that write down."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from functools import cached_property, partial
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from typing_extensions import override

from bot.core.delivery import Chat, Delivered, Outcome, Sent
from bot.core.digest import Digest
from bot.core.elsewhere import Late
from bot.core.events import Event
from bot.core.portfolio import LISTING, Account
from bot.core.rules import Rule, parse_rule
from bot.fetchers.errors import FetchError
from bot.fetchers.model import Balance, Price, Reading, SubAccount
from bot.services.build_digests import BuildDigests
from bot.services.check_accounts import CheckAccounts
from bot.services.deliver_outbox import DeliverOutbox, Hear
from bot.services.follow import begin_to_watch, forget_others
from bot.services.keep_checks import KeepChecks
from bot.services.keep_prices import KeepPrices
from bot.services.manage_alerts import ManageAlerts
from bot.services.manage_chats import ManageChats
from bot.services.manage_rules import ManageRules
from bot.services.ports import UNCOUNTED, Card, ChatSender, OpenUnit, Parcel, PriceReader, Tally
from bot.services.read_accounts import ReadAccounts
from bot.services.report_balances import ReportBalances
from bot.services.show_alerts import ShowAlerts
from bot.services.show_history import ShowHistory
from bot.services.watch_vitals import WatchVitals
from bot.services.watched import Watched
from bot.store.database import open_database
from bot.store.unit_of_work import units_of

START = datetime(2026, 1, 15, 9, tzinfo=UTC)
OWNER, GROUP = 1001, -4001
MINUTE = timedelta(minutes=1)


@dataclass
class HandClock:
    """Stands still until it is moved."""

    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **duration: float) -> None:
        self.now += timedelta(**duration)


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
async def engine(file_url: str) -> AsyncIterator[AsyncEngine]:
    async with open_database(file_url) as engine:
        yield engine


@pytest.fixture
def open_unit(engine: AsyncEngine) -> OpenUnit:
    return units_of(engine)


def _balance(coin: str, amount: str) -> Balance:
    return Balance(coin, Decimal(amount), Decimal(amount), Decimal(0))


@dataclass
class Exchange:
    """Stands for all exchanges: what it answers for each path, and who has asked."""

    clock: HandClock
    answers: dict[str, dict[str, str] | Exception] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    gate: asyncio.Event | None = None
    """While it is there and not set, nothing is answered."""
    on_ask: Callable[[str], None] = lambda path: None
    subs: list[SubAccount] | FetchError = field(default_factory=list)
    """What `main` lists, whenever it is asked to."""
    floor: timedelta = timedelta(0)
    prices: dict[str, list[Price] | Exception] = field(default_factory=dict)
    """What `okx` and `xt` tell, whenever they are asked to."""

    @property
    def price_readers(self) -> dict[str, PriceReader]:
        return {market: partial(self.tell_prices, market) for market in ("okx", "xt")}

    async def tell_prices(self, market: str) -> Sequence[Price]:
        self.asked.append(f"prices of {market}")
        self.on_ask(market)
        answer = self.prices.get(market, [])
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def list_subs(self, account: str) -> Sequence[SubAccount]:
        path = f"{account}/{LISTING}"
        self.asked.append(path)
        self.on_ask(path)
        if isinstance(self.subs, FetchError):
            raise self.subs
        return tuple(self.subs)

    async def __call__(self, path: str) -> Reading:
        wallet = path.partition("/")[2]
        self.asked.append(path)
        self.on_ask(path)
        if self.gate is not None:
            await self.gate.wait()
        answer = self.answers.get(path, {})
        if isinstance(answer, FetchError):
            return Reading(wallet, self.clock(), None, answer)
        if isinstance(answer, Exception):
            raise answer
        return Reading(wallet, self.clock(), tuple(_balance(*row) for row in answer.items()))

    async def wait_for(self, count: int) -> None:
        """Wait until so much was asked."""
        async with asyncio.timeout(10):
            while len(self.asked) < count:  # noqa: ASYNC110 - `asked` may be looked at and cleared
                await asyncio.sleep(0)


@pytest.fixture
def exchange(clock: HandClock) -> Exchange:
    return Exchange(clock)


@dataclass(frozen=True)
class Said:
    """One call of the sender."""

    chat_id: int
    events: tuple[Event, ...]
    digest: Digest | None
    maybe_repeated: bool
    reply_to: int | None
    late: Late | None = None
    thread_id: int | None = None

    @property
    def kinds(self) -> list[str]:
        return [event.kind for event in self.events]


@dataclass
class Recorder(ChatSender):
    """Writes down what is sent, and answers as it is told to; by default all arrives."""

    said: list[Said] = field(default_factory=list)
    outcomes: dict[int, list[Outcome | Exception]] = field(default_factory=dict)
    """What to answer in a chat, in this order, before all is well."""
    edited: list[Card] = field(default_factory=list)
    edit_outcomes: list[Outcome | Exception] = field(default_factory=list)
    """What to answer to edits, in this order, before all is well."""
    gates: dict[int, asyncio.Event] = field(default_factory=dict)
    """Chats in which sending hangs until the event is set."""
    turns: dict[int, asyncio.Event] = field(default_factory=dict)
    """Chats whose turn does not come until the event is set."""
    no_edits: set[int] = field(default_factory=set)
    """Chats in which nothing may be edited just now."""
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    @override
    @asynccontextmanager
    async def turn(self, chat_id: int, *, edits: bool = False) -> AsyncIterator[None]:
        if chat_id in self.turns:
            await self.turns[chat_id].wait()
        yield

    @override
    def may_edit(self, chat_id: int) -> bool:
        return chat_id not in self.no_edits

    @override
    async def send_events(
        self,
        chat: Chat,
        events: Sequence[Event],
        *,
        maybe_repeated: bool,
        reply_to: int | None,
        late: Late | None = None,
    ) -> Outcome:
        return await self._take(
            Said(chat.chat_id, tuple(events), None, maybe_repeated, reply_to, late, chat.thread_id)
        )

    @override
    async def edit_events(self, card: Card) -> Outcome:
        self.edited.append(card)
        async with self._changed:
            self._changed.notify_all()
        outcome = self.edit_outcomes.pop(0) if self.edit_outcomes else Sent(card.message_id)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    async def wait_for_edits(self, count: int) -> list[Card]:
        """Wait until so many edits were tried."""
        async with asyncio.timeout(10), self._changed:
            await self._changed.wait_for(lambda: len(self.edited) >= count)
        return self.edited

    @override
    async def send_digest(self, chat: Chat, digest: Digest, *, maybe_repeated: bool) -> Outcome:
        return await self._take(Said(chat.chat_id, (), digest, maybe_repeated, None))

    async def _take(self, said: Said) -> Outcome:
        self.said.append(said)
        async with self._changed:
            self._changed.notify_all()
        if said.chat_id in self.gates:
            await self.gates[said.chat_id].wait()
        waiting = self.outcomes.get(said.chat_id)
        outcome = waiting.pop(0) if waiting else Sent(1000 + len(self.said))
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    async def wait_for(self, count: int) -> list[Said]:
        """Wait until so much was sent, or begun to be."""
        async with asyncio.timeout(10), self._changed:
            await self._changed.wait_for(lambda: len(self.said) >= count)
        return self.said


@pytest.fixture
def sender() -> Recorder:
    return Recorder()


@dataclass
class House:
    """All use cases around one database; what is set before `open` counts."""

    clock: HandClock
    open_unit: OpenUnit
    exchange: Exchange
    sender: Recorder
    accounts: tuple[Account, ...] = (
        Account("main", "okx", ("funding", "trading"), MINUTE),
        Account("xt", "xt", ("spot",), MINUTE),
    )
    rules: dict[str, Rule] = field(
        default_factory=lambda: {"low": parse_rule("main/funding USDT < 500")}
    )
    owners: tuple[int, ...] = (OWNER,)
    chats_allowed: tuple[int, ...] = (GROUP,)
    digest_at: time | None = time(9)
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    tasks: set[asyncio.Task[None]] = field(default_factory=set)
    watched: Watched | None = None
    """None: each that is built begins with the settings."""
    kept_prices: KeepPrices | None = None
    tally: Tally = UNCOUNTED
    pause: Callable[[float], Awaitable[object]] = lambda _: asyncio.sleep(0)
    """Between portions of what is due at once."""
    hear: Hear | None = None

    def spawn(self, work: Coroutine[Any, Any, None], *, name: str) -> None:
        task = asyncio.get_running_loop().create_task(work, name=name)
        self.tasks.add(task)

    @property
    def chats(self) -> ManageChats:
        return ManageChats(
            owners=self.owners,
            chats=self.chats_allowed,
            zone=self.zone,
            open_unit=self.open_unit,
            clock=self.clock,
            wake_delivery=self.changed.set,
        )

    @cached_property
    def vitals(self) -> WatchVitals:
        return WatchVitals(
            open_unit=self.open_unit,
            recipients=self.chats.recipients,
            clock=self.clock,
            counted_s=lambda: self.clock().timestamp(),
        )

    @property
    def prices(self) -> KeepPrices:
        """Have the prices that were told so far."""
        if self.kept_prices is None:
            self.kept_prices = KeepPrices(
                readers=self.exchange.price_readers,
                markets={account.name: account.exchange for account in self.accounts},
                currency="USDT",
                clock=self.clock,
            )
        return self.kept_prices

    def watch(self) -> Watched:
        """Watch what the settings say, as a program does that is started now."""
        return Watched(self.accounts, self.rules)

    async def start(self) -> CheckAccounts:
        """Start anew: settle what is watched, and keep it for all that is built from now on."""
        self.watched = self.watch()
        async with self.open_unit() as unit:
            await begin_to_watch(unit, self.watched, now=self.clock())
            await forget_others(unit, self.watched)
        await self.build_rules().settle()
        return self.build_checks()

    def build_checks(self) -> CheckAccounts:
        watched = self.watched or self.watch()
        reading = ReadAccounts(
            watched=watched,
            reader=self.exchange,
            lister=self.exchange.list_subs,
            floor=lambda account, wallets: self.exchange.floor,
            clock=self.clock,
        )
        keeping = KeepChecks(
            watched=watched,
            prices=self.prices,
            open_unit=self.open_unit,
            recipients=self.chats.recipients,
            clock=self.clock,
            wake_delivery=self.changed.set,
            tally=self.tally,
        )
        return CheckAccounts(
            watched=watched,
            reading=reading,
            keeping=keeping,
            open_unit=self.open_unit,
            clock=self.clock,
            spawn=self.spawn,
            vitals=self.vitals,
            tally=self.tally,
            pause=self.pause,
        )

    def build_rules(self) -> ManageRules:
        return ManageRules(
            watched=self.watched or self.watch(),
            open_unit=self.open_unit,
            recipients=self.chats.recipients,
            clock=self.clock,
            wake_delivery=self.changed.set,
        )

    def build_balances(self) -> ReportBalances:
        return ReportBalances(
            watched=self.watched or self.watch(),
            prices=self.prices,
            open_unit=self.open_unit,
            clock=self.clock,
        )

    def build_digests(self) -> BuildDigests:
        watched = self.watched or self.watch()
        markets = {account.name: account.exchange for account in self.accounts}
        history = ShowHistory(
            watched=watched,
            prices=self.prices,
            markets=markets,
            currency="USDT",
            open_unit=self.open_unit,
            clock=self.clock,
        )
        return BuildDigests(
            at=self.digest_at,
            zone=self.zone,
            watched=watched,
            prices=self.prices,
            history=history,
            kept_as=markets,
            open_unit=self.open_unit,
            recipients=self.chats.recipients,
            clock=self.clock,
            wake_delivery=self.changed.set,
        )

    def build_alerts(self, shown: ShowAlerts | None = None) -> ManageAlerts:
        return ManageAlerts(
            watched=self.watched or self.watch(),
            open_unit=self.open_unit,
            recipients=self.chats.recipients,
            clock=self.clock,
            look_again=(shown or self.build_shown()).look_again,
        )

    def build_shown(self) -> ShowAlerts:
        return ShowAlerts(
            watched=self.watched or self.watch(),
            open_unit=self.open_unit,
            recipients=self.chats.recipients,
            sender=self.sender,
            clock=self.clock,
            wake_delivery=self.changed.set,
        )

    def build_delivery(self, shown: ShowAlerts | None = None) -> DeliverOutbox:
        return DeliverOutbox(
            open_unit=self.open_unit,
            sender=self.sender,
            digests=self.build_digests(),
            shown=shown or self.build_shown(),
            chats=self.chats,
            vitals=self.vitals,
            clock=self.clock,
            changed=self.changed,
            hear=self.hear,
            tally=self.tally,
        )

    async def prepare(self) -> None:
        """Make accounts due, and let the owner's and the group's chat have events."""
        async with self.open_unit() as unit:
            await unit.accounts.add([a.name for a in self.accounts], now=self.clock())
        await self.chats.add_configured()
        for owner in self.owners:
            await self.chats.greet(owner, title="You")

    async def settle(self) -> None:
        """Wait until all checks that were started have ended."""
        while self.tasks:
            done, self.tasks = self.tasks, set()
            await asyncio.gather(*done)

    async def check(self, checks: CheckAccounts, *, minutes: float = 1) -> None:
        """Move the clock on and let what is due then be checked."""
        self.clock.advance(minutes=minutes)
        await checks.start_due()
        await self.settle()

    @asynccontextmanager
    async def delivering(self, shown: ShowAlerts | None = None) -> AsyncIterator[DeliverOutbox]:
        """Deliver while the block runs, then stop and wait for the end."""
        self.delivery = self.build_delivery(shown)
        async with asyncio.TaskGroup() as group:
            group.create_task(self.delivery.run())
            try:
                yield self.delivery
            finally:
                self.delivery.stop()

    async def looked(self) -> None:
        """Let delivery look a few times while it serves nobody; or often, if it always does."""
        idle = 0
        for _ in range(30):
            turn = self.vitals.turns["delivery"]
            self.changed.set()
            async with asyncio.timeout(10):
                while self.vitals.turns["delivery"] == turn:  # noqa: ASYNC110 - it tells nobody
                    await asyncio.sleep(0)
            idle = 0 if self.delivery._busy else idle + 1
            if idle == 3:
                return

    async def queued(self, chat_id: int = OWNER) -> list[Parcel]:
        """Take all that waits, as if it had been delivered; give what was for one chat."""
        taken: list[Parcel] = []
        async with self.open_unit() as unit:
            await self._take(unit, taken)
        return [parcel for parcel in taken if parcel.chat.chat_id == chat_id]

    async def _take(self, unit: Any, taken: list[Parcel]) -> None:
        now = self.clock()
        while parcels := await unit.outbox.lease(now=now):
            for parcel in parcels:
                await unit.outbox.settle(parcel.id, Delivered(100 + parcel.id), at=now)
            taken += parcels


@pytest.fixture
async def house(
    clock: HandClock, open_unit: OpenUnit, exchange: Exchange, sender: Recorder
) -> AsyncIterator[House]:
    """Build a house, its accounts due and its chats known; what still runs is waited for."""
    house = House(clock, open_unit, exchange, sender)
    await house.prepare()
    yield house
    for task in house.tasks:
        task.cancel()
    await asyncio.gather(*house.tasks, return_exceptions=True)
