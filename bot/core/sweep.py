"""One sweep over the wallets of an account: who must rest, and who is asked first."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal

from bot.core.alerts import AlertKey, AlertState
from bot.core.health import Health, paused
from bot.core.portfolio import LISTING, WalletState, sub_of
from bot.core.rules import Rule
from bot.core.watches import Watch
from bot.fetchers.model import Reading

NEAR = Decimal("0.2")
"""So much of its limit is what a balance may be off it, on the safe side, to count as near."""

_IN_ALERT, _NEAR_LIMIT, _CALM = range(3)
_NEVER = datetime.min.replace(tzinfo=UTC)


def by_need(
    paths: Iterable[str],
    *,
    known: Mapping[str, WalletState],
    watches: Iterable[Watch],
    alerts: Mapping[AlertKey, AlertState],
) -> tuple[str, ...]:
    """Put wallets in the order in which they are needed, which is the order of asking.

    First those with an alert that fires or is pending, then those near a limit by what was last
    read, then those never read, then the one whose reading is the oldest.
    """
    urgency: dict[str, int] = {}
    for watch in watches:
        level = _urgency(watch.rule, alerts.get(watch.key))
        for path in watch.paths:
            urgency[path] = min(level, urgency.get(path, _CALM))

    def need(path: str) -> tuple[int, datetime]:
        state = known.get(path)
        return urgency.get(path, _CALM), (state.read_at if state else None) or _NEVER

    return tuple(sorted(paths, key=need))


def _urgency(rule: Rule, state: AlertState | None) -> int:
    if state is None or state.amount is None:
        return _CALM
    if state.phase != "ok":
        return _IN_ALERT
    return _NEAR_LIMIT if _is_near(rule, state.amount) else _CALM


def _is_near(rule: Rule, amount: Decimal) -> bool:
    margin = rule.limit * NEAR
    if rule.comparison == "<":
        return amount <= rule.limit + margin
    return amount >= rule.limit - margin


def resting(
    paths: Iterable[str], known: Mapping[str, WalletState], *, now: datetime
) -> dict[str, Reading]:
    """Return what asking would bring, by path, for the wallets of one account that must rest.

    The same wallet of all sub-accounts has one limit, so a pause that the exchange asked of one of
    them holds for all; so it is after a restart, too, when only the database knows of it.
    """
    paths = list(paths)
    longest: dict[str, Health] = {}
    for path in paths:
        health = known[path].health if path in known else Health()
        before = longest.setdefault(_kind_of(path), health)
        if _rests_until(health) > _rests_until(before):
            longest[_kind_of(path)] = health
    pauses = {p: paused(longest[_kind_of(p)], p.partition("/")[2], now=now) for p in paths}
    return {path: pause for path, pause in pauses.items() if pause is not None}


def _rests_until(health: Health) -> datetime:
    return health.retry_at or _NEVER


def _kind_of(path: str) -> str:
    """Name what a wallet has in common with those of other sub-accounts."""
    if sub_of(path) is None:
        return path
    account, _, *rest = path.split("/")
    return "/".join([account, LISTING, *rest])
