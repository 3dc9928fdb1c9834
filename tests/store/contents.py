"""What lies in a file, and what earlier versions left."""

import sqlite3
from contextlib import closing
from pathlib import Path

OLD = {dump.stem: dump for dump in sorted((Path(__file__).parent / "databases").glob("*.sql"))}

Rows = dict[str, tuple[list[str], list[tuple[object, ...]]]]


def leave(version: str, path: Path) -> Path:
    """Have a database as a version left it."""
    with closing(sqlite3.connect(path)) as old:
        old.executescript(OLD[version].read_text("utf-8"))
    path.chmod(0o600)
    return path


def rows_of(path: Path) -> Rows:
    """Read all there is as it lies there: of each table its columns and its rows, in order."""
    with closing(sqlite3.connect(path)) as found:
        tables = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
        return {
            table: (
                [row[1] for row in found.execute(f"PRAGMA table_info({table})")],
                sorted(found.execute(f"SELECT * FROM {table}"), key=repr),  # noqa: S608
            )
            for (table,) in found.execute(tables).fetchall()
        }
