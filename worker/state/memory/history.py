"""The record in this process: for tests, and for whoever tries the flow without a database."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from assay.worker.ports.health import Check
from assay.worker.ports.history import Block, History
from assay.worker.records.columns import PlainColumn
from assay.worker.records.history import HistoryQuery, HistoryRow, RowKey, cluster_of, microseconds

BLOCK_ROWS = 1_000


class MemoryHistory:
    """Both sides of the record, and nothing to close."""

    def __init__(self) -> None:
        self._rows: dict[RowKey, HistoryRow] = {}
        self._identity = str(uuid.uuid4())

    async def write(self, rows: Sequence[HistoryRow]) -> None:
        """Keep the row that counts of each key."""
        judged = {row.key[:-1] for row in [*self._rows.values(), *rows] if not row.from_store}
        for row in rows:
            other = self._rows.get(row.key)
            if row.from_store and row.key[:-1] in judged:
                continue
            if other is None or row.replaces(other):
                self._rows[row.key] = row

    async def prune(self, before: datetime, *, limit: int) -> int:
        """Remove the oldest."""
        oldest = sorted((row for row in self._rows.values() if row.started_at < before), key=_order)[:limit]
        for row in oldest:
            del self._rows[row.key]
        return len(oldest)

    async def identity(self) -> str:
        """An id of this object."""
        return self._identity

    async def blocks(self, query: HistoryQuery, names: Sequence[str]) -> AsyncIterator[Block]:
        """The columns of these names, in the order of the traces' start."""
        rows = self._of(query)
        for name in names:
            _ = name == "cluster" or HistoryRow.model_fields[name]
        for at in range(0, len(rows), BLOCK_ROWS):
            yield {name: PlainColumn(_in_column(row, name) for row in rows[at : at + BLOCK_ROWS]) for name in names}

    async def rows_of(self, trace_id: str) -> Sequence[HistoryRow]:
        """All rows of one trace, the latest last."""
        return sorted((row for row in self._rows.values() if row.trace_id == trace_id), key=lambda row: row.changed_at)

    async def counts(self, query: HistoryQuery) -> Mapping[tuple[str, str, str, str], int]:
        """Number of rows by (use case, rubric, state, reason)."""
        return Counter((row.use_case, row.rubric, row.state, row.reason) for row in self._of(query))

    async def examine(self) -> Check:
        """How many rows there are."""
        return Check(name="record", status="ok", message=f"in memory: {len(self._rows)} rows")

    async def close(self) -> None:
        """Nothing is held."""

    def _of(self, query: HistoryQuery) -> list[HistoryRow]:
        return sorted((row for row in self._rows.values() if _is_asked(row, query)), key=_order)


def memory_history() -> History:
    """A record that ends with the process."""
    memory = MemoryHistory()
    return History(memory, memory, memory)


def _is_asked(row: HistoryRow, query: HistoryQuery) -> bool:
    return (
        query.since <= row.started_at < query.until
        and (not query.use_cases or row.use_case in query.use_cases)
        and (not query.rubrics or row.rubric in query.rubrics)
    )


def _order(row: HistoryRow) -> tuple[datetime, str, str]:
    return row.started_at, row.trace_id, row.rubric


def _in_column(row: HistoryRow, name: str) -> Any:
    if name == "cluster":
        return cluster_of(row.session_id, row.trace_id)
    value = getattr(row, name)
    if isinstance(value, datetime):
        return microseconds(value)
    return list(value) if isinstance(value, tuple) else value
