"""Measure reads: how long each wallet took, and what came of it."""

from collections.abc import Callable, Mapping
from time import monotonic

from bot.fetchers.model import Reading
from bot.services.ports import Tally, WalletReader


def measured(
    reader: WalletReader,
    *,
    exchanges: Mapping[str, str],
    tally: Tally,
    counted_s: Callable[[], float] = monotonic,
) -> WalletReader:
    """Return what reads as `reader` does, and has it counted.

    What is measured has the wait for the exchange's limits in it: that is how long a wallet takes.

    Args:
        reader: Reads one wallet by its path.
        exchanges: By the names of the accounts, where they are.
        tally: Hears of each reading.
        counted_s: Counts seconds, and is never put back.
    """

    async def read(path: str) -> Reading:
        begun_s = counted_s()
        reading = await reader(path)
        outcome = "ok" if reading.error is None else type(reading.error).__name__
        exchange = exchanges[path.partition("/")[0]]
        tally.read(exchange, outcome, seconds=counted_s() - begun_s)
        return reading

    return read
