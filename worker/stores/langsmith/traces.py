"""Whole traces, some in one query: LangSmith takes few queries, and each may give many runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from assay.worker.otlp.connection import AnswerTooLarge
from assay.worker.ports.source import Fetched
from assay.worker.ports.store_errors import StoreBusy, StoreRejected, StoreUnavailable, TraceTooLarge
from assay.worker.records.traces import TraceKey
from assay.worker.stores.langsmith.codec import trace_of, uuid_of
from assay.worker.stores.langsmith.quotas import TRACES_PER_QUERY
from assay.worker.stores.langsmith.runs import CONTENT_FIELDS, RunQueries, Wanted

MOST_RUNS = 10_000
"""Of the traces in one query, with their texts in memory."""
WIDEST = timedelta(days=6)
"""From the first trace of a query to the last: queries over more than 7 days are rationed harder."""


class _TooMany(StoreRejected):
    """More runs than are held at once."""


class TraceFetcher:
    """Reads traces by id and time."""

    before = timedelta(minutes=10)
    """Clocks of an application's machines may differ by this: a step may begin before its root."""
    after = timedelta(hours=1)
    after_unknown = timedelta(days=1)
    """How long after the end of its root a step may begin, and after the start where the end is not known."""

    def __init__(self, runs: RunQueries) -> None:
        self._runs = runs

    async def fetch(self, project: str, keys: Sequence[TraceKey]) -> dict[str, Fetched]:
        """Traces by the ids in the keys. Once something is read, trouble is told for the traces it befell.

        Raises:
            StoreUnavailable: nothing could be read.
        """
        fetched: dict[str, Fetched] = {}
        groups = list(_groups(keys))
        for number, group in enumerate(groups):
            try:
                fetched |= await self._read(project, group)
            except StoreUnavailable as exc:
                if not fetched:
                    raise
                rest = [key for later in groups[number:] for key in later]
                busy = StoreBusy(str(exc), retry_after_s=exc.retry_after_s)
                return fetched | dict.fromkeys((key.trace_id for key in rest), busy)
        return fetched

    async def _read(self, project: str, keys: Sequence[TraceKey]) -> dict[str, Fetched]:
        """A group of traces. Where a server refuses it, or it is too much, it is halved."""
        try:
            return await self._query(project, keys)
        except StoreRejected as exc:
            if len(keys) == 1:
                is_large = isinstance(exc, AnswerTooLarge | _TooMany)
                return {keys[0].trace_id: TraceTooLarge(str(exc)) if is_large else exc}
        middle = len(keys) // 2
        return await self._read(project, keys[:middle]) | await self._read(project, keys[middle:])

    async def _query(self, project: str, keys: Sequence[TraceKey]) -> dict[str, Fetched]:
        asked = {trace_id: key.trace_id for key in keys if (trace_id := uuid_of(key.trace_id))}
        if not asked:
            return {}
        start = min(key.start for key in keys) - self.before
        end = max(self._last(key) for key in keys)
        rows: dict[str, dict[str, dict[str, Any]]] = {}
        count = 0
        async for page in self._runs.pages(project, Wanted(start, end, CONTENT_FIELDS, trace_ids=tuple(asked))):
            count += len(page)
            if count > MOST_RUNS:
                raise _TooMany(f"LangSmith: more than {MOST_RUNS:,} runs in {len(keys)} traces")
            for row in page:
                rows.setdefault(str(row.get("trace_id")), {})[str(row.get("id"))] = row
        traces = ((key_id, trace_of(list(rows.get(trace_id, {}).values()))) for trace_id, key_id in asked.items())
        return {key_id: trace for key_id, trace in traces if trace is not None}

    def _last(self, key: TraceKey) -> datetime:
        return key.end + self.after if key.end is not None else key.start + self.after_unknown


def _groups(keys: Sequence[TraceKey]) -> Iterator[list[TraceKey]]:
    """Traces that lie near each other in time, so many at once."""
    group: list[TraceKey] = []
    for key in sorted({key.trace_id: key for key in keys}.values(), key=lambda key: key.start):
        if group and (len(group) == TRACES_PER_QUERY or key.start - group[0].start > WIDEST):
            yield group
            group = []
        group.append(key)
    if group:
        yield group
