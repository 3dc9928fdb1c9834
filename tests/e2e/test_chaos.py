"""A short campaign with real processes: kills, controls that must fail, two outages."""

import pytest

from bench.chaos.__main__ import QUICK_KILLS, run
from bench.chaos.table import table

SEED = 1


@pytest.mark.timeout(180)  # about forty seconds on an idle machine
async def test_a_short_campaign_loses_nothing_and_finds_what_does() -> None:
    """Killed anywhere and cut off, the bot tells everything; builds that do not are found out."""
    result = await run(kills=QUICK_KILLS, seed=SEED, quick=True)
    told = table(result.kills, result.controls, result.outages, seed=SEED)
    assert result.kills.faults == {}, told
    assert result.kills.killed >= QUICK_KILLS, told
    assert result.kills.due > 100, told
    assert [control.build for control in result.controls if not control.found] == [], told
    assert [passed.name for passed in result.outages if passed.lost] == [], told
    assert result.is_good, told
