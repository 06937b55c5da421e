"""Whole traces, some in one search."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial

from assay.worker.ports.source import Fetched
from assay.worker.ports.store_errors import StoreBusy, StoreRejected, StoreUnavailable, TraceTooLarge
from assay.worker.records.traces import TraceKey
from assay.worker.store_clients.connection import AnswerTooLarge
from assay.worker.store_clients.rows import fetched as read_safely
from assay.worker.stores.datadog.codec import trace_of
from assay.worker.stores.datadog.quotas import SPANS_PER_PAGE, TRACES_PER_SEARCH
from assay.worker.stores.datadog.spans import Span, SpanSearch, Wanted

MOST_SPANS = 10_000
"""Of the traces in one search, with their texts in memory."""
BEFORE, AFTER, AFTER_UNKNOWN = timedelta(minutes=10), timedelta(hours=1), timedelta(days=1)
"""How long before a root, and after its end, a step may begin; and after its start where the end is not known."""


class _TooMany(StoreRejected):
    """More spans than are held at once."""


async def fetch(search: SpanSearch, keys: Sequence[TraceKey]) -> dict[str, Fetched]:
    """Traces by the ids in the keys. Once something is read, trouble is told for the traces it befell.

    Raises:
        StoreUnavailable: nothing could be read.
    """
    fetched: dict[str, Fetched] = {}
    groups = list(_groups(keys))
    for number, group in enumerate(groups):
        try:
            fetched |= await _read(search, group)
        except StoreUnavailable as exc:
            if not fetched:
                raise
            rest = [key for later in groups[number:] for key in later]
            busy = StoreBusy(str(exc), retry_after_s=exc.retry_after_s)
            return fetched | dict.fromkeys((key.trace_id for key in rest), busy)
    return fetched


async def _read(search: SpanSearch, keys: Sequence[TraceKey]) -> dict[str, Fetched]:
    """A group of traces. Where a server refuses it, or it is too much, it is halved."""
    try:
        return await _query(search, keys)
    except StoreRejected as exc:
        if len(keys) == 1:
            is_large = isinstance(exc, AnswerTooLarge | _TooMany)
            return {keys[0].trace_id: TraceTooLarge(str(exc)) if is_large else exc}
    middle = len(keys) // 2
    return await _read(search, keys[:middle]) | await _read(search, keys[middle:])


async def _query(search: SpanSearch, keys: Sequence[TraceKey]) -> dict[str, Fetched]:
    ids = [key.trace_id for key in keys]
    start, end = min(key.start for key in keys) - BEFORE, max(_last(key) for key in keys)
    spans: dict[str, dict[str, Span]] = {}
    count = 0
    async for page in search.of_traces(ids, Wanted(start, end, SPANS_PER_PAGE, with_content=True)):
        count += len(page)
        if count > MOST_SPANS:
            raise _TooMany(f"Datadog: more than {MOST_SPANS:,} spans in {len(keys)} traces")
        for span in page:
            spans.setdefault(str(span["trace_id"]), {})[str(span.get("span_id"))] = span
    rows = {trace_id: list(spans.get(trace_id, {}).values()) for trace_id in ids}
    traces = ((trace_id, read_safely(partial(trace_of, some), trace_id)) for trace_id, some in rows.items())
    return {trace_id: trace for trace_id, trace in traces if trace is not None}


def _last(key: TraceKey) -> datetime:
    return key.end + AFTER if key.end is not None else key.start + AFTER_UNKNOWN


def _groups(keys: Sequence[TraceKey]) -> Iterator[list[TraceKey]]:
    distinct = sorted({key.trace_id: key for key in keys}.values(), key=lambda key: key.start)
    for at in range(0, len(distinct), TRACES_PER_SEARCH):
        yield distinct[at : at + TRACES_PER_SEARCH]
