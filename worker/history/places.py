"""What a kind of database must tell, so that one set of statements serves all."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any, Protocol

from sqlalchemy import Connection, Engine, Select

from assay.judges.errors import EvaluationError

Rows = Generator[Sequence[Sequence[Any]], None, None]
"""Some rows at a time, as columns: the packed values in any number of pieces, and of each other column its values."""


class RefusedRow(EvaluationError):
    """The database does not take what a row holds. It takes others. What the row holds is not told."""


class Place(Protocol):
    """A database: how it is opened, and what its errors mean."""

    @property
    def shown(self) -> str:
        """Its name in messages, without a login, e.g. `PostgreSQL db.example.org:5432/assay`."""
        ...

    @property
    def reads_ahead(self) -> bool:
        """Whether the next rows are fetched while those before are worked on.

        It pays where another process puts them together. A driver that works in this one would only be held up.
        """
        ...

    def engine(self, *, writing: bool) -> Engine:
        """Connections to it. A transaction that writes begins with its lock; one that reads changes nothing."""
        ...

    def is_there(self) -> bool:
        """Whether there is something to read. Asking makes nothing."""
        ...

    def lock_schema(self, connection: Connection) -> None:
        """Keep other processes from changing the schema until the transaction ends."""
        ...

    def check_writable(self, connection: Connection) -> None:
        """Refuse what can be read and not be written.

        Raises:
            ConfigurationError
        """
        ...

    def check_can_be_made(self, connection: Connection | None) -> None:
        """Refuse a place where no record is yet and none can be made. Asking makes nothing.

        Args:
            connection: None where nothing is there that could be opened.

        Raises:
            ConfigurationError
        """
        ...

    def rows(self, connection: Connection, selection: Select[Any], at_once: int) -> Rows:
        """The rows of a selection as of one moment. They are never all in memory.

        Args:
            connection: in a transaction.
            selection: of the table of rows, packed values first, in the order of start, trace and rubric.
            at_once: rows that are worked on together. A place may give fewer.
        """
        ...

    def problem(self, exc: BaseException) -> EvaluationError:
        """What an error of the driver, of SQLAlchemy or of the disk means: one line with place and remedy."""
        ...
