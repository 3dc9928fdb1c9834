"""What the tests of alerts share: readings by the minute, and what a run of them leads to."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import strategies as st
from pydantic import TypeAdapter

from bot.core.alerts import AlertState, Observation, step
from bot.core.events import Event
from bot.core.portfolio import Amount
from bot.core.rules import Rule, parse_rule

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR, DAY = 60, 1440  # minutes
FRESH = AlertState("low", "main/funding", "USDT")


def at(minute: int) -> datetime:
    return START + timedelta(minutes=minute)


def seen(amount: str | Decimal, minute: int, *, oldest: int | None = None) -> Observation:
    return Observation(
        Amount(Decimal(amount)),
        oldest_at=at(minute if oldest is None else oldest),
        newest_at=at(minute),
    )


def run(
    rule: Rule, observations: Iterable[Observation | None], state: AlertState = FRESH
) -> tuple[AlertState, list[Event]]:
    told: list[Event] = []
    for observation in observations:
        now = observation.newest_at if observation else START
        state, events = step(state, rule, observation, now=now)
        told += events
    return state, told


def after(amounts: Sequence[str], rule: Rule) -> AlertState:
    return run(rule, [seen(amount, minute) for minute, amount in enumerate(amounts)])[0]


LOW = "main/funding USDT < 500 · clear 550"
HIGH = "main/funding USDT > 500 · clear 450"

rules = st.builds(
    lambda sign, reads, margin: parse_rule(
        f"main/funding USDT {sign} 500 · for {reads} reads"
        f" · clear {500 + margin if sign == '<' else 500 - margin}"
    ),
    st.sampled_from("<>"),
    st.integers(1, 4),
    st.integers(0, 60),
)
# Around the limit and the clear levels, where it matters, and far off.
amounts = st.one_of(st.integers(430, 570), st.sampled_from([0, 499, 500, 501, 10**30])).map(
    Decimal
)
STATE = TypeAdapter(AlertState)
