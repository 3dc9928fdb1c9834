"""The counters of the page: what has happened since this process was started."""

from collections.abc import Iterable, Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram, Metric
from typing_extensions import override

from bot.core.delivery import (
    ChatGone,
    ChatMoved,
    MaybeSent,
    NotSent,
    Outcome,
    Refused,
    Sent,
)
from bot.core.events import Event
from bot.services.ports import CheckOutcome, Tally

BUCKETS_S = (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30)
CHECKS: tuple[CheckOutcome, ...] = ("kept", "lease_lost", "broken")
_SENDS: dict[type[Outcome], str] = {
    Sent: "sent",
    NotSent: "not_sent",
    MaybeSent: "maybe_sent",
    Refused: "refused",
    ChatGone: "gone",
    ChatMoved: "moved",
}
_EPISODES = {"alert_raised": "raised", "alert_cleared": "cleared", "alert_ended": "ended"}


class Counted(Tally):
    """Counts in memory; what can happen stands at 0 before it does."""

    def __init__(self, exchanges: Iterable[str]) -> None:
        """`exchanges` are those that are read."""
        self._registry = CollectorRegistry()
        self._reads = self._counter(
            "reads", "Wallets that were asked for: ok, or the class of the error.",
            "exchange", "outcome",
        )  # fmt: skip
        self._seconds = Histogram(
            "balance_bot_read_seconds",
            "How long a wallet took, the wait for the limits of the exchange in it.",
            ["exchange"],
            registry=self._registry,
            buckets=BUCKETS_S,
        )
        self._checks = self._counter("checks", "Checks of accounts.", "outcome")
        self._sends = self._counter("sends", "Attempts to send a message.", "outcome")
        self._pauses = self._counter("rate_limited", "How often Telegram wanted a pause (429).")
        self._episodes = self._counter("episodes", "Alerts told, and their ends.", "event")
        for exchange in set(exchanges):
            self._reads.labels(exchange, "ok")
            self._seconds.labels(exchange)
        for counter, outcomes in (
            (self._checks, CHECKS),
            (self._sends, _SENDS.values()),
            (self._episodes, _EPISODES.values()),
        ):
            for outcome in outcomes:
                counter.labels(outcome)

    def _counter(self, name: str, meaning: str, *labels: str) -> Counter:
        return Counter(f"balance_bot_{name}", meaning, labels, registry=self._registry)

    @override
    def read(self, exchange: str, outcome: str, *, seconds: float) -> None:
        """See the port."""
        self._reads.labels(exchange, outcome).inc()
        self._seconds.labels(exchange).observe(seconds)

    @override
    def checked(self, outcome: CheckOutcome) -> None:
        """See the port."""
        self._checks.labels(outcome).inc()

    @override
    def sent(self, outcome: Outcome) -> None:
        """See the port."""
        self._sends.labels(_SENDS[type(outcome)]).inc()

    @override
    def rate_limited(self) -> None:
        """See the port."""
        self._pauses.inc()

    @override
    def told(self, events: Iterable[Event]) -> None:
        """See the port."""
        for event in events:
            if event.kind in _EPISODES:
                self._episodes.labels(_EPISODES[event.kind]).inc()

    def families(self) -> Iterator[Metric]:
        """Return what was counted, without the instants at which the counting began."""
        for family in self._registry.collect():
            family.samples = [s for s in family.samples if not s.name.endswith("_created")]
            yield family
