"""What is an amount, a coin, a time, a body, and what must not pass for one."""

import gzip
import json
import tracemalloc
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.fetchers import Balance
from bot.fetchers._parsing import (
    MAX_BODY,
    Fraction,
    Malformed,
    asset_name,
    decode_object,
    gunzip,
    instant,
    ordered,
    plain_decimal,
    rows,
)

DIGITS = st.text("0123456789", min_size=1, max_size=30)


@pytest.mark.parametrize(
    "value",
    [
        "0",
        "0.00",
        "-1.5",
        "12345.678901234567890123",
        "257.518301140000000",
        "115792089237316195423570985008687907853269984665640564039457.584007913129639935",
        Fraction("0.1"),
        7,
        0,
    ],
    ids=repr,
)
def test_plain_decimal_keeps_every_digit(value: str | int) -> None:
    """An amount comes out as it was written, trailing zeros included."""
    assert f"{plain_decimal(value):f}" == str(value)


@pytest.mark.parametrize("value", ["-0", "-0.00"])
def test_plain_decimal_has_no_negative_zero(value: str) -> None:
    """Nothing is shown as "-0"."""
    assert f"{plain_decimal(value):f}" == value.removeprefix("-")


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        False,
        1.5,  # cannot come from our decoder
        [],
        {},
        "",
        " 1",
        "1 ",
        "1\n",  # `$` in a pattern would let it pass
        "+1",
        "--1",
        "1e3",
        "1E-8",
        Fraction("1e999"),
        Fraction("1e-9"),
        "NaN",
        "nan",
        "-NaN",
        "sNaN",
        "Infinity",
        "-inf",
        "1_000",  # Decimal and int take it
        "1,000",
        "1.",
        ".5",
        "01",
        "0x10",
        "١٢",  # digits for \d and for Decimal
        "1²",
        "1" * 101,
        10**101,
    ],
    ids=repr,
)
def test_plain_decimal_refuses(value: object) -> None:
    """Whatever is not a plain decimal number is no amount."""
    with pytest.raises(Malformed):
        plain_decimal(value)


@given(st.booleans(), st.integers(0, 10**40), st.none() | DIGITS)
def test_every_plain_decimal_survives(negative: bool, whole: int, fraction: str | None) -> None:
    """The law: a plain decimal, as text or as a JSON number, is read as its exact value."""
    text = f"{'-' if negative else ''}{whole}{'' if fraction is None else '.' + fraction}"
    amount = plain_decimal(text)
    assert amount == Decimal(text)
    assert f"{amount:f}".lstrip("-") == text.lstrip("-")
    content = decode_object(b'{"amount": ' + text.encode() + b"}")
    assert plain_decimal(content["amount"]) == Decimal(text)


@given(st.text("0123456789+-._eE nNaAiIfF٣", max_size=12))
def test_what_passes_is_a_json_number_without_exponent(text: str) -> None:
    """The law from the other side: JSON itself agrees with each text that is let through."""
    try:
        amount = plain_decimal(text)
    except Malformed:
        return
    assert not set("eE") & set(text)
    assert json.loads(text, parse_float=Decimal, parse_int=Decimal) == amount


@pytest.mark.parametrize(
    ("value", "asset"),
    [("btc", "BTC"), ("1INCH", "1INCH"), ("USDT-TRC20", "USDT-TRC20"), ("币安人生", "币安人生")],
)
def test_asset_name(value: str, asset: str) -> None:
    """A coin is in upper case; coins with names in other scripts exist."""
    assert asset_name(value) == asset


@pytest.mark.parametrize(
    "value",
    [None, "", " ", "A B", "A\n", "\u200bBTC", "\ud800", "X" * 65, 1, True, Fraction("1.5")],
    ids=repr,
)
def test_asset_name_refuses(value: object) -> None:
    """What nobody can see or type is no coin."""
    with pytest.raises(Malformed):
        asset_name(value)


