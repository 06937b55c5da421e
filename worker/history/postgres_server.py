"""The record in a PostgreSQL database: for a fleet on several machines."""

from __future__ import annotations

import re
from collections.abc import Generator, Sequence
from typing import Any

import numpy as np
from pydantic import SecretStr
from sqlalchemy import Connection, Engine, Select, create_engine, event, func, literal, select, text, tuple_
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from assay.judges.errors import ConfigurationError, EvaluationError
from assay.worker.history.address_options import refused_option
from assay.worker.history.packed import KEY, PACKED
from assay.worker.history.places import Rows
from assay.worker.history.postgres_address import VARIABLE, PostgresAddress
from assay.worker.history.table import HISTORY
from assay.worker.ports.history import HistoryUnavailable

STATEMENT_TIMEOUT_S = 30
"""Seconds until the server gives up a statement. Reading many rows has an hour, as its reader may be slow."""

_SCHEMA_LOCK = 0x4153_5359
"""Number of the advisory lock under which the schema is changed: "ASSY"."""

_FOR_PAGES = (
    "SET LOCAL statement_timeout = '1h'; SET LOCAL jit = off; "
    "SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; SET LOCAL enable_sort = off"
)
"""A page is some hundredth of what is asked for, in the order of an index. Compiling its plan takes longer than it. A
server that has no statistics of the table yet, as after a restore, would sort all the rest for each page."""

_LOGIN = f"check user and password in {VARIABLE}"
_OF_A_PERSON = {
    "28": f"refuses the login; {_LOGIN}",
    "3D": f"has no such database; create it, or correct {VARIABLE}",
    "3F": f"has no such schema; create it, or correct {VARIABLE}",
    "42501": "does not let the user make or write the record; grant CREATE on the schema, and all rights on its tables",
    "25006": f"is read-only; name the primary in {VARIABLE}, as with ?target_session_attrs=read-write",
}
"""What only a person can mend, by SQLSTATE or its class."""

_MAY_PASS = {
    "53100": "has a full disk; free some space",
    "53300": "has no connection left; raise max_connections, or put a pooler before it",
    "57P01": "is shutting down",
    "57P02": "is starting again after a crash",
    "57P03": "is starting",
    "57014": f"took longer than {STATEMENT_TIMEOUT_S} s for a statement",
    "55P03": "is locked by another transaction",
    "40": "had to give up the transaction for another one",
    "42P01": "lost the record's table; the next write makes it again",
}
"""What may pass by itself."""

_AT_CONNECTING = (
    (re.compile(r"password authentication failed|no password supplied|pg_hba\.conf|role .* does not exist"), "28"),
    (re.compile(r"database .* does not exist"), "3D"),
    (re.compile(r"too many connections|connection slots"), "53300"),
    (re.compile(r"starting up|not yet accepting"), "57P03"),
    (re.compile(r"shutting down"), "57P01"),
)
"""A login that fails has no SQLSTATE in the driver's error, only the server's words."""

_ONLY_READS = "SELECT pg_is_in_recovery() OR current_setting('transaction_read_only')::boolean"
_MAY_WRITE = "SELECT has_table_privilege('history', 'INSERT, UPDATE, DELETE')"
_MAY_MAKE = "SELECT has_schema_privilege(current_schema(), 'CREATE')"
"""NULL where no schema of the search path is there."""

_OF_LOST_CONNECTION = {"08"}
"""Classes of SQLSTATE that say no more than that there is no connection."""

_OF_TLS = re.compile(r"certificate|SSL|sslmode|sslrootcert")


