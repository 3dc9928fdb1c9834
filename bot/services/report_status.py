"""Report status: how the sources, the parts, the prices and the outbox stand."""

from datetime import datetime

from bot.core.portfolio import WalletState
from bot.core.scope import Asker
from bot.core.status import Status, sources_of
from bot.core.stock import account_of
from bot.services.keep_prices import KeepPrices
from bot.services.narrowed import narrowed
from bot.services.ports import Clock, OpenUnit, Recipients
from bot.services.report_balances import is_stale
from bot.services.watch_vitals import WatchVitals
from bot.services.watched import Watched


class ReportStatus:
    """Answers whether the bot itself is well."""

    def __init__(
        self,
        *,
        watched: Watched,
        prices: KeepPrices,
        vitals: WatchVitals,
        version: str,
        open_unit: OpenUnit,
        recipients: Recipients,
        clock: Clock,
    ) -> None:
        """`version` is that of the program."""
        self._watched = watched
        self._prices = prices
        self._vitals = vitals
        self._version = version
        self._open_unit = open_unit
        self._recipients = recipients
        self._clock = clock

    def within(self, asker: Asker) -> "ReportStatus":
        """Return what tells what may be known of where `asker` is."""
        return narrowed(self, watched=self._watched.within(asker.scope))

    async def look(self) -> Status:
        """Tell how everything stands now; nothing is read anew for it."""
        vitals, now = await self._vitals.look(), self._clock()
        async with self._open_unit() as unit:
            known = await unit.wallets.load()
            due = await unit.accounts.due()
            chats = self._recipients(await unit.chats.load())
            waiting = await unit.outbox.depth(chats=[chat.chat_id for chat in chats])
        states = [known.get(path, WalletState(path)) for path in self._watched.sources]
        seen = {account.name for account in self._watched.accounts}
        markets = {m for name, m in self._prices.markets.items() if name in seen}
        return Status(
            at=now,
            began_at=vitals.began_at,
            version=self._version,
            ailing={ill.part: ill.since for ill in vitals.stale},
            sources=sources_of(
                states,
                stale=[state.path for state in states if self._is_stale(state, now)],
                due=due,
                now=now,
            ),
            waiting=waiting,
            waiting_since=vitals.undelivered_since,
            prices={m: at for m, at in self._prices.told_at.items() if m in markets},
        )

    def _is_stale(self, state: WalletState, now: datetime) -> bool:
        return is_stale(state, self._watched.account(account_of(state.path)), now)
