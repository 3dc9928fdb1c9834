"""Amounts, durations and instants: exact, plain, and no lie where room is short."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.chat.i18n import speaking
from bot.chat.numbers import (
    MINUS,
    age_text,
    amount_text,
    change_text,
    clock_text,
    date_text,
    fitted,
    percent_text,
    span_text,
    until_text,
    value_text,
    width_of,
)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
amounts = st.builds(
    lambda number, places: Decimal(number).scaleb(-places),
    st.integers(-(10**27), 10**27),
    st.integers(0, 27),
) | st.from_regex(r"-?[0-9]{1,60}(\.[0-9]{1,60})?", fullmatch=True).map(Decimal)


def value_of(text: str) -> Decimal:
    return Decimal(text.replace(",", "").replace(MINUS, "-").replace("…", ""))


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("0", "0"),
        ("0.000", "0"),
        ("500", "500"),
        ("1000", "1,000"),
        ("257.518301140000000", "257.51830114"),
        ("12345.678901234567890123", "12,345.678901234567890123"),
        ("1E+6", "1,000,000"),
        ("1E-18", "0.000000000000000001"),
        ("0.10", "0.1"),
        ("-1234.50", "−1,234.5"),
        ("123456789012345678901234567890.5", "123,456,789,012,345,678,901,234,567,890.5"),
    ],
)
def test_amounts(amount: str, text: str) -> None:
    """Amounts are written out: grouped, to the last digit, without a power of ten."""
    assert amount_text(Decimal(amount)) == text


@given(amounts)
def test_amounts_are_exact(amount: Decimal) -> None:
    """What is written is what there is, whatever its size."""
    text = amount_text(amount)
    assert value_of(text) == amount
    assert set(text) <= set("0123456789,.−")


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        ("1,234.5678", 10, "1,234.5678"),
        ("1,234.5678", 9, "1,234.56…"),
        ("0.999", 4, "0.9…"),  # not 1
        ("1,234.5678", 8, "1,234.5…"),
        ("1,234.5678", 7, "1234.5…"),  # no "1,234.…", which says less
        ("1,234.5678", 6, "1234…"),  # the whole part is never cut
        ("1,234", 4, "1234"),
        ("1,234", 3, "1234"),
        ("≥ 1,234.5678", 11, "≥ 1,234.56…"),
        ("unknown", 3, "unknown"),
    ],
)
def test_fitting(text: str, width: int, shown: str) -> None:
    """Digits of the fraction go first, then the commas, and never a digit before the point."""
    assert fitted(text, width=width) == shown


@pytest.mark.parametrize(
    ("value", "currency", "at_least", "text"),
    [
        ("123456.785", "USD", False, "123,456.78"),  # to the even digit
        ("123456.786", "USDT", False, "123,456.79"),
        ("123456.789", "EUR", True, "123,456.78"),  # no more than there is
        ("0.00000001", "BTC", False, "0.00000001"),
        ("1.5", "BTC", False, "1.50000000"),
        ("7", "CNY", False, "7.00"),
        ("0.004", "USD", False, "0.00"),
        ("-0.004", "USD", False, "0.00"),
        ("-0.001", "USD", True, "−0.01"),
        ("-1234.5", "USD", False, "−1,234.50"),
        ("1E-30", "BTC", False, "0.00000000"),
        ("1E+30", "USD", False, "1,000,000,000,000,000,000,000,000,000,000.00"),
    ],
)
def test_values(value: str, currency: str, at_least: bool, text: str) -> None:
    """Values are rounded as is usual for their currency, and there is no zero below zero."""
    assert value_text(Decimal(value), currency, at_least=at_least) == text


@given(amounts, st.integers(1, 80))
def test_cutting_tells_no_more_than_there_is(amount: Decimal, width: int) -> None:
    """What is cut is marked, lies no further from zero, and is off by less than its last digit."""
    text = fitted(amount_text(amount), width=width)
    if "…" not in text:
        assert value_of(text) == amount
        return
    whole = len(text.rstrip("…").partition(".")[0])
    assert len(text) <= max(width, whole + 1)
    difference = amount.copy_abs().as_integer_ratio(), value_of(text).copy_abs().as_integer_ratio()
    (a, b), (c, d) = difference
    places = len(text.rstrip("…").partition(".")[2])
    assert 0 <= (a * d - c * b) * 10**places < b * d


@given(st.integers(0, 10**18 - 1), st.integers(0, 10**18 - 1), st.integers(21, 40))
def test_eighteen_digits_always_fit(whole: int, fraction: int, width: int) -> None:
    """The largest amounts of a token find room in a column of 21."""
    assert len(fitted(amount_text(Decimal(f"{whole}.{fraction:018}")), width=width)) <= width


def test_changes_have_a_sign() -> None:
    """More is +, less is −; both exact."""
    assert change_text(Decimal("1000.50")) == "+1,000.5"
    assert change_text(Decimal("-0.00000001")) == "−0.00000001"
    assert change_text(Decimal(0)) == "0"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "0 s"),
        (0, "0 s"),
        (0.4, "0 s"),
        (59.6, "1 min"),
        (40, "40 s"),
        (61, "1 min 1 s"),
        (3600, "1 h"),
        (3605, "1 h"),
        (3900, "1 h 5 min"),
        (86400 + 300, "1 d"),
        (90000, "1 d 1 h"),
        (86400 * 400, "400 d"),
    ],
)
def test_durations(seconds: float, text: str) -> None:
    """A duration has its two largest units, if they are neighbours."""
    assert span_text(timedelta(seconds=seconds)) == text


@pytest.mark.parametrize(
    ("ago", "text"), [(-3, "just now"), (0.9, "just now"), (1, "1 s ago"), (90, "1 min 30 s ago")]
)
def test_ages(ago: float, text: str) -> None:
    """What has just been read says so, also when clocks differ a little."""
    assert age_text(NOW - timedelta(seconds=ago), NOW) == text


def test_clocks() -> None:
    """An instant of another day, by the chat's clock, has its date."""
    berlin = ZoneInfo("Europe/Berlin")
    assert clock_text(NOW, berlin, now=NOW) == "13:00:00 CET"
    late = NOW.replace(hour=23, minute=30)  # past midnight in Berlin
    assert clock_text(late, berlin, now=NOW) == "02 Mar 00:30 CET"
    assert clock_text(late, ZoneInfo("UTC"), now=NOW) == "23:30:00 UTC"


