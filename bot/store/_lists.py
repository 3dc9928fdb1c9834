"""Lists of any length as one parameter.

With a parameter for each value, every length would make a statement of its own. SQLite's driver
keeps the last 128 that it has prepared: of lists with a thousand names those take 25 MB, and the
memory grows until all of them are long ones. PostgreSQL looks at such a list one by one, besides.
"""

import json
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from sqlalchemy import JSON, ColumnElement, Select, Text, column, literal, select, tuple_
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


def one_of(this: ColumnElement[str], texts: Collection[str]) -> ColumnElement[bool]:
    """Whether a column has one of these texts."""
    return this.in_(_rows([text] for text in texts))


def none_of(this: ColumnElement[str], texts: Collection[str]) -> ColumnElement[bool]:
    """Whether a column has none of these texts."""
    return this.not_in(_rows([text] for text in texts))


def one_of_rows(
    these: Sequence[ColumnElement[str]], rows: Collection[tuple[str, ...]]
) -> ColumnElement[bool]:
    """Whether several columns have the texts of one of these rows."""
    return tuple_(*these).in_(_rows(rows, wide=len(these)))


def _rows(rows: Iterable[Sequence[str]], *, wide: int = 1) -> Select[Any]:
    written = json.dumps(list(rows), ensure_ascii=False, separators=(",", ":"))
    row = _Elements(literal(written, Text)).table_valued(column("value", JSON))
    return select(*(row.c.value[place].as_string() for place in range(wide)))


class _Elements(FunctionElement[Any]):
    """The elements of a list in JSON, one a row."""

    inherit_cache = True


@compiles(_Elements, "sqlite")
def _in_sqlite(elements: _Elements, compiler: SQLCompiler, **kw: Any) -> str:
    return f"json_each({compiler.process(elements.clauses, **kw)})"


@compiles(_Elements, "postgresql")
def _in_postgres(elements: _Elements, compiler: SQLCompiler, **kw: Any) -> str:
    return f"jsonb_array_elements(CAST({compiler.process(elements.clauses, **kw)} AS JSONB))"
