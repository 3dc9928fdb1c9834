"""Show history: how much of something there was in a time of the past, ready to be drawn."""

import asyncio
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from hashlib import blake2b
from typing import Literal

from bot.core.errors import CoreError, UnknownName
from bot.core.events import AlertRaised
from bot.core.past_prices import NEAR, PastPrices
from bot.core.picture import POINTS, RateAt, build_series
from bot.core.portfolio import WalletState, is_listing, matches, nearest
from bot.core.scope import ALL, Asker
from bot.core.series import Gap, Past, Series, gap_after
from bot.core.valuation import Currency
from bot.core.watches import Watch
from bot.services.keep_prices import KeepPrices
from bot.services.narrowed import narrowed
from bot.services.ports import Clock, OpenUnit, Turn, Unit
from bot.services.watched import Watched

Span = Literal["1d", "7d", "30d", "90d"]
By = Literal["coin", "place"]

SPANS: Mapping[Span, timedelta] = {
    "1d": timedelta(days=1),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
    "90d": timedelta(days=90),
}
USUAL: Span = "7d"
MOST_BANDS = 8
MOST_MARKS = 60
MOST_CHANGES = 5_000
"""More than that are not all drawn: of each step of the picture the last one counts."""
EVERYTHING = "*"
_EVERY_H: Mapping[Span, int] = {"1d": 1, "7d": 1, "30d": 3, "90d": 6}
"""Of which hours prices are looked up; the picture has no room for more."""
_TIME = re.compile(
    r"\d+\s*(s|m|mi?n|h|hours?|d|days?|w|weeks?|mo|months?|y|years?)?", re.IGNORECASE
)


class UnknownSpan(CoreError):
    """A time that there is no picture of; the message is the word."""


@dataclass(frozen=True, slots=True)
class Question:
    """What of the past is asked for."""

    query: str = EVERYTHING
    """A path, a coin, or both."""
    span: Span = USUAL
    by: By = "place"
    """Whether the bands are coins, or accounts and wallets."""


@dataclass(frozen=True, slots=True)
class Limit:
    """A level that a rule is about, in the unit of the picture."""

    level: Decimal
    comparison: Literal["<", ">"]


@dataclass(frozen=True, slots=True)
class Mark:
    """Where an alert began, or ended."""

    at: datetime
    raised: bool


