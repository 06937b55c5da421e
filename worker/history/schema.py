"""Which format a database has, and how it gets the present one."""

from __future__ import annotations

import threading
import uuid
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, inspect, select, text

from assay.judges.errors import ConfigurationError
from assay.worker.history.places import Place
from assay.worker.history.table import META, METADATA
from assay.worker.ports.history import HistoryUnavailable

VERSION_TABLE = "history_migrations"
"""Alembic's table. It has a name of its own, since a PostgreSQL database may hold another program's too."""

KNOWN = ("v001", "v002", "v003")
"""The formats that this version of Assay has migrations to, the present one last."""

_ALEMBIC = threading.Lock()
"""Alembic keeps what it works on in a module, so two threads would take each other's connection."""


def format_of(connection: Connection) -> str | None:
    """The format of a database. None: it has no record yet."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    return connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()  # noqa: S608  # a constant


def is_readable(connection: Connection, place: Place) -> bool:
    """Whether the record can be read: False where there is none yet.

    Raises:
        ConfigurationError: it was written by a newer Assay.
        HistoryUnavailable: it has an earlier format, which the next worker that writes changes.
    """
    version = format_of(connection)
    if version is None:
        return False
    check_known(version, place)
    if version != KNOWN[-1]:
        raise HistoryUnavailable(
            f"{place.shown}: has the record's format {version}, and this Assay reads {KNOWN[-1]}; start a control "
            "worker of this version, which brings it up to date"
        )
    return True


def check_known(version: str, place: Place) -> None:
    """Refuse a database that a newer Assay has written.

    Raises:
        ConfigurationError
    """
    if version not in KNOWN:
        raise ConfigurationError(
            f"{place.shown}: the record was written by a newer Assay (format {version}, this one knows {KNOWN[-1]}); "
            "upgrade assay-fleet here too"
        )


def check_unclaimed(connection: Connection, place: Place) -> None:
    """Refuse a database without a record in which another program has taken a name of its tables.

    Raises:
        ConfigurationError
    """
    tables = inspect(connection)
    taken = next((table.name for table in METADATA.sorted_tables if tables.has_table(table.name)), None)
    if taken is not None:
        raise ConfigurationError(
            f"{place.shown}: its table `{taken}` is another program's; name a database or a schema of its own"
        )


def bring_up_to_date(connection: Connection, place: Place) -> None:
    """Give a database the present format, in the caller's transaction. Safe when several processes do it at once.

    Raises:
        ConfigurationError: it is of a newer Assay, or another program's.
    """
    if format_of(connection) == KNOWN[-1]:
        return
    place.lock_schema(connection)
    # Read again under the lock: another process may have done it while this one waited.
    version = format_of(connection)
    if version is not None:
        check_known(version, place)
    else:
        check_unclaimed(connection, place)
    if version != KNOWN[-1]:
        _migrate(connection)
    if version is None:
        made_at = datetime.now(UTC).isoformat(timespec="seconds")
        values = [{"name": "identity", "value": str(uuid.uuid4())}, {"name": "made_at", "value": made_at}]
        connection.execute(META.insert(), values)


def identity_of(connection: Connection) -> str:
    """The id that the database got when its record was made."""
    return str(connection.execute(select(META.c.value).where(META.c.name == "identity")).scalar_one())


def _migrate(connection: Connection) -> None:
    # Alembic takes a while to import, and only the first process of a new version needs it.
    from alembic import command
    from alembic.config import Config

    config = Config(attributes={"connection": connection, "version_table": VERSION_TABLE})
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    with _ALEMBIC:
        command.upgrade(config, KNOWN[-1])
