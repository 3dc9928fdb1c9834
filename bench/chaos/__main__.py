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
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import reduce
from operator import add

from bench.chaos.campaign import Campaign
from bench.chaos.controls import Control, run_controls
from bench.chaos.ledger import Account
from bench.chaos.lives import Nursery, nursery
from bench.chaos.outages import QUICK, Passed, run_outages
from bench.chaos.scene import open_scene
from bench.chaos.table import table

NURSERIES = 3
MOST_CASES = 5
"""How many of each fault are shown."""
PATIENCE_S = 60.0
KILLS, QUICK_KILLS = 1000, 16


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
    """Run all parts; the seconds of the long run are measured without anything beside it."""
    async with AsyncExitStack() as stack:
        opened = [stack.enter_async_context(nursery()) for _ in range(NURSERIES)]
        first, second, third = await asyncio.gather(*opened)
        killing = _kill(kills, seed, [first, second])
        if quick:
            account, outages = await asyncio.gather(killing, run_outages(third, seed, QUICK))
            controls = await run_controls([first, second, third], seed)
        else:
            account = await killing
            controls = await run_controls([first, second, third], seed)
            outages = await run_outages(third, seed)
    return Result(account, controls, *outages)


async def _kill(kills: int, seed: int, nurseries: Sequence[Nursery]) -> Account:
    """Have campaigns of their own side by side: servers, database and bot."""
    each = -(-kills // len(nurseries))
    runs = [_campaign(each, seed + number, bearing) for number, bearing in enumerate(nurseries)]
    return reduce(add, await asyncio.gather(*runs))


async def _campaign(kills: int, seed: int, bearing: Nursery) -> Account:
    async with open_scene(bearing, seed) as scene:
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
    print(table(result.kills, result.controls, result.outages, seed=arguments.seed))
    for name, cases in [*result.kills.cases.items(), *result.outage_account.cases.items()]:
        print(name, *cases[:MOST_CASES], sep="\n  ", file=sys.stderr)
    return 0 if result.is_good else 1


if __name__ == "__main__":
    sys.exit(main())
