"""The chat against a sandbox Telegram on a real socket, with the use cases on a real database."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from functools import partial
from io import StringIO
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import structlog

from bot.chat.application import build_application, build_bot
from bot.chat.handlers import UseCases
from bot.chat.i18n import LanguageOf, english
from bot.chat.intake import Intake
from bot.chat.poller import Poller, UpdatesBot
from bot.core.portfolio import Account
from bot.core.rules import parse_rule
from bot.fetchers import Pacer
from bot.fetchers.errors import FetchError
from bot.fetchers.model import Balance, Reading, SubAccount
from bot.log import set_up_log
from bot.sandbox.telegram import TelegramServer, User, serve_telegram
from bot.services.admit_chats import AdmitChats
from bot.services.build_digests import BuildDigests
from bot.services.check_accounts import CheckAccounts
from bot.services.draft_rules import DraftRules
from bot.services.export_history import ExportHistory
from bot.services.keep_checks import KeepChecks
from bot.services.keep_prices import KeepPrices
from bot.services.manage_alerts import ManageAlerts
from bot.services.manage_chats import ManageChats
from bot.services.manage_rooms import ManageRooms
from bot.services.manage_rules import ManageRules
from bot.services.ports import OpenUnit
from bot.services.preview_rule import PreviewRule
from bot.services.read_accounts import ReadAccounts
from bot.services.report_balances import ReportBalances
from bot.services.report_status import ReportStatus
from bot.services.show_history import ShowHistory
from bot.services.watch_vitals import WatchVitals
from bot.services.watched import Watched
from bot.store.database import open_database
from bot.store.unit_of_work import units_of
from bot.transport import WireTransport

OWNER, STRANGER, GROUP, FOREIGN_GROUP = 1001, 6666, -4001, -4002
UTC_ZONE = ZoneInfo("UTC")


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Try again at once where the bot would wait for seconds."""
    monkeypatch.setattr("bot.chat.trying.pause_after", lambda attempts: timedelta(milliseconds=1))
    monkeypatch.setattr("bot.chat.pace.PAUSES_S", (0.001, 0.001))
    monkeypatch.setattr("bot.chat.pace.Pacer", partial(Pacer, enabled=False))


@pytest.fixture
def logged() -> Iterator[Callable[[], str]]:
    """Log everything as in production, but strike nothing out; give what was logged."""
    root = logging.getLogger()
    level = root.level
    set_up_log(level="DEBUG", style="text", secrets=())
    structlog.configure(cache_logger_on_first_use=False)
    (handler,) = root.handlers
    assert isinstance(handler, logging.StreamHandler)
    text = StringIO()
    handler.setStream(text)
    yield text.getvalue
    root.removeHandler(handler)
    root.setLevel(level)
    structlog.reset_defaults()


