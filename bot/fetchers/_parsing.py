"""From bytes to exact balances: pure functions that refuse whatever could pass for a balance.

JSON's fractions stay text until somebody needs them as an amount: no digit is lost, and an odd
number in a field that nobody reads does no harm. Nothing of what the server wrote gets into the
text of an error, because a server may echo a key.
"""

import json
import re
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import NoReturn

from .model import Balance, Price

MAX_BODY = 5 * 1024 * 1024
"""Bytes of a body after decompression; real answers have a few hundred kilobytes at most."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST_AMOUNT = 100  # 18 digits before the point and 18 behind it are 37 characters
_LONGEST_ASSET = 64
_LONGEST_NAME = 128
_MOST_DIGITS = 40
_LEAST_PRICE, _MOST_PRICE = Decimal("1e-30"), Decimal("1e30")

# A JSON number without its exponent; [0-9] because \d takes the digits of all scripts.
_PLAIN_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?")
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,3})?")
_MILLISECONDS = re.compile(r"[0-9]{13}")


class Malformed(ValueError):
    """An answer that is not what the documentation describes; `str()` names the flaw."""


class Fraction(str):
    """A JSON number with a point or an exponent, as it was written."""

    __slots__ = ()


def decode_object(body: bytes) -> dict[str, object]:
    """Read a body that must be one JSON object, without a constant like NaN or a repeated key."""
    content = decode(body)
    if type(content) is not dict:
        raise Malformed("it is not a JSON object")
    return content


def decode(body: bytes) -> object:
    """Read a body that must be JSON of any kind; not JSON is None, as its `null` is."""
    try:
        return _JSON.decode(body.decode("utf-8"))
    except Malformed:
        raise
    except (ValueError, RecursionError):  # ValueError: UTF-8, JSON, or a number of 4,300 digits
        return None


def gunzip(body: bytes, most_bytes: int = MAX_BODY) -> bytes:
    """Decompress a body, of which nothing may be missing and nothing left over."""
    decompressor = zlib.decompressobj(wbits=31)
    try:
        plain = decompressor.decompress(body, most_bytes + 1)
    except zlib.error:
        plain = None
    if plain is not None and len(plain) > most_bytes:
        raise Malformed("it is too large")
    if plain is None or not decompressor.eof or decompressor.unused_data:
        raise Malformed("its compression is damaged")
    return plain


def plain_decimal(value: object) -> Decimal:
    """Read an amount: text or a number, without exponent, sign `+`, spaces or other scripts."""
    if type(value) is int:
        value = str(value)
    if not isinstance(value, str):
        raise Malformed("an amount is missing, or not a number")
    return _decimal(value)


@lru_cache(maxsize=16384)
def _decimal(text: str) -> Decimal:
    """Most amounts, zeros above all, are what they were a minute ago."""
    if len(text) > _LONGEST_AMOUNT or not _PLAIN_DECIMAL.fullmatch(text):
        raise Malformed("an amount is not a plain decimal number")
    amount = Decimal(text)
    return amount or amount.copy_abs()  # no -0


def sane_decimal(value: object) -> Decimal:
    """Read an amount that may have an exponent, of a size that a balance can have."""
    text = value if isinstance(value, str) else ""
    if len(text) > _LONGEST_AMOUNT or not _NUMBER.fullmatch(text.removeprefix("-")):
        raise Malformed("an amount is not a number")
    amount = Decimal(text)
    if amount and not -_MOST_DIGITS <= amount.adjusted() <= _MOST_DIGITS:
        raise Malformed("an amount is out of all proportion")
    return amount or Decimal(0)


def asset_name(value: object) -> str:
    """Read the name of a coin, and put it into upper case."""
    if type(value) is not str:
        raise Malformed("a coin is missing, or not a text")
    return _coin(value)


@lru_cache(maxsize=4096)
def _coin(name: str) -> str:
    if not 0 < len(name) <= _LONGEST_ASSET or not name.isprintable() or " " in name:
        raise Malformed("a coin has an impossible name")
    return name.upper()


def instant(value: object) -> datetime:
    """Read Unix milliseconds (of the years 2001 to 2286), a number or text."""
    text = str(value) if type(value) is int else value
    if not isinstance(text, str) or not _MILLISECONDS.fullmatch(text):
        raise Malformed("a time is missing, or not in Unix milliseconds")
    return _EPOCH + timedelta(milliseconds=int(text))


def rows(value: object) -> list[dict[str, object]]:
    """Take a list of JSON objects; it may be empty."""
    if type(value) is not list:
        raise Malformed("the list of balances is missing")
    if not all(type(row) is dict for row in value):
        raise Malformed("the list of balances has something else in it")
    return value


def members(value: object) -> dict[str, object]:
    """Take a JSON object; it may be empty."""
    if type(value) is not dict:
        raise Malformed("a JSON object is missing")
    return value


def word(value: object) -> str:
    """Take a short name that something has at the exchange, as it is written there."""
    if type(value) is not str or not 0 < len(value) <= _LONGEST_NAME or not value.isprintable():
        raise Malformed("a name is missing, or an impossible one")
    return value


def market_prices(
    told: Iterable[tuple[object, object]], *, separator: str, at: datetime
) -> tuple[Price, ...]:
    """Read prices by the names of their markets (`BTC_USDT`); without a usable one, none.

    A market without a price, with a name of another kind, or that occurs twice, is left out: it
    has no price then. When that is so of all of them, this is no list of prices.
    """
    listed = list(told)
    found = [price for market, last in listed for price in _price(market, last, separator, at)]
    count = Counter((price.base, price.quote) for price in found)
    prices = tuple(price for price in found if count[price.base, price.quote] == 1)
    if listed and not prices:
        raise Malformed("there is no price in it")
    return prices


def _price(market: object, last: object, separator: str, at: datetime) -> Iterator[Price]:
    base, found, quote = str(market).upper().partition(separator)
    amount = _positive(last)
    if found and base and quote and separator not in quote and amount is not None:
        yield Price(base, quote, amount, at)


def _positive(value: object) -> Decimal | None:
    """Read a price; unlike amounts they may have an exponent (`1.2E-7` as a JSON number)."""
    text = str(value) if type(value) is int else value
    if not isinstance(text, str) or len(text) > _LONGEST_AMOUNT or not _NUMBER.fullmatch(text):
        return None
    number = Decimal(text)
    return number if _LEAST_PRICE < number < _MOST_PRICE else None


def ordered(balances: Iterable[Balance]) -> tuple[Balance, ...]:
    """Sort by the coins' names, of which none may occur twice."""
    by_asset: dict[str, Balance] = {}
    for balance in balances:
        if by_asset.setdefault(balance.asset, balance) is not balance:
            raise Malformed("a coin occurs twice")
    return tuple(by_asset[asset] for asset in sorted(by_asset))


def _refuse_constant(_: str) -> NoReturn:
    raise Malformed("it has a number that is none (NaN or Infinity)")


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    content = dict(pairs)
    if len(content) != len(pairs):
        raise Malformed("it has a name twice in one object")
    return content


_JSON = json.JSONDecoder(
    parse_float=Fraction, parse_constant=_refuse_constant, object_pairs_hook=_unique
)
