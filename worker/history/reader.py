"""The record as reports, signals and audits read it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select

from assay.worker.history.connection import Connection
from assay.worker.history.examining import examine
from assay.worker.history.fetching import fetched
from assay.worker.history.reading import BlockStream
from assay.worker.history.rows import row_of
from assay.worker.history.table import HISTORY
from assay.worker.ports.health import Check
from assay.worker.ports.history import Block
from assay.worker.records.history import HistoryQuery, HistoryRow, microseconds
from assay.worker.records.history_columns import COLUMN_KINDS
from assay.worker.records.storable import storable_text


class SqlHistoryReader:
    """Reads the table. A database that has none yet is an empty record."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def blocks(self, query: HistoryQuery, names: Sequence[str]) -> AsyncIterator[Block]:
        """The columns of these names, in blocks, as of the moment of the first. Rows written meanwhile are not in them.

        Raises:
            KeyError: a name is no column.
        """
        order = (HISTORY.c.started_at, HISTORY.c.trace_id, HISTORY.c.rubric)
        stream = BlockStream(self._connection, select(HISTORY).where(*_of(query)).order_by(*order), names)
        in_thread, ahead = self._connection.in_thread, self._connection.place.reads_ahead
        coming: asyncio.Future[Block | None] | None = None
        try:
            while block := await (coming or in_thread(stream.next)):
                coming = in_thread(stream.next) if ahead else None
                yield block
        finally:
            if coming is not None:
                coming.cancel()
            # In a thread, and after a fetch that still runs there: whoever reads may be cancelled at any moment.
            await in_thread(stream.close)

    async def rows_of(self, trace_id: str) -> Sequence[HistoryRow]:
        """All rows of one trace, the latest last."""
        names = tuple(COLUMN_KINDS)
        selection = (
            select(*(HISTORY.c[name] for name in names))
            .where(HISTORY.c.trace_id == storable_text(trace_id))
            .order_by(HISTORY.c.changed_at, HISTORY.c.row_key)
        )
        rows = await fetched(self._connection, selection)
        return [row_of(dict(zip(names, row, strict=True))) for row in rows]

    async def counts(self, query: HistoryQuery) -> Mapping[tuple[str, str, str, str], int]:
        """Number of rows by (use case, rubric, state, reason)."""
        key = (HISTORY.c.use_case, HISTORY.c.rubric, HISTORY.c.state, HISTORY.c.reason)
        rows = await fetched(self._connection, select(*key, func.count()).where(*_of(query)).group_by(*key))
        return {(use_case, rubric, state, reason): count for use_case, rubric, state, reason, count in rows}

    async def use_cases(self, query: HistoryQuery) -> Sequence[str]:
        """The use cases that have any of these rows, by name. It costs next to nothing, however many rows there are."""
        return sorted(name for (name,) in await fetched(self._connection, _use_cases(query)))

    async def examine(self) -> Check:
        """Where the record is, how many rows, how old, which format, or what is wrong."""
        return await examine(self._connection)


def _use_cases(query: HistoryQuery) -> Select[Any]:
    """The next larger name each time, by the index, and whether it has a row that is asked for."""
    name = HISTORY.c.use_case
    first = select(func.min(name).label("name")).cte("names", recursive=True)
    larger = select(func.min(name)).where(name > first.c.name).scalar_subquery()
    names = first.union_all(select(larger).where(first.c.name.is_not(None)))
    has_row = select(HISTORY.c.row_key).where(name == names.c.name, *_of(query)).correlate(names).exists()
    return select(names.c.name).where(names.c.name.is_not(None), has_row)


def _of(query: HistoryQuery) -> list[ColumnElement[bool]]:
    """The rows of a query."""
    start = HISTORY.c.started_at
    conditions = [start >= microseconds(query.since), start < microseconds(query.until)]
    if query.use_cases:
        conditions.append(HISTORY.c.use_case.in_([storable_text(name) for name in query.use_cases]))
    if query.rubrics:
        conditions.append(HISTORY.c.rubric.in_([storable_text(name) for name in query.rubrics]))
    return conditions
