"""What an answer of unknown shape must show before what ccxt makes of it is believed."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ._parsing import Malformed

_NAMES_OF_COINS = ("ccy", "coin", "currency", "asset", "coinName", "currencyCode", "symbol")

_GIANT = re.compile(r"[+-]?(?=.{101})[0-9.]+|[+-]?[0-9.]+[eE][+-]?(?:[0-9]{3,}|[4-9][0-9])")
# Of an answer as a whole: what says, beside the coins, that it is a good one.
_VERDICTS = {
    "code", "err_code", "errCode", "errno", "error", "errorCode", "message", "msg", "result",
    "ret", "retCode", "retMsg", "ret_code", "rc", "mc", "state", "status", "success",
}  # fmt: skip
_KINDS_OF_ROWS = ("type", "accountType", "account_type", "walletType", "account", "accountId")

Place = tuple[str, type]
"""A list or an object in an answer, by the way to it."""


def refuse_doubles(value: object, code_of: Callable[[str], object]) -> None:
    """Refuse two rows for one coin, of which ccxt would quietly take the last.

    Rows of several kinds (free and frozen, spot and margin) are no doubles, if all say their kind.
    """
    for found in _lists_in(value):
        rows = [row for row in found if isinstance(row, dict)]
        for name in _NAMES_OF_COINS:
            named = [row for row in rows if isinstance(row.get(name), str)]
            _refuse_same([(code_of(row[name]), *_kind_of(row)) for row in named])
            if len({tuple(map(bool, _kind_of(row))) for row in named}) > 1:
                raise Malformed("a row does not say what kind it is, as others do")
    for place in _objects_in(value):
        _refuse_same([(code_of(name),) for name in place if name.isupper()])


def _refuse_same(coins: list[tuple[object, ...]]) -> None:
    if len(set(coins)) != len(coins):
        raise Malformed("a coin occurs twice")


def _kind_of(row: Mapping[str, object]) -> tuple[str, ...]:
    return tuple(str(row.get(name, "")) for name in _KINDS_OF_ROWS)


def verdict_of(raw: object) -> Mapping[str, object]:
    """Take what an answer says of itself, beside its coins."""
    members = raw.items() if isinstance(raw, dict) else ()
    return {name: v for name, v in members if name in _VERDICTS and not isinstance(v, dict | list)}


def refuse_giants(value: object) -> None:
    """Refuse a number whose writing out would take ccxt, and all of us, minutes."""
    if isinstance(value, str) and _GIANT.fullmatch(value):
        raise Malformed("it has a number that is out of all proportion")
    for _, inner in _inner(value, ""):
        refuse_giants(inner)


def _lists_in(value: object) -> Iterator[list[Any]]:
    if isinstance(value, list):
        yield value
    for _, inner in _inner(value, ""):
        yield from _lists_in(inner)


def _objects_in(value: object) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    for _, inner in _inner(value, ""):
        yield from _objects_in(inner)


def places_of_rows(value: object, path: str = "", outer: Place | None = None) -> Iterator[Place]:
    """Name what has something in it and nothing nested, and what such things lie in."""
    here = path, type(value)
    nested = [(at, inner) for at, inner in _inner(value, path) if isinstance(inner, dict | list)]
    if value and not nested:
        yield from (here, *([outer] if outer else []))
    for at, inner in nested:
        yield from places_of_rows(inner, at, here)


def empty_places(value: object, path: str = "") -> Iterator[Place]:
    """Name what has nothing in it."""
    if isinstance(value, dict | list) and not value:
        yield path, type(value)
    for at, inner in _inner(value, path):
        yield from empty_places(inner, at)


def _inner(value: object, path: str) -> list[tuple[str, Any]]:
    if isinstance(value, dict):
        return [(f"{path}/{name}", inner) for name, inner in value.items()]
    return [(f"{path}[]", inner) for inner in value] if isinstance(value, list) else []
