"""A PostgreSQL server for tests and measurements, on a socket of its own, gone at the end."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HOMES = ("/usr/lib/postgresql", "/usr/pgsql", "/opt/homebrew/opt", "/usr/local/opt")
START_WITHIN_S = 60


def find_postgres() -> Path | None:
    """Return the folder of the server's programs, the newest; None: it is not installed."""
    found = [Path(home).glob("*/bin/pg_ctl") for home in HOMES]
    on_path = shutil.which("pg_ctl")
    candidates = sorted((p.parent for some in found for p in some), key=_version)
    return candidates[-1] if candidates else (Path(on_path).parent if on_path else None)


def _version(programs: Path) -> int:
    digits = "".join(c for c in programs.parent.name if c.isdigit())
    return int(digits or 0)


@contextmanager
def serve_postgres(*, durable: bool = True) -> Iterator[str]:
    """Run a server; yields the URL of its first database, which is empty.

    Args:
        durable: Whether a commit is on the disk when it is told; tests need not wait for that.
    """
    programs = find_postgres()
    if programs is None:
        raise RuntimeError("PostgreSQL is not installed: apt-get install postgresql")
    # The path of a socket has at most 107 characters.
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
    user = _other_user(folder)
    data = folder / "data"
    options = f"-c listen_addresses= -k {folder} -c max_connections=100"
    if not durable:
        options += " -c fsync=off -c synchronous_commit=off -c full_page_writes=off"

    def run(program: str, *arguments: str) -> None:
        subprocess.run(  # noqa: S603 - programs of the system
            [programs / program, "-D", data, *arguments],
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.STDOUT,
            timeout=START_WITHIN_S,
            user=user,
            cwd=folder,
        )

    try:
        run("initdb", "-U", "bot", "--auth=trust", "-E", "UTF8", "--locale=C", "--no-sync")
        run("pg_ctl", "start", "-w", "-l", str(folder / "log"), "-o", options)
        try:
            yield f"postgresql://bot@/postgres?host={folder}"
        finally:
            run("pg_ctl", "stop", "-m", "immediate")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _other_user(folder: Path) -> str | None:
    """Give the folder to the user of Debian's package: the server refuses to be run by root."""
    if os.geteuid() != 0:
        return None
    shutil.chown(folder, "postgres", "postgres")
    return "postgres"


@contextmanager
def new_database(server: str, name: str) -> Iterator[str]:
    """Have an empty database on a server; yields its URL."""
    import psycopg

    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
        yield server.replace("/postgres?", f"/{name}?")
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
