"""What is believed: sudden emptiness only the second time, sudden vagueness only when it lasts."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from bot.core.belief import PATIENCE, believed, newly_empty
from bot.core.health import Health
from bot.core.portfolio import WalletState
from bot.fetchers.errors import ExchangeUnavailable, FetchError, UnexpectedAnswer
from bot.fetchers.model import Balance, Reading

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
DOWN = ExchangeUnavailable("it is down")


def usdt(total: str | None, available: str | None = None) -> Balance:
    return Balance(
        "USDT",
        None if total is None else Decimal(total),
        None if available is None else Decimal(available),
        None,
    )


def read(what: Balance | FetchError | None, at: datetime = START) -> Reading:
    """Read this balance, nothing at all, or not read."""
    if isinstance(what, FetchError):
        return Reading("w", at, None, what)
    return Reading("w", at, (what,) if what else ())


@pytest.mark.parametrize(
    ("before", "now", "empty"),
    [
        (usdt("5"), None, True),
        (usdt("5"), usdt("0"), True),
        (usdt(None, "5"), usdt(None, "0"), True),
        (usdt("0", "5"), None, True),
        (usdt("5"), usdt("0.00000001"), False),
        (usdt("5"), usdt("0", "1"), False),
        (usdt("0"), None, False),  # there was nothing before
        (None, None, False),
        (usdt("5"), DOWN, False),  # a failure shows nothing at all
    ],
)
def test_newly_empty(
    before: Balance | None, now: Balance | FetchError | None, *, empty: bool
) -> None:
    """Only a good answer without any money after one with money is read again."""
    state = WalletState("m/f", (before,) if before else (), START)
    assert newly_empty(state, read(now)) is empty
    assert newly_empty(None, read(now)) is False
    assert newly_empty(WalletState("m/f"), read(now)) is False


WHOLE, PART = usdt("5", "3"), usdt(None, "3")


@pytest.mark.parametrize(
    ("before", "now", "good"),
    [
        (WHOLE, PART, False),
        (WHOLE, usdt("0"), True),
        (WHOLE, None, True),  # emptiness is another matter
        (PART, PART, True),
        (PART, WHOLE, True),
        (None, PART, True),
    ],
)
def test_an_answer_that_tells_less(
    before: Balance | None, now: Balance | None, *, good: bool
) -> None:
    """Totals that are suddenly untold make a wallet unreadable, not poorer."""
    state = WalletState("m/w", (before,) if before else None, START)
    reading = believed(state, read(now))
    assert (reading.error is None) is good
    assert good or type(reading.error) is UnexpectedAnswer
    assert believed(None, read(now)) == read(now)
    assert believed(state, read(DOWN)) == read(DOWN)


@pytest.mark.parametrize(
    ("after", "good"), [(PATIENCE - timedelta(seconds=1), False), (PATIENCE, True)]
)
def test_what_lasts_is_believed(after: timedelta, *, good: bool) -> None:
    """After an hour the part is all that there is to know."""
    health = Health(failures=60, failing_since=START)
    state = WalletState("m/w", (WHOLE,), START, health)
    assert (believed(state, read(PART, START + after)).error is None) is good
