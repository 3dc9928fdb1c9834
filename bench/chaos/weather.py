"""Bad weather: answers that are lost, cut or wrong, by chance, and counted."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable

from typing_extensions import override

from bot.sandbox.faults import FAULTS
from bot.sandbox.faults import Fault as WrongAnswer
from bot.sandbox.faults import Faults as WrongAnswers
from bot.sandbox.telegram.faults import ConnectionCut, Fault, RawAnswer
from bot.sandbox.telegram.wire import too_many_requests

WRONG_ANSWERS = (
    "cut_before_answer",
    "cut_within_answer",
    "http_500",
    "http_502",
    "http_503",
    "good_body_under_500",
    "html",
    "cut_json",
    "empty_body",
    "rows_null",
    "amount_nan",
)
"""What exchanges do; each must pass for a failure and never for a balance."""


class ExchangeWeather(WrongAnswers):
    """Spoils some answers of the exchanges."""

    def __init__(self, chance: random.Random, *, share: float, drops: Counter[str]) -> None:
        super().__init__()
        self._chance = chance
        self._drops = drops
        self.share = share

    @override
    def take(self, endpoint: str) -> WrongAnswer | None:
        """Take what was ordered, else what chance brings."""
        ordered = super().take(endpoint)
        if ordered is not None or self._chance.random() >= self.share:
            return ordered
        name = self._chance.choice(WRONG_ANSWERS)
        self._drops[f"exchange: {name.replace('_', ' ')}"] += 1
        return FAULTS[name]


async def _cut() -> None:
    raise ConnectionCut


async def _bad_gateway() -> None:
    raise RawAnswer(502, b"<html>502 Bad Gateway</html>")


async def _internal_error() -> None:
    raise RawAnswer(500, b'{"ok":false,"error_code":500,"description":"Internal Server Error"}')


async def _too_many() -> None:
    raise too_many_requests(1)


async def _hang() -> None:
    await asyncio.Event().wait()


REFUSED_BEHIND = "502 after it was carried out"
Trouble = tuple[str, int, bool, Callable[[], Awaitable[None]]]
TROUBLES: tuple[Trouble, ...] = (
    ("connection cut before it was carried out", 6, False, _cut),
    ("connection cut after it was carried out", 6, True, _cut),
    ("502 before it was carried out", 4, False, _bad_gateway),
    (REFUSED_BEHIND, 4, True, _bad_gateway),
    ("500 before it was carried out", 2, False, _internal_error),
    ("429", 1, False, _too_many),
    ("no answer, not carried out", 1, False, _hang),
    ("no answer, carried out", 1, True, _hang),
)
"""Name, weight, whether the call is carried out, and what comes in place of the answer."""


def draw(chance: random.Random) -> Trouble:
    """Let chance choose a trouble."""
    return chance.choices(TROUBLES, [weight for _, weight, _, _ in TROUBLES])[0]


def fault_of(trouble: Trouble, told: Callable[[], None]) -> Fault:
    """Make a fault of a trouble; `told` is called once the call is carried out in vain."""
    _, _, carried_out, act = trouble

    async def after() -> None:
        told()
        await act()

    return Fault(after=after) if carried_out else Fault(before=act)