class PostgresServer:
    """One database of a server. The password is in no message."""

    reads_ahead = True
    """The server puts a page together while this process works on the one before."""

    def __init__(self, url: SecretStr, *, connect_timeout_s: float) -> None:
        self._address = PostgresAddress(url, connect_timeout_s=connect_timeout_s)

    @property
    def shown(self) -> str:
        """Host, port and database."""
        return self._address.shown

    def engine(self, *, writing: bool) -> Engine:
        """Few connections, asked before use whether they live, each transaction with a limit of time."""
        engine = create_engine(
            self._address.for_driver,
            connect_args=self._address.options,
            pool_size=1 if writing else 2,
            max_overflow=1 if writing else 2,
            pool_timeout=10,
            pool_pre_ping=True,
            pool_recycle=1800,
            hide_parameters=True,
            isolation_level="READ COMMITTED" if writing else "REPEATABLE READ",
        )
        event.listen(engine, "connect", self._check_encoding)
        event.listen(engine, "begin", _limit_of_time)
        return engine

    def is_there(self) -> bool:
        """The server must be asked."""
        return True

    def lock_schema(self, connection: Connection) -> None:
        """An advisory lock, until the transaction ends."""
        connection.execute(text(f"SELECT pg_advisory_xact_lock({_SCHEMA_LOCK})"))

    def rows(self, connection: Connection, selection: Select[Any], at_once: int) -> Rows:
        """In pages, of which the server makes arrays, and of the packed values one value.

        A value that comes alone is an object of the driver's and a message of the server's: ten times as much work.
        """
        connection.exec_driver_sql(_FOR_PAGES)
        row = HISTORY.c
        order = (row.started_at, row.trace_id, row.rubric, row.row_key)
        page = selection.order_by(None).order_by(*order).limit(at_once)
        rest = page
        while last := (yield from _page(connection, rest, at_once)):
            at = connection.execute(select(*order).where(row.row_key == last)).one()
            rest = page.where(tuple_(*order) > tuple_(*(literal(value) for value in at)))

    def check_writable(self, connection: Connection) -> None:
        """Refuse a server that only reads, and a user who may not write.

        Raises:
            ConfigurationError
        """
        self._check_takes_writes(connection)
        if not connection.execute(text(_MAY_WRITE)).scalar():
            raise ConfigurationError(f"{self.shown}: {_OF_A_PERSON['42501']}")

    def check_can_be_made(self, connection: Connection | None) -> None:
        """Refuse a server that only reads, a schema that is not there, and one in which the user may make nothing.

        Raises:
            ConfigurationError
        """
        if connection is None:
            return
        self._check_takes_writes(connection)
        may_make = connection.execute(text(_MAY_MAKE)).scalar()
        if not may_make:
            raise ConfigurationError(f"{self.shown}: {_OF_A_PERSON['3F' if may_make is None else '42501']}")

    def _check_takes_writes(self, connection: Connection) -> None:
        if connection.execute(text(_ONLY_READS)).scalar():
            raise ConfigurationError(f"{self.shown}: {_OF_A_PERSON['25006']}")

    def _check_encoding(self, connection: Any, _: Any) -> None:
        """Refuse a database that cannot hold every name.

        Raises:
            ConfigurationError
        """
        encoding = connection.info.parameter_status("server_encoding")
        if encoding not in {None, "UTF8"}:
            connection.close()  # nobody else does where a listener fails
            raise ConfigurationError(
                f"{self.shown}: has the encoding {encoding}, which does not hold every name; make the database with "
                "ENCODING 'UTF8' TEMPLATE template0"
            )

    def problem(self, exc: BaseException) -> EvaluationError:
        """One line with server, database and remedy."""
        if isinstance(exc, EvaluationError):
            return exc
        if isinstance(exc, PoolTimeout):
            return HistoryUnavailable(f"{self.shown}: all connections of this process are taken")
        cause = exc.orig if isinstance(exc, DBAPIError) and exc.orig is not None else exc
        return self._problem_of_driver(cause)

    def _problem_of_driver(self, cause: BaseException) -> EvaluationError:
        state = getattr(cause, "sqlstate", None) or _state_of_words(str(cause))
        for code in (state, state[:2]):
            if code in _OF_A_PERSON:
                return ConfigurationError(f"{self.shown}: {_OF_A_PERSON[code]}")
            if code in _MAY_PASS:
                return HistoryUnavailable(f"{self.shown}: {_MAY_PASS[code]}")
        if state and state[:2] not in _OF_LOST_CONNECTION:
            return HistoryUnavailable(f"{self.shown}: failed with SQLSTATE {state} ({type(cause).__name__})")
        if option := refused_option(str(cause)):
            return ConfigurationError(
                f"{self.shown}: the driver refuses the value of {option}; correct it in {VARIABLE}"
            )
        if _OF_TLS.search(str(cause)):
            return ConfigurationError(f"{self.shown}: no TLS; check sslmode and certificates in {VARIABLE}")
        return HistoryUnavailable(f"{self.shown}: does not answer; check that it runs and can be reached")


def _page(
    connection: Connection, page: Select[Any], size: int
) -> Generator[Sequence[Sequence[Any]], None, bytes | None]:
    """The columns of one page. Returns the key of its last row; None: it is the last page."""
    packed, *others = page.subquery().c
    arrays = select(func.string_agg(packed, literal(b"")), *(func.array_agg(column) for column in others))
    compiled = arrays.compile(connection, compile_kwargs={"render_postcompile": True})
    cursor: Any = connection.connection.cursor(binary=True)
    try:
        # Not prepared: a plan for any values does not know how near the end of a page is.
        whole, *columns = cursor.execute(str(compiled), compiled.params, prepare=False).fetchone()
    finally:
        cursor.close()
    if whole is None:
        return None
    yield [(whole,), *columns]
    is_last = len(whole) < size * PACKED.itemsize
    return None if is_last else np.frombuffer(whole[-PACKED.itemsize :], dtype=PACKED)[KEY][0].tobytes()


def _state_of_words(words: str) -> str:
    return next((state for pattern, state in _AT_CONNECTING if pattern.search(words)), "")


def _limit_of_time(connection: Connection) -> None:
    # By statement, not as an option of the connection: poolers refuse those.
    connection.exec_driver_sql(f"SET LOCAL statement_timeout = '{STATEMENT_TIMEOUT_S}s'")
