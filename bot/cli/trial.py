"""What a line would mean as a rule, by what is read now; for `balance-bot rules test`.

What is judged is what a check would judge, at once where a rule waits `for` more reads. There is
no past here: a rule about a fall, or about how long a coin lasts, is shown and not judged.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from bot.cli.reading import There, list_now, read_paths
from bot.clock import utc_now
from bot.core.measures import Facts, coins_in, observe, worth_of
from bot.core.portfolio import Account, Amount, WalletState
from bot.core.preview import covers_nothing, refuse_silent, unknown_coin, wallets_of
from bot.core.rules import Rule, parse_rule
from bot.core.sentences import either
from bot.core.verdict import learned
from bot.core.watches import Watch, watches_of
from bot.fetchers import Fetcher, Reading
from bot.services.gather_facts import books_of
from bot.settings import Settings
from bot.sources import floor_of, open_fetchers, open_prices
from bot.transport import WireTransport

PAST = "only the running bot knows the past: /rule in its chat tells how this stands"


@dataclass(frozen=True, slots=True)
class Standing:
    """How a rule stands for one subject."""

    subject: str
    amount: Amount | None
    """What there is now, in coins or in money; None: unknown."""
    fires: bool | None
    """None: not known."""
    why: str = ""
    """It is not known."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What a line means as a rule, now."""

    rule: Rule
    covers: tuple[str, ...]
    standings: tuple[Standing, ...]
    unread: Mapping[str, Reading]
    """What could not be read: wallets, and lists of sub-accounts."""
    hint: str = ""
    """That the coin may be meant otherwise."""

    @property
    def is_done(self) -> bool:
        """Whether all was read and judged that can be judged here."""
        return not self.unread and all(s.why in {"", PAST} for s in self.standings)


async def try_line(settings: Settings, line: str) -> Trial:
    """Read what a line covers, and judge it.

    Raises:
        RuleError: it does not parse, or covers nothing.
    """
    rule = parse_rule(line)
    refuse_silent(line, rule, settings.watched)
    async with WireTransport() as http:
        fetchers = open_fetchers(settings, http)
        there = await list_now(settings, [rule.pattern], fetchers)
        accounts = [_with_floor(account, fetchers) for account in there.accounts]
        watches = watches_of("", rule, accounts)
        if not watches and not _may_be_covered(rule, there):
            raise covers_nothing(line, rule, accounts)
        covers = wallets_of(watches)
        readings = {**await read_paths(covers, fetchers), **there.lists}
        prices = open_prices(settings, fetchers, clock=utc_now)
        if rule.measure == "value":
            await prices.refresh()
    wallets = {path: learned(WalletState(path), r)[0] for path, r in readings.items()}
    facts = Facts(wallets, books=books_of(prices, watches), markets=prices.markets)
    return Trial(
        rule=rule,
        covers=covers,
        standings=tuple(judge(watch, facts, now=_read_at(watch, readings)) for watch in watches),
        unread={path: reading for path, reading in readings.items() if reading.error is not None},
        hint=_hint(rule, unknown_coin(rule, covers, wallets)),
    )


def _with_floor(account: Account, fetchers: Mapping[str, Fetcher]) -> Account:
    """Say how long reading an account takes: as far apart may the readings of a sum lie."""
    return replace(account, floor=floor_of(fetchers)(account.name, account.wallets))


def _may_be_covered(rule: Rule, there: There) -> bool:
    """Whether it is about sub-accounts of which there are none now, or nobody knows them now."""
    return bool(there.failed) or any(a.is_meant_by(rule.pattern) for a in there.accounts)


def _read_at(watch: Watch, readings: Mapping[str, Reading]) -> datetime:
    """Say when the last of a subject was read: a check judges then, whatever else is read on."""
    return max(readings[path].read_at for path in watch.paths)


def judge(watch: Watch, facts: Facts, *, now: datetime) -> Standing:
    """Judge a subject as a check would, but at once, and without a past."""
    states = facts.states(watch)
    if watch.look_back is not None:
        there = coins_in(watch, states) if all(s.readable for s in states) else None
        why = PAST if there is not None else _why_unknown(watch, facts, now)
        return Standing(watch.subject, there, None, why)
    seen = observe(watch, facts, now=now)
    if seen is None:
        return Standing(watch.subject, None, None, _why_unknown(watch, facts, now))
    return Standing(watch.subject, seen.amount, seen.breaks(watch.rule))


def _why_unknown(watch: Watch, facts: Facts, now: datetime) -> str:
    """Say why a subject cannot be judged."""
    states = facts.states(watch)
    unread = [state.path for state in states if not state.readable]
    if unread:
        return f"{', '.join(unread)} cannot be read"
    instants = [state.read_at for state in states if state.read_at is not None]
    if now - min(instants, default=now) > watch.most_apart:
        return "reading took so long that the first of it was old at the end"
    if watch.rule.measure == "value":
        return "; ".join(_why_no_value(watch, facts, now)) or "nobody tells what is there"
    part = "is available" if watch.rule.part == "available" else "is there"
    return f"the exchange does not tell how much {watch.rule.asset} {part}"


def _why_no_value(watch: Watch, facts: Facts, now: datetime) -> Iterator[str]:
    worth = worth_of(facts.states(watch), facts.books[watch.rule.asset], facts, now)
    missing = sorted({*worth.unpriced, *worth.owed})
    if missing:
        yield f"there is no price of {', '.join(missing)}"
    if worth.is_stale(now):
        yield "a price is too old"
    if not worth.complete:
        yield "an exchange tells a part of what is there only"


def _hint(rule: Rule, near: tuple[str, ...] | None) -> str:
    if near is None:
        return ""
    meant = f"; did you mean {either(near)}?" if near else ""
    return f"none of these wallets holds {rule.asset} now{meant}"
