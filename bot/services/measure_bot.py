"""Measure the bot: the numbers that somebody outside watches, as they are at one instant.

Ten thousand accounts are looked at in a moment: the database is asked for little, and what follows
from it is counted when it is free again. What lies in the wallets is loaded only where it is told.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal, get_args

from bot.core.alerts import AlertState
from bot.core.events import Severity
from bot.core.health import Health
from bot.core.portfolio import WalletState
from bot.core.stock import account_of
from bot.core.vitals import Vitals
from bot.services.ports import OpenUnit, Recipients, WalletOutline
from bot.services.report_balances import is_stale
from bot.services.watch_vitals import WatchVitals
from bot.services.watched import Watched

Condition = Literal["ok", "stale", "unreadable", "never"]
CONDITIONS: tuple[Condition, ...] = get_args(Condition)
SEVERITIES: tuple[Severity, ...] = get_args(Severity)
PIECE = 500
"""So many wallets are loaded in one transaction."""
_NONE = timedelta(0)


@dataclass(frozen=True, slots=True)
class Held:
    """How much of a coin is known to lie in a wallet now."""

    path: str
    coin: str
    total: Decimal


@dataclass(frozen=True, slots=True)
class Limit:
    """What a rule allows of a coin, or of what all is worth in a currency."""

    rule: str
    subject: str
    coin: str
    comparison: str
    limit: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """All of it; what is not known is missing, or None."""

    vitals: Vitals
    accounts: int
    overdue: timedelta
    """For how long the account waits that waits longest; 0 where none does."""
    wallets: Mapping[Condition, int]
    ages: Mapping[str, timedelta]
    """By path, how long ago the last good reading was."""
    held: Sequence[Held]
    """Nothing where amounts are not told, and of wallets that cannot be read."""
    limits: Sequence[Limit]
    """() where amounts are not told."""
    waiting: int
    """Messages that are to be sent."""
    waiting_for: timedelta
    """For how long the oldest waits that could be sent; 0 where none does."""
    firing: Mapping[Severity, int]
    silenced: int
    """Of those that fire."""
    stored_bytes: int | None
    """What the database takes; None where that is not known."""


class MeasureBot:
    """Tells how all of it stands; changes nothing."""

    def __init__(
        self,
        *,
        watched: Watched,
        vitals: WatchVitals,
        open_unit: OpenUnit,
        recipients: Recipients,
        with_amounts: bool,
        stored_bytes: Callable[[], int | None] = lambda: None,
    ) -> None:
        """`with_amounts` has amounts and limits told; `stored_bytes` weighs the database."""
        self._watched = watched
        self._vitals = vitals
        self._open_unit = open_unit
        self._recipients = recipients
        self._with_amounts = with_amounts
        self._stored_bytes = stored_bytes

    async def look(self) -> Measures:
        """Measure now."""
        vitals = await self._vitals.look()
        async with self._open_unit() as unit:
            outlines = await unit.wallets.outlines()
            firing = await unit.alerts.firing()
            chats = self._recipients(await unit.chats.load())
            waiting = await unit.outbox.depth(chats=[chat.chat_id for chat in chats])
        states = _states(self._watched.paths, outlines)
        conditions = {state.path: self._condition(state, vitals.at) for state in states}
        counts = Counter(conditions.values())
        severities = Counter(state.alert.severity for state in firing if state.alert)
        return Measures(
            vitals=vitals,
            accounts=len(self._watched.accounts),
            overdue=_since(vitals.overdue and vitals.overdue[1], vitals.at),
            wallets={condition: counts[condition] for condition in CONDITIONS},
            ages={s.path: _since(s.read_at, vitals.at) for s in states if s.read_at},
            held=await self._held([path for path, how in conditions.items() if how == "ok"]),
            limits=tuple(self._limits()),
            waiting=waiting,
            waiting_for=_since(vitals.undelivered_since, vitals.at),
            firing={severity: severities[severity] for severity in SEVERITIES},
            silenced=_silenced(firing, vitals.at),
            stored_bytes=self._stored_bytes(),
        )

    def _condition(self, state: WalletState, now: datetime) -> Condition:
        if state.health.failures:
            return "unreadable"
        if state.read_at is None:
            return "never"
        is_old = is_stale(state, self._watched.account(account_of(state.path)), now)
        return "stale" if is_old else "ok"

    async def _held(self, paths: Sequence[str]) -> Sequence[Held]:
        """Tell what is known to be there now, and not what was there before it could not be read.

        A coin whose total the exchange does not tell is left out. The database is asked for a
        piece at a time, so that others have their turn between.
        """
        found: list[Held] = []
        for begin in range(0, len(paths) if self._with_amounts else 0, PIECE):
            async with self._open_unit() as unit:
                known = await unit.wallets.load(paths[begin : begin + PIECE])
            found += (
                Held(path, balance.asset, balance.total)
                for path, state in known.items()
                for balance in state.balances or ()
                if balance.total is not None
            )
        return found

    def _limits(self) -> Iterator[Limit]:
        """Tell the limits that are amounts; percents and durations would be none of those."""
        if not self._with_amounts:
            return
        for watch in self._watched.watches:
            rule = watch.rule
            if rule.measure in {"amount", "value"}:
                yield Limit(
                    watch.rule_name, watch.subject, rule.asset, rule.comparison, rule.limit
                )


def _states(paths: Iterable[str], outlines: Iterable[WalletOutline]) -> Sequence[WalletState]:
    """Return what is to be judged of wallets, without what lies in them."""
    found = {outline.path: outline for outline in outlines}
    known = (found.get(path) or WalletOutline(path, None, 0) for path in paths)
    return [
        WalletState(
            o.path, None if o.read_at is None else (), o.read_at, Health(failures=o.failures)
        )
        for o in known
    ]


def _since(instant: datetime | None, now: datetime) -> timedelta:
    return _NONE if instant is None else max(now - instant, _NONE)


def _silenced(firing: Iterable[AlertState], now: datetime) -> int:
    return sum(state.is_silenced(now) for state in firing)
