"""Keep prices: ask each market for its last prices now and then, and value wallets by them.

A market is an exchange under one address at which the user has accounts; nobody else is asked.
"""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from bot.core.health import LONGEST_PAUSE
from bot.core.portfolio import WalletState
from bot.core.valuation import STALE_AFTER, Currency, Pair, PriceBook, Worth, appraise
from bot.fetchers.errors import FetchError, RateLimited
from bot.fetchers.model import Price
from bot.services.narrowed import narrowed
from bot.services.ports import Clock, PriceReader

log = structlog.get_logger(__name__)

DEADLINE_S = 20.0
"""For one market, with the waiting for its turn; less than the distance of two refreshes."""


class KeepPrices:
    """Has the last prices of all markets; what is not told anew grows old."""

    def __init__(
        self,
        *,
        readers: Mapping[str, PriceReader],
        markets: Mapping[str, str],
        currency: Currency,
        clock: Clock,
    ) -> None:
        """Take `readers` by the name of the market, and `markets` by the name of the account."""
        self._readers = dict(readers)
        self._markets = dict(markets)
        self._currency: Currency = currency
        self._clock = clock
        self._prices: dict[str, dict[Pair, Price]] = {market: {} for market in readers}
        self._resting: dict[str, datetime] = {}
        self._failing: set[str] = set()
        self._books: dict[Currency, PriceBook] = {}

    @property
    def markets(self) -> Mapping[str, str]:
        """See the port `PriceSource`."""
        return self._markets

    @property
    def currency(self) -> Currency:
        """In which values are told."""
        return self._currency

    def book(self, currency: Currency) -> PriceBook:
        """See the port `PriceSource`; a book is written once between two refreshes."""
        if currency not in self._books:
            prices = {market: tuple(pairs.values()) for market, pairs in self._prices.items()}
            self._books[currency] = PriceBook(prices, currency, now=self._clock())
        return self._books[currency]

    @property
    def told_at(self) -> Mapping[str, datetime | None]:
        """By market, when the newest of its prices was told; None: there is none."""
        return {
            market: max((price.at for price in pairs.values()), default=None)
            for market, pairs in self._prices.items()
        }

    def told_in(self, currency: Currency | None) -> "KeepPrices":
        """Return the same prices, values told in another currency; None: in the same."""
        if currency in {None, self._currency}:
            return self
        return narrowed(self, currency=currency)

    async def refresh(self) -> None:
        """Ask every market that does not want a pause, all at once; it raises nothing."""
        now = self._clock()
        async with asyncio.TaskGroup() as group:
            for market in self._readers:
                self._doubt_those_ahead(market, now)
                # No pause is longer, but by a clock that was ahead.
                if not now < self._resting.get(market, now) <= now + LONGEST_PAUSE:
                    group.create_task(self._ask(market))

    def _doubt_those_ahead(self, market: str, now: datetime) -> None:
        """Take prices of a clock that was ahead for stale: how old they are, nobody knows."""
        prices = self._prices[market]
        if any(price.at > now for price in prices.values()):
            stale_at = now - STALE_AFTER - timedelta(seconds=1)
            self._prices[market] = {
                pair: replace(price, at=min(price.at, stale_at)) for pair, price in prices.items()
            }
            self._books.clear()

    def appraise(self, wallets: Iterable[WalletState], *, coin: str | None = None) -> Worth:
        """Tell what wallets are worth now, or what one coin in them is."""
        book = self.book(self._currency)
        return appraise(wallets, book, markets=self._markets, now=self._clock(), coin=coin)

    async def _ask(self, market: str) -> None:
        """Ask one market; the edge at which nothing may escape, for the others' sake."""
        try:
            async with asyncio.timeout(DEADLINE_S):
                prices = await self._readers[market]()
        except Exception as e:  # noqa: BLE001 - logged once, with all that is known of it
            self._note_failure(market, e)
        else:
            # What an answer leaves out is not gone: it keeps its price, and its age.
            self._prices[market] |= {(price.base, price.quote): price for price in prices}
            self._note_success(market)
        self._books.clear()

    def _note_failure(self, market: str, error: Exception) -> None:
        if isinstance(error, RateLimited):
            self._resting[market] = error.retry_at
        if market in self._failing:
            return
        self._failing.add(market)
        known = isinstance(error, FetchError | TimeoutError)
        log.warning(
            "No new prices; those there are grow old",
            action="keep_prices",
            account=market,
            reason=str(error) or f"no answer within {DEADLINE_S:g} s",
            exc_info=None if known else error,
        )

    def _note_success(self, market: str) -> None:
        if market in self._failing:
            self._failing.discard(market)
            log.info("There are new prices again", action="keep_prices", account=market)
