"""The suite of the record runs against all its implementations: in memory, SQLite, and a real PostgreSQL."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.history.making import Check, Run, run_on
from tests.servers.postgres_server import PostgresProcess


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresProcess]:
    """One server for the session.

    Not below pytest's own folder: the server runs as another user, and pytest closes that folder to others.
    """
    with tempfile.TemporaryDirectory(prefix="assay-postgres-", ignore_cleanup_errors=True) as directory:
        server = PostgresProcess(Path(directory) / "data")
        yield server
        server.close()


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A new database of each kind: the path of a file that is not there yet, or an address."""
    if request.param == "sqlite":
        return str(tmp_path / "data" / "history.db")
    server: PostgresProcess = request.getfixturevalue("postgres")
    return server.new_schema()


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def run(request: pytest.FixtureRequest, tmp_path: Path) -> Run:
    """Runs a check against a new record of each kind."""
    kind = request.param

    def on_record(check: Check) -> None:
        place = kind
        if kind == "sqlite":
            place = str(tmp_path / f"{len(list(tmp_path.iterdir()))}" / "history.db")
        elif kind == "postgres":
            server: PostgresProcess = request.getfixturevalue("postgres")
            place = server.new_schema()
        run_on(place, check)

    return on_record


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def run_on_same(request: pytest.FixtureRequest, tmp_path: Path) -> Run:
    """Runs checks against records of one database, one after the other."""
    place = request.param
    if place == "sqlite":
        place = str(tmp_path / "history.db")
    elif place == "postgres":
        server: PostgresProcess = request.getfixturevalue("postgres")
        place = server.new_schema()
    return lambda check: run_on(place, check)
