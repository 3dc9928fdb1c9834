"""Preview a rule: what it would cover, what would fire now, and how often it would have fired."""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.core.alerts import AlertState
from bot.core.errors import RuleError
from bot.core.history import History
from bot.core.measures import Facts
from bot.core.preview import (
    NONE_HERE,
    names_of,
    pattern_column,
    refuse_silent,
    unknown_coin,
    wallets_of,
)
from bot.core.replay import Replay, replay
from bot.core.rules import Rule, parse_rule
from bot.core.scope import ALL, Asker
from bot.core.sentences import Sentence
from bot.core.verdict import reach_verdict
from bot.core.watches import Watch, watches_of
from bot.services.gather_facts import gather_facts
from bot.services.narrowed import narrowed
from bot.services.ports import Clock, OpenUnit, PriceSource, Unit
from bot.services.watched import Watched

LONGEST_LINE = 300
"""Characters: it has to fit the messages in which it is shown."""
LOOK_BACK = timedelta(days=30)
MOST_CHANGES = 50_000
"""To be replayed: a month of a wallet that changes every minute."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What a rule would mean."""

    at: datetime
    rule: Rule
    covers: tuple[str, ...]
    """The wallets; () while it is about sub-accounts that nobody has yet."""
    states: tuple[AlertState, ...]
    """Where it would stand now for each subject; `amount` is None where that is not known."""
    past: Replay | None
    """None: what it is about is not kept."""
    unknown_coin: tuple[str, ...] | None = None
    """None of the wallets holds its coin now; these are called nearly so. None: one does."""


class PreviewRule:
    """Looks at a rule before there is one."""

    def __init__(
        self, *, watched: Watched, prices: PriceSource, open_unit: OpenUnit, clock: Clock
    ) -> None:
        self._watched = self._all = watched
        self._prices = prices
        self._open_unit = open_unit
        self._clock = clock
        self._scope = ALL

    def within(self, asker: Asker) -> "PreviewRule":
        """Return what looks only at what may be known of where `asker` is."""
        return narrowed(self, watched=self._all.within(asker.scope), scope=asker.scope)

    async def preview(self, line: str) -> Preview:
        """Say what a line would mean as a rule.

        Raises:
            RuleError: it does not parse, or could never speak; the error points at the word.
        """
        if len(line) > LONGEST_LINE:
            expected = Sentence("a line of {most} characters at most", most=LONGEST_LINE)
            raise RuleError(expected, line[LONGEST_LINE : LONGEST_LINE + 20], LONGEST_LINE + 1)
        rule = parse_rule(line)
        refuse_silent(line, rule, self._watched.accounts)
        self._refuse_beyond(line, rule)
        now = self._clock()
        watches = watches_of("", rule, self._watched.accounts)
        async with self._open_unit() as unit:
            known = await unit.wallets.load(self._watched.sources)
            facts = await gather_facts(unit, self._prices, watches, now=now)
            since, history = await _history(unit, rule, watches, now=now)
        covers = wallets_of(watches)
        return Preview(
            at=now,
            rule=rule,
            covers=covers,
            states=_states_now(watches, facts, now),
            # In a thread: a month of a busy wallet takes a second.
            past=await asyncio.to_thread(
                replay,
                watches,
                history,
                spanning=_spanning(rule.asset, facts),
                since=since,
                now=now,
            ),
            unknown_coin=unknown_coin(rule, covers, known),
        )

    def _refuse_beyond(self, line: str, rule: Rule) -> None:
        """Refuse a rule about more than may be known of here."""
        if not self._scope.covers(rule.pattern, self._all.sources):
            names = tuple(filter(self._scope.has, names_of(self._watched.accounts)))[:3]
            expected = NONE_HERE
            if names:
                expected = Sentence(
                    "a wallet of those that this chat sees, such as {names}", names=names
                )
            raise RuleError(expected, rule.pattern, pattern_column(line))


async def _history(
    unit: Unit, rule: Rule, watches: Collection[Watch], *, now: datetime
) -> tuple[datetime, History]:
    """Return what is replayed, and since when; for a rule that looks back, the time before, too.

    It is less than was asked for where amounts change so often that nothing else would be done.
    """
    if rule.measure == "value":
        return now, History()
    paths = {path for watch in watches for path in watch.paths}
    before = max((watch.look_back or timedelta() for watch in watches), default=timedelta())
    back = LOOK_BACK + before
    count = await unit.wallets.count_changes(paths, rule.asset, since=now - back)
    back = min(back, back * MOST_CHANGES / max(count, 1))
    history = await unit.wallets.history(paths, [rule.asset], since=now - back)
    return now - back + before, history


def _spanning(asset: str, facts: Facts) -> Collection[str]:
    """Name the wallets whose snapshot of a staked coin counts what lies in others, too."""
    return {
        path
        for path, state in facts.wallets.items()
        for balance in state.balances or ()
        if balance.staking is not None and balance.asset == asset
    }


def _states_now(watches: Collection[Watch], facts: Facts, now: datetime) -> tuple[AlertState, ...]:
    """Judge at once what `for` would let wait for more readings."""
    at_once = [replace(watch, rule=replace(watch.rule, for_reads=1)) for watch in watches]
    return reach_verdict({}, watches=at_once, facts=facts, alerts={}, now=now).alerts
