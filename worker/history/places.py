"""What a kind of database must tell, so that one set of statements serves all."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, Protocol

from sqlalchemy import Connection, Engine, Select

from assay.judges.errors import EvaluationError

Rows = Generator[list[tuple[Any, ...]], None, None]
"""Rows as the driver gives them, some hundred at a time."""


class RefusedRow(EvaluationError):
    """The database does not take what a row holds. It takes others. What the row holds is not told."""


class Place(Protocol):
    """A database: how it is opened, and what its errors mean."""

    @property
    def shown(self) -> str:
        """Its name in messages, without a login, e.g. `PostgreSQL db.example.org:5432/assay`."""
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

    def rows(self, connection: Connection, selection: Select[Any]) -> Rows:
        """The rows of a selection as of one moment. They are never all in memory."""
        ...

    def problem(self, exc: BaseException) -> EvaluationError:
        """What an error of the driver, of SQLAlchemy or of the disk means: one line with place and remedy."""
        ...
