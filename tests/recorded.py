"""Whether the record has one row for each entry that ended, equal to what the ledger says of it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from assay.worker.flow.history_rows import Origin, row_of
from assay.worker.history.opening import open_history
from assay.worker.ports.history import History
from assay.worker.ports.state import FleetState
from assay.worker.records.history import HistoryQuery, HistoryRow
from assay.worker.records.ledger import FINAL_STATES
from assay.worker.state.redis.state import redis_state

DAYS = 3
"""Traces of tests are not older."""


def unrecorded(url: str) -> int:
    """How many ended entries wait for their row."""

    async def ask() -> int:
        state = redis_state(url, prefix="assay:")
        try:
            return (await state.ended.unrecorded()).entries
        finally:
            await state.close()

    return asyncio.run(ask())


def hold_record_to_ledger(url: str, file: Path, *, store: str = "sqlite") -> list[HistoryRow]:
    """The rows, each the ledger's own, and as many as there are entries that ended."""

    async def read() -> tuple[list[HistoryRow], list[HistoryRow]]:
        state, history = redis_state(url, prefix="assay:"), open_history(None, file)
        try:
            expected = await _expected(state, store)
            return sorted(expected, key=_name), sorted(await _rows(history, expected), key=_name)
        finally:
            await history.close()
            await state.close()

    expected, rows = asyncio.run(read())
    project = {row.project for row in rows}
    assert len(project) <= 1
    assert rows == [row.model_copy(update={"project": next(iter(project), "")}) for row in expected]
    return rows


async def _expected(state: FleetState, store: str) -> list[HistoryRow]:
    today = datetime.now(UTC).date()
    entries = state.ledger_reader.scan(today - timedelta(days=DAYS), today + timedelta(days=1))
    return [row_of(entry, Origin(store, "")) async for entry in entries if entry.state in FINAL_STATES]


async def _rows(history: History, expected: Sequence[HistoryRow]) -> list[HistoryRow]:
    """All rows of these traces; that there are no others is told by their number."""
    traces = sorted({row.trace_id for row in expected})
    rows = [row for trace_id in traces for row in await history.reader.rows_of(trace_id)]
    now = datetime.now(UTC)
    query = HistoryQuery(since=now - timedelta(days=DAYS), until=now + timedelta(days=1))
    assert sum((await history.reader.counts(query)).values()) == len(rows)
    return rows


def _name(row: HistoryRow) -> tuple[str, str, str]:
    return row.trace_id, row.rubric, row.rubric_hash
