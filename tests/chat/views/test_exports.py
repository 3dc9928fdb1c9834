"""Files of what was read: exact, safe to open, and named by what is in them."""

import csv
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from io import StringIO
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chat.views.exports import file_name, file_text, head_of, rows_of, too_much_text
from bot.core.exports import Changed, Line, Wish
from bot.services.export_history import Export

NOW = datetime(2026, 3, 29, 12, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


def export(*words: str, **more: object) -> Export:
    return Export(
        **{
            "wish": Wish(words),
            "at": NOW,
            "since": NOW - timedelta(days=30),
            "currency": "USD",
            "paths": (),
            "coin": None,
            "rows": 60_000,
            "fitting": "7d",
            **more,
        }  # type: ignore[arg-type]
    )


def changed(path: str = "a/b", coin: str = "USDT", total: str | None = "1") -> Changed:
    amount = None if total is None else Decimal(total)
    return Changed(1, NOW, path, coin, amount, None, Decimal("1E+3"))


def read(*lines: Line) -> list[dict[str, str]]:
    text = (head_of(export()) + rows_of(lines, export(), BERLIN)).decode("utf-8-sig")
    return list(csv.DictReader(StringIO(text, newline="")))


def test_a_row() -> None:
    """Both clocks, plain digits, and nothing for what is not known."""
    (row,) = read(Line(changed(total="1E-30"), Decimal("2.345")))
    assert row == {
        "time": "2026-03-29T12:00:00.000+00:00",
        "local_time": "2026-03-29T14:00:00+02:00",
        "path": "a/b",
        "coin": "USDT",
        "total": "0.000000000000000000000000000001",
        "available": "",
        "held": "1000",
        "value_USD": "2.34",
    }
    (row,) = read(Line(changed(total=None), None))
    assert (row["total"], row["value_USD"]) == ("", "")


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋"])
def test_no_name_is_a_formula(begin: str) -> None:
    """What others call their coins and sub-accounts is text, whatever it begins with."""
    name = f'{begin}HYPERLINK("x")'
    (row,) = read(Line(changed(path=name, coin=name), None))
    assert row["path"] == row["coin"] == f"'{name}"


def test_an_amount_below_zero_stays_a_number() -> None:
    (row,) = read(Line(changed(total="-5"), Decimal(-5)))
    assert (row["total"], row["value_USD"]) == ("-5", "-5.00")


@given(st.text(), st.text(), st.decimals(allow_nan=False, allow_infinity=False))
def test_every_digit_and_every_name_can_be_read_again(
    path: str, coin: str, total: Decimal
) -> None:
    """Whatever is in it, it is one row, and no number is written with an exponent."""
    (row,) = read(Line(changed(path, coin, str(total)), None))
    assert Decimal(row["total"]) == total
    assert "E" not in row["total"].upper()
    assert row["path"].endswith(path.encode("utf-8", "replace").decode())


def test_the_name_of_the_file() -> None:
    name = file_name(export("main/sub:*", "USDT"), BERLIN)
    assert name == "balances_main-sub_USDT_2026-02-27_2026-03-29.csv"


def test_too_much() -> None:
    """How much it is, and what fits."""
    told = too_much_text(export("main"))
    assert told.startswith("There are 60,000 changes in this time, and a file holds 50,000.")
    assert "<code>/export main 7d</code>" in told
    assert "one wallet" in too_much_text(export(fitting=None))


@pytest.mark.parametrize(("days", "is_thinned"), [(90, False), (365, True)])
def test_what_was_thinned_out_is_said(days: int, *, is_thinned: bool) -> None:
    """Who adds up the rows of a year must know that they are not all there ever were."""
    told = file_text(export(since=NOW - timedelta(days=days)), rows=5, zone=BERLIN)
    said = "Of what is older than 90 days only the last change of each hour is kept."
    assert (said in told.splitlines()) == is_thinned
