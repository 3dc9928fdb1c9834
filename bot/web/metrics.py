"""The numbers of the bot, as Prometheus reads them.

Amounts are exact everywhere else; here, and only here, they become floats, because the format has
nothing else: about 15 digits are right. What is not known is left out, and is never a zero.
"""

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta

from prometheus_client import generate_latest
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily, Metric

from bot.core.vitals import PARTS, Vitals
from bot.services.measure_bot import MeasureBot, Measures
from bot.web.health import Found, Health
from bot.web.looking import Looking
from bot.web.tally import Counted

MEASURE_WITHIN_S = 4.0
"""Prometheus waits for ten, unless it is told otherwise; to write the page takes time, too."""
Rows = Iterable[tuple[tuple[str, ...], float]]


class MetricsPage:
    """Makes the page anew whenever it is asked for; one is written at a time."""

    def __init__(
        self,
        measure: MeasureBot,
        counted: Counted,
        health: Health,
        *,
        version: str,
        with_amounts: bool,
    ) -> None:
        self._measuring = Looking(measure.look)
        self._counted = counted
        self._health = health
        self._version = version
        self._with_amounts = with_amounts
        self._turn = asyncio.Lock()

    async def text(self) -> bytes:
        """Return the page; while the database does not answer, what is known without it."""
        # Together: what hangs, hangs for both, and who wants the page does not wait twice.
        known, measures = await asyncio.gather(self._health.look(), self._measured())
        families = [
            *_general(known, self._version),
            *(_measured(measures) if measures else ()),
            *(_by_wallet(measures) if measures and self._with_amounts else ()),
        ]
        async with self._turn:
            # Thousands of wallets are much to write, and nobody is to wait for that.
            page = _Page([*families, *self._counted.families()])
            return await asyncio.to_thread(generate_latest, page)

    async def _measured(self) -> Measures | None:
        try:
            return await self._measuring.now(within_s=MEASURE_WITHIN_S)
        except Exception:  # noqa: BLE001 - the health says so, once
            return None

    async def stop(self) -> None:
        """End what is under way."""
        await self._measuring.stop()


class _Page:
    """What the library takes for a registry."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return self._families


def _general(known: Found, version: str) -> Iterator[Metric]:
    yield InfoMetricFamily("balance_bot", "The program.", {"version": version})
    yield _one("healthy", "Whether poll, checks and delivery are all fresh.", known.healthy)
    yield _one("leading", "Whether this process talks to Telegram.", known.leads)


def _measured(m: Measures) -> Iterator[Metric]:
    yield _many(
        "part_age_seconds", "How long ago a part got somewhere.", ["part"],
        _rows_of(_ages_of_parts(m.vitals)),
    )  # fmt: skip
    yield _one("accounts", "Accounts that are watched.", m.accounts)
    yield _one(
        "account_overdue_seconds", "For how long the oldest due account is due; 0: none is.",
        m.overdue.total_seconds(),
    )  # fmt: skip
    yield _many(
        "wallets", "Wallets by how their reading goes.", ["state"],
        (((condition,), count) for condition, count in m.wallets.items()),
    )  # fmt: skip
    if m.ages:
        yield _one(
            "reading_age_seconds_max", "The age of the oldest of the last good readings.",
            max(m.ages.values()).total_seconds(),
        )  # fmt: skip
    yield _one("outbox_depth", "Messages that are to be sent.", m.waiting)
    yield _one(
        "outbox_age_seconds", "For how long the oldest message waits; 0: none does.",
        m.waiting_for.total_seconds(),
    )  # fmt: skip
    yield _many(
        "alerts_firing", "Alerts that fire.", ["severity"],
        (((severity,), count) for severity, count in m.firing.items()),
    )  # fmt: skip
    yield _one("alerts_silenced", "Alerts that fire and are silenced.", m.silenced)
    if m.stored_bytes is not None:
        yield _one("database_bytes", "What the database takes on the disk.", m.stored_bytes)


def _by_wallet(m: Measures) -> Iterator[Metric]:
    yield _many(
        "reading_age_seconds", "How long ago the last good reading was.", ["path"],
        _rows_of(m.ages),
    )  # fmt: skip
    yield _many(
        "balance", "What is known to be there now, in all.", ["path", "coin"],
        (((h.path, h.coin), float(h.total)) for h in m.held),
    )  # fmt: skip
    yield _many(
        "limit", "Limits that are amounts, of a coin or in money.",
        ["rule", "subject", "coin", "comparison"],
        (((li.rule, li.subject, li.coin, li.comparison), float(li.limit)) for li in m.limits),
    )  # fmt: skip


def _ages_of_parts(vitals: Vitals) -> Mapping[str, timedelta]:
    at_work = PARTS if vitals.leads else ("checks",)
    worked_at = {part: vitals.worked_at.get(part) for part in at_work}
    return {
        part: max(vitals.at - at, timedelta(0)) for part, at in worked_at.items() if at is not None
    }


def _rows_of(ages: Mapping[str, timedelta]) -> Rows:
    return (((name,), age.total_seconds()) for name, age in ages.items())


def _one(name: str, meaning: str, value: float) -> Metric:
    return GaugeMetricFamily(f"balance_bot_{name}", meaning, value=value)


def _many(name: str, meaning: str, labels: list[str], rows: Rows) -> Metric:
    family = GaugeMetricFamily(f"balance_bot_{name}", meaning, labels=labels)
    for values, value in rows:
        family.add_metric(values, value)
    return family
