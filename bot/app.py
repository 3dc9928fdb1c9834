"""The composition root: everything is built here, once, and ended here, in order.

    async with open_app(settings) as app:
        await app.run()

Each collaborator from outside is a keyword with a production default; tests and the demo replace
what they need and nothing else.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from importlib.metadata import version as version_of

import structlog

from bot.chat.application import build_application, build_bot
from bot.chat.door import TelegramDoor
from bot.chat.handlers import UseCases
from bot.chat.intake import Intake
from bot.chat.poller import Poller, UpdatesBot
from bot.chat.sender import TelegramSender
from bot.chat.webhook import Webhook
from bot.clock import utc_now
from bot.outlets import (
    announcer_of,
    language_of_chats,
    open_channels,
    open_heartbeat,
    open_pages,
    served,
)
from bot.running import App
from bot.services.admit_chats import AdmitChats
from bot.services.build_digests import BuildDigests
from bot.services.check_accounts import CheckAccounts
from bot.services.deliver_outbox import DeliverOutbox
from bot.services.draft_rules import DraftRules
from bot.services.export_history import ExportHistory
from bot.services.find_chats import FindChats
from bot.services.follow import begin_to_watch
from bot.services.keep_checks import KeepChecks
from bot.services.keep_house import KeepHouse
from bot.services.manage_alerts import ManageAlerts
from bot.services.manage_chats import ManageChats
from bot.services.manage_rooms import ManageRooms
from bot.services.manage_rules import ManageRules
from bot.services.measure_reads import measured
from bot.services.ports import (
    Clock,
)
from bot.services.preview_rule import PreviewRule
from bot.services.read_accounts import ReadAccounts
from bot.services.record_prices import RecordPrices
from bot.services.report_balances import ReportBalances
from bot.services.report_status import ReportStatus
from bot.services.show_alerts import ShowAlerts
from bot.services.show_history import ShowHistory
from bot.services.tell_elsewhere import TellElsewhere
from bot.services.watch_vitals import WatchVitals
from bot.services.watched import Watched
from bot.settings import Settings
from bot.sources import floor_of, kept_as, lister_of, open_fetchers, open_prices, reader_of
from bot.store.database import is_shared, open_beside, open_database
from bot.tasks import Tasks
from bot.transport import WireTransport
from bot.units import Units
from bot.watchdog import STUCK_AFTER, Limits
from bot.web.tally import Counted

log = structlog.get_logger(__name__)


@asynccontextmanager
async def open_app(
    settings: Settings, *, clock: Clock = utc_now, limits: Limits = STUCK_AFTER
) -> AsyncIterator[App]:
    """Build the bot on an open database; nothing is asked or sent before `run()`.

    Args:
        settings: Checked by `require_bot`.
        clock: Gives the present instant.
        limits: How long a part may stand still before the process is ended.

    Raises:
        DatabaseUnusable: the database cannot be opened.
    """
    async with AsyncExitStack() as stack:
        database_url = settings.database_url.get_secret_value()
        units = Units.on(await stack.enter_async_context(open_database(database_url)))
        if is_shared(database_url):
            leases = await stack.enter_async_context(open_beside(database_url, connections=2))
            units = units.shared(leases, clock=clock)
        http = await stack.enter_async_context(WireTransport())
        transports = WireTransport(), WireTransport()
        for transport in transports:
            stack.push_async_callback(transport.aclose)
        token = settings.telegram.token.get_secret_value() if settings.telegram.token else ""
        counted = Counted(account.exchange for account in settings.accounts.values())
        bot = build_bot(
            token, api_url=settings.telegram.api_url, transports=transports, tally=counted
        )
        app = _assembled(settings, units, bot, http, counted, clock=clock, limits=limits)
        await _made_ready(settings, app)
        yield app


def _assembled(
    settings: Settings,
    units: Units,
    bot: UpdatesBot,
    http: WireTransport,
    counted: Counted,
    *,
    clock: Clock,
    limits: Limits,
) -> App:
    watched, zone = Watched(settings.watched, settings.rules), settings.timezone
    fetchers = open_fetchers(settings, http, clock=clock)
    prices = open_prices(settings, fetchers, clock=clock)
    outbox_changed = asyncio.Event()
    tasks = Tasks()
    open_unit = units.open_unit
    chats = ManageChats(
        owners=settings.telegram.owners,
        chats=settings.telegram.chats,
        zone=zone,
        open_unit=open_unit,
        clock=clock,
        wake_delivery=outbox_changed.set,
    )
    language_of = language_of_chats(settings, chats)
    admission = AdmitChats(
        chats=chats,
        open_unit=open_unit,
        clock=clock,
        announce=announcer_of(settings, bot),
        wake_delivery=outbox_changed.set,
    )
    vitals = WatchVitals(open_unit=units.open_side, recipients=chats.recipients, clock=clock)
    rules = ManageRules(
        watched=watched,
        open_unit=open_unit,
        recipients=chats.recipients,
        clock=clock,
        wake_delivery=outbox_changed.set,
        tally=counted,
    )
    history = ShowHistory(
        watched=watched,
        prices=prices,
        markets=kept_as(settings),
        currency=settings.currency,
        open_unit=open_unit,
        clock=clock,
    )
    digests = BuildDigests(
        at=settings.digest_at,
        zone=zone,
        watched=watched,
        prices=prices,
        history=history,
        kept_as=kept_as(settings),
        open_unit=open_unit,
        recipients=chats.recipients,
        clock=clock,
        wake_delivery=outbox_changed.set,
    )
    reading = ReadAccounts(
        watched=watched,
        reader=measured(
            reader_of(fetchers),
            exchanges={name: account.exchange for name, account in settings.accounts.items()},
            tally=counted,
        ),
        lister=lister_of(fetchers),
        floor=floor_of(fetchers),
        clock=clock,
    )
    checks = CheckAccounts(
        watched=watched,
        reading=reading,
        keeping=KeepChecks(
            watched=watched,
            prices=prices,
            open_unit=units.open_side,
            recipients=chats.recipients,
            clock=clock,
            wake_delivery=outbox_changed.set,
            tally=counted,
        ),
        open_unit=units.open_side,
        clock=clock,
        spawn=tasks.spawn,
        vitals=vitals,
        tally=counted,
    )
    sender = TelegramSender(bot, zone=zone, clock=clock, language_of=language_of)
    shown = ShowAlerts(
        watched=watched,
        open_unit=open_unit,
        recipients=chats.recipients,
        sender=sender,
        clock=clock,
        wake_delivery=outbox_changed.set,
    )
    delivery = DeliverOutbox(
        open_unit=open_unit,
        sender=sender,
        digests=digests,
        shown=shown,
        chats=chats,
        vitals=vitals,
        clock=clock,
        changed=outbox_changed,
        hear=units.hear,
        tally=counted,
    )
    balances = ReportBalances(
        watched=watched,
        prices=prices,
        kept_as=kept_as(settings),
        open_unit=open_unit,
        clock=clock,
    )
    use = UseCases(
        checks=checks,
        balances=balances,
        rules=rules,
        drafts=DraftRules(watched=watched, open_unit=open_unit, clock=clock),
        previews=PreviewRule(watched=watched, prices=prices, open_unit=open_unit, clock=clock),
        alerts=ManageAlerts(
            watched=watched,
            open_unit=open_unit,
            recipients=chats.recipients,
            clock=clock,
            look_again=shown.look_again,
        ),
        digests=digests,
        history=history,
        exports=ExportHistory(
            watched=watched,
            kept_as=kept_as(settings),
            currency=settings.currency,
            open_unit=open_unit,
            clock=clock,
        ),
        status=ReportStatus(
            watched=watched,
            prices=prices,
            vitals=vitals,
            version=version_of("balance-bot"),
            open_unit=open_unit,
            recipients=chats.recipients,
            clock=clock,
        ),
        chats=chats,
        admission=admission,
        rooms=ManageRooms(chats=chats, watched=watched, open_unit=open_unit, clock=clock),
        zone=zone,
        language_of=language_of,
    )
    intake = Intake(
        build_application(bot, use),
        chats=chats,
        admission=admission,
        vitals=vitals,
        open_unit=units.open_alone,
        open_leading=open_unit,
        clock=clock,
        language_of=language_of,
    )
    pages = open_pages(
        settings,
        watched=watched,
        vitals=vitals,
        counted=counted,
        chats=chats,
        open_unit=units.open_side,
        take=intake.take,
    )
    return App(
        use=use,
        hearing=_hearing(settings, intake, bot, chats, vitals, clock=clock),
        web=partial(served, pages, settings),
        found=FindChats(chats=chats, door=TelegramDoor(bot), clock=clock),
        delivery=delivery,
        elsewhere=TellElsewhere(
            channels=open_channels(settings, clock=clock),
            open_unit=open_unit,
            recipients=chats.recipients,
            clock=clock,
        ),
        vitals=vitals,
        heartbeat=open_heartbeat(settings, http, vitals),
        prices=RecordPrices(
            prices=prices, markets=kept_as(settings), open_unit=units.open_alone, clock=clock
        ),
        house=KeepHouse(open_unit=open_unit, clock=clock),
        watched=watched,
        tasks=tasks,
        open_unit=open_unit,
        open_side=units.open_side,
        lead=units.lead,
        clock=clock,
        limits=limits,
    )


def _hearing(
    settings: Settings,
    intake: Intake,
    bot: UpdatesBot,
    chats: ManageChats,
    vitals: WatchVitals,
    *,
    clock: Clock,
) -> Poller | Webhook:
    """Have what people say posted to us where the settings say so, and ask for it elsewhere."""
    url, secret = settings.telegram.webhook_url, settings.telegram.webhook_secret
    if url is None or secret is None:
        return Poller(intake, bot, chats=chats, vitals=vitals, clock=clock)
    return Webhook(
        intake,
        bot,
        url=url,
        secret=secret.get_secret_value(),
        chats=chats,
        vitals=vitals,
        clock=clock,
    )


async def _made_ready(settings: Settings, app: App) -> None:
    """Bring the database in line with the settings, before anything is asked."""
    async with app.open_side() as unit:
        await begin_to_watch(unit, app.watched, now=app.clock())
    if app.lead is None:
        await app.take_up()
    else:
        app.vitals.lead(False)
    log.info(
        "Watching",
        action="start",
        accounts=len(app.watched.accounts),
        wallets=len(app.watched.paths),
        rules=len(app.watched.rules),
    )
