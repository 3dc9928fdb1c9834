"""Run the campaign, the controls and the outages, and print one table.

    python -m bench.chaos [--kills N] [--seed N] [--quick]

The exit code is 1 when something was lost, doubled without need or untrue, and when a build that
must fail was not found out. A seed gives the same world, weather and choice of kills; when exactly
each of them strikes is up to the machine.
"""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add

from bench.chaos.campaign import Campaign
from bench.chaos.controls import Control, run_controls
from bench.chaos.ledger import Account
from bench.chaos.outages import QUICK, Passed, run_outages
from bench.chaos.scene import open_scene
from bench.chaos.table import table

SIDE_BY_SIDE = 2
"""Campaigns of their own at the same time, each with its servers, database and bot."""
PATIENCE_S = 60.0
KILLS, QUICK_KILLS = 1000, 24


@dataclass(frozen=True, slots=True)
class Result:
    """All that was found."""

    kills: Account
    controls: Sequence[Control]
    outages: Sequence[Passed]
    outage_account: Account

    @property
    def is_good(self) -> bool:
        """Whether nothing is wrong, and what must be wrong was found."""
        well = not self.kills.faults and not _serious(self.outage_account)
        return well and all(control.found for control in self.controls)


def _serious(account: Account) -> int:
    """Count what no outage excuses."""
    return len(account.lost) + len(account.unmarked) + len(account.false)


async def run(*, kills: int, seed: int, quick: bool) -> Result:
    """Run all parts, one after another."""
    each = -(-kills // SIDE_BY_SIDE)
    runs = (_kill(each, seed + number) for number in range(SIDE_BY_SIDE))
    account = reduce(add, await asyncio.gather(*runs))
    controls = await run_controls(seed)
    passed, outage_account = await run_outages(seed, names=QUICK if quick else None)
    return Result(account, controls, passed, outage_account)


async def _kill(kills: int, seed: int) -> Account:
    async with open_scene(seed) as scene:
        return await Campaign(scene, patience_s=PATIENCE_S).run(kills)


def main() -> int:
    """Read the command line."""
    assert __doc__
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, help=f"{KILLS} if not told")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--quick", action="store_true", help="few kills, few outages")
    arguments = parser.parse_args()
    kills = arguments.kills or (QUICK_KILLS if arguments.quick else KILLS)
    print(f"seed {arguments.seed}", file=sys.stderr)
    result = asyncio.run(run(kills=kills, seed=arguments.seed, quick=arguments.quick))
    print(table(result.kills, result.controls, result.outages))
    return 0 if result.is_good else 1


if __name__ == "__main__":
    sys.exit(main())
