"""The record in this process: for tests, and for whoever tries the flow without a database."""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from assay.worker.ports.health import Check
from assay.worker.ports.history import MOST_DOCUMENT_BYTES, MOST_DOCUMENTS, Block, History, RecordDocument
from assay.worker.records.columns import PlainColumn
from assay.worker.records.history import HistoryQuery, HistoryRow, RowKey, UserOpinion, cluster_of, microseconds
from assay.worker.state.memory.review_record import MemoryReviewRecord

BLOCK_ROWS = 1_000


class MemoryHistory:
    """Both sides of the record, and nothing to close."""

    def __init__(self) -> None:
        self._rows: dict[RowKey, HistoryRow] = {}
        self._opinions: dict[tuple[str, ...], UserOpinion] = {}
        self._identity = str(uuid.uuid4())
        self.documents = MemoryDocuments()
        self.reviews = MemoryReviewRecord()

    async def write(self, rows: Sequence[HistoryRow]) -> None:
        """Keep the row that counts of each key."""
        judged = {row.key[:-1] for row in [*self._rows.values(), *rows] if not row.from_store}
        for row in rows:
            other = self._rows.get(row.key)
            if row.from_store and row.key[:-1] in judged:
                continue
            if other is None or row.replaces(other):
                self._rows[row.key] = row

    async def write_opinions(self, opinions: Sequence[UserOpinion]) -> None:
        """Keep the later of each key."""
        for opinion in opinions:
            key = (opinion.store, opinion.project, opinion.trace_id, opinion.name, opinion.use_case)
            other = self._opinions.get(key)
            if other is None or opinion.replaces(other):
                self._opinions[key] = opinion

    async def prune(self, before: datetime, *, limit: int) -> int:
        """Remove the oldest."""
        self._opinions = {key: opinion for key, opinion in self._opinions.items() if opinion.at >= before}
        self.documents.prune(before)
        self.reviews.prune(before)
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
            _ = name in {"cluster", "opinion"} or HistoryRow.model_fields[name]
        for at in range(0, len(rows), BLOCK_ROWS):
            block = rows[at : at + BLOCK_ROWS]
            yield {name: PlainColumn(self._in_column(row, name) for row in block) for name in names}

    async def rows_of(self, trace_id: str) -> Sequence[HistoryRow]:
        """All rows of one trace, the latest last."""
        return sorted((row for row in self._rows.values() if row.trace_id == trace_id), key=lambda row: row.changed_at)

    async def counts(self, query: HistoryQuery) -> Mapping[tuple[str, str, str, str], int]:
        """Number of rows by (use case, rubric, state, reason)."""
        return Counter((row.use_case, row.rubric, row.state, row.reason) for row in self._of(query))

    async def use_cases(self, query: HistoryQuery) -> Sequence[str]:
        """The use cases that have any of these rows, by name."""
        return sorted({row.use_case for row in self._of(query)})

    async def examine(self) -> Check:
        """How many rows there are."""
        return Check(name="record", status="ok", message=f"in memory: {len(self._rows)} rows")

    async def close(self) -> None:
        """Nothing is held."""

    def _in_column(self, row: HistoryRow, name: str) -> Any:
        return self._opinion(row) if name == "opinion" else _in_column(row, name)

    def _opinion(self, row: HistoryRow) -> float | None:
        of_row = [opinion for opinion in self._opinions.values() if _is_about(opinion, row)]
        return min((0.0 if opinion.is_complaint else 1.0 for opinion in of_row), default=None)

    def _of(self, query: HistoryQuery) -> list[HistoryRow]:
        return sorted((row for row in self._rows.values() if _is_asked(row, query)), key=_order)


def memory_history() -> History:
    """A record that ends with the process."""
    memory = MemoryHistory()
    return History(memory, memory, memory, memory.documents, memory.reviews)


class MemoryDocuments:
    """Documents that end with the process."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str, datetime], RecordDocument] = {}

    async def keep(self, document: RecordDocument) -> None:
        """Keep one. The same kind, key and moment again replaces it."""
        size = len(json.dumps(document.content))
        if size > MOST_DOCUMENT_BYTES:
            raise ValueError(
                f"document {document.kind} of {document.key}: {size:,} bytes; at most {MOST_DOCUMENT_BYTES:,} are kept"
            )
        self._kept[document.kind, document.key, document.at] = document

    async def latest(self, kind: str, key: str, *, until: datetime | None = None) -> RecordDocument | None:
        """The last one of a kind and key, up to a moment."""
        known = [each for each in self._kept.values() if (each.kind, each.key) == (kind, key)]
        of_time = [each for each in known if until is None or each.at <= until]
        return max(of_time, key=lambda each: each.at, default=None)

    async def since(self, kind: str, since: datetime) -> Sequence[RecordDocument]:
        """The newest of a kind from a moment on, in the order of time."""
        known = [each for each in self._kept.values() if each.kind == kind and each.at >= since]
        return sorted(known, key=lambda each: (each.at, each.key))[-MOST_DOCUMENTS:]

    def prune(self, before: datetime) -> None:
        """Remove those of before a moment, but for the last of each kind and key."""
        last: dict[tuple[str, str], datetime] = {}
        for kind, key, at in self._kept:
            last[kind, key] = max(at, last.get((kind, key), at))
        self._kept = {
            (kind, key, at): each
            for (kind, key, at), each in self._kept.items()
            if at >= before or at == last[kind, key]
        }


def _is_asked(row: HistoryRow, query: HistoryQuery) -> bool:
    return (
        query.since <= row.started_at < query.until
        and (not query.use_cases or row.use_case in query.use_cases)
        and (not query.rubrics or row.rubric in query.rubrics)
    )


def _is_about(opinion: UserOpinion, row: HistoryRow) -> bool:
    return (opinion.store, opinion.project, opinion.trace_id) == (
        row.store,
        row.project,
        row.trace_id,
    ) and opinion.use_case in {"", row.use_case}


def _order(row: HistoryRow) -> tuple[datetime, str, str]:
    return row.started_at, row.trace_id, row.rubric


def _in_column(row: HistoryRow, name: str) -> Any:
    if name == "cluster":
        return cluster_of(row.session_id, row.trace_id)
    value = getattr(row, name)
    if isinstance(value, datetime):
        return microseconds(value)
    return list(value) if isinstance(value, tuple) else value
