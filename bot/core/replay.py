"""What a rule would have told in the past: its alerts, replayed on the history of the wallets.

Every reading that is known goes through the same machine as the readings of today. Where an amount
stayed, nothing but the first reading matters, unless the machine is counting or time itself
changes what is measured: a fall is over when its height has left the window, and a rate of
spending changes all the time; that is looked at now and then only.
"""

from bisect import bisect, bisect_left
from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.core.alerts import AlertState, Observation, step
from bot.core.forecast import LOOK_BACK
from bot.core.history import History, Stretch, summed
from bot.core.measures import fall_from, runway_of
from bot.core.portfolio import is_listing
from bot.core.rules import Rule
from bot.core.watches import MISSED_ROUNDS, Watch

RUNWAY_EVERY = timedelta(hours=2)
"""How often a rate of spending is looked at: it takes a day of the past, each time."""

Measuring = Callable[[Stretch, datetime], Observation | None]


@dataclass(frozen=True, slots=True)
class Replay:
    """How often a rule would have fired."""

    since: datetime | None
    """From when on there is history; None: there is none."""
    raised: tuple[datetime, ...]
    """When each episode would have begun, in order."""


def replay(
    watches: Collection[Watch],
    history: History,
    *,
    spanning: Collection[str],
    since: datetime,
    now: datetime,
) -> Replay | None:
    """Count the episodes from `since` to `now`; None: what it takes is not kept.

    Args:
        watches: Of one rule.
        history: Of its coin, and of its window before `since`, too.
        spanning: The paths whose snapshots count what lies in other wallets, too.
        since: The beginning of the time that is asked for.
        now: The present instant.
    """
    if any(watch.rule.measure == "value" for watch in watches):
        return None
    begins: list[datetime] = []
    raised: list[datetime] = []
    for watch in watches:
        past = _past(watch, history, spanning, now)
        begins += [stretch.begins_at for stretch in past[:1]]
        raised += [at for at in _raised(watch, past) if at >= since]
    begin = min(begins, default=None)
    return Replay(begin and max(begin, since), tuple(sorted(raised)))


def _past(
    watch: Watch, history: History, spanning: Collection[str], now: datetime
) -> Sequence[Stretch]:
    """Tell how much of its coin a subject had, as far back as is known."""
    rule = watch.rule
    first = min(history.first_read_at.values(), default=now)
    parts = {
        path: history.stretches((path, rule.asset), rule.part, since=first, now=now)
        for path in watch.paths
        if not is_listing(path)
    }
    if rule.summed:
        at_once = timedelta(0)
        told = summed(parts, spanning=spanning, sweep=at_once, most_apart=watch.most_apart)
        past = _settled(told, _every(watch))
    else:
        (past,) = parts.values()
    return [stretch for stretch in past if stretch.amount.part == past[-1].amount.part]


def _settled(past: Sequence[Stretch], every: timedelta) -> Sequence[Stretch]:
    """Take of each round the sum that stood longest: the others were read while it changed."""
    longest: dict[int, tuple[timedelta, Stretch]] = {}
    for before, stretch in zip([*past[:1], *past], past, strict=False):
        number = (stretch.begins_at - past[0].begins_at) // every
        begin = past[0].begins_at + number * every
        for one in (before, stretch):
            stood = min(one.ends_at, begin + every) - max(one.begins_at, begin)
            if number not in longest or stood > longest[number][0]:
                longest[number] = stood, one
    settled = [stretch for _, stretch in longest.values()]
    return [s for n, s in enumerate(settled) if n == 0 or s is not settled[n - 1]]


def _every(watch: Watch) -> timedelta:
    return watch.most_apart / MISSED_ROUNDS


def _raised(watch: Watch, past: Sequence[Stretch]) -> Iterator[datetime]:
    rule, every = watch.rule, _every(watch)
    measure, instants = _measuring(rule, past, every)
    state = AlertState(*watch.key)
    for stretch, begin, until in _readings(past, instants):
        for at in _from(begin, until, every):
            before = state.alert
            state, _ = step(state, rule, measure(stretch, at), now=at)
            if state.alert is not None and before is None:
                yield at
            if state.phase != "pending":
                break


def _from(begin: datetime, until: datetime, every: timedelta) -> Iterator[datetime]:
    """Give the readings of a time in which nothing has changed, the first in any case."""
    yield begin
    for number in range(1, (until - begin) // every + 1):
        yield begin + number * every


def _readings(
    past: Sequence[Stretch], instants: Sequence[datetime]
) -> Iterator[tuple[Stretch, datetime, datetime]]:
    """Give the readings that matter, each with the end of the time in which it stands."""
    for stretch, following in zip(past, [*past[1:], None], strict=False):
        first = bisect_left(instants, stretch.begins_at)
        last = bisect(instants, stretch.ends_at)
        here = instants[first:last]
        if following is not None and here and here[-1] == following.begins_at:
            here = here[:-1]
        for n, at in enumerate(here, start=1):
            yield stretch, at, here[n] if n < len(here) else stretch.ends_at


def _measuring(
    rule: Rule, past: Sequence[Stretch], every: timedelta
) -> tuple[Measuring, Sequence[datetime]]:
    """Return what measures, and when something may have changed."""
    begins = [stretch.begins_at for stretch in past]
    match rule.measure:
        case "drop":
            window = rule.window or timedelta(0)
            over = {stretch.ends_at + window + every for stretch in past}
            return _falls(rule, window), sorted({*begins, *over})
        case "runway":
            return _runway(past), _now_and_then(past)
        case _:
            return lambda stretch, at: Observation(stretch.amount, at, at), begins


def _falls(rule: Rule, window: timedelta) -> Measuring:
    """Measure falls; what is asked for has to come in the order of time."""
    peaks: deque[Stretch] = deque()
    """Falling amounts, each the highest from its time on."""

    def measure(stretch: Stretch, at: datetime) -> Observation:
        while peaks and peaks[-1].amount.value <= stretch.amount.value:
            peaks.pop()
        peaks.append(stretch)
        while peaks[0].ends_at < at - window:
            peaks.popleft()
        return fall_from(peaks[0].amount.value, stretch.amount, rule, (at, at))

    return measure


def _runway(past: Sequence[Stretch]) -> Measuring:
    ends = [stretch.ends_at for stretch in past]

    def measure(stretch: Stretch, at: datetime) -> Observation | None:
        since = at - LOOK_BACK
        known = past[bisect_left(ends, since) : bisect_left(ends, stretch.ends_at) + 1]
        seen = [
            replace(s, begins_at=max(s.begins_at, since), ends_at=min(s.ends_at, at))
            for s in known
        ]
        return runway_of(stretch.amount, seen, (at, at))

    return measure


def _now_and_then(past: Sequence[Stretch]) -> Sequence[datetime]:
    if not past:
        return ()
    looks = (past[-1].ends_at - past[0].begins_at) // RUNWAY_EVERY
    return [past[0].begins_at + n * RUNWAY_EVERY for n in range(1, looks + 1)]
