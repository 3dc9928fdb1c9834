"""How long a chart takes from the question to the picture, and what ten of them cost the bot.

    python -m bench.chart [--wallets N]

A database with 90 days of N wallets, of which each changes once an hour, in three coins; charts of
90 days are laid out, drawn in a process of their own, and thrown away.
"""

import argparse
import asyncio
import gc
import os
import resource
import statistics
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from bench.past import DAYS, fill
from bench.start import resident_mb
from bot.aside import run_aside
from bot.chat.picture import Drawn
from bot.chat.views.history import picture_of
from bot.clock import utc_now
from bot.core.portfolio import Account
from bot.services.keep_prices import KeepPrices
from bot.services.show_history import Question, ShowHistory
from bot.services.watched import Watched
from bot.store.database import open_database
from bot.store.unit_of_work import units_of

CHARTS = 10


async def measure(wallets: int) -> None:
    """Draw charts one after another, and print what that took."""
    now = utc_now()
    accounts = [
        Account(f"a{n}", "okx", ("funding", "trading"), timedelta(hours=1))
        for n in range(wallets // 2)
    ]
    watched = Watched(accounts, {})
    with tempfile.TemporaryDirectory() as folder:
        async with open_database(f"sqlite:///{Path(folder) / 'bot.db'}") as engine:
            open_unit = units_of(engine)
            await fill(open_unit, list(watched.paths), now=now)
            history = ShowHistory(
                watched=watched,
                prices=KeepPrices(readers={}, markets={}, currency="USD", clock=utc_now),
                markets={account.name: "okx" for account in accounts},
                currency="USD",
                open_unit=open_unit,
                clock=lambda: now,
            )
            gc.collect()
            before_mb = resident_mb(os.getpid())
            laid_out, drawn = [], []
            for _ in range(CHARTS):
                began = time.perf_counter()
                report = await history.report(Question("*", "90d"))
                given = picture_of(report, ZoneInfo("UTC")).encode()
                laid_out.append(time.perf_counter() - began)
                began = time.perf_counter()
                made = await run_aside("bot.chat.charts", given, within_s=60)
                drawn.append(time.perf_counter() - began)
                assert Drawn.decode(made).png
            gc.collect()
            after_mb = resident_mb(os.getpid())
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    drawing_s = (used.ru_utime + used.ru_stime) / CHARTS
    print(
        f"a chart of {DAYS} days of {wallets} wallets: laid out in"
        f" {statistics.median(laid_out):.2f} s, drawn in {statistics.median(drawn):.2f} s, of"
        f" which {drawing_s:.2f} s of a core (medians of {CHARTS});"
        f" memory {before_mb:.0f} MB before, {after_mb:.0f} MB after"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--wallets", type=int, default=20)
    asyncio.run(measure(parser.parse_args().wallets))
