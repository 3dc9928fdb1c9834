"""The numbers: named as the dashboards name them, and left out where nobody knows them."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from bot.core.delivery import ChatGone, ChatMoved, MaybeSent, NotSent, Refused, Sent
from bot.core.events import PollRegained
from bot.core.vitals import PARTS, Vitals
from bot.services.measure_bot import Held, Limit, Measures
from bot.web.health import Health
from bot.web.metrics import MetricsPage
from bot.web.tally import BUCKETS_S, Counted

NOW = datetime(2026, 1, 15, 9, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MEASURES = Measures(
    vitals=Vitals(
        NOW, NOW, worked_at={p: NOW - n * SECOND for n, p in enumerate(PARTS)}, leads=True
    ),
    accounts=2,
    overdue=1.5 * SECOND,
    wallets={"ok": 1, "stale": 0, "unreadable": 1, "never": 0},
    ages={"main/funding": 3 * SECOND, 'main/sub:a"b\\c\nd': 90 * SECOND},
    held=(Held("main/funding", "USDT", Decimal("12345.678901234567890123")),),
    limits=(Limit("low", "main/funding", "USDT", "<", Decimal(500)),),
    waiting=4,
    waiting_for=timedelta(0),
    firing={"warning": 0, "critical": 2},
    silenced=1,
    stored_bytes=4096,
)
OF_WALLETS = {"balance_bot_reading_age_seconds", "balance_bot_balance", "balance_bot_limit"}
ALWAYS = {
    "balance_bot_info", "balance_bot_healthy", "balance_bot_leading",
    "balance_bot_part_age_seconds", "balance_bot_accounts",
    "balance_bot_account_overdue_seconds", "balance_bot_wallets",
    "balance_bot_reading_age_seconds_max", "balance_bot_outbox_depth",
    "balance_bot_outbox_age_seconds", "balance_bot_alerts_firing", "balance_bot_alerts_silenced",
    "balance_bot_database_bytes", "balance_bot_reads_total", "balance_bot_read_seconds_bucket",
    "balance_bot_read_seconds_count", "balance_bot_read_seconds_sum", "balance_bot_checks_total",
    "balance_bot_sends_total", "balance_bot_rate_limited_total", "balance_bot_episodes_total",
}  # fmt: skip


class Measure:
    """Has measured."""

    def __init__(self, measures: Measures) -> None:
        self.measures = measures

    async def look(self) -> Measures:
        return self.measures

    async def vitals(self) -> Vitals:
        return self.measures.vitals


async def page(
    measures: Measures = MEASURES, counted: Counted | None = None, *, with_amounts: bool = False
) -> dict[str, float]:
    """Read the page as Prometheus does, by the names with their labels."""
    measure: Any = Measure(measures)
    made = MetricsPage(
        measure,
        counted or Counted(["okx"]),
        Health(measure.vitals, leads=lambda: True),
        version="1.2.3",
        with_amounts=with_amounts,
    )
    lines = (await made.text()).decode().splitlines()
    samples = [line.rpartition(" ") for line in lines if not line.startswith("#")]
    found = {name: float(value) for name, _, value in samples}
    assert len(found) == len(samples), "a sample is there twice"
    return found


def names(found: dict[str, float]) -> set[str]:
    return {re.split(r"[{ ]", sample)[0] for sample in found}


async def test_what_there_is() -> None:
    """Neither more nor less than the dashboards know."""
    assert names(await page()) == ALWAYS
    assert names(await page(with_amounts=True)) == ALWAYS | OF_WALLETS


async def test_values() -> None:
    found = await page(with_amounts=True)
    for sample, value in {
        'balance_bot_info{version="1.2.3"}': 1,
        "balance_bot_healthy": 1,
        "balance_bot_leading": 1,
        'balance_bot_part_age_seconds{part="delivery"}': 2,
        "balance_bot_accounts": 2,
        "balance_bot_account_overdue_seconds": 1.5,
        'balance_bot_wallets{state="unreadable"}': 1,
        'balance_bot_wallets{state="stale"}': 0,
        "balance_bot_reading_age_seconds_max": 90,
        'balance_bot_reading_age_seconds{path="main/funding"}': 3,
        r'balance_bot_reading_age_seconds{path="main/sub:a\"b\\c\nd"}': 90,
        'balance_bot_balance{coin="USDT",path="main/funding"}': 12345.678901234567,
        'balance_bot_limit{coin="USDT",comparison="<",rule="low",subject="main/funding"}': 500,
        "balance_bot_outbox_depth": 4,
        "balance_bot_outbox_age_seconds": 0,
        'balance_bot_alerts_firing{severity="critical"}': 2,
        "balance_bot_alerts_silenced": 1,
        "balance_bot_database_bytes": 4096,
    }.items():
        assert found[sample] == value, sample


async def test_what_is_not_known_is_left_out() -> None:
    """No zero stands for it."""
    unknown = replace(
        MEASURES,
        vitals=Vitals(NOW, NOW, worked_at={"checks": NOW, "poll": NOW}, leads=False),
        ages={},
        stored_bytes=None,
    )
    found = await page(unknown)
    missing = {"balance_bot_reading_age_seconds_max", "balance_bot_database_bytes"}
    assert names(found) == ALWAYS - missing
    parts = [sample for sample in found if "part_age" in sample]
    assert parts == ['balance_bot_part_age_seconds{part="checks"}']
    assert found["balance_bot_leading"] == 0


async def test_counters() -> None:
    """They stand at 0 before anything has happened, and each goes up by what it is about."""
    counted = Counted(["okx", "okx", "xt"])
    before = await page(counted=counted)
    counted.read("okx", "ok", seconds=0.3)
    counted.read("okx", "RateLimited", seconds=40)
    counted.checked("lease_lost")
    for outcome in (Sent(1), NotSent("x"), MaybeSent("x"), Refused("x"), ChatGone("x")):
        counted.sent(outcome)
    counted.sent(ChatMoved(7))
    counted.rate_limited()
    counted.told([PollRegained(since=NOW, at=NOW)])
    after = await page(counted=counted)
    grown = {sample: value - before.get(sample, 0) for sample, value in after.items()}
    grown = {sample: by for sample, by in grown.items() if by}
    buckets = [
        f'balance_bot_read_seconds_bucket{{exchange="okx",le="{b:.1f}"}}'
        for b in BUCKETS_S
        if b >= 0.5
    ]
    sends = ("sent", "not_sent", "maybe_sent", "refused", "gone", "moved")
    assert grown == pytest.approx(
        {
            'balance_bot_reads_total{exchange="okx",outcome="ok"}': 1,
            'balance_bot_reads_total{exchange="okx",outcome="RateLimited"}': 1,
            **dict.fromkeys(buckets, 1),
            'balance_bot_read_seconds_bucket{exchange="okx",le="+Inf"}': 2,
            'balance_bot_read_seconds_count{exchange="okx"}': 2,
            'balance_bot_read_seconds_sum{exchange="okx"}': 40.3,
            'balance_bot_checks_total{outcome="lease_lost"}': 1,
            **{f'balance_bot_sends_total{{outcome="{outcome}"}}': 1 for outcome in sends},
            "balance_bot_rate_limited_total": 1,
        }
    )
    assert 'balance_bot_reads_total{exchange="xt",outcome="ok"}' in before
    assert 'balance_bot_episodes_total{event="cleared"}' in before
    assert 'balance_bot_checks_total{outcome="broken"}' in before


async def test_two_bots_in_one_process_count_for_themselves() -> None:
    one, other = Counted(["okx"]), Counted(["okx"])
    one.rate_limited()
    assert (await page(counted=other))["balance_bot_rate_limited_total"] == 0
