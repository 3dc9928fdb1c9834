"""All rows of one database into another: values as they lie in the tables, whatever they mean.

So also those are copied which only another version can read, and an amount keeps its last zero.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Select,
    Table,
    TableClause,
    TypeDecorator,
    bindparam,
    column,
    func,
    select,
    table,
    text,
)
from sqlalchemy.types import TypeEngine

from bot.store._columns import Instant
from bot.store.errors import DatabaseUnusable
from bot.store.schema import metadata

Tell = Callable[[str, int], None]
"""Takes the name of a table that was copied, and how many rows it has."""

BATCH = 1000
_SERIES = "pg_get_serial_sequence(:of, :counted)"


@dataclass(slots=True)
class _Sum:
    """What tells whether the same rows are in two tables, in whatever order."""

    rows: int = 0
    digests: int = 0

    def add(self, row: tuple[Any, ...]) -> None:
        self.rows += 1
        self.digests += int.from_bytes(sha256(repr(row).encode()).digest())


def is_empty(connection: Connection) -> bool:
    """Whether no table has a row."""
    return not any(
        connection.scalar(select(func.count()).select_from(each))
        for each in metadata.sorted_tables
    )


def copy_rows(source: Connection, target: Connection, *, tell: Tell) -> None:
    """Copy every row to tables that are empty, compare, and go on counting where it was left.

    Raises:
        DatabaseUnusable: what was written is not what was read.
    """
    for each in metadata.sorted_tables:
        read = _copy_table(source, target, each)
        if _sum_of(target, each) != read:
            raise DatabaseUnusable(f"what was written to {each.name} is not what was read")
        _count_on(source, target, each)
        tell(each.name, read.rows)


def _sum_of(connection: Connection, of: Table) -> _Sum:
    found = _Sum()
    for rows in _batches(connection, select(_plain(of))):
        for row in rows:
            found.add(row)
    return found


def _copy_table(source: Connection, target: Connection, of: Table) -> _Sum:
    read, plain, upwards = _Sum(), _plain(of), _upwards(of)
    names, nowhere = [c.name for c in of.columns], dict.fromkeys(upwards)
    for rows in _batches(source, select(plain)):
        for row in rows:
            read.add(row)
        target.execute(
            plain.insert(), [dict(zip(names, row, strict=True)) | nowhere for row in rows]
        )
    for name in upwards:
        _point(source, target, of, name)
    return read


def _plain(of: Table) -> TableClause:
    """Describe a table by what lies in it; only instants lie elsewhere in another way."""
    return table(of.name, *(column(c.name, _plain_type(c.type)) for c in of.columns))


def _plain_type(of: TypeEngine[Any]) -> TypeEngine[Any]:
    if isinstance(of, TypeDecorator) and not isinstance(of, Instant):
        return of.impl_instance
    return of


def _batches(connection: Connection, asked: Select[Any]) -> Iterator[list[tuple[Any, ...]]]:
    found = connection.execute(asked, execution_options={"yield_per": BATCH})
    for rows in found.partitions():
        yield [tuple(row) for row in rows]


def _upwards(of: Table) -> list[str]:
    """Name the columns that point to rows of the same table: they wait until all are there."""
    return [c.name for c in of.columns if any(k.column.table is of for k in c.foreign_keys)]


def _point(source: Connection, target: Connection, of: Table, name: str) -> None:
    (key,) = of.primary_key
    plain = _plain(of)
    points = plain.c[name].is_not(None)
    this = plain.c[key.name] == bindparam("this")
    change = plain.update().where(this).values({name: bindparam("to")})
    for rows in _batches(source, select(plain.c[key.name], plain.c[name]).where(points)):
        target.execute(change, [{"this": this, "to": to} for this, to in rows])


def _count_on(source: Connection, target: Connection, of: Table) -> None:
    """Let no number be given anew that was given before, also of rows that are gone."""
    counted = of.autoincrement_column
    if counted is None:
        return
    highest = source.scalar(select(func.max(_plain(of).c[counted.name]))) or 0
    last = max(highest, _last_number(source, counted))
    if last <= 0:
        return
    if target.dialect.name == "postgresql":
        series = {"of": of.name, "counted": counted.name, "last": last}
        target.execute(text(f"SELECT setval({_SERIES}, :last)"), series)
    elif _keeps_numbers(of):
        target.execute(text("DELETE FROM sqlite_sequence WHERE name = :of"), {"of": of.name})
        target.execute(
            text("INSERT INTO sqlite_sequence (name, seq) VALUES (:of, :last)"),
            {"of": of.name, "last": last},
        )


def _last_number(source: Connection, counted: Column[Any]) -> int:
    of = counted.table.name
    if source.dialect.name == "postgresql":
        asked = text(f"SELECT pg_sequence_last_value(CAST({_SERIES} AS regclass))")
        last = source.scalar(asked, {"of": of, "counted": counted.name})
    else:
        last = source.scalar(text("SELECT seq FROM sqlite_sequence WHERE name = :of"), {"of": of})
    return last or 0


def _keeps_numbers(of: Table) -> bool:
    """Whether SQLite remembers the highest number there ever was; else it takes what is there."""
    return bool(of.dialect_options["sqlite"]["autoincrement"])
