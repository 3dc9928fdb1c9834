"""Builds that must fail: a campaign that finds no fault with them would find none with ours."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from bench.chaos.campaign import Campaign
from bench.chaos.ledger import LOST, UNMARKED, Account
from bench.chaos.lives import Nursery
from bench.chaos.scene import open_scene
from bench.chaos.seams import MARKS_FIRST, NEVER_SAYS, TWO_TRANSACTIONS

EXPECTED = {
    MARKS_FIRST: LOST,
    TWO_TRANSACTIONS: LOST,
    NEVER_SAYS: UNMARKED,
}
"""What each build must be found guilty of."""
MOST_KILLS = 150
PATIENCE_S = 6.0
"""What is not told by then does not come any more, or is found at the next round."""


@dataclass(frozen=True, slots=True)
class Control:
    """What has become of a build that must fail."""

    build: str
    fault: str
    account: Account

    @property
    def found(self) -> int:
        """Count its faults of the kind that is expected."""
        return self.account.faults.get(self.fault, 0)


async def run_controls(nurseries: Sequence[Nursery], seed: int) -> list[Control]:
    """Kill all of them side by side, each until it is found out."""
    pairs = zip(EXPECTED, nurseries, strict=True)
    return list(await asyncio.gather(*(_run(build, own, seed) for build, own in pairs)))


async def _run(build: str, bearing: Nursery, seed: int) -> Control:
    async with open_scene(bearing, seed) as scene:
        fault = EXPECTED[build]
        campaign = Campaign(scene, build=build, patience_s=PATIENCE_S)
        return Control(build, fault, await campaign.run(MOST_KILLS, until=fault))