@dataclass
class HandClock:
    """Stands still until it is moved."""

    now: datetime = datetime(2026, 1, 15, 9, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def telegram() -> TelegramServer:
    """An owner, a stranger, a group that is allowed, and one with the owner in it that is not."""
    server = TelegramServer(privacy=False)
    server.add_private_chat("You", user_id=OWNER)
    server.add_private_chat("Eve", user_id=STRANGER)
    you, eve = User(OWNER, "You"), User(STRANGER, "Eve")
    server.add_group("Desk", [User(2002, "Ada"), you], chat_id=GROUP)
    server.add_group("Elsewhere", [eve, you], chat_id=FOREIGN_GROUP)
    server.updates.clear()
    return server


@pytest.fixture
async def api_url(telegram: TelegramServer) -> AsyncIterator[str]:
    async with serve_telegram(telegram, page=False) as url:
        yield url


OpenBot = Callable[..., UpdatesBot]


@pytest.fixture
async def open_bot(telegram: TelegramServer) -> AsyncIterator[OpenBot]:
    """Build bots as the app does; their connections are closed at the end."""
    async with AsyncExitStack() as stack:

        def build(api_url: str, *, token: str = telegram.token) -> UpdatesBot:
            transports = WireTransport(), WireTransport()
            for transport in transports:
                stack.push_async_callback(transport.aclose)
            return build_bot(token, api_url=api_url, transports=transports)

        yield build


@pytest.fixture
async def open_unit(file_url: str) -> AsyncIterator[OpenUnit]:
    async with open_database(file_url) as engine:
        yield units_of(engine)


@dataclass
class Exchange:
    """Answers for all wallets, and counts who asks."""

    clock: HandClock
    answers: dict[str, dict[str, str] | Exception] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    gate: asyncio.Event | None = None

    async def __call__(self, path: str) -> Reading:
        wallet = path.partition("/")[2]
        self.asked.append(path)
        if self.gate is not None:
            await self.gate.wait()
        answer = self.answers.get(path, {})
        if isinstance(answer, FetchError):
            return Reading(wallet, self.clock(), None, answer)
        if isinstance(answer, Exception):
            raise answer
        balances = (
            Balance(c, Decimal(a), Decimal(a), Decimal(0)) for c, a in sorted(answer.items())
        )
        return Reading(wallet, self.clock(), tuple(balances))


async def _no_subs(account: str) -> tuple[SubAccount, ...]:
    return ()


@dataclass
class Desk:
    """The bot, put together for one test."""

    telegram: TelegramServer
    exchange: Exchange
    open_unit: OpenUnit
    clock: HandClock
    build: Callable[[], UpdatesBot]
    tasks: asyncio.TaskGroup | None = None
    looked_for: set[str] = field(default_factory=set)
    """The incidents whose messages are to be edited in any case."""
    language_of: LanguageOf = english
    accounts: tuple[Account, ...] = (
        Account("main", "okx", ("funding", "trading"), timedelta(minutes=1)),
        Account("xt", "xt", ("spot",), timedelta(minutes=1)),
    )

    use: UseCases | None = None
    intake: Intake | None = None
    """Both of the poller that was started last."""
    codes: list[str] = field(default_factory=list)
    """For pairing, as they were shown in the log."""
    owners: tuple[int, ...] = (OWNER,)

    def announce(self, code: str) -> bool:
        self.codes.append(code)
        return True

    def spawn(self, work: Coroutine[Any, Any, None], *, name: str) -> None:
        assert self.tasks is not None
        self.tasks.create_task(work, name=name)

    def use_cases(self) -> UseCases:
        rules = {"low": parse_rule("main/funding USDT < 500")}
        watched = Watched(self.accounts, rules)
        unit_and_clock: dict[str, Any] = {"open_unit": self.open_unit, "clock": self.clock}
        chats = ManageChats(
            owners=self.owners,
            chats=[GROUP],
            zone=UTC_ZONE,
            wake_delivery=lambda: None,
            **unit_and_clock,
        )
        told = {"recipients": chats.recipients, **unit_and_clock}
        reading = ReadAccounts(
            watched=watched,
            reader=self.exchange,
            lister=_no_subs,
            floor=lambda account, wallets: timedelta(0),
            clock=self.clock,
        )
        prices = KeepPrices(readers={}, markets={}, currency="USD", clock=self.clock)
        history = ShowHistory(
            watched=watched, prices=prices, markets={}, currency="USD", **unit_and_clock
        )
        return UseCases(
            checks=CheckAccounts(
                watched=watched,
                reading=reading,
                keeping=KeepChecks(
                    watched=watched, prices=prices, wake_delivery=lambda: None, **told
                ),
                spawn=self.spawn,
                vitals=WatchVitals(**told),
                **unit_and_clock,
            ),
            balances=ReportBalances(watched=watched, prices=prices, **unit_and_clock),
            rules=ManageRules(watched=watched, wake_delivery=lambda: None, **told),
            drafts=DraftRules(watched=watched, **unit_and_clock),
            previews=PreviewRule(watched=watched, prices=prices, **unit_and_clock),
            alerts=ManageAlerts(watched=watched, look_again=self.looked_for.update, **told),
            digests=BuildDigests(
                at=time(9),
                zone=UTC_ZONE,
                watched=watched,
                prices=prices,
                history=history,
                wake_delivery=lambda: None,
                **told,
            ),
            history=history,
            chats=chats,
            exports=ExportHistory(watched=watched, kept_as={}, currency="USD", **unit_and_clock),
            status=ReportStatus(
                watched=watched,
                prices=prices,
                vitals=WatchVitals(**told),
                version="1.0",
                **told,
            ),
            admission=AdmitChats(
                chats=chats,
                announce=self.announce,
                wake_delivery=lambda: None,
                **unit_and_clock,
            ),
            rooms=ManageRooms(chats=chats, watched=watched, **unit_and_clock),
            zone=UTC_ZONE,
            language_of=self.language_of,
        )

    @asynccontextmanager
    async def polling(self) -> AsyncIterator[Any]:
        """Run the poller while the block runs; give the application, to put handlers into."""
        bot = self.build()
        async with asyncio.TaskGroup() as self.tasks:
            use = self.use = self.use_cases()
            await use.chats.recall()
            application = build_application(bot, use)
            vitals = WatchVitals(
                recipients=use.chats.recipients, open_unit=self.open_unit, clock=self.clock
            )
            shared: dict[str, Any] = {"chats": use.chats, "vitals": vitals, "clock": self.clock}
            self.intake = Intake(
                application,
                admission=use.admission,
                open_unit=self.open_unit,
                language_of=self.language_of,
                **shared,
            )
            poller = Poller(self.intake, bot, **shared)
            task = self.tasks.create_task(poller.run())
            try:
                yield application
            finally:
                task.cancel()

    async def quiet(self) -> None:
        """Wait until all that was said to the bot has been handled to its end."""
        async with asyncio.timeout(10):
            # Nobody tells when the last of them is done.
            while self.telegram.updates.pending or await self._unhandled():  # noqa: ASYNC110
                await asyncio.sleep(0.001)

    async def _unhandled(self) -> bool:
        if self.intake is not None and self.intake._serving:
            return True  # the database is asked only when that can be over
        async with self.open_unit() as unit:
            return bool(await unit.inbox.unhandled())

    async def ask(self, text: str, *, chat: int = OWNER, user: int | None = None) -> list[str]:
        """Say something, wait until it is handled, and give what the bot has said to it."""
        said = self.telegram.say(chat, user or chat, text)
        await self.quiet()
        return [m.text for m in self.telegram.messages(chat) if m.from_bot and m.id > said.id]


@pytest.fixture
async def desk(
    telegram: TelegramServer,
    api_url: str,
    open_bot: OpenBot,
    open_unit: OpenUnit,
    clock: HandClock,
) -> Desk:
    """Have everything there, and nothing running."""
    desk = Desk(telegram, Exchange(clock), open_unit, clock, lambda: open_bot(api_url))
    async with open_unit() as unit:
        await unit.accounts.add([account.name for account in desk.accounts], now=clock())
    return desk