@pytest.mark.parametrize("value", ["1699257600000", 1699257600000], ids=repr)
def test_instant(value: object) -> None:
    """Milliseconds are read as text and as a number."""
    assert instant(value) == datetime(2023, 11, 6, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    "value",
    [None, "", "0", 0, True, "1699257600", "1699257600000 ", "-699257600000", "٣" * 13],
    ids=repr,
)
def test_instant_refuses(value: object) -> None:
    """Seconds, and whatever else is not 13 digits, are no Unix milliseconds."""
    with pytest.raises(Malformed):
        instant(value)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"null",
        b"[]",
        b'"text"',
        b"1",
        b"<html></html>",
        b'{"a": 1',
        b'{"a": 1}}',
        b'{"a": 1} {"a": 1}',
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": -Infinity}',
        b'{"a": 1, "a": 1}',
        b'{"a": {"b": [{"c": 1, "c": 2}]}}',
        b'{"a": 1, "\\u0061": 1}',  # the same name, written otherwise
        b'\xef\xbb\xbf{"a": 1}',
        '{"a": 1}'.encode("utf-16"),
        b'{"a": "\xff"}',
        b'{"a": "\n"}',
        b'{"a": 01}',
        b'{"a": ' + b"[" * 200_000,
        b'{"a": ' + b"1" * 5000 + b"}",  # int() itself refuses so many digits
    ],
    ids=lambda body: repr(body[:20]),
)
def test_decode_object_refuses(body: bytes) -> None:
    """Only one whole JSON object in UTF-8, without a name twice, is an answer."""
    with pytest.raises(Malformed) as caught:
        decode_object(body)
    assert caught.value.__context__ is None or isinstance(caught.value.__context__, Malformed)


def test_an_odd_number_in_a_field_that_nobody_reads_does_no_harm() -> None:
    """Unknown extra fields are fine, whatever finite numbers they hold."""
    assert decode_object(b'{"rate": 1e-8, "n": 1.50}') == {"rate": "1e-8", "n": "1.50"}


def test_a_number_is_not_the_text_of_it() -> None:
    """A fraction is text for us, but not one that passes for a code or a coin."""
    value = decode_object(b'{"code": 0.0}')["code"]
    assert type(value) is not str


def test_gunzip() -> None:
    """A compressed body comes out whole, up to the limit."""
    body = b"x" * MAX_BODY
    assert gunzip(gzip.compress(body)) == body


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        gzip.compress(b"{}")[:-1],
        gzip.compress(b"{}") + b"more",
        gzip.compress(b"{}")[:-8] + b"\0" * 8,
        gzip.compress(b"\0" * (MAX_BODY + 1)),
        gzip.compress(b"\0" * 200 * 1024 * 1024, 1),  # 200 MiB in 1 MiB
    ],
    ids=["empty", "plain", "cut", "trailing", "checksum", "too large", "bomb"],
)
def test_gunzip_refuses(body: bytes) -> None:
    """A damaged body is refused, and a bomb is not unpacked."""
    with pytest.raises(Malformed):
        gunzip(body)


def test_a_bomb_is_not_unpacked() -> None:
    """What is refused for its size never was in memory at that size."""
    bomb = gzip.compress(b"\0" * 100 * 1024 * 1024, 1)
    tracemalloc.start()
    try:
        with pytest.raises(Malformed):
            gunzip(bomb)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 3 * MAX_BODY


@pytest.mark.parametrize("value", [None, {}, "[]", [[]], [None], [{}, "x"]], ids=repr)
def test_rows_refuses(value: object) -> None:
    """A list of objects is nothing else."""
    with pytest.raises(Malformed):
        rows(value)


def test_ordered_sorts_and_refuses_doubles() -> None:
    """Balances are in the order of their coins, each of which occurs once."""
    one, two = (Balance(name, Decimal(1), None, None) for name in ("B", "A"))
    assert ordered([one, two]) == (two, one)
    with pytest.raises(Malformed):
        ordered([one, two, Balance("B", Decimal(1), None, None)])
