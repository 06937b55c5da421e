"""What `assay doctor` tells of the record."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy
from sqlalchemy import func, select, text

from assay.judges.errors import ConfigurationError, EvaluationError
from assay.worker.history.connection import Connection
from assay.worker.history.schema import KNOWN, check_unclaimed, is_readable
from assay.worker.history.table import HISTORY
from assay.worker.ports.health import Check
from assay.worker.records.history import moment_of

NAME = "record"


async def examine(connection: Connection) -> Check:
    """Where the record is, how many rows, how old, which format, or what is wrong. It makes and changes nothing."""
    try:
        return await _examine(connection)
    except EvaluationError as exc:
        place, _, rest = str(exc).partition(": ")
        what, _, remedy = rest.partition("; ")
        return Check(
            name=NAME,
            status="fail",
            message=f"{place}: {what}",
            remedy=remedy,
            is_configuration=isinstance(exc, ConfigurationError),
        )


async def _examine(connection: Connection) -> Check:
    place = connection.place
    if not place.is_there():
        place.check_can_be_made(None)
        return _nothing_yet(place.shown)

    def look(opened: sqlalchemy.Connection) -> Sequence[Any] | None:
        if not is_readable(opened, place):
            place.check_can_be_made(opened)
            check_unclaimed(opened, place)
            return None
        place.check_writable(opened)
        start = HISTORY.c.started_at
        figures = select(func.count(), func.min(start), func.max(start)).select_from(HISTORY)
        return (*opened.execute(figures).one(), _used_bytes(opened))

    row = await connection.read(look)
    if row is None:
        return _nothing_yet(place.shown)
    count, oldest, newest, used = row
    details = {"place": place.shown, "rows": count, "format": KNOWN[-1], "bytes": used}
    if not count:
        return Check(name=NAME, status="ok", message=f"{place.shown}: no rows yet", details=details)
    first, last = f"{moment_of(oldest):%Y-%m-%d}", f"{moment_of(newest):%Y-%m-%d}"
    return Check(
        name=NAME,
        status="ok",
        message=f"{place.shown}: {count:,} rows of traces from {first} to {last}, format {KNOWN[-1]}",
        details={**details, "oldest": moment_of(oldest).isoformat(), "newest": moment_of(newest).isoformat()},
    )


def _used_bytes(opened: sqlalchemy.Connection) -> int | None:
    """Of the pages that hold something, where the record is a file: its log has pages again that the file has too."""
    if opened.dialect.name != "sqlite":
        return None
    pages = "SELECT (page_count - freelist_count) * page_size FROM pragma_page_count, pragma_freelist_count"
    return int(opened.execute(text(f"{pages}, pragma_page_size")).scalar_one())


def _nothing_yet(shown: str) -> Check:
    message = f"{shown}: no record yet; the first control worker that writes makes it"
    return Check(name=NAME, status="ok", message=message, details={"place": shown, "rows": 0})
