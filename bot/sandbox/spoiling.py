"""The honest content with something else inside: what becomes of codes, data, rows and amounts.

It finds its way in the answers of every exchange by their shape:

    {code, data: rows}   {code, data: [{details: rows}]}   {rc, mc, result: {assets: rows}}   rows

where rows are a list of objects, or an object with a member for each coin or market.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

HUGE, TWICE = "@huge@", "@twice@"
"""Stand for 1e999, and for the same name twice, which json cannot be made to write."""

_LISTS = ("details", "assets")
_NAMES = frozenset({"ccy", "currency", "instId", "subAcct", "perm"})
"""What a row is about."""
_BESIDE = frozenset(
    {"ts", "uTime", "instType", "type", "enable", "label", "ip", "uid", "mainUid", "acctLv"}
)
"""What comes with the amounts of a row, or with its name."""


def _code(payload: Any) -> str:
    """Name the member that says whether all is well."""
    return "rc" if "rc" in payload else "code"


def _data(payload: Any) -> str:
    return "result" if "rc" in payload else "data"


def is_bare(payload: Any) -> bool:
    """Say whether nothing is around the rows."""
    return _code(payload) not in payload


def code_of_the_other_type(payload: Any) -> None:
    code = payload[_code(payload)]
    payload[_code(payload)] = int(code) if isinstance(code, str) else str(code)


def without_code(payload: Any) -> None:
    del payload[_code(payload)]


def code_null(payload: Any) -> None:
    payload[_code(payload)] = None


def code_unknown(payload: Any) -> None:
    for name in {_code(payload), "mc"} & payload.keys():
        payload[name] = "987654321"


def without_data(payload: Any) -> None:
    payload.pop(_data(payload), None)


def with_data(value: object) -> Callable[[Any], None]:
    return lambda payload: payload.update({_data(payload): value})


def data_of_the_other_shape(payload: Any) -> None:
    name = _data(payload)
    payload[name] = {} if isinstance(payload.get(name), list) else []


def without_rows(payload: Any) -> None:
    """Take out what has the rows inside of `data`; where that is `data` itself, leave null."""
    for holder, name in _nested(payload):
        del holder[name]
        return
    payload[_data(payload)] = None


def null_for_rows(payload: Any) -> None:
    for holder, name in _nested(payload):
        holder[name] = None
        return
    payload[_data(payload)] = None


def row_of_another_shape(payload: Any) -> None:
    for rows, where in _first_row(payload):
        rows[where] = ["1"]


def row_without_amount(payload: Any) -> None:
    """Take the amounts out of a row; where the row is nothing else, leave null."""
    for rows, where in _first_row(payload):
        row = rows[where]
        if isinstance(row, dict):
            for name in _amounts(row):
                del row[name]
        else:
            rows[where] = None


def row_without_currency(payload: Any) -> None:
    """Take out of a row what it is about; where it is about nothing, everything."""
    for rows, where in _first_row(payload):
        if isinstance(rows, list):
            for name in [name for name in rows[where] if name in _NAMES] or [*rows[where]]:
                del rows[where][name]
        else:
            rows[""] = rows.pop(where)


def duplicate_coin(payload: Any) -> None:
    """List the first coin once more, with the same amounts."""
    for rows, where in _first_row(payload):
        if isinstance(rows, list):
            rows.append(rows[where])
        else:
            rows[where + TWICE] = rows[where]


def every_amount(value: object) -> Callable[[Any], None]:
    """Put this in place of every amount of the first row."""

    def change(payload: Any) -> None:
        for rows, where in _first_row(payload):
            if isinstance(rows[where], dict):
                rows[where].update(dict.fromkeys(_amounts(rows[where]), value))
            else:
                rows[where] = value

    return change


def _first_row(payload: Any) -> Iterator[tuple[Any, Any]]:
    """Give the rows and the index or name of the first, or nothing: an error has none to spoil."""
    rows = payload if is_bare(payload) else payload.get(_data(payload))
    for holder, name in _nested(payload):
        rows = holder[name]
    if isinstance(rows, list) and rows:
        yield rows, 0
    elif isinstance(rows, dict) and rows:
        yield rows, next(iter(rows))


def _nested(payload: Any) -> Iterator[tuple[Any, str]]:
    """Give the object inside of `data` that has the rows, and under which name, if one has."""
    data = payload.get(_data(payload))
    inner = data[0] if isinstance(data, list) and data else data
    if isinstance(inner, dict):
        yield from ((inner, name) for name in _LISTS if name in inner)


def _amounts(row: Mapping[str, Any]) -> list[str]:
    """Name the amounts of a row: all but what comes with them, unless that is all there is."""
    return [name for name in row if name not in _NAMES | _BESIDE] or [*row]
