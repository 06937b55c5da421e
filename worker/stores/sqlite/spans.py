"""Spans in the file: taken in as they come, made into traces where somebody asks, forgotten after a time."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from aiosqlite import Connection

from assay.judges.cpu_executor import in_thread
from assay.worker.ports.capabilities import LoggedEvent, SpanKey
from assay.worker.ports.source import Fetched
from assay.worker.ports.store_errors import StoreBusy, TraceTooLarge
from assay.worker.records.spans import Attributes, Span
from assay.worker.records.traces import utc_iso
from assay.worker.stores.sqlite import statements
from assay.worker.stores.sqlite.connection import Database
from assay.worker.stores.sqlite.span_rows import (
    MOST_AT_ONCE,
    MOST_BYTES,
    MOST_SPAN_BYTES,
    EventRow,
    Size,
    SpanRow,
    Tally,
    collected_traces,
    event_rows,
    span_rows,
)

FORGOTTEN_AT_ONCE = 4_000
"""Spans and events in one transaction that deletes, or those of one trace."""

FETCHED_BYTES = 32_000_000
"""Of traces read by one call. Those beyond are asked for again, or memory has no bound."""

READ_BYTES = MOST_BYTES + MOST_SPAN_BYTES
"""Of the largest trace that is read, with its resources."""

_FULL = "its trace has as many spans, or bytes, as are kept of one"


class Spans:
    """Spans and logged events, and the traces that they make."""

    def __init__(self, database: Database) -> None:
        """Use the store's own file.

        Args:
            database: the file.
        """
        self._database = database

    async def add(self, spans: Sequence[Span], events: Sequence[LoggedEvent]) -> Mapping[SpanKey, str]:
        """See `WithSpanIntake.add_spans`."""
        refused: dict[SpanKey, str] = {}
        remaining = iter(spans)
        while (chunk := await in_thread(span_rows, remaining)).given:
            refused |= chunk.refused | await self._write_spans(chunk.rows)
        waiting = iter(events)
        while batch := list(islice(waiting, MOST_AT_ONCE)):
            await self._write_events(await in_thread(event_rows, batch, now=_now()))
        return refused

    async def fetch(self, ids: Sequence[str]) -> Mapping[str, Fetched]:
        """Traces made of their spans. What is beyond the bytes of one call has an error instead, and is there later."""
        sizes = await self._bytes_of(ids)
        large = {trace_id for trace_id, size in sizes.items() if size > READ_BYTES}
        fit: list[str] = []
        total = 0
        for trace_id in ids:
            total += sizes.get(trace_id, 0) if trace_id not in large else 0
            if trace_id not in large and (not fit or total <= FETCHED_BYTES):
                fit.append(trace_id)
        spans = await self._database.fetch(statements.select_spans(len(fit)), fit)
        events = await self._database.fetch(statements.select_events(len(fit)), fit)
        resources = await self.resources(row["resource"] for row in spans)
        too_large = TraceTooLarge(f"the trace has more than {READ_BYTES:,} bytes")
        busy = StoreBusy(f"more than {FETCHED_BYTES:,} bytes of traces asked for at once")
        return {
            **dict.fromkeys(set(ids) - set(fit) - large, busy),
            **dict.fromkeys(large, too_large),
            **await in_thread(collected_traces, spans, events, resources),
        }

    async def resources(self, ids: Iterable[int | None]) -> dict[int, Attributes]:
        """Resources by id: one mapping for all spans that have it."""
        wanted = sorted({each for each in ids if each is not None})
        rows = await self._database.fetch(statements.select_resources(len(wanted)), wanted) if wanted else []
        return await in_thread(lambda: {row["id"]: json.loads(row["resource"]) for row in rows})

    async def _bytes_of(self, ids: Sequence[str]) -> dict[str, int]:
        """Bytes of each trace, its resources among them. Nothing of the content is read for it."""
        sizes = {trace_id: size.bytes for trace_id, size in (await self._sizes(self._database.fetch, ids)).items()}
        for row in await self._database.fetch(statements.resources_of(len(ids)), ids):
            sizes[row["trace_id"]] = sizes.get(row["trace_id"], 0) + row["bytes"]
        return sizes

    async def count_rootless(self, start: datetime, end: datetime) -> int:
        """Traces whose first span began in a range and that have no root."""
        rows = await self._database.fetch(statements.COUNT_ROOTLESS, (utc_iso(start), utc_iso(end)))
        return int(rows[0]["traces"])

    async def forget(self, before: datetime) -> int:
        """See `WithSpanIntake.forget_spans`. Deletes a little at a time, and lets others write in between."""
        forgotten = 0
        while True:
            async with self._database.transaction() as writer:
                rows = await writer.execute_fetchall(statements.OLDEST_RECEIVED, (utc_iso(before), FORGOTTEN_AT_ONCE))
                ids = _first_of([(row["trace_id"], row["parts"]) for row in rows])
                resources = await writer.execute_fetchall(statements.resources_of(len(ids)), ids)
                for statement in statements.forget(len(ids)) if ids else ():
                    await writer.execute_fetchall(statement, ids)
                await _forget_resources(writer, {row["id"] for row in resources})
            if not ids:
                return forgotten
            forgotten += len(ids)
            await asyncio.sleep(0.01)

    async def _write_spans(self, rows: Mapping[SpanKey, SpanRow]) -> dict[SpanKey, str]:
        if not rows:
            return {}
        async with self._database.transaction() as writer:
            tally = Tally(await self._sizes(writer.execute_fetchall, {key.trace_id for key in rows}))
            known = {
                SpanKey(row["trace_id"], row["span_id"]): row
                for row in await writer.execute_fetchall(
                    statements.known_spans(len(rows)), [part for key in rows for part in key]
                )
            }
            newer = [row for row in rows.values() if row.key not in known or known[row.key]["end"] <= row.end]
            taken = [
                row for row in newer if tally.takes_span(row, known[row.key]["bytes"] if row.key in known else None)
            ]
            ids = await _resource_ids(writer, taken)
            written = [
                (*row.key, row.end, row.size, ids.get(row.resource.digest if row.resource else ""), row.text)
                for row in taken
            ]
            await writer.executemany(statements.WRITE_SPAN, written)
            await writer.executemany(statements.ADD_TO_TRACE, tally.rows(now=_now()))
            roots = [row.root for row in taken if row.root is not None]
            await writer.executemany(statements.WRITE_COLLECTED_ROOT, roots)
            replaced = {known[row.key]["resource"] for row in taken if row.key in known}
            await _forget_resources(writer, replaced - {None} - set(ids.values()))
        return dict.fromkeys({row.key for row in newer} - {row.key for row in taken}, _FULL)

    async def _write_events(self, rows: Mapping[tuple[str, str, str], EventRow]) -> None:
        if not rows:
            return
        async with self._database.transaction() as writer:
            tally = Tally(await self._sizes(writer.execute_fetchall, {row.key.trace_id for row in rows.values()}))
            known = {
                (row["trace_id"], row["span_id"], row["digest"])
                for row in await writer.execute_fetchall(
                    statements.known_events(len(rows)), [part for key in rows for part in key]
                )
            }
            taken = [row for key, row in rows.items() if key not in known and tally.takes_event(row)]
            await writer.executemany(statements.WRITE_EVENT, [(*row.key, row.digest, row.text) for row in taken])
            await writer.executemany(statements.ADD_TO_TRACE, tally.rows(now=_now()))

    @staticmethod
    async def _sizes(fetch: Any, ids: Iterable[str]) -> dict[str, Size]:  # a connection's, or the database's own
        wanted = list(ids)
        rows = await fetch(statements.sizes_of(len(wanted)), wanted)
        return {row["trace_id"]: Size(row["spans"], row["events"], row["bytes"]) for row in rows}


async def _resource_ids(writer: Connection, taken: Iterable[SpanRow]) -> dict[str, int]:
    """The ids of the spans' resources. Those that are not there yet are written."""
    resources = {row.resource.digest: row.resource for row in taken if row.resource is not None}
    if not resources:
        return {}
    select, digests = statements.known_resources(len(resources)), list(resources)
    there = {row["digest"] for row in await writer.execute_fetchall(select, digests)}
    new = [(each.digest, each.size, each.text) for each in resources.values() if each.digest not in there]
    await writer.executemany(statements.WRITE_RESOURCE, new)
    return {row["digest"]: row["id"] for row in await writer.execute_fetchall(select, digests)}


async def _forget_resources(writer: Connection, ids: Iterable[int]) -> None:
    given = list(ids)
    if given:
        await writer.execute_fetchall(statements.forget_resources(len(given)), given)


def _first_of(parts: Sequence[tuple[str, int]]) -> list[str]:
    """The first traces, as many as are deleted at once; one at least."""
    ids: list[str] = []
    total = 0
    for trace_id, count in parts:
        total += count
        if ids and total > FORGOTTEN_AT_ONCE:
            break
        ids.append(trace_id)
    return ids


def _now() -> str:
    return utc_iso(datetime.now(UTC))
