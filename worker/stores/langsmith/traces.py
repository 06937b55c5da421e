"""Whole traces, some in one query: LangSmith takes few queries, and each may give many runs."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from assay.worker.ports.source import Fetched
from assay.worker.ports.store_errors import StoreBusy, StoreRejected, StoreUnavailable, TraceTooLarge
from assay.worker.records.traces import TraceKey
from assay.worker.store_clients.connection import AnswerTooLarge
from assay.worker.store_clients.rows import fetched as read_safely
from assay.worker.stores.langsmith.codec import moment, trace_of, uuid_of
from assay.worker.stores.langsmith.quotas import CONTENT_PER_QUERY, TRACES_PER_QUERY
from assay.worker.stores.langsmith.runs import CONTENT_FIELDS, RunQueries, Wanted

MOST_RUNS = 10_000
"""Of one trace, with their texts in memory."""
WIDEST = timedelta(days=6)
"""From the first trace of a query to the last: queries over more than 7 days are rationed harder."""
AT_ONCE = 3
"""Groups of traces that are read side by side, each page after page."""
FETCH_S = 90.0
"""Of one call. What was read until then is given; a batch of traces has 120 s."""
_EDGE = timedelta(milliseconds=1)
"""More than what a bound may be rounded by."""


class _Held:
    """The runs of a group of traces that were read so far."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, Mapping[str, Any]]] = {}
        self.too_large: set[str] = set()
        self.oldest: datetime | None = None
        self.is_ordered = True

    def take(self, page: Iterable[Mapping[str, Any]]) -> bool:
        """Keep a page; whether a trace of it became too large."""
        before = len(self.too_large)
        for row in page:
            self._note(moment(row.get("start_time")))
            trace_id = str(row.get("trace_id"))
            if trace_id in self.too_large:
                continue
            runs = self.rows.setdefault(trace_id, {})
            runs[str(row.get("id"))] = row
            if len(runs) > MOST_RUNS:
                self.too_large.add(trace_id)
                del self.rows[trace_id]
        return len(self.too_large) > before

    def _note(self, start: datetime | None) -> None:
        if start is None or (self.oldest is not None and start > self.oldest):
            self.is_ordered = False
        else:
            self.oldest = start


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
        left, trouble = list(_groups(keys)), list[StoreUnavailable]()
        room = asyncio.Semaphore(AT_ONCE)

        async def read(group: list[TraceKey]) -> None:
            async with room:
                if trouble:
                    return
                try:
                    fetched.update(await self._read(project, group))
                    left.remove(group)
                except StoreUnavailable as exc:
                    trouble.append(exc)

        try:
            async with asyncio.timeout(FETCH_S), asyncio.TaskGroup() as tasks:
                for group in list(left):
                    tasks.create_task(read(group))
        except ExceptionGroup as exc:
            raise exc.exceptions[0] from exc
        except TimeoutError:
            trouble.append(StoreBusy(f"LangSmith: not all traces could be read in {FETCH_S:g} s", retry_after_s=10.0))
        if not trouble:
            return fetched
        if not fetched:
            raise trouble[0]
        busy = StoreBusy(str(trouble[0]), retry_after_s=trouble[0].retry_after_s)
        return fetched | dict.fromkeys((key.trace_id for group in left for key in group), busy)

    async def _read(self, project: str, keys: Sequence[TraceKey]) -> dict[str, Fetched]:
        """A group of traces. Where a server refuses it, or one run alone is too much, it is halved."""
        try:
            return await self._query(project, keys)
        except StoreRejected as exc:
            if len(keys) == 1:
                return {keys[0].trace_id: TraceTooLarge(str(exc)) if isinstance(exc, AnswerTooLarge) else exc}
        middle = len(keys) // 2
        return await self._read(project, keys[:middle]) | await self._read(project, keys[middle:])

    async def _query(self, project: str, keys: Sequence[TraceKey]) -> dict[str, Fetched]:
        asked = {trace_id: key.trace_id for key in keys if (trace_id := uuid_of(key.trace_id))}
        start, end = min(key.start for key in keys) - self.before, max(self._last(key) for key in keys)
        held = _Held()
        while ids := tuple(trace_id for trace_id in asked if trace_id not in held.too_large):
            wanted = Wanted(start, end, CONTENT_FIELDS, trace_ids=ids, size=CONTENT_PER_QUERY)
            async for page in self._runs.pages(project, wanted):
                if held.take(page):
                    break
            else:
                break
            # The rest is read without the trace that is too large, from where this query stood: newest runs come first.
            end = held.oldest + _EDGE if held.is_ordered and held.oldest else end
        return {key_id: trace for trace_id, key_id in asked.items() if (trace := _outcome(held, trace_id, key_id))}

    def _last(self, key: TraceKey) -> datetime:
        return key.end + self.after if key.end is not None else key.start + self.after_unknown


def _outcome(held: _Held, trace_id: str, key_id: str) -> Fetched | None:
    if trace_id in held.too_large:
        return TraceTooLarge(f"trace {key_id}: more than {MOST_RUNS:,} runs")
    rows = list(held.rows.get(trace_id, {}).values())
    return read_safely(partial(trace_of, rows), key_id)


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