@pytest.mark.parametrize(
    ("until", "told"),
    [
        (NOW.replace(second=0), "13:00 CET"),
        (NOW.replace(second=0, microsecond=1), "13:01 CET"),
        (NOW.replace(hour=22, minute=59, second=59), "02 Mar 00:00 CET"),
    ],
)
def test_until(until: datetime, told: str) -> None:
    """By the minute, and not before it is over."""
    assert until_text(until, ZoneInfo("Europe/Berlin"), now=NOW) == told


@given(amounts)
@example(Decimal(f"-{'9' * 60}.{'1' * 60}"))
def test_amounts_are_exact_in_every_language(amount: Decimal) -> None:
    """The marks between digits differ; no digit does, and none is a power of ten."""
    for code, group, point in (("zh", ",", "."), ("de", ".", ","), ("hi", ",", ".")):
        with spoken(code):
            text = amount_text(amount)
        plain = text.replace(group, "").replace(point, ".").replace(MINUS, "-")
        assert Decimal(plain) == amount
        assert set(text) <= set("0123456789,.−")


@pytest.mark.parametrize(
    ("code", "amount", "width", "shown"),
    [
        ("de", "1234567.125", 20, "1.234.567,125"),
        ("de", "1234.5678", 9, "1.234,56…"),
        ("de", "1234.5678", 7, "1234,5…"),
        ("hi", "1234567.5", 20, "12,34,567.5"),
        ("fr", "1234.5678", 6, "1234…"),
        ("zh", "1234.5678", 10, "1,234.5678"),
    ],
)
def test_amounts_of_other_languages_fit(code: str, amount: str, width: int, shown: str) -> None:
    """A group's mark is never taken for the point, nor the point for a group's mark."""
    with spoken(code):
        assert fitted(amount_text(Decimal(amount)), width=width) == shown


def test_signs_of_east_asia_take_two_columns() -> None:
    """What stands beside an amount counts, too, when it is fitted."""
    assert width_of("余额 1") == 6
    assert fitted("约 1.2345", width=7) == "约 1.2…"


def test_instants_in_chinese() -> None:
    """The order of a date, its names and the words about a span are those of the language."""
    berlin = ZoneInfo("Europe/Berlin")
    with speaking("zh"):
        assert clock_text(NOW, berlin, now=NOW) == "13:00:00 CET"
        assert clock_text(NOW, berlin, now=NOW + timedelta(days=1)) == "3月1日 13:00 CET"
        assert date_text(NOW.date()) == "2026年3月1日周日"
        assert span_text(timedelta(hours=1, minutes=5)) == "1小时5分钟"
        assert age_text(NOW - timedelta(seconds=40), NOW) == "40秒前"
        assert value_text(Decimal("-1234.5"), "USD", at_least=False) == "−1,234.50"
        assert percent_text(Decimal(30)) == "30%"


@pytest.mark.parametrize(
    ("code", "text"), [("de", "1. März 13:00 CET"), ("fr", "1 mars 13:00 CET")]
)
def test_instants_of_other_languages(code: str, text: str) -> None:
    """Nothing but its texts is needed for a language."""
    with spoken(code):
        told = clock_text(NOW, ZoneInfo("Europe/Berlin"), now=NOW + timedelta(days=1))
    assert told.replace(",", "") == text


def test_a_date_in_english() -> None:
    assert date_text(NOW.date()) == "Sun 01 Mar 2026"


@contextmanager
def spoken(code: str) -> Iterator[None]:
    """Speak a language that has no texts of ours, for its numbers."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bot.chat.numbers.language", lambda: code)
        yield
