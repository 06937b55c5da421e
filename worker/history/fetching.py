"""One statement that reads. A database that has no record yet gives nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy

from assay.worker.history.connection import Connection
from assay.worker.history.schema import is_readable


async def fetched(connection: Connection, selection: sqlalchemy.Select[Any]) -> Sequence[Sequence[Any]]:
    """The rows of a selection. They are few.

    Raises:
        HistoryUnavailable, ConfigurationError
    """
    place = connection.place
    if not place.is_there():
        return []

    def fetch(opened: sqlalchemy.Connection) -> Sequence[Sequence[Any]]:
        if not is_readable(opened, place):
            return []
        return [tuple(row) for row in opened.execute(selection)]

    return await connection.read(fetch)
