"""Export history: what was read in a time of the past, in small pieces, ready for a file."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from bot.core.exports import SPANS, Changed, ExportSpan, Line, Wish, narrower
from bot.core.past_prices import MONEY, NEAR, PastPrices
from bot.core.scope import Asker
from bot.core.stock import account_of
from bot.core.valuation import Currency
from bot.services.narrowed import narrowed
from bot.services.ports import Clock, OpenUnit
from bot.services.show_history import choose
from bot.services.watched import Watched

MOST_ROWS = 50_000
"""A file of six megabytes: more than that no phone likes to open."""
PIECE = 500


@dataclass(frozen=True, slots=True)
class Export:
    """What goes into a file, before it is read."""

    wish: Wish
    at: datetime
    since: datetime
    currency: Currency
    paths: tuple[str, ...]
    coin: str | None
    rows: int
    """How many changes there are; what there was at the beginning is not counted."""
    fitting: ExportSpan | None
    """The longest time that fits a file; None: there is none."""

    @property
    def fits(self) -> bool:
        """Whether a file has room for it."""
        return self.rows <= MOST_ROWS


class ExportHistory:
    """Reads what was kept, bit by bit, so that nobody has to wait for it."""

    def __init__(
        self,
        *,
        watched: Watched,
        kept_as: Mapping[str, str],
        currency: Currency,
        open_unit: OpenUnit,
        clock: Clock,
    ) -> None:
        """`kept_as` names by account what its prices are kept as."""
        self._watched = watched
        self._kept_as = kept_as
        self._currency: Currency = currency
        self._open_unit = open_unit
        self._clock = clock

    def within(self, asker: Asker) -> "ExportHistory":
        """Return what gives out what may be known of where `asker` is."""
        return narrowed(
            self,
            watched=self._watched.within(asker.scope),
            currency=asker.currency or self._currency,
        )

    async def look(self, wish: Wish) -> Export:
        """Tell how much there is, without reading it.

        Raises:
            UnknownName: a word is no path here, and no coin that any wallet holds or held.
        """
        now = self._clock()
        async with self._open_unit() as unit:
            known = await unit.wallets.load()
            chosen = await choose(unit, self._watched, " ".join(wish.words), known)
            assets = None if chosen.coin is None else [chosen.coin]
            counts = {
                span: await unit.past.count_changes(chosen.paths, assets, since=now - length)
                for span, length in SPANS.items()
            }
        return Export(
            wish=wish,
            at=now,
            since=now - SPANS[wish.span],
            currency=self._currency,
            paths=chosen.paths,
            coin=chosen.coin,
            rows=counts[wish.span],
            fitting=narrower(counts, most=MOST_ROWS),
        )

    async def lines(self, export: Export) -> AsyncIterator[Sequence[Line]]:
        """Read it, piece by piece; between two of them others have their turn."""
        async with self._open_unit() as unit:
            there = await unit.past.coins(export.paths)
        for path, coin in there:
            if export.coin in {None, coin}:
                async for piece in self._lines_of(export, path, coin):
                    yield piece

    async def _lines_of(
        self, export: Export, path: str, coin: str
    ) -> AsyncIterator[Sequence[Line]]:
        past, last = await self._prices(export, coin), 0
        market = self._kept_as.get(account_of(path), account_of(path))
        while True:
            async with self._open_unit() as unit:
                piece = await unit.past.changed(
                    path, coin, since=export.since, after=last, most=PIECE
                )
            if not piece:
                return
            last = piece[-1].id
            yield [Line(changed, _value(changed, past, market)) for changed in piece]
            await asyncio.sleep(0)

    async def _prices(self, export: Export, coin: str) -> PastPrices:
        """Load what a coin was worth, and what money was: far fewer rows than hours."""
        since = export.since - NEAR - timedelta(hours=1)
        async with self._open_unit() as unit:
            kept = await unit.past.prices(since=since, every_h=1, coins={coin} | MONEY)
        return PastPrices(kept, export.currency)


def _value(changed: Changed, past: PastPrices, market: str) -> Decimal | None:
    """Tell what the total was worth at that time; None where nobody knows."""
    if changed.total is None:
        return None
    rate = past.book(changed.at).rate(market, changed.coin, now=changed.at)
    return changed.total * rate.factor if rate is not None else None