@dataclass(frozen=True, slots=True)
class HistoryReport:
    """All that a picture and what is written below it need."""

    question: Question
    at: datetime
    since: datetime
    """The beginning of the picture."""
    unit: str
    """The coin; for a value the currency."""
    is_value: bool
    pattern: str
    """Which wallets; `*` are all."""
    places: Literal["account", "wallet"]
    """What the places are that bands can be."""
    bands: Literal["coin", "account", "wallet"]
    may_turn: bool
    """Whether it could be shown by the other kind of bands, too."""
    series: Series
    limits: tuple[Limit, ...]
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a query means."""

    pattern: str
    paths: tuple[str, ...]
    """Of wallets, and of lists of sub-accounts."""
    coin: str | None


async def choose(
    unit: Unit, watched: Watched, query: str, known: Mapping[str, WalletState]
) -> Chosen:
    """Find out what words mean: a path, a coin, or one of each.

    Raises:
        UnknownName: a word is no path here, and no coin that any wallet holds or held.
    """
    pattern: str | None = None
    coin: str | None = None
    coins = {
        balance.asset
        for path in watched.paths
        if path in known
        for balance in known[path].balances or ()
    }
    for word in query.split():
        upper = word.upper()
        if pattern is None and any(account.is_meant_by(word) for account in watched.accounts):
            pattern = word
        elif coin is None and (upper in coins or await unit.past.was_held(watched.paths, upper)):
            coin = upper
        else:
            names = [account.name for account in watched.accounts]
            near = nearest(word, [*names, *watched.paths, *sorted(coins)])
            raise UnknownName(word, near)
    pattern = pattern or EVERYTHING
    paths = tuple(path for path in watched.sources if matches(pattern, path))
    return Chosen(pattern, paths, coin)


def ask(words: Sequence[str]) -> Question:
    """Read what stands behind the command, in any order.

    Raises:
        UnknownSpan: a word is a time, but none that there are pictures of.
    """
    spans = [word for word in words if word.lower() in SPANS]
    others = [word for word in words if word not in spans]
    wrong = [word for word in others if _TIME.fullmatch(word)]
    if wrong or len(spans) > 1:
        raise UnknownSpan((wrong or spans[1:])[0])
    span = next((span for span in SPANS if spans and span == spans[0].lower()), USUAL)
    return Question(" ".join(others) or EVERYTHING, span)


class ShowHistory:
    """Looks back."""

    def __init__(
        self,
        *,
        watched: Watched,
        prices: KeepPrices,
        markets: Mapping[str, str],
        currency: Currency,
        open_unit: OpenUnit,
        clock: Clock,
    ) -> None:
        """`markets` names by account what its prices are kept as."""
        self._watched = watched
        self._prices = prices
        self._markets = markets
        self._currency: Currency = currency
        self._open_unit = open_unit
        self._clock = clock
        self._scope = ALL
        self._all = watched

    def within(self, asker: Asker) -> "ShowHistory":
        """Return what looks back at what may be known of where `asker` is."""
        return narrowed(
            self,
            watched=self._all.within(asker.scope),
            scope=asker.scope,
            currency=asker.currency or self._currency,
        )

    async def report(self, question: Question) -> HistoryReport:
        """Tell what there was; nothing is read anew for it.

        Raises:
            UnknownName: a word is no path here, and no coin that any wallet holds or held.
        """
        now = self._clock()
        since = now - SPANS[question.span]
        async with self._open_unit() as unit:
            known = await unit.wallets.load(self._watched.sources)
            chosen = await choose(unit, self._watched, question.query, known)
            past = await self._past(unit, chosen, known, since=since, now=now)
            turns = [
                turn
                for turn in await unit.past.turns(since=since)
                if self._scope.covers(turn.alert.subject, self._all.sources)
            ]
            rate_at = await self._rates(unit, chosen, past, question.span, since=since, now=now)
        places = _places(chosen)
        bands = "coin" if question.by == "coin" and chosen.coin is None else places
        # In a thread: a quarter of a year of two hundred wallets takes a second.
        series = await asyncio.to_thread(
            build_series,
            past,
            chosen.paths,
            coin=chosen.coin,
            band_of=_NAMES[bands],
            rate_at=rate_at,
            since=since,
            now=now,
        )
        begin = series.totals[0].at if series.totals else since
        return HistoryReport(
            question=question,
            at=now,
            since=begin,
            unit=chosen.coin or self._currency,
            is_value=chosen.coin is None,
            pattern=chosen.pattern,
            places=places,
            bands=bands,
            may_turn=chosen.coin is None,
            series=series.folded(MOST_BANDS),
            limits=tuple(self._limits(chosen, past)),
            marks=self._marks(chosen, [turn for turn in turns if turn.at >= begin]),
        )

    def shortened(self, query: str) -> str | None:
        """Return what stands for a query that is too long for a button; None: nothing does."""
        short = _digest(query)
        return short if self.lengthened(short) == query else None

    def lengthened(self, short: str) -> str | None:
        """Find the path that something stands for; None: it is not there any more."""
        return next((path for path in self._watched.paths if _digest(path) == short), None)

    async def _past(
        self,
        unit: Unit,
        chosen: Chosen,
        known: Mapping[str, WalletState],
        *,
        since: datetime,
        now: datetime,
    ) -> Past:
        assets = None if chosen.coin is None else [chosen.coin]
        kept = await unit.past.gaps(chosen.paths, since=since)
        many = await unit.past.count_changes(chosen.paths, assets, since=since) > MOST_CHANGES
        every = (now - since) / POINTS if many else None
        return Past(
            history=await unit.wallets.history(chosen.paths, assets, since=since, every=every),
            gaps={
                path: [*kept.get(path, ()), *self._present_gap(known.get(path), now)]
                for path in chosen.paths
            },
            spanning=self._watched.snapshots(known.values()),
        )

    def _present_gap(self, state: WalletState | None, now: datetime) -> Iterable[Gap]:
        """Tell that a wallet is not read at present; the gap ends in the future."""
        if state is None or state.read_at is None:
            return
        account = self._watched.account(state.path.partition("/")[0])
        if not state.readable or now - state.read_at > gap_after(account):
            yield Gap(state.read_at, max(now, state.read_at) + timedelta(days=1))

    async def _rates(
        self,
        unit: Unit,
        chosen: Chosen,
        past: Past,
        span: Span,
        *,
        since: datetime,
        now: datetime,
    ) -> RateAt | None:
        """Return what tells the past prices; at the present instant it is the present ones."""
        if chosen.coin is not None:
            return None
        coins = {coin for _, coin in past.history.points} | {"BTC", "EUR", "USD", "CNY"}
        kept = await unit.past.prices(since=since - NEAR, every_h=_EVERY_H[span], coins=coins)
        books = PastPrices(kept, self._currency)
        present = self._prices.book(self._currency)

        def rate_at(account: str, coin: str, at: datetime) -> Decimal | None:
            rate = None
            if at != now:
                rate = books.book(at).rate(self._markets.get(account, account), coin, now=at)
            if rate is None and now - at <= NEAR:  # of this hour there may be none kept yet
                market = self._prices.markets.get(account, account)
                rate = present.rate(market, coin, now=now)
            return rate.factor if rate is not None else None

        return rate_at

    def _limits(self, chosen: Chosen, past: Past) -> Iterable[Limit]:
        """Find the rules about just what the picture shows, each level once."""
        found = {
            Limit(watch.rule.limit, watch.rule.comparison)
            for watch in self._watched.watches
            if self._is_about(watch, chosen, past)
        }
        return sorted(found, key=lambda limit: limit.level)

    def _is_about(self, watch: Watch, chosen: Chosen, past: Past) -> bool:
        rule = watch.rule
        measure = "amount" if chosen.coin is not None else "value"
        if rule.measure != measure or rule.part != "total":
            return False
        if rule.asset != (chosen.coin or self._currency):
            return False
        concerned = {path for path in watch.paths if not is_listing(path)}
        found = past.history.points.items()
        holders = {path for (path, _), points in found if any(point.total for point in points)}
        return concerned <= set(chosen.paths) and holders <= concerned

    def _marks(self, chosen: Chosen, turns: Sequence[Turn]) -> tuple[Mark, ...]:
        """Choose what has to do with the picture; of too many the last."""
        about = [
            Mark(turn.at, isinstance(turn, AlertRaised))
            for turn in turns
            if chosen.coin in {None, turn.alert.asset} and self._concerns(turn, chosen)
        ]
        return tuple(about[-MOST_MARKS:])

    def _concerns(self, turn: Turn, chosen: Chosen) -> bool:
        pattern = turn.alert.subject.removeprefix("sum ")
        return any(matches(pattern, path) for path in chosen.paths)


def _places(chosen: Chosen) -> Literal["account", "wallet"]:
    accounts = {path.partition("/")[0] for path in chosen.paths}
    return "account" if len(accounts) > 1 else "wallet"


def _digest(text: str) -> str:
    return "#" + blake2b(text.encode(), digest_size=8).hexdigest()


_NAMES: Mapping[Literal["coin", "account", "wallet"], Callable[[str, str], str]] = {
    "coin": lambda path, coin: coin,
    "account": lambda path, coin: path.partition("/")[0],
    "wallet": lambda path, coin: path,
}
