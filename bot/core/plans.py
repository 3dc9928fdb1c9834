"""When a digest comes, as a person says it: `weekly mon at 09:00`, `monthly 1`, `off`."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time
from difflib import get_close_matches
from typing import Literal

from bot.core.errors import CoreError
from bot.core.timing import DigestPlan

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
USUAL_AT = time(9)
"""Where a digest is wanted, and nobody has said when."""
_WORDS = ("at", "daily", "monthly", "off", "on", "weekly")
_TIME = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])")
_SHORTEST = 2
_MOST_NEAR = 3


@dataclass
class PlanMistake(CoreError):
    """Words that say no time of a digest."""

    word: str
    """The one at fault; empty where one is missing."""
    wanted: Literal["weekday", "day", "time", "period"]
    """What it would have to be."""
    nearest: tuple[str, ...] = ()


def change_plan(words: Sequence[str], plan: DigestPlan, *, now: datetime) -> DigestPlan:
    """Return a plan as somebody wants to have it from now on.

    What the words do not tell stays as it is; a digest that was off comes again.

    Args:
        words: What stands behind the command.
        plan: When it has come so far.
        now: What was due before that is of the plan before.

    Raises:
        PlanMistake: a word says nothing, or one is missing.
    """
    left = " ".join(words).lower().replace(",", " ").split()
    changed = replace(plan, at=plan.at or USUAL_AT, since=now)
    while left:
        changed = _read(left, changed)
    return changed


def _read(left: list[str], plan: DigestPlan) -> DigestPlan:
    """Take what belongs together from the beginning of the words."""
    word = left.pop(0)
    match word:
        case "off":
            return replace(plan, at=None)
        case "daily":
            return replace(plan, period="daily")
        case "weekly":
            return _weekly(left, plan)
        case "monthly":
            return _monthly(left, plan)
        case "at":
            return replace(plan, at=_time(left.pop(0) if left else ""))
        case "on":
            return plan
    if word[:1].isdigit():
        return replace(plan, at=_time(word))
    near = _near(word, (*_WORDS, *WEEKDAYS))
    raise PlanMistake(word, "period", tuple(map(_said_in_full, near)))


def _said_in_full(word: str) -> str:
    """Say what of `/digest` means a day of the week."""
    return f"weekly {word}" if word in WEEKDAYS else word


def _weekly(left: list[str], plan: DigestPlan) -> DigestPlan:
    if not (word := _behind(left)) or ":" in word:
        return _with_time(word, replace(plan, period="weekly"))
    return replace(plan, period="weekly", weekday=_weekday(word))


def _monthly(left: list[str], plan: DigestPlan) -> DigestPlan:
    if not (word := _behind(left)) or ":" in word:
        return _with_time(word, replace(plan, period="monthly"))
    return replace(plan, period="monthly", day=_day(word))


def _behind(left: list[str]) -> str:
    """Take the word that tells more of the one before; empty where there is none."""
    if left and left[0] == "on":
        left.pop(0)
    return left.pop(0) if left and left[0] not in _WORDS else ""


def _with_time(word: str, plan: DigestPlan) -> DigestPlan:
    return replace(plan, at=_time(word)) if word else plan


def _weekday(word: str) -> int:
    """Read a weekday, or the beginning of one."""
    found = [n for n, name in enumerate(WEEKDAYS) if name.startswith(word)]
    if len(word) < _SHORTEST or len(found) != 1:
        raise PlanMistake(word, "weekday", _near(word, WEEKDAYS) or WEEKDAYS[:_MOST_NEAR])
    return found[0]


def _day(word: str) -> int:
    if not (word.isascii() and word.isdigit() and 1 <= int(word[:9]) <= 31):
        raise PlanMistake(word, "day")
    return int(word)


def _time(word: str) -> time:
    found = _TIME.fullmatch(word)
    if found is None:
        raise PlanMistake(word, "time")
    return time(int(found[1]), int(found[2]))


def _near(word: str, names: Sequence[str]) -> tuple[str, ...]:
    """Return the names that look like a word, or begin as it does, the likeliest first."""
    short = {name[:3]: name for name in names}
    close = [
        *get_close_matches(word, names, _MOST_NEAR),
        *(short[found] for found in get_close_matches(word[:3], short, _MOST_NEAR)),
    ]
    return tuple(dict.fromkeys(close))[:_MOST_NEAR]
